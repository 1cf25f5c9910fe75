"""Histories that take a turn: what users, worlds and other controllers do to services that are on their way or running.

Each is the story of one rule; its end is kept as a golden journey.
"""

from __future__ import annotations

from collections.abc import Mapping

from aimcore.resource import Key
from aimcore.testing.histories import Alter, Edit, EditAny, History, Remove, RemoveAny, Restart, Wait
from aimcore.testing.samples import HARDWARE, MISSING, NEWER, PLAIN, QWEN, SOURCE
from laws.props import (
    ABOUT_TO_END,
    CATALOGUE,
    CUSTOM,
    ENDING,
    FOUND,
    GATED,
    KEPT,
    LARGE,
    LARGE_GPUS,
    LEFT_ALONE,
    NO_WEBHOOK,
    OLD_EVENT,
    OTHER,
    OTHER_SOURCE,
    OWN,
    OWN_MODEL,
    OWN_TEMPLATE,
    SAME_PATH,
    SLOW,
    THEIR_CACHE,
    THEIR_JOB,
    THEIR_REPLICAS,
    THEIR_ROUTE,
    UNMARKED,
    WEIGHTS,
    cache_of,
    custom_model,
    described,
    looked_at_again,
    marked,
    named_template,
    placed_on,
    sized,
    tuned,
)
from laws.scenarios import CHAT, CONFIG, EVERYTHING, ROUTED, chat, history, obj

