"""Our CRDs in the simulated cluster: defaults, refusals, and an upgrade from the reference's schemas."""

from __future__ import annotations

import copy
from datetime import UTC, datetime

import pytest

from aimcore.api.crd import crd_for
from aimcore.api.kinds import AIM_KINDS
from aimcore.cluster.kinds import FOREIGN_KINDS
from aimcore.resource import Key
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import ApiError, Cluster, PatchType
from aimcore.simulation.crds import type_of_crd
from aimcore.simulation.resource_type import ResourceType
from aimctl_runtime.local.validation import SchemaValidator

NAMESPACE = ResourceType(FOREIGN_KINDS["Namespace"], custom=False)


def cluster(crds):
    types = [NAMESPACE, *(type_of_crd(crd) for crd in crds)]
    clock = Clock(datetime(2026, 1, 1, tzinfo=UTC))
    return Cluster(types, clock=clock, validate=SchemaValidator(), namespaces=("ml-team",))


@pytest.fixture
def server():
    return cluster(crd_for(kind) for kind in AIM_KINDS)


def made(kind, spec, name="a"):
    facts = AIM_KINDS[kind]
    where = {"namespace": "ml-team"} if facts.namespaced else {}
    return {"apiVersion": facts.api_version, "kind": kind, "metadata": {"name": name, **where}, "spec": spec}


SERVICE = made("AIMService", {"model": {"image": "a/b:1"}, "routing": {"gatewayRef": {"name": "g"}}, "storage": {}})
KEY = Key("AIMService", "ml-team", "a")


@pytest.mark.rule("F-112")
def test_defaults_are_filled_only_where_the_parent_exists(server):
    spec = server.create(SERVICE).object["spec"]
    assert spec["replicas"] == 1
    assert spec["routing"]["gatewayRef"]["kind"] == "Gateway"
    assert spec["storage"] == {}
    assert "caching" not in spec
    assert "status" not in server.get(KEY)
    written = server.patch(KEY, {"status": {"observedGeneration": 1}}, PatchType.MERGE, subresource="status").object
    assert written["status"] == {"status": "Pending", "observedGeneration": 1}


@pytest.mark.rule("F-89")
def test_a_refusal_lists_every_cause(server):
    with pytest.raises(ApiError) as refused:
        server.create(made("AIMService", {"model": {"name": "m"}, "minReplicas": 0, "replicas": "two"}))
    assert refused.value.code == 422
    causes = {c["field"]: c["reason"] for c in refused.value.body["details"]["causes"]}
    assert causes["spec.replicas"] == "FieldValueTypeInvalid"
    assert causes["spec.minReplicas"] == "FieldValueInvalid"
    assert "<nil>" in causes


@pytest.mark.rule("R-1.1", "F-144")
def test_the_model_of_a_service_cannot_change(server):
    server.create(SERVICE)
    with pytest.raises(ApiError) as refused:
        server.patch(KEY, {"spec": {"model": {"image": "a/b:2"}}}, PatchType.MERGE)
    assert "model selection is immutable after creation" in refused.value.body["message"]


def test_unknown_fields_are_pruned_with_a_warning_but_engine_arguments_are_kept(server):
    answer = server.create(made("AIMServiceTemplate", {"modelName": "m", "nonsense": 1}))
    assert "nonsense" not in answer.object["spec"]
    assert answer.warnings == ('unknown field "spec.nonsense"',)
    arguments = {"tensor-parallel-size": 8, "nested": {"any": [1, None, "x"]}}
    status = {"status": {"profile": {"engine_args": arguments, "env_vars": {"A": "1"}}}}
    key = Key("AIMServiceTemplate", "ml-team", "a")
    written = server.patch(key, status, PatchType.MERGE, subresource="status").object
    assert written["status"]["profile"]["engine_args"] == arguments


def test_objects_without_any_spec_are_admitted(server):
    for kind in AIM_KINDS:
        body = made(kind, {}, "bare")
        del body["spec"]
        assert server.create(body).created


