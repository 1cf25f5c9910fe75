"""The patch documents by themselves, and laws of server-side apply."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimcore.resource import Key
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import Cluster, PatchType
from aimcore.simulation.field_sets import difference, intersection, members, union
from aimcore.simulation.patches import PatchMalformedError, PatchMisfitError, json_patched, merge_patched
from aimcore.simulation.strategic import strategic_patched
from aimcore.simulation.types import RESOURCE_TYPES
from simulation.api.conftest import FOO

DEPLOYMENT = next(t for t in RESOURCE_TYPES if t.name == "Deployment").shape


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [  # the table of RFC 7386, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": True}, {"a": 1}, {"a": 1}),
    ],
)
def test_merge_patch_follows_its_rfc(target, patch, result):
    assert merge_patched(target, patch) == result
    assert type(merge_patched(target, patch)) is type(result)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)


def by_the_book(target, patch):
    """RFC 7386, section 2, word by word."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = by_the_book(target.get(name), value)
    return target


@given(JSON, JSON)
def test_merge_patch_equals_the_rfcs_pseudocode_and_twice_is_once(target, patch):
    once = merge_patched(target, patch)
    assert once == by_the_book(target, patch)
    assert merge_patched(once, patch) == once


@pytest.mark.parametrize(
    ("target", "operation", "result"),
    [
        ({"a": 1}, {"op": "add", "path": "/b", "value": 2}, {"a": 1, "b": 2}),
        ({"a": [1, 3]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2, 3]}),
        ({"a": [1]}, {"op": "add", "path": "/a/-", "value": 2}, {"a": [1, 2]}),
        ({"a": [{"b": 1}]}, {"op": "replace", "path": "/a/0/b", "value": 2}, {"a": [{"b": 2}]}),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/0"}, {"a": [2]}),
        ({"a/b": 1, "m~n": 2}, {"op": "move", "from": "/a~1b", "path": "/m~0n"}, {"m~n": 1}),
        ({"a": {"b": 1}}, {"op": "copy", "from": "/a", "path": "/c"}, {"a": {"b": 1}, "c": {"b": 1}}),
        ({"a": 1}, {"op": "test", "path": "/a", "value": 1}, {"a": 1}),
        ({"a": 1}, {"op": "add", "path": "", "value": {}}, {}),
        ({"a": 1}, {"op": "replace", "path": "", "value": {}}, {}),
        ({"a": 1}, {"op": "remove", "path": ""}, None),
    ],
)
def test_json_patch_operations(target, operation, result):
    assert json_patched(target, [operation]) == result


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ({"op": "remove", "path": "/x"}, PatchMisfitError),
        ({"op": "replace", "path": "/x", "value": 1}, PatchMisfitError),
        ({"op": "add", "path": "/a/5", "value": 1}, PatchMisfitError),
        ({"op": "add", "path": "/a/01x", "value": 1}, PatchMisfitError),
        ({"op": "add", "path": "/b/c", "value": 1}, PatchMisfitError),
        ({"op": "test", "path": "/b", "value": True}, PatchMisfitError),
        ({"op": "add", "path": "/a"}, PatchMalformedError),
        ({"op": "add", "path": "a", "value": 1}, PatchMalformedError),
        ({"op": "fly", "path": "/a"}, PatchMalformedError),
        ("nonsense", PatchMalformedError),
    ],
)
def test_json_patches_that_do_not_fit(operation, error):
    with pytest.raises(error):
        json_patched({"a": [1], "b": 1}, [operation])
    with pytest.raises(PatchMalformedError):
        json_patched({}, operation)


def containers(*items):
    return {"spec": {"template": {"spec": {"containers": list(items)}}}}


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        (containers({"name": "a", "image": "1"}), containers({"name": "a", "$patch": "delete"}), containers()),
        (containers({"name": "a"}), containers({"$patch": "replace"}, {"name": "b"}), containers({"name": "b"})),
        (containers({"name": "a"}), containers({"name": "b"}), containers({"name": "a"}, {"name": "b"})),
        (containers({"name": "a"}), containers({"name": "z", "$patch": "delete"}), containers({"name": "a"})),
        (
            containers({"name": "a"}, {"name": "b"}),
            {"spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}}}},
            containers({"name": "b"}, {"name": "a"}),
        ),
        (
            {"metadata": {"finalizers": ["a", "b"]}},
            {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c", "b"]}},
            {"metadata": {"finalizers": ["b", "c"]}},
        ),
        (
            {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {}}}},
            {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
            {"spec": {"strategy": {"type": "Recreate"}}},
        ),
        ({"metadata": {"labels": {"a": "1"}}}, {"metadata": {"labels": None}}, {"metadata": {}}),
        ({"spec": {"x": {"a": 1}}}, {"spec": {"x": {"$patch": "replace", "b": 2}}}, {"spec": {"x": {"b": 2}}}),
        ({"spec": {"x": {"a": 1}}}, {"spec": {"x": {"$patch": "delete"}}}, {"spec": {}}),
        ({"spec": {"list": [1]}}, {"spec": {"list": [2]}}, {"spec": {"list": [2]}}),
    ],
)
def test_strategic_merge_patch(target, patch, result):
    assert strategic_patched(DEPLOYMENT, target, patch) == result


