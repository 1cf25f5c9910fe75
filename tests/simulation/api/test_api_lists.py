"""Lists, pages and selectors."""

from __future__ import annotations

import pytest

rule = pytest.mark.rule


def names(body):
    return [o["metadata"]["name"] for o in body["items"]]


@pytest.fixture
def five(api, foo):
    for i, name in enumerate("cabed"):
        api.create(foo(name, spec={"free": i, "n": i % 2}, labels={"x": str(i)} if i else {}))
    return api


@rule("F-130", "F-107")
def test_pages_show_one_state(five, foo, key):
    first = five.list("Foo", "t1", limit=2)
    assert (names(first), first["metadata"]["remainingItemCount"]) == (["a", "b"], 3)
    five.create(foo("bb"))
    five.delete(key._replace(name="d"))
    five.merge(key._replace(name="c"), {"spec": {"free": 99}})
    second = five.list("Foo", "t1", limit=2, continue_=first["metadata"]["continue"])
    assert names(second) == ["c", "d"]
    assert second["items"][0]["spec"]["free"] == 0
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    last = five.list("Foo", "t1", limit=2, continue_=second["metadata"]["continue"])
    assert names(last) == ["e"]
    assert "continue" not in last["metadata"]
    assert names(five.list("Foo")) == ["a", "b", "bb", "c", "e"]


@rule("F-130")
def test_version_zero_ignores_the_limit_and_tokens_exclude_versions(five, refused):
    assert len(five.list("Foo", limit=1, resource_version="0")["items"]) == 5
    token = five.list("Foo", limit=1)["metadata"]["continue"]
    assert refused(five.list, "Foo", continue_=token, resource_version="5").code == 400
    assert refused(five.list, "Foo", continue_="nonsense").code == 400


@rule("F-130")
def test_items_of_custom_kinds_carry_their_kind_others_do_not(five):
    assert {o["kind"] for o in five.list("Foo")["items"]} == {"Foo"}
    listed = five.list("Namespace")
    assert listed["kind"] == "NamespaceList"
    assert all("kind" not in o and "apiVersion" not in o for o in listed["items"])


@rule("F-131", "F-102")
def test_resource_version_match(five, foo, refused):
    version = five.list("Foo")["metadata"]["resourceVersion"]
    five.create(foo("z"))
    assert len(five.list("Foo", resource_version=version, match="Exact")["items"]) == 5
    assert len(five.list("Foo", resource_version=version, match="NotOlderThan")["items"]) == 6
    assert len(five.list("Foo", resource_version=version)["items"]) == 6
    assert refused(five.list, "Foo", resource_version="0", match="Exact").code == 422
    assert refused(five.list, "Foo", match="Exact").code == 422
    assert refused(five.list, "Foo", resource_version="1", match="Other").code == 422
    assert refused(five.list, "Foo", resource_version="x").code == 400
    error = refused(five.list, "Foo", resource_version="99999999")
    assert (error.code, error.reason, error.details["retryAfterSeconds"]) == (504, "Timeout", 1)
    assert error.message.startswith("Timeout: Too large resource version: 99999999, current: ")
    assert error.causes[0]["reason"] == "ResourceVersionTooLarge"


@rule("F-132", "F-103")
def test_an_old_token_offers_an_inconsistent_rest(five, foo, refused, cluster):
    first = five.list("Foo", limit=2)
    version = first["metadata"]["resourceVersion"]
    five.create(foo("z"))
    cluster.compact()
    error = refused(five.list, "Foo", continue_=first["metadata"]["continue"])
    assert (error.code, error.reason) == (410, "Expired")
    assert names(five.list("Foo", continue_=error.body["metadata"]["continue"])) == ["c", "d", "e", "z"]
    error = refused(five.list, "Foo", resource_version=version, match="Exact")
    assert (error.code, error.message) == (410, "The resourceVersion for the provided list is too old.")


@rule("F-135")
@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ("x", "abed"),
        ("!x", "c"),
        ("x=1", "a"),
        ("x==1", "a"),
        ("x!=1", "cbed"),
        ("x in (1, 2)", "ab"),
        ("x notin (1,2)", "ced"),
        ("x>2", "ed"),
        ("x<2", "a"),
        ("x,x!=1", "bed"),
        ("", "abcde"),
    ],
)
def test_label_selectors(five, labels, found):
    assert names(five.list("Foo", labels=labels)) == sorted(found)


@rule("F-135")
@pytest.mark.parametrize("labels", ["=", "a b", "a in (", "a=(", "x>y", "-a=1", "a=" + "v" * 64, "a=-"])
def test_bad_label_selectors_are_refused(five, refused, labels):
    assert refused(five.list, "Foo", labels=labels).code == 400


@rule("F-135", "F-112")
def test_field_selectors(five, refused):
    assert names(five.list("Foo", fields="metadata.name=a")) == ["a"]
    assert names(five.list("Foo", fields="metadata.name!=a,metadata.namespace==t1,spec.n=1")) == ["e"]
    assert len(five.list("Foo", fields="spec.n!=1")["items"]) == 3
    error = refused(five.list, "Foo", fields="spec.free=1")
    assert (error.code, error.message) == (400, "field label not supported: spec.free")
    assert refused(five.list, "Foo", fields="nonsense").code == 400


@rule("F-138")
def test_deleting_a_collection_takes_what_matches(five, cluster):
    gone = cluster.delete_collection("Foo", "t1", labels="x in (1,2)")
    assert names(gone) == ["a", "b"]
    assert names(five.list("Foo")) == ["c", "d", "e"]


def test_requests_are_counted_by_verb_and_manager(cluster, foo, refused, key):
    cluster.requests.clear()
    cluster.create(foo(), manager="m")
    refused(cluster.create, foo(), manager="m")
    cluster.get(key)
    cluster.list("Foo")
    assert cluster.requests == {"create": 2, "get": 1, "list": 1}
    assert cluster.requests_by["m", "create"] == 2
