"""CustomResourceDefinitions: installing, changing and removing kinds."""

from __future__ import annotations

import dataclasses

import pytest

from aimcore.resource import Key
from aimcore.simulation.cluster import Cluster

rule = pytest.mark.rule


@rule("F-146")
def test_a_new_default_shows_on_reads_and_is_stored_by_the_next_write(api, foo, key, cluster):
    before = api.create(foo(spec={"free": 1})).object
    schema = cluster.type_of("Foo").schema
    spec = schema["properties"]["spec"]
    newer = {**spec, "properties": {**spec["properties"], "late": {"type": "string", "default": "x"}}}
    evolved = {**schema, "properties": {**schema["properties"], "spec": newer}}
    watch = api.watch("Foo", resource_version=before["metadata"]["resourceVersion"])
    cluster.add_type(dataclasses.replace(cluster.type_of("Foo"), schema=evolved))
    read = api.get(key)
    assert read["spec"]["late"] == "x"
    assert read["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert api.list("Foo")["items"] == [read]
    assert watch.take() == []
    written = api.update(read).object
    assert written["metadata"]["resourceVersion"] != read["metadata"]["resourceVersion"]
    assert written["metadata"]["generation"] == 1
    assert api.update(written).object == written
    assert watch.take()[0]["object"]["spec"]["late"] == "x"


def crd():
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "selectableFields": [{"jsonPath": ".spec.color"}],
        "additionalPrinterColumns": [{"name": "Color", "type": "string", "jsonPath": ".spec.color"}],
        "schema": {
            "openAPIV3Schema": {
                "type": "object",
                "properties": {
                    "spec": {"type": "object", "properties": {"color": {"type": "string", "default": "red"}}}
                },
            }
        },
    }
    names = {"kind": "Bar", "plural": "bars", "singular": "bar", "shortNames": ["ba"], "categories": ["all"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "bars.ex.io"},
        "spec": {"group": "ex.io", "scope": "Namespaced", "names": names, "versions": [version]},
    }


BAR = {"apiVersion": "ex.io/v1", "kind": "Bar", "metadata": {"name": "b", "namespace": "t1"}, "spec": {}}


@rule("F-92", "F-110")
def test_a_stored_definition_installs_its_kind_and_a_deleted_one_removes_it(api, cluster, refused):
    assert refused(api.create, BAR).code == 404
    made = api.create(crd()).object
    assert {c["type"]: c["status"] for c in made["status"]["conditions"]} == {
        "NamesAccepted": "True",
        "Established": "True",
    }
    assert made["status"]["storedVersions"] == ["v1"]
    assert api.create(BAR).object["spec"] == {"color": "red"}
    assert len(api.list("Bar", fields="spec.color=red")["items"]) == 1
    bar = cluster.type_of("Bar")
    assert (bar.status_subresource, bar.kind.short_names, bar.columns[0]["name"]) == (True, ("ba",), "Color")
    api.delete(Key("CustomResourceDefinition", "", "bars.ex.io"))
    assert refused(api.get, Key("Bar", "t1", "b")).body == "404 page not found"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"group": ""}, "spec.group"),
        ({"versions": []}, "spec.versions"),
        ({"names": {}}, "spec.names.plural"),
        ({"names": 3, "versions": [3]}, "spec.names.kind"),
        ({"group": "other.io"}, "metadata.name"),
    ],
)
def test_a_definition_that_defines_nothing_is_invalid(api, refused, change, field):
    body = crd()
    body["spec"].update(change)
    assert field in [c["field"] for c in refused(api.create, body).causes]


def test_uids_depend_on_the_seed_and_on_nothing_else(cluster, foo):
    def uid(seed):
        twin = Cluster(cluster.types(), clock=cluster.clock, seed=seed, namespaces=("t1",))
        return twin.create(foo()).object["metadata"]["uid"]

    assert uid("1") == uid("1") != uid("2")
