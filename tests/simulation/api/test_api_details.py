"""Small facts that the larger claims rest on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aimcore.simulation.causes import json_type, not_supported, type_invalid
from aimcore.simulation.clock import Clock
from aimcore.simulation.field_sets import path_text
from aimcore.simulation.listing import Token
from aimcore.simulation.types import inference_service_type

rule = pytest.mark.rule


def test_a_clock_moves_only_forward_by_steps_but_can_be_set():
    clock = Clock(datetime(2026, 1, 1, tzinfo=UTC))
    clock.advance(timedelta(minutes=1))
    assert clock.text() == "2026-01-01T00:01:00Z"
    with pytest.raises(ValueError, match="back"):
        clock.advance(timedelta(seconds=-1))
    clock.set(datetime(2025, 1, 1, tzinfo=UTC))
    assert clock.now.year == 2025


@pytest.mark.parametrize(
    ("value", "word"),
    [(None, "null"), (True, "boolean"), (1, "integer"), (1.5, "number"), ("", "string"), ([], "array"), ({}, "object")],
)
def test_json_types_have_the_words_of_the_schema(value, word):
    assert json_type(value) == word


@rule("F-89")
def test_causes_read_like_the_servers():
    assert str(type_invalid("spec.n", "x", "integer")) == (
        'spec.n: Invalid value: "string": spec.n in body must be of type integer: "string"'
    )
    assert not_supported("f", "x", ("a", "b")).message == 'Unsupported value: "x": supported values: "a", "b"'


@rule("F-87")
@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("f:spec", "f:at"), ".spec.at"),
        (("f:p", 'k:{"containerPort":80,"protocol":"TCP"}'), '.p[containerPort=80,protocol="TCP"]'),
        (("f:set", 'v:"x"'), '.set[="x"]'),
        (("f:l", "i:2", "f:a"), ".l[2].a"),
    ],
)
def test_paths_are_shown_as_conflicts_show_them(path, text):
    assert path_text(path) == text


@rule("F-130", "F-102")
def test_a_token_of_the_future_is_refused(api, refused):
    assert refused(api.list, "Foo", continue_=Token(10_000, "", "a").text()).code == 504
    error = refused(api.list, "Foo", continue_=Token(1, "", "a").text(), match="Exact")
    assert error.code == 422


def test_scope_and_name_must_fit_the_kind(api, foo, refused):
    nowhere = foo()
    del nowhere["metadata"]["namespace"]
    assert refused(api.create, nowhere).code == 400
    assert (
        refused(api.create, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "namespace": "t1"}}).code
        == 400
    )
    nameless = foo()
    del nameless["metadata"]["name"]
    assert refused(api.create, nameless).causes[0]["field"] == "metadata.name"


@rule("F-2")
def test_the_minimal_flavour_of_kserve_lets_duplicates_pass(cluster, api, owned):
    cluster.add_type(inference_service_type(minimal=True))
    container = {"name": "c", "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}], "made-up": 1}
    body = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "i", "namespace": "t1"},
        "spec": {"predictor": {"minReplicas": 1, "containers": [container]}},
    }
    made = api.apply(body).object
    assert made["spec"] == body["spec"]
    assert owned(made, "m1") == {"f:spec": {"f:predictor": {"f:containers": {}, "f:minReplicas": {}}}}


@rule("F-110")
def test_a_kind_without_status_door_has_none(api, refused):
    api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "t1"}})
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "t1"}}
    assert refused(api.update, body, subresource="status").code == 404


@rule("F-121")
def test_a_set_given_twice_the_same_value_is_refused(api, foo, refused):
    assert "duplicate entries for key" in refused(api.apply, foo(spec={"set": ["a", "a"]})).message
    error = refused(api.create, foo(spec={"set": ["a", "a"]}))
    assert [(c["reason"], c["field"]) for c in error.causes] == [("FieldValueDuplicate", "spec.set[1]")]