NEW_FIELDS = {
    "AIMArtifact": [("status", "verifiedClaimUID")],
    "AIMModel": [("status", "inspectedImage"), ("status", "inspectedDigest")],
    "AIMRuntimeConfig": [("spec", "autoscaling")],
    "AIMService": [("status", "templateSelection")],
}
REFERENCE_DEFAULTS = {
    "AIMRuntimeConfig": [("storage", "pvcHeadroomPercent", 10), ("labelPropagation", "enabled", False)],
    "AIMService": [("storage", "pvcHeadroomPercent", 10)],
}


def reference_crd(kind):
    """The CRD as the reference has it: without our new fields, with the two defaults that we dropped."""
    crd = crd_for(kind)
    parts = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    for part, field in NEW_FIELDS.get(kind, []):
        del parts[part]["properties"][field]
    for field, member, default in REFERENCE_DEFAULTS.get(kind, []):
        parts["spec"]["properties"][field]["properties"][member]["default"] = default
    return crd


STORED = [
    SERVICE,
    made("AIMService", {"model": {"name": "m"}, "replicas": -3, "routing": {"requestTimeout": "5x"}}, "odd"),
    made("AIMService", {"model": {"name": "m"}, "template": {}, "caching": {"mode": "Always"}}, "frozen"),
    made("AIMRuntimeConfig", {"storage": {}, "labelPropagation": {}}, "default"),
    made("AIMModel", {"image": "?", "discovery": {}}, "m"),
    made("AIMArtifact", {"sourceUri": "hf://a/b", "size": "0"}, "weights"),
    made("AIMServiceTemplate", {"modelName": "m", "resources": None, "hardware": {"gpu": {}}}, "t"),
]


@pytest.mark.rule("D-12", "F-145", "F-146")
@pytest.mark.parametrize("body", STORED, ids=lambda body: f"{body['kind']}-{body['metadata']['name']}")
def test_what_the_reference_stored_stays_readable_and_writable_after_the_upgrade(body):
    kind = body["kind"]
    server = cluster([reference_crd(kind)])
    stored = copy.deepcopy(server.create(body).object)
    server.add_type(type_of_crd(crd_for(kind)))
    key = Key(kind, "ml-team", body["metadata"]["name"])
    assert server.get(key)["spec"] == stored["spec"]
    server.patch(key, {"metadata": {"labels": {"team": "research"}}}, PatchType.MERGE)
    server.patch(key, {"status": {"observedGeneration": 1}}, PatchType.MERGE, subresource="status")
    server.patch(key, [{"op": "add", "path": "/metadata/finalizers", "value": ["aim/x"]}], PatchType.JSON)
    server.update(server.get(key))
    assert server.get(key)["spec"] == stored["spec"]
    assert server.get(key)["metadata"]["generation"] == 1


@pytest.mark.rule("D-12")
def test_a_headroom_that_was_only_a_default_is_no_longer_filled_in():
    body = made("AIMRuntimeConfig", {"storage": {"defaultStorageClassName": "fast"}}, "default")
    assert (
        cluster([reference_crd("AIMRuntimeConfig")]).create(body).object["spec"]["storage"]["pvcHeadroomPercent"] == 10
    )
    assert "pvcHeadroomPercent" not in cluster([crd_for("AIMRuntimeConfig")]).create(body).object["spec"]["storage"]


@pytest.mark.rule("R-1.1", "F-146")
@pytest.mark.parametrize("was_default", [True, False])
def test_a_frozen_template_choice_survives_whether_or_not_the_reference_stored_its_default(was_default):
    crd = reference_crd("AIMService")
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    if not was_default:
        del spec["properties"]["template"]["properties"]["allowUnoptimized"]["default"]
    server = cluster([crd])
    body = made("AIMService", {"model": {"name": "m"}, "template": {"name": "t"}})
    server.create(body)
    server.add_type(type_of_crd(crd_for("AIMService")))
    again = copy.deepcopy(body)
    again["metadata"]["resourceVersion"] = server.get(KEY)["metadata"]["resourceVersion"]
    assert server.update(again).object["metadata"]["generation"] == 1
    with pytest.raises(ApiError, match="immutable"):
        server.patch(KEY, {"spec": {"template": {"name": "u"}}}, PatchType.MERGE)
