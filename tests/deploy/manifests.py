"""The objects of `deploy/`, read as kustomize reads them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deploy.recording import Use

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
Json = dict[str, Any]


def files_of(folder: Path) -> Iterator[Path]:
    """The files that a kustomization takes in, those of the folders that it names too."""
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text())
    for name in listed["resources"]:
        path = (folder / name).resolve()
        yield from files_of(path) if path.is_dir() else (path,)


@cache
def manifests() -> tuple[Json, ...]:
    """All objects, in order."""
    return tuple(one for path in files_of(DEPLOY) for one in yaml.safe_load_all(path.read_text()))


def component(name: str) -> tuple[Json, ...]:
    """The objects that an optional component adds."""
    return tuple(one for path in files_of(DEPLOY / name) for one in yaml.safe_load_all(path.read_text()))


def find(kind: str, name: str) -> Json:
    """The one object of that kind and name."""
    (found,) = [m for m in manifests() if (m["kind"], m["metadata"]["name"]) == (kind, name)]
    return found


def permissions(role: Json) -> set[Use]:
    """What a role allows, without the names of objects."""
    return {
        Use(verb, group, resource)
        for rule in role["rules"]
        for group in rule.get("apiGroups", ())
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def bound_to(account: str) -> set[tuple[str, str]]:
    """Kind and name of the roles that the bindings give to a service account of the deployment."""
    return {
        (m["roleRef"]["kind"], m["roleRef"]["name"])
        for m in manifests()
        if m["kind"].endswith("RoleBinding")
        for subject in m["subjects"]
        if (subject["kind"], subject["name"], subject["namespace"]) == ("ServiceAccount", account, "aim-system")
    }