# ---- laws of server-side apply --------------------------------------------------------------------------------------
NAMES = st.sampled_from("abc")
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "n": st.integers(1, 2),
        "free": st.integers(1, 2),
        "at": st.lists(NAMES, max_size=2),
        "set": st.lists(NAMES, max_size=3, unique=True),
        "map": st.dictionaries(NAMES, NAMES, max_size=2),
        "boxed": st.fixed_dictionaries({}, optional={"a": NAMES, "b": NAMES}),
        "opt": st.fixed_dictionaries({}, optional={"mode": NAMES}),
        "env": st.lists(
            st.fixed_dictionaries({"name": NAMES}, optional={"value": NAMES}), max_size=3, unique_by=lambda e: e["name"]
        ),
    },
)
KEY = Key("Foo", "t1", "a")


def empty_cluster():
    return Cluster((FOO,), clock=Clock(datetime(2026, 1, 1, tzinfo=UTC)))


def apply(cluster, spec, manager, *, force=True):
    body = {"apiVersion": "ex.io/v1", "kind": "Foo", "metadata": {"name": "a"}, "spec": spec}
    return cluster.patch(KEY, body, PatchType.APPLY, manager=manager, force=force).object


def leaves(obj, manager):
    entry = next((e for e in obj["metadata"].get("managedFields", ()) if e["manager"] == manager), None)
    return set(members(entry["fieldsV1"])) if entry else set()


@pytest.mark.rule("F-124", "F-108")
@given(st.lists(st.tuples(SPECS, st.sampled_from(["m1", "m2"])), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_the_last_apply_repeated_is_never_a_write(history):
    cluster = empty_cluster()
    for spec, manager in history:
        last = apply(cluster, spec, manager)
    assert apply(cluster, history[-1][0], history[-1][1], force=False) == last
    assert cluster.get(KEY) == last


@pytest.mark.rule("F-120", "F-117")
@given(SPECS, SPECS)
@settings(max_examples=60, deadline=None)
def test_applying_a_then_b_leaves_the_fields_and_values_of_b(a, b):
    path, fresh = empty_cluster(), empty_cluster()
    apply(path, a, "m1")
    after, wanted = apply(path, b, "m1"), apply(fresh, b, "m1")
    assert leaves(after, "m1") == leaves(wanted, "m1")
    empty = {k for k in ("set", "map", "env", "opt") if b.get(k) in ([], {})}
    assert _values(after["spec"], empty) == _values(wanted["spec"], empty)


def _values(spec, skipped):
    """A spec without regard to containers that are empty in the body: whose keeper is a matter of history."""
    return {
        k: sorted(json.dumps(i, sort_keys=True) for i in v) if k in ("set", "env") else v
        for k, v in spec.items()
        if k not in skipped and v
    }


@pytest.mark.rule("F-118", "F-119")
@given(SPECS, SPECS)
@settings(max_examples=60, deadline=None)
def test_after_a_forced_apply_no_field_has_two_owners_with_different_wishes(a, b):
    cluster = empty_cluster()
    apply(cluster, a, "m1")
    apply(cluster, b, "m2")
    again = apply(cluster, b, "m2", force=False)
    assert leaves(again, "m2") == leaves(apply(empty_cluster(), b, "m2"), "m2")


FIELDS = st.recursive(
    st.just({}),
    lambda inner: st.builds(
        lambda children, member: {**children, ".": {}} if member and children else children,
        st.dictionaries(st.sampled_from(["f:a", "f:b", 'k:{"n":1}']), inner, max_size=2),
        st.booleans(),
    ),
    max_leaves=6,
).map(lambda node: {k: v for k, v in node.items() if k != "."})


@given(FIELDS, FIELDS)
def test_field_sets_obey_the_algebra_of_sets(a, b):
    left, right = set(members(a)), set(members(b))
    assert set(members(union(a, b))) == left | right
    assert set(members(intersection(a, b))) == left & right
    assert set(members(difference(a, b))) == left - right
