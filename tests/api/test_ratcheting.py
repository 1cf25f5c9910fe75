"""Stored objects stay writable when a schema gets tighter: what did not change is not judged again."""

from __future__ import annotations

import copy

import pytest
from schema_cases import TEXT, refusals, type_of

from aimctl_runtime.local.ratcheting import is_same

TIGHT = type_of(
    n={"type": "string", "pattern": "^new"},
    m=TEXT,
    keyed={
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"],
        "items": {"type": "object", "properties": {"k": TEXT, "v": {"type": "string", "enum": ["ok"]}}},
    },
    plain={"type": "array", "items": {"type": "string", "enum": ["ok"]}},
    ruled={
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "x-kubernetes-validations": [{"rule": "self.a > 0", "message": "a"}],
    },
)
OLD = {
    "n": "old",
    "m": "x",
    "keyed": [{"k": "1", "v": "bad"}, {"k": "2", "v": "ok"}],
    "plain": ["bad", "ok"],
    "ruled": {"a": 0, "b": 1},
}


@pytest.mark.rule("F-145")
def test_what_did_not_change_is_not_judged_again():
    assert len(refusals(TIGHT, OLD)) > 1
    assert refusals(TIGHT, OLD, OLD) == []
    assert refusals(TIGHT, OLD | {"m": "y"}, OLD) == []
    assert refusals(TIGHT, OLD | {"keyed": [*reversed(OLD["keyed"]), {"k": "3", "v": "ok"}]}, OLD) == []


@pytest.mark.rule("F-145")
def test_what_changed_is_judged():
    assert len(refusals(TIGHT, OLD | {"n": "older"}, OLD)) == 1
    assert len(refusals(TIGHT, OLD | {"keyed": [{"k": "1", "v": "worse"}]}, OLD)) == 2
    assert refusals(TIGHT, OLD | {"ruled": {"a": 0, "b": 2}}, OLD) == ["spec.ruled: Invalid value: a"]


@pytest.mark.rule("F-145")
def test_a_plain_list_that_changed_is_judged_as_a_whole():
    assert refusals(TIGHT, OLD | {"plain": ["bad", "ok", "ok"]}, OLD)[0].startswith("spec.plain[0]: Unsupported value")


@pytest.mark.rule("F-145")
def test_a_new_required_field_concerns_every_write_of_its_object():
    kind = type_of(a=TEXT, b=TEXT)
    kind.schema["properties"]["spec"]["required"] = ["b"]
    assert refusals(kind, {"a": "1"}, {"a": "1"}) == []
    assert refusals(kind, {"a": "2"}, {"a": "1"}) == ["spec.b: Required value"]


def test_truth_is_not_the_number_one():
    kind = type_of(n={"type": "integer"})
    assert len(refusals(kind, {"n": True}, {"n": 1})) == 1


@pytest.mark.parametrize(
    ("new", "old"), [({"a": 1}, {"b": 1}), ([1], [1, 2]), ({"a": [1]}, {"a": [2]}), ({"a": True}, {"a": 1}), ("1", 1)]
)
def test_json_that_differs_anywhere_is_not_the_same(new, old):
    assert not is_same(new, old)
    assert is_same(copy.deepcopy(new), new)


def test_json_is_compared_at_any_depth():
    def nested(bottom):
        for _ in range(5000):
            bottom = {"a": [bottom]}
        return bottom

    assert is_same(nested(1), nested(1))
    assert not is_same(nested(1), nested(2))
