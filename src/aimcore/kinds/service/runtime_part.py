"""The stages InferenceService, InferenceServicePods and HPA: deploy the service and scale it."""

from __future__ import annotations

from dataclasses import replace

from aimcore.changes import fingerprint
from aimcore.cluster.caches import TemplateCacheReading
from aimcore.cluster.catalogue import TemplateReading
from aimcore.cluster.reading import at, text
from aimcore.cluster.workload import is_carried_by
from aimcore.conditions import Depends, Health, State
from aimcore.errors import health_of_unreadable
from aimcore.kinds.service.autoscaler_health import autoscaler_health, switched_off_health
from aimcore.kinds.service.autoscaling import KEDA, NONE, uses_cpu
from aimcore.kinds.service.inference_service import Rendering, desired_inference_service
from aimcore.kinds.service.inputs import HPA, INFERENCE_SERVICE
from aimcore.kinds.service.ownership import Taken
from aimcore.kinds.service.part import Part
from aimcore.kinds.service.predictor import (
    LIMITS_CONFLICT,
    UNFILLED_AFTER,
    missing_runtime,
    predictor_pods_health,
    runtime_health,
)
from aimcore.kinds.service.scaled_object import (
    Scaling,
    desired_scaled_object,
    differences,
    is_ours_to_write,
    leftover,
    look_up_scaling,
)
from aimcore.kinds.service.situation import Situation
from aimcore.kinds.service.status import runtime_status
from aimcore.kinds.service.template_cache import CacheNotNeeded
from aimcore.kinds.service.volumes import Storage, created_storage, updated_storage
from aimcore.labels import stamp
from aimcore.plan import Child, Note
from aimcore.resource import Json
from aimcore.snapshot import Found, NotInstalled, Snapshot, Unreadable


def plan_runtime(snapshot: Snapshot, s: Situation) -> Part:
    """The InferenceService and its pods."""
    desired = _desired(s)
    health = _runtime_health(snapshot, s, desired)
    insists = UNFILLED_AFTER if health.reason == LIMITS_CONFLICT else None
    children = (Child(desired, INFERENCE_SERVICE, insists=insists),) if desired is not None else ()
    healths = [health]
    if s.predictor is not None:
        healths.append(predictor_pods_health(snapshot, s.predictor))
    return Part(tuple(healths), children)


def _runtime_health(snapshot: Snapshot, s: Situation, desired: Json | None) -> Health:
    match s.own_inference_service:
        case Unreadable() as why:
            return replace(health_of_unreadable(INFERENCE_SERVICE, why, Depends.DOWNSTREAM), reason="FetchError")
        case NotInstalled():
            return _health(State.DEGRADED, "KindNotInstalled", "KServe (InferenceService) is not installed")
        case Taken(name, owner):
            message = f"InferenceService {name} belongs to another {owner}; delete or rename it"
            return _health(State.FAILED, "InferenceServiceNameTaken", message)
    if s.predictor is None:
        return missing_runtime()
    if s.revision.is_unknown:
        written = s.revision.unknown_text
        return _health(
            State.DEGRADED,
            "RenderRevisionUnknown",
            f'InferenceService {s.predictor.live.name} has the render revision "{written}", which this release does '
            "not know; it is left alone",
        )
    if _is_to_be_written(snapshot, s, desired):
        return runtime_health(snapshot, replace(s.predictor, is_rolled_out=False), desired)
    return runtime_health(snapshot, s.predictor, desired)


def _is_to_be_written(snapshot: Snapshot, s: Situation, desired: Json | None) -> bool:
    """Whether this round gives the InferenceService another container, one that the server has not taken before."""
    if desired is None or s.predictor is None:
        return False
    if is_carried_by(desired["spec"]["predictor"]["containers"][0], s.predictor.live.container):
        return False
    taken = snapshot.taken(s.resource.key, s.predictor.inference_service.key)
    return taken is None or taken[0] != fingerprint(desired)


def _health(state: State, reason: str, message: str) -> Health:
    return Health(INFERENCE_SERVICE, state, reason, message, Depends.DOWNSTREAM)


def _desired(s: Situation) -> Json | None:
    """The InferenceService to write, or None while something that it needs is missing (R-7.1 … R-7.4)."""
    template = s.template
    blocked = INFERENCE_SERVICE in s.stops or isinstance(s.own_inference_service, (Unreadable, NotInstalled, Taken))
    if blocked or template is None or not template.is_ready:
        return None
    if s.predictor is None:
        cache, is_cached = _cache_to_mount(s)
        if s.model is None or not s.model.is_ready or not s.model.image or not is_cached:
            return None
        return _rendered(s, template, created_storage(cache))
    live = s.predictor.live
    image = s.model.image if s.model is not None and s.model.image else text(live.container, "image")
    if live.is_deleting or not image:
        return None
    gone = tuple(claim.name for claim in s.predictor.lost if claim.is_gone)
    return _rendered(s, template, updated_storage(live, s.cache, gone))


