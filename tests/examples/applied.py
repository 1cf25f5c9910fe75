"""The examples, applied to the simulated cluster: what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from aimcore.simulation.cluster import Cluster
from aimcore.testing.histories import Play, Put, new_cluster
from aimcore.testing.scenarios.matching import mismatches
from aimctl_runtime.local.validation import SchemaValidator

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
Json = dict[str, Any]
ISVC = "qwen-chat-a04542d9"
PLATFORM = sorted(f"platform/{file.name}" for file in (EXAMPLES / "platform").glob("*.yaml"))


@cache
def _empty_cluster() -> Cluster:
    return new_cluster(SchemaValidator())


def documents(*names: str) -> list[Json]:
    """The objects of some example files, by their paths below `examples`."""
    return [d for name in names for d in yaml.safe_load_all((EXAMPLES / name).read_text()) if d is not None]


class Applied:
    """A cluster to which manifests were applied, ten simulated minutes later."""

    def __init__(self, *manifests: Json, world: Mapping[str, Any] | None = None) -> None:
        self.play = Play(world, cluster=_empty_cluster().fork())
        self.apply(*manifests)

    def apply(self, *manifests: Json) -> None:
        self.play.act([Put(manifest) for manifest in manifests])
        assert self.play.refused == 0, "the API server refused a manifest"
        self.play.pass_time(timedelta(minutes=10))

    def find(self, kind: str, name: str, namespace: str = "ml-team") -> Json:
        """One object; a failing assertion that says what there is instead."""
        there = {o["metadata"]["name"]: o for o in self.play.cluster.objects(kind)}
        assert name in there, f"there is no {kind} {name}; there are {sorted(there)}"
        found: Json = there[name]
        assert found["metadata"].get("namespace", namespace) == namespace
        return found

    def names(self, kind: str) -> list[str]:
        return sorted(o["metadata"]["name"] for o in self.play.cluster.objects(kind))

    def only(self, kind: str) -> Json:
        """The only object of a kind."""
        names = self.names(kind)
        assert len(names) == 1, f"there is not one {kind} but {names}"
        return self.find(kind, names[0])


def assert_has(obj: Json, expected: str) -> None:
    """An object has at least these members, written in YAML. Conditions are compared by type."""
    lines = list(mismatches(yaml.safe_load(expected), obj))
    assert not lines, "\n" + "\n".join([*lines, yaml.safe_dump({k: obj.get(k) for k in ("spec", "status")})])


def service(applied: Applied) -> Json:
    return applied.find("AIMService", "qwen-chat")


def container(applied: Applied) -> Json:
    """The only container of the InferenceService."""
    (only,) = applied.find("InferenceService", ISVC)["spec"]["predictor"]["containers"]
    found: Json = only
    return found


def env_of(applied: Applied) -> dict[str, Json]:
    return {entry["name"]: entry for entry in container(applied)["env"]}
