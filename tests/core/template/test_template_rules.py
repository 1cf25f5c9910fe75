"""Service templates: components, conditions and precedence, rule by rule."""

import json

import pytest

from aimcore.facts import PodLog
from aimcore.kinds.template import plan_template
from aimcore.kinds.template.slots import waiting_for_discovery
from aimcore.resource import Key
from aimcore.snapshot import Snapshot
from core.kind_rounds import Rounds, aim, condition_of, finished, message_of, node, pod

IMAGE = "img:1"
KINDS = pytest.mark.parametrize("namespace", ["ns", ""])


def world(namespace="ns", *, nodes=("74a1",), model=True, hardware=None, **spec):
    rounds = Rounds({"AIMServiceTemplate": plan_template, "AIMClusterServiceTemplate": plan_template})
    if model:
        kind = "AIMModel" if namespace else "AIMClusterModel"
        rounds.put(aim(kind, "m", namespace, spec={"image": IMAGE}))
    for number, device in enumerate(nodes):
        rounds.put(node(f"n{number}", device))
    kind = "AIMServiceTemplate" if namespace else "AIMClusterServiceTemplate"
    found = hardware if hardware is not None else {"gpu": {"requests": 1, "model": "MI300X"}}
    rounds.put(aim(kind, "t", namespace, spec={"modelName": "m", "hardware": found, **spec}))
    rounds.settle()
    return rounds


def template(rounds):
    return (rounds.all("AIMServiceTemplate") + rounds.all("AIMClusterServiceTemplate"))[0]


def types(rounds):
    return [c["type"] for c in template(rounds)["status"]["conditions"]]


FRAMEWORK = ["DependenciesReachable", "AuthValid", "ConfigValid", "Ready"]


@pytest.mark.rule("T-23", "T-30")
@KINDS
def test_the_components_stand_in_order_and_only_those_that_apply(namespace):
    rounds = world(namespace)
    rounds.put(aim("AIMClusterRuntimeConfig", "default", spec={}))
    rounds.settle()
    model = "ModelReady" if namespace else "ClusterModelReady"
    assert types(rounds) == ["RuntimeConfigReady", model, "DiscoveryJobReady", "GPUReady", "Discovered", *FRAMEWORK]
    (job,) = rounds.all("Job")
    metadata = job["metadata"]
    rounds.put(pod("p", metadata["namespace"], metadata["name"], "Pending"))
    rounds.settle()
    assert types(rounds)[2:4] == ["DiscoveryJobReady", "DiscoveryPodsReady"]
    plain = world(
        namespace, hardware={"cpu": {"requests": "1"}}, modelSources=[{"modelId": "a/b", "sourceUri": "hf://a/b"}]
    )
    assert types(plain) == ["RuntimeConfigReady", model, "Discovered", *FRAMEWORK]


@pytest.mark.rule("T-26", "J-7")
@pytest.mark.parametrize(
    ("status", "expected", "overall"),
    [
        ({}, ("False", "JobRunning"), "Progressing"),
        (finished("Failed", "BackoffLimitExceeded", "it broke"), ("False", "JobBackoffLimitExceeded"), "Failed"),
        (finished("Failed", "DeadlineExceeded", "too slow"), ("False", "JobDeadlineExceeded"), "Failed"),
        (finished("Failed", "Other", "odd"), ("False", "JobFailed"), "Failed"),
        (finished("Failed", "Evicted", "node gone"), ("False", "JobEvicted"), "Degraded"),
    ],
)
def test_the_state_of_the_job_decides(status, expected, overall):
    rounds = world()
    (job,) = rounds.all("Job")
    rounds.put({**job, "status": status})
    rounds.settle()
    assert condition_of(template(rounds), "DiscoveryJobReady") == expected
    assert template(rounds)["status"]["status"] == overall


