"""KServe's admission: what its defaulter changes and what its validator refuses (F-4, F-5).

Both are pure functions; `webhooks` puts them at the server's door. The first violation found is the message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aimcore.simulation.actors.kserve_children import AUTOSCALER_CLASS, metrics_of
from aimcore.simulation.actors.stage import Json, is_deleting, mapping, part, sequence
from aimcore.simulation.settings import KServe

DEFAULTER = "inferenceservice.kserve-webhook-server.defaulter"
VALIDATOR = "inferenceservice.kserve-webhook-server.validator"
MODE = "serving.kserve.io/deploymentMode"
_LEGACY = {"RawDeployment": "Standard", "Serverless": "Knative"}
_STOCK = {"cpu": "1", "memory": "2Gi"}
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_CLASSES = frozenset({"hpa", "external", "keda", "none"})


# ---- defaulter -------------------------------------------------------------------------------------------------------
def defaulted(isvc: Json, settings: KServe) -> Json:
    """The InferenceService as KServe's defaulter leaves it."""
    metadata = dict(isvc["metadata"])
    annotations = dict(mapping(isvc, "metadata", "annotations"))
    if MODE not in annotations:
        if settings.default_mode == "Standard":
            annotations[MODE] = "Standard"
    else:
        annotations[MODE] = _LEGACY.get(annotations[MODE], annotations[MODE])
    if annotations:
        metadata["annotations"] = annotations
    containers = part(isvc, "spec", "predictor", "containers")
    if not isinstance(containers, list) or not containers or not isinstance(containers[0], Mapping):
        return {**isvc, "metadata": metadata}
    first = dict(containers[0])
    if len(containers) == 1 or not first.get("name"):
        first["name"] = "kserve-container"
    if settings.webhook_fills_resources:
        first["resources"] = _filled(mapping(first, "resources"))
    predictor = {**mapping(isvc, "spec", "predictor"), "containers": [first, *containers[1:]]}
    return {**isvc, "metadata": metadata, "spec": {**mapping(isvc, "spec"), "predictor": predictor}}


def _filled(resources: Mapping[str, Any]) -> Json:
    return {
        **resources,
        "requests": {**_STOCK, **mapping(resources, "requests")},
        "limits": {**_STOCK, **mapping(resources, "limits")},
    }


# ---- validator -------------------------------------------------------------------------------------------------------
def refusal(new: Json, old: Json | None, settings: KServe) -> str | None:
    """Why the validator refuses this object, None if it does not. Objects being deleted are not looked at."""
    if is_deleting(new):
        return None
    return next((text for check in _CHECKS for text in check(new, old, settings)), None)


Check = Callable[[Json, "Json | None", KServe], Iterator[str]]


def _bad_name(new: Json, _old: Json | None, _settings: KServe) -> Iterator[str]:
    name = str(new["metadata"]["name"])
    if not _NAME.fullmatch(name):
        rule = "must consist of lower case alphanumeric characters or '-', and must start with alphabetical character"
        example = f'e.g. "my-name" or "abc-123", regex used for validation is \'^{_NAME.pattern}$\''
        yield f'the InferenceService "{name}" is invalid: a InferenceService name {rule}. ({example})'


def _bad_class(new: Json, _old: Json | None, _settings: KServe) -> Iterator[str]:
    value = part(new, "metadata", "annotations", AUTOSCALER_CLASS)
    if value is not None and value not in _CLASSES:
        yield f"[{value}] is not a supported autoscaler class type"


def _bad_environment(new: Json, _old: Json | None, settings: KServe) -> Iterator[str]:
    containers = sequence(new, "spec", "predictor", "containers")
    if settings.flavour == "new":
        for container in containers:
            if any(e.get("name") == "PYTHONPATH" for e in sequence(container, "env")):
                yield f'setting PYTHONPATH in container "{container.get("name")}" is not allowed for security reasons'
    for entry in sequence(containers[0], "env") if containers else ():
        if entry.get("name") == "PROTOCOL" and entry.get("value") not in ("v1", "v2"):
            yield f"invalid protocol {entry.get('value', '')}. Must be one of [v1, v2]"


def _no_implementation(new: Json, _old: Json | None, _settings: KServe) -> Iterator[str]:
    predictor = mapping(new, "spec", "predictor")
    if not sequence(predictor, "containers") and "model" not in predictor:
        yield "exactly one of [...] must be specified in PredictorSpec"


def _bad_bounds(new: Json, _old: Json | None, _settings: KServe) -> Iterator[str]:
    predictor = mapping(new, "spec", "predictor")
    low, high = predictor.get("minReplicas"), predictor.get("maxReplicas") or 0
    low = 1 if low is None else low
    if low < 0:
        yield "'MinReplicas' cannot be less than 0"
    if high < 0:
        yield "'MaxReplicas' cannot be less than 0"
    if high and low > high:
        yield "'MinReplicas' cannot be greater than MaxReplicas"


def _bad_metrics(new: Json, _old: Json | None, _settings: KServe) -> Iterator[str]:
    annotations = mapping(new, "metadata", "annotations")
    if annotations.get(MODE) != "Standard":
        return
    for metric in metrics_of(new):
        match annotations.get(AUTOSCALER_CLASS), metric.get("type"):
            case "hpa", kind if kind != "Resource":
                yield f"invalid HPA metric source type with value [{kind}]"
            case "keda", "PodMetric":
                yield from _bad_pod_metric(mapping(metric, "podmetric"))
    if annotations.get(AUTOSCALER_CLASS) == "keda" and part(new, "spec", "predictor", "scaleMetric"):
        yield "ScaleMetric is not supported for KEDA"


def _bad_pod_metric(podmetric: Mapping[str, Any]) -> Iterator[str]:
    target = mapping(podmetric, "target")
    if not part(podmetric, "metric", "query"):
        yield "the query should not be empty"
    if target.get("value") in (None, ""):
        yield "the target threshold value should not be empty"
    if target.get("type") == "Utilization":
        share = target.get("averageUtilization")
        if share is None:
            yield "the AverageUtilization type should be set"
        elif not 1 <= share <= 100:
            yield "the target utilization percentage should be a [1-100] integer"
    if target.get("type") == "AverageValue" and target.get("averageValue") in (None, ""):
        yield "the AverageValue type should be set"


def _changed_mode(new: Json, old: Json | None, _settings: KServe) -> Iterator[str]:
    was, wanted = part(old or {}, "status", "deploymentMode"), part(new, "metadata", "annotations", MODE)
    if was and wanted and was != wanted:
        yield f"update rejected: deploymentMode cannot be changed from '{was}' to '{wanted}'"


_CHECKS: tuple[Check, ...] = (
    _bad_name,
    _bad_class,
    _bad_environment,
    _no_implementation,
    _bad_bounds,
    _bad_metrics,
    _changed_mode,
)