def _cache_to_mount(s: Situation) -> tuple[TemplateCacheReading | None, bool]:
    """The cache to mount, and whether the service need not wait for it."""
    if isinstance(s.cache_resolution, CacheNotNeeded):
        return None, True
    return s.cache, s.cache is not None and s.cache.is_ready


def _rendered(s: Situation, template: TemplateReading, storage: Storage) -> Json:
    rendering = Rendering(
        resource=s.resource,
        spec=s.spec,
        config=s.config,
        template=template,
        model=s.model,
        name=s.inference_service_name,
        revision=s.revision.number,
        autoscaler_class=s.autoscaler_class,
        storage=storage,
        live=s.inference_service,
    )
    return stamp(desired_inference_service(rendering), s.resource, s.config.label_patterns, owned=True)


# ---- autoscaling ----------------------------------------------------------------------------------------------------
def plan_scaling(snapshot: Snapshot, s: Situation) -> Part:
    """Autoscaling: our own ScaledObject or KServe's, its leftovers, and how the autoscaler fares."""
    scaling = None
    if s.predictor is not None:
        scaling = look_up_scaling(snapshot, s.resource.namespace, s.predictor.live.name)
    autoscaler = None if scaling is None else scaling.autoscaler_reading
    shown = autoscaler if s.spec.is_autoscaled else None
    status = {"runtime": runtime_status(s.spec, shown, _revision_shown(s))}
    wanted = s.autoscaler_class
    health, notes = _scaling_health(s, scaling, wanted)
    if scaling is None or s.predictor is None or INFERENCE_SERVICE in s.stops:
        return Part(health, notes=notes, status=status)
    surplus = leftover(s.resource, scaling, s.predictor.live, wanted)
    children: tuple[Child, ...] = ()
    if is_ours_to_write(s.resource, scaling, s.predictor.live, wanted):
        desired = desired_scaled_object(s.resource, s.spec, s.predictor.live.name, autoscaler_class=wanted)
        children = (Child(stamp(desired, s.resource, s.config.label_patterns, owned=True), HPA),)
    return Part(health, children, () if surplus is None else (surplus,), notes=notes, status=status)


def _revision_shown(s: Situation) -> int | None:
    if s.predictor is None:
        return None
    return s.revision.live if INFERENCE_SERVICE in s.stops else s.revision.number


def _scaling_health(s: Situation, scaling: Scaling | None, wanted: str) -> tuple[tuple[Health, ...], tuple[Note, ...]]:
    if scaling is not None and s.spec.is_autoscaled and scaling.unreadable is not None:
        health = health_of_unreadable(HPA, scaling.unreadable, Depends.DOWNSTREAM)
        return (replace(health, reason="HPAFetchError"),), ()
    if isinstance(s.own_inference_service, Unreadable):
        return (), ()
    live = None if s.predictor is None else s.predictor.live
    if not s.spec.is_autoscaled:
        if scaling is None or live is None:
            return (), ()
        owners = frozenset(u for u in (live.uid, s.resource.uid) if u)
        left = switched_off_health(scaling, live.autoscaler_class or NONE, owners)
        return (() if left is None else (left,)), ()
    remark, notes = _remarks(s, scaling, wanted)
    ready = live is not None and live.is_ready
    return (autoscaler_health(scaling, runtime_ready=ready, remark=remark),), notes


def _remarks(s: Situation, scaling: Scaling | None, wanted: str) -> tuple[str, tuple[Note, ...]]:
    """What else to say about autoscaling, and the ScaledObject that KServe is expected to write."""
    remarks, notes = [], []
    live = None if s.predictor is None else s.predictor.live
    if live is not None and uses_cpu(s.spec) and at(live.container, "resources", "requests", "cpu") is None:
        remarks.append("without a CPU request in spec.resources CPU utilisation cannot be measured")
    if wanted == KEDA and s.inference_service_name:
        expected = desired_scaled_object(s.resource, s.spec, s.inference_service_name, autoscaler_class=wanted)
        notes.append(Note("autoscaling", expected["metadata"]["name"], "KServe is expected to write", expected))
        if scaling is not None and isinstance(scaling.scaled_object, Found):
            found = differences(expected, scaling.scaled_object.resource)
            if found:
                remarks.append(f"the ScaledObject differs from what is expected: {found}")
    return "; ".join(remarks), tuple(notes)
