"""Server-side apply."""

from __future__ import annotations

import pytest

from aimcore.resource import Key
from aimcore.simulation.cluster import Admission, PatchType

rule = pytest.mark.rule


def version(obj):
    return obj["metadata"]["resourceVersion"]


@rule("F-116")
def test_apply_needs_a_manager_a_kind_and_no_managed_fields(api, foo, key, cluster, refused):
    error = refused(api.apply, foo(), "")
    assert error.code == 422
    assert "fieldManager: Required value" in error.message
    assert error.message.startswith("PatchOptions.meta.k8s.io")
    nameless = {k: v for k, v in foo().items() if k != "kind"}
    assert refused(cluster.patch, key, nameless, PatchType.APPLY, manager="m").message.startswith("invalid object type")
    assert refused(api.apply, foo(managedFields=[{}])).code == 400
    api.create(foo())
    assert refused(api.merge, key, {}, force=True).code == 422


@rule("F-116")
def test_a_null_in_a_typed_field_is_a_type_error(api, foo, refused):
    error = refused(api.apply, foo(spec={"free": None}))
    assert error.code == 422
    assert error.causes[0]["reason"] == "FieldValueTypeInvalid"
    assert error.causes[0]["field"] == "spec.free"


@rule("F-117")
def test_apply_update_and_status_are_three_owners(api, foo, key, refused, owned):
    api.apply(foo(spec={"free": 1}), "m1")
    api.merge(key, {"spec": {"img": "a"}}, manager="m1")
    done = api.apply({**foo(), "status": {"seen": 1}}, "m1", subresource="status").object
    assert owned(done, "m1") == {"f:spec": {"f:free": {}}}
    assert owned(done, "m1", "Update") == {"f:spec": {"f:img": {}}}
    assert owned(done, "m1", "Apply", "status") == {"f:status": {"f:seen": {}}}
    error = refused(api.apply, foo(spec={"free": 1, "img": "b"}), "m1")
    assert error.message == 'Apply failed with 1 conflict: conflict with "m1" using ex.io/v1: .spec.img'
    shared = api.apply(foo(spec={"free": 1, "img": "a"}), "m1").object
    assert owned(shared, "m1") == {"f:spec": {"f:free": {}, "f:img": {}}}
    kept = api.apply(foo(spec={"free": 1}), "m1").object
    assert kept["spec"]["img"] == "a"


@rule("F-87")
def test_conflicts_name_every_field_of_every_owner(api, foo, refused):
    api.apply(foo(spec={"at": ["a"], "env": [{"name": "A", "value": "1"}], "free": 1, "set": ["x"]}), "m1")
    error = refused(api.apply, foo(spec={"env": [{"name": "A", "value": "2"}]}), "m2")
    assert error.message == 'Apply failed with 1 conflict: conflict with "m1": .spec.env[name="A"].value'
    assert error.body["details"] == {
        "causes": [
            {"reason": "FieldManagerConflict", "message": 'conflict with "m1"', "field": '.spec.env[name="A"].value'}
        ]
    }
    error = refused(api.apply, foo(spec={"env": [{"name": "A", "value": "2"}], "at": [], "free": 2}), "m2")
    assert error.message == (
        'Apply failed with 3 conflicts: conflicts with "m1":\n- .spec.at\n- .spec.free\n- .spec.env[name="A"].value'
    )


@rule("F-88", "F-117")
def test_a_conflict_with_an_update_of_status_says_so(api, foo, key, refused):
    api.create(foo(spec={}))
    api.merge(key, {"status": {"seen": 1}}, subresource="status", manager="m2")
    error = refused(api.apply, {**foo(), "status": {"seen": 2}}, "m1", subresource="status")
    assert error.causes[0]["message"] == 'conflict with "m2" with subresource "status" using ex.io/v1'


@rule("F-118")
def test_equal_values_are_shared(api, foo, owned):
    first = api.apply(foo(spec={"free": 1}), "m1").object
    second = api.apply(foo(spec={"free": 1}), "m2").object
    assert owned(second, "m1") == owned(second, "m2") == {"f:spec": {"f:free": {}}}
    assert version(second) != version(first)
    assert second["metadata"]["generation"] == 1


