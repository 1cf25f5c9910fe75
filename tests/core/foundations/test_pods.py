"""Pods and their logs become component health."""

from __future__ import annotations

import pytest

from aimcore.conditions import Category, Depends, State
from aimcore.facts import Failure, FailureKind
from aimcore.health.logs import find_cause
from aimcore.health.pods import pods_health
from foundations.workloads import (
    check,
    event,
    log,
    pod,
    snapshot,
    terminated,
    waiting,
)

# ---- pods -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-11.3")
@pytest.mark.parametrize(
    ("pods", "state", "reason", "message"),
    [
        ([], State.PROGRESSING, "NoPods", "No pods found"),
        ([pod("a", "Succeeded")], State.READY, "PodsReady", "Pods are ready"),
        ([pod("b", "Pending"), pod("a", "Running", ready=True)], State.READY, "PodsReady", "Pods are ready"),
        ([pod("a", "Running")], State.STARTING, "PodsStarting", "Pods are running, waiting for readiness"),
        ([pod("a", "Pending")], State.PENDING, "PodsPending", "Pods are pending"),
        ([pod("a", "Unknown")], State.PROGRESSING, "PodsProgressing", "Pods are progressing"),
    ],
)
def test_pods_are_as_the_first_rule_says(pods, state, reason, message):
    health = check(pods)
    assert (health.state, health.reason, health.message, health.depends) == (state, reason, message, Depends.NONE)
    if pods:
        assert check(pods, predictor=True) == health


@pytest.mark.parametrize(
    ("text", "category", "reason"),
    [
        ("pull access denied", Category.AUTH, "ImagePullAuthFailure"),
        ("manifest unknown", Category.MISSING_UPSTREAM, "ImageNotFound"),
        ("i/o timeout", Category.INFRASTRUCTURE, "ImagePullBackOff"),
    ],
)
def test_an_image_that_is_not_pulled_is_classified(text, category, reason):
    for pulling in ("ErrImagePull", "ImagePullBackOff"):
        health = check([pod("b", "Running", ready=True), pod("a", "Pending", init=[waiting(pulling, text, "init")])])
        assert (health.category, health.reason, health.message) == (category, reason, f"Container init: {text}")


def test_the_cause_of_a_failed_pull_outlives_the_alternation_of_the_kubelet():
    why = event("a", "Failed", 'Failed to pull image "x": manifest unknown', eventTime="2026-01-01T00:00:00Z")
    later = event("a", "Failed", "Error: ErrImagePull", name="later", eventTime="2026-01-02T00:00:00Z")
    other = event("a", "Failed", "Failed to pull image: denied", name="other", eventTime="2026-01-03T00:00:00Z")
    other["involvedObject"]["fieldPath"] = "spec.containers{sidecar}"
    backing = pod("a", "Pending", containers=[waiting("ImagePullBackOff", 'Back-off pulling image "x"')])
    trying = pod("a", "Pending", containers=[waiting("ErrImagePull", "rpc error: manifest unknown")])
    assert check([backing], why, later, other) == check([trying], why, later, other)
    health = check([backing], why, later, other)
    assert (health.reason, health.message) == (
        "ImageNotFound",
        'Container main: Failed to pull image "x": manifest unknown',
    )
    assert check([backing], why, namespace_events=False).reason == "ImagePullBackOff"


@pytest.mark.parametrize("reason", ["FailedScheduling", "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"])
def test_a_pending_pod_says_what_hinders_it(reason):
    pulling = event("a", "Pulling", "pulling", eventTime="2026-02-01T00:00:00Z")
    health = check([pod("a", "Pending")], event("a", reason, "why", eventTime="2026-01-01T00:00:00Z"), pulling)
    assert (health.state, health.reason, health.message) == (State.PENDING, reason, "why")
    assert check([pod("a", "Pending")], pulling).reason == "Pulling"
    assert check([pod("a", "Pending")], pulling).state is State.PROGRESSING
    assert check([pod("a", "Pending")], pulling, namespace_events=False).reason == "PodsPending"


def test_the_second_pending_pod_speaks_if_the_first_has_nothing_to_say():
    health = check([pod("a", "Pending"), pod("b", "Pending")], event("b", "FailedMount", "no"))
    assert health.reason == "FailedMount"