TURNS: Mapping[str, History] = {
    "a shared cache is removed, its weights stay": history(
        chat(), Wait(900), Remove(CHAT), Wait(60), RemoveAny("AIMTemplateCache", 0), Wait(300)
    ),
    "a shared cache is removed while it is used": history(
        chat(), Wait(900), RemoveAny("AIMTemplateCache", 0), Wait(300)
    ),
    "a cache is removed while it downloads": history(
        chat(), Wait(150), RemoveAny("AIMTemplateCache", 0), Wait(900), **SLOW
    ),
    "a dedicated cache goes with its service": history(EVERYTHING, Wait(900), Remove(CHAT), Wait(300)),
    "a dedicated cache goes while it downloads": history(EVERYTHING, Wait(150), Remove(CHAT), Wait(300), **SLOW),
    "two with a dedicated cache each": history(
        chat(caching={"mode": "Dedicated"}), obj("AIMService", "other", {
            "model": {"image": QWEN}, "caching": {"mode": "Dedicated"},
        }), Wait(900), Remove(CHAT), Wait(300),
    ),
    "one of two that share leaves": history(chat(), OTHER, Wait(900), Remove(CHAT), Wait(300)),
    "weights that are there already": history(
        WEIGHTS, Wait(600), chat(model=CUSTOM, template={"allowUnoptimized": True}), images=[{"image": PLAIN}]
    ),
    "weights with other variables": history(
        obj("AIMArtifact", "weights", {
            "sourceUri": SOURCE["sourceUri"], "size": "64Gi", "env": [{"name": "HF_ENDPOINT", "value": "https://a.test"}],
        }), Wait(600), chat(model=CUSTOM, template={"allowUnoptimized": True}), images=[{"image": PLAIN}],
    ),
    "weights are made anew": history(
        WEIGHTS, Wait(600), RemoveAny("AIMArtifact", 0), Wait(60), WEIGHTS, Wait(600)
    ),
    "a claim is lost while it serves": history(
        EVERYTHING, Wait(900), EditAny("PersistentVolumeClaim", 0, {"status": {"phase": "Lost"}}, "status"), Wait(600)
    ),
    "two at one path": history(
        chat(routing=SAME_PATH), Wait(60), obj("AIMService", "other", {"model": {"image": QWEN}, "routing": SAME_PATH})
    ),
    "a path that cannot be": history(chat(routing={**ROUTED, "pathTemplate": "/{.metadata.labels['none']}"})),
    "a path that climbs": history(chat(routing={**ROUTED, "pathTemplate": "/a/../b"})),
    "a revision that nobody knows": history(chat(), Wait(900), marked("99"), chat(replicas=2), Wait(600)),
    "an InferenceService without a mark": history(
        chat(), Wait(900), EditAny("InferenceService", 0, UNMARKED), chat(replicas=2), Wait(600)
    ),
    "our scaling takes over from KServe's": history(
        EVERYTHING, Wait(900), obj("AIMRuntimeConfig", "default", CONFIG), Wait(900)
    ),
    "scaling goes back to KServe": history(
        obj("AIMRuntimeConfig", "default", CONFIG), EVERYTHING, Wait(900),
        obj("AIMRuntimeConfig", "default", {**CONFIG, "autoscaling": {"scaledObject": "kserve"}}), Wait(900),
    ),
    "no more labels are passed on": history(
        obj("AIMRuntimeConfig", "default", {**CONFIG, "labelPropagation": {"enabled": False, "match": ["team"]}}),
        obj("AIMService", "chat", {"model": {"image": QWEN}, "maxReplicas": 2}, labels={"team": "a", "cost": "1"}),
    ),
    "two configs": history(
        obj("AIMClusterRuntimeConfig", "default", {"env": [{"name": "B", "value": "1"}, {"name": "C", "value": "1"}]}),
        obj("AIMRuntimeConfig", "default", CONFIG), chat(maxReplicas=2, env=[{"name": "C", "value": "3"}]),
    ),
    "a namespace ends": history(
        EVERYTHING, Wait(900), Remove(ENDING), Wait(300),
    ),
    "the replicas are set to less": history(chat(replicas=3), Wait(900), chat(replicas=1), Wait(600)),
    "a restart on the way": history(chat(), Wait(40), Restart(), Wait(30), Restart(), Wait(600), Restart()),
    "one name is two objects": history(
        obj("AIMModel", "qwen", {"image": QWEN}), obj("AIMClusterModel", "qwen", {"image": PLAIN}),
        obj("AIMService", "chat", {"model": {"name": "qwen"}}),
    ),
    "weights whose claim is removed right after": history(
        WEIGHTS, Wait(50), RemoveAny("PersistentVolumeClaim", 0), Wait(20), RemoveAny("PersistentVolumeClaim", 0),
        Wait(900),
    ),
    "a cache of nobody is removed while it downloads": history(
        *OWN_TEMPLATE, cache_of("tuned"), Wait(150), Remove(Key("AIMTemplateCache", "ml-team", "tuned")), Wait(900),
        images=[{"image": PLAIN}], **SLOW,
    ),
    "a cache of nobody is removed": history(
        *OWN_TEMPLATE, cache_of("tuned"), Wait(900), Remove(Key("AIMTemplateCache", "ml-team", "tuned")), Wait(300),
        images=[{"image": PLAIN}],
    ),
    "a lost claim is mounted when its cache is removed": history(
        EVERYTHING, Wait(900), EditAny("PersistentVolumeClaim", 0, {"status": {"phase": "Lost"}}, "status"), Wait(60),
        RemoveAny("AIMTemplateCache", 0), Wait(300),
    ),
    "weights are made anew while they serve": history(EVERYTHING, Wait(900), RemoveAny("AIMArtifact", 0), Wait(600)),
    "a service that shares meets weights with an owner": history(
        chat(caching={"mode": "Dedicated"}), Wait(900), OTHER, Wait(900)
    ),
    "one source of two fails": history(
        OWN_TEMPLATE[0], tuned(modelSources=[{**SOURCE, "size": "8Gi"}, {**GATED, "size": "8Gi"}]),
        chat(model={"name": "own"}, template={"name": "tuned", "allowUnoptimized": True}), Wait(900),
        images=[{"image": PLAIN}], sources=[{"uri": GATED["sourceUri"], "fault": "gated"}],
    ),
    "two wait for a download that fails": history(
        chat(), OTHER, Wait(900), sources=[{"uri": "hf://*", "fault": "gated"}]
    ),
    "a template in use becomes obsolete": history(
        OWN_MODEL, chat(model={"name": "own"}), Wait(900), Edit(OWN, {"spec": {"image": NEWER}}), Wait(900)
    ),
    "metadata of a model is edited": history(
        described(gpuCount=1), Wait(300), described(gpuCount=2), Wait(300), images=[{"image": PLAIN}]
    ),
    "no such image, and restarts": history(
        chat(model={"image": MISSING}), Wait(90), Restart(), Wait(3), Restart(), Wait(600)
    ),
    "a registry is gone when the controller starts": history(
        CATALOGUE, Wait(60), Alter({"images": [{"image": "amdenterpriseai/*", "fault": "unreachable"}]}), Restart(),
        Wait(90), Restart(), Wait(7200), images=FOUND,
    ),
    "a catalogue with a limit": history(
        obj("AIMClusterModelSource", "catalogue", {
            "filters": [{"image": "amdenterpriseai/aim-*"}], "versions": ["0.8.4"], "maxModels": 1,
        }),
        Wait(60), Restart(), Wait(30), Restart(), Wait(7200), images=FOUND,
    ),
    "one of two that share leaves while it downloads": history(
        chat(), OTHER, Wait(150), Remove(CHAT), Wait(900), **SLOW
    ),
    "a service leaves while it downloads": history(chat(), Wait(150), Remove(CHAT), Wait(900), **SLOW),
    "a namespace ends while it downloads": history(chat(), Wait(150), Remove(ENDING), Wait(900), **SLOW),
    "a service and its template name one variable": history(
        OWN_MODEL, tuned(env=[{"name": "A", "value": "low"}, {"name": "AIM_ENGINE_ARGS", "value": '{"a":1,"b":1}'}]),
        chat(model={"name": "own"}, template={"name": "tuned", "allowUnoptimized": True}, env=[
            {"name": "A", "value": "high"}, {"name": "AIM_ENGINE_ARGS", "value": '{"b":2}'},
        ]),
        Wait(900),
    ),
    "another template is chosen while a dedicated cache downloads": history(
        chat(caching={"mode": "Dedicated"}), Wait(150),
        chat(caching={"mode": "Dedicated"}, overrides={"metric": "throughput"}), Wait(900),
        **SLOW,
    ),
    "the model of a running service is removed": history(
        OWN_MODEL, chat(model={"name": "own"}), Wait(900), Remove(OWN), Wait(60),
        chat(model={"name": "own"}, replicas=2), Wait(300),
    ),
    "the elder takes the path of the younger": history(
        chat(routing={**ROUTED, "pathTemplate": "/one"}), Wait(60),
        obj("AIMService", "other", {"model": {"image": QWEN}, "routing": {**ROUTED, "pathTemplate": "/two"}}),
        Wait(900), chat(routing={**ROUTED, "pathTemplate": "/two"}), Wait(600),
    ),
    "the config of a running service is removed": history(
        obj("AIMRuntimeConfig", "mine", CONFIG), chat(runtimeConfigName="mine", maxReplicas=2), Wait(900),
        Remove(Key("AIMRuntimeConfig", "ml-team", "mine")), Wait(600),
    ),
    "two templates are as good": history(
        *OWN_TEMPLATE, named_template("tuned-too"), Wait(300),
        chat(model={"name": "own"}, template={"allowUnoptimized": True}), Wait(300), images=[{"image": PLAIN}],
    ),
    "all templates are for a GPU that is not there": history(
        OWN_TEMPLATE[0], tuned(hardware={"gpu": {"requests": 1, "model": "MI355X"}}), Wait(300),
        chat(model={"name": "own"}, template={"allowUnoptimized": True}), Wait(300), images=[{"image": PLAIN}],
    ),
    "two caches of one download that fails": history(
        chat(), obj("AIMService", "other", {"model": {"image": QWEN}, "overrides": {"metric": "throughput"}}),
        Wait(900), sources=[{"uri": "hf://*", "fault": "gated"}],
    ),
    "a template is derived for a precision": history(
        chat(overrides={"precision": "fp8"}, template={"allowUnoptimized": True})
    ),
    "a template is derived for a metric": history(
        *OWN_TEMPLATE, chat(
            model={"name": "own"}, template={"name": "tuned", "allowUnoptimized": True},
            overrides={"metric": "throughput"},
        ), Wait(900), images=[{"image": PLAIN}],
    ),
    "any GPU with enough memory": history(
        chat(model={"custom": {**CUSTOM["custom"], "hardware": {"gpu": {"requests": 1, "minVram": "192G"}}}},
             template={"allowUnoptimized": True}),
        Wait(600), images=[{"image": PLAIN}],
        nodes=[
            {"name": "c", "deviceId": "74b5", "vram": "192G"}, {"name": "a", "deviceId": "74a1", "vram": "192G"},
            {"name": "b", "deviceId": "75a0", "vram": "288G"}, {"name": "d", "deviceId": "740c", "vram": "64G"},
        ],
    ),
    "a template for a GPU that is not there": history(
        OWN_MODEL, tuned(hardware={"gpu": {"requests": 1, "model": "MI355X"}}), Wait(300),
        chat(model={"name": "own"}, template={"name": "tuned", "allowUnoptimized": True}), Wait(300),
    ),
    "what one cluster config says and another leaves open": history(
        obj("AIMClusterRuntimeConfig", "default", {**CONFIG, "storage": {"defaultStorageClassName": "slow"}}),
        obj("AIMRuntimeConfig", "default", {"storage": {"defaultStorageClassName": "standard"}}), chat(), Wait(900),
        storageClasses=[{"name": "standard", "default": True}, {"name": "slow"}],
    ),
    "a running service is given another template": history(
        chat(), Wait(900), chat(overrides={"metric": "throughput"}), Wait(900)
    ),
    "a better template comes while a service runs": history(
        OWN_MODEL, chat(model={"name": "own"}), Wait(900), tuned(profileId="better"), Wait(900)
    ),
    "a child is labelled by somebody else": history(
        EVERYTHING, Wait(900), EditAny("HTTPRoute", 0, {"metadata": {"labels": {"team": "theirs"}}}), Wait(60),
        chat(replicas=2, routing=ROUTED), Wait(600),
    ),
    "a Job of somebody else bears a template's label": history(
        OWN_MODEL, THEIR_JOB, obj("AIMServiceTemplate", "tuned", {"modelName": "own", "hardware": HARDWARE[0]}),
        Wait(600),
    ),
    "a GPU with exactly the memory": history(
        chat(model=LARGE, template={"allowUnoptimized": True}), Wait(600), images=[{"image": PLAIN}], nodes=LARGE_GPUS,
    ),
    "GPUs in the order of another controller": history(
        chat(model=LARGE, template={"allowUnoptimized": True}), Wait(600), placed_on("74bd", "74b5", "74a9", "74a1"),
        Wait(600), images=[{"image": PLAIN}], nodes=LARGE_GPUS,
    ),
    "the hardware of a custom model is edited": history(
        custom_model(HARDWARE[0]), Wait(300), custom_model({"gpu": {"requests": 2, "model": "MI300X"}}), Wait(300),
        images=[{"image": PLAIN}],
    ),
    "of two models of one image the chosen one fails": history(
        obj("AIMModel", "a", {"image": QWEN}), Wait(300), chat(), Wait(900), obj("AIMModel", "b", {"image": QWEN}),
        Wait(300), obj("AIMModel", "a", {"image": MISSING}), Wait(600),
    ),
    "two configs that route": history(
        obj("AIMClusterRuntimeConfig", "default", CONFIG),
        obj("AIMRuntimeConfig", "default", {"routing": {
            "enabled": True, "gatewayRef": {"name": "other", "namespace": "kgateway-system"}, "pathTemplate": "/mine",
        }}),
        chat(maxReplicas=2), Wait(900),
    ),
    "a dedicated cache of somebody else has the name": history(
        THEIR_CACHE, chat(caching={"mode": "Dedicated"}), Wait(900)
    ),
    "a template that is left alone names a GPU that has gone": history(
        OWN_TEMPLATE[0], tuned(), Wait(300), EditAny("AIMServiceTemplate", 0, LEFT_ALONE),
        Alter({"images": [{"image": PLAIN}], "nodes": [{"name": "other", "deviceId": "75a0", "vram": "288G"}]}),
        Wait(60), chat(model={"name": "own"}, template={"allowUnoptimized": True}), Wait(600),
        images=[{"image": PLAIN}],
    ),
    "a cache that is left alone names weights that are not there": history(
        chat(), Wait(900), Remove(CHAT), Wait(60), EditAny("AIMTemplateCache", 0, LEFT_ALONE),
        EditAny("AIMTemplateCache", 0, {
            "status": {"artifacts": {"hf---qwen-qwen3-32b-c00b812b59": {"status": "Progressing"}}},
        }, "status"),
        chat(), Wait(600),
    ),
    "one of two artifacts that serve cannot be had again": history(
        OWN_TEMPLATE[0], tuned(modelSources=[{**SOURCE, "size": "8Gi"}, {**OTHER_SOURCE, "size": "8Gi"}]),
        chat(model={"name": "own"}, template={"name": "tuned", "allowUnoptimized": True}), Wait(900),
        Alter({"images": [{"image": PLAIN}], "sources": [{"uri": OTHER_SOURCE["sourceUri"], "fault": "gated"}]}),
        RemoveAny("AIMArtifact", 0), RemoveAny("AIMArtifact", 1), RemoveAny("AIMArtifact", 0), Wait(30),
        RemoveAny("Pod", 0), Wait(900), images=[{"image": PLAIN}],
    ),
    "an old event of one that is restarted": history(
        chat(), Wait(900), OLD_EVENT, Alter({"images": [{"image": QWEN, "runs": "hang"}]}), RemoveAny("Pod", 0),
        Wait(30),
    ),
    "model and image are taken away": history(
        *OWN_TEMPLATE, chat(model={"name": "own"}, template={"name": "tuned", "allowUnoptimized": True}), Wait(900),
        Remove(OWN), EditAny("InferenceService", 0, {
            "spec": {"predictor": {"containers": [{"name": "kserve-container"}]}},
        }), Wait(300), images=[{"image": PLAIN}],
    ),
    "another template is named when the InferenceService is removed": history(
        chat(), Wait(900), Edit(CHAT, {"spec": {"template": {
            "name": "amdenterpriseai-aim-qwen-qwen3-32b-0-8-1x-mi300x-thr-fp16-2734",
        }}}), RemoveAny("InferenceService", 0), Wait(900),
    ),
    "scaling is to begin while KServe's webhook fails": history(
        obj("AIMRuntimeConfig", "default", CONFIG), chat(), Wait(900), NO_WEBHOOK, chat(maxReplicas=3), Wait(300)
    ),
    "scaling is to end while KServe's webhook fails": history(
        obj("AIMRuntimeConfig", "default", CONFIG), EVERYTHING, Wait(900), NO_WEBHOOK,
        chat(caching={"mode": "Dedicated"}), Wait(300),
    ),
    "a service in a namespace that is about to end": history(ABOUT_TO_END, chat(), Wait(300)),
    "weights in a namespace that is about to end": history(ABOUT_TO_END, WEIGHTS, Wait(300)),
    "a service leaves a namespace that is about to end": history(
        chat(), Wait(150), ABOUT_TO_END, Remove(CHAT), Wait(900), **SLOW
    ),
    "no Job can be made": history(chat(), Wait(300), failingWebhooks=["Job"]),
    "no claim can be made": history(chat(), Wait(300), failingWebhooks=["PersistentVolumeClaim"]),
    "no pod is within the quota": history(chat(), Wait(600), podQuota={"ml-team": 0}),
    "somebody scales an InferenceService of a former controller": history(
        chat(replicas=1), Wait(900), EditAny("InferenceService", 0, UNMARKED), THEIR_REPLICAS, Wait(30),
        *looked_at_again(), Wait(300),
    ),
    "KServe fills in resources that are not ours to remove": history(
        chat(), Wait(900), *looked_at_again(), kserve={"webhookFillsResources": True}
    ),
    "an obsolete template cannot be written": history(
        OWN_MODEL, Wait(300), Alter({"failingWebhooks": ["AIMServiceTemplate"]}), Edit(OWN, {"spec": {"image": NEWER}}),
        Wait(600), Alter({}), Wait(900),
    ),
    "a template that is kept from being deleted changes": history(
        custom_model(env=["A"]), Wait(300), EditAny("AIMServiceTemplate", 0, KEPT), RemoveAny("AIMServiceTemplate", 0),
        Wait(30), custom_model(env=["A", "B"]), Wait(300), images=[{"image": PLAIN}],
    ),
    "a limit is taken out": history(
        chat(resources={"limits": {"cpu": "8", "memory": "64Gi"}}), Wait(900),
        chat(resources={"limits": {"memory": "64Gi"}}), Wait(300),
    ),
    "a label that is passed on is taken out": history(
        obj("AIMRuntimeConfig", "default", CONFIG),
        obj("AIMService", "chat", {"model": {"image": QWEN}}, labels={"team": "a"}), Wait(900),
        Edit(CHAT, {"metadata": {"labels": {"team": None}}}), Wait(300),
    ),
    "a variable of a model is taken out": history(
        custom_model(env=["A", "B"]), Wait(300), custom_model(env=["A"]), Wait(300), images=[{"image": PLAIN}]
    ),
    "somebody takes a route again and again": history(
        chat(routing=ROUTED), Wait(900), *((THEIR_ROUTE, Wait(20)) * 5), Wait(300)
    ),
    "a size is said in other words": history(
        sized("8Gi"), Wait(300), sized("8192Mi"), Wait(300), images=[{"image": PLAIN}]
    ),
}  # fmt: skip
