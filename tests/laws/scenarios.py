"""Histories that every law of crashes and of quiet is held against, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aimcore.resource import Key
from aimcore.testing.histories import Action, Edit, History, Put, Remove, RemoveAny, Restart, Wait
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
    "crashing server": history(chat(), images=[{"image": QWEN, "runs": "crash", "log": "boom\n"}]),
    "server without memory": history(chat(), images=[{"image": QWEN, "runs": "oom"}]),
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
