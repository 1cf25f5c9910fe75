"""Reading stored objects: typed, lenient where it must be, and never raising."""

from __future__ import annotations

import copy
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aimcore.api.artifact import AIMArtifact
from aimcore.api.kinds import AIM_KINDS
from aimcore.api.model import AIMModel
from aimcore.api.objects import OBJECTS, parse
from aimcore.api.reading import Malformed, Problem
from aimcore.api.runtime_config import AIMRuntimeConfig
from aimcore.api.service import AIMService
from aimcore.api.template import AIMServiceTemplate

SERVICE = {
    "apiVersion": "aim.eai.amd.com/v1alpha1",
    "kind": "AIMService",
    "metadata": {"name": "qwen-chat", "namespace": "ml-team", "labels": {"team": "research"}},
    "spec": {
        "model": {"name": "qwen-qwen3-32b"},
        "template": {"name": "qwen3-32b-latency"},
        "runtimeConfigName": "team-config",
        "replicas": 2,
        "resources": {"limits": {"cpu": "6", "memory": "48Gi", "amd.com/gpu": 1}},
        "routing": {
            "enabled": True,
            "gatewayRef": {"name": "inference-gateway", "namespace": "gateways"},
            "pathTemplate": "/team/{.metadata.labels['team']}/chat",
        },
        "env": [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "huggingface-creds", "key": "token"}}}],
    },
    "status": {"status": "Running", "resolvedModel": {"name": "qwen-qwen3-32b", "scope": "Namespace"}},
}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
FINITE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
SPOKEN_JSON = st.recursive(
    FINITE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
"""JSON as it can be sent; `JSON` has the numbers that only Python knows."""
MEMBERS = re.findall(
    r"\w+",
    """model template image custom env resources replicas hardware gpu cpu requests name conditions status filters
    routing gatewayRef limits modelSources profile sourceUri size minVram autoScaling metrics type artifacts storage
    value valueFrom caching mode spec discovery customTemplates imageMetadata originalLabels engine_args metadata""",
)
OBJECT_LIKE = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4),
    max_leaves=20,
)


def changed(**spec: object) -> dict[str, object]:
    raw = copy.deepcopy(SERVICE)
    raw["spec"] |= spec
    return raw


def problems(raw: object) -> list[Problem]:
    read = AIMService.parse(raw)
    assert isinstance(read, Malformed)
    return list(read.problems)


def test_an_object_reads_as_its_typed_form():
    service = AIMService.parse(SERVICE)
    assert isinstance(service, AIMService)
    assert service.spec.model.name == "qwen-qwen3-32b"
    assert service.spec.replicas == 2
    assert service.spec.routing is not None
    assert service.spec.routing.gateway_ref is not None
    assert service.spec.routing.gateway_ref.kind == "Gateway"
    assert service.spec.resources is not None
    assert service.spec.resources.limits == {"cpu": "6", "memory": "48Gi", "amd.com/gpu": 1}
    assert service.status is not None
    assert service.status.status == "Running"


def test_models_are_frozen_and_lists_are_tuples():
    service = AIMService.parse(SERVICE)
    assert isinstance(service, AIMService)
    assert isinstance(service.spec.env, tuple)
    with pytest.raises(ValidationError):
        service.spec.replicas = 3  # type: ignore[misc]


def test_python_code_may_use_the_names_of_python():
    made = AIMArtifact.model_validate({"spec": {"source_uri": "hf://a/b", "model_id": "a/b"}})
    assert made.spec.source_uri == "hf://a/b"


def test_stored_json_may_not_use_the_names_of_python():
    assert AIMArtifact.parse({"spec": {"source_uri": "hf://a/b"}}) == Malformed(
        (Problem("spec.sourceUri", "", "required"),)
    )


@pytest.mark.parametrize("size", ["16Gi", "1.5", "0", 17, 0.5])
def test_quantities_may_be_texts_or_numbers(size):
    read = AIMArtifact.parse({"spec": {"sourceUri": "hf://a/b", "size": size}})
    assert isinstance(read, AIMArtifact)
    assert read.spec.size == size


def test_an_absent_spec_reads_as_an_empty_one():
    read = AIMRuntimeConfig.parse({"metadata": {"name": "default"}})
    assert isinstance(read, AIMRuntimeConfig)
    assert read.spec.env is None
    assert AIMService.parse({"metadata": {"name": "a"}}) == Malformed((Problem("spec.model", "", "required"),))


def test_nulls_read_as_absent():
    read = AIMService.parse(changed(replicas=None, env=[None], model={"name": "m", "image": None}))
    assert isinstance(read, AIMService)
    assert read.spec.replicas == 1
    assert read.spec.env == ()


def test_a_whole_number_may_be_written_with_a_point():
    read = AIMService.parse(changed(replicas=3.0))
    assert isinstance(read, AIMService)
    assert read.spec.replicas == 3


def test_a_nullable_field_may_be_null():
    read = AIMServiceTemplate.parse({"spec": {"modelName": "m", "resources": None, "type": None}})
    assert isinstance(read, AIMServiceTemplate)


