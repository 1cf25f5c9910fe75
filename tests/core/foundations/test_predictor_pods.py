"""The pods behind an InferenceService become component health."""

from __future__ import annotations

import pytest

from aimcore.conditions import State
from foundations.workloads import (
    event,
    log,
    pod,
    predictor,
    terminated,
    waiting,
)


# ---- predictors -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "reason", ["CreateContainerConfigError", "CreateContainerError", "RunContainerError", "InvalidImageName"]
)
def test_a_container_that_cannot_start_fails_the_service_at_once(reason):
    stuck = pod("a", "Pending", containers=[waiting(reason, 'secret "huggingface-creds" not found')])
    health = predictor([stuck])
    assert (health.state, health.reason, health.category) == (State.FAILED, reason, None)
    assert health.message == 'Container main: secret "huggingface-creds" not found'


def test_the_first_failed_pull_is_no_failure_and_the_back_off_is():
    first = pod("a", "Pending", containers=[waiting("ErrImagePull", "manifest unknown")])
    assert (predictor([first]).state, predictor([first]).reason) == (State.STARTING, "ErrImagePull")
    again = predictor([first], event("a", "BackOff", "Back-off pulling image"))
    assert (again.state, again.reason) == (State.FAILED, "ImageNotFound")
    assert predictor([first], event("a", "BackOff"), namespace_events=False).state is State.STARTING
    backing = pod("a", "Pending", containers=[waiting("ImagePullBackOff", "manifest unknown")])
    assert predictor([backing]) == again


def test_a_pull_that_fails_for_the_network_is_a_failure_but_no_infrastructure_error():
    health = predictor([pod("a", "Pending", containers=[waiting("ImagePullBackOff", "i/o timeout")])])
    assert (health.state, health.reason, health.category) == (State.FAILED, "ImagePullBackOff", None)


def crashing(reason="Error", code=1, **more):
    last = {"terminated": {"reason": reason, "exitCode": code}}
    return waiting("CrashLoopBackOff", "back-off 40s", restartCount=1, lastState=last, **more)


def test_a_crash_loop_tells_exit_code_memory_and_the_previous_log():
    health = predictor([pod("a", "Running", containers=[crashing("OOMKilled", 137)])])
    assert (health.state, health.reason) == (State.FAILED, "PodCrashLooping")
    assert health.message == "Container main does not stay up: exit code 137 (OOMKilled)"
    facts = log("a", "Traceback\nValueError: bad flag", previous=True)
    health = predictor([pod("a", "Running", containers=[crashing()])], facts=facts)
    assert health.message.endswith("exit code 1\n\nLog excerpt:\nTraceback\nValueError: bad flag")
    facts = log("a", "Cannot access gated repo", previous=True)
    health = predictor([pod("a", "Running", containers=[crashing()])], facts=facts)
    assert (health.reason, health.category) == ("PodCrashLooping", None)
    assert health.message.startswith("Authentication error detected in pod logs: Container main")


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"name": "main", "restartCount": 3, "ready": False, "state": {"running": {}}}, "PodCrashLooping"),
        ({"name": "main", "restartCount": 2, "ready": False, "state": {"running": {}}}, "PodsStarting"),
        ({"name": "main", "restartCount": 9, "ready": True, "state": {"running": {}}}, "PodsStarting"),
        ({**terminated("Completed", code=0), "restartCount": 5}, "PodsStarting"),
    ],
)
def test_three_restarts_without_readiness_are_a_crash_loop(container, reason):
    assert predictor([pod("a", "Running", containers=[container])], read_logs=False).reason == reason


OLD = pod("old", "Running", ready=True, template="1")
NEW_STUCK = pod("new", "Pending", containers=[crashing()], template="2", created="2026-01-02T00:00:00Z")


def test_only_the_newest_template_decides_and_serving_pods_soften_a_failure():
    alone, served = predictor([NEW_STUCK]), predictor([NEW_STUCK, OLD])
    assert (alone.state, served.state) == (State.FAILED, State.DEGRADED)
    assert (served.reason, served.message, served.category) == (alone.reason, alone.message, None)
    starting = pod("new", "Running", template="2", created="2026-01-02T00:00:00Z")
    assert predictor([OLD, starting]).reason == "PodsStarting"


def test_pods_that_go_and_failed_ones_that_were_replaced_do_not_count():
    going = pod("going", "Running", ready=True, deleting=True)
    assert predictor([going, pod("a", "Pending")]).reason == "PodsPending"
    assert predictor([going]).reason == "PodsReady"
    evicted = pod("gone", "Failed", reason="Evicted", message="m", created="2026-01-03T00:00:00Z")
    assert predictor([evicted, pod("a", "Running", ready=True)]).reason == "PodsReady"
    assert predictor([evicted]).reason == "PodEvicted"
    assert predictor([]).reason == "NoPods"