@rule("F-119")
def test_force_takes_a_field_from_all_others(api, foo, owned):
    body = foo(spec={"env": [{"name": "A", "value": "1"}]})
    api.apply(body, "m1")
    api.apply(body, "m2")
    done = api.apply(foo(spec={"env": [{"name": "A", "value": "2"}]}), "m3", force=True).object
    assert done["spec"]["env"] == [{"name": "A", "value": "2"}]
    for loser in ("m1", "m2"):
        assert owned(done, loser) == {"f:spec": {"f:env": {'k:{"name":"A"}': {".": {}, "f:name": {}}}}}


@rule("F-120")
def test_what_only_we_own_goes_when_we_drop_it(api, foo):
    spec = {"free": 1, "env": [{"name": "A"}, {"name": "B"}], "set": ["x", "y"], "map": {"a": "1", "b": "2"}}
    api.apply(foo(spec=spec), "m1")
    api.apply(foo(spec={"env": [{"name": "A"}], "set": ["x"], "map": {"a": "1"}}), "m2")
    done = api.apply(foo(spec={"free": 1}), "m1").object
    assert done["spec"] == {"free": 1, "n": 1, "env": [{"name": "A"}], "set": ["x"], "map": {"a": "1"}}
    assert api.apply(foo(), "m1").object["spec"] == {k: v for k, v in done["spec"].items() if k != "free"}


@rule("F-120")
def test_an_item_stays_while_somebody_owns_a_part_of_it(api, foo, key):
    api.apply(foo(spec={"env": [{"name": "A"}]}), "m1")
    api.merge(key, {"spec": {"env": [{"name": "A", "value": "9"}]}}, manager="m2")
    done = api.apply(foo(spec={}), "m1").object
    assert [e["value"] for e in done["spec"]["env"]] == ["9"]


@rule("F-121")
def test_atomic_parts_are_replaced_whole(api, foo, owned):
    api.apply(foo(spec={"at": ["b", "a"], "boxed": {"a": "1"}}), "m1")
    done = api.apply(foo(spec={"at": ["c", "b"], "boxed": {"b": "2"}}), "m1").object
    assert done["spec"]["at"] == ["c", "b"]
    assert done["spec"]["boxed"] == {"b": "2"}
    assert owned(done, "m1") == {"f:spec": {"f:at": {}, "f:boxed": {}}}


@rule("F-121")
def test_map_lists_and_sets_keep_their_order_and_append(api, foo, owned):
    api.apply(foo(spec={"env": [{"name": "B"}, {"name": "A"}], "set": ["b", "a"]}), "m1")
    done = api.apply(foo(spec={"env": [{"name": "C"}, {"name": "A"}], "set": ["c", "a"]}), "m2").object
    assert {e["name"] for e in done["spec"]["env"]} == {"A", "B", "C"}
    assert [e["name"] for e in done["spec"]["env"]].index("B") < [e["name"] for e in done["spec"]["env"]].index("A")
    assert sorted(done["spec"]["set"]) == ["a", "b", "c"]
    assert owned(done, "m2")["f:spec"]["f:set"] == {'v:"c"': {}, 'v:"a"': {}}
    appended = api.apply(foo(spec={"env": [{"name": "D"}]}), "m3").object
    assert [e["name"] for e in appended["spec"]["env"]] == [*(e["name"] for e in done["spec"]["env"]), "D"]


@rule("F-122")
def test_defaults_belong_to_nobody(api, foo, owned):
    first = api.apply(foo(spec={}), "m1").object
    assert first["spec"] == {"n": 1}
    assert owned(first, "m1") == {"f:spec": {}}
    second = api.apply(foo(spec={"n": 1}), "m1").object
    assert (version(second) != version(first), second["metadata"]["generation"]) == (True, 1)
    assert owned(second, "m1") == {"f:spec": {"f:n": {}}}
    third = api.apply(foo(spec={}), "m1").object
    assert third["spec"] == {"n": 1}


@rule("F-123", "F-4")
def test_what_a_webhook_adds_is_unowned_and_causes_no_flip_flop(cluster, api, foo, owned):
    def add(_operation, _type, new, _old):
        return {**new, "spec": {**new["spec"], "img": "hooked", "at": [*new["spec"]["at"][:1], "hooked"]}}

    cluster.admission = Admission(mutating=(add,))
    first = api.apply(foo(spec={"at": ["a"]}), "m1").object
    assert first["spec"] == {"at": ["a", "hooked"], "img": "hooked", "n": 1}
    assert owned(first, "m1") == {"f:spec": {"f:at": {}}}
    assert api.apply(foo(spec={"at": ["a"]}), "m1").object == first


