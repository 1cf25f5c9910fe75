"""What an artifact's plan knows: its spec, the names of its children, its runtime config. All readings are total.

1. A size of zero, or none, is to be found out. One that is no quantity, or negative, is a mistake, and said to be one.
2. So is a URI that the schema would refuse: stored objects may be older than the schema.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from aimcore import naming
from aimcore.api import quantity
from aimcore.api.words import SOURCE_URI_PATTERN
from aimcore.cluster.reading import named, text, whole
from aimcore.resource import Json, Resource
from aimcore.runtime_config import RuntimeConfig
from aimcore.settings import Settings

_SHOWN: Final = 80
_SOURCE_URI: Final = re.compile(SOURCE_URI_PATTERN)


@dataclass(frozen=True, slots=True)
class Artifact:
    """One AIMArtifact. `declared` and `discovered` are bytes, 0 if unknown. Names are those of its children.

    `problem`: what is wrong with the spec, as a sentence; "" if nothing is.
    """

    name: str
    namespace: str
    uid: str
    source_uri: str
    storage_class: str
    declared: int
    discovered: int
    env: tuple[Json, ...]
    pull_secrets: tuple[Json, ...]
    image: str
    claim_name: str
    download_name: str
    check_size_name: str
    problem: str


def read_inputs(resource: Resource, settings: Settings) -> Artifact:
    """The inputs that come from the artifact itself."""
    spec, name, uid = resource.spec, resource.name, resource.uid
    return Artifact(
        name=name,
        namespace=resource.namespace,
        uid=uid,
        source_uri=text(spec, "sourceUri"),
        storage_class=text(spec, "storageClassName"),
        declared=max(quantity.whole_bytes(spec.get("size")) or 0, 0),
        discovered=max(whole(resource.status, "discoveredSizeBytes"), 0),
        env=named(spec, "env"),
        pull_secrets=named(spec, "imagePullSecrets"),
        image=text(spec, "modelDownloadImage") or settings.download_image,
        claim_name=naming.artifact_child_name(name, "cache", uid),
        download_name=naming.artifact_child_name(name, "download", uid),
        check_size_name=naming.artifact_child_name(name, "check-size", uid),
        problem=_problem(text(spec, "sourceUri"), spec.get("size")),
    )


def _problem(uri: str, size: object) -> str:
    if not _SOURCE_URI.fullmatch(uri):
        return (
            f"spec.sourceUri: {_shown(uri)} names no source: write hf://<organisation>/<model> or s3://<bucket>/<path>"
        )
    number = quantity.parse(size) if size is not None else 0
    if number is None or number < 0:
        return f"spec.size: {_shown(size)} is no size: write a quantity such as 100Gi, or leave it out"
    return ""


def _shown(value: object) -> str:
    """A value in a message, at most 80 characters of it."""
    try:
        said = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):  # more digits, or levels, than Python writes
        return "a very large value"
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"


def storage_class(artifact: Artifact, config: RuntimeConfig) -> str:
    """The class of the claim, "" for the cluster's default (A5.4)."""
    return artifact.storage_class or config.storage_class or ""
