"""What KServe makes of an InferenceService in raw mode: Service, Deployment, ScaledObject, HPA, routes.

1. All labels and annotations of the InferenceService reach the Deployment and its pods, but for a short list (F-9).
2. The pod spec gets KServe's defaults, among them a TCP readiness probe on the first port (F-12).
3. The ScaledObject is a translation field by field (F-26); without metrics its `triggers` are null (F-28).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aimcore.simulation.actors.stage import NONE, Json, api_version, mapping, number, part, sequence
from aimcore.simulation.settings import KServe

AUTOSCALER_CLASS = "serving.kserve.io/autoscalerClass"
_NOT_COPIED = frozenset(
    {
        "autoscaling.knative.dev/min-scale",
        "autoscaling.knative.dev/max-scale",
        "kubectl.kubernetes.io/last-applied-configuration",
    }
)
SCALER_ENDPOINT = "keda-otel-scaler.keda.svc:4318"


def predictor_name(isvc: Json) -> str:
    return f"{isvc['metadata']['name']}-predictor"


def autoscaler_class(isvc: Json) -> str:
    """The class in force; absent means hpa."""
    return str(part(isvc, "metadata", "annotations", AUTOSCALER_CLASS) or "hpa")


def metrics_of(isvc: Json) -> list[Any]:
    return sequence(isvc, "spec", "predictor", "autoScaling", "metrics")


def minimum(isvc: Json) -> int:
    return number(part(isvc, "spec", "predictor", "minReplicas"), 1)


def maximum(isvc: Json) -> int:
    return max(number(part(isvc, "spec", "predictor", "maxReplicas")), minimum(isvc), 1)


def _labels(isvc: Json) -> Json:
    name = isvc["metadata"]["name"]
    added = {
        "serving.kserve.io/inferenceservice": name, "component": "predictor", "app": f"isvc.{predictor_name(isvc)}",
    }  # fmt: skip
    return {**mapping(isvc, "metadata", "labels"), **added}


def _annotations(isvc: Json) -> Json:
    return {k: v for k, v in mapping(isvc, "metadata", "annotations").items() if k not in _NOT_COPIED}


def _metadata(isvc: Json, name: str) -> Json:
    owner = {
        "apiVersion": api_version("InferenceService"),
        "kind": "InferenceService",
        "name": isvc["metadata"]["name"],
        "uid": isvc["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "name": name,
        "namespace": isvc["metadata"]["namespace"],
        "labels": _labels(isvc),
        "annotations": _annotations(isvc),
        "ownerReferences": [owner],
    }


def _first_port(isvc: Json) -> Mapping[str, Any]:
    container = next(iter(sequence(isvc, "spec", "predictor", "containers")), NONE)
    return next(iter(sequence(container, "ports")), {"containerPort": 8080})


def desired_service(isvc: Json) -> Json:
    port = _first_port(isvc)
    entry = {
        "name": port.get("name") or "http", "port": 80, "targetPort": port.get("containerPort", 8080),
        "protocol": port.get("protocol", "TCP"),
    }  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(isvc, predictor_name(isvc)),
        "spec": {"type": "ClusterIP", "selector": {"app": f"isvc.{predictor_name(isvc)}"}, "ports": [entry]},
    }


def desired_deployment(isvc: Json, settings: KServe, live: Json | None) -> Json:
    """The Deployment; `live` gives the replicas that an autoscaler owns."""
    predictor = mapping(isvc, "spec", "predictor")
    selector = {"app": f"isvc.{predictor_name(isvc)}"}
    replicas = minimum(isvc)
    if autoscaler_class(isvc) != "none":
        replicas = number(part(live or {}, "spec", "replicas"), 1)
    dropped = ("minReplicas", "maxReplicas", "autoScaling", "containers", "labels", "annotations")
    pod_spec: Json = {
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "terminationGracePeriodSeconds": 30,
        **{k: v for k, v in predictor.items() if k not in dropped},
        "containers": [_container(isvc, c, settings) for c in sequence(predictor, "containers")],
    }
    template = {
        "metadata": {
            "labels": {**_labels(isvc), **mapping(predictor, "labels")},
            "annotations": {**_annotations(isvc), **mapping(predictor, "annotations")},
        },
        "spec": pod_spec,
    }
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(isvc, predictor_name(isvc)),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": selector},
            "template": template,
            "strategy": strategy,
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 10,
        },
    }


def _container(isvc: Json, container: Mapping[str, Any], settings: KServe) -> Json:
    filled: Json = {
        "imagePullPolicy": "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        **container,
    }
    if container.get("name") == "kserve-container" and "readinessProbe" not in container:
        filled["readinessProbe"] = {
            "tcpSocket": {"port": _first_port(isvc).get("containerPort", 8080)},
            "timeoutSeconds": 1,
            "periodSeconds": 10,
            "successThreshold": 1,
            "failureThreshold": 3,
        }
    if settings.flavour == "new" and not any(
        e.get("name") == "INFERENCE_SERVICE_NAME" for e in sequence(filled, "env")
    ):
        name = {"name": "INFERENCE_SERVICE_NAME", "value": isvc["metadata"]["name"]}
        filled["env"] = [*sequence(filled, "env"), name]
    return filled


# ---- autoscalers -----------------------------------------------------------------------------------------------------
def desired_scaled_object(isvc: Json) -> Json:
    windows = mapping(isvc, "spec", "predictor", "autoScaling", "behavior")
    behavior = {
        "scaleDown": {"stabilizationWindowSeconds": part(windows, "scaleDown", "stabilizationWindowSeconds") or 300},
        "scaleUp": {"stabilizationWindowSeconds": part(windows, "scaleUp", "stabilizationWindowSeconds") or 0},
    }
    triggers = [trigger for metric in metrics_of(isvc) if (trigger := _trigger(isvc, metric)) is not None]
    return {
        "apiVersion": api_version("ScaledObject"),
        "kind": "ScaledObject",
        "metadata": _metadata(isvc, predictor_name(isvc)),
        "spec": {
            "scaleTargetRef": {"name": predictor_name(isvc)},
            "minReplicaCount": minimum(isvc),
            "maxReplicaCount": maximum(isvc),
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behavior}},
            "triggers": triggers or None,
        },
    }


def _trigger(isvc: Json, metric: Mapping[str, Any]) -> Json | None:
    match metric.get("type"):
        case "PodMetric":
            return _pod_metric_trigger(isvc, mapping(metric, "podmetric"))
        case "Resource":
            target = mapping(metric, "resource", "target")
            value = target.get("averageUtilization") or target.get("averageValue") or target.get("value")
            name = str(part(metric, "resource", "name"))
            return {"type": name, "metadata": {"value": str(value)}, "metricType": str(target.get("type"))}
        case "External":
            source = mapping(metric, "external", "metric")
            value = part(metric, "external", "target", "value") or "0"
            metadata = {
                "serverAddress": str(source.get("serverAddress", "")), "query": str(source.get("query", "")),
                "threshold": str(value),
            }  # fmt: skip
            return {"type": str(source.get("backend")), "metadata": metadata}
        case _:
            return None


def _pod_metric_trigger(isvc: Json, podmetric: Mapping[str, Any]) -> Json:
    metric, target = mapping(podmetric, "metric"), mapping(podmetric, "target")
    where = f'{{namespace="{isvc["metadata"]["namespace"]}", deployment="{predictor_name(isvc)}"}}'
    metadata = {
        "metricQuery": f"sum({metric.get('query', '')}{where})",
        "targetValue": str(target.get("value") or "0"),
        "scalerAddress": str(metric.get("serverAddress") or SCALER_ENDPOINT),
    }
    if metric.get("operationOverTime"):
        metadata["operationOverTime"] = str(metric["operationOverTime"])
    return {"type": "external", "metadata": metadata}


def desired_autoscaler(isvc: Json) -> Json:
    """The HPA of class hpa: CPU 80 % unless Resource metrics are given."""
    metrics = [
        {"type": "Resource", "resource": {"name": part(m, "resource", "name"), "target": part(m, "resource", "target")}}
        for m in metrics_of(isvc)
        if m.get("type") == "Resource"
    ]
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
    return {
        "apiVersion": api_version("HorizontalPodAutoscaler"),
        "kind": "HorizontalPodAutoscaler",
        "metadata": _metadata(isvc, predictor_name(isvc)),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": predictor_name(isvc)},
            "minReplicas": max(minimum(isvc), 1),
            "maxReplicas": maximum(isvc),
            "metrics": metrics or [cpu],
            "behavior": {},
        },
    }


def desired_routes(isvc: Json, settings: KServe) -> list[Json]:
    """KServe's own routes, made when its Gateway API option is on: `<isvc>` and `<isvc>-predictor` (F-15)."""
    namespace = isvc["metadata"]["namespace"]
    return [
        {
            "apiVersion": api_version("HTTPRoute"),
            "kind": "HTTPRoute",
            "metadata": _metadata(isvc, name),
            "spec": {
                "parentRefs": [
                    {
                        "group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "kserve-ingress-gateway",
                        "namespace": "kserve",
                    }
                ],
                "hostnames": [f"{name}-{namespace}.{settings.domain}"],
                "rules": [
                    {
                        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                        "backendRefs": [
                            {"group": "", "kind": "Service", "name": predictor_name(isvc), "port": 80, "weight": 1}
                        ],
                    }
                ],
            },
        }
        for name in (predictor_name(isvc), isvc["metadata"]["name"])
    ]  # fmt: skip
