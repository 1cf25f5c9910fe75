"""One retry of a failed cache for each service (D-9).

1. Only when a Job of a failed artifact has finally failed; the retry deletes that finished Job. The claim, and what was
   fetched into it, stay.
2. An artifact that another live cache uses is never touched.
3. `status.cache.retryAttempts` becomes 1 and stays; after that the service retries no more.
"""

from __future__ import annotations

from collections.abc import Iterator

from aimcore import naming
from aimcore.cluster.caches import TemplateCacheReading, read_template_cache
from aimcore.cluster.reading import whole
from aimcore.cluster.storage import read_job
from aimcore.kinds.service.inputs import CACHE as CACHE_COMPONENT
from aimcore.kinds.service.template_cache import CACHE
from aimcore.plan import Deletion
from aimcore.resource import Resource
from aimcore.snapshot import Found, Listed, Snapshot

_ROLES = ("download", "check-size")


def attempts(resource: Resource) -> int:
    """How often this service has retried its cache."""
    return max(whole(resource.status, "cache", "retryAttempts"), 0)


def retry_deletions(snapshot: Snapshot, resource: Resource, cache: TemplateCacheReading) -> tuple[Deletion, ...]:
    """The finished Jobs to delete so that a failed cache is tried once more; empty when there is nothing to retry."""
    if cache.status != "Failed" or attempts(resource) > 0:
        return ()
    others = _artifacts_of_others(snapshot, resource, cache)
    return tuple(
        deletion
        for artifact in cache.artifacts
        if artifact.status == "Failed" and artifact.name not in others
        for deletion in _failed_jobs(snapshot, resource.namespace, artifact.name)
    )


def _artifacts_of_others(snapshot: Snapshot, resource: Resource, cache: TemplateCacheReading) -> set[str]:
    """The artifacts that other live caches of the namespace use."""
    listing = snapshot.index(CACHE, "namespace", resource.namespace)
    resources = listing.resources if isinstance(listing, Listed) else ()  # ours is among them: they can be read
    readings = [r.read_as(read_template_cache) for r in resources]
    return {a.name for c in readings if c.name != cache.name and not c.is_deleting for a in c.artifacts}


def _failed_jobs(snapshot: Snapshot, namespace: str, artifact: str) -> Iterator[Deletion]:
    match snapshot.object("AIMArtifact", namespace, artifact):
        case Found(owner) if not owner.is_deleting:
            for role in _ROLES:
                match snapshot.object("Job", namespace, naming.artifact_child_name(artifact, role, owner.uid)):
                    case Found(job) if _is_finally_failed(job, owner):
                        yield Deletion(
                            job.key,
                            job.uid,
                            f"the cache failed and is retried once: AIMArtifact {artifact}",
                            CACHE_COMPONENT,
                            job.resource_version or None,
                        )


def _is_finally_failed(job: Resource, owner: Resource) -> bool:
    controller = job.controller
    ours = controller is not None and controller.uid == owner.uid
    return ours and not job.is_deleting and job.read_as(read_job).is_failed
