"""Volumes and mounts of the predictor: the shared memory, and the cached artifacts (R-6.11, R-6.12, D-36).

1. At creation every Ready artifact of the cache gets a volume and a mount, in the order of their names.
2. At update no artifact is consulted: what is mounted stays mounted.
3. Except that a claim which no longer exists is replaced once the new cache is Ready.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcore.cluster.caches import TemplateCacheReading
from aimcore.cluster.kserve import InferenceServiceReading
from aimcore.cluster.reading import text
from aimcore.naming import dns_label
from aimcore.records import quickly_made
from aimcore.resource import Json
from aimcore.snapshot import Absent, Found, Snapshot

CACHE_ROOT = "/workspace/cache"
SHARED_MEMORY = "dshm"


@quickly_made
@dataclass(frozen=True, slots=True)
class Storage:
    """The volumes of a pod and the mounts of its container, in step."""

    volumes: tuple[Json, ...]
    mounts: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """A claim that is gone, or is being deleted while pods still use it."""

    name: str
    is_gone: bool


def base_storage() -> Storage:
    """The shared memory that every predictor has."""
    volume: Json = {"name": SHARED_MEMORY, "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}}
    return Storage((volume,), ({"name": SHARED_MEMORY, "mountPath": "/dev/shm"},))  # noqa: S108  the kernel's path


def created_storage(cache: TemplateCacheReading | None) -> Storage:
    """The storage of a new InferenceService."""
    base, cached = base_storage(), cached_storage(cache)
    return Storage((*base.volumes, *cached.volumes), (*base.mounts, *cached.mounts))


def cached_storage(cache: TemplateCacheReading | None) -> Storage:
    """A volume and a mount for each Ready artifact of a cache."""
    if cache is None:
        return Storage((), ())
    usable = [a for a in cache.artifacts if a.status == "Ready" and a.claim]
    volumes, mounts = [], []
    for artifact in usable:
        name = dns_label(artifact.name.replace(".", "-"))
        volumes.append({"name": name, "persistentVolumeClaim": {"claimName": artifact.claim}})
        mounts.append({"name": name, "mountPath": mount_path(artifact.model, name)})
    return Storage(tuple(volumes), tuple(mounts))


def mount_path(model: str, volume: str) -> str:
    """Where an artifact is mounted: by its model id, or by its volume if that names no path (R-6.11)."""
    relative = model.replace("..", "")
    if relative in ("", "."):
        return f"{CACHE_ROOT}/{volume}"
    segments = (s for s in relative.split("/") if s not in ("", "."))
    return "/".join((CACHE_ROOT, *segments))


def updated_storage(
    live: InferenceServiceReading, cache: TemplateCacheReading | None, lost: Collection[str]
) -> Storage:
    """The storage of an existing InferenceService. `lost`: claims that it names and that no longer exist."""
    base = base_storage()
    if not live.container:
        return base
    volumes = tuple(v for v in live.volumes if v.get("name") != SHARED_MEMORY)
    mounts = tuple(m for m in live.mounts if m.get("name") != SHARED_MEMORY)
    if lost and cache is not None and cache.is_ready:
        volumes, mounts = _replaced(volumes, mounts, cached_storage(cache), lost)
    return Storage((*base.volumes, *volumes), (*base.mounts, *mounts))


def _replaced(
    volumes: Sequence[Json], mounts: Sequence[Json], fresh: Storage, lost: Collection[str]
) -> tuple[tuple[Json, ...], tuple[Json, ...]]:
    """Lost claims replaced by those of the new cache that are mounted at the same place."""
    place = {text(m, "name"): text(m, "mountPath") for m in mounts}
    successor = {m["mountPath"]: v for v, m in zip(fresh.volumes, fresh.mounts, strict=True)}
    renamed: dict[str, str] = {}
    after: list[Json] = []
    for volume in volumes:
        name = text(volume, "name")
        heir = successor.get(place.get(name, "")) if claim_of(volume) in lost else None
        if heir is None:
            after.append(volume)
        else:
            renamed[name] = heir["name"]
            after.append(heir)
    return tuple(after), tuple(
        {**m, "name": renamed[text(m, "name")]} if text(m, "name") in renamed else m for m in mounts
    )


def claim_of(volume: Mapping[str, Any]) -> str:
    """The claim that a volume mounts, "" if none."""
    return text(volume, "persistentVolumeClaim", "claimName")


def lost_claims(snapshot: Snapshot, namespace: str, live: InferenceServiceReading) -> tuple[Lost, ...]:
    """The mounted claims that no longer exist, or will not once their pods are gone. Unreadable is not lost."""
    lost = []
    for name in live.claims:
        match snapshot.object("PersistentVolumeClaim", namespace, name):
            case Absent():
                lost.append(Lost(name, is_gone=True))
            case Found(claim) if claim.is_deleting:
                lost.append(Lost(name, is_gone=False))
            case _:
                pass
    return tuple(lost)
