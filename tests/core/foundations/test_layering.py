"""Layers of environment, resources and pull secrets become one, the higher one winning."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore import layering
from aimcore.layering import ENGINE_ARGS, merge_env, merge_json_text, merge_pull_secrets, merge_resources, upsert_env

ENV = st.lists(st.fixed_dictionaries({"name": st.sampled_from("ABCDE"), "value": st.text(max_size=3)}), max_size=6)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["name", "value", "requests", "limits"]), inner),
    max_leaves=8,
)


def env(**values):
    return [{"name": k, "value": v} for k, v in values.items()]


@pytest.mark.rule("R-8.3", "R-8.4")
def test_upper_entries_replace_in_place_and_new_ones_follow():
    upper = [{"name": "NEW", "value": "1"}, {"name": "B", "valueFrom": {"x": 1}}]
    assert merge_env(env(A="a", B="b", C="c"), upper) == [
        {"name": "A", "value": "a"},
        {"name": "B", "valueFrom": {"x": 1}},
        {"name": "C", "value": "c"},
        {"name": "NEW", "value": "1"},
    ]


@pytest.mark.rule("D-19", "D-27")
def test_the_last_of_equal_names_stands_and_unnamed_entries_vanish():
    assert merge_env([*env(A="1"), {"value": "x"}, *env(A="2")], [None, {"name": ""}, {"name": 3}]) == env(A="2")
    assert merge_env([], [*env(A="1"), *env(A="2")]) == env(A="2")


@pytest.mark.rule("R-8.4")
def test_engine_arguments_are_merged_only_where_asked():
    lower, upper = env(AIM_ENGINE_ARGS='{"a":1}'), env(AIM_ENGINE_ARGS='{"b":2}')
    assert merge_env(lower, upper, json_names=ENGINE_ARGS) == env(AIM_ENGINE_ARGS='{"a":1,"b":2}')
    assert merge_env(lower, upper) == upper
    reference = [{"name": "AIM_ENGINE_ARGS", "valueFrom": {"secretKeyRef": {"key": "k"}}}]
    assert merge_env(lower, reference, json_names=ENGINE_ARGS) == lower
    assert merge_env([], reference, json_names=ENGINE_ARGS) == reference


@given(ENV, ENV)
def test_merged_names_are_unique_and_the_upper_values_stand(lower, upper):
    merged = merge_env(lower, upper)
    names = [e["name"] for e in merged]
    assert len(set(names)) == len(names)
    last = {e["name"]: e["value"] for e in [*lower, *upper]}
    assert {e["name"]: e["value"] for e in merged} == last


@given(ENV, ENV, ENV)
def test_merging_is_associative(a, b, c):
    assert merge_env(merge_env(a, b), c) == merge_env(a, merge_env(b, c))


def test_a_literal_value_is_set_in_place():
    assert upsert_env(env(A="1", B="2"), "A", "x") == env(A="x", B="2")
    assert upsert_env(env(A="1"), "Z", "x") == env(A="1", Z="x")


@pytest.mark.rule("R-8.5")
@pytest.mark.parametrize(
    ("lower", "upper", "merged"),
    [
        (
            '{"max-model-len":8192}',
            '{"gpu-memory-utilization":0.95}',
            '{"gpu-memory-utilization":0.95,"max-model-len":8192}',
        ),
        ("", '{"a": 1}', '{"a": 1}'),
        ('{"a": 1}', "", '{"a": 1}'),
        ("[1]", '{"a": 1}', '{"a": 1}'),
        ('{"a": 1}', "[1]", "[1]"),
        ('{"a": 1}', "not json", "not json"),
        ('{"a": 1.0, "b": "<&>"}', "null", '{"a":1,"b":"\\u003c\\u0026\\u003e"}'),
        ("null", '{"a": 1}', '{"a": 1}'),
        ('{"a":{"b":1,"c":[1,2]}}', '{"a":{"c":[3]}}', '{"a":{"b":1,"c":[3]}}'),
        ('{"a":{"b":1}}', '{"a":null}', '{"a":null}'),
        ('{"a":1}', '{"a":NaN}', '{"a":NaN}'),
        ('{"a":1e400}', '{"b":1}', '{"b":1}'),
        ('{"a":9007199254740993}', "{}", '{"a":9007199254740992}'),
        ("[" * 100_000, "{}", "{}"),
        ('{"a":' * 300 + "1" + "}" * 300, "{}", '{"a":' * 300 + "1" + "}" * 300),
    ],
)
def test_json_texts_are_merged_member_by_member(lower, upper, merged):
    assert merge_json_text(lower, upper) == merged


@given(st.text() | st.just("{}"), st.text() | st.just("{}"))
def test_no_json_text_raises(lower, upper):
    merge_json_text(lower, upper)


@given(
    st.dictionaries(st.text(max_size=3), st.integers(-99, 99)),
    st.dictionaries(st.text(max_size=3), st.integers(-99, 99)),
)
def test_a_merge_of_flat_objects_is_their_union(lower, upper):
    merged = merge_json_text(json.dumps(lower), json.dumps(upper))
    assert json.loads(merged) == {**lower, **upper}


@pytest.mark.rule("R-8.8", "D-21")
def test_resources_are_overlaid_key_by_key_with_canonical_amounts():
    defaults = {"requests": {"cpu": 4, "memory": "32Gi"}, "limits": {"memory": "48Gi"}, "claims": [{"name": "x"}]}
    template = {"requests": {"cpu": "0.5"}}
    mine = {"limits": {"memory": "65536Mi", "cpu": "1000m", "odd": "no amount"}}
    assert merge_resources(defaults, template, None, "junk", mine) == {
        "requests": {"cpu": "500m", "memory": "32Gi"},
        "limits": {"memory": "64Gi", "cpu": "1"},
    }
    assert merge_resources({}, {"limits": {}}) == {}


@pytest.mark.rule("D-20")
def test_pull_secrets_are_united_by_name_in_order():
    assert merge_pull_secrets([{"name": "b"}, {"name": "a"}], None, ({"name": "a"}, {"name": "c"}, {}, 5)) == [
        {"name": "b"},
        {"name": "a"},
        {"name": "c"},
    ]


@given(st.lists(JUNK), st.lists(JUNK))
def test_layers_of_any_shape_never_raise(lower, upper):
    layering.merge_env(lower, upper, json_names=frozenset({"", "A"}))
    layering.merge_resources(*lower)
    layering.merge_pull_secrets(*lower)
