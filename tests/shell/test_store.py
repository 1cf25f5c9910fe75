"""The store: one door for everything, and nobody who read it is forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.facts import Answer, Outcome, OutcomeOf, Refusal, SecretExists
from aimcore.resource import Key
from aimcore.snapshot import Found, Listed, NotInstalled, Unreadable
from aimctl_runtime.store import Store

from .doubles import START, thing

SERVICE = Key("AIMService", "ns", "s")
POD = Key("Pod", "ns", "p")


class Woken(list[tuple[Key, bool]]):
    def __call__(self, key: Key, *, low: bool = False) -> None:
        self.append((key, low))

    def keys(self) -> set[Key]:
        found = {key for key, _ in self}
        self.clear()
        return found


def make() -> tuple[Store, Woken]:
    woken = Woken()
    store = Store(woken, planned=("AIMService",))
    for kind in ("AIMService", "Pod"):
        store.learn_availability(kind, kind, None)
    return store, woken


def read(store: Store, *looks: Any) -> None:
    """Remember the reads of a plan for SERVICE."""
    snapshot = store.snapshot(START)
    for look in looks:
        look(snapshot)
    store.remember(SERVICE, frozenset(snapshot.reads))


def with_service(version: int = 1) -> tuple[Store, Woken]:
    store, woken = make()
    store.learn("AIMService", thing("AIMService", "s", version))
    woken.clear()
    return store, woken


# ---- waking ---------------------------------------------------------------------------------------------------------
def test_an_object_that_we_plan_for_wakes_itself():
    store, woken = make()
    store.learn("AIMService", thing("AIMService", "s"))
    assert woken.keys() == {SERVICE}
    store.learn_gone("AIMService", SERVICE, "9")
    assert woken.keys() == {SERVICE}


def test_a_change_wakes_exactly_its_readers():
    store, woken = with_service()
    read(store, lambda s: s.object(*POD))
    store.learn("Pod", thing("Pod", "other"))
    assert not woken.keys()
    store.learn("Pod", thing("Pod", "p"))
    assert woken.keys() == {SERVICE}
    read(store)
    store.learn("Pod", thing("Pod", "p", 5, spec={"x": 1}))
    assert not woken.keys()


def test_an_equal_object_wakes_nobody():
    store, woken = with_service()
    read(store, lambda s: s.object(*POD))
    store.learn("Pod", thing("Pod", "p", 3))
    woken.clear()
    store.learn("Pod", thing("Pod", "p", 4))
    assert not woken


def test_the_kind_that_appears_late_wakes_its_reader():
    store, woken = with_service()
    store.learn_availability("Pod", "Pod", NotInstalled("Pod"))
    read(store, lambda s: s.object(*POD))
    woken.clear()
    store.learn_availability("Pod", "Pod", None)
    assert woken.keys() == {SERVICE}


def test_an_object_that_is_gone_reads_nothing_more():
    store, _ = with_service()
    read(store, lambda s: s.object(*POD))
    snapshot = store.snapshot(START)
    snapshot.object(*POD)
    (pod_read,) = (r for r in snapshot.reads if r == (POD,))
    assert store.readers_of(pod_read) == {SERVICE}
    store.learn_gone("AIMService", SERVICE, "9")
    store.remember(SERVICE, frozenset(snapshot.reads))
    assert store.readers_of(pod_read) == frozenset()


def test_an_answer_wakes_who_asked_and_is_dropped_when_nobody_asks_any_more():
    store, woken = with_service()
    want = SecretExists("ns", "x")
    read(store, lambda s: s.fact(want))
    store.learn_answer(want, Answer(True, START))
    assert woken.keys() == {SERVICE}
    read(store)
    assert store.table.answer(want) is None
    store.learn_answer(want, Answer(False, START))
    assert store.table.answer(want) is None


def test_an_outcome_does_not_wake_the_round_that_learnt_it():
    store, woken = with_service()
    read(store, lambda s: s.outcome(SERVICE, POD))
    outcome = Outcome(Refusal.FORBIDDEN, "no", START)
    store.learn_outcome(OutcomeOf(SERVICE, POD), outcome)
    assert not woken.keys()
    assert store.snapshot(START).outcome(SERVICE, POD) == outcome
    read(store)
    assert store.table.outcome(OutcomeOf(SERVICE, POD)) is None


def test_a_resync_wakes_every_planned_object_without_haste():
    store, woken = with_service()
    store.learn("Pod", thing("Pod", "p"))
    woken.clear()
    store.wake_all()
    assert woken == [(SERVICE, True)]


# ---- sources --------------------------------------------------------------------------------------------------------
def test_a_kind_is_unreadable_until_each_of_its_sources_has_listed_it():
    store = Store(Woken(), planned=())
    store.expect("Pod", "a")
    store.expect("Pod", "b")
    store.learn_availability("Pod", "a", None)
    assert isinstance(store.snapshot(START).object(*POD), Unreadable)
    store.learn_availability("Pod", "b", None)
    assert not isinstance(store.snapshot(START).object(*POD), Unreadable)


def test_an_object_is_gone_only_when_no_source_holds_it():
    store, _ = make()
    store.learn("Pod", thing("Pod", "p", 3))
    store.learn("other", thing("Pod", "p", 3))
    store.learn_gone("other", POD, "4")
    assert store.table.find(POD) is not None
    store.learn_gone("Pod", POD, "5")
    assert store.table.find(POD) is None


def test_a_list_finds_missed_deletions_of_its_own_source_only():
    store, _ = make()
    store.learn("Pod", thing("Pod", "p", 3))
    store.learn("Pod", thing("Pod", "q", 3))
    store.learn("other", thing("Pod", "r", 3))
    store.learn_list("Pod", "Pod", [thing("Pod", "q", 3)], "9")
    assert [key.name for key in store.table.keys("Pod")] == ["q", "r"]


def test_a_list_forgets_no_object_that_was_written_after_it():
    store, _ = make()
    store.begin(POD)
    store.finish(POD, thing("Pod", "p", 12))
    store.learn_list("Pod", "Pod", [], "9")
    assert store.table.find(POD) is not None
    store.learn_list("Pod", "Pod", [], "12")
    assert store.table.find(POD) is None


def test_json_that_is_no_object_is_passed_over():
    store, woken = make()
    store.learn("Pod", {"kind": "Pod"})
    store.learn_list("Pod", "Pod", [{"kind": "Pod", "metadata": {}}], "3")
    assert not woken
    assert len(store.table) == 0


# ---- our own writes -------------------------------------------------------------------------------------------------
def version(store: Store, key: Key = POD) -> str:
    match store.snapshot(START).object(*key):
        case Found(resource):
            return resource.resource_version
        case _:
            return ""


def test_an_older_echo_never_overwrites_our_own_write():
    store, woken = with_service()
    read(store, lambda s: s.object(*POD))
    store.begin(POD)
    store.finish(POD, thing("Pod", "p", 12, spec={"new": 1}))
    assert woken.keys() == {SERVICE}
    store.learn("Pod", thing("Pod", "p", 11, spec={"old": 1}))
    assert version(store) == "12"
    store.learn("Pod", thing("Pod", "p", 12, spec={"new": 1}))
    assert not woken.keys()
    store.learn("Pod", thing("Pod", "p", 13, spec={"newer": 1}))
    assert version(store) == "13"


@pytest.mark.rule("F-134")
def test_a_deletion_heard_while_the_write_was_under_way_leaves_no_ghost():
    store, _ = make()
    store.learn("Pod", thing("Pod", "p", 5))
    store.begin(POD)
    store.learn_gone("Pod", POD, "9")
    store.finish(POD, thing("Pod", "p", 8))
    assert version(store) == ""


def test_an_object_made_anew_after_the_deletion_is_kept():
    store, _ = make()
    store.learn("Pod", thing("Pod", "p", 5))
    store.begin(POD)
    store.learn_gone("Pod", POD, "9")
    store.finish(POD, thing("Pod", "p", 10))
    assert version(store) == "10"


def test_news_of_an_earlier_incarnation_does_not_delete_the_new_one():
    store, _ = make()
    store.begin(POD)
    store.finish(POD, thing("Pod", "p", 12))
    store.learn_gone("Pod", POD, "9")
    assert version(store) == "12"


@pytest.mark.rule("F-134")
def test_the_answer_to_the_last_finalizer_is_no_object_any_more():
    store, _ = make()
    store.begin(POD)
    store.finish(POD, thing("Pod", "p", 12, metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}))
    assert version(store) == ""


def test_a_version_that_is_no_number_waits_for_the_echo():
    store, _ = make()
    store.begin(POD)
    store.finish(POD, thing("Pod", "p", "abc"))
    assert version(store) == ""
    store.learn("Pod", thing("Pod", "p", "abc"))
    assert version(store) == "abc"
    store.learn("Pod", thing("Pod", "p", "abd", spec={"x": 1}))
    assert version(store) == "abd"


def test_writes_to_kinds_that_nobody_watches_are_not_kept():
    store, _ = make()
    key = Key("ServiceAccount", "ns", "a")
    store.begin(key)
    store.begin(key)
    store.finish(key, thing("ServiceAccount", "a", 12))
    store.finish(key, None)
    assert store.table.find(key) is None


@given(st.permutations([("write", 12), ("event", 11), ("event", 12), ("event", 10)]))
def test_the_newest_state_stands_whatever_arrives_first(steps: list[tuple[str, int]]):
    store, _ = make()
    store.begin(POD)
    for step, number in steps:
        raw = thing("Pod", "p", number, spec={"at": number})
        if step == "write":
            store.finish(POD, raw)
        else:
            store.learn("Pod", raw)
    match store.snapshot(START).index("Pod", "all", ""):
        case Listed((resource,)):
            assert resource.spec == {"at": 12}
        case other:
            pytest.fail(str(other))
