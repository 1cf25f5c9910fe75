"""The CRDs are structural, explain themselves, and carry the published names."""

from __future__ import annotations

from typing import Any

import pytest
from schema_walk import places

from aimcore.api.crd import crd_for, structural_schema
from aimcore.api.kinds import AIM_KINDS
from aimcore.api.objects import OBJECTS
from aimctl_runtime.local.constraints import compile_node
from aimctl_runtime.local.validation import violations

KINDS = sorted(AIM_KINDS)
FORBIDDEN = {
    "$ref", "$defs", "definitions", "title", "const", "prefixItems", "patternProperties", "dependencies", "id",
    "uniqueItems", "deprecated", "examples", "discriminator", "readOnly", "writeOnly", "xml", "additionalItems",
}  # fmt: skip
ALLOWED = {
    "type", "description", "properties", "additionalProperties", "items", "required", "enum", "pattern", "format",
    "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "default", "nullable", "anyOf",
    "x-kubernetes-int-or-string", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations",
}  # fmt: skip
OWN_MEMBERS = ("spec", "status")


def faults(path: str, node: dict[str, Any]) -> list[str]:
    """What makes one place of a schema not structural."""
    found = [f"{path}: keyword {word}" for word in node if word in FORBIDDEN or word not in ALLOWED]
    is_open = node.get("x-kubernetes-preserve-unknown-fields") is True
    is_quantity = node.get("x-kubernetes-int-or-string") is True
    if "type" not in node and not is_open and not is_quantity:
        found.append(f"{path}: no type")
    if is_quantity and ("type" in node or node["anyOf"] != [{"type": "integer"}, {"type": "string"}]):
        found.append(f"{path}: int-or-string with another type")
    if not is_quantity and "anyOf" in node:
        found.append(f"{path}: anyOf")
    if "properties" in node and "additionalProperties" in node:
        found.append(f"{path}: properties and additionalProperties")
    if node.get("type") == "object" and not {"properties", "additionalProperties"} & set(node) and path != "metadata":
        found.append(f"{path}: an object that says nothing of its members")
    if node.get("type") == "array" and "items" not in node:
        found.append(f"{path}: no items")
    found += [
        f"{path}: requires {m}, which it does not have" for m in node.get("required", ()) if m not in node["properties"]
    ]
    return found + map_list_faults(path, node)


