"""What runs: the Deployment, the Pods and the events behind an InferenceService, and how it fares.

1. Ready needs KServe's word, a Deployment whose controller has seen the newest generation, at least one updated
   replica, and a Ready pod of the newest pod template. Where the Deployment cannot be read, the word and a Ready pod.
2. The InferenceService's observedGeneration is the Deployment's and is never compared with its generation. Instead the
   Deployment must carry the container's image and variables, at least for a while after we wrote them.
3. While old replicas serve and new ones come up, the reason is `RolloutInProgress`.
4. Warning events count only while Ready is not True, and only if newer than its last transition (D-29).
5. What is observed here never stops a write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aimcore.api import quantity
from aimcore.cluster.kserve import InferenceServiceReading, read_inference_service
from aimcore.cluster.reading import mapping, objects, text
from aimcore.cluster.workload import DeploymentReading, read_deployment, read_pod
from aimcore.conditions import Depends, Health, State
from aimcore.errors import health_of_unreadable
from aimcore.health.pods import pods_health
from aimcore.indexes import in_namespace
from aimcore.kinds.service.inputs import INFERENCE_SERVICE, PODS
from aimcore.kinds.service.volumes import Lost, lost_claims
from aimcore.naming import predictor_name
from aimcore.records import quickly_made
from aimcore.resource import Json, Resource
from aimcore.snapshot import Absent, Found, Listed, Snapshot, Unreadable, moment
from aimcore.vocabulary import CONTROLLERS

PASSING_ON = timedelta(seconds=60)
"""How long a Deployment that differs from its InferenceService counts as not yet written by KServe."""
LIMITS_CONFLICT = "KServeDefaultsConflict"
UNFILLED_AFTER = timedelta(minutes=10)
"""How often to write again what KServe's webhook filled with limits that do not fit: with its configuration mended, the
next write takes them out."""
_MOVED_ON = ("the object has been modified", "Operation cannot be fulfilled")


@quickly_made
@dataclass(frozen=True, slots=True)
class Predictor:
    """What runs behind an InferenceService.

    `newest`: the pods of the newest pod template; `is_rolled_out`: at least one replica of it is up and ready;
    `is_serving`: KServe says Ready, or some replica is available; `lost`: claims that it mounts and that are gone or
    going.
    """

    inference_service: Resource
    live: InferenceServiceReading
    pods: tuple[Resource, ...] | Unreadable
    newest: tuple[Resource, ...]
    is_rolled_out: bool
    is_serving: bool
    lost: tuple[Lost, ...]


def observe_predictor(snapshot: Snapshot, inference_service: Resource) -> Predictor:
    """Look at what runs behind an InferenceService."""
    live = inference_service.read_as(read_inference_service)
    namespace = inference_service.namespace
    listing = snapshot.index("Pod", "inference-service", in_namespace(namespace, live.name))
    pods = listing if isinstance(listing, Unreadable) else listing.resources if isinstance(listing, Listed) else ()
    newest = () if isinstance(pods, Unreadable) else newest_pods(pods)
    some_ready = any(p.read_as(read_pod).is_ready for p in newest)
    rolled_out, available = some_ready, False
    match snapshot.object("Deployment", namespace, predictor_name(live.name)):
        case Found(found):
            deployment = found.read_as(read_deployment)
            passed_on = _is_passed_on(snapshot, inference_service, live, deployment)
            rolled_out = some_ready and _is_current(deployment) and passed_on
            available = deployment.available > 0
        case Absent():
            rolled_out = False
    serving = live.is_ready or available
    return Predictor(inference_service, live, pods, newest, rolled_out, serving, lost_claims(snapshot, namespace, live))


def _is_current(deployment: DeploymentReading) -> bool:
    return deployment.is_observed and deployment.updated > 0


def _is_passed_on(
    snapshot: Snapshot, inference_service: Resource, live: InferenceServiceReading, deployment: DeploymentReading
) -> bool:
    """Whether KServe has made the Deployment of what the InferenceService says now; after a while its word counts."""
    if deployment.carries(live.container):
        return True
    written = _last_applied(inference_service)
    return written is None or snapshot.is_past(written + PASSING_ON)


def _last_applied(inference_service: Resource) -> datetime | None:
    entries = objects(inference_service.metadata, "managedFields")
    ours = [e for e in entries if e.get("manager") == CONTROLLERS["AIMService"].manager and not e.get("subresource")]
    return max((at for e in ours if (at := moment(text(e, "time"))) is not None), default=None)


def newest_pods(pods: Sequence[Resource]) -> tuple[Resource, ...]:
    """The pods made from the newest pod template: that of the youngest pod. Pods being deleted do not count."""
    staying = [p for p in pods if not p.is_deleting]
    if not staying:
        return ()
    if len(staying) == 1:
        return tuple(staying)
    youngest = max(staying, key=lambda p: (p.created, p.name)).read_as(read_pod)
    return tuple(p for p in staying if p.read_as(read_pod).template == youngest.template)


# ---- health ---------------------------------------------------------------------------------------------------------
def runtime_health(snapshot: Snapshot, predictor: Predictor, desired: Json | None) -> Health:
    """The health of the component InferenceService. `desired`: the manifest of this round, if there is one."""
    live = predictor.live
    if live.is_deleting:
        return _health(State.PROGRESSING, "CreatingRuntime", "InferenceService is being deleted")
    if (conflict := _limits_conflict(live, desired)) is not None:
        return conflict
    if not live.is_ready and (complaint := _complaint(snapshot, predictor)) is not None:
        return complaint
    if live.is_ready and predictor.is_rolled_out:
        return _health(State.READY, "RuntimeReady", "InferenceService is ready")
    if predictor.is_serving and _serves_old(predictor):
        message = "a new version is being rolled out; old replicas still serve"
        return _health(State.STARTING, "RolloutInProgress", message)
    if live.is_ready:
        message = "InferenceService reports Ready, but no replica of its newest version is ready"
        return _health(State.PROGRESSING, "CreatingRuntime", message)
    said = f": {live.ready_message}" if live.ready_message else ""
    return _health(State.PROGRESSING, "CreatingRuntime", f"InferenceService is not ready{said}")


def _serves_old(predictor: Predictor) -> bool:
    pods = predictor.pods
    return (
        not isinstance(pods, Unreadable)
        and (not predictor.is_rolled_out)
        and any(p.read_as(read_pod).is_ready for p in pods)
    )


def _complaint(snapshot: Snapshot, predictor: Predictor) -> Health | None:
    """What KServe complains about in an event, newest first."""
    since = moment(predictor.live.ready_since)
    listing = snapshot.index("Event", "involved", predictor.live.uid) if predictor.live.uid else None
    events = listing.resources if isinstance(listing, Listed) else ()
    current = [e for e in events if text(e.raw, "type") == "Warning" and _is_current_event(e, since)]
    newest = sorted(current, key=lambda e: (_last_seen_text(e), e.name), reverse=True)
    for event in newest:
        if text(event.raw, "reason") == "ServerlessModeRejected":
            return _health(
                State.FAILED,
                "ServerlessModeRejected",
                "KServe rejected the InferenceService: configure KServe for RawDeployment (Standard) mode",
            )
    for event in newest:
        message = text(event.raw, "message")
        if text(event.raw, "reason") == "InternalError" and not any(m in message for m in _MOVED_ON):
            return _health(State.FAILED, "InternalError", message)
    return None


def _is_current_event(event: Resource, since: datetime | None) -> bool:
    """Whether an event is not older than the last transition of Ready. Without a time on either side it counts."""
    seen = moment(_last_seen_text(event))
    return since is None or seen is None or seen >= since


def _last_seen_text(event: Resource) -> str:
    return (
        text(event.raw, "series", "lastObservedTime")
        or text(event.raw, "lastTimestamp")
        or text(event.raw, "eventTime")
        or event.created
    )


def _limits_conflict(live: InferenceServiceReading, desired: Json | None) -> Health | None:
    """KServe filled a limit that we did not set, below the request (F-4): the Deployment is refused."""
    if desired is None:
        return None
    ours = mapping(desired["spec"]["predictor"]["containers"][0], "resources", "limits")
    limits = mapping(live.container, "resources", "limits")
    if limits == ours:
        return None
    requests = mapping(live.container, "resources", "requests")
    for name in ("cpu", "memory"):
        if name in ours or name not in requests or name not in limits:
            continue
        if quantity.exceeds(requests[name], limits[name]):
            return _health(
                State.FAILED,
                LIMITS_CONFLICT,
                f"KServe's configuration adds a {name} limit of {limits[name]} below the request of {requests[name]}; "
                "blank the cpu and memory values in the resource section of KServe's inferenceservice-config "
                f"configuration, or set spec.resources.limits.{name}",
            )
    return None


def predictor_pods_health(snapshot: Snapshot, predictor: Predictor) -> Health:
    """The health of the component InferenceServicePods: the pods of the newest pod template."""
    if isinstance(predictor.pods, Unreadable):
        return health_of_unreadable(PODS, predictor.pods)
    return pods_health(snapshot, PODS, predictor.pods, predictor=True)


def missing_runtime() -> Health:
    """There is no InferenceService."""
    return _health(State.PROGRESSING, "CreatingRuntime", "InferenceService not found")


def _health(state: State, reason: str, message: str) -> Health:
    return Health(INFERENCE_SERVICE, state, reason, message, Depends.DOWNSTREAM)
