"""AIMArtifact, from inputs to plan (A5).

1. Nothing is made for an artifact that is paused or being deleted, whose runtime config is missing or unreadable, or
   whose URI or size is a mistake. A mistake in the size does no harm once the files are verified.
2. In this order: the RoleBinding of the namespace; the check-size Job while the size is unknown; the claim; once the
   claim exists, the download Job, unless the files are verified on this claim. The claim need not be bound.
3. A failed Job is made again when its time to live has deleted it. That is the whole retry.
4. Claims are never deleted; a Complete download Job older than its claim is. Progress goes with the claim.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aimcore.api import quantity
from aimcore.cluster.reading import text
from aimcore.cluster.storage import Claim, JobReading, read_claim, read_job
from aimcore.conclusion import conclude, is_blocking, yield_to_pods
from aimcore.conditions import Category, Depends, Health, failing
from aimcore.errors import health_of_unreadable
from aimcore.health.claims import claim_health
from aimcore.health.jobs import job_health
from aimcore.indexes import in_namespace
from aimcore.kinds.artifact.children import (
    desired_account,
    desired_check_size_job,
    desired_claim,
    desired_download_job,
    desired_role_binding,
)
from aimcore.kinds.artifact.download import is_for, is_verified, read_progress
from aimcore.kinds.artifact.inputs import Artifact, read_inputs
from aimcore.kinds.artifact.size import KnownSize, UnknownSize, find_size, health_of_pods, pods_of
from aimcore.labels import is_paused
from aimcore.plan import Child, Deletion, Plan
from aimcore.resource import Resource
from aimcore.runtime_config import RuntimeConfig, config_health, resolve_runtime_config
from aimcore.snapshot import Absent, Found, Listed, Lookup, Snapshot, Unreadable, moment


@dataclass(frozen=True, slots=True)
class Seen:
    """What the round sees of an artifact's children."""

    artifact: Artifact
    config: RuntimeConfig
    size: KnownSize | UnknownSize
    claim: Lookup
    download: Lookup
    permissions: tuple[Child, ...]
    unreadable_permission: Unreadable | None
    account: str
    pods: tuple[Resource, ...] | Unreadable
    verified: bool

    @property
    def number(self) -> int:
        """The size in bytes, 0 while it is unknown."""
        return self.size.number if isinstance(self.size, KnownSize) else 0

    @property
    def mistake(self) -> Health | None:
        """What is wrong with the spec, as far as it still matters."""
        if self.verified or not self.artifact.problem:
            return None
        return failing("CachePvc", Category.INVALID_SPEC, "InvalidSpec", self.artifact.problem, Depends.DOWNSTREAM)


def plan_artifact(snapshot: Snapshot, resource: Resource) -> Plan:
    """The plan of one AIMArtifact."""
    if resource.is_deleting or is_paused(resource):
        return Plan.made_from(snapshot, resource.key)
    seen = _look(snapshot, resource)
    config_is = config_health(seen.config)
    job = _job_of(seen)
    readable = not isinstance(seen.claim, Unreadable) and not isinstance(seen.download, Unreadable)
    progress = read_progress(
        resource, verified=seen.verified, job=job, pods=seen.pods, size=seen.number, readable=readable
    )
    blocked = is_blocking(config_is) or seen.mistake is not None
    return conclude(
        snapshot,
        resource,
        components=[h for h in (config_is, *_components(snapshot, seen)) if h is not None],
        children=() if blocked else tuple(_children(resource, seen)),
        status={**_status(resource, seen), **progress.status, **_last_used(snapshot, resource, seen)},
        others=() if progress.condition is None else (progress.condition,),
        deletions=() if blocked else tuple(_deletions(seen)),
    )


def _look(snapshot: Snapshot, resource: Resource) -> Seen:
    artifact = read_inputs(resource, snapshot.settings)
    namespace = artifact.namespace
    config = resolve_runtime_config(snapshot, text(resource.spec, "runtimeConfigName"), namespace)
    claim = snapshot.object("PersistentVolumeClaim", namespace, artifact.claim_name)
    download = snapshot.object("Job", namespace, artifact.download_name)
    job = _reading_of(download)
    verified = is_verified(resource, claim, job)
    is_sought = not verified or artifact.declared or artifact.discovered
    permissions, unreadable = _permissions(snapshot, resource, artifact, config)
    unfinished = isinstance(download, Found) and not verified and job is not None and not job.is_complete
    return Seen(
        artifact=artifact,
        config=config,
        size=find_size(snapshot, artifact) if is_sought else KnownSize(0),
        claim=claim,
        download=download,
        permissions=permissions,
        unreadable_permission=unreadable,
        account=artifact.download_name if snapshot.settings.dedicated_download_accounts else "",
        pods=pods_of(snapshot, download.resource) if unfinished and isinstance(download, Found) else (),
        verified=verified,
    )


def _permissions(
    snapshot: Snapshot, resource: Resource, artifact: Artifact, config: RuntimeConfig
) -> tuple[tuple[Child, ...], Unreadable | None]:
    """What is missing for download pods to report progress, and what of it cannot be read now."""
    if snapshot.settings.dedicated_download_accounts:
        default = snapshot.object("ServiceAccount", artifact.namespace, "default")
        wanted: tuple[Child, ...] = desired_account(
            resource, artifact, config, default.resource if isinstance(default, Found) else None
        )
    else:
        wanted = (desired_role_binding(resource, artifact, config),)
    looked = [(child, snapshot.object(*child.key)) for child in wanted]
    missing = tuple(child for child, found in looked if isinstance(found, Absent))
    return missing, next((found for _, found in looked if isinstance(found, Unreadable)), None)


