"""Autoscaling as the InferenceService says it, and who writes the ScaledObject (R-8.9 … R-8.11, D-37, D-38).

1. Without metrics: one resource metric, CPU utilisation 80 %.
2. `averageValue` is also written into `value`, the only one KServe reads; a missing query is the only metric name.
3. The writer is decided when the InferenceService is created, when autoscaling is switched on, or when the owner moves
   the service by the revision annotation; else it is what the live autoscaler class says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aimcore.api import quantity
from aimcore.cluster.kserve import InferenceServiceReading
from aimcore.cluster.reading import at, mapping, objects, text, texts, whole
from aimcore.kinds.service.inputs import ServiceSpec
from aimcore.kinds.service.revisions import Revision
from aimcore.resource import Json

NONE, KEDA, EXTERNAL = "none", "keda", "external"
"""Values of KServe's autoscaler class."""

CLASS_OF_WRITER: Mapping[str, str] = {"kserve": KEDA, "aim": EXTERNAL}
CPU_TARGET = 80


def choose_class(spec: ServiceSpec, live: InferenceServiceReading | None, revision: Revision, writer: str) -> str:
    """The autoscaler class of the InferenceService. `writer`: the runtime config's choice, `kserve` or `aim`."""
    if not spec.is_autoscaled:
        return NONE
    decided_anew = revision.moves or revision.follows_latest
    if live is not None and live.autoscaler_class in (KEDA, EXTERNAL) and not decided_anew:
        return live.autoscaler_class
    return CLASS_OF_WRITER[writer]


def desired_autoscaling(spec: ServiceSpec) -> Json:
    """`spec.predictor.autoScaling` of an autoscaled InferenceService."""
    metrics = [_desired_metric(m) for m in objects(spec.autoscaling, "metrics")]
    return {"metrics": metrics or [_cpu_metric()]}


def _cpu_metric() -> Json:
    target = {"type": "Utilization", "averageUtilization": CPU_TARGET}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def uses_cpu(spec: ServiceSpec) -> bool:
    """Whether the service scales on CPU utilisation, for want of metrics of its own."""
    return not objects(spec.autoscaling, "metrics")


def _desired_metric(metric: Mapping[str, Any]) -> Json:
    measured, target = mapping(metric, "podmetric", "metric"), mapping(metric, "podmetric", "target")
    return {
        "type": text(metric, "type"),
        "podmetric": {"metric": _measured(measured), "target": _target(target)},
    }


def _measured(measured: Mapping[str, Any]) -> Json:
    desired: Json = {"backend": text(measured, "backend") or "opentelemetry"}
    if address := text(measured, "serverAddress"):
        desired["serverAddress"] = address
    if names := texts(measured, "metricNames"):
        desired["metricNames"] = list(names)
    desired["query"] = query_of(measured)
    if operation := text(measured, "operationOverTime"):
        desired["operationOverTime"] = operation
    return desired


def query_of(measured: Mapping[str, Any]) -> str:
    """The query of a metric: the written one, else its only metric name, else ""."""
    names = texts(measured, "metricNames")
    return text(measured, "query") or (names[0] if len(names) == 1 else "")


def _target(target: Mapping[str, Any]) -> Json:
    desired: Json = {"type": text(target, "type"), "value": target_value(target)}
    if average := _quantity_text(target, "averageValue"):
        desired["averageValue"] = average
    if utilization := whole(target, "averageUtilization"):
        desired["averageUtilization"] = utilization
    return desired


def target_value(target: Mapping[str, Any]) -> str:
    """The value that KServe reads: `value`, else `averageValue`, else ""."""
    return _quantity_text(target, "value") or _quantity_text(target, "averageValue")


def _quantity_text(target: Mapping[str, Any], field: str) -> str:
    value = at(target, field)
    return str(value) if quantity.is_quantity(value) else ""
