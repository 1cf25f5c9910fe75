"""Discovery and OpenAPI documents."""

from __future__ import annotations

from aimcore.api.kinds import AIM_KINDS, Kind
from aimcore.cluster.kinds import FOREIGN_KINDS
from aimctl_runtime.local import openapi
from aimctl_runtime.local.discovery import Served, Subresource, aggregated, group, group_list, groups_of, resource_list

SERVICE = AIM_KINDS["AIMService"]
POD = FOREIGN_KINDS["Pod"]
STATUS = Subresource("status", SERVICE.kind, SERVICE.group, SERVICE.version)
GROUPS = groups_of([Served(POD), Served(SERVICE, subresources=(STATUS,)), Served(FOREIGN_KINDS["Job"])])
SCHEMA = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"n": {"type": "integer"}}}}}


def test_core_is_first_and_not_listed_among_the_groups():
    assert next(iter(GROUPS)) == ("", "v1")
    assert [g["name"] for g in group_list(GROUPS)["groups"]] == ["aim.eai.amd.com", "batch"]


def test_a_group_that_is_not_served_is_absent():
    assert group("keda.sh", GROUPS) is None
    assert group("", GROUPS) is None
    assert group("batch", GROUPS)["preferredVersion"] == {"groupVersion": "batch/v1", "version": "v1"}


def test_short_names_categories_and_subresources_are_listed():
    listed = resource_list(GROUPS["aim.eai.amd.com", "v1alpha1"], "aim.eai.amd.com/v1alpha1")["resources"]
    assert [r["name"] for r in listed] == ["aimservices", "aimservices/status"]
    assert listed[0]["shortNames"] == ["aimsvc"]
    assert listed[0]["categories"] == ["aim", "all"]


def test_both_forms_of_discovery_say_the_same():
    items = aggregated(GROUPS, core=True)["items"] + aggregated(GROUPS, core=False)["items"]
    new = {
        (item["metadata"]["name"], version["version"], r["resource"], r["scope"] == "Namespaced", tuple(r["verbs"]))
        for item in items
        for version in item["versions"]
        for r in version["resources"]
    }
    old = {
        (g, v, r["name"], r["namespaced"], tuple(r["verbs"]))
        for (g, v), served in GROUPS.items()
        for r in resource_list(served, "")["resources"]
        if "/" not in r["name"]
    }
    assert new == old


def test_each_kinds_schema_has_what_every_object_has_and_points_to_what_is_there():
    made = openapi.document([(SERVICE, SCHEMA)], "v1.33.0")
    schemas = made["components"]["schemas"]
    mine = schemas["com.amd.eai.aim.v1alpha1.AIMService"]
    assert set(mine["properties"]) == {"apiVersion", "kind", "metadata", "spec"}
    assert mine["x-kubernetes-group-version-kind"] == [
        {"group": "aim.eai.amd.com", "version": "v1alpha1", "kind": "AIMService"}
    ]
    assert mine["properties"]["metadata"]["allOf"][0]["$ref"].rpartition("/")[2] in schemas
    assert SCHEMA["properties"].keys() == {"spec"}


def test_each_kind_has_a_patch_that_takes_field_validation_and_no_strategic_merge():
    """kubectl learns from this that the server validates, and that it must use its own merge keys."""
    operations = openapi.document([(POD, None)], "v1.33.0")["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]
    assert "fieldValidation" in {p["name"] for p in operations["patch"]["parameters"]}
    assert "requestBody" not in operations["patch"]


def test_a_kind_without_a_schema_is_described_as_open():
    kind = Kind("Free", "ex.io", "v1", "frees", namespaced=False)
    made = openapi.document_v2([(kind, None)], "v1.33.0")
    assert made["definitions"]["io.ex.v1.Free"]["x-kubernetes-preserve-unknown-fields"] is True
    assert "/apis/ex.io/v1/frees/{name}" in made["paths"]
