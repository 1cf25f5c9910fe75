"""Jobs, claims, pods and logs become component health."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.conditions import Category, Depends, State
from aimcore.facts import Answer, Failure, FailureKind, PodLog
from aimcore.health.claims import claim_health
from aimcore.health.events import last_occurred, newest_event
from aimcore.health.jobs import is_failed, is_finished, is_succeeded, job_health
from aimcore.health.logs import find_cause
from aimcore.health.pods import pods_health
from aimcore.resource import Resource
from aimcore.snapshot import Snapshot, Unreadable
from aimcore.table import Table

NOW = datetime(2026, 11, 23, 15, 33, tzinfo=UTC)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                [
                    "phase",
                    "conditions",
                    "containerStatuses",
                    "state",
                    "waiting",
                    "terminated",
                    "type",
                    "status",
                    "reason",
                ]
            ),
            inner,
        )
    ),
    max_leaves=10,
)


def snapshot(*objects, facts=None):
    table = Table(objects)
    for want, value in (facts or {}).items():
        table.learn_answer(want, Answer(value, NOW))
    return Snapshot(table, NOW)


def job(*conditions):
    return Resource.of(
        {"kind": "Job", "metadata": {"name": "j", "namespace": "ns"}, "status": {"conditions": list(conditions)}}
    )


def ended(type_, reason="", message="", status="True"):
    return {"type": type_, "status": status, "reason": reason, "message": message}


# ---- jobs -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("conditions", "state", "category", "reason", "message"),
    [
        ([], State.PROGRESSING, None, "JobRunning", "Job is in progress"),
        ([ended("Complete")], State.READY, None, "Ready", ""),
        (
            [ended("Failed", "BackoffLimitExceeded", "m")],
            State.FAILED,
            Category.INVALID_SPEC,
            "JobBackoffLimitExceeded",
            "m",
        ),
        ([ended("Failed", "DeadlineExceeded", "m")], State.FAILED, Category.INVALID_SPEC, "JobDeadlineExceeded", "m"),
        ([ended("Failed", "Evicted", "m")], State.DEGRADED, Category.INFRASTRUCTURE, "JobEvicted", "m"),
        ([ended("Failed", "Odd")], State.FAILED, Category.INVALID_SPEC, "JobFailed", "Job failed"),
        ([ended("Failed", 5, 6)], State.FAILED, Category.INVALID_SPEC, "JobFailed", "Job failed"),
        (
            [ended("Failed", status="False"), ended("SuccessCriteriaMet")],
            State.PROGRESSING,
            None,
            "JobRunning",
            "Job is in progress",
        ),
        ([ended("FailureTarget"), ended("Complete"), ended("Failed")], State.READY, None, "Ready", ""),
    ],
)
def test_a_job_is_as_its_first_ending_condition_says(conditions, state, category, reason, message):
    health = job_health("DownloadJob", job(*conditions), Depends.DOWNSTREAM)
    assert (health.state, health.category, health.reason, health.message) == (state, category, reason, message)


@pytest.mark.rule("J-7")
def test_a_job_is_finished_by_either_ending():
    assert [f(job(ended("Complete"))) for f in (is_finished, is_succeeded, is_failed)] == [True, True, False]
    assert [f(job(ended("Failed"))) for f in (is_finished, is_succeeded, is_failed)] == [True, False, True]
    assert [f(job()) for f in (is_finished, is_succeeded, is_failed)] == [False, False, False]


@pytest.mark.parametrize(
    ("depends", "category", "reason"),
    [
        (Depends.DOWNSTREAM, Category.MISSING_DOWNSTREAM, "ResourceNotReady"),
        (Depends.UPSTREAM, Category.MISSING_UPSTREAM, "ReferenceNotFound"),
        (Depends.NONE, Category.MISSING_DOWNSTREAM, "JobNotFound"),
    ],
)
def test_an_absent_object_is_missing_on_its_side(depends, category, reason):
    health = job_health("DownloadJob", None, depends)
    assert (health.category, health.reason, health.is_ready) == (category, reason, False)
    assert claim_health("CachePvc", None, depends).category is category


# ---- claims ---------------------------------------------------------------------------------------------------------
def claim(phase, *conditions):
    status = {"phase": phase, "conditions": list(conditions)}
    raw = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c", "namespace": "ns", "uid": "claim"},
        "status": status,
    }
    return Resource.of(raw)


@pytest.mark.parametrize(
    ("given_", "reason", "message", "category"),
    [
        (claim("Bound"), "Ready", "", None),
        (claim("Lost"), "PvcLost", "PVC lost its underlying volume", Category.INFRASTRUCTURE),
        (
            claim(
                "Pending",
                {},
                5,
                {"type": "Resizing", "status": "False", "reason": "ProvisioningFailed", "message": "m"},
            ),
            "PvcProvisioningFailed",
            "PVC provisioning failed: m",
            Category.INFRASTRUCTURE,
        ),
        (claim("Pending", {"type": "Resizing", "status": "True"}), "PvcPending", "PVC is pending", None),
        (claim(None), "PvcPending", "PVC is pending", None),
    ],
)
def test_a_claim_is_as_its_phase_says(given_, reason, message, category):
    health = claim_health("CachePvc", given_)
    assert (health.reason, health.message, health.category) == (reason, message, category)


def test_a_pending_claim_says_what_its_provisioner_said():
    trouble = event("claim", "ProvisioningFailed", "storageclass z not found")
    health = claim_health("CachePvc", claim("Pending"), snapshot=snapshot(trouble))
    assert (health.state, health.reason) == (State.PROGRESSING, "PvcPending")
    assert health.message == "PVC is pending: storageclass z not found"
    assert claim_health("CachePvc", claim("Pending"), snapshot=snapshot()).message == "PVC is pending"


# ---- events ---------------------------------------------------------------------------------------------------------
def event(uid, reason, message="", name=None, **times):
    raw = {"kind": "Event", "metadata": {"name": name or f"e-{reason}", "namespace": "ns"}}
    return {**raw, "involvedObject": {"uid": uid}, "reason": reason, "message": message, **times}


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"lastTimestamp": "2026-01-01T00:00:00Z", "firstTimestamp": "2026-01-02T00:00:00Z"}, "2026-01-02"),
        ({"eventTime": "2026-01-03T00:00:00.000001Z", "lastTimestamp": None}, "2026-01-03"),
        ({"series": {"lastObservedTime": "2026-01-04T00:00:00Z"}, "eventTime": "2026-01-03T00:00:00Z"}, "2026-01-04"),
        ({"series": "junk", "eventTime": "junk"}, "0001-01-01"),
    ],
)
def test_an_event_happened_at_the_latest_of_its_times(times, expected):
    assert last_occurred(Resource.of(event("u", "X", **times))).date().isoformat() == expected


def test_the_newest_event_of_this_incarnation_is_found():
    old = event("p1", "FailedMount", "old", lastTimestamp="2026-01-01T00:00:00Z")
    new = event("p1", "FailedScheduling", "new", eventTime="2026-01-02T00:00:00Z")
    other = event("p0", "FailedScheduling", "other", name="other", eventTime="2026-01-03T00:00:00Z")
    seen = snapshot(old, new, other)
    assert newest_event(seen, pod("p1"), {"FailedMount", "FailedScheduling"}).raw["message"] == "new"
    assert newest_event(seen, pod("p1"), {"Pulling"}) is None
    assert newest_event(seen, Resource.of({"kind": "Pod", "metadata": {"name": "x"}}), {"FailedMount"}) is None


def test_events_that_cannot_be_read_explain_nothing():
    table = Table()
    table.learn_availability("Event", Unreadable("Event", "Forbidden", ""))
    assert pods_health(Snapshot(table, NOW), "X", [pod("p1", "Pending")]).reason == "PodsPending"


# ---- pods -----------------------------------------------------------------------------------------------------------
def pod(uid, phase="", *, ready=False, containers=(), init=(), created="2026-01-01T00:00:00Z", template="", **more):
    metadata = {"name": f"pod-{uid}", "namespace": "ns", "uid": uid, "creationTimestamp": created}
    if template:
        metadata["labels"] = {"pod-template-hash": template}
    if more.pop("deleting", False):
        metadata["deletionTimestamp"] = created
    status = {"phase": phase, "containerStatuses": list(containers), "initContainerStatuses": list(init), **more}
    if ready:
        status["conditions"] = [{"type": "Ready", "status": "True"}]
    return Resource.of({"kind": "Pod", "metadata": metadata, "status": status})


def waiting(reason, message="", name="main", **more):
    return {"name": name, "state": {"waiting": {"reason": reason, "message": message}}, **more}


def terminated(reason="", message="", code=1, name="main"):
    return {"name": name, "state": {"terminated": {"reason": reason, "message": message, "exitCode": code}}}


def log(uid, text, container="main", previous=False):
    return {PodLog("ns", f"pod-{uid}", uid, container, 50, previous): text}


def check(pods, *objects, facts=None, **options):
    return pods_health(snapshot(*objects, facts=facts), "Pods", pods, **options)


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


# ---- predictors -----------------------------------------------------------------------------------------------------
def predictor(pods, *objects, facts=None, **options):
    return check(pods, *objects, facts=facts, predictor=True, **options)


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


@given(st.dictionaries(st.sampled_from(["phase", "conditions", "containerStatuses", "initContainerStatuses"]), JUNK))
def test_pods_jobs_and_claims_of_any_shape_have_a_health(status):
    for kind in ("Pod", "Job", "PersistentVolumeClaim"):
        thing = Resource.of({"kind": kind, "metadata": {"name": "x"}, "status": status})
        assert check([thing]).reason
        assert predictor([thing]).reason
        assert job_health("X", thing).reason
        assert claim_health("X", thing).reason
