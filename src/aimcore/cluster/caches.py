"""Narrow readings of AIMTemplateCache and AIMArtifact, for every kind that looks at them. All readers are total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcore.cluster.reading import mapping, named, objects, text
from aimcore.resource import Json, Resource

READY = "Ready"


@dataclass(frozen=True, slots=True)
class Message:
    """One stored condition, as far as other objects repeat it."""

    status: str
    reason: str
    message: str


def ready_condition(resource: Resource) -> Message | None:
    """The stored `Ready` condition, if any."""
    conditions = resource.status.get("conditions")
    for entry in conditions if isinstance(conditions, list) else ():
        if isinstance(entry, dict) and entry.get("type") == READY:
            return Message(text(entry, "status"), text(entry, "reason"), text(entry, "message"))
    return None


@dataclass(frozen=True, slots=True)
class ArtifactReading:
    """An AIMArtifact. `status` is "" until its first status. `env` maps a variable's name to its entry."""

    name: str
    uid: str
    source_uri: str
    model_id: str
    storage_class: str
    env: Mapping[str, Json]
    status: str
    ready: Message | None
    claim: str
    cache_label: str
    owner_uids: tuple[str, ...]
    has_owner: bool
    is_deleting: bool

    @property
    def is_ready(self) -> bool:
        return self.status == READY


def read_artifact(resource: Resource) -> ArtifactReading:
    """The reading of an AIMArtifact."""
    return ArtifactReading(
        name=resource.name,
        uid=resource.uid,
        source_uri=text(resource.spec, "sourceUri"),
        model_id=text(resource.spec, "modelId"),
        storage_class=text(resource.spec, "storageClassName"),
        env=env_by_name(named(resource.spec, "env")),
        status=text(resource.status, "status"),
        ready=ready_condition(resource),
        claim=text(resource.status, "persistentVolumeClaim"),
        cache_label=resource.labels.get("aim.eai.amd.com/template-cache.name", ""),
        owner_uids=tuple(o.uid for o in resource.owners),
        has_owner=bool(resource.metadata.get("ownerReferences")),
        is_deleting=resource.is_deleting,
    )


def env_by_name(env: Sequence[Mapping[str, Any]]) -> Mapping[str, Json]:
    """Environment variables as a map by name, without what has no effect (empty values, nulls)."""
    return {e["name"]: {k: v for k, v in e.items() if v not in (None, "", {})} for e in env}


@dataclass(frozen=True, slots=True)
class CachedArtifact:
    """One entry of a template cache's `status.artifacts`."""

    name: str
    uid: str
    model: str
    status: str
    claim: str


@dataclass(frozen=True, slots=True)
class TemplateCacheReading:
    """An AIMTemplateCache. `mode` is "" for an object without one; `artifacts` by artifact name, sorted."""

    name: str
    namespace: str
    uid: str
    template_name: str
    template_scope: str
    mode: str
    storage_class: str
    env: tuple[Json, ...]
    runtime_config: str
    status: str
    ready: Message | None
    artifacts: tuple[CachedArtifact, ...]
    owner_uids: tuple[str, ...]
    is_deleting: bool

    @property
    def is_ready(self) -> bool:
        return self.status == READY

    @property
    def is_dedicated(self) -> bool:
        return self.mode == "Dedicated"

    @property
    def is_shared(self) -> bool:
        return self.mode == "Shared"


def read_template_cache(resource: Resource) -> TemplateCacheReading:
    """The reading of an AIMTemplateCache."""
    spec, status = resource.spec, resource.status
    recorded = mapping(status, "artifacts")
    return TemplateCacheReading(
        name=resource.name,
        namespace=resource.namespace,
        uid=resource.uid,
        template_name=text(spec, "templateName"),
        template_scope=text(spec, "templateScope"),
        mode=text(spec, "mode"),
        storage_class=text(spec, "storageClassName"),
        env=named(spec, "env"),
        runtime_config=text(spec, "runtimeConfigName"),
        status=text(status, "status"),
        ready=ready_condition(resource),
        artifacts=tuple(_cached(name, recorded[name]) for name in sorted(k for k in recorded if isinstance(k, str))),
        owner_uids=tuple(o.uid for o in resource.owners),
        is_deleting=resource.is_deleting,
    )


def _cached(name: str, entry: object) -> CachedArtifact:
    return CachedArtifact(
        name, text(entry, "uid"), text(entry, "model"), text(entry, "status"), text(entry, "persistentVolumeClaim")
    )


@dataclass(frozen=True, slots=True)
class Source:
    """One model source: what an artifact downloads. `size` is the quantity as written, None if there is none."""

    model_id: str
    uri: str
    size: Any
    env: tuple[Json, ...]


def read_sources(value: object, *path: str) -> tuple[Source, ...]:
    """The model sources in the list at `path`; entries without a URI are left out."""
    return tuple(
        Source(text(e, "modelId"), text(e, "sourceUri"), e.get("size"), named(e, "env"))
        for e in objects(value, *path)
        if text(e, "sourceUri")
    )