def _claim_in(lookup: Lookup) -> Claim | None:
    return lookup.resource.read_as(read_claim) if isinstance(lookup, Found) else None


def _reading_of(lookup: Lookup) -> JobReading | None:
    return lookup.resource.read_as(read_job) if isinstance(lookup, Found) else None


def _job_of(seen: Seen) -> JobReading | None:
    return _reading_of(seen.download)


# ---- what is wanted -------------------------------------------------------------------------------------------------
def _children(resource: Resource, seen: Seen) -> Iterable[Child]:
    artifact, config, size = seen.artifact, seen.config, seen.size
    yield from seen.permissions
    if isinstance(size, UnknownSize):
        if size.needs_job:
            yield desired_check_size_job(resource, artifact, config)
        return
    claim = _claim_in(seen.claim)
    if claim is None:
        if isinstance(seen.claim, Absent):
            yield desired_claim(resource, artifact, config, size.number)
        return
    may_report = seen.unreadable_permission is None
    if isinstance(seen.download, Absent) and not seen.verified and not claim.is_deleting and may_report:
        yield desired_download_job(resource, artifact, config, size.number, seen.account)


def _deletions(seen: Seen) -> Iterable[Deletion]:
    claim, job = _claim_in(seen.claim), _job_of(seen)
    if claim is None or job is None or not isinstance(seen.download, Found) or seen.download.resource.is_deleting:
        return
    if job.is_complete and not is_for(job, claim) and not seen.verified and not claim.is_deleting:
        reason = f"it filled another claim than the present {claim.name}"
        yield Deletion(seen.download.resource.key, job.uid, reason, "DownloadJob")


# ---- how it fares ---------------------------------------------------------------------------------------------------
def _components(snapshot: Snapshot, seen: Seen) -> Iterable[Health]:
    if seen.mistake is not None:
        yield seen.mistake
        return
    if isinstance(seen.size, UnknownSize):
        yield from seen.size.components
        return
    yield _claim_health(snapshot, seen.claim)
    if not seen.verified:
        yield from _download_health(snapshot, seen)


def _claim_health(snapshot: Snapshot, lookup: Lookup) -> Health:
    match lookup:
        case Found(claim):
            return claim_health("CachePvc", claim, Depends.DOWNSTREAM, snapshot=snapshot)
        case Unreadable() as unreadable:
            return health_of_unreadable("CachePvc", unreadable, Depends.DOWNSTREAM)
        case _:
            return claim_health("CachePvc", None, Depends.DOWNSTREAM)


def _download_health(snapshot: Snapshot, seen: Seen) -> Iterable[Health]:
    match seen.download:
        case Found(job):
            health = job_health("DownloadJob", job, Depends.DOWNSTREAM)
            if job.read_as(read_job).is_complete:
                yield job_health("DownloadJob", None, Depends.DOWNSTREAM)
                return
            pods = health_of_pods(snapshot, "DownloadJobPods", seen.pods, job)
            yield yield_to_pods(health, pods)
            yield pods
        case Unreadable() as unreadable:
            yield health_of_unreadable("DownloadJob", unreadable, Depends.DOWNSTREAM)
        case _ if seen.unreadable_permission is not None:
            yield health_of_unreadable("DownloadJob", seen.unreadable_permission, Depends.DOWNSTREAM)
        case _:
            yield job_health("DownloadJob", None, Depends.DOWNSTREAM)


# ---- what the status says -------------------------------------------------------------------------------------------
def _status(resource: Resource, seen: Seen) -> dict[str, Any]:
    stored, claim = resource.status, _claim_in(seen.claim)
    status: dict[str, Any] = {"mode": "Dedicated" if resource.metadata.get("ownerReferences") else "Shared"}
    shown = _shown_size(resource, seen)
    if shown:
        status["displaySize"] = shown
    if isinstance(seen.size, KnownSize) and seen.size.is_new:
        status["discoveredSizeBytes"] = seen.size.number
    if isinstance(seen.claim, Absent):
        return status | {"progress": None, "download": None}
    if claim is None:
        return status
    if not text(stored, "persistentVolumeClaim"):
        status["persistentVolumeClaim"] = claim.name
    if not quantity.parse(stored.get("allocatedSize")) and quantity.parse(claim.requested):
        status["allocatedSize"] = claim.requested
        status["headroomPercent"] = seen.config.headroom
    if seen.verified:
        status["verifiedClaimUID"] = claim.uid
    return status


def _last_used(snapshot: Snapshot, resource: Resource, seen: Seen) -> dict[str, Any]:
    """When the newest InferenceService that mounts the claim was created; what is stored is never set back."""
    name = in_namespace(seen.artifact.namespace, seen.artifact.claim_name)
    mounting = snapshot.index("InferenceService", "claim", name)
    created = [i.created for i in mounting.resources] if isinstance(mounting, Listed) else []
    newest = max((c for c in created if moment(c) is not None), default="")
    return {"lastUsed": newest} if newest > text(resource.status, "lastUsed") else {}


def _shown_size(resource: Resource, seen: Seen) -> str:
    if seen.artifact.declared:
        return quantity.display_size(resource.spec.get("size")) or ""
    return quantity.human_bytes(seen.number) if seen.number else ""
