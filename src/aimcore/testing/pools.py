"""The values from which objects of the three grades are made, by the name of the member.

1. A member has a row where its name says more than its schema does: `image` is an image that the world may know.
2. A value that does not fit the schema where it would stand is left out there (`aimcore.testing.shaping`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aimcore.testing.samples import BROKEN, LONG, MISSING, NEWER, PLAIN, PRIVATE, QWEN
from aimcore.testing.shaping import QUANTITY, TEXT, Pools

NAMES: Final[Mapping[str, Sequence[str]]] = {
    "AIMService": ("chat", "chat-two"),
    "AIMModel": ("qwen", "other"),
    "AIMClusterModel": ("qwen", "other"),
    "AIMServiceTemplate": ("tuned", "spare"),
    "AIMClusterServiceTemplate": ("tuned", "spare"),
    "AIMTemplateCache": ("warm", "cold"),
    "AIMArtifact": ("weights",),
    "AIMRuntimeConfig": ("default", "team"),
    "AIMClusterRuntimeConfig": ("default", "team"),
    "AIMClusterModelSource": ("catalogue",),
    "": ("one", "two"),
}
"""By kind; "" for a kind without a row."""
SILLY_NAMES: Final = ("1st", "dotted.name", LONG, "a" * 253, "default", "aim")

SENSIBLE: Final[Pools] = {
    QUANTITY: ("1", "8Gi", "500m", 2, "64Gi"),
    TEXT: ("a", "team", "v1"),
    "annotations[]": ("yes",),
    "autoDiscovery": (True,),
    "baseImage": (QWEN, PLAIN),
    "defaultServiceTemplate": ("tuned",),
    "defaultStorageClassName": ("standard",),
    "gpuCount": (1, 2),
    "image": (QWEN, NEWER, PLAIN),
    "key": ("token",),
    "match[]": ("team", "te*"),
    "maxModels": (5, 100),
    "maxReplicas": (3, 4),
    "metricNames[]": ("vllm:num_requests_running",),
    "minReplicas": (1, 2),
    "modelId": ("Qwen/Qwen3-32B",),
    "modelName": ("qwen",),
    "name": ("qwen", "tuned", "default", "inference-gateway", "A", "hf"),
    "namespace": ("ml-team", "gateways"),
    "pathTemplate": ("/{.metadata.namespace}/{.metadata.name}", "/chat"),
    "port": (80, 443),
    "profileId": ("vllm-mi300x-fp16-tp1-latency",),
    "pvcHeadroomPercent": (10, 50),
    "registry": ("docker.io",),
    "replicas": (1, 2),
    "requests": (1, 2),
    "requestTimeout": ("90s", "5m"),
    "runtimeConfigName": ("default", "team"),
    "sectionName": ("http",),
    "serviceAccountName": ("runner",),
    "sourceUri": ("hf://Qwen/Qwen3-32B", "s3://bucket/path"),
    "storageClassName": ("standard",),
    "syncInterval": ("30m", "1h"),
    "templateName": ("tuned", "spare"),
    "value": ("1", "2"),
    "versions[]": (">=0.8", "0.8.5"),
}

SILLY: Final[Pools] = {
    QUANTITY: ("0", "-1", "1e99", 0, "0.0000001", "9999999999Ti", "-0", "1Ki", 2**40),
    TEXT: ("", " ", "nobody", LONG, "ä\u202e\U0001f680", "a/b", "{}", "x" * 300, "-"),
    "annotations[]": ("", "x" * 1000),
    "baseImage": (MISSING, "Not A Reference", BROKEN, ""),
    "image": (MISSING, BROKEN, PRIVATE, "Not A Reference", "x" * 300, "localhost/x:1@sha256:0"),
    "maxReplicas": (1, 2**31 - 1),
    "minReplicas": (7, 2**31 - 1),
    "modelId": ("a/b", "Qwen/Qwen3-32B"),
    "modelName": ("nobody", "chat", "", LONG),
    "name": ("nobody", "", "a" * 253, "Not A Name", "chat"),
    "namespace": ("nowhere", "kube-system"),
    "pathTemplate": ("", "no-slash", "/{.metadata.labels['nobody']}", "/{", "/" + "x" * 500, "/../..", "/a//b"),
    "replicas": (0, -1, 2**31 - 1),
    "requestTimeout": ("", "soon", "-1s", "1.5us", "99999h"),
    "runtimeConfigName": ("nobody", "", "Not A Name"),
    "sourceUri": ("hf://nobody/nothing", "s3://b", "hf://" + "x" * 300),
    "storageClassName": ("nobody", ""),
    "syncInterval": ("", "never", "-1h", "1ns"),
    "templateName": ("nobody", "tuned"),
    "value": ("", "x" * 5000, "$(A)"),
    "versions[]": ("not a version", ">=1,<0", ""),
}

SILLY_METADATA: Final[Sequence[Mapping[str, Any]]] = (
    {},
    {"annotations": {"aim.eai.amd.com/render-revision": "latest of all"}},
    {"annotations": {"aim.eai.amd.com/reconciliation-paused": "TRUE", "a": "x" * 10_000}},
    {"labels": {"aim.eai.amd.com/service": "somebody-else", "app.kubernetes.io/managed-by": "aim-service-controller"}},
    {"finalizers": ["example.com/never-removed"]},
)

HOSTILE_TEXTS: Final = (
    "Ready", "True", "1h", "{}", "x", "10Gi", "2026-11-23T12:00:00Z", "9999-99-99", "\x00", "\ud800", "a" * 300,
)  # fmt: skip


def _nested(levels: int) -> Any:
    value: Any = "deep"
    for level in range(levels):
        value = {"env": value} if level % 2 else [value]
    return value


GIANT: Final[Sequence[Any]] = ("x" * 20_000, [0] * 5_000, {f"k{i}": "v" for i in range(1_000)}, _nested(60), 10**400)
"""Values that are large, long or deep."""
