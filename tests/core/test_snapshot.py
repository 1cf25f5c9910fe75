"""The snapshot records every look-up, and the table answers which reads a change touches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.facts import Answer, Outcome, OutcomeOf, PodLog, Refusal, Taken
from aimcore.reads import FactRead, IndexRead, KindRead, ObjectRead, TimeRead, ViewRead
from aimcore.resource import Key, Resource
from aimcore.snapshot import Absent, Found, Listed, NotInstalled, Snapshot, Unreadable, moment, timestamp
from aimcore.table import Table
from aimcore.vocabulary import OURS

NOW = datetime(2026, 11, 23, 15, 33, tzinfo=UTC)
LOG = PodLog("ns", "pod", "uid", "main")


def node(name="n1", *, version="1", **labels):
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "resourceVersion": version,
            "labels": {f"amd.com/{k}": v for k, v in labels.items()},
        },
    }


def model(name, image, namespace="ns"):
    return {
        "apiVersion": "aim.eai.amd.com/v1alpha1",
        "kind": "AIMModel",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"image": image},
    }


def snapshot(table=None):
    return Snapshot(Table() if table is None else table, NOW)


def count_nodes(inner):
    match inner.index("Node", "all", ""):
        case Listed(resources):
            return len(resources)
        case other:
            return other


def is_crowded(inner, limit):
    return inner.view(count_nodes) >= limit


# ---- look-ups -------------------------------------------------------------------------------------------------------
def test_an_object_that_is_there_is_found_and_read():
    s = snapshot(Table([node()]))
    assert isinstance(s.object("Node", "", "n1"), Found)
    assert s.reads == {ObjectRead(Key("Node", "", "n1"))}


def test_absence_is_a_read_too():
    s = snapshot()
    assert s.object("Node", "", "n1") == Absent(Key("Node", "", "n1"))
    assert ObjectRead(Key("Node", "", "n1")) in s.reads
    assert KindRead("Node") in s.reads


@pytest.mark.parametrize("why", [NotInstalled("ScaledObject"), Unreadable("ScaledObject", "Forbidden", "no")])
def test_what_cannot_be_read_is_never_absent(why):
    table = Table()
    table.learn_availability("ScaledObject", why)
    s = snapshot(table)
    assert s.object("ScaledObject", "ns", "x") == why
    assert s.index("ScaledObject", "namespace", "ns") == why
    assert s.availability("ScaledObject") == why


def test_a_bucket_is_ordered_by_namespace_and_name():
    s = snapshot(Table([model("b", "i", "z"), model("c", "i", "a"), model("a", "i", "z")]))
    listing = s.index("AIMModel", "all", "")
    assert [r.key[1:] for r in listing.resources] == [("a", "c"), ("z", "a"), ("z", "b")]


def test_a_view_is_computed_once_and_recorded_with_its_arguments():
    table = Table([node("a"), node("b")])
    s = snapshot(table)
    assert s.view(is_crowded, 2) is True
    assert s.reads == {ViewRead(is_crowded, (2,))}
    assert table.recall_view(ViewRead(count_nodes, ())) == (2,)


def test_time_is_a_read_and_the_earliest_open_moment_is_the_next_look():
    s = snapshot()
    assert s.is_past(NOW)
    assert not s.is_past(NOW + timedelta(seconds=9))
    assert not s.is_past(NOW + timedelta(seconds=5))
    assert not s.is_past(NOW + timedelta(seconds=7))
    assert s.check_again_at == NOW + timedelta(seconds=5)
    assert TimeRead(NOW) in s.reads


def test_an_unanswered_question_is_wanted():
    s = snapshot()
    assert s.fact(LOG) is None
    assert list(s.wants) == [LOG]


def test_an_answered_question_is_not_wanted_unless_it_is_too_old():
    table = Table()
    table.learn_answer(LOG, Answer("text", NOW - timedelta(minutes=1)))
    fresh, old = snapshot(table), snapshot(table)
    assert fresh.fact(LOG).value == "text"
    assert old.fact(LOG, not_older_than=NOW).value == "text"
    assert (list(fresh.wants), list(old.wants)) == ([], [LOG])


def test_moments_are_written_as_the_api_server_writes_them():
    assert snapshot().timestamp() == "2026-11-23T15:33:00Z"
    assert snapshot().now_to_write() == NOW


@pytest.mark.parametrize("text", ["", "yesterday", None, 5, "2026-13-01T00:00:00Z"])
def test_what_is_no_moment_is_none(text):
    assert moment(text) is None


def test_a_moment_without_zone_counts_as_utc():
    assert moment("2026-11-23T15:33:00") == NOW


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
def test_a_timestamp_reads_back_as_its_second(when):
    assert moment(timestamp(when)) == when.replace(microsecond=0)


# ---- learning -------------------------------------------------------------------------------------------------------
def test_a_new_object_touches_its_key_and_its_buckets():
    touched = Table().learn(model("m", "img"))
    assert ObjectRead(Key("AIMModel", "ns", "m")) in touched
    assert IndexRead("AIMModel", "image", "ns/img") in touched
    assert IndexRead("AIMModel", "namespace", "ns") in touched


def test_a_moved_object_touches_the_bucket_that_it_left():
    table = Table([model("m", "old")])
    touched = table.learn(model("m", "new"))
    assert {IndexRead("AIMModel", "image", "ns/old"), IndexRead("AIMModel", "image", "ns/new")} <= touched
    assert table.bucket("AIMModel", "image", "ns/old") == ()


def test_a_change_outside_the_slice_touches_nothing():
    table = Table([node(gpu="x")])
    heartbeat = node(version="2", gpu="x") | {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    assert table.learn(heartbeat) == set()
    assert table.find(Key("Node", "", "n1")).resource_version == "2"
    assert table.learn(heartbeat) == set()


def deep(levels):
    value = {}
    for _ in range(levels):
        value = {"in": value}
    return value


def test_what_is_too_deep_to_compare_counts_as_changed():
    table = Table()
    table.learn(model("m", "i") | {"spec": deep(100_000)})
    assert ObjectRead(Key("AIMModel", "ns", "m")) in table.learn(model("m", "i") | {"spec": deep(100_000)})


def test_a_forgotten_object_touches_what_it_was_filed_under():
    table = Table([model("m", "img")])
    assert IndexRead("AIMModel", "image", "ns/img") in table.forget(Key("AIMModel", "ns", "m"))
    assert table.forget(Key("AIMModel", "ns", "m")) == set()
    assert len(table) == 0


def test_a_view_is_touched_only_when_its_value_changes():
    table = Table([node("a"), node("b")])
    snapshot(table).view(is_crowded, 2)
    assert ViewRead(is_crowded, (2,)) not in table.learn(node("c"))
    assert ViewRead(is_crowded, (2,)) not in table.forget(Key("Node", "", "c"))
    assert ViewRead(is_crowded, (2,)) in table.forget(Key("Node", "", "b"))


def test_a_kind_that_appears_touches_its_readers():
    table = Table()
    assert table.learn_availability("Job", NotInstalled("Job")) == {KindRead("Job")}
    assert table.learn_availability("Job", NotInstalled("Job")) == set()
    assert table.learn_availability("Job", None) == {KindRead("Job")}


def test_the_same_answer_touches_nothing_and_a_later_one_its_readers():
    table = Table()
    assert table.learn_answer(LOG, Answer("a", NOW)) == {FactRead(LOG)}
    assert table.learn_answer(LOG, Answer("a", NOW)) == set()
    assert table.learn_answer(LOG, Answer("a", NOW + timedelta(1))) == {FactRead(LOG)}
    assert table.answer(LOG).at == NOW + timedelta(1)
    assert table.forget_answer(LOG) == {FactRead(LOG)}
    assert table.forget_answer(LOG) == set()


def test_refusals_of_the_same_manifest_are_counted():
    table, of = Table(), OutcomeOf(Key("AIMService", "ns", "a"), Key("HTTPRoute", "ns", "a"))
    refused = Outcome(Refusal.QUOTA_EXCEEDED, "full", NOW, desired="x")
    assert table.learn_outcome(of, refused) == {FactRead(of)}
    assert table.learn_outcome(of, refused) == set()
    assert table.outcome(of).attempts == 1
    table.learn_outcome(of, Outcome(Refusal.QUOTA_EXCEEDED, "full", NOW, desired="y"))
    assert table.outcome(of).attempts == 0
    assert table.learn_outcome(of, None) == {FactRead(of)}
    assert snapshot(table).outcome(of.parent, of.child) is None


def test_what_the_server_took_is_remembered():
    table, of = Table(), OutcomeOf(Key("AIMService", "ns", "a"), Key("HTTPRoute", "ns", "a"))
    table.learn_taken(of, Taken("print", 3, NOW))
    assert snapshot(table).taken(of.parent, of.child) == Taken("print", 3, NOW)


# ---- resources ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "raw",
    [None, 5, {}, {"kind": "Node"}, {"kind": 1, "metadata": {"name": "a"}}, {"kind": "Node", "metadata": {"name": ""}},
     {"kind": "Node", "metadata": {"name": "a", "namespace": 7}}, {"kind": "Node", "metadata": []}],
)  # fmt: skip
def test_json_without_kind_or_name_is_no_resource(raw):
    assert Resource.of(raw) is None
    if isinstance(raw, dict):
        assert Table().learn(raw) == set()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = ["labels", "annotations", "ownerReferences", "finalizers", "generation", "uid", "creationTimestamp"]


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON), JSON, JSON)
def test_metadata_of_any_shape_is_readable(metadata, spec, status):
    r = Resource.of({"kind": "Node", "metadata": {**metadata, "name": "a"}, "spec": spec, "status": status})
    assert isinstance(r.uid + r.created + r.resource_version, str)
    assert isinstance(r.generation, int)
    assert all(isinstance(v, str) for v in [*r.labels.values(), *r.annotations.values(), *r.finalizers])
    assert r.controller is None or r.controller.controller
    assert isinstance(r.spec, dict)
    assert isinstance(r.status, dict)
    assert r.is_deleting is False


def test_a_reading_is_made_once():
    r = Resource.of(node())
    assert r.read_as(lambda_counter) is r.read_as(lambda_counter)
    assert repr(r) == "<Resource Node n1 rv=1>"
    assert str(Key("Pod", "ns", "p")) == "Pod ns/p"


def lambda_counter(resource):
    return [resource.name]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x", "y"])), max_size=30))
def test_the_buckets_always_equal_a_fresh_filing(history):
    """Incremental equals from-scratch."""
    table, present = Table(), {}
    for name, image in history:
        if image:
            present[name] = model(name, image)
            table.learn(present[name])
        else:
            present.pop(name, None)
            table.forget(Key("AIMModel", "ns", name))
        fresh = Table(present.values())
        for index, value in (("all", ""), ("image", "ns/x"), ("image", "ns/y"), ("namespace", "ns")):
            ours = [r.raw for r in table.bucket("AIMModel", index, value)]
            assert ours == [r.raw for r in fresh.bucket("AIMModel", index, value)]


# ---- indexes over what a server may hold ----------------------------------------------------------------------------
def test_a_match_without_a_path_is_filed_nowhere():
    silly = [{"path": {"value": "/a/"}}, {"path": {"type": "Exact"}}, {"path": "/b"}, {"headers": []}, None]
    route = Resource.of({"kind": "HTTPRoute", "metadata": {"name": "r"}, "spec": {"rules": [{"matches": silly}, 7]}})
    assert set(OURS.indexes_of("HTTPRoute")["path"](route)) == {"/a"}


# ---- what is easily forgotten ---------------------------------------------------------------------------------------
def test_an_empty_bucket_is_a_read_too():
    one = snapshot()
    assert one.index("AIMModel", "image", "ns/img") == Listed(())
    assert IndexRead("AIMModel", "image", "ns/img") in one.reads


def test_a_forgotten_object_touches_its_key():
    key = Key("AIMModel", "ns", "m")
    assert ObjectRead(key) in Table([model("m", "img")]).forget(key)


def test_a_removed_finalizer_is_a_change():
    held = model("m", "img")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    assert ObjectRead(Key("AIMModel", "ns", "m")) in Table([held]).learn(model("m", "img"))
