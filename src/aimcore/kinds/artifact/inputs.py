"""What an artifact's plan knows: its spec, the names of its children, its runtime config. All readings are total."""

from __future__ import annotations

from dataclasses import dataclass

from aimcore import naming
from aimcore.api import quantity
from aimcore.cluster.reading import named, text, whole
from aimcore.resource import Json, Resource
from aimcore.runtime_config import RuntimeConfig
from aimcore.settings import Settings


@dataclass(frozen=True, slots=True)
class Artifact:
    """One AIMArtifact. `declared` and `discovered` are bytes, 0 if unknown. Names are those of its children."""

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
    )


def storage_class(artifact: Artifact, config: RuntimeConfig) -> str:
    """The class of the claim, "" for the cluster's default (A5.4)."""
    return artifact.storage_class or config.storage_class or ""
