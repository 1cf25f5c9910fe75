"""From a plan to the smallest set of writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aimcore.changes import Apply, Create, Delete, PatchObject, fingerprint
from aimcore.diff import changes_needed, pause_after
from aimcore.facts import Outcome, OutcomeOf, Refusal, Taken
from aimcore.plan import Child, Deletion, Edit, Plan, Write
from aimcore.resource import Key
from aimcore.snapshot import NotInstalled, Snapshot, Unreadable
from aimcore.table import Table

NOW = datetime(2026, 11, 23, 15, 33, tzinfo=UTC)
ME = Key("AIMService", "ns", "svc")
ROUTE = Key("HTTPRoute", "ns", "r")
OF = OutcomeOf(ME, ROUTE)
FINALIZER = "aim.eai.amd.com/template-cache-cleanup"


def service(**metadata):
    return {
        "apiVersion": "aim.eai.amd.com/v1alpha1", "kind": "AIMService",
        "metadata": {"name": "svc", "namespace": "ns", "uid": "u1", "resourceVersion": "5", **metadata},
        "status": {"status": "Pending", "runtime": {"replicas": "1", "old": 1}, "conditions": [{"type": "A"}]},
    }  # fmt: skip


def route(path="/a", **metadata):
    metadata = {"name": "r", "namespace": "ns", **metadata}
    rules = [{"matches": [{"path": {"type": "PathPrefix", "value": path}}]}]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": metadata,
        "spec": {"rules": rules},
    }


def live_route(path="/a", *, version="9", **metadata):
    return route(path, uid="r1", resourceVersion=version, generation=3, **metadata)


def changes(table, at=NOW, **plan):
    return changes_needed(Plan(ME, **plan), Snapshot(table, at))


def wanted(path="/a", **options):
    return Child(route(path), "HTTPRoute", **options)


def test_nothing_to_change_is_empty():
    needed = changes(Table([service(), live_route()]), children=(wanted(),), status={"status": "Pending"})
    assert not needed
    assert needed.children == ()


def test_an_object_that_is_gone_needs_nothing():
    assert not changes(Table(), children=(wanted(),))


# ---- children -------------------------------------------------------------------------------------------------------
def test_an_absent_child_is_applied_without_uid():
    (change,) = changes(Table([service()]), children=(wanted(),)).children
    assert isinstance(change, Apply)
    assert (change.uid, change.manager, change.may_force) == (None, "aim-service-controller", True)


def test_a_child_made_once_is_posted_and_never_touched_again():
    child = wanted("/new", write=Write.CREATE)
    (change,) = changes(Table([service()]), children=(child,)).children
    assert isinstance(change, Create)
    assert not changes(Table([service(), live_route("/old")]), children=(child,))


def test_a_child_that_differs_is_applied_with_its_uid():
    (change,) = changes(Table([service(), live_route("/old")]), children=(wanted("/new"),)).children
    assert (change.uid, change.protected) == ("r1", ())


def test_a_child_that_is_being_deleted_is_left_alone():
    gone = live_route("/old", deletionTimestamp="2026-11-23T15:00:00Z")
    assert not changes(Table([service(), gone]), children=(wanted("/new"),))


@pytest.mark.parametrize("why", [NotInstalled("HTTPRoute"), Unreadable("HTTPRoute", "Forbidden", "no")])
def test_what_cannot_be_read_is_not_written(why):
    table = Table([service()])
    table.learn_availability("HTTPRoute", why)
    assert not changes(table, children=(wanted(),))


# ---- refused writes -------------------------------------------------------------------------------------------------
def refused(table, refusal, *, attempts=0, desired=None, seen="9", at=NOW, fields=()):
    mark = fingerprint(route("/new")) if desired is None else desired
    for _ in range(attempts + 1):
        table.learn_outcome(OF, Outcome(refusal, "no", at, desired=mark, seen=seen, fields=fields))
    return table


@pytest.mark.parametrize("refusal", [Refusal.APPLY_CONFLICT, Refusal.FIELD_CONFLICT, Refusal.INVALID_SPEC])
def test_a_conflict_rests_until_the_child_or_the_manifest_changes(refusal):
    def needed(version="9", **options):
        known = Table([service(), live_route("/old", version=version)])
        table = refused(known, refusal, fields=(".spec.rules",), **options)
        return changes(table, NOW + timedelta(days=1), children=(wanted("/new"),))

    assert not needed()
    assert needed(version="10")
    assert needed(desired="another")


def test_a_conflict_about_no_field_rests_like_any_refusal_though_the_child_never_changes():
    def needed(after):
        table = refused(Table([service(), live_route("/old")]), Refusal.APPLY_CONFLICT)
        return changes(table, NOW + timedelta(seconds=after), children=(wanted("/new"),))

    assert not needed(4)
    assert needed(5)


@pytest.mark.parametrize(
    "refusal", [Refusal.QUOTA_EXCEEDED, Refusal.ADMISSION_DENIED, Refusal.FORBIDDEN, Refusal.INVALID_SPEC]
)
def test_a_refused_create_rests_and_the_plan_is_made_again_then(refusal):
    table = refused(Table([service()]), refusal, seen="")
    snapshot = Snapshot(table, NOW + timedelta(seconds=4))
    assert not changes_needed(Plan(ME, children=(wanted("/new"),)), snapshot)
    assert snapshot.check_again_at == NOW + timedelta(seconds=5)
    assert changes(table, NOW + timedelta(seconds=5), children=(wanted("/new"),))


@pytest.mark.parametrize("refusal", [Refusal.SERVER_UNREACHABLE, Refusal.UNKNOWN])
def test_a_write_that_nobody_refused_rests_too_but_never_for_long(refusal):
    table = refused(Table([service()]), refusal)
    assert not changes(table, NOW + timedelta(seconds=4), children=(wanted("/new"),))
    assert changes(table, NOW + timedelta(seconds=5), children=(wanted("/new"),))
    assert pause_after(Outcome(refusal, "", NOW, attempts=50)) == timedelta(minutes=1)


def test_the_rest_doubles_up_to_ten_minutes():
    def rest(attempts):
        return pause_after(Outcome(Refusal.QUOTA_EXCEEDED, "", NOW, attempts=attempts)).total_seconds()

    assert [rest(n) for n in (0, 1, 2, 6, 7, 50)] == [5, 10, 20, 320, 600, 600]


def test_what_the_server_took_without_effect_is_left_alone():
    table = Table([service(), live_route("/pruned")])
    table.learn_taken(OF, Taken(fingerprint(route("/new")), 3, NOW))
    assert not changes(table, children=(wanted("/new"),))
    table.learn_taken(OF, Taken(fingerprint(route("/new")), 2, NOW))
    assert changes(table, children=(wanted("/new"),))


def test_what_somebody_fills_in_beside_a_wish_that_insists_is_written_again_after_each_pause():
    insisting = replace(wanted("/new"), insists=timedelta(minutes=10))
    table = Table([service(), live_route("/new")])
    assert changes(table, children=(insisting,)), "since we started nobody has tried it"
    assert not table.learn_taken(OF, Taken(fingerprint(route("/new")), 3, NOW))
    assert not changes(table, NOW + timedelta(minutes=9), children=(insisting,))
    assert changes(table, NOW + timedelta(minutes=10), children=(insisting,))
    assert table.learn_taken(OF, Taken(fingerprint(route("/new")), 3, NOW + timedelta(minutes=10))), "who waits hears"
    assert not changes(table, NOW + timedelta(minutes=19), children=(insisting,))


# ---- protection -----------------------------------------------------------------------------------------------------
ISVC = Key("InferenceService", "ns", "i")


def isvc(replicas, **metadata):
    return {
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "metadata": {"name": "i", "namespace": "ns", **metadata}, "spec": {"predictor": {"minReplicas": replicas}},
    }  # fmt: skip


def protection(table):
    (change,) = changes(table, children=(Child(isvc(2), "InferenceService"),)).children
    return change.protected


def test_fields_that_reach_pods_are_protected_on_an_adopted_object():
    table = Table([service(), isvc(1, uid="i1", resourceVersion="7")])
    assert ".spec" in protection(table)


def test_an_object_that_we_made_is_not_protected():
    ours = isvc(1, uid="i1", resourceVersion="7", annotations={"aim.eai.amd.com/render-revision": "2"})
    assert protection(Table([service(), ours])) == ()


def test_protection_ends_when_the_owner_changes_what_is_wanted():
    table = Table([service(), isvc(1, uid="i1", resourceVersion="7")])
    old = Outcome(Refusal.FIELD_CONFLICT, "no", NOW, desired=fingerprint(isvc(9)), seen="7")
    table.learn_outcome(OutcomeOf(ME, ISVC), old)
    assert protection(table) == ()


# ---- deletions and edits --------------------------------------------------------------------------------------------
def test_a_deletion_hits_only_the_incarnation_that_was_meant():
    meant = Deletion(ROUTE, "r1", "routing is off", resource_version="9")
    (change,) = changes(Table([service(), live_route()]), deletions=(meant,)).children
    assert change == Delete(ROUTE, "r1", "routing is off", "", "9", "Background")
    assert not changes(Table([service(), live_route()]), deletions=(Deletion(ROUTE, "other", ""),))
    assert not changes(Table([service()]), deletions=(meant,))
    leaving = live_route(deletionTimestamp="2026-11-23T15:00:00Z")
    assert not changes(Table([service(), leaving]), deletions=(meant,))


def test_an_edit_sets_only_the_labels_that_differ():
    table = Table([service(), live_route(labels={"a": "1", "b": "2"})])
    (change,) = changes(table, edits=(Edit(ROUTE, "r1", {"a": "1", "b": None, "c": "3"}),)).children
    assert isinstance(change, PatchObject)
    assert change.patch == {"metadata": {"labels": {"b": None, "c": "3"}}}
    assert (change.uid, change.resource_version) == ("r1", "9")
    assert not changes(table, edits=(Edit(ROUTE, "r1", {"a": "1"}),))
    assert not changes(table, edits=(Edit(ROUTE, "other", {"a": "2"}),))


ROUTE_GOES = {"deletions": (Deletion(ROUTE, "r1", "routing is off"),)}
ROUTE_IS_MARKED = {"edits": (Edit(ROUTE, "r1", {"a": "1"}),)}


@pytest.mark.parametrize("plan", [ROUTE_GOES, ROUTE_IS_MARKED], ids=["deletion", "edit"])
@pytest.mark.parametrize("refusal", list(Refusal))
def test_a_deletion_or_edit_that_is_refused_again_rests_and_the_plan_is_made_again_then(refusal, plan):
    """A webhook denied it for a while: whoever forgets to come back leaves the object for ever."""
    once = refused(Table([service(), live_route()]), refusal, desired="")
    assert changes(once, NOW, **plan)
    again = refused(Table([service(), live_route()]), refusal, desired="", attempts=1)
    snapshot = Snapshot(again, NOW + timedelta(seconds=9))
    assert not changes_needed(Plan(ME, **plan), snapshot)
    assert snapshot.check_again_at == NOW + timedelta(seconds=10)
    assert changes(again, NOW + timedelta(seconds=10), **plan)


@pytest.mark.parametrize("plan", [ROUTE_GOES, ROUTE_IS_MARKED], ids=["deletion", "edit"])
def test_a_deletion_or_edit_waits_neither_for_an_apply_nor_for_a_version_that_is_old(plan):
    applied = refused(Table([service(), live_route()]), Refusal.FORBIDDEN, attempts=1)
    assert changes(applied, **plan)
    outdated = refused(Table([service(), live_route(version="10")]), Refusal.APPLY_CONFLICT, desired="", attempts=1)
    assert changes(outdated, **plan)


# ---- the object itself ----------------------------------------------------------------------------------------------
@pytest.mark.rule("R-2.3")
def test_the_first_finalizer_comes_with_a_test_of_the_version():
    needed = changes(Table([service()]), add_finalizers=(FINALIZER,))
    assert needed.finalizers.operations == (
        {"op": "test", "path": "/metadata/resourceVersion", "value": "5"},
        {"op": "add", "path": "/metadata/finalizers", "value": [FINALIZER]},
    )


@pytest.mark.rule("R-2.3")
def test_a_further_finalizer_is_appended():
    needed = changes(Table([service(finalizers=["x"])]), add_finalizers=(FINALIZER,))
    assert needed.finalizers.operations == (
        {"op": "test", "path": "/metadata/uid", "value": "u1"},
        {"op": "add", "path": "/metadata/finalizers/-", "value": FINALIZER},
    )
    assert not changes(Table([service(finalizers=[FINALIZER])]), add_finalizers=(FINALIZER,))


def test_no_finalizer_is_added_to_a_deleting_object():
    assert not changes(Table([service(deletionTimestamp="2026-11-23T15:00:00Z")]), add_finalizers=(FINALIZER,))


@pytest.mark.rule("R-13.3")
def test_finalizers_are_removed_by_place_from_the_end_each_with_a_test():
    needed = changes(Table([service(finalizers=["a", "x", "b"])]), remove_finalizers=("a", "b", "z"))
    assert needed.finalizers.operations == (
        {"op": "test", "path": "/metadata/finalizers/2", "value": "b"},
        {"op": "remove", "path": "/metadata/finalizers/2"},
        {"op": "test", "path": "/metadata/finalizers/0", "value": "a"},
        {"op": "remove", "path": "/metadata/finalizers/0"},
    )


@pytest.mark.rule("R-11.11")
@pytest.mark.parametrize(
    ("status", "patch"),
    [
        ({"status": "Running"}, {"status": "Running"}),
        ({"status": "Pending", "cache": {"a": 1}}, {"cache": {"a": 1}}),
        ({"runtime": {"replicas": "2"}}, {"runtime": {"replicas": "2", "old": None}}),
        ({"runtime": None, "routing": None}, {"runtime": None}),
        ({"conditions": []}, {"conditions": []}),
        ({"runtime": "text"}, {"runtime": "text"}),
    ],
)
def test_a_status_patch_holds_only_what_differs(status, patch):
    needed = changes(Table([service()]), status=status)
    assert needed.status.patch == patch
    assert needed.status.resource_version == "5"


def ready(status, reason):
    return [{"type": "Ready", "status": status, "reason": reason}]


@pytest.mark.parametrize(
    ("before", "after", "is_progress"),
    [
        ({"status": "Pending"}, {"status": "Starting"}, True),
        ({"status": "Pending"}, {"status": "Running"}, False),
        ({"status": "Failed"}, {"status": "Starting"}, False),
        ({}, {"status": "Pending"}, False),
        ({"conditions": ready("False", "Progressing")}, {"conditions": [*ready("False", "Progressing"), {}]}, True),
        ({"conditions": ready("False", "Progressing")}, {"conditions": ready("True", "AllComponentsReady")}, False),
        ({"conditions": ready("False", "Progressing")}, {"conditions": ready("False", "InvalidSpec")}, False),
        ({"conditions": 5}, {"conditions": []}, True),
        ({"templateSelection": 1}, {"templateSelection": 2}, True),
        ({"observedGeneration": 1}, {"observedGeneration": 2}, False),
    ],
)
def test_a_patch_that_tells_only_of_steps_on_the_way_may_wait(before, after, is_progress):
    raw = {**service(), "status": before}
    assert changes(Table([raw]), status=after).status.is_progress is is_progress


def test_a_kind_without_a_manager_still_has_children():
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
    plan = Plan(Key("Node", "", "n"), children=(wanted(),))
    (change,) = changes_needed(plan, Snapshot(Table([node]), NOW)).children
    assert change.manager == ""


@pytest.mark.parametrize("stored", [[], {}, None, 7])
def test_a_stored_status_of_another_shape_is_replaced(stored):
    table = Table([{**service(), "status": {"status": stored}}])
    assert changes(table, status={"status": "Pending"}).status.patch == {"status": "Pending"}
