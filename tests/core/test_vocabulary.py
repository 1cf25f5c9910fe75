"""Kinds of other people: a vocabulary says what is kept, filed, planned for and written, and as whom."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import aimcore
from aimcore import AIM, Controller, Key, KnownKind, Plan, Snapshot, Table, Vocabulary, make_plan, vocabulary_of
from aimcore.api.kinds import Kind
from aimcore.changes import Apply, PatchFinalizers, PatchStatus
from aimcore.cluster.kinds import KINDS
from aimcore.diff import changes_needed
from aimcore.dispatch import PLANNERS
from aimcore.indexes import EVERY_KIND, by_spec
from aimcore.labels import stamp
from aimcore.plan import Child
from aimcore.resource import Resource
from aimcore.snapshot import Found, Listed
from aimcore.vocabulary import OURS
from aimcore.wire import APPLY, Again, read_response, requests_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LAMP = Kind("Lamp", "example.com", "v1", "lamps")
CONFIG_MAP = Kind("ConfigMap", "", "v1", "configmaps")
KEY = Key("Lamp", "ns", "l")


def plan_lamp(snapshot: Snapshot, resource: Resource) -> Plan:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "l", "namespace": "ns"}}
    child = Child(stamp(manifest, resource, (), owned=True, vocabulary=snapshot.vocabulary), "Light")
    return Plan.made_from(snapshot, resource.key, children=(child,), status={"on": True}, add_finalizers=())


def lamp(**members):
    metadata = {"name": "l", "namespace": "ns", "uid": "u", "resourceVersion": "1"}
    return {"apiVersion": "example.com/v1", "kind": "Lamp", "metadata": metadata, "spec": {}, **members}


LAMPS = vocabulary_of(
    KnownKind(LAMP, planner=plan_lamp, indexes={"room": by_spec("room")}), KnownKind(CONFIG_MAP, is_child=True)
)


def snapshot_of(*objects, vocabulary: Vocabulary = LAMPS) -> Snapshot:
    return Snapshot(Table(objects, vocabulary=vocabulary), NOW)


def test_a_plan_of_an_own_kind_is_made_by_its_planner_and_written_as_its_controller():
    snapshot = snapshot_of(lamp())
    plan = make_plan(snapshot, KEY)
    changes = changes_needed(plan, snapshot)
    (child,) = changes.children
    assert isinstance(child, Apply)
    assert isinstance(changes.status, PatchStatus)
    assert (child.manager, changes.status.manager) == ("lamp-controller", "lamp-controller")
    assert child.manifest["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "lamp-controller",
        "example.com/lamp.name": "l",
    }
    assert child.manifest["metadata"]["ownerReferences"][0]["apiVersion"] == "example.com/v1"


def test_a_finalizer_is_written_as_the_controller_of_the_kind():
    snapshot = snapshot_of(lamp())
    change = changes_needed(Plan(KEY, add_finalizers=("example.com/light",)), snapshot).finalizers
    assert isinstance(change, PatchFinalizers)
    assert change.manager == "lamp-controller"


def test_an_own_index_is_asked_as_ours_are():
    snapshot = snapshot_of(lamp(spec={"room": "hall"}))
    found = snapshot.index("Lamp", "room", "ns/hall")
    assert isinstance(found, Listed)
    assert [r.name for r in found.resources] == ["l"]


def count_lamps(snapshot: Snapshot) -> int:
    found = snapshot.index("Lamp", "room", "ns/hall")
    return len(found.resources) if isinstance(found, Listed) else 0


def test_a_view_sees_the_vocabulary_of_its_snapshot():
    table = Table([lamp(spec={"room": "hall"})], vocabulary=LAMPS)
    assert Snapshot(table, NOW).view(count_lamps) == 1
    table.forget(KEY)
    assert Snapshot(table, NOW).view(count_lamps) == 0


def test_managed_fields_are_kept_of_children_alone():
    fields = {"managedFields": [{"manager": "x"}]}
    mine = lamp(metadata={"name": "l", "namespace": "ns", **fields})
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "ns", **fields}}
    snapshot = snapshot_of(mine, made)
    seen, kept = snapshot.object(*KEY), snapshot.object("ConfigMap", "ns", "c")
    assert isinstance(seen, Found)
    assert isinstance(kept, Found)
    assert "managedFields" not in seen.resource.metadata
    assert "managedFields" in kept.resource.metadata


def test_own_kinds_stand_beside_ours_and_may_replace_them():
    def plan_model(snapshot: Snapshot, resource: Resource) -> Plan:
        return Plan.made_from(snapshot, resource.key, retry=True)

    both = vocabulary_of(
        KnownKind(LAMP, planner=plan_lamp), KnownKind(KINDS["AIMModel"], planner=plan_model), beside=AIM
    )
    assert both.kinds.keys() == {*AIM.kinds, "Lamp"}
    assert both.planners["AIMService"] is PLANNERS["AIMService"]
    assert both.planners["AIMModel"] is plan_model
    assert both.indexes_of("AIMModel") == EVERY_KIND
    assert "AIMModel" not in both.children
    assert both.controllers["AIMModel"] == Controller(
        "aimmodel", "aimmodel-controller", "aim.eai.amd.com/aimmodel.name"
    )
    assert AIM.planners == PLANNERS


def test_a_kind_that_is_only_read_has_an_empty_plan():
    vocabulary = vocabulary_of(KnownKind(LAMP), KnownKind(KINDS["AIMModel"], planner=plan_lamp))
    snapshot = snapshot_of(lamp(), vocabulary=vocabulary)
    assert make_plan(snapshot, KEY) == Plan(KEY, look_ups=tuple(snapshot.look_ups))
    assert vocabulary.field_manager_of("Lamp") == ""


def test_tables_and_snapshots_without_a_vocabulary_have_ours():
    snapshot = Snapshot(Table(), NOW)
    assert snapshot.vocabulary is OURS
    service = {"apiVersion": "v1", "kind": "AIMService", "metadata": {"name": "s", "namespace": "ns"}, "spec": {}}
    assert make_plan(Snapshot(Table([service]), NOW), Key("AIMService", "ns", "s")).status


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((KnownKind(LAMP), KnownKind(LAMP)), "stands twice"),
        ((KnownKind(LAMP, controller=Controller("a", "b", "c")),), "controller without a planner"),
    ],
)
def test_a_vocabulary_that_contradicts_itself_is_refused(rows, said):
    with pytest.raises(ValueError, match=said):
        vocabulary_of(*rows)


def test_the_wire_takes_the_kinds_of_a_vocabulary():
    change = Apply(Key("Lamp", "ns", "l"), lamp(), "m", "Light", None)
    request = requests_of(change, LAMPS.kinds)
    assert (request.path, request.content_type) == ("/apis/example.com/v1/namespaces/ns/lamps/l", APPLY)
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "bob"', "field": ".spec.x"}
    body = {"kind": "Status", "code": 409, "reason": "Conflict", "details": {"causes": [cause]}}
    result = read_response(change, 409, body, NOW, kinds=LAMPS.kinds)
    assert isinstance(result, Again)
    assert result.request.path == request.path


def test_the_doorway_has_what_it_lists_and_nothing_else():
    for name in aimcore.__all__:
        assert getattr(aimcore, name) is not None
    assert set(aimcore.__all__) <= set(dir(aimcore))
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        aimcore.nothing_of_the_kind  # noqa: B018
