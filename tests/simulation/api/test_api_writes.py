"""Create, update and patch."""

from __future__ import annotations

import pytest

from aimcore.resource import Key
from aimcore.simulation.cluster import PatchType

rule = pytest.mark.rule


def version(obj):
    return obj["metadata"]["resourceVersion"]


def generation(obj):
    return obj["metadata"].get("generation")


@rule("F-107")
def test_only_create_and_apply_bring_objects_into_being(api, foo, key, refused):
    assert refused(api.update, foo(resourceVersion="1")).code == 404
    assert refused(api.merge, key, {}).code == 404
    assert api.create(foo()).created
    assert not api.apply(foo()).created
    assert api.apply(foo("b")).created


@rule("F-108")
@pytest.mark.parametrize(
    "patch", [{}, {"spec": {"free": 2}}, {"spec": {"n": None}}, {"metadata": {"labels": {"a": "b"}}}]
)
def test_a_merge_patch_that_changes_nothing_is_no_write(api, foo, key, patch):
    before = api.create(foo(spec={"free": 2}, labels={"a": "b"}), manager="m0").object
    watch = api.watch("Foo", resource_version=version(before))
    api.wait(60)
    assert api.merge(key, patch, manager="m2").object == before
    assert api.get(key) == before
    assert watch.take() == []


@rule("F-108")
def test_a_put_of_what_was_read_is_no_write(api, foo, key):
    before = api.create(foo(spec={"free": 2})).object
    assert api.update(before, manager="other").object == before
    live = api.merge(key, {"status": {"seen": 1}}, subresource="status").object
    assert api.update(live, subresource="status", manager="other").object == live


@rule("F-109")
def test_generation_counts_changes_outside_metadata_and_status(api, foo, key):
    assert generation(api.create(foo(spec={"free": 1})).object) == 1
    assert generation(api.merge(key, {"spec": {"free": 2}}).object) == 2
    moved = api.merge(key, {"metadata": {"labels": {"a": "b"}}}).object
    assert generation(moved) == 2
    assert generation(api.merge(key, {"status": {"seen": 1}}, subresource="status").object) == 2
    assert int(version(api.get(key))) > int(version(moved))


@rule("F-109")
@pytest.mark.parametrize("kind", ["ConfigMap", "Namespace", "Event"])
def test_some_built_in_kinds_have_no_generation(api, kind):
    namespace = {} if kind == "Namespace" else {"namespace": "t1"}
    obj = api.create({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", **namespace}}).object
    assert generation(obj) is None


@rule("F-109", "F-139")
def test_asking_for_deletion_moves_the_generation(api, foo, key):
    api.create(foo(finalizers=["ex.io/hold"]))
    assert generation(api.delete(key)) == 2
    assert generation(api.delete(key)) == 2


@rule("F-110", "F-112")
def test_status_and_spec_have_doors_of_their_own(api, foo, key):
    made = api.create({**foo(spec={"free": 1}), "status": {"seen": 9}}).object
    assert "status" not in made
    main = api.merge(key, {"spec": {"free": 2}, "status": {"seen": 9}}).object
    assert "status" not in main
    patch = {"spec": {"free": 3}, "metadata": {"labels": {"x": "y"}}, "status": {"seen": 1}}
    done = api.merge(key, patch, subresource="status").object
    assert done["spec"] == {"free": 2, "n": 1}
    assert "labels" not in done["metadata"]
    assert done["status"] == {"seen": 1, "status": "Pending"}


@rule("F-110")
def test_the_status_of_an_absent_object_is_not_found(api, foo, key, refused):
    assert refused(api.merge, key, {"status": {}}, subresource="status").code == 404
    assert refused(api.apply, {**foo(), "status": {"seen": 1}}, subresource="status").code == 404


@rule("F-111")
def test_a_put_of_a_custom_kind_needs_a_version(api, foo, refused):
    api.create(foo())
    error = refused(api.update, foo(spec={"n": 2}))
    assert error.code == 422
    assert error.causes[0] == {
        "reason": "FieldValueInvalid",
        "message": "Invalid value: 0: must be specified for an update",
        "field": "metadata.resourceVersion",
    }


@rule("F-111")
def test_a_put_of_a_config_map_without_version_is_unconditional(api):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "t1"}}
    api.create(body)
    assert api.update({**body, "data": {"a": "1"}}).object["data"] == {"a": "1"}


@rule("F-112")
def test_defaults_come_only_where_the_parent_exists(api, foo, key):
    assert "spec" not in api.create(foo()).object
    done = api.merge(key, {"spec": {"opt": {}}}).object
    assert done["spec"] == {"n": 1, "opt": {"mode": "auto"}}


@rule("F-113")
def test_a_dry_run_shows_the_result_and_stores_nothing(api, foo, key, refused):
    ghost = api.create(foo(spec={}), dry_run=True).object
    assert ghost["metadata"]["uid"]
    assert "resourceVersion" not in ghost["metadata"]
    assert ghost["spec"] == {"n": 1}
    assert refused(api.get, key).code == 404
    real = api.create(foo(spec={})).object
    dry = api.merge(key, {"spec": {"n": 5}}, dry_run=True).object
    assert (version(dry), generation(dry)) == (version(real), 2)
    assert api.delete(key, dry_run=True)["status"] == "Success"
    assert api.get(key) == real
    other = api.apply(foo(spec={"free": 3}), dry_run=True).object
    assert other["spec"]["free"] == 3
    assert api.get(key) == real


