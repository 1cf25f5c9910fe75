"""The simulated API server refuses what the real one refuses, in its words."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schema_cases import TEXT, VALIDATE, refusals, type_of
from test_reading_objects import FINITE, SERVICE, SPOKEN_JSON

from aimcore.api.crd import structural_schema
from aimcore.simulation.causes import Cause
from aimctl_runtime.local.validation import SchemaValidator

AIM_SERVICE = SimpleNamespace(schema=structural_schema("AIMService"))
UNCHECKED = (
    "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the "
    "existing errors to complete validation"
)


def service(**spec: Any) -> dict[str, Any]:
    return copy.deepcopy(SERVICE["spec"]) | spec


MODEL_XOR_VRAM = (
    "spec.overrides.hardware.gpu: Invalid value: model and minVram are mutually exclusive; specify either a specific "
    "GPU model OR a minimum VRAM requirement, not both"
)


def test_a_good_object_has_no_causes():
    assert VALIDATE(AIM_SERVICE, SERVICE, None) == []
    assert VALIDATE(AIM_SERVICE, SERVICE, SERVICE) == []


def test_a_kind_without_schema_takes_everything():
    assert VALIDATE(SimpleNamespace(schema=None), {"spec": 7}, None) == []


@pytest.mark.rule("F-89")
@pytest.mark.parametrize(
    ("schema", "value", "reason", "said"),
    [
        ({"type": "integer"}, "x", "FieldValueTypeInvalid",
         'Invalid value: "string": spec.n in body must be of type integer: "string"'),
        ({"type": "integer"}, True, "FieldValueTypeInvalid",
         'Invalid value: "boolean": spec.n in body must be of type integer: "boolean"'),
        ({"type": "integer"}, None, "FieldValueTypeInvalid",
         'Invalid value: "null": spec.n in body must be of type integer: "null"'),
        ({"type": "number"}, "1", "FieldValueTypeInvalid",
         'Invalid value: "string": spec.n in body must be of type number: "string"'),
        ({"type": "object"}, [], "FieldValueTypeInvalid",
         'Invalid value: "array": spec.n in body must be of type object: "array"'),
        ({"x-kubernetes-int-or-string": True}, 1.5, "FieldValueTypeInvalid",
         'Invalid value: "number": spec.n in body must be of type integer,string: "number"'),
        ({"type": "string", "enum": ["a", "b"]}, "c", "FieldValueNotSupported",
         'Unsupported value: "c": supported values: "a", "b"'),
        ({"type": "string", "pattern": "^a+$"}, "b", "FieldValueInvalid",
         "Invalid value: \"b\": spec.n in body should match '^a+$'"),
        ({"type": "string", "minLength": 1}, "", "FieldValueInvalid",
         'Invalid value: "": spec.n in body should be at least 1 chars long'),
        ({"type": "string", "maxLength": 2}, "abc", "FieldValueTooLong", "Too long: may not be more than 2 bytes"),
        ({"type": "integer", "minimum": 1}, 0, "FieldValueInvalid",
         "Invalid value: 0: spec.n in body should be greater than or equal to 1"),
        ({"type": "integer", "maximum": 5}, 6, "FieldValueInvalid",
         "Invalid value: 6: spec.n in body should be less than or equal to 5"),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 1, "FieldValueInvalid",
         "Invalid value: 1: spec.n in body should be greater than 1"),
        ({"type": "integer", "maximum": 5, "exclusiveMaximum": True}, 5, "FieldValueInvalid",
         "Invalid value: 5: spec.n in body should be less than 5"),
        ({"type": "integer", "format": "int32"}, 2**31, "FieldValueInvalid",
         "Invalid value: 2147483648: spec.n in body must be of type int32: 2147483648"),
        ({"type": "string", "format": "date-time"}, "today", "FieldValueTypeInvalid",
         'Invalid value: "today": spec.n in body must be of type date-time: "today"'),
        ({"type": "string", "format": "date-time"}, "2026-01-01", "FieldValueTypeInvalid",
         'Invalid value: "2026-01-01": spec.n in body must be of type date-time: "2026-01-01"'),
        ({"type": "array", "items": TEXT, "minItems": 1}, [], "FieldValueInvalid",
         "Invalid value: 0: spec.n in body should have at least 1 items"),
        ({"type": "array", "items": TEXT, "maxItems": 1}, ["a", "b"], "FieldValueTooMany",
         "Too many: 2: must have at most 1 items"),
        ({"type": "object", "additionalProperties": TEXT, "maxProperties": 0}, {"a": "b"}, "FieldValueTooMany",
         "Too many: 1: must have at most 0 items"),
        ({"type": "string", "anyOf": [{"enum": ["a"]}, {"pattern": "^b"}]}, "c", "FieldValueInvalid",
         'Invalid value: "c": spec.n in body must validate at least one schema (anyOf)'),
        ({"type": "string", "oneOf": [{"enum": ["a"]}, {"pattern": "^a"}]}, "a", "FieldValueInvalid",
         'Invalid value: "a": spec.n in body must validate one and only one schema (oneOf)'),
        ({"type": "string", "allOf": [{"maxLength": 1}]}, "ab", "FieldValueTooLong",
         "Too long: may not be more than 1 bytes"),
        ({"type": "string", "not": {"enum": ["a"]}}, "a", "FieldValueInvalid",
         'Invalid value: "a": spec.n in body must not validate the schema (not)'),
        ({"type": "object", "x-kubernetes-validations": [{"rule": "has(self.a)", "message": "a is needed"}]}, {},
         "FieldValueInvalid", "Invalid value: a is needed"),
        ({"type": "integer", "x-kubernetes-validations": [{"rule": "self > 1", "message": "more"}]}, 1,
         "FieldValueInvalid", "Invalid value: 1: more"),
        ({"type": "integer", "x-kubernetes-validations": [{"rule": "self > 1"}]}, 1,
         "FieldValueInvalid", "Invalid value: 1: failed rule: self > 1"),
        ({"type": "integer", "x-kubernetes-validations": [
            {"rule": "false", "message": "no", "reason": "FieldValueForbidden"}]}, 1,
         "FieldValueForbidden", "Forbidden: no"),
    ],
)  # fmt: skip
def test_each_violation_is_one_cause_in_the_servers_words(schema, value, reason, said):
    kind = type_of(n=schema)
    assert VALIDATE(kind, {"spec": {"n": value}}, None) == [Cause(reason, said, "spec.n")]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, 5.0),
        ({"type": "string", "nullable": True, "enum": ["a"]}, None),
        ({"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}, 7),
        ({"x-kubernetes-preserve-unknown-fields": True}, {"a": [None, 1]}),
        ({"type": "string", "format": "date-time"}, "2026-01-01T00:00:00Z"),
        ({"type": "array", "maxItems": 2}, [1, "a"]),
        ({"type": "string", "anyOf": [{"enum": ["a"]}, {"pattern": "^b"}]}, "b"),
        ({"type": "string", "oneOf": [{"enum": ["a"]}, {"pattern": "^b"}]}, "b"),
        ({"type": "string", "not": {"enum": ["a"]}}, "b"),
        ({"type": "string", "pattern": r"^[$z]\$\]$"}, "$$]"),
    ],
)
def test_what_fits_is_taken(schema, value):
    assert refusals(type_of(n=schema), {"n": value}) == []


def test_the_end_of_a_pattern_is_the_end_of_the_text():
    kind = type_of(n={"type": "string", "pattern": r"^a$|^b\z"})
    assert refusals(kind, {"n": "a"}) == []
    assert len(refusals(kind, {"n": "a\n"})) == 1
    assert len(refusals(kind, {"n": "b\n"})) == 1


def test_a_pattern_that_is_none_matches_nothing():
    assert len(refusals(type_of(n={"type": "string", "pattern": "("}), {"n": "("})) == 1


@pytest.mark.rule("F-89")
def test_paths_lead_into_lists_and_maps():
    found = refusals(AIM_SERVICE, service(env=[{"value": "x"}], resources={"limits": {"cpu": "much"}}))
    assert found[0].startswith('spec.resources.limits.cpu: Invalid value: "much": spec.resources.limits.cpu in body')
    assert found[1:] == ["spec.env[0].name: Required value", UNCHECKED]


@pytest.mark.rule("F-2")
def test_a_duplicate_key_of_a_map_list_is_refused_at_the_second_place():
    env = [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "A", "value": "2"}]
    assert refusals(AIM_SERVICE, service(env=env)) == ['spec.env[2]: Duplicate value: {"name":"A"}']


def test_a_duplicate_member_of_a_set_is_refused():
    kind = type_of(n={"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"})
    assert refusals(kind, {"n": ["a", "b", "a"]}) == ['spec.n[2]: Duplicate value: "a"']


def test_a_missing_model_is_required():
    assert refusals(AIM_SERVICE, {}) == ["spec.model: Required value", UNCHECKED]


def test_a_member_required_at_the_root_is_named_alone():
    kind = SimpleNamespace(schema={"type": "object", "required": ["spec"], "properties": {"spec": {"type": "object"}}})
    assert [str(c) for c in VALIDATE(kind, {}, None)] == ["spec: Required value"]


@pytest.mark.rule("F-93", "F-58")
def test_rules_are_not_checked_while_a_value_is_missing_or_of_the_wrong_type():
    assert refusals(AIM_SERVICE, service(model={}, replicas="x"))[1:] == [UNCHECKED]
    assert refusals(AIM_SERVICE, service(model={}, minReplicas=0)) == [
        "spec.minReplicas: Invalid value: 0: spec.minReplicas in body should be greater than or equal to 1",
        "spec.model: Invalid value: exactly one of name, image, or custom must be specified",
    ]


def test_without_rules_nothing_is_said_of_rules():
    assert refusals(type_of(n=TEXT), {"n": 1}) == [
        'spec.n: Invalid value: "integer": spec.n in body must be of type string: "integer"'
    ]


@pytest.mark.rule("R-1.1", "F-144")
def test_what_is_immutable_may_come_and_go_but_not_change():
    bare = {"model": {"name": "m"}}
    chosen = bare | {"template": {"name": "t"}, "caching": {"mode": "Shared"}, "overrides": {"metric": "latency"}}
    assert refusals(AIM_SERVICE, chosen, bare) == []
    assert refusals(AIM_SERVICE, bare, chosen) == []
    moved = {
        "model": {"name": "n"},
        "template": {"name": "u"},
        "caching": {"mode": "Dedicated"},
        "overrides": {"metric": "throughput"},
    }
    assert refusals(AIM_SERVICE, moved, chosen) == [
        "spec.model: Invalid value: model selection is immutable after creation",
        "spec.template: Invalid value: template selection is immutable after creation",
        "spec.caching: Invalid value: caching mode is immutable after creation",
        'spec.overrides.metric: Invalid value: "throughput": metric is immutable',
    ]


@pytest.mark.parametrize(
    ("model", "fits"),
    [
        ({}, False),
        ({"name": "a"}, True),
        ({"image": "a"}, True),
        ({"name": "a", "image": "b"}, False),
        ({"name": "", "image": ""}, False),
    ],
)
def test_a_service_names_exactly_one_model(model, fits):
    assert (refusals(AIM_SERVICE, {"model": model}) == []) is fits


@pytest.mark.parametrize(
    ("hardware", "said"),
    [
        ({}, ["spec.overrides.hardware: Invalid value: at least one of gpu or cpu must be specified"]),
        ({"cpu": {"requests": 4}}, []),
        ({"gpu": {"requests": 1, "model": "MI300X"}}, []),
        ({"gpu": {"model": "", "minVram": "64Gi"}}, []),
        ({"gpu": {"model": "MI300X", "minVram": "64Gi"}}, [MODEL_XOR_VRAM]),
    ],
)  # fmt: skip
def test_hardware_is_gpus_or_cpus_and_gpus_by_model_or_memory(hardware, said):
    assert refusals(AIM_SERVICE, service(overrides={"hardware": hardware})) == said


SOURCE = {"modelId": "a/b", "sourceUri": "hf://a/b"}
HARDWARE = {"cpu": {"requests": "1"}}


@pytest.mark.parametrize(
    ("spec", "fits"),
    [
        ({}, True),
        ({"modelSources": [], "customTemplates": [{}]}, True),
        ({"modelSources": [SOURCE]}, True),
        ({"modelSources": [SOURCE], "customTemplates": []}, True),
        ({"modelSources": [SOURCE], "customTemplates": [{"hardware": HARDWARE}]}, True),
        ({"modelSources": [SOURCE], "customTemplates": [{"hardware": HARDWARE}, {}]}, False),
        ({"modelSources": [SOURCE], "customTemplates": [{}], "custom": {"hardware": HARDWARE}}, True),
        ({"modelSources": [SOURCE], "customTemplates": [{}], "custom": {}}, False),
    ],
)
def test_a_custom_model_knows_the_hardware_of_all_its_templates(spec, fits):
    kind = SimpleNamespace(schema=structural_schema("AIMModel"))
    assert (refusals(kind, {"image": "a/b:1"} | spec) == []) is fits


def test_metadata_is_not_judged_here():
    kind = SimpleNamespace(schema={"type": "object", "properties": {"metadata": {"type": "object", "required": ["x"]}}})
    assert VALIDATE(kind, {"metadata": {}}, None) == []


def test_rules_reach_the_items_of_lists():
    kind = type_of(
        l={
            "type": "array",
            "items": {"type": "integer", "x-kubernetes-validations": [{"rule": "self > 0", "message": "positive"}]},
        }
    )
    assert refusals(kind, {"l": [1, 0]}) == ["spec.l[1]: Invalid value: 0: positive"]
    assert refusals(kind, {"l": None})[-1] == UNCHECKED


def test_a_rule_that_cannot_be_told_is_violated():
    kind = type_of(n={"type": "object", "x-kubernetes-validations": [{"rule": "self.a == 1"}]})
    assert refusals(kind, {"n": {}})[0].startswith("spec.n: Invalid value: rule evaluation error: ")


WORDS = (
    "type properties items additionalProperties required enum pattern minimum maxLength maxItems anyOf not format "
    "default rule a x-kubernetes-validations x-kubernetes-list-type x-kubernetes-list-map-keys "
    "x-kubernetes-int-or-string"
)
SILLY_SCHEMAS = st.recursive(
    FINITE | st.sampled_from(["object", "array", "string", "integer", "map"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS.split()), inner, max_size=4),
)


@given(SILLY_SCHEMAS, SPOKEN_JSON, SPOKEN_JSON)
def test_no_schema_however_silly_makes_the_validator_raise(schema, new, old):
    kind = SimpleNamespace(schema={"properties": {"spec": schema, "a": schema}, "required": schema})
    causes = SchemaValidator()(kind, {"spec": new, "a": {"a": [new]}}, {"spec": old, "a": {"a": [old]}})
    assert all(isinstance(c, Cause) for c in causes)


@given(SPOKEN_JSON, SPOKEN_JSON, SPOKEN_JSON)
def test_judging_never_raises(spec, status, old):
    causes = VALIDATE(AIM_SERVICE, {"spec": spec, "status": status}, {"spec": old})
    assert all(isinstance(c, Cause) and c.reason and c.field for c in causes)
    assert VALIDATE(AIM_SERVICE, {"spec": spec, "status": status}, {"spec": spec, "status": status}) == []
