"""The ScaledObject of an autoscaled service: what it says, and the steps of switching autoscaling (D-37 … D-39).

1. Under the class `keda` KServe writes it; ours is then what we expect to see, and a difference is a message.
2. Under the class `external` we write it, owned by the AIMService, once the live InferenceService has that class. A
   leftover of KServe's is deleted first.
3. Switched off: first the class changes, then the leftover is deleted; KServe would make it anew in the other order.
4. Only objects of our InferenceService or our own are deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aimcore.cluster.keda import (
    AutoscalerReading,
    ScaledObjectReading,
    read_autoscaler,
    read_scaled_object,
    scaling_parameters,
)
from aimcore.cluster.kserve import InferenceServiceReading
from aimcore.cluster.reading import mapping
from aimcore.kinds.service.autoscaling import CPU_TARGET, EXTERNAL, KEDA, uses_cpu
from aimcore.kinds.service.inputs import HPA, ServiceSpec
from aimcore.naming import hpa_name, predictor_name
from aimcore.plan import Deletion
from aimcore.resource import Json, Resource
from aimcore.snapshot import Found, Lookup, Snapshot, Unreadable

SCALED_OBJECT = "ScaledObject"
SCALER_ADDRESS = "keda-otel-scaler.keda.svc:4318"
"""Where KServe's stock configuration asks for OpenTelemetry metrics."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """What there is of autoscaling behind an InferenceService."""

    scaled_object: Lookup
    autoscaler: Lookup

    @property
    def scaled_object_reading(self) -> ScaledObjectReading | None:
        found = self.scaled_object
        return found.resource.read_as(read_scaled_object) if isinstance(found, Found) else None

    @property
    def autoscaler_reading(self) -> AutoscalerReading | None:
        found = self.autoscaler
        return found.resource.read_as(read_autoscaler) if isinstance(found, Found) else None

    @property
    def unreadable(self) -> Unreadable | None:
        return next((x for x in (self.autoscaler, self.scaled_object) if isinstance(x, Unreadable)), None)


def look_up_scaling(snapshot: Snapshot, namespace: str, inference_service: str) -> Scaling:
    """The ScaledObject and the HorizontalPodAutoscaler of an InferenceService."""
    return Scaling(
        snapshot.object(SCALED_OBJECT, namespace, predictor_name(inference_service)),
        snapshot.object("HorizontalPodAutoscaler", namespace, hpa_name(inference_service)),
    )


def desired_scaled_object(
    resource: Resource, spec: ServiceSpec, inference_service: str, *, autoscaler_class: str
) -> Json:
    """The ScaledObject: as KServe writes it under `keda` (F-26), as we write it under `external`."""
    target = predictor_name(inference_service)
    least, most = spec.bounds
    by_us = autoscaler_class == EXTERNAL
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": SCALED_OBJECT,
        "metadata": {"name": target, "namespace": resource.namespace},
        "spec": {
            "scaleTargetRef": {"name": target},
            "minReplicaCount": least,
            "maxReplicaCount": max(least, most),
            "triggers": list(_triggers(spec, resource.namespace, target, by_us=by_us)),
        },
    }


def _triggers(spec: ServiceSpec, namespace: str, target: str, *, by_us: bool) -> Iterator[Json]:
    if uses_cpu(spec):
        yield {"type": "cpu", "metricType": "Utilization", "metadata": {"value": str(CPU_TARGET)}}
    for metric in spec.metrics:
        details: Json = {
            "scalerAddress": metric.address or SCALER_ADDRESS,
            "metricQuery": _selected(metric.query, namespace, target, by_us=by_us),
            "targetValue": metric.target,
        }
        operation = metric.operation or ("last_one" if by_us else "")
        if operation:
            details["operationOverTime"] = operation
        trigger: Json = {"type": "external", "metadata": details}
        if by_us:
            trigger["metricType"] = "Value" if metric.target_type == "Value" else "AverageValue"
        yield trigger


def _selected(query: str, namespace: str, target: str, *, by_us: bool) -> str:
    """The query for this service's pods. KServe wraps whatever it gets; a query with a selector stays as it is here."""
    if by_us and ("{" in query or "(" in query):
        return query
    return f'sum({query}{{namespace="{namespace}", deployment="{target}"}})'


def differences(desired: Mapping[str, Any], live: Resource) -> str:
    """Where a ScaledObject that KServe wrote differs from what we expect, as a clause; "" if nowhere."""
    least, most, queries = scaling_parameters(mapping(desired, "spec"))
    live_least, live_most, live_queries = scaling_parameters(live.spec)
    clauses = []
    if least != live_least:
        clauses.append(f"minReplicaCount is {live_least}, expected {least}")
    if most != live_most:
        clauses.append(f"maxReplicaCount is {live_most}, expected {most}")
    if not all(any(q in present for present in live_queries) for q in queries):
        clauses.append("its queries are not the expected ones")
    return "; ".join(clauses)


# ---- steps ----------------------------------------------------------------------------------------------------------
def leftover(resource: Resource, scaling: Scaling, live: InferenceServiceReading, wanted_class: str) -> Deletion | None:
    """A ScaledObject that the wanted class has no use for, once the live InferenceService has that class."""
    found = scaling.scaled_object
    if wanted_class == KEDA or live.autoscaler_class != wanted_class or not isinstance(found, Found):
        return None
    owner = found.resource.read_as(read_scaled_object).controller_uid
    surplus = {live.uid} if wanted_class == EXTERNAL else {live.uid, resource.uid}
    if owner not in surplus or not owner or found.resource.is_deleting:
        return None
    why = "we write the ScaledObject now" if wanted_class == EXTERNAL else "autoscaling is switched off"
    return Deletion(found.resource.key, found.resource.uid, why, HPA)


def is_ours_to_write(resource: Resource, scaling: Scaling, live: InferenceServiceReading, wanted_class: str) -> bool:
    """Whether the time has come to write our own ScaledObject."""
    if wanted_class != EXTERNAL or live.autoscaler_class != EXTERNAL or isinstance(scaling.scaled_object, Unreadable):
        return False
    present = scaling.scaled_object_reading
    return present is None or (present.controller_uid in ("", resource.uid) and not present.is_deleting)