# ---- failed pods and their logs -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("failed", "reason", "category", "message"),
    [
        (
            pod("a", "Failed", containers=[terminated("OOMKilled", code=137)]),
            "PodOOMKilled",
            Category.EXHAUSTION,
            "Container main failed with exit code 137",
        ),
        (
            pod("a", "Failed", containers=[terminated("Completed", code=0)]),
            "PodFailed",
            Category.INVALID_SPEC,
            "Container main terminated with reason: Completed",
        ),
        (
            pod("a", "Failed", containers=[terminated("Odd", "said", code=0)]),
            "PodFailed",
            Category.INVALID_SPEC,
            "said",
        ),
        (
            pod("a", "Failed", init=[terminated("Odd", "said", 0, "i")]),
            "PodFailed",
            Category.INVALID_SPEC,
            "Init container i terminated with reason: Odd",
        ),
        (
            pod("a", "Failed", reason="Evicted", message="low on memory"),
            "PodEvicted",
            Category.INFRASTRUCTURE,
            "low on memory",
        ),
        (pod("a", "Failed", reason="DeadlineExceeded"), "PodDeadlineExceeded", Category.INVALID_SPEC, "Pod failed"),
        (pod("a", "Failed"), "PodFailed", Category.INVALID_SPEC, "Pod failed"),
    ],
)
def test_a_failed_pod_is_judged_by_its_end(failed, reason, category, message):
    health = check([failed])
    assert (health.reason, health.category, health.message) == (reason, category, message)


def test_a_container_that_still_runs_tells_nothing_of_the_end():
    running = {"name": "sidecar", "state": {"running": {}}}
    health = check([pod("a", "Failed", containers=[running, terminated("OOMKilled")], init=[running])])
    assert health.reason == "PodOOMKilled"
    without_reason = pod("a", "Failed", containers=[terminated("", "boom", 2)], init=[terminated("", "i", 3, "i")])
    health = check([without_reason], read_logs=False)
    assert (health.reason, health.message) == ("PodFailed", "Container main failed with exit code 2: boom")


CRASHED = pod("a", "Failed", containers=[terminated("Error", "boom", 1)])


@pytest.mark.parametrize(
    ("text", "reason", "category", "prefix"),
    [
        (
            "x\nRepository Not Found for url\ny",
            "SourceNotFound",
            Category.INVALID_SPEC,
            "Source resource not found (404): ",
        ),
        (
            "401 Unauthorized hf.co\nRepositoryNotFoundError",
            "SourceNotFound",
            Category.INVALID_SPEC,
            "Source resource not found (404): ",
        ),
        ("GET s3://b: 403", "AuthError", Category.AUTH, "Authentication error detected in pod logs: "),
        ("CANNOT ACCESS GATED REPO", "AuthError", Category.AUTH, "Authentication error detected in pod logs: "),
        (
            "401 Client Error: Unauthorized for hf.co/x",
            "AuthError",
            Category.AUTH,
            "Authentication error detected in pod logs: ",
        ),
        (
            "write: no space left on device",
            "StorageFull",
            Category.EXHAUSTION,
            "Storage full error detected in pod logs: ",
        ),
        (
            "RBAC: clusterrole x not found",
            "InfrastructureError",
            Category.INFRASTRUCTURE,
            "Infrastructure error detected in pod logs: ",
        ),
        (
            "serviceaccount default cannot patch\nENOSPC",
            "StorageFull",
            Category.EXHAUSTION,
            "Storage full error detected in pod logs: ",
        ),
    ],
)
def test_the_log_of_a_crashed_container_tells_the_cause(text, reason, category, prefix):
    health = check([CRASHED], facts=log("a", text))
    assert (health.reason, health.category) == (reason, category)
    assert health.message.startswith(f"{prefix}Container main failed with exit code 1: boom\n\nLog excerpt:\n")


def test_a_log_without_a_known_cause_is_quoted():
    health = check([CRASHED], facts=log("a", "1\n2\n3\n4\n"))
    assert (health.reason, health.category) == ("PodFailed", Category.INVALID_SPEC)
    assert health.message == "Container main failed with exit code 1: boom\n\nLog excerpt:\n2\n3\n4"


def test_a_log_not_yet_read_leaves_the_condition_unknown_and_is_asked_for():
    seen = snapshot()
    health = pods_health(seen, "Pods", [CRASHED])
    assert health.unknown
    assert health.category is None
    assert list(seen.wants) == list(log("a", ""))


def test_a_log_that_is_gone_or_not_wanted_leaves_the_reason():
    gone = check([CRASHED], facts=log("a", Failure(FailureKind.NOT_FOUND, "gone")))
    assert (gone.reason, gone.unknown, gone.message) == (
        "PodFailed",
        False,
        "Container main failed with exit code 1: boom",
    )
    seen = snapshot()
    assert pods_health(seen, "Pods", [CRASHED], read_logs=False) == gone
    assert not seen.wants


def test_a_log_without_a_cause_has_none():
    assert find_cause("all is well", "m") is None


def test_endless_log_lines_neither_take_long_nor_fill_a_condition():
    endless = "model not 404 s3 " * 50_000
    health = check([CRASHED], facts=log("a", "\n".join([endless] * 50)))
    assert len(health.message) < 4000
