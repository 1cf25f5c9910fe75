"""Autoscaling as the InferenceService says it, and who writes the ScaledObject (R-8.9 … R-8.11, D-37, D-38).

1. Without metrics: one resource metric, CPU utilisation 80 %.
2. `averageValue` is also written into `value`, the only one KServe reads; a missing query is the only metric name.
3. The writer is decided when the InferenceService is created, when autoscaling is switched on, or when the owner moves
   the service by the revision annotation; else it is what the live autoscaler class says.
"""

from __future__ import annotations

from collections.abc import Mapping

from aimcore.cluster.kserve import InferenceServiceReading
from aimcore.kinds.service.inputs import ServiceSpec
from aimcore.kinds.service.metrics import Metric
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
    metrics = [_desired_metric(m) for m in spec.metrics]
    return {"metrics": metrics or [_cpu_metric()]}


def _cpu_metric() -> Json:
    target = {"type": "Utilization", "averageUtilization": CPU_TARGET}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def uses_cpu(spec: ServiceSpec) -> bool:
    """Whether the service scales on CPU utilisation, for want of metrics of its own."""
    return not spec.metrics


def _desired_metric(metric: Metric) -> Json:
    return {"type": metric.type, "podmetric": {"metric": _measured(metric), "target": _target(metric)}}


def _measured(metric: Metric) -> Json:
    desired: Json = {"backend": metric.backend or "opentelemetry"}
    if metric.address:
        desired["serverAddress"] = metric.address
    if metric.names:
        desired["metricNames"] = list(metric.names)
    desired["query"] = metric.query
    if metric.operation:
        desired["operationOverTime"] = metric.operation
    return desired


def _target(metric: Metric) -> Json:
    desired: Json = {"type": metric.target_type, "value": metric.target}
    if metric.average:
        desired["averageValue"] = metric.average
    if metric.utilization:
        desired["averageUtilization"] = metric.utilization
    return desired
