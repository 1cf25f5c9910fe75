"""Objects of every kind in three grades: two are admitted, none makes planning raise."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimcore import KnownKind, Snapshot, Table, changes_needed, make_plan, vocabulary_of
from aimcore.api.crd import structural_schema
from aimcore.api.kinds import AIM_KINDS, Kind
from aimcore.dispatch import PLANNERS
from aimcore.simulation.cluster import ApiError, Cluster
from aimcore.testing.grades import hostile, silly, valid
from aimcore.testing.histories import START, new_cluster
from aimcore.testing.shaping import fits, shaped
from aimctl_runtime.local.validation import SchemaValidator

KINDS = sorted(AIM_KINDS)
STRINGS = {"type": "string"}


@cache
def server() -> Cluster:
    cluster = new_cluster(SchemaValidator())
    for name in ("ml-team", "default"):
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return cluster


def refusal(obj) -> str:
    """Why the API server would not store an object, "" if it would."""
    try:
        server().create(obj, dry_run=True)
    except ApiError as error:
        return str(error.body)
    return ""


@pytest.mark.parametrize("kind", KINDS)
def test_valid_objects_are_admitted(kind):
    @settings(max_examples=60)
    @given(valid(kind))
    def is_admitted(obj):
        assert refusal(obj) == ""

    is_admitted()


@pytest.mark.parametrize("kind", KINDS)
def test_silly_objects_are_admitted(kind):
    seen = []

    @settings(max_examples=100)
    @given(silly(kind))
    def is_admitted(obj):
        assert refusal(obj) == ""
        seen.append("spec" in obj)

    is_admitted()
    assert set(seen) == {True, False}


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_objects_are_mostly_refused(kind):
    refused = []

    @settings(max_examples=60)
    @given(hostile(kind))
    def is_asked(obj):
        refused.append(bool(refusal(obj)))

    is_asked()
    assert sum(refused) > len(refused) // 2


def think(obj) -> None:
    table = Table([obj])
    for key in table.keys(None):
        snapshot = Snapshot(table, START)
        changes_needed(make_plan(snapshot, key), snapshot)


@pytest.mark.parametrize("kind", sorted(PLANNERS))
def test_no_object_of_any_grade_makes_planning_raise(kind):
    @settings(max_examples=100)
    @given(valid(kind) | silly(kind) | hostile(kind))
    def gives_a_plan(obj):
        think(obj)

    gives_a_plan()


@pytest.mark.parametrize("grade", [valid, silly])
@pytest.mark.parametrize("kind", KINDS)
def test_every_member_of_a_schema_is_reached(kind, grade):
    """A strategy that never sets a member proves nothing of it."""
    reached = set()

    @settings(max_examples=250)
    @given(grade(kind))
    def look(obj):
        reached.update(obj.get("spec", {}))

    look()
    assert reached == set(structural_schema(kind)["properties"]["spec"].get("properties", {}))


LAMP = Kind("Lamp", "example.com", "v1", "lamps")


def lamps(**spec):
    schema = {"type": "object", "properties": {"spec": {"type": "object", **spec}}}
    crd = {"spec": {"versions": [{"schema": {"openAPIV3Schema": schema}}]}}
    return vocabulary_of(KnownKind(LAMP, crd=crd))


def test_a_kind_of_ones_own_is_derived_from_its_crd():
    vocabulary = lamps(properties={"room": STRINGS}, required=["room"])

    @given(valid("Lamp", vocabulary=vocabulary, pools={"room": ["hall"]}))
    def has_a_room(obj):
        assert obj["spec"] == {"room": "hall"}
        assert obj["apiVersion"] == "example.com/v1"

    has_a_room()


def test_a_kind_without_a_schema_is_an_error():
    with pytest.raises(KeyError, match="Lamp has no schema"):
        valid("Lamp", vocabulary=vocabulary_of(KnownKind(LAMP)))


def test_a_rule_without_a_mend_is_an_error_and_one_with_a_mend_is_obeyed():
    rule = "self.low <= self.high"
    numbers = {"low": {"type": "integer"}, "high": {"type": "integer"}}
    spec = {"properties": numbers, "required": ["low", "high"], "x-kubernetes-validations": [{"rule": rule}]}
    with pytest.raises(ValueError, match="no mend for the rules"):
        valid("Lamp", vocabulary=lamps(**spec))

    def ordered(value):
        low, high = sorted(value.values())
        return {"low": low, "high": high}

    @given(silly("Lamp", vocabulary=lamps(**spec), mends={rule: ordered}))
    def obeys(obj):
        assert "spec" not in obj or obj["spec"]["low"] <= obj["spec"]["high"]

    obeys()


@given(st.data())
def test_what_is_shaped_by_a_pattern_matches_it(data):
    node = {"type": "string", "pattern": "^[a-c]{2,4}$", "maxLength": 3}
    text = data.draw(shaped(node, {"a text": (), "a quantity": ()}))
    assert fits(node, text)


@pytest.mark.parametrize(
    ("node", "value", "is_fit"),
    [
        ({"type": "string", "minLength": 2}, "a", False),
        ({"type": "string", "maxLength": 2}, "abc", False),
        ({"type": "string"}, 1, False),
        ({"type": "string", "enum": ["a"]}, "b", False),
        ({"type": "integer", "minimum": 2}, 1, False),
        ({"type": "integer"}, True, False),
        ({"type": "boolean"}, 1, False),
        ({"type": "number"}, 1, True),
        ({"type": "object"}, 1, True),
    ],
)
def test_fits_says_what_a_schema_says_of_scalars(node, value, is_fit):
    assert fits(node, value) is is_fit


def test_hostile_objects_have_their_kind():
    @given(hostile("AIMService"))
    def has_its_kind(obj):
        assert obj["kind"] == "AIMService"

    has_its_kind()