@pytest.mark.rule("T-28")
@pytest.mark.parametrize(
    ("log", "reason", "framework"),
    [
        ("x\nAccess to model acme/demo is restricted\n", "AuthError", ("AuthValid", "AuthError")),
        ("x\nRepository Not Found for url\n", "SourceNotFound", ("ConfigValid", "InvalidSpec")),
        ("nothing of note\n", "PodFailed", ("ConfigValid", "InvalidSpec")),
    ],
)
def test_the_log_of_a_failed_pod_names_the_cause(log, reason, framework):
    rounds = world()
    (job,) = rounds.all("Job")
    name = job["metadata"]["name"]
    ended = {"name": "discovery", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}
    uid = rounds.put(pod("p", "ns", name, "Failed", containerStatuses=[ended]))["metadata"]["uid"]
    rounds.answer(PodLog("ns", "p", uid, "discovery"), log)
    rounds.put({**job, "status": finished("Failed", "BackoffLimitExceeded", "it broke")})
    rounds.settle()
    assert condition_of(template(rounds), "DiscoveryPodsReady") == ("False", reason)
    assert condition_of(template(rounds), framework[0]) == ("False", framework[1])
    assert log.strip().splitlines()[-1] in message_of(template(rounds), "DiscoveryPodsReady")
    assert template(rounds)["status"]["status"] == "Failed"


@pytest.mark.rule("T-36", "T-25")
def test_a_missing_model_weighs_more_than_a_missing_gpu():
    rounds = world(nodes=(), model=False)
    assert template(rounds)["status"]["status"] == "Failed"
    assert condition_of(template(rounds), "GPUReady") == ("False", "GPUNotAvailable")
    assert condition_of(template(rounds), "Ready") == ("False", "ReferenceNotFound")


def test_a_template_that_names_no_model_says_which_field():
    said = message_of(template(world(modelName="")), "ModelReady")
    assert said == "Upstream dependency not found: spec.modelName names no model"


@pytest.mark.rule("G-1")
@pytest.mark.parametrize(
    ("hardware", "needs"),
    [
        ({"gpu": {"requests": 1}}, True),
        ({"gpu": {"model": " MI300X "}}, True),
        ({"gpu": {"model": "MI300X", "requests": 0}}, True),
        ({"gpu": {"requests": 0, "model": "  "}}, False),
        ({"gpu": {"minVram": "64Gi"}}, False),
        ({"cpu": {"requests": "1"}}, False),
        ({}, False),
    ],
)
def test_a_gpu_is_needed_for_a_count_or_a_model(hardware, needs):
    assert ("GPUReady" in types(world(nodes=(), hardware=hardware))) is needs


@pytest.mark.rule("G-9", "G-10", "G-12")
def test_a_missing_gpu_is_told_with_what_there_is_in_order():
    rounds = world(nodes=("75a3", "740f", "74a5"))
    assert condition_of(template(rounds), "GPUReady") == ("False", "GPUNotAvailable")
    assert message_of(template(rounds), "GPUReady") == (
        "Required GPU model 'MI300X' not available in cluster. Available: MI210, MI325X, MI355X"
    )
    other = world(nodes=("74a5", "740f", "75a3"))
    assert message_of(template(other), "GPUReady") == message_of(template(rounds), "GPUReady")


@pytest.mark.rule("G-14", "G-13", "O-12")
def test_the_affinity_follows_the_gpu_of_the_spec_not_the_discovered_one():
    rounds = world()
    (job,) = rounds.all("Job")
    name = job["metadata"]["name"]
    rounds.put({**job, "status": finished()})
    uid = rounds.put(pod("p", "ns", name, "Succeeded"))["metadata"]["uid"]
    output = [{"profile": {"metadata": {"gpu": "MI355X", "gpu_count": 1}}, "models": []}]
    rounds.answer(PodLog("ns", "p", uid, "discovery", None), json.dumps(output))
    rounds.settle()
    affinity = template(rounds)["status"]["resolvedNodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert affinity["nodeSelectorTerms"][0]["matchExpressions"][0]["values"] == ["74a1", "74a9", "74b5", "74bd"]
    assert Key("AIMServiceTemplate", "ns", "t") in rounds.plans


@pytest.mark.rule("O-5")
def test_a_template_that_is_gone_does_not_wait_for_a_slot():
    rounds = world()
    snapshot = Snapshot(rounds.table, rounds.now)
    assert snapshot.view(waiting_for_discovery, "AIMServiceTemplate", "ns", "gone") is None
