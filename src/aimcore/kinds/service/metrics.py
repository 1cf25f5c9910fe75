"""The metrics that a service scales on, typed: read once, said to KServe and expected of KEDA.

1. A missing query is the only metric name. A target value that is no quantity is no value.
2. Reading is total; what is wrong with a metric is said by `validity`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aimcore.api import quantity
from aimcore.cluster.reading import mapping, text, texts, whole


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry of `spec.autoScaling.metrics`. Texts are "" and `utilization` is 0 where nothing is written.

    `target` is the value that KServe reads: `value`, else `averageValue`.
    """

    type: str
    backend: str
    address: str
    names: tuple[str, ...]
    query: str
    operation: str
    target_type: str
    target: str
    average: str
    utilization: int


def read_metric(metric: Mapping[str, Any]) -> Metric:
    """The reading of one metric."""
    pod_metric = mapping(metric, "podmetric")
    measured, target = mapping(pod_metric, "metric"), mapping(pod_metric, "target")
    names = texts(measured, "metricNames")
    average = _quantity_text(target.get("averageValue"))
    return Metric(
        type=text(metric, "type"),
        backend=text(measured, "backend"),
        address=text(measured, "serverAddress"),
        names=names,
        query=text(measured, "query") or (names[0] if len(names) == 1 else ""),
        operation=text(measured, "operationOverTime"),
        target_type=text(target, "type"),
        target=_quantity_text(target.get("value")) or average,
        average=average,
        utilization=whole(target, "averageUtilization"),
    )


def _quantity_text(value: object) -> str:
    return str(value) if quantity.is_quantity(value) else ""