@pytest.mark.rule("D-31")
def test_a_problem_names_the_field_the_value_and_what_is_allowed():
    assert problems(changed(replicas="3")) == [Problem("spec.replicas", '"3"', "a whole number")]
    assert problems(changed(minReplicas=0)) == [Problem("spec.minReplicas", "0", "at least 1")]
    assert problems(changed(model=7)) == [Problem("spec.model", "7", "an object")]
    assert problems(changed(overrides={"metric": "fast"})) == [
        Problem("spec.overrides.metric", '"fast"', "'latency' or 'throughput'")
    ]
    assert problems(changed(resources={"limits": {"cpu": "a lot"}})) == [
        Problem("spec.resources.limits.cpu", '"a lot"', "a quantity, such as 500m or 16Gi")
    ]
    assert problems(changed(resources={"limits": {"cpu": {"a": 1}}})) == [
        Problem("spec.resources.limits.cpu", "an object", "a quantity, such as 500m or 16Gi")
    ]
    assert problems(changed(imagePullSecrets="x")) == [Problem("spec.imagePullSecrets", '"x"', "a list")]
    assert problems(changed(imagePullSecrets=[{"name": []}])) == [
        Problem("spec.imagePullSecrets[0].name", "a list", "text")
    ]


def test_problems_read_as_sentences_sorted_by_path():
    read = AIMService.parse(changed(replicas=True, model={"custom": {}}, env="x"))
    assert str(read) == (
        "spec.env: must be a list; spec.model.custom.baseImage: required; spec.model.custom.hardware: required; "
        "spec.model.custom.modelSources: required; spec.replicas: true: must be a whole number"
    )


def test_true_is_no_number_and_text_is_no_truth():
    assert problems(changed(cacheModel="true")) == [Problem("spec.cacheModel", '"true"', "true or false")]
    assert problems(changed(replicas=2.5)) == [Problem("spec.replicas", "2.5", "a whole number")]


def test_no_problem_shows_the_value_of_an_environment_variable():
    raw = changed(env=[{"name": "HF_TOKEN", "value": {"hf_secret": 1}}, {"name": "B", "value": 12345}, "hf_secret"])
    text = str(AIMService.parse(raw))
    assert "spec.env[1].value" in text
    assert "12345" not in text
    assert "hf_secret" not in text
    assert "hf_secret" not in str(AIMService.parse(changed(env="hf_secret")))


def test_long_and_odd_values_are_shown_short():
    assert len(problems(changed(replicas="x" * 500))[0].value) == 80
    assert problems(changed(minReplicas=-(10**5000)))[0].value == "a very large number"
    assert problems(changed(overrides={"metric": "\ud800"}))[0].value == '"?"'


def test_a_status_member_that_cannot_be_read_is_left_out_and_the_rest_stands():
    raw = copy.deepcopy(SERVICE)
    raw["status"] = {"status": "Dancing", "conditions": [7], "routing": {"path": "/a/b"}, "observedGeneration": None}
    read = AIMService.parse(raw)
    assert isinstance(read, AIMService)
    assert read.status is not None
    assert read.status.conditions is None
    assert read.status.status == "Pending"
    assert read.status.routing is not None
    assert read.status.routing.path == "/a/b"


@pytest.mark.parametrize("status", [7, [], "x", True])
def test_a_status_that_is_no_object_reads_as_absent(status):
    read = AIMService.parse(SERVICE | {"status": status})
    assert isinstance(read, AIMService)
    assert read.status is None


def test_a_kind_that_is_not_ours_is_malformed():
    for raw in ({"kind": "Pod"}, {"kind": 7}, {}, [], None):
        read = parse(raw)
        assert isinstance(read, Malformed)
        assert read.problems[0].path == "kind"
    assert isinstance(parse({"kind": "AIMModel", "spec": {"image": "a/b:1"}}), AIMModel)


@given(st.sampled_from(sorted(AIM_KINDS)), JSON)
def test_reading_never_raises_on_any_json(kind, raw):
    assert isinstance(OBJECTS[kind].parse(raw), Malformed | OBJECTS[kind])


@given(st.sampled_from(sorted(AIM_KINDS)), OBJECT_LIKE, OBJECT_LIKE)
def test_reading_never_raises_on_anything_like_an_object(kind, spec, status):
    read = OBJECTS[kind].parse({"kind": kind, "spec": spec, "status": status})
    assert isinstance(read, Malformed | OBJECTS[kind])
    if isinstance(read, Malformed):
        assert read.problems
        assert all(p.path.startswith("spec") and p.allowed for p in read.problems)


def test_deeply_nested_json_is_answered_too():
    deep: object = None
    for _ in range(5000):
        deep = {"model": deep}
    assert isinstance(AIMService.parse({"spec": deep, "status": deep}), AIMService)
    assert problems({"spec": {"model": {}, "env": [deep], "resources": deep, "replicas": deep}}) == [
        Problem("spec.env[0].name", "", "required"),
        Problem("spec.replicas", "an object", "a whole number"),
    ]
