"""The component HPA: is autoscaling at work, and if not, at which step does it stand?

1. KEDA missing, rejecting, paused and still starting are four different reasons.
2. Active=False is a normal idle service. Before the InferenceService is ready a missing target or metric is normal.
3. Switched off, the component stays until the ScaledObject and its HorizontalPodAutoscaler are gone.
"""

from __future__ import annotations

from collections.abc import Callable

from aimcore.cluster.keda import AutoscalerReading, ScaledObjectReading
from aimcore.conditions import Depends, Health, State
from aimcore.kinds.service.autoscaling import NONE
from aimcore.kinds.service.inputs import HPA
from aimcore.kinds.service.scaled_object import SCALED_OBJECT, Scaling
from aimcore.snapshot import NotInstalled


def _health(state: State, reason: str, message: str) -> Health:
    return Health(HPA, state, reason, message, Depends.DOWNSTREAM)


def autoscaler_health(scaling: Scaling | None, *, runtime_ready: bool, remark: str) -> Health:
    """The health of autoscaling that is switched on. `scaling` is None while there is no InferenceService.

    `remark`: what else people should know, such as a missing CPU request or a ScaledObject that differs.
    """
    if scaling is None:
        return _remarked(_waiting_for_keda(), remark)
    if isinstance(scaling.scaled_object, NotInstalled):
        return _health(State.DEGRADED, "KindNotInstalled", "KEDA is not installed: no ScaledObject can exist")
    written, autoscaler = scaling.scaled_object_reading, scaling.autoscaler_reading
    if written is not None and (trouble := _trouble(written, runtime_ready=runtime_ready)) is not None:
        return _remarked(trouble, remark)
    if autoscaler is None:
        return _remarked(_waiting_for_keda(), remark)
    for check in _CHECKS:
        health = check(autoscaler, runtime_ready)
        if health is not None:
            return _remarked(health, remark)
    return _remarked(_health(State.READY, "HPAOperational", "HorizontalPodAutoscaler is operational"), remark)


def _waiting_for_keda() -> Health:
    return _health(State.PROGRESSING, "HPANotFound", "Waiting for KEDA to create HorizontalPodAutoscaler")


def _remarked(health: Health, remark: str) -> Health:
    return health if not remark else _health(health.state, health.reason, f"{health.message}; {remark}")


def _trouble(written: ScaledObjectReading, *, runtime_ready: bool) -> Health | None:
    """What KEDA says against the ScaledObject."""
    said = written.conditions
    paused, ready, fallback = said.get("Paused"), said.get("Ready"), said.get("Fallback")
    if paused is not None and paused.status == "True":
        message = f"{SCALED_OBJECT} {written.name} is paused: replicas stay as they are"
        return _health(State.DEGRADED, paused.reason or "ScaledObjectPaused", message)
    if ready is not None and ready.status == "False":
        state = State.DEGRADED if runtime_ready else State.PROGRESSING
        return _health(
            state, ready.reason or "ScaledObjectNotReady", f"{SCALED_OBJECT} {written.name}: {ready.message}"
        )
    if fallback is not None and fallback.status == "True":
        message = f"{SCALED_OBJECT} {written.name}: {fallback.message}"
        return _health(State.DEGRADED, fallback.reason or "FallbackExists", message)
    return None


def _scaling_inactive(autoscaler: AutoscalerReading, runtime_ready: bool) -> Health | None:
    active = autoscaler.conditions.get("ScalingActive")
    if active is not None and active.status == "True":
        return None
    message = "HPA ScalingActive condition not found"
    if active is not None:
        message = f"HPA cannot get metrics: {active.message}"
    if runtime_ready and autoscaler.conditions:
        return _health(State.FAILED, "MetricsFailed", message)
    return _health(State.PROGRESSING, "WaitingForMetrics", message)


def _target_not_ready(autoscaler: AutoscalerReading, runtime_ready: bool) -> Health | None:  # noqa: ARG001  one shape
    able = autoscaler.conditions.get("AbleToScale")
    if able is None or able.status == "True":
        return None
    return _health(State.PROGRESSING, "ScaleTargetNotReady", f"HPA cannot scale its target: {able.message}")


_CHECKS: tuple[Callable[[AutoscalerReading, bool], Health | None], ...] = (_scaling_inactive, _target_not_ready)


def switched_off_health(scaling: Scaling, live_class: str, owners: frozenset[str]) -> Health | None:
    """The step at which switching autoscaling off stands; None when nothing is left.

    `owners`: uids whose ScaledObject is ours to delete.
    """
    written, autoscaler = scaling.scaled_object_reading, scaling.autoscaler_reading
    if written is not None and written.controller_uid in owners:
        if live_class != NONE:
            step = "the autoscaler class of the InferenceService is changed to none"
        else:
            step = f"{SCALED_OBJECT} {written.name} is being deleted"
        return _health(State.PROGRESSING, "ScaledObjectRemoving", f"Autoscaling is switched off: {step}")
    if written is None and autoscaler is not None and autoscaler.controller_kind == SCALED_OBJECT:
        step = f"waiting for HorizontalPodAutoscaler {autoscaler.name} to go"
        return _health(State.PROGRESSING, "HPARemoving", f"Autoscaling is switched off: {step}")
    return None
