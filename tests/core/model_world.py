"""Small worlds around one model."""

import json

from aimcore.kinds.model import plan_model
from aimcore.resource import Key
from core.kind_rounds import Rounds, aim

PLANNERS = {"AIMModel": plan_model, "AIMClusterModel": plan_model}
KEY = Key("AIMModel", "ns", "m")
ONE = {"gpuModel": "MI300X", "gpuCount": 2, "metric": "latency", "precision": "fp8", "profileId": "p"}
DIGEST = "sha256:" + "d" * 64
SOURCE = {"modelId": "a/b", "sourceUri": "hf://a/b"}


def world(name="m", namespace="ns", status=None, **spec):
    rounds = Rounds(PLANNERS)
    kind = "AIMModel" if namespace else "AIMClusterModel"
    rounds.put(aim(kind, name, namespace, spec={"image": "img:1", **spec}, status=status or {}))
    return rounds


def model(rounds):
    return (rounds.all("AIMModel") + rounds.all("AIMClusterModel"))[0]


def templates(rounds):
    return {
        t["metadata"]["name"]: t for t in rounds.all("AIMServiceTemplate") + rounds.all("AIMClusterServiceTemplate")
    }


def labelled(*deployments):
    return {
        "com.amd.aim.model.canonicalName": "a/b",
        "com.amd.aim.model.recommendedDeployments": json.dumps(deployments),
    }


def metadata_of(*deployments):
    return {"model": {"recommendedDeployments": list(deployments)}}
