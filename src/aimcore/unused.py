"""Which caches nobody refers to. Pure; for `aimctl cache`.

1. A workload that mounts an artifact's claim refers to it, whatever kind it is. The artifact's own jobs do not count.
2. A template cache refers to the artifacts that its status records, that it owns, or that carry its label. One that
   has not settled may match any artifact of its namespace, so it refers to all of them.
3. A service refers to the cache that its status names and to every cache of its template. One that has not settled
   may come to need any cache of its namespace, so it refers to all of them.
4. Whoever owns a cache refers to it.
5. What people made by hand is theirs: it counts as unused only when asked for.
6. A download at work is not disturbed.
7. What only unused caches refer to is unused. An object that is being deleted refers to nothing.
8. Any objects give an answer: never an exception.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcore import naming
from aimcore.api import quantity
from aimcore.cluster.caches import ArtifactReading, TemplateCacheReading, read_artifact, read_template_cache
from aimcore.cluster.reading import text, whole
from aimcore.labels import MANAGED_BY
from aimcore.resource import Key, Resource

ARTIFACT, TEMPLATE_CACHE = "AIMArtifact", "AIMTemplateCache"
BY_HAND = "made by hand"
DOWNLOADING = "being downloaded"
_UNSETTLED = ("", "Pending", "Progressing", "Starting")
_WORKLOADS = ("Pod", "InferenceService", "Deployment", "Job")
_FINISHED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One artifact or template cache.

    `size` is in bytes, 0 if it is unknown or if the object holds no bytes itself. `used_by` says who refers to it, in
    words. `unused_since` is the earliest moment that is sure: the last use that was recorded, or else the creation;
    "" while it is used.
    """

    key: Key
    uid: str
    source: str
    status: str
    size: int
    used_by: tuple[str, ...]
    unused_since: str

    @property
    def is_unused(self) -> bool:
        return not self.used_by


def cache_entries(resources: Sequence[Resource], *, with_handmade: bool = False) -> tuple[CacheEntry, ...]:
    """Every artifact and template cache with those who refer to it, sorted by kind, namespace and name.

    `resources` must hold all AIMArtifacts, AIMTemplateCaches, AIMServices and workloads of the namespaces in question.
    With `with_handmade` what people made by hand may be unused too.
    """
    live = [resource for resource in resources if not resource.is_deleting]
    caches = [_cache_entry(r, live, with_handmade) for r in live if r.kind == TEMPLATE_CACHE]
    kept = {entry.key for entry in caches if not entry.is_unused}
    holders = [r for r in live if r.kind == TEMPLATE_CACHE and r.key in kept]
    mounts = [mount for r in live if r.kind in _WORKLOADS for mount in _mounts(r)]
    artifacts = [_artifact_entry(r, holders, mounts, with_handmade) for r in live if r.kind == ARTIFACT]
    return tuple(sorted([*artifacts, *caches], key=lambda entry: entry.key))


# ---- template caches ------------------------------------------------------------------------------------------------
def _cache_entry(resource: Resource, live: Iterable[Resource], with_handmade: bool) -> CacheEntry:
    cache = resource.read_as(read_template_cache)
    services = (r for r in live if r.kind == "AIMService" and r.namespace == resource.namespace)
    used_by = [
        *(f"AIMService {service.name}" for service in services if _needs(service, cache)),
        *_owners(resource),
        *_hand(resource, with_handmade),
    ]
    return _entry(resource, cache.template_name, cache.status, 0, used_by)


def _needs(service: Resource, cache: TemplateCacheReading) -> bool:
    if text(service.status, "cache", "templateCacheRef", "name") == cache.name:
        return True
    template = text(service.status, "resolvedTemplate", "name")
    is_settled = bool(template) and text(service.status, "status") not in _UNSETTLED
    return not is_settled or cache.template_name in (template, text(service.spec, "template", "name"))


# ---- artifacts ------------------------------------------------------------------------------------------------------
def _artifact_entry(
    resource: Resource, caches: Iterable[Resource], mounts: Iterable[tuple[Resource, str]], with_handmade: bool
) -> CacheEntry:
    artifact = resource.read_as(read_artifact)
    near = (c for c in caches if c.namespace == resource.namespace)
    used_by = [
        *(f"{TEMPLATE_CACHE} {c.name}" for c in near if _holds(c.read_as(read_template_cache), artifact)),
        *(f"{r.kind} {r.name}" for r, claim in mounts if _is_mounted(r, claim, resource, artifact)),
        *(owner for owner in _owners(resource) if not owner.startswith(f"{TEMPLATE_CACHE} ")),
        *_hand(resource, with_handmade),
    ]
    if artifact.status in _UNSETTLED:
        used_by.append(DOWNLOADING)
    return _entry(resource, artifact.source_uri, artifact.status, _size(resource), used_by)


def _holds(cache: TemplateCacheReading, artifact: ArtifactReading) -> bool:
    if cache.uid and cache.uid in artifact.owner_uids:
        return True
    if artifact.cache_label and artifact.cache_label in (cache.name, naming.label_value(cache.name)):
        return True
    if any(recorded.name == artifact.name for recorded in cache.artifacts):
        return True
    return not cache.artifacts and cache.status in _UNSETTLED


def _mounts(resource: Resource) -> Iterator[tuple[Resource, str]]:
    """The claims that a workload mounts, wherever its spec says so."""
    if resource.kind == "Pod" and text(resource.status, "phase") in _FINISHED:
        return
    for claim in sorted(set(_claims(resource.spec))):
        yield resource, claim


def _claims(value: Any) -> Iterator[str]:
    waiting: list[Any] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            name = text(one.get("persistentVolumeClaim"), "claimName")
            if name:
                yield name
            storage = one.get("storageUri")
            if isinstance(storage, str) and storage.startswith("pvc://"):
                yield storage.removeprefix("pvc://").partition("/")[0]
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _is_mounted(workload: Resource, claim: str, resource: Resource, artifact: ArtifactReading) -> bool:
    return (
        bool(artifact.claim)
        and claim == artifact.claim
        and workload.namespace == resource.namespace
        and workload.labels.get("aim.eai.amd.com/component") not in ("download", "check-size")
    )


def _size(resource: Resource) -> int:
    """What the claim takes up, or else what the source holds."""
    for amount in (text(resource.status, "allocatedSize"), text(resource.spec, "size")):
        if (size := quantity.whole_bytes(amount)) is not None and size > 0:
            return size
    return max(whole(resource.status, "discoveredSizeBytes"), 0)


# ---- both -----------------------------------------------------------------------------------------------------------
def _owners(resource: Resource) -> Iterator[str]:
    owners = resource.metadata.get("ownerReferences")
    for owner in owners if isinstance(owners, list) else ():
        yield f"{text(owner, 'kind') or 'an owner'} {text(owner, 'name')}".strip()


def _hand(resource: Resource, with_handmade: bool) -> Iterator[str]:
    if not with_handmade and not resource.labels.get(MANAGED_BY, "").startswith("aim-"):
        yield BY_HAND


def _entry(resource: Resource, source: str, status: str, size: int, used_by: Sequence[str]) -> CacheEntry:
    names = tuple(dict.fromkeys(used_by))
    since = "" if names else max(text(resource.status, "lastUsed"), resource.created)
    return CacheEntry(resource.key, resource.uid, source, status, size, names, since)
