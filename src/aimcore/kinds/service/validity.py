"""What an AIMService must not say (D-31, D-25, D-38): the checks that the schema cannot make.

1. Each check is a small function that tells problems; the table `CHECKS` is the list of them.
2. A sentence names the field, the value and what is allowed.
3. What already runs is left alone: a problem stops writes, it deletes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from aimcore.api import duration, quantity
from aimcore.cluster.reading import at, mapping, objects, text, texts
from aimcore.kinds.service.inputs import HTTP_ROUTE, INFERENCE_SERVICE, Problem, ServiceSpec, read_spec, shown
from aimcore.kinds.service.metrics import Metric
from aimcore.naming import dns_label
from aimcore.resource import Resource

_PODS = (INFERENCE_SERVICE,)
Tell = Callable[[tuple[str, ...], str], None]
"""Takes what a problem stops, and its sentence."""


def read_problems(resource: Resource) -> tuple[Problem, ...]:
    """Everything that is wrong with a service's own spec, in a stable order. A reading: made once for each object."""
    spec = resource.read_as(read_spec)
    found = list(spec.problems)

    def tell(stops: tuple[str, ...], sentence: str) -> None:
        found.append(Problem(stops, sentence))

    for check in CHECKS:
        check(resource, spec, tell)
    return tuple(found)


def _name(resource: Resource, _spec: ServiceSpec, tell: Tell) -> None:
    if not "a" <= dns_label(resource.name)[:1] <= "z":
        tell(
            (INFERENCE_SERVICE, HTTP_ROUTE),
            f'metadata.name is "{resource.name}"; allowed are names that start with a letter, because KServe refuses '
            "other names of an InferenceService",
        )


def _replicas(_resource: Resource, spec: ServiceSpec, tell: Tell) -> None:
    count = spec.replicas
    if count is not None and count < 1 and not spec.is_autoscaled:
        tell(
            _PODS,
            f"spec.replicas is {count}; allowed are 1 and more. To stop a service, delete it or scale its nodes; "
            "scale to zero is not supported",
        )


def _bounds(_resource: Resource, spec: ServiceSpec, tell: Tell) -> None:
    for field, value in (("minReplicas", spec.min_replicas), ("maxReplicas", spec.max_replicas)):
        if value is not None and value < 1:
            tell(_PODS, f"spec.{field} is {value}; allowed are 1 and more")
    least, most = spec.bounds
    if spec.is_autoscaled and least > most and spec.max_replicas is not None and spec.max_replicas >= 1:
        tell(_PODS, f"spec.minReplicas is {least}; allowed is at most spec.maxReplicas, which is {spec.max_replicas}")


def _resources(_resource: Resource, spec: ServiceSpec, tell: Tell) -> None:
    if not spec.resources:
        return
    requests, limits = mapping(spec.resources, "requests"), mapping(spec.resources, "limits")
    for side, values in (("requests", requests), ("limits", limits)):
        for name in sorted([k for k in values if not quantity.is_quantity(values[k])]):
            tell(
                _PODS, f"spec.resources.{side}.{name} is {shown(values[name])}; allowed is a quantity such as 8 or 64Gi"
            )
    for name in sorted(requests.keys() & limits.keys()):
        if quantity.exceeds(requests[name], limits[name]):
            tell(
                _PODS,
                f"spec.resources.requests.{name} is {shown(requests[name])}; allowed is at most "
                f"spec.resources.limits.{name}, which is {shown(limits[name])}",
            )


def _environment(_resource: Resource, spec: ServiceSpec, tell: Tell) -> None:
    for entry in spec.env:
        name, value = entry["name"], entry.get("value")
        if name == "PYTHONPATH":
            tell(_PODS, "spec.env has PYTHONPATH; it is not allowed, because KServe refuses it")
        elif name == "PROTOCOL" and value not in ("v1", "v2"):
            tell(_PODS, f"spec.env PROTOCOL is {shown(value)}; allowed are v1 and v2")


def _metrics(_resource: Resource, spec: ServiceSpec, tell: Tell) -> None:
    written = None if spec.autoscaling is None else spec.autoscaling.get("metrics")
    if written is None:
        return
    metrics = objects(written)
    if not isinstance(written, list):
        tell(_PODS, f"spec.autoScaling.metrics is {shown(written)}; allowed is a list of metrics")
    elif len(metrics) != len(written):
        tell(_PODS, "spec.autoScaling.metrics has an entry that is no metric")
    for position, (metric, reading) in enumerate(zip(metrics, spec.metrics, strict=True)):
        if not _is_complete(reading):
            _metric(f"spec.autoScaling.metrics[{position}]", metric, tell)


def _is_complete(metric: Metric) -> bool:
    return bool(metric.type == "PodMetric" and metric.query and metric.target and metric.target_type != "Utilization")


def _metric(field: str, metric: object, tell: Tell) -> None:
    if text(metric, "type") != "PodMetric":
        tell(_PODS, f"{field}.type is {shown(at(metric, 'type'))}; allowed is PodMetric")
        return
    if not isinstance(at(metric, "podmetric"), dict):
        tell(_PODS, f"{field}.podmetric is missing; a PodMetric needs podmetric.metric and podmetric.target")
        return
    measured, target = mapping(metric, "podmetric", "metric"), mapping(metric, "podmetric", "target")
    if not text(measured, "query") and len(texts(measured, "metricNames")) != 1:
        tell(_PODS, f"{field}.podmetric.metric.query is missing; allowed is a query, or exactly one metric name")
    if text(target, "type") == "Utilization":
        tell(
            _PODS,
            f"{field}.podmetric.target.type is Utilization, which is for resource metrics; "
            "allowed are Value and AverageValue",
        )
    elif not (quantity.is_quantity(target.get("value")) or quantity.is_quantity(target.get("averageValue"))):
        tell(_PODS, f"{field}.podmetric.target has no target value; allowed is a quantity in value or averageValue")


def _timeout(_resource: Resource, spec: ServiceSpec, tell: Tell) -> None:
    problem = timeout_problem("spec.routing.requestTimeout", spec.routing.get("requestTimeout"))
    if problem is not None:
        tell((HTTP_ROUTE,), problem)


def timeout_problem(field: str, value: object) -> str | None:
    """What is wrong with a request timeout: not a duration, or one that the Gateway API cannot express (D-25)."""
    if value is None or (isinstance(value, str) and duration.gateway_text(value) is not None):
        return None
    return (
        f"{field} is {shown(value)}; allowed is a duration in whole hours, minutes, seconds or milliseconds, "
        "such as 3m or 1h30m, of at most 99999 of each"
    )


def _routing(_resource: Resource, spec: ServiceSpec, tell: Tell) -> None:
    enabled, template = spec.routing.get("enabled"), spec.routing.get("pathTemplate")
    if enabled is not None and not isinstance(enabled, bool):
        tell((HTTP_ROUTE,), f"spec.routing.enabled is {shown(enabled)}; allowed are true and false")
    if template is not None and not isinstance(template, str):
        tell((HTTP_ROUTE,), f"spec.routing.pathTemplate is {shown(template)}; allowed is a text")


CHECKS: tuple[Callable[[Resource, ServiceSpec, Tell], None], ...] = (
    _name,
    _replicas,
    _bounds,
    _resources,
    _environment,
    _metrics,
    _routing,
    _timeout,
)
