"""Histories that every law of crashes and of quiet is held against, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aimcore.naming.objects import model_name_for_image
from aimcore.resource import Key
from aimcore.simulation.defaults import IMAGES
from aimcore.testing.histories import Action, Alter, Edit, EditAny, History, Put, Remove, RemoveAny, Restart, Wait
from aimcore.testing.samples import BROKEN, GATEWAY, HARDWARE, METRIC, NEWER, PLAIN, QWEN, SOURCE

V = "aim.eai.amd.com/v1alpha1"
CHAT = Key("AIMService", "ml-team", "chat")


def obj(kind: str, name: str, spec: Any, **metadata: Any) -> Put:
    where = {} if kind.startswith("AIMCluster") else {"namespace": "ml-team"}
    return Put({"apiVersion": V, "kind": kind, "metadata": {"name": name, **where, **metadata}, "spec": spec})


def chat(**spec: Any) -> Put:
    return obj("AIMService", "chat", {"model": {"image": QWEN}, **spec})


def history(*actions: Action, **world: Any) -> History:
    return History(world, actions)


def image(**members: Any) -> dict[str, Any]:
    return {"images": [{**IMAGES[0], **members}]}


ROUTED = {"enabled": True, "gatewayRef": GATEWAY}
EVERYTHING = chat(
    caching={"mode": "Dedicated"}, routing=ROUTED, minReplicas=1, maxReplicas=3, autoScaling={"metrics": [METRIC]},
    env=[{"name": "A", "value": "1"}], resources={"limits": {"cpu": "8", "memory": "64Gi"}},
)  # fmt: skip
CONFIG = {
    "routing": ROUTED,
    "labelPropagation": {"enabled": True, "match": ["team"]},
    "autoscaling": {"scaledObject": "aim"},
    "env": [{"name": "B", "value": "2"}],
}

HEALTHY: Mapping[str, History] = {
    "quick start": history(chat()),
    "everything at once": history(EVERYTHING),
    "defaults of webhooks": history(EVERYTHING, kserve={"webhookFillsResources": True}),
    "old KServe": history(EVERYTHING, kserve={"flavour": "old", "crd": "minimal"}, keda={"version": "2.17"}),
    "runtime config": history(obj("AIMRuntimeConfig", "default", CONFIG), chat(maxReplicas=2)),
    "cluster model": history(
        obj("AIMClusterModel", "qwen", {"image": QWEN}),
        obj("AIMService", "chat", {"model": {"name": "qwen"}}),
    ),
    "custom model": history(
        obj(
            "AIMService",
            "chat",
            {
                "model": {"custom": {"baseImage": PLAIN, "modelSources": [SOURCE], "hardware": HARDWARE[0]}},
                "template": {"allowUnoptimized": True},
            },
        ),
        images=[{"image": PLAIN}],
    ),
    "overrides": history(chat(overrides={"metric": "throughput"})),
    "two that share": history(chat(), obj("AIMService", "other", {"model": {"image": QWEN}})),
    "model source": history(obj("AIMClusterModelSource", "catalogue", {"filters": [{"image": f"{QWEN}"}]})),
    "edited": history(chat(), Wait(600), Edit(CHAT, {"spec": {"replicas": 2, "routing": ROUTED}})),
    "scaling comes and goes": history(
        chat(minReplicas=1, maxReplicas=3), Wait(600), Edit(CHAT, {"spec": {"minReplicas": None, "maxReplicas": None}})
    ),
    "children deleted by hand": history(
        EVERYTHING, Wait(600), RemoveAny("InferenceService", 0), RemoveAny("HTTPRoute", 0), Wait(1), Restart()
    ),
    "deleted and made again": history(EVERYTHING, Wait(600), Remove(CHAT), Wait(60), chat()),
}
"""In their end every service runs."""

SICK: Mapping[str, History] = {
    "no such image": history(obj("AIMService", "chat", {"model": {"image": "no/such:1"}})),
    "no GPU": history(chat(), nodes=[]),
    "no room": history(chat(overrides={"hardware": HARDWARE[2]})),
    "crashing server": history(chat(), **image(runs="crash", log="boom\n")),
    "server without memory": history(chat(), **image(runs="oom")),
    "failing download": history(chat(caching={"mode": "Dedicated"}), sources=[{"uri": "hf://*", "fault": "gated"}]),
    "failing discovery": history(
        obj("AIMModel", "own", {"image": BROKEN}),
        obj("AIMServiceTemplate", "tuned", {"modelName": "own"}),
        images=[{"image": BROKEN, "discoveryExitCode": 1}],
    ),
    "rejected route": history(
        EVERYTHING,
        gateways=[{"name": "inference-gateway", "namespace": "gateways", "rejects": "NotAllowedByListeners"}],
    ),
    "refusing webhook": history(EVERYTHING, kserve={"webhook": "failing"}),
    "invalid spec": history(chat(replicas=0, routing={"enabled": True})),
    "image exchanged": history(
        obj("AIMModel", "own", {"image": QWEN}),
        Wait(600),
        Edit(Key("AIMModel", "ml-team", "own"), {"spec": {"image": NEWER}}),
    ),
    "deleted": history(EVERYTHING, Wait(600), Remove(CHAT)),
    "route lost while running": history(EVERYTHING, Wait(600), Edit(CHAT, {"spec": {"routing": {"gatewayRef": None}}})),
}
ALL: Mapping[str, History] = {**HEALTHY, **SICK}

# ---- worlds that break and are mended -------------------------------------------------------------------------------
SOUND = Alter({})
PULL_SECRET = Put({
    "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
    "metadata": {"name": "pull", "namespace": "ml-team"}, "data": {".dockerconfigjson": "e30="},
})  # fmt: skip
SOMEBODYS = Put({
    "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
    "metadata": {"name": "chat-a04542d9", "namespace": "ml-team", "ownerReferences": [{
        "apiVersion": "v1", "kind": "Namespace", "name": "ml-team", "controller": True,
        "uid": "5922f169-eb20-4499-8004-77f9f8dd20ae",
    }]},
    "spec": {"predictor": {"containers": [{"name": "kserve-container", "image": PLAIN}]}},
})  # fmt: skip
"""An InferenceService with the name of chat's, and with a controller. Uids of the simulated server never differ."""
UNSIZED = chat(
    model={"custom": {"baseImage": PLAIN, "modelSources": [SOURCE], "hardware": HARDWARE[0]}},
    template={"allowUnoptimized": True},
)


