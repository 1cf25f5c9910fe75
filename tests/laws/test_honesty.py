"""Law 7: Ready means served, not ready names the lowest cause, conditions are well made, and no secret is told."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from aimcore.resource import Json
from aimcore.simulation.cluster import Cluster, PatchType
from aimcore.simulation.faults import spoilt
from aimcore.testing.condition_lint import lint_conditions
from aimcore.testing.convergence import break_and_repair
from aimcore.testing.histories import START, Edit, History, Play, Put, Wait
from aimcore.testing.honesty import Auditor, unexplained, unserved
from aimcore.testing.strategies import histories
from laws.scenarios import ALL, CHAT, chat
from laws.tally import MINUTES, Tally, effort

CANARY = "hf_CANARYcanaryCANARYcanary"
SECRET: Json = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "hf", "namespace": "ml-team"},
    "data": {"token": base64.b64encode(CANARY.encode()).decode()},
}
CANARIES = (CANARY, SECRET["data"]["token"])


def audited(history: History, cluster: Cluster, tally: Tally) -> Play:
    play = Play(history.world, cluster=cluster.fork(), operator=history.operator)
    auditor = Auditor(play.driver, secrets=CANARIES)
    play.act([Put(SECRET), *history.actions])
    play.converge(timedelta(hours=1))
    if play.is_silent(timedelta(hours=1)):
        tally.tried["statuses at rest"] += auditor.look()
    tally.tried["statuses audited"] += auditor.statuses
    tally.tried["statuses that said Ready"] += auditor.ready
    return play


@pytest.mark.parametrize("name", ALL)
def test_every_status_of_a_scenario_is_honest(name: str, cluster: Cluster, tally: Tally) -> None:
    audited(ALL[name], cluster, tally)


@pytest.mark.timeout(max(120, MINUTES * 120))
def test_every_status_of_any_history_is_honest(cluster: Cluster, tally: Tally) -> None:
    @effort(40)
    @given(histories())
    def is_honest(history: History) -> None:
        tally.note(audited(history, cluster, tally))

    is_honest()


LOWEST = {
    "image-not-found": "MANIFEST_UNKNOWN",
    "image-unauthorized": "UNAUTHORIZED",
    "registry-unreachable": "no such host",
    "server-crashes": "bad engine arguments",
    "server-out-of-memory": "OOMKilled",
    "model-not-found": "RepositoryNotFoundError",
    "model-gated": "must have access to it",
    "nodes-gone": "no matching GPUs",
    "gateway-gone": "inference-gateway",
    "listeners-closed": "not allowed to attach to any listener",
    "routes-rejected": "UnsupportedValue",
    "kserve-webhook-down": "webhook",
    "quota-used-up": "quota",
}
"""What the message of Ready has of the lowest cause, by fault."""


@pytest.mark.parametrize("fault", LOWEST)
def test_a_service_that_is_not_ready_names_the_lowest_cause(fault: str, cluster: Cluster, tally: Tally) -> None:
    play = Play({}, cluster=cluster.fork())
    auditor = Auditor(play.driver)
    play.world.change(spoilt(play.world.settings, fault))
    play.act(ALL["everything at once"].actions)
    play.pass_time(timedelta(minutes=30))
    service = play.cluster.peek(*CHAT)
    assert service is not None
    ready = service["status"]["conditions"][-1]
    assert ready["status"] == "False"
    assert LOWEST[fault] in ready["message"]
    tally.tried["statuses audited"] += auditor.statuses


def test_no_secret_is_told_by_plans_events_and_statuses(cluster: Cluster, tally: Tally) -> None:
    env = [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}]
    play = audited(History({}, (chat(env=env, caching={"mode": "Dedicated"}),)), cluster, tally)
    kinds = (t.name for t in play.cluster.types() if t.name != "Secret")
    stored = json.dumps([o for kind in kinds for o in play.cluster.objects(kind)])
    told = str(play.driver.events) + stored
    assert "secretKeyRef" in stored
    assert not [canary for canary in CANARIES if canary in told]


PLAIN_VALUE = "plain-CANARY-value"


def test_values_of_the_environment_stay_in_manifests(cluster: Cluster) -> None:
    """A value that somebody wrote into a spec instead of a Secret is passed on to the pods and told nowhere else."""
    play = Play({"nodes": []}, cluster=cluster.fork())
    play.act([chat(env=[{"name": "HF_TOKEN", "value": PLAIN_VALUE}], resources={"limits": {"cpu": "-1"}})])
    play.converge()
    statuses = [o.get("status") for kind in ("AIMService", "AIMModel") for o in play.cluster.objects(kind)]
    assert PLAIN_VALUE not in json.dumps(statuses) + str(play.driver.events)


GOOD: dict[str, Any] = {
    "type": "ModelReady",
    "status": "False",
    "reason": "ModelNotReady",
    "message": "it waits",
    "lastTransitionTime": "2026-11-23T12:00:00Z",
    "observedGeneration": 3,
}
BAD: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "stands 2 times": ([GOOD, GOOD], []),
    "Ready is not the last": ([{**GOOD, "type": "Ready"}, GOOD], []),
    "its members are": ([{**GOOD, "severity": "Info"}], []),
    "no CamelCase": ([{**GOOD, "reason": "not camel"}], []),
    "status is 'Maybe'": ([{**GOOD, "status": "Maybe"}], []),
    "no whole sentence": ([{**GOOD, "message": "cut off: "}], []),
    "says nothing": ([{**GOOD, "message": ""}], []),
    "is no time": ([{**GOOD, "lastTransitionTime": "2027-01-01T00:00:00Z"}], []),
    "observedGeneration is 2": ([{**GOOD, "observedGeneration": 2}], []),
    "went back": ([{**GOOD, "status": "True"}], [{**GOOD, "lastTransitionTime": "2026-11-23T12:00:01Z"}]),
    "moved, its status did not": ([GOOD], [{**GOOD, "lastTransitionTime": "2026-11-23T11:00:00Z"}]),
}


@pytest.mark.parametrize("fault", BAD)
def test_the_linter_finds_each_fault(fault: str) -> None:
    new, old = BAD[fault]
    assert any(fault in said for said in lint_conditions(new, old, 3, START))


def test_the_linter_is_silent_about_good_conditions() -> None:
    assert not list(lint_conditions([GOOD, {**GOOD, "type": "Ready"}], [GOOD], 3, START))


def test_a_ready_that_no_component_explains_is_found() -> None:
    ready = {**GOOD, "type": "Ready", "message": "something is wrong"}
    assert list(unexplained(ready, [GOOD, ready]))
    assert list(unexplained(ready, [ready]))
    assert not list(unexplained({**ready, "message": "Waiting: it waits"}, [GOOD]))


def test_the_template_that_serves_is_not_told_as_rejected(cluster: Cluster) -> None:
    play = Play({}, cluster=cluster.fork())
    play.act(ALL["quick start"].actions)
    play.pass_time(timedelta(seconds=13))
    break_and_repair(play, "nodes-gone", lasting=timedelta(minutes=7))
    play.converge()
    service = play.cluster.peek(*CHAT)
    assert service is not None
    assert service["status"]["status"] == "Running"
    name = service["status"]["resolvedTemplate"]["name"]
    candidates = service["status"].get("templateSelection", {}).get("candidates", [])
    assert {c["result"] for c in candidates if c["name"] == name} <= {"chosen"}


def test_a_ready_that_nobody_serves_is_found(cluster: Cluster) -> None:
    play = Play({}, cluster=cluster.fork())
    play.act([chat(), Wait(600)])
    service = play.cluster.peek(*CHAT)
    assert service is not None
    assert not list(unserved(play.driver, service))
    [key] = play.keys("InferenceService")
    containers = [{"name": "kserve-container", "image": "another:1"}]
    play.act([Edit(key, {"spec": {"predictor": {"containers": containers}}})])
    play.driver.observe()
    assert any("not made of what" in said for said in unserved(play.driver, service))
    for pod in play.keys("Pod"):
        play.cluster.patch(
            pod, {"status": {"conditions": []}}, PatchType.MERGE, subresource="status", manager="kubelet"
        )
    play.driver.observe()
    assert any("no pod of the newest" in said for said in unserved(play.driver, service))


def test_a_plan_that_tells_a_secret_is_found(cluster: Cluster) -> None:
    play = Play({}, cluster=cluster.fork())
    Auditor(play.driver, secrets=[PLAIN_VALUE])
    with pytest.raises(AssertionError, match="No secret anywhere"):
        play.act([chat(env=[{"name": "HF_TOKEN", "value": PLAIN_VALUE}]), Wait(600)])