@rule("F-114")
def test_unknown_fields_are_pruned_with_a_warning(api, foo, key, refused):
    done = api.create(foo(spec={"x": 1, "env": [{"name": "A", "y": 1}], "any": {"z": {"deep": 1}}}))
    assert done.warnings == ('unknown field "spec.x"', 'unknown field "spec.env[0].y"')
    assert done.object["spec"] == {"env": [{"name": "A"}], "any": {"z": {"deep": 1}}, "n": 1}
    assert api.merge(key, {"spec": {"x": 1}}, field_validation="Ignore").warnings == ()
    error = refused(api.merge, key, {"spec": {"x": 1}}, field_validation="Strict")
    assert error.code == 400
    assert 'strict decoding error: unknown field "spec.x"' in error.message


@rule("F-115")
@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"name": "A_b"}, "metadata.name"),
        ({"name": "x" * 254}, "metadata.name"),
        ({"labels": {"a": "x" * 64}}, "metadata.labels"),
        ({"labels": {"a": "not good"}}, "metadata.labels"),
        ({"labels": {"bad key": "x"}}, "metadata.labels"),
        ({"labels": {"Bad.Prefix/k": "x"}}, "metadata.labels"),
        ({"labels": {"k" * 64: "x"}}, "metadata.labels"),
        ({"annotations": {"a": "x" * (256 * 1024)}}, "metadata.annotations"),
        ({"finalizers": ["not good"]}, "metadata.finalizers"),
        ({"ownerReferences": [{"apiVersion": "v1", "kind": "X", "name": "x"}]}, "metadata.ownerReferences[0].uid"),
    ],
)
def test_bad_metadata_is_invalid_at_its_field(api, foo, refused, metadata, field):
    error = refused(api.create, foo(**metadata))
    assert (error.code, error.reason) == (422, "Invalid")
    assert field in [c["field"] for c in error.causes]


@rule("F-115")
def test_stricter_kinds_take_only_dns_labels(api, refused):
    error = refused(api.create, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a.b"}})
    assert error.code == 422
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "a:B", "namespace": "t1"},
    }
    assert api.create(role).created
    role["metadata"]["name"] = "a/b"
    assert refused(api.create, role).code == 422


@rule("F-105")
def test_a_json_patch_adds_tests_and_removes(api, foo, key, refused):
    api.create(foo(finalizers=["ex.io/a", "ex.io/b"]))
    operations = [
        {"op": "test", "path": "/metadata/finalizers/1", "value": "ex.io/b"},
        {"op": "remove", "path": "/metadata/finalizers/1"},
    ]
    assert api.patch(key, operations, PatchType.JSON).object["metadata"]["finalizers"] == ["ex.io/a"]
    error = refused(api.patch, key, operations, PatchType.JSON)
    assert (error.code, error.reason) == (422, "Invalid")
    assert error.message == "the server rejected our request due to an error in our request"
    assert refused(api.patch, key, {"op": "add"}, PatchType.JSON).code == 400


@rule("F-105")
def test_strategic_merge_is_for_built_in_kinds(api, foo, key, refused):
    api.create(foo())
    assert refused(api.patch, key, {}, PatchType.STRATEGIC).code == 415
    pod = {"containers": [{"name": "c", "image": "x:1", "env": [{"name": "A", "value": "1"}]}]}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    metadata = {"name": "d", "namespace": "t1"}
    api.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "c", "env": [{"name": "B", "value": "2"}]}]}}}}
    done = api.patch(Key("Deployment", "t1", "d"), patch, PatchType.STRATEGIC).object
    container = done["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "x:1"
    assert container["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]


def test_generate_name_makes_a_fresh_name(api, foo):
    names = {
        api.create({**foo(), "metadata": {"generateName": "x-", "namespace": "t1"}}).object["metadata"]["name"]
        for _ in range(5)
    }
    assert len(names) == 5
    assert all(n.startswith("x-") and len(n) == 7 for n in names)


@pytest.mark.parametrize(
    "body",
    [
        None,
        1,
        [],
        {"kind": "Foo", "metadata": 1},
        {"metadata": {}},
        {"kind": "Foo", "apiVersion": "ex.io/v1", "metadata": {"name": "a", "namespace": "t1", "labels": {"a": 1}}},
        {"kind": "Foo", "apiVersion": "ex.io/v1", "metadata": {"name": "a", "namespace": "t1", "ownerReferences": [1]}},
        {"kind": "Foo", "apiVersion": "ex.io/v1", "metadata": {"name": 7, "namespace": "t1"}},
        {"kind": "Foo", "apiVersion": "ex.io/v1", "metadata": {"name": "a", "namespace": "t1", "labels": []}},
    ],
)
def test_no_body_makes_the_server_fail_otherwise_than_by_an_api_error(cluster, refused, body):
    assert refused(cluster.create, body).code in (400, 404)
    assert refused(cluster.update, body).code in (400, 404)
