"""The status of a service (1.5, §11.5, D-1, D-2): each member complete, as the user guide shows it.

1. `resolvedModel`, `resolvedTemplate` and the cache's reference are written when the object is Ready, never cleared.
2. A member that this round says nothing about is left out of the mapping; None removes one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aimcore.api.kinds import AIM_KINDS
from aimcore.cluster.caches import TemplateCacheReading
from aimcore.cluster.catalogue import CLUSTER_SCOPE, NAMESPACE_SCOPE, ModelReading, TemplateReading
from aimcore.cluster.keda import AutoscalerReading
from aimcore.cluster.reading import mapping
from aimcore.conditions import State
from aimcore.kinds.service.candidate import Verdict
from aimcore.kinds.service.candidates import shown_candidates
from aimcore.kinds.service.inputs import ServiceSpec
from aimcore.resource import Json, Resource

STATUS_TEXT: Mapping[State, str] = {
    State.FAILED: "Failed",
    State.NOT_AVAILABLE: "Pending",
    State.DEGRADED: "Degraded",
    State.PENDING: "Pending",
    State.STARTING: "Starting",
    State.PROGRESSING: "Starting",
    State.READY: "Running",
    State.RUNNING: "Running",
}


def reference(found: ModelReading | TemplateReading) -> Json:
    """How a model or template is named in a status."""
    kind = f"{AIM_KINDS[found.kind].api_version}/{found.kind}"
    if not found.namespace:
        return {"name": found.name, "scope": CLUSTER_SCOPE, "kind": kind, "uid": found.uid}
    where = found.namespace
    return {"name": found.name, "namespace": where, "scope": NAMESPACE_SCOPE, "kind": kind, "uid": found.uid}


def cache_status(resource: Resource, cache: TemplateCacheReading | None, *, retries: bool) -> Json | None:
    """`status.cache`, or None when there is nothing new to say. `retries`: a failed cache is retried this round."""
    stored = mapping(resource.status, "cache")
    described = dict(stored)
    if cache is not None and cache.is_ready:
        described["templateCacheRef"] = {"name": cache.name, "namespace": cache.namespace, "uid": cache.uid}
    if retries:
        described["retryAttempts"] = 1
    return described or None


def runtime_status(spec: ServiceSpec, autoscaler: AutoscalerReading | None, revision: int | None) -> Json:
    """`status.runtime` (R-11.9). `revision`: that of the InferenceService, None without one."""
    if autoscaler is not None:
        least, most = autoscaler.minimum, autoscaler.maximum
        current, desired = autoscaler.current, autoscaler.desired
    else:
        count = next((n for n in (spec.min_replicas, spec.replicas) if n is not None), 1)
        least = most = current = desired = count
    numbers = {
        "currentReplicas": current,
        "desiredReplicas": desired,
        "minReplicas": least,
        "maxReplicas": most,
    }
    described: Json = {name: number for name, number in numbers.items() if number}
    described["replicas"] = str(current) if least == most else f"{current}/{desired} ({least}-{most})"
    if revision is not None:
        described["renderRevision"] = revision
    return described


def selection_status(verdicts: Sequence[Verdict]) -> Json:
    """`status.templateSelection`: the five best candidates."""
    return {"candidates": shown_candidates(verdicts)}
