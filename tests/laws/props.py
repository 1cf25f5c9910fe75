"""What the histories that take a turn are made of: objects of users and of others, edits, and parts of worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aimcore.resource import Key
from aimcore.testing.histories import Action, Alter, Edit, EditAny, Put, Wait
from aimcore.testing.samples import HARDWARE, PLAIN, QWEN, SOURCE
from laws.scenarios import CHAT, ROUTED, obj

WEIGHTS = obj("AIMArtifact", "weights", {"sourceUri": SOURCE["sourceUri"], "size": "64Gi"})
OTHER = obj("AIMService", "other", {"model": {"image": QWEN}})
CUSTOM = {"custom": {"baseImage": PLAIN, "modelSources": [SOURCE], "hardware": HARDWARE[0]}}
SAME_PATH = {**ROUTED, "pathTemplate": "/same"}
ENDING = Key("Namespace", "", "ml-team")


def marked(revision: str) -> EditAny:
    return EditAny("InferenceService", 0, {"metadata": {"annotations": {"aim.eai.amd.com/render-revision": revision}}})


OWN = Key("AIMModel", "ml-team", "own")
OWN_MODEL = obj("AIMModel", "own", {"image": QWEN})
GATED = {"modelId": "Qwen/Gated", "sourceUri": "hf://Qwen/Gated"}
CATALOGUE = obj("AIMClusterModelSource", "catalogue", {
    "filters": [{"image": "amdenterpriseai/aim-*"}], "versions": ["0.8.4"],
})  # fmt: skip
FOUND = [{"image": f"amdenterpriseai/aim-{name}:0.8.4"} for name in ("one", "two", "three")]


SLOW = {"sources": [{"uri": "hf://*", "seconds": 300}]}
"""A download that takes its time: 150 s after the beginning it is on its way."""


def named_template(name: str, **spec: Any) -> Put:
    made = {"modelName": "own", "modelSources": [{**SOURCE, "size": "8Gi"}], "hardware": HARDWARE[0], **spec}
    return obj("AIMServiceTemplate", name, made)


def tuned(**spec: Any) -> Put:
    return named_template("tuned", **spec)


OWN_TEMPLATE = (
    obj("AIMModel", "own", {"image": PLAIN, "imageMetadata": {"model": {"canonicalName": "o/own"}}}),
    tuned(),
)


def cache_of(template: str) -> Put:
    return obj("AIMTemplateCache", template, {"templateName": template, "templateScope": "Namespace"})


def described(**deployment: Any) -> Put:
    """A model that says itself what its image holds."""
    wanted = {"gpuModel": "MI300X", "gpuCount": 1, "precision": "fp16", "metric": "latency", **deployment}
    metadata = {"model": {"canonicalName": "o/own", "recommendedDeployments": [wanted]}}
    return obj("AIMModel", "own", {"image": PLAIN, "imageMetadata": metadata})


THEIR_JOB = Put({
    "apiVersion": "batch/v1", "kind": "Job",
    "metadata": {"name": "theirs", "namespace": "ml-team", "labels": {"aim.eai.amd.com/template": "tuned"}},
    "spec": {"suspend": True, "template": {"spec": {
        "restartPolicy": "Never", "containers": [{"name": "theirs", "image": "busybox"}],
    }}},
})  # fmt: skip
LARGE = {"custom": {**CUSTOM["custom"], "hardware": {"gpu": {"requests": 1, "minVram": "192Gi"}}}}
"""Nodes say their memory as 192G and mean this."""
LARGE_GPUS = [
    {"name": "c", "deviceId": "74b5", "vram": "192G"}, {"name": "a", "deviceId": "74a1", "vram": "192G"},
]  # fmt: skip
THEIR_CACHE = obj("AIMTemplateCache", "amdenterpriseai-aim-qwen-qwen3-32b-0-8-1x-mi300x-chat-1532f94a", {
    "templateName": "amdenterpriseai-aim-qwen-qwen3-32b-0-8-1x-mi300x-lat-fp16-bf78", "mode": "Dedicated",
    "templateScope": "Namespace",
})  # fmt: skip
"""It has the name that the cache of the service will have."""


ABOUT_TO_END = Edit(ENDING, {"status": {"phase": "Terminating"}}, "status")
"""The namespace's controller has said so, and has not marked anything yet."""
LEFT_ALONE = {"metadata": {"annotations": {"aim.eai.amd.com/reconciliation-paused": "true"}}}
NO_WEBHOOK = Alter({"kserve": {"webhook": "failing"}})
KEPT = {"metadata": {"finalizers": ["example.com/mine"]}}
THEIR_REPLICAS = Put({
    "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
    "metadata": {"name": "chat-a04542d9", "namespace": "ml-team"},
    "spec": {"predictor": {"minReplicas": 5, "maxReplicas": 5}},
})  # fmt: skip
THEIR_ROUTE = Put({
    "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
    "metadata": {"name": "chat-a04542d9", "namespace": "ml-team"},
    "spec": {"parentRefs": [{"name": "theirs", "namespace": "kgateway-system"}]},
})  # fmt: skip
UNMARKED = {"metadata": {"annotations": {"aim.eai.amd.com/render-revision": None}}}
OTHER_SOURCE = {"modelId": "Qwen/Other", "sourceUri": "hf://Qwen/Other"}
OLD_EVENT = Put({
    "apiVersion": "v1", "kind": "Event", "metadata": {"name": "old", "namespace": "ml-team"},
    "involvedObject": {
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "namespace": "ml-team",
        "name": "chat-a04542d9", "uid": "21da8237-fe7e-4df9-86b7-13ffd595dbfe",
    },
    "type": "Warning", "reason": "InternalError", "message": "it broke", "lastTimestamp": "2024-01-01T00:00:00Z",
})  # fmt: skip
"""It is about the InferenceService of the service, whose uid follows from its name."""


def custom_model(hardware: Mapping[str, Any] = HARDWARE[0], env: Sequence[str] = ()) -> Put:
    spec = {"image": PLAIN, "modelSources": [SOURCE], "custom": {"hardware": hardware}}
    named = [{"name": name, "value": "1"} for name in env]
    return obj("AIMModel", "own", {**spec, "env": named} if named else spec)


def sized(size: str) -> Put:
    source = {**SOURCE, "size": size}
    return obj("AIMModel", "own", {"image": PLAIN, "modelSources": [source], "custom": {"hardware": HARDWARE[0]}})


def looked_at_again(times: int = 3) -> tuple[Action, ...]:
    """The service is planned for again and again, though nothing of it changes."""
    looks = ((Edit(CHAT, {"metadata": {"labels": {"look": str(n)}}}), Wait(20)) for n in range(times))
    return tuple(step for look in looks for step in look)


def placed_on(*ids: str) -> EditAny:
    """Another controller has found these GPUs for a template."""
    expression = {"key": "amd.com/gpu.device-id", "operator": "In", "values": list(ids)}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    affinity = {"requiredDuringSchedulingIgnoredDuringExecution": terms}
    return EditAny("AIMServiceTemplate", 0, {"status": {"resolvedNodeAffinity": affinity}}, "status")