@rule("F-124", "F-3")
def test_a_repeated_apply_is_no_write(api, foo):
    body = foo(spec={"env": [{"name": "A", "value": "1"}], "at": ["x"], "set": ["s"]}, labels={"a": "b"})
    first = api.apply(body).object
    api.wait(3600)
    assert api.apply(body).object == first
    watch = api.watch("Foo", resource_version=version(first))
    owned_more = api.apply(body, "m2").object
    assert version(owned_more) != version(first)
    assert [e["type"] for e in watch.take()] == ["MODIFIED"]


@rule("F-125")
def test_version_and_uid_in_an_apply(api, foo, owned, refused):
    made = api.apply(foo(resourceVersion="77", spec={"free": 1})).object
    same = api.apply(foo(uid=made["metadata"]["uid"], spec={"free": 2})).object
    assert owned(same, "m1") == {"f:spec": {"f:free": {}}}
    assert refused(api.apply, foo(resourceVersion=version(made))).code == 409
    assert api.apply(foo(resourceVersion=version(same), spec={"free": 3})).object["spec"]["free"] == 3
    assert api.create(foo("b", uid="mine")).object["metadata"]["uid"] != "mine"


@rule("F-126", "F-110")
def test_each_door_of_apply_takes_only_its_part(api, foo, owned):
    main = api.apply({**foo(spec={"free": 1}), "status": {"seen": 5}}, "m1").object
    assert "status" not in main
    status = api.apply({**foo(spec={"free": 9}), "status": {"seen": 5}}, "m1", subresource="status").object
    assert status["spec"]["free"] == 1
    assert owned(status, "m1", "Apply", "status") == {"f:status": {"f:seen": {}}}
    assert owned(status, "m1") == {"f:spec": {"f:free": {}}}


@rule("F-127")
def test_managed_fields_are_kept_wiped_and_reborn(api, foo, key, owned, refused):
    live = api.create(foo(spec={"free": 1}), manager="m0").object
    kept = api.update(
        {**live, "metadata": {**live["metadata"], "managedFields": []}, "spec": {"free": 2}}, manager="m0"
    )
    assert owned(kept.object, "m0", "Update")
    wiped = api.merge(key, {"metadata": {"managedFields": [{}]}}).object
    assert "managedFields" not in wiped["metadata"]
    assert "managedFields" not in api.merge(key, {"spec": {"img": "x"}}).object["metadata"]
    error = refused(api.apply, foo(spec={"free": 3}))
    assert error.causes[0]["message"] == 'conflict with "before-first-apply" using ex.io/v1'
    done = api.apply(foo(spec={"free": 2})).object
    assert owned(done, "before-first-apply", "Update")["f:spec"]["f:free"] == {}


@rule("F-128", "F-33")
def test_owner_references_merge_by_uid(api, foo, refused):
    def owner(uid, **more):
        return {"apiVersion": "v1", "kind": "X", "name": "x", "uid": uid, **more}

    api.apply(foo(ownerReferences=[owner("1", controller=True)]), "m1")
    both = api.apply(foo(ownerReferences=[owner("2")]), "m2").object
    assert [o["uid"] for o in both["metadata"]["ownerReferences"]] == ["1", "2"]
    error = refused(api.apply, foo(ownerReferences=[owner("3", controller=True)]), "m2", force=True)
    assert error.code == 422
    assert "Only one reference can have Controller set to true" in error.message
    error = refused(api.apply, foo(ownerReferences=[owner("1", controller=False)]), "m2")
    assert error.causes[0]["field"] == '.metadata.ownerReferences[uid="1"]'
    api.apply(foo(ownerReferences=[owner("1", controller=True)]), "m3")
    left = api.apply(foo(), "m1").object
    assert [o["uid"] for o in left["metadata"]["ownerReferences"]] == ["1", "2"]
    left = api.apply(foo(), "m3").object
    assert [o["uid"] for o in left["metadata"]["ownerReferences"]] == ["2"]


