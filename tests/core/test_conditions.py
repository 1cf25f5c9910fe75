"""From the health of components to conditions, overall status and events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.conditions import (
    Category,
    Depends,
    Health,
    State,
    condition,
    demoted,
    failing,
    judge,
    replaced,
    stored_condition,
)
from aimcore.snapshot import Snapshot
from aimcore.table import Table

NOW = datetime(2026, 11, 23, 15, 33, tzinfo=UTC)
READY = Health("Cache", State.READY, "CacheReady", "Template cache is ready")
UP = Depends.UPSTREAM
DOWN = Depends.DOWNSTREAM


def verdict(*components, stored=(), generation=1, at=NOW, **options):
    return judge(Snapshot(Table(), at), components, list(stored), generation, **options)


def conditions_of(v):
    return {c["type"]: c for c in v.conditions}


def the(v, type_):
    return conditions_of(v)[type_]


def events_of(v):
    return [(e.type, e.reason) for e in v.events]


@pytest.mark.rule("R-11.5", "R-11.6", "R-11.7")
def test_all_components_ready_is_ready():
    v = verdict(READY)
    assert v.state is State.READY
    assert (the(v, "Ready")["status"], the(v, "Ready")["reason"]) == ("True", "AllComponentsReady")
    assert the(v, "Ready")["message"] == "All components are ready"
    assert v.ready


def test_no_component_at_all_is_ready():
    assert verdict().state is State.READY


@pytest.mark.rule("R-11.4")
def test_the_framework_conditions_stand_from_the_first_round():
    v = verdict(READY)
    assert [c["type"] for c in v.conditions] == [
        "CacheReady", "DependenciesReachable", "AuthValid", "ConfigValid", "Ready",
    ]  # fmt: skip
    assert all(c["status"] == "True" for c in v.conditions)


def test_every_condition_carries_the_generation():
    assert {c["observedGeneration"] for c in verdict(READY, generation=7).conditions} == {7}
    assert not any("observedGeneration" in c for c in verdict(READY, generation=0).conditions)


@pytest.mark.rule("R-11.6")
@pytest.mark.parametrize(
    ("health", "state"),
    [
        (Health("M", State.PROGRESSING, "r", depends=UP), State.PENDING),
        (Health("M", State.PROGRESSING, "r", depends=DOWN), State.PROGRESSING),
        (Health("M", State.PROGRESSING, "r"), State.PROGRESSING),
        (Health("M", State.STARTING, "r"), State.PROGRESSING),
        (Health("M", State.PENDING, "r", depends=DOWN), State.PENDING),
        (Health("M", State.DEGRADED, "r"), State.DEGRADED),
        (Health("M", State.NOT_AVAILABLE, "r"), State.NOT_AVAILABLE),
        (Health("M", State.FAILED, "r"), State.FAILED),
        (failing("M", Category.EXHAUSTION, "r", "m"), State.FAILED),
        (failing("M", Category.MISSING_DOWNSTREAM, "r", "m"), State.PROGRESSING),
    ],
)
def test_the_worst_component_decides(health, state):
    v = verdict(READY, health)
    assert v.state is state
    assert the(v, "MReady")["status"] == "False"
    assert the(v, "Ready")["status"] == "False"


@pytest.mark.rule("R-11.4", "R-11.6")
@pytest.mark.parametrize(
    ("category", "framework", "reason", "sentence"),
    [
        (Category.AUTH, "AuthValid", "AuthError", "Authentication or authorization failure: no"),
        (Category.INVALID_SPEC, "ConfigValid", "InvalidSpec", "Configuration validation failed: no"),
        (Category.MISSING_UPSTREAM, "ConfigValid", "ReferenceNotFound", "Referenced resource not found: no"),
    ],
)
def test_a_blocking_error_makes_the_object_fail(category, framework, reason, sentence):
    v = verdict(READY, failing("M", category, "Why", "no"))
    assert v.state is State.FAILED
    for type_ in (framework, "Ready"):
        assert (the(v, type_)["status"], the(v, type_)["reason"]) == ("False", reason)
        assert the(v, type_)["message"] == sentence


@pytest.mark.rule("R-11.6")
def test_auth_goes_before_spec_and_spec_before_references():
    order = [Category.MISSING_UPSTREAM, Category.INVALID_SPEC, Category.AUTH]
    reasons = []
    for n in (1, 2, 3):
        v = verdict(*(failing(f"C{i}", c, "r", "m") for i, c in enumerate(order[:n])))
        reasons.append(the(v, "Ready")["reason"])
    assert reasons == ["ReferenceNotFound", "InvalidSpec", "AuthError"]


@pytest.mark.rule("R-11.6")
def test_of_several_components_the_worst_decides_wherever_it_stands():
    bad, slow = Health("A", State.DEGRADED, "Bad", "it is bad"), Health("B", State.PROGRESSING, "Slow", "it is slow")
    assert verdict(bad, slow).state is verdict(slow, bad).state is State.DEGRADED


def test_a_new_generation_is_told_by_every_condition():
    stored = verdict(READY, generation=1).conditions
    told = verdict(READY, stored=stored, generation=2).conditions
    assert {c["observedGeneration"] for c in told} == {2}


def test_the_first_component_at_fault_names_the_cause():
    v = verdict(Health("A", State.PROGRESSING, "r"), Health("B", State.DEGRADED, "CacheLost", "claim x is gone"))
    assert the(v, "Ready")["reason"] == "CacheLost"
    assert the(v, "Ready")["message"] == "Component B is not ready: claim x is gone"


def test_waiting_names_the_lowest_cause():
    v = verdict(Health("A", State.PROGRESSING, "r", "later"), Health("B", State.PENDING, "q", "no node"))
    assert the(v, "Ready")["message"] == "Waiting for components to become ready: B: no node"
    v = verdict(Health("B", State.PENDING, "q", "no node"), Health("A", State.PROGRESSING, "r", "later"))
    assert the(v, "Ready")["message"] == "Waiting for components to become ready: B: no node"
    v = verdict(Health("A", State.PROGRESSING, "Slow"))
    assert the(v, "Ready")["message"] == "Waiting for components to become ready: A: Slow"


def test_a_rollout_is_told_by_ready_itself():
    rolling = Health("InferenceService", State.STARTING, "RolloutInProgress", "old replicas still serve", DOWN)
    v = verdict(
        rolling, Health("Cache", State.PENDING, "r", "m"), stored=[stored("Ready", "True", reason="AllComponentsReady")]
    )
    assert (the(v, "Ready")["status"], the(v, "Ready")["reason"]) == ("False", "RolloutInProgress")
    assert the(v, "Ready")["message"].endswith("InferenceService: old replicas still serve")
    assert events_of(v) == [("Normal", "RolloutInProgress")]


# ---- infrastructure -------------------------------------------------------------------------------------------------
BROKEN = failing("Cache", Category.INFRASTRUCTURE, "Timeout", "Request timed out")


def stored(type_, status, *, since=NOW, reason="r"):
    return {
        "type": type_,
        "status": status,
        "reason": reason,
        "lastTransitionTime": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@pytest.mark.rule("R-11.5")
def test_an_infrastructure_error_leaves_a_ready_component_alone_for_ten_seconds():
    v = verdict(BROKEN, stored=[stored("CacheReady", "True"), stored("Ready", "True")])
    assert (the(v, "CacheReady")["status"], the(v, "CacheReady")["reason"]) == ("True", "Timeout")
    assert the(v, "DependenciesReachable")["status"] == "False"
    assert v.state is State.READY
    assert v.retry


@pytest.mark.parametrize(
    "was",
    [[], [stored("Ready", "False")], [{**stored("Ready", "True"), "observedGeneration": 1}]],
    ids=["never", "not before", "of an older generation"],
)
def test_within_the_grace_nothing_becomes_ready_that_was_not(was):
    """A check of the size had ended; the next one could not be made: nothing was left that was not True."""
    v = verdict(BROKEN, stored=[stored("CacheReady", "True"), *was], generation=2)
    assert the(v, "CacheReady")["status"] == "True"
    assert (v.ready, v.state) == (False, State.DEGRADED)
    assert (the(v, "Ready")["status"], the(v, "Ready")["reason"]) == ("False", "InfrastructureError")
    assert the(v, "Ready")["message"] == "Infrastructure error - waiting for retry: Request timed out"


@pytest.mark.rule("R-11.5")
def test_after_ten_seconds_the_component_is_degraded():
    down = stored("DependenciesReachable", "False", since=NOW - timedelta(seconds=11))
    v = verdict(BROKEN, stored=[stored("CacheReady", "True"), down])
    assert the(v, "CacheReady")["status"] == "False"
    assert v.state is State.DEGRADED
    assert the(v, "Ready")["message"] == "Component Cache is not ready: Request timed out"


def test_within_the_grace_the_plan_asks_to_be_called_when_it_ends():
    s = Snapshot(Table(), NOW)
    judge(s, [BROKEN], [stored("CacheReady", "True"), stored("DependenciesReachable", "False")], 1)
    assert s.check_again_at == NOW + timedelta(seconds=10)


def test_a_component_seen_first_has_no_grace():
    assert the(verdict(BROKEN), "CacheReady")["status"] == "False"


def test_infrastructure_trouble_without_an_error_component_shows_in_ready():
    graced = [stored("CacheReady", "Unknown")]
    v = verdict(failing("Cache", Category.INFRASTRUCTURE, "Timeout", "slow"), stored=graced)
    assert the(v, "Ready")["status"] == "False"
    waiting = Health("M", State.PROGRESSING, "r", "m", category=Category.INFRASTRUCTURE)
    v = verdict(waiting)
    assert the(v, "Ready")["reason"] == "InfrastructureError"
    assert v.state is State.DEGRADED


def test_a_broken_stored_status_is_not_kept():
    v = verdict(BROKEN, stored=[{"type": "CacheReady", "status": 7}])
    assert the(v, "CacheReady")["status"] == "False"


# ---- times and order ------------------------------------------------------------------------------------------------
OLD = NOW - timedelta(hours=1)


@pytest.mark.rule("R-11.5")
def test_the_time_moves_only_with_the_status():
    same = verdict(READY, stored=[stored("CacheReady", "True", since=OLD, reason="Other")])
    turned = verdict(READY, stored=[stored("CacheReady", "False", since=OLD)])
    assert the(same, "CacheReady")["lastTransitionTime"] == "2026-11-23T14:33:00Z"
    assert the(turned, "CacheReady")["lastTransitionTime"] == "2026-11-23T15:33:00Z"


def test_what_had_to_be_made_fit_to_be_written_is_no_news_later():
    sick = Health("Cache", State.FAILED, "2 bad reasons", "m" * 40_000)
    first = verdict(sick)
    again = verdict(sick, stored=first.conditions, at=NOW + timedelta(hours=1))
    assert events_of(first) != []
    assert events_of(again) == []
    assert again.conditions == first.conditions


def test_a_message_ends_with_its_last_word_whatever_others_said():
    """A kubelet rejects pods with a sentence that ends with a blank."""
    said = "Pod was rejected: The node had condition: [DiskPressure]. "
    v = verdict(Health("Pods", State.FAILED, "PodEvicted", said))
    assert the(v, "PodsReady")["message"] == said.rstrip()
    assert the(v, "Ready")["message"].endswith(said.rstrip())
    assert verdict(Health("Pods", State.FAILED, "PodEvicted", said), stored=v.conditions).conditions == v.conditions


@pytest.mark.parametrize("since", [None, 5, "yesterday", ""])
def test_a_stored_time_that_is_none_is_now(since):
    unreadable = {**stored("CacheReady", "True", since=OLD), "lastTransitionTime": since}
    assert the(verdict(READY, stored=[unreadable]), "CacheReady")["lastTransitionTime"] == "2026-11-23T15:33:00Z"


@pytest.mark.parametrize("generation", [0, 3])
def test_a_stored_condition_that_says_the_same_is_the_one_written(generation):
    first = verdict(READY, generation=generation)
    again = verdict(READY, stored=first.conditions, generation=generation, at=NOW + timedelta(hours=1))
    assert all(new is old for new, old in zip(again.conditions, first.conditions, strict=True))


@pytest.mark.parametrize("generation", [0, 3])
def test_a_stored_condition_with_members_beyond_ours_is_written_anew(generation):
    first = verdict(READY, generation=generation).conditions
    again = verdict(READY, stored=[{**c, "note": "x"} for c in first], generation=generation)
    assert again.conditions == first


@pytest.mark.parametrize("junk", [None, 5, "x", [None, {"type": 3}, 5], [{"type": "CacheReady", "status": "True"}]])
def test_stored_conditions_of_any_shape_are_survived(junk):
    v = judge(Snapshot(Table(), NOW), [READY], junk, 1)
    assert the(v, "CacheReady")["lastTransitionTime"] == "2026-11-23T15:33:00Z"


@pytest.mark.rule("R-11.5")
def test_conditions_of_components_that_no_longer_report_are_removed():
    v = verdict(READY, stored=[stored("HTTPRouteReady", "False")])
    assert "HTTPRouteReady" not in conditions_of(v)
    assert v.state is State.READY


def test_a_condition_that_is_no_component_does_not_count():
    v = verdict(READY, others=[condition("Discovered", False, "AwaitingDiscovery")])
    assert v.state is State.READY
    assert the(v, "Discovered")["status"] == "False"


def test_unknown_is_shown_and_counts_as_not_ready():
    v = verdict(Health("Cache", State.PROGRESSING, "Waiting", unknown=True))
    assert the(v, "CacheReady")["status"] == "Unknown"
    assert the(v, "Ready")["status"] == "False"


def test_a_kind_may_hold_the_overall_state():
    v = verdict(failing("M", Category.AUTH, "AuthError", "no"), held=State.DEGRADED)
    assert v.state is State.DEGRADED
    assert the(v, "Ready")["reason"] == "AuthError"
    assert the(v, "Ready")["message"] == "Component M is not ready: no"


# ---- events ---------------------------------------------------------------------------------------------------------
@pytest.mark.rule("R-11.12")
def test_a_condition_first_seen_true_is_no_event():
    assert events_of(verdict(READY)) == []


def ready(reason):
    return stored("Ready", "False", reason=reason)


@pytest.mark.rule("R-11.12")
def test_a_recovery_is_an_event():
    v = verdict(READY, stored=[stored("CacheReady", "False"), ready("CacheFailed")])
    assert events_of(v) == [("Normal", "CacheReady"), ("Normal", "AllComponentsReady")]


@pytest.mark.rule("R-11.12")
def test_a_step_on_the_way_up_is_no_event_but_the_end_is():
    v = verdict(READY, stored=[stored("CacheReady", "False"), ready("Progressing")])
    assert events_of(v) == [("Normal", "AllComponentsReady")]


@pytest.mark.rule("R-11.12")
def test_a_loss_is_an_event():
    waiting = Health("Cache", State.PROGRESSING, "CacheCreating", "again")
    v = verdict(waiting, stored=[stored("CacheReady", "True"), stored("Ready", "True", reason="AllComponentsReady")])
    assert events_of(v) == [("Normal", "CacheCreating"), ("Normal", "Progressing")]


@pytest.mark.rule("R-11.12")
def test_a_fault_is_a_warning_once():
    failed = Health("Cache", State.FAILED, "CacheFailed", "no space")
    first = verdict(failed)
    assert ("Warning", "CacheFailed") in events_of(first)
    assert events_of(verdict(failed, stored=first.conditions)) == []


@pytest.mark.rule("R-11.12")
def test_an_event_without_message_says_what_turned():
    v = verdict(Health("Cache", State.READY, "CacheReady"), stored=[stored("CacheReady", "False"), ready("Broken")])
    assert v.events[0].message == "Cache is ready: CacheReady"
    v = verdict(Health("Cache", State.FAILED, "Broken"))
    assert v.events[0].message == "Cache is not ready: Broken"
    v = verdict(Health("Cache", State.PENDING, "Open", unknown=True), stored=[stored("CacheReady", "True")])
    assert v.events[0].message == "Cache status unknown: Open"


# ---- small things ---------------------------------------------------------------------------------------------------
def test_a_state_has_a_text_and_a_text_a_state():
    assert [State.of(s.text) for s in State] == list(State)
    assert State.of("") is State.of(None) is State.of("Bogus") is State.FAILED


def test_a_component_is_replaced_by_name_or_appended():
    other = Health("Cache", State.FAILED, "x")
    assert replaced([READY], other) == [other]
    assert replaced([], other) == [other]
    assert demoted(failing("A", Category.AUTH, "x", "m"), State.DEGRADED).category is None


def test_a_stored_condition_is_found_by_type():
    assert stored_condition([stored("Ready", "True")], "Ready")["status"] == "True"
    assert stored_condition(None, "Ready") is None


HEALTHS = st.builds(
    Health,
    component=st.sampled_from(["A", "B", "C"]),
    state=st.sampled_from(State),
    reason=st.sampled_from(["", "R", "S"]),
    message=st.sampled_from(["", "m"]),
    depends=st.sampled_from(Depends),
    category=st.none() | st.sampled_from(Category),
    unknown=st.booleans(),
)


@given(st.lists(HEALTHS, max_size=4, unique_by=lambda h: h.component), st.none() | st.sampled_from(State))
def test_judging_again_changes_nothing_and_says_nothing(components, held):
    """Quiet: a second round at the same state writes the same conditions and emits no event."""
    first = verdict(*components, held=held)
    later = verdict(*components, stored=first.conditions, at=NOW + timedelta(seconds=5), held=held)
    again = verdict(*components, stored=later.conditions, at=NOW + timedelta(hours=1), held=held)
    settled = verdict(*components, stored=again.conditions, at=NOW + timedelta(hours=2), held=held)
    assert settled.conditions == again.conditions
    assert settled.events == ()
    assert settled.ready == (settled.conditions[-1]["status"] == "True")
