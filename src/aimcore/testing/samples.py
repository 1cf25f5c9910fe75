"""The pools from which strategies draw: parts of worlds and of objects, good, odd and hostile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aimcore.resource import Json
from aimcore.simulation.defaults import IMAGES

QWEN = "amdenterpriseai/aim-qwen-qwen3-32b:0.8.5"
NEWER = "amdenterpriseai/aim-qwen-qwen3-32b:0.9.0"
PLAIN, BROKEN, PRIVATE, MISSING = "example.com/plain:1", "example.com/broken:1", "example.com/private:1", "no/such:1"
SOURCE = {"modelId": "Qwen/Qwen3-32B", "sourceUri": "hf://Qwen/Qwen3-32B"}
LONG = "a-service-with-a-name-that-is-as-long-as-names-may-ever-become"

# ---- worlds ---------------------------------------------------------------------------------------------------------
_IMAGES: Sequence[Json] = (
    {"image": PLAIN},
    {"image": BROKEN, "runs": "crash", "log": "RuntimeError: HIP out of memory\n"},
    {"image": PRIVATE, "private": True},
)


def _image(**members: Any) -> list[Json]:
    """The usual image with its labels and profiles, odd in one way: else nothing would ever come to run it."""
    return [{**IMAGES[0], **members}, *_IMAGES]


WORLD_PARTS: Mapping[str, Sequence[Any]] = {
    "nodes": (
        [],
        [{"name": "cpu", "gpus": 0}],
        [{"name": "one", "gpus": 1}],
        [{"name": "mi325x", "deviceId": "74a5", "vram": "256G"}],
        [{"name": "mi300x"}, {"name": "mi325x", "deviceId": "74a5", "vram": "256G"}],
        [{"name": "mi300x", "fault": "no-network"}],
        [{"name": "mi300x", "fault": "disk-pressure"}, {"name": "spare"}],
    ),
    "images": (
        list(_IMAGES),
        _image(fault="not-found"),
        _image(fault="unreachable"),
        _image(runs="crash"),
        _image(runs="hang"),
        _image(runs="oom"),
        _image(startFault="create"),
        _image(startFault="run"),
        _image(fault="rate-limited"),
        _image(discoveryExitCode=1),
        _image(discoveryLog="no JSON at all"),
        _image(private=True),
    ),
    "sources": (
        [{"uri": "hf://*", "fault": "not-found"}],
        [{"uri": "hf://*", "fault": "gated"}],
        [{"uri": "hf://*", "failingProtocols": ["XET"]}],
        [{"uri": "hf://*", "verificationFails": True}],
        [{"uri": "hf://*", "stalls": True}],
        [{"uri": "hf://*", "fault": "out-of-memory"}],
        [{"uri": "hf://*", "sizeLog": "a lot"}],
    ),
    "storageClasses": (
        [],
        [{"name": "slow"}],
        [{"name": "standard", "default": True, "provisions": False}],
        [{"name": "standard", "default": True, "binding": "Immediate"}],
        [{"name": "standard", "default": True, "mountFault": "attach"}],
        [{"name": "standard", "default": True, "mountFault": "mount"}],
    ),
    "gateways": ([], [{"name": "inference-gateway", "namespace": "gateways", "rejects": "NotAllowedByListeners"}]),
    "kserve": (
        {"flavour": "old"},
        {"crd": "minimal"},
        {"webhookFillsResources": True},
        {"webhook": "off"},
        {"webhook": "failing"},
        {"running": False},
        {"defaultMode": "Knative"},
        {"collectorInstalled": False},
    ),
    "keda": ({"version": "2.17"}, {"running": False}, {"webhook": "failing"}, {"scalerReachable": False}),
    "podQuota": ({"ml-team": 1},),
}

# ---- services -------------------------------------------------------------------------------------------------------
USUAL_MODEL: Json = {"image": QWEN}
NAMESPACES = ("ml-team", "default")
SERVICE_NAMES = ("chat", "chat-two", "1st", "dotted.name", LONG)
HARDWARE: Sequence[Json] = (
    {"gpu": {"requests": 1, "model": "MI300X"}},
    {"gpu": {"requests": 2, "minVram": "64Gi"}},
    {"gpu": {"requests": 16, "model": "MI300X"}},
    {"cpu": {"requests": "2"}},
)
SERVICE_MODELS: Sequence[Json] = (
    {"name": "qwen"},
    {"name": "nobody"},
    {"image": NEWER},
    {"image": PLAIN},
    {"image": BROKEN},
    {"image": PRIVATE},
    {"image": MISSING},
    {"image": "Not A Reference"},
    {"custom": {"baseImage": QWEN, "modelSources": [SOURCE], "hardware": HARDWARE[0]}},
    {"custom": {"baseImage": PLAIN, "modelSources": [{**SOURCE, "size": "8Gi"}], "hardware": HARDWARE[1]}},
)
METRIC: Json = {
    "type": "PodMetric",
    "podmetric": {
        "metric": {"backend": "opentelemetry", "metricNames": ["m"], "query": "m", "operationOverTime": "avg"},
        "target": {"type": "Value", "value": "2"},
    },
}
GATEWAY: Json = {"name": "inference-gateway", "namespace": "gateways"}
ENV: Sequence[Any] = (
    [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}],
    [{"name": "A", "value": "1"}, {"name": "B", "value": ""}],
    [{"name": "AIM_ENGINE_ARGS", "value": '{"max-model-len": 8192}'}],
    [{"name": "PYTHONPATH", "value": "/x"}],
)
ROUTING: Sequence[Json] = (
    {"enabled": True, "gatewayRef": GATEWAY},
    {"enabled": True, "gatewayRef": GATEWAY, "pathTemplate": "/{.metadata.namespace}/{.metadata.labels['team']}"},
    {"enabled": True, "gatewayRef": {"name": "no-such-gateway"}, "requestTimeout": "90s"},
    {"enabled": True, "gatewayRef": GATEWAY, "pathTemplate": "/same", "annotations": {"a": "b"}},
    {"enabled": True, "gatewayRef": GATEWAY, "requestTimeout": "1.5us"},
    {"enabled": True},
    {"enabled": False},
)
SERVICE: Mapping[str, Sequence[Any]] = {
    "template": ({"name": "tuned"}, {"allowUnoptimized": True}, {"name": "nobody"}),
    "caching": ({"mode": "Dedicated"}, {"mode": "Never"}, {"mode": "Shared"}),
    "replicas": (2, 0, -1),
    "minReplicas": (1, 2),
    "maxReplicas": (3, 1),
    "autoScaling": ({"metrics": [METRIC]}, {"metrics": []}, {"metrics": [{"type": "PodMetric"}]}),
    "runtimeConfigName": ("default", "team", "nobody"),
    "storage": ({"defaultStorageClassName": "slow"}, {"pvcHeadroomPercent": 0}),
    "routing": ROUTING,
    "env": ENV,
    "resources": ({"limits": {"cpu": "8", "memory": "64Gi"}}, {"requests": {"cpu": "9"}, "limits": {"cpu": "8"}}),
    "overrides": ({"metric": "throughput"}, {"precision": "fp8"}, {"hardware": HARDWARE[0]}),
    "imagePullSecrets": ([{"name": "registry"}], [{"name": "a"}, {"name": "a"}]),
    "serviceAccountName": ("runner",),
}
LABELS: Sequence[Json] = ({"team": "research"}, {"aim.eai.amd.com/project": "p", "cost": "1"})
ANNOTATIONS: Sequence[Json] = (
    {"aim.eai.amd.com/reconciliation-paused": "true"},
    {"aim.eai.amd.com/render-revision": "1"},
    {"aim.eai.amd.com/render-revision": "99"},
)

# ---- other kinds: what a spec needs, what it may have, names --------------------------------------------------------
_CONFIG: Mapping[str, Sequence[Any]] = {
    "storage": ({"defaultStorageClassName": "standard"}, {"pvcHeadroomPercent": 50}),
    "routing": (ROUTING[0], {"enabled": True}, {"requestTimeout": "5m"}),
    "env": ENV,
    "model": ({"autoDiscovery": False}, {"autoDiscovery": True}),
    "labelPropagation": ({"enabled": True, "match": ["te*", "cost"]}, {"enabled": False}),
    "autoscaling": ({"scaledObject": "aim"}, {"scaledObject": "kserve"}),
}
_MODEL: Mapping[str, Sequence[Any]] = {
    "discovery": ({"extractMetadata": False}, {"createServiceTemplates": False}, {}),
    "defaultServiceTemplate": ("tuned", "nobody"),
    "customTemplates": (
        [{"name": "big", "hardware": HARDWARE[0], "profile": {"metric": "latency"}}],
        [{"hardware": HARDWARE[3]}, {"hardware": HARDWARE[1], "type": "optimized"}],
    ),
    "custom": ({"hardware": HARDWARE[0]},),
    "modelSources": ([SOURCE],),
    "env": ENV,
    "resources": ({"limits": {"memory": "32Gi"}},),
}
_TEMPLATE: Mapping[str, Sequence[Any]] = {
    "metric": ("latency", "throughput"),
    "precision": ("fp16", "auto"),
    "hardware": HARDWARE,
    "modelSources": ([SOURCE], []),
    "type": ("optimized", "preview"),
    "profileId": ("vllm-mi300x-fp16-tp1-latency",),
    "env": ENV,
}
_NAMED: Sequence[Json] = ({"modelName": "qwen"}, {"modelName": "nobody"})
_IMAGED: Sequence[Json] = ({"image": QWEN}, {"image": PLAIN}, {"image": MISSING})
OTHERS: Mapping[str, tuple[Sequence[Json], Mapping[str, Sequence[Any]], Sequence[str]]] = {
    "AIMRuntimeConfig": (({},), _CONFIG, ("default", "team")),
    "AIMClusterRuntimeConfig": (({},), _CONFIG, ("default", "team")),
    "AIMModel": (_IMAGED, _MODEL, ("qwen", "other")),
    "AIMClusterModel": (_IMAGED, _MODEL, ("qwen", "other")),
    "AIMServiceTemplate": (_NAMED, {**_TEMPLATE, "caching": ({"enabled": True},)}, ("tuned", "spare")),
    "AIMClusterServiceTemplate": (_NAMED, _TEMPLATE, ("tuned", "spare")),
    "AIMTemplateCache": (
        (
            {"templateName": "tuned", "templateScope": "Namespace"},
            {"templateName": "tuned", "templateScope": "Cluster"},
        ),
        {"mode": ("Shared", "Dedicated"), "storageClassName": ("slow",), "env": ENV},
        ("warm", "cold"),
    ),
    "AIMArtifact": (
        (dict(SOURCE), {"sourceUri": "s3://bucket/path"}),
        {"size": ("8Gi", "0"), "storageClassName": ("slow",), "env": ENV},
        ("weights",),
    ),
    "AIMClusterModelSource": (
        ({"filters": [{"image": "amdenterpriseai/aim-*"}]}, {"filters": [{"image": "example.com/*"}]}),
        {"versions": ([">=0.8"],), "maxModels": (1,), "syncInterval": ("30m",)},
        ("catalogue",),
    ),
}

# ---- what users and others do to what is there ----------------------------------------------------------------------
_HAS_FAILED = {"type": "Failed", "status": "True", "lastTransitionTime": "2001-01-01T00:00:00Z"}
EDITS: Sequence[tuple[str, Json, str]] = (
    *(("AIMService", {"spec": {name: value}}, "") for name in SERVICE for value in (*SERVICE[name][:2], None)),
    *(("AIMService", {"metadata": {"annotations": a}}, "") for a in ANNOTATIONS),
    ("AIMService", {"metadata": {"annotations": None, "labels": {"team": "sales"}}}, ""),
    ("AIMService", {"status": {"conditions": [], "status": "Failed"}}, "status"),
    ("AIMService", {"metadata": {"finalizers": []}}, ""),
    ("AIMModel", {"spec": {"image": NEWER}}, ""),
    ("AIMModel", {"spec": {"customTemplates": None, "discovery": None}}, ""),
    ("AIMServiceTemplate", {"metadata": {"labels": {"aim.eai.amd.com/obsolete": "true"}}}, ""),
    ("AIMServiceTemplate", {"status": {"status": "Failed", "profile": None}}, "status"),
    ("AIMTemplateCache", {"status": {"artifacts": None}}, "status"),
    ("AIMArtifact", {"spec": {"size": "9Gi"}}, ""),
    ("AIMRuntimeConfig", {"spec": {"routing": ROUTING[0], "env": ENV[1]}}, ""),
    ("InferenceService", {"spec": {"predictor": {"minReplicas": 7}}}, ""),
    ("InferenceService", {"metadata": {"labels": {"team": "nobody", "cost": "9"}, "annotations": {"x": "y"}}}, ""),
    ("HTTPRoute", {"spec": {"rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/stolen"}}]}]}}, ""),
    ("ScaledObject", {"spec": {"maxReplicaCount": 9}}, ""),
    ("Node", {"metadata": {"labels": {"amd.com/gpu.device-id": "74a5"}}}, ""),
    ("Node", {"metadata": {"labels": {"amd.com/gpu.device-id": None, "heartbeat": "1"}}}, ""),
    ("Job", {"status": {"conditions": [_HAS_FAILED]}}, "status"),
    ("PersistentVolumeClaim", {"status": {"phase": "Lost"}}, "status"),
)
"""(kind, merge patch, subresource)."""

REMOVABLE = (
    "AIMService", "AIMModel", "AIMServiceTemplate", "AIMTemplateCache", "AIMArtifact", "AIMRuntimeConfig",
    "AIMClusterModel", "InferenceService", "HTTPRoute", "ScaledObject", "Job", "Pod", "PersistentVolumeClaim", "Node",
    "Deployment", "RoleBinding",
)  # fmt: skip

FOREIGN: Sequence[Json] = (
    {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "theirs", "namespace": "ml-team"},
        "spec": {"parentRefs": [GATEWAY], "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/same"}}]}]},
    },
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "registry", "namespace": "ml-team"},
        "data": {".dockerconfigjson": "e30="},
    },
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "third"}},
)
