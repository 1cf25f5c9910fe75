"""Small worlds around one service template and its discovery."""

import json

from aimcore.facts import PodLog
from aimcore.kinds.template import plan_template
from aimcore.resource import Key
from core.kind_rounds import Rounds, aim, finished, node, pod

PLANNERS = {"AIMServiceTemplate": plan_template, "AIMClusterServiceTemplate": plan_template}
IMAGE = "ghcr.io/test/image:latest"
GPU = {"gpu": {"model": "MI300X", "requests": 1, "resourceName": "amd.com/gpu"}}
SOURCE = {"modelId": "a/b", "sourceUri": "hf://a/b", "size": "9094593249"}
OUTPUT = json.dumps([{"profile": {"metadata": {"gpu": "MI300X", "gpu_count": 2}}, "models": [
    {"name": "a/b", "source": "hf://a/b"}]}])  # fmt: skip


def world(count=1, *, nodes=True, settings=None, model=None, namespace="ns", **spec):
    rounds = Rounds(PLANNERS, settings=settings)
    kind = "AIMModel" if namespace else "AIMClusterModel"
    if model is not False:
        rounds.put(aim(kind, "test-model", namespace, spec={"image": IMAGE, **(model or {})}))
    if nodes:
        rounds.put(node("gpu", "74a1"))
    kind = "AIMServiceTemplate" if namespace else "AIMClusterServiceTemplate"
    for i in range(count):
        name = "my-template" if count == 1 else f"t{i:02}"
        rounds.put(aim(kind, name, namespace, spec={"modelName": "test-model", "hardware": GPU, **spec}))
    return rounds


def template(rounds):
    return (rounds.all("AIMServiceTemplate") + rounds.all("AIMClusterServiceTemplate"))[0]


def key(rounds):
    found = template(rounds)
    return Key(found["kind"], found["metadata"].get("namespace", ""), found["metadata"]["name"])


def job(rounds):
    (found,) = rounds.all("Job")
    return Key("Job", found["metadata"]["namespace"], found["metadata"]["name"])


def fail(rounds, message="it broke"):
    rounds.patch(job(rounds), {"status": finished("Failed", "BackoffLimitExceeded", message)})
    rounds.settle()


def succeed(rounds, log=OUTPUT, target=None):
    found = target or job(rounds)
    rounds.patch(found, {"status": finished()})
    uid = rounds.put(pod(f"p-{found.name}", found.namespace, found.name, "Succeeded"))["metadata"]["uid"]
    rounds.answer(PodLog(found.namespace, f"p-{found.name}", uid, "discovery", None), log)
    rounds.settle()
