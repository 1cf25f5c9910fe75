"""Clusters for benchmarks: full AIMServices with everything that belongs to them, as the API server would hold them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from aimcore import Key, Snapshot, Table, changes_needed, make_plan

NOW = datetime(2026, 11, 23, 15, 33, tzinfo=UTC)
CREATED = "2026-11-23T12:00:00Z"
CANDIDATES = 20
IMAGE = "amdenterpriseai/aim-qwen-qwen3-32b:0.8.5"
AIM = "aim.eai.amd.com/v1alpha1"

Json = dict[str, Any]


def service(number: int, namespace: str) -> Json:
    """A service with route, scaling, cache and environment."""
    name = f"qwen-chat-{number}"
    return {
        "apiVersion": AIM,
        "kind": "AIMService",
        "metadata": {
            "name": name, "namespace": namespace, "uid": f"svc-{number}", "resourceVersion": "10", "generation": 1,
            "creationTimestamp": CREATED, "labels": {"team": "research"},
            "finalizers": ["aim.eai.amd.com/template-cache-cleanup"],
        },
        "spec": {
            "model": {"name": "qwen-qwen3-32b"},
            "minReplicas": 1,
            "maxReplicas": 3,
            "autoScaling": {"metrics": [{
                "type": "PodMetric",
                "podmetric": {
                    "metric": {"backend": "opentelemetry", "metricNames": ["vllm:num_requests_running"],
                               "query": "vllm:num_requests_running", "operationOverTime": "avg"},
                    "target": {"type": "Value", "value": "1"},
                },
            }]},
            "resources": {"limits": {"cpu": "6", "memory": "48Gi"}},
            "routing": {
                "enabled": True,
                "gatewayRef": {"name": "inference-gateway", "namespace": "gateways"},
                "pathTemplate": "/team/{.metadata.labels['team']}/{.metadata.name}",
            },
            "env": [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "huggingface-creds", "key": "token"}}}],
        },
    }  # fmt: skip


def surroundings(namespace: str, candidates: int = CANDIDATES) -> Iterator[Json]:
    """A namespace with its model, candidate templates, the cache of the best one, and a runtime config."""
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "uid": f"ns-{namespace}"},
           "status": {"phase": "Active"}}  # fmt: skip
    yield {"apiVersion": AIM, "kind": "AIMModel",
           "metadata": {"name": "qwen-qwen3-32b", "namespace": namespace, "uid": f"model-{namespace}", "generation": 1},
           "spec": {"image": IMAGE}, "status": {"status": "Ready"}}  # fmt: skip
    yield {"apiVersion": AIM, "kind": "AIMRuntimeConfig", "metadata": {"name": "default", "namespace": namespace},
           "spec": {"env": [{"name": "HTTP_PROXY", "value": "http://p:3128"}]}}  # fmt: skip
    for n in range(candidates):
        yield template(n, namespace)
    yield {"apiVersion": AIM, "kind": "AIMTemplateCache",
           "metadata": {"name": f"cache-{namespace}", "namespace": namespace, "uid": f"cache-{namespace}",
                        "generation": 1},
           "spec": {"templateName": "qwen-0", "templateScope": "Namespace", "mode": "Shared"},
           "status": {"status": "Ready", "artifacts": {"art-1": {
               "uid": "a", "name": "art-1", "model": "Qwen/Qwen3-32B", "status": "Ready",
               "persistentVolumeClaim": "art-1-cache"}}}}  # fmt: skip
    yield {"apiVersion": "v1", "kind": "PersistentVolumeClaim",
           "metadata": {"name": "art-1-cache", "namespace": namespace, "uid": f"claim-{namespace}"},
           "status": {"phase": "Bound"}}  # fmt: skip


def template(n: int, namespace: str) -> Json:
    """Candidate n: only the first is the best; the others fall at different stages or rank lower."""
    metric, precision = ("latency", "fp8") if n == 0 else ("throughput" if n % 2 else "latency", "fp16")
    gpu = "MI300X" if n < 15 else "MI250X"
    return {
        "apiVersion": AIM, "kind": "AIMServiceTemplate",
        "metadata": {"name": f"qwen-{n}", "namespace": namespace, "uid": f"tpl-{namespace}-{n}", "generation": 1},
        "spec": {"modelName": "qwen-qwen3-32b", "metric": metric, "precision": precision,
                 "profileId": f"vllm-{gpu.lower()}-{precision}-tp1-{metric}",
                 "hardware": {"gpu": {"requests": 1, "model": gpu, "resourceName": "amd.com/gpu"}}},
        "status": {
            "status": "Progressing" if n % 7 == 6 else "Ready",
            "profile": {"metadata": {"engine": "vllm", "gpu": gpu, "gpuCount": 1, "metric": metric,
                                     "precision": precision, "type": "optimized" if n % 5 != 4 else "preview"}},
            "modelSources": [{"modelId": "Qwen/Qwen3-32B", "sourceUri": "hf://Qwen/Qwen3-32B", "size": "61Gi"}],
            "resolvedHardware": {"gpu": {"requests": 1, "model": gpu, "resourceName": "amd.com/gpu"}},
            "resolvedNodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "amd.com/gpu.device-id", "operator": "In",
                                       "values": ["74a1", "74a9", "74b5", "74bd"]}]}]}},
        },
    }  # fmt: skip


def nodes(count: int = 8) -> Iterator[Json]:
    """GPU nodes."""
    for n in range(count):
        yield {"apiVersion": "v1", "kind": "Node",
               "metadata": {"name": f"node-{n}",
                            "labels": {"amd.com/gpu.device-id": "74a1", "amd.com/gpu.vram": "192G"}},
               "status": {"allocatable": {"amd.com/gpu": "8"}}}  # fmt: skip


def keys(count: int, per_namespace: int = 100) -> list[Key]:
    """The keys of `count` services."""
    return [Key("AIMService", f"team-{n // per_namespace}", f"qwen-chat-{n}") for n in range(count)]


def fresh_table(count: int, per_namespace: int = 100) -> Table:
    """A cluster in which `count` services have just been created and everything that they need is Ready."""
    table = Table(nodes())
    for namespace in sorted({key.namespace for key in keys(count, per_namespace)}):
        for obj in surroundings(namespace):
            table.learn(obj)
    for n, key in enumerate(keys(count, per_namespace)):
        table.learn(service(n, key.namespace))
    return table


def settle(table: Table, wanted: list[Key]) -> None:
    """Make the services of a table run: their children as planned, with the statuses that KServe and others give."""
    for key in wanted:
        for _ in range(4):
            snapshot = Snapshot(table, NOW)
            plan = make_plan(snapshot, key)
            for child in plan.children:
                table.learn(_live(child.manifest))
                if child.key.kind == "InferenceService":
                    for obj in _running(child.manifest):
                        table.learn(obj)
            found = table.find(key)
            status = {k: v for k, v in plan.status.items() if v is not None}
            table.learn({**found.raw, "status": status})  # type: ignore[union-attr]
            if not changes_needed(make_plan(Snapshot(table, NOW), key), Snapshot(table, NOW)):
                break


def _live(manifest: Json) -> Json:
    name = manifest["metadata"]["name"]
    metadata = {**manifest["metadata"], "uid": f"{manifest['kind']}-{name}", "resourceVersion": "20", "generation": 1,
                "creationTimestamp": CREATED}  # fmt: skip
    return {**manifest, "metadata": metadata, "status": _STATUS.get(manifest["kind"], {})}


_TRUE = {"status": "True", "observedGeneration": 1, "lastTransitionTime": CREATED, "message": ""}
_STATUS: dict[str, Json] = {
    "InferenceService": {"conditions": [{"type": "Ready", "reason": "", **_TRUE}], "deploymentMode": "Standard"},
    "HTTPRoute": {"parents": [{
        "parentRef": {"name": "inference-gateway", "namespace": "gateways"}, "controllerName": "x",
        "conditions": [{"type": "Accepted", "reason": "Accepted", **_TRUE},
                       {"type": "ResolvedRefs", "reason": "ResolvedRefs", **_TRUE}]}]},
}  # fmt: skip


def _running(manifest: Json) -> Iterator[Json]:
    """What KServe, KEDA and the kubelet make of an InferenceService."""
    name, namespace = manifest["metadata"]["name"], manifest["metadata"]["namespace"]
    labels = {**manifest["metadata"]["labels"], "serving.kserve.io/inferenceservice": name}
    owner = [{"apiVersion": manifest["apiVersion"], "kind": "InferenceService", "name": name,
              "uid": f"InferenceService-{name}", "controller": True}]  # fmt: skip
    base = {"namespace": namespace, "labels": labels, "resourceVersion": "20", "creationTimestamp": CREATED}
    yield {"apiVersion": "apps/v1", "kind": "Deployment",
           "metadata": {**base, "name": f"{name}-predictor", "uid": f"dep-{name}", "generation": 1,
                        "ownerReferences": owner},
           "spec": {"replicas": 1},
           "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
                      "availableReplicas": 1, "conditions": [{"type": "Available", "status": "True"}]}}  # fmt: skip
    yield {"apiVersion": "v1", "kind": "Pod",
           "metadata": {**base, "name": f"{name}-predictor-1", "uid": f"pod-{name}",
                        "labels": {**labels, "pod-template-hash": "1"}},
           "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
                      "containerStatuses": [{"name": "kserve-container", "ready": True, "restartCount": 0,
                                             "state": {"running": {}}}]}}  # fmt: skip
    yield {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
           "metadata": {**base, "name": f"keda-hpa-{name}-predictor", "uid": f"hpa-{name}"},
           "spec": {"minReplicas": 1, "maxReplicas": 3},
           "status": {"currentReplicas": 1, "desiredReplicas": 1, "conditions": [
               {"type": "ScalingActive", **_TRUE}, {"type": "AbleToScale", **_TRUE}]}}  # fmt: skip


def later(seconds: float) -> datetime:
    """A moment after NOW."""
    return NOW + timedelta(seconds=seconds)