@rule("F-129", "F-139")
def test_a_deleting_object_can_be_applied_to_but_not_held_longer(api, foo, key, refused):
    api.apply(foo(finalizers=["ex.io/a"], spec={"free": 1}))
    api.delete(key)
    assert api.apply(foo(finalizers=["ex.io/a"], spec={"free": 2})).object["spec"]["free"] == 2
    error = refused(api.apply, foo(finalizers=["ex.io/a", "ex.io/b"]))
    assert error.code == 422
    assert "no new finalizers can be added if the object is being deleted" in error.message


def isvc(**container):
    spec = {"predictor": {"containers": [{"name": "c", "image": "x", **container}]}}
    metadata = {"name": "b", "namespace": "t1"}
    return {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": metadata, "spec": spec}


@rule("F-1", "F-3")
def test_a_second_manager_conflicts_on_the_whole_container_list(api, refused, owned):
    first = api.apply(isvc(ports=[{"containerPort": 8000}])).object
    assert first["spec"]["predictor"]["containers"][0]["ports"] == [{"containerPort": 8000, "protocol": "TCP"}]
    assert owned(first, "m1") == {"f:spec": {"f:predictor": {"f:containers": {}}}}
    assert api.apply(isvc(ports=[{"containerPort": 8000}])).object == first
    error = refused(api.apply, isvc(resources={"requests": {"cpu": "1"}}), "m2")
    assert [c["field"] for c in error.causes] == [".spec.predictor.containers"]


@rule("F-2", "F-106", "F-89")
def test_duplicates_are_untypable_for_apply_and_invalid_for_post(api, refused):
    body = isvc(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}])
    del body["metadata"]["namespace"]
    api_cluster = api.cluster
    key = Key("InferenceService", "t1", "b")
    error = refused(api_cluster.patch, key, body, PatchType.APPLY, manager="m")
    assert (error.code, error.reason) == (500, "")
    assert error.message == (
        "failed to create typed patch object (/b; serving.kserve.io/v1beta1, Kind=InferenceService): "
        '.spec.predictor.containers[0].env: duplicate entries for key [name="A"]'
    )
    body["metadata"]["namespace"] = "t1"
    error = refused(api.create, body)
    assert [(c["reason"], c["field"]) for c in error.causes] == [
        ("FieldValueDuplicate", "spec.predictor.containers[0].env[1]")
    ]


@rule("F-106", "F-114")
def test_apply_refuses_unknown_fields_whatever_validation_says(api, foo, refused):
    error = refused(api.apply, foo(spec={"x": 1}), field_validation="Ignore")
    assert (error.code, error.reason) == (500, "")
    assert error.message.endswith(".spec.x: field not declared in schema")
    error = refused(api.apply, foo(spec={"x": 1, "at": "no", "n": "no", "env": [{"value": "1"}], "map": [], "img": {}}))
    assert error.message.count("\n") == 6
    assert 'omits key field "name"' in error.message
    assert api.apply(foo(spec={"any": {"x": [1]}})).created


@rule("F-54")
def test_a_short_route_is_defaulted_but_not_owned(api, owned):
    metadata = {"name": "r", "namespace": "t1"}
    spec = {
        "parentRefs": [{"name": "g"}],
        "rules": [{"backendRefs": [{"name": "s", "port": 80}]}],
    }
    body = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata, "spec": spec}
    first = api.apply(body).object
    backend = first["spec"]["rules"][0]["backendRefs"][0]
    assert backend == {"name": "s", "port": 80, "group": "", "kind": "Service", "weight": 1}
    assert first["spec"]["parentRefs"][0]["kind"] == "Gateway"
    assert first["spec"]["rules"][0]["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}}]
    assert owned(first, "m1") == {"f:spec": {"f:parentRefs": {}, "f:rules": {}}}
    assert api.apply(body).object == first


@rule("F-36")
def test_a_scaled_object_has_atomic_triggers_and_one_default(api, owned):
    metadata = {"name": "s", "namespace": "t1"}
    spec = {
        "scaleTargetRef": {"name": "d"},
        "triggers": [{"type": "cpu", "metadata": {"value": "1"}}],
        "fallback": {"failureThreshold": 1, "replicas": 1},
    }
    done = api.apply(
        {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": metadata, "spec": spec}
    ).object
    assert done["spec"] == {**spec, "fallback": {"failureThreshold": 1, "replicas": 1, "behavior": "static"}}
    assert owned(done, "m1")["f:spec"]["f:triggers"] == {}
    assert owned(done, "m1")["f:spec"]["f:scaleTargetRef"] == {"f:name": {}}