def storage(**members: Any) -> Alter:
    return Alter({"storageClasses": [{"name": "standard", "default": True, **members}]})


def nodes(fault: str) -> list[Any]:
    return [{"name": "mi300x", "count": 2, "fault": fault}]


def size_log(text: str) -> dict[str, Any]:
    return {"images": [{"image": PLAIN}], "sources": [{"uri": "hf://*", "sizeLog": text}]}


MENDED: Mapping[str, History] = {
    "volumes that no node can use": history(
        chat(), Wait(13), storage(mountFault="attach"), Wait(120), storage(mountFault="mount"), Wait(120), SOUND
    ),
    "nodes that take no pod": history(
        chat(), Wait(40), Alter({"nodes": nodes("no-network")}), Wait(60), SOUND, nodes=nodes("disk-pressure")
    ),
    "containers that do not start": history(
        chat(), Wait(100), Alter(image(startFault="create")), Wait(150), Alter(image(startFault="run")), Wait(120),
        SOUND, sources=[{"uri": "hf://*", "fault": "out-of-memory"}],
    ),
    "a busy registry": history(
        chat(), Wait(30), SOUND, Wait(39), Alter(image(fault="rate-limited")), Wait(120), SOUND,
        **image(fault="rate-limited"),
    ),
    "sizes that cannot be read": history(
        UNSIZED, Wait(200), Alter(size_log("a lot\n")), Wait(400), Alter({"images": [{"image": PLAIN}]}), **size_log("")
    ),
    "a Job failed by hand, a lost volume": history(
        obj("AIMArtifact", "weights", {"sourceUri": SOURCE["sourceUri"], "size": "64Gi"}),
        Wait(12), EditAny("Job", 0, {"status": {"conditions": [{"type": "Failed", "status": "True"}]}}, "status"),
        Wait(60), RemoveAny("Job", 0),
        Wait(300), EditAny("PersistentVolumeClaim", 0, {"status": {"phase": "Lost"}}, "status"),
        Wait(60), RemoveAny("PersistentVolumeClaim", 0),
    ),
    "names that are taken": history(
        obj("AIMModel", str(model_name_for_image(NEWER)), {"image": PLAIN}), SOMEBODYS, chat(model={"image": NEWER}),
        images=[{"image": PLAIN}],
    ),
    "a cluster model without its image": history(
        obj("AIMClusterModel", "shared", {"image": QWEN}),
        obj("AIMClusterServiceTemplate", "tuned", {"modelName": "shared", "hardware": HARDWARE[0]}),
        Wait(300), SOUND, **image(fault="not-found"),
    ),
    "a rescale that is refused": history(
        EVERYTHING, Wait(600),
        Alter({"keda": {"loads": {"ml-team/chat-a04542d9-predictor": 4}}, "failingWebhooks": ["Deployment"]}),
        Wait(120), SOUND,
    ),
    "a registry that is searched": history(
        obj("AIMClusterModelSource", "catalogue", {
            "filters": [{"image": "amdenterpriseai/aim-*"}], "versions": ["0.8.4"],
        }),
        images=[{"image": f"amdenterpriseai/aim-{name}:0.8.4"} for name in ("one", "two")],
    ),
    "a private image": history(
        PULL_SECRET, chat(imagePullSecrets=[{"name": "pull"}]), images=[{"image": QWEN, "private": True}]
    ),
    "an image that no kubelet can name": history(
        obj("AIMModel", "own", {"image": "Not/Valid:1", "imageMetadata": {"model": {"canonicalName": "org/own"}}}),
        obj("AIMServiceTemplate", "tuned", {
            "modelName": "own", "modelSources": [{**SOURCE, "size": "8Gi"}], "hardware": HARDWARE[0],
        }),
        chat(model={"name": "own"}, template={"name": "tuned", "allowUnoptimized": True}),
    ),
}  # fmt: skip
"""In these a world breaks, most often in several ways one after the other, and is mended; or something is wrong that
only a kubelet finds."""
EVERY: Mapping[str, History] = {**ALL, **MENDED}
