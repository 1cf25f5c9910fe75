"""Watches."""

from __future__ import annotations

import pytest

from aimcore.simulation.types import RESOURCE_TYPES

rule = pytest.mark.rule


def told(watch):
    return [(e["type"], e["object"]["metadata"].get("name")) for e in watch.take()]


@rule("F-133", "F-108")
def test_a_watch_tells_everything_after_its_version(api, foo, key):
    version = api.create(foo()).object["metadata"]["resourceVersion"]
    api.create(foo("b"))
    watch = api.watch("Foo", "t1", resource_version=version)
    api.merge(key, {"spec": {"free": 1}})
    api.merge(key, {"spec": {"free": 1}})
    api.delete(key)
    assert told(watch) == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "a")]
    assert told(watch) == []


@rule("F-133")
@pytest.mark.parametrize("version", ["", "0"])
def test_without_a_version_it_starts_with_all_objects_by_name(api, foo, version):
    for name in "cab":
        api.create(foo(name))
    watch = api.watch("Foo", resource_version=version)
    assert told(watch) == [("ADDED", "a"), ("ADDED", "b"), ("ADDED", "c")]
    api.create(foo("d"))
    assert told(watch) == [("ADDED", "d")]


@rule("F-134")
def test_deleted_carries_the_last_state_with_a_new_version(api, foo, key):
    api.create(foo(spec={"free": 1}, finalizers=["ex.io/hold"]))
    watch = api.watch("Foo", resource_version=api.list("Foo")["metadata"]["resourceVersion"])
    api.delete(key)
    answer = api.merge(key, {"metadata": {"finalizers": None}}).object
    marked, gone = watch.take()
    assert (marked["type"], gone["type"]) == ("MODIFIED", "DELETED")
    assert marked["object"]["metadata"]["deletionTimestamp"]
    assert gone["object"]["spec"]["free"] == 1
    assert answer["metadata"]["name"] == "a"
    assert int(gone["object"]["metadata"]["resourceVersion"]) > int(answer["metadata"]["resourceVersion"])


@rule("F-135")
def test_selectors_turn_changes_into_arrivals_and_departures(api, foo, key):
    api.create(foo(labels={"x": "1"}))
    watch = api.watch("Foo", labels="x=1", resource_version=api.list("Foo")["metadata"]["resourceVersion"])
    left = api.merge(key, {"metadata": {"labels": {"x": "2"}}}).object
    (gone,) = watch.take()
    assert gone["type"] == "DELETED"
    assert gone["object"]["metadata"]["resourceVersion"] == left["metadata"]["resourceVersion"]
    assert gone["object"]["metadata"]["labels"] == {"x": "1"}
    api.merge(key, {"metadata": {"labels": {"y": "2"}}})
    assert told(watch) == []
    api.merge(key, {"metadata": {"labels": {"x": "1"}}})
    api.merge(key, {"metadata": {"labels": {"z": "1"}}})
    api.delete(key)
    assert told(watch) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


@rule("F-136")
def test_bookmarks_come_soon_then_once_a_minute(api, foo):
    watch = api.watch("Foo", resource_version=api.list("Foo")["metadata"]["resourceVersion"], bookmarks=True)
    assert watch.take() == []
    api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "t1"}})
    api.wait(2)
    (mark,) = watch.take()
    assert mark["type"] == "BOOKMARK"
    assert set(mark["object"]) == {"kind", "apiVersion", "metadata"}
    assert mark["object"]["metadata"]["resourceVersion"] == api.list("Foo")["metadata"]["resourceVersion"]
    api.wait(59)
    assert watch.take() == []
    api.wait(1)
    assert [e["type"] for e in watch.take()] == ["BOOKMARK"]
    api.create(foo())
    assert [e["type"] for e in watch.stop()] == ["ADDED", "BOOKMARK"]
    assert (watch.ended, watch.take()) == (True, [])


@rule("F-136")
def test_initial_events_end_with_a_bookmark(api, foo, refused):
    api.create(foo())
    assert refused(api.watch, "Foo", send_initial_events=True).code == 422
    watch = api.watch("Foo", send_initial_events=True, match="NotOlderThan", bookmarks=True, resource_version="1")
    added, mark = watch.take()
    assert added["type"] == "ADDED"
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert mark["object"]["metadata"]["resourceVersion"] == api.list("Foo")["metadata"]["resourceVersion"]
    assert [e["type"] for e in api.watch("Foo", bookmarks=True).take()] == ["ADDED", "BOOKMARK"]
    plain = api.watch("Foo", send_initial_events=True, match="NotOlderThan")
    assert [e["type"] for e in plain.take()] == ["ADDED"]


@rule("F-137", "F-103")
def test_too_old_a_version_gives_one_error_event(api, foo, cluster):
    api.create(foo())
    cluster.compact()
    watch = api.watch("Foo", resource_version="1")
    (event,) = watch.take()
    assert event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
    assert event["object"]["message"].startswith("too old resource version: 1 (")
    assert watch.ended
    assert watch.take() == []


@rule("F-132")
def test_a_running_watch_survives_one_compaction_but_not_two(api, foo, cluster):
    watch, sleeper = api.watch("Foo"), api.watch("Foo")
    assert watch.take() == sleeper.take() == []
    api.create(foo("a"))
    cluster.compact()
    assert told(watch) == [("ADDED", "a")]
    api.create(foo("b"))
    cluster.compact()
    assert told(watch) == [("ADDED", "b")]
    assert [e["type"] for e in sleeper.take()] == ["ERROR"]


@rule("F-137")
def test_a_future_version_is_silent_and_an_unreadable_one_a_500(api, foo, refused):
    watch = api.watch("Foo", resource_version="1000")
    api.create(foo())
    assert (watch.take(), watch.ended) == ([], False)
    error = refused(api.watch, "Foo", resource_version="x")
    assert (error.code, error.reason) == (500, "")


@rule("F-92")
def test_a_watch_ends_with_its_kind(api, foo, cluster):
    foo_type = cluster.type_of("Foo")
    watch = api.watch("Foo")
    api.create(foo())
    cluster.remove_type("Foo")
    cluster.add_type(foo_type)
    assert told(watch) == [("ADDED", "a"), ("DELETED", "a")]
    assert watch.ended
    assert api.list("Foo")["items"] == []


def test_a_watch_of_one_namespace_hears_of_no_other(api, foo):
    watch = api.watch("Foo", "default")
    api.create(foo())
    api.create(foo(namespace="default"))
    assert told(watch) == [("ADDED", "a")]


def test_a_fork_shares_the_past_and_nothing_else(cluster, foo, key):
    cluster.create(foo())
    before = cluster.resource_version
    forks = [cluster]
    for _ in range(20):
        forks.append(forks[-1].fork())
        forks[-1].create(foo(f"x{len(forks)}"))
    assert cluster.resource_version == before
    assert [o["metadata"]["name"] for o in cluster.objects("Foo")] == ["a"]
    last = forks[-1]
    assert len(list(last.objects("Foo"))) == 21
    assert len(last.watch("Foo", resource_version=str(before)).take()) == 20
    assert len(forks[5].watch("Foo", resource_version=str(before)).take()) == 5
    assert {t.name for t in last.types()} == {t.name for t in RESOURCE_TYPES} | {"Foo"}
    last.delete(key)
    assert cluster.get(key)
