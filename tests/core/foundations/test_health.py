"""Jobs, claims and events become component health."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.conditions import Category, Depends, State
from aimcore.health.claims import claim_health
from aimcore.health.events import last_occurred, newest_event
from aimcore.health.jobs import is_failed, is_finished, is_succeeded, job_health
from aimcore.health.pods import pods_health
from aimcore.resource import Resource
from aimcore.snapshot import Snapshot, Unreadable
from aimcore.table import Table
from foundations.workloads import (
    NOW,
    check,
    claim,
    ended,
    event,
    job,
    pod,
    predictor,
    snapshot,
)

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
    assert (health.state, health.reason) == (State.PENDING, "PvcPending")
    assert health.message == "PVC is pending: storageclass z not found"
    assert claim_health("CachePvc", claim("Pending"), snapshot=snapshot()).message == "PVC is pending"


# ---- events ---------------------------------------------------------------------------------------------------------


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


@given(st.dictionaries(st.sampled_from(["phase", "conditions", "containerStatuses", "initContainerStatuses"]), JUNK))
def test_pods_jobs_and_claims_of_any_shape_have_a_health(status):
    for kind in ("Pod", "Job", "PersistentVolumeClaim"):
        thing = Resource.of({"kind": kind, "metadata": {"name": "x"}, "status": status})
        assert check([thing]).reason
        assert predictor([thing]).reason
        assert job_health("X", thing).reason
        assert claim_health("X", thing).reason
