"""A stage for the tests of the world: a cluster, its surroundings, and short ways to ask about them."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

from aimcore.api.kinds import AIM_KINDS
from aimcore.resource import Key
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import Cluster, PatchType
from aimcore.simulation.resource_type import ResourceType
from aimcore.simulation.settings import WorldSettings, default_world
from aimcore.simulation.types import RESOURCE_TYPES
from aimcore.simulation.world import World

Json = dict[str, Any]
_OURS = tuple(ResourceType(kind) for kind in AIM_KINDS.values())
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NS = "ml-team"
IMAGE = "amdenterpriseai/aim-qwen-qwen3-32b:0.8.5"
CLASS = "serving.kserve.io/autoscalerClass"
DOWNLOADER = "ghcr.io/silogen/aim-artifact-downloader:0.2.0"


class Play:
    def __init__(self, settings: WorldSettings | None = None, **changes: Any) -> None:
        settings = dataclasses.replace(settings or default_world(), **changes)
        self.cluster = Cluster((*RESOURCE_TYPES, *_OURS), clock=Clock(BEGIN))
        self.world = World(self.cluster, settings)

    # ---- acting -----------------------------------------------------------------------------------------------------
    def create(self, *objects: Json) -> Json:
        created: Json = {}
        for obj in objects:
            created = self.cluster.create(obj, manager="user").object
        return created

    def merge(self, kind: str, name: str, patch: Json, *, namespace: str = NS, subresource: str = "") -> Json:
        key = Key(kind, namespace, name)
        done = self.cluster.patch(key, patch, PatchType.MERGE, manager="user", subresource=subresource)
        return done.object

    def delete(self, kind: str, name: str, *, namespace: str = NS, propagation: str | None = "Background") -> None:
        self.cluster.delete(Key(kind, namespace, name), propagation=propagation)

    def run(self, seconds: float = 3600) -> int:
        """Let the world live alone for so long; answers with the rounds it took."""
        return self.world.run_until(self.cluster.clock.now + timedelta(seconds=seconds), rounds=2000)

    def change(self, **changes: Any) -> None:
        self.world.change(dataclasses.replace(self.world.settings, **changes))

    # ---- asking -----------------------------------------------------------------------------------------------------
    def get(self, kind: str, name: str, *, namespace: str = NS) -> Json:
        return self.cluster.get(Key(kind, namespace, name))

    def has(self, kind: str, name: str, *, namespace: str = NS) -> bool:
        return self.cluster.peek(kind, namespace, name) is not None

    def all(self, kind: str, *, namespace: str = NS) -> list[Json]:
        return list(self.cluster.objects(kind, namespace))

    def pods(self) -> list[Json]:
        return self.all("Pod")

    def condition(self, kind: str, name: str, type_: str) -> tuple[str, str]:
        """(status, reason) of a condition, ("", "") if there is none."""
        for condition in self.get(kind, name).get("status", {}).get("conditions", ()):
            if condition["type"] == type_:
                return condition["status"], condition.get("reason", "")
        return "", ""

    def events(self, kind: str = "") -> list[str]:
        """The reasons of all events about objects of a kind, sorted."""
        return sorted(e["reason"] for e in self.all("Event") if kind in ("", e["involvedObject"]["kind"]))

    def message(self, reason: str) -> str:
        return next(e["message"] for e in self.all("Event") if e["reason"] == reason)

    def waiting(self, pod: Json) -> str:
        return pod["status"]["containerStatuses"][0]["state"].get("waiting", {}).get("reason", "")


def isvc(name: str = "qwen", *, class_: str | None = "none", replicas: int = 1, **predictor: Any) -> Json:
    container = {
        "name": "kserve-container",
        "image": IMAGE,
        "env": [{"name": "A", "value": "1"}],
        "ports": [{"containerPort": 8000, "name": "http", "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "4", "memory": "32Gi", "amd.com/gpu": "1"}, "limits": {"amd.com/gpu": "1"}},
    }
    spec = {"minReplicas": replicas, "maxReplicas": replicas, "containers": [container], **predictor}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": name,
            "namespace": NS,
            "labels": {"team": "research"},
            "annotations": {} if class_ is None else {CLASS: class_},
        },
        "spec": {"predictor": spec},
    }


def pod_metric(query: str = "vllm:num_requests_running", value: str = "1") -> Json:
    metric = {"backend": "opentelemetry", "metricNames": [query], "query": query, "operationOverTime": "avg"}
    return {"type": "PodMetric", "podmetric": {"metric": metric, "target": {"type": "Value", "value": value}}}


def pod(name: str = "p", image: str = IMAGE, *, container: Json | None = None, **spec: Any) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NS},
        "spec": {"containers": [{"name": "main", "image": image, **(container or {})}], **spec},
    }


def job(name: str = "j", *, container: Json | None = None, backoff: int = 2, **spec: Any) -> Json:
    main = {"name": "check-size", "image": DOWNLOADER, "args": ["hf://Qwen/Qwen3-32B"], **(container or {})}
    template = {"metadata": {"labels": {"x": "y"}}, "spec": {"restartPolicy": "Never", "containers": [main]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": NS, "labels": {"own": "label"}},
        "spec": {"backoffLimit": backoff, "template": template, **spec},
    }


def claim(name: str = "c", class_: str | None = None, size: str = "10Gi") -> Json:
    spec: Json = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": size}}}
    if class_ is not None:
        spec["storageClassName"] = class_
    metadata = {"name": name, "namespace": NS}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def secret(name: str, **data: str) -> Json:
    metadata = {"name": name, "namespace": NS}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data, "type": "Opaque"}


def mounting(claim_name: str) -> list[Json]:
    return [{"name": "v", "persistentVolumeClaim": {"claimName": claim_name}}]


def scaled_object(name: str = "so", target: str = "app", **spec: Any) -> Json:
    trigger = {"type": "external", "metadata": {"scalerAddress": "s:1", "metricQuery": "q", "targetValue": "2"}}
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": name, "namespace": NS, "labels": {"ours": "yes"}},
        "spec": {
            "scaleTargetRef": {"name": target},
            "minReplicaCount": 1,
            "maxReplicaCount": 3,
            "triggers": [trigger],
            **spec,
        },
    }


def deployment(name: str = "app", replicas: int = 1, image: str = IMAGE, **container: Any) -> Json:
    labels = {"app": name}
    probe = {"readinessProbe": {"tcpSocket": {"port": 8000}}}
    main = {"name": "main", "image": image, **probe, **container}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NS},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [main]}},
        },
    }


def route(name: str = "r", *, gateway: str = "inference-gateway", service: str = "svc", **ref: Any) -> Json:
    parent = {"name": gateway, "namespace": "gateways", **ref}
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/x"}}],
        "backendRefs": [{"name": service, "port": 80}],
    }
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": NS},
        "spec": {"parentRefs": [parent], "rules": [rule]},
    }


def service(name: str = "svc") -> Json:
    ports = [{"port": 80, "name": "http"}]
    metadata = {"name": name, "namespace": NS}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": ports}}