def map_list_faults(path: str, node: dict[str, Any]) -> list[str]:
    """Server-side apply needs keys that are always there."""
    if node.get("x-kubernetes-list-type") != "map":
        return [f"{path}: keys without a map list"] if "x-kubernetes-list-map-keys" in node else []
    item = node["items"]
    return [
        f"{path}: key {key} may be absent"
        for key in node["x-kubernetes-list-map-keys"]
        if key not in item.get("required", ()) and "default" not in item["properties"][key]
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_schema_is_structural(kind):
    assert [fault for path, node in places(structural_schema(kind)) for fault in faults(path, node)] == []


def test_the_linter_finds_what_is_not_structural():
    bad = {"type": "object", "properties": {"a": {}, "b": {"type": "array"}, "c": {"$ref": "#/x", "title": "C"}}}
    assert {f.split(": ", 1)[1] for path, node in places(bad) for f in faults(path, node)} == {
        "no type", "no items", "keyword $ref", "keyword title",
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_says_nothing_of_metadata(kind):
    assert structural_schema(kind)["properties"]["metadata"] == {"type": "object"}


@pytest.mark.parametrize("kind", KINDS)
def test_kubectl_explain_has_a_sentence_for_every_field_and_object(kind):
    silent = [
        path
        for path, node in places(structural_schema(kind))
        if not node.get("description") and not (path.endswith(("[]", "{}")) and "properties" not in node)
    ]
    assert silent == ["metadata"]  # the API server says what it is, and refuses a schema that does


@pytest.mark.parametrize("kind", KINDS)
def test_every_description_is_a_sentence(kind):
    texts = {path: node["description"] for path, node in places(structural_schema(kind)) if "description" in node}
    odd = {
        path: text
        for path, text in texts.items()
        if not text.endswith(".") or not (text[0].isupper() or text[0] == "`")
    }
    assert odd == {}


@pytest.mark.parametrize("kind", KINDS)
def test_no_schema_has_a_rule_at_its_root_nor_requires_a_spec(kind):
    schema = structural_schema(kind)
    assert "x-kubernetes-validations" not in schema
    assert "required" not in schema


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_satisfy_the_schema_that_gives_them(kind):
    for path, node in places(structural_schema(kind)):
        if "default" in node:
            wrapper = compile_node({"type": "object", "properties": {"value": node}})
            assert violations(wrapper, {"value": node["default"]}, None) == [], path


@pytest.mark.parametrize("kind", KINDS)
def test_names_scope_and_status_subresource_are_the_published_ones(kind):
    crd, facts = crd_for(kind), AIM_KINDS[kind]
    assert crd["metadata"]["name"] == f"{facts.plural}.aim.eai.amd.com"
    assert crd["spec"]["scope"] == ("Namespaced" if facts.namespaced else "Cluster")
    assert crd["spec"]["names"] == {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": facts.plural,
        "singular": kind.lower(),
        "shortNames": list(facts.short_names),
        "categories": ["aim", "all"],
    }
    (version,) = crd["spec"]["versions"]
    assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)
    assert version["subresources"] == {"status": {}}


COLUMNS = {
    "AIMService": [
        ("Status", "string", ".status.status"),
        ("Model", "string", ".status.resolvedModel.name"),
        ("Template", "string", ".status.resolvedTemplate.name"),
        ("Replicas", "string", ".status.runtime.replicas"),
        ("Age", "date", ".metadata.creationTimestamp"),
    ],
    "AIMServiceTemplate": [
        ("Model", "string", ".spec.modelName"),
        ("Status", "string", ".status.status"),
        ("Hardware", "string", ".status.hardwareSummary"),
        ("Metric", "string", ".status.profile.metadata.metric"),
        ("Precision", "string", ".status.profile.metadata.precision"),
    ],
    "AIMTemplateCache": [
        ("Template", "string", ".spec.templateName"),
        ("Mode", "string", ".spec.mode"),
        ("Status", "string", ".status.status"),
        ("Kind", "string", ".status.resolvedTemplateKind"),
        ("Age", "date", ".metadata.creationTimestamp"),
    ],
    "AIMClusterModelSource": [
        ("Status", "string", ".status.status"),
        ("Models", "integer", ".status.discoveredModels"),
        ("LastSync", "date", ".status.lastSyncTime"),
        ("Age", "date", ".metadata.creationTimestamp"),
    ],
}


@pytest.mark.parametrize("kind", sorted(COLUMNS))
def test_kubectl_get_prints_the_published_columns(kind):
    columns = crd_for(kind)["spec"]["versions"][0]["additionalPrinterColumns"]
    assert [(c["name"], c["type"], c["jsonPath"]) for c in columns] == COLUMNS[kind]


def test_wide_columns_of_artifacts_have_priority_one():
    columns = crd_for("AIMArtifact")["spec"]["versions"][0]["additionalPrinterColumns"]
    assert [c["name"] for c in columns] == ["Status", "Mode", "Model Size", "Progress", "Protocol", "Attempt", "Age"]
    assert [c["name"] for c in columns if c.get("priority") == 1] == ["Protocol", "Attempt"]


def test_runtime_configurations_have_the_default_columns():
    for kind in ("AIMRuntimeConfig", "AIMClusterRuntimeConfig"):
        assert "additionalPrinterColumns" not in crd_for(kind)["spec"]["versions"][0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_shows_a_field_that_exists(kind):
    known = {path for path, _ in places(structural_schema(kind))} | {"metadata.creationTimestamp"}
    columns = crd_for(kind)["spec"]["versions"][0].get("additionalPrinterColumns", [])
    assert [c["jsonPath"] for c in columns if c["jsonPath"].lstrip(".") not in known] == []


@pytest.mark.rule("R-3.5", "D-12")
def test_two_defaults_of_the_reference_are_dropped_so_that_absent_can_be_told_from_chosen():
    for kind in ("AIMRuntimeConfig", "AIMClusterRuntimeConfig", "AIMService"):
        by_path = dict(places(structural_schema(kind)))
        assert "default" not in by_path["spec.storage.pvcHeadroomPercent"]
        assert "default" not in by_path.get("spec.labelPropagation.enabled", {})


DEFAULTS = {
    "spec.replicas": 1,
    "spec.caching.mode": "Shared",
    "spec.template.allowUnoptimized": False,
    "spec.autoScaling.metrics[].podmetric.metric.backend": "opentelemetry",
    "spec.routing.gatewayRef.group": "gateway.networking.k8s.io",
    "spec.routing.gatewayRef.kind": "Gateway",
    "spec.model.custom.hardware.gpu.resourceName": "amd.com/gpu",
    "spec.overrides.hardware.gpu.resourceName": "amd.com/gpu",
    "spec.imagePullSecrets[].name": "",
    "status.status": "Pending",
}


def test_an_aimservice_has_exactly_these_defaults():
    found = {path: node["default"] for path, node in places(structural_schema("AIMService")) if "default" in node}
    assert {path: value for path, value in found.items() if "valueFrom" not in path} == DEFAULTS


def test_environment_lists_and_conditions_are_merged_by_key():
    by_path = dict(places(structural_schema("AIMService")))
    assert by_path["spec.env"]["x-kubernetes-list-map-keys"] == ["name"]
    assert by_path["status.conditions"]["x-kubernetes-list-map-keys"] == ["type"]
    assert "x-kubernetes-list-type" not in by_path["spec.imagePullSecrets"]


def test_engine_arguments_are_free_json():
    node = dict(places(structural_schema("AIMServiceTemplate")))["status.profile.engine_args"]
    assert node["x-kubernetes-preserve-unknown-fields"] is True
    assert "type" not in node


def test_a_schema_handed_out_may_be_changed_without_harm():
    structural_schema("AIMService")["properties"].clear()
    crd_for("AIMService")["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"].clear()
    assert set(structural_schema("AIMService")["properties"]) == {"apiVersion", "kind", "metadata", "spec", "status"}


def test_every_kind_has_a_model():
    assert sorted(OBJECTS) == KINDS
