"""Does a live object already say what we want?"""

from __future__ import annotations

import copy

import pytest

from aimcore.leaves import is_satisfied, owned_fields

ME = "aim-service-controller"


def managed(fields, manager=ME, operation="Apply", **more):
    return {"manager": manager, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": fields, **more}


def isvc(predictor, **metadata):
    return {
        "apiVersion": "x",
        "kind": "InferenceService",
        "metadata": {"name": "a", **metadata},
        "spec": {"predictor": predictor},
    }


def container(**members):
    return {"name": "kserve-container", "image": "i", **members}


def says(kind, desired, live):
    return is_satisfied(kind, desired, live, ME)


def test_equal_objects_are_satisfied():
    one = isvc({"containers": [container()]})
    assert says("InferenceService", one, copy.deepcopy(one))


def test_members_of_others_are_no_difference():
    live = isvc({"containers": [container()], "timeout": 5}, labels={"x": "y"}, uid="u")
    assert says("InferenceService", isvc({"containers": [container()]}), live)


def test_a_missing_leaf_is_a_difference():
    assert not says("InferenceService", isvc({"minReplicas": 1}), isvc({}))
    assert not says(
        "InferenceService", isvc({"minReplicas": 1}), {"kind": "InferenceService", "metadata": {"name": "a"}}
    )


def test_a_changed_scalar_is_a_difference():
    assert not says("InferenceService", isvc({"minReplicas": 1}), isvc({"minReplicas": 2}))
    assert not says("InferenceService", isvc({"minReplicas": 1}), isvc({"minReplicas": "1"}))


def test_a_leaf_that_we_own_and_no_longer_want_is_a_difference():
    live = isvc({}, annotations={"a": "1", "b": "2"})
    live["metadata"]["managedFields"] = [managed({"f:metadata": {"f:annotations": {"f:a": {}, "f:b": {}}}})]
    assert not says("InferenceService", isvc({}, annotations={"a": "1"}), live)
    assert says("InferenceService", isvc({}, annotations={"a": "1", "b": "2"}), live)


def test_a_whole_member_that_we_own_and_no_longer_want_is_a_difference():
    live = isvc({"affinity": {"nodeAffinity": {}}})
    live["metadata"]["managedFields"] = [managed({"f:spec": {"f:predictor": {"f:affinity": {"f:nodeAffinity": {}}}}})]
    assert not says("InferenceService", isvc({}), live)


def test_an_owned_leaf_that_is_already_gone_is_no_difference():
    live = isvc({})
    live["metadata"]["managedFields"] = [managed({"f:metadata": {"f:annotations": {"f:b": {}}}})]
    assert says("InferenceService", isvc({}), live)


def test_only_our_own_apply_counts_as_ours():
    mine = managed({"f:spec": {}})
    others = [managed({"f:x": {}}, manager="other"), managed({}, operation="Update"), managed({}, subresource="status")]
    entries = [*others, "junk", {"manager": ME, "operation": "Apply", "fieldsV1": 5}, mine]
    assert owned_fields({"metadata": {"managedFields": entries}}, ME) == {"f:spec": {}}
    assert owned_fields({"metadata": {"managedFields": entries[:-1]}}, ME) == {}
    assert owned_fields({}, ME) == {}


@pytest.mark.rule("F-3", "F-54")
@pytest.mark.parametrize(
    ("kind", "desired", "live"),
    [
        ("InferenceService", {"containers": [container(ports=[{"containerPort": 8000}])]},
         {"containers": [container(ports=[{"containerPort": 8000, "protocol": "TCP"}])]}),
        ("InferenceService", {"imagePullSecrets": [{}]}, {"imagePullSecrets": [{"name": ""}]}),
    ],
)  # fmt: skip
def test_what_the_server_fills_in_is_no_difference(kind, desired, live):
    assert says(kind, isvc(desired), isvc(live))


@pytest.mark.rule("F-54")
def test_a_route_is_compared_with_the_servers_defaults():
    desired = {
        "kind": "HTTPRoute", "metadata": {"name": "a"},
        "spec": {"parentRefs": [{"name": "gw"}],
                 "rules": [{"matches": [{"path": {"value": "/x"}}], "backendRefs": [{"name": "s", "port": 80}]}]},
    }  # fmt: skip
    live = copy.deepcopy(desired)
    live["spec"]["parentRefs"][0] |= {"group": "gateway.networking.k8s.io", "kind": "Gateway"}
    live["spec"]["rules"][0]["backendRefs"][0] |= {"group": "", "weight": 1, "kind": "Service"}
    live["spec"]["rules"][0]["matches"][0]["path"] |= {"type": "PathPrefix"}
    assert says("HTTPRoute", desired, live)
    live["spec"]["rules"][0]["backendRefs"][0]["weight"] = 5
    assert not says("HTTPRoute", desired, live)


@pytest.mark.rule("F-4")
def test_kserves_stock_resources_are_no_difference_but_others_are():
    mine = {"requests": {"amd.com/gpu": "1"}}
    filled = {"requests": {"amd.com/gpu": "1", "cpu": 1, "memory": "2048Mi"}, "limits": {"cpu": "1", "memory": "2Gi"}}
    assert says("InferenceService", isvc({"containers": [container(resources=mine)]}),
                isvc({"containers": [container(resources=filled)]}))  # fmt: skip
    filled["limits"]["cpu"] = "6"
    assert not says("InferenceService", isvc({"containers": [container(resources=mine)]}),
                    isvc({"containers": [container(resources=filled)]}))  # fmt: skip


@pytest.mark.parametrize(
    "other", [[], [container(), container()], [container(image="j")], [container(env=[])], "x", None]
)
def test_an_atomic_list_is_compared_as_a_whole(other):
    wanted = isvc({"containers": [container()]})
    assert says("InferenceService", wanted, isvc({"containers": other})) == (other == [container(env=[])])


def test_quantities_are_compared_as_numbers():
    def with_cpu(value):
        return isvc({"containers": [container(resources={"requests": {"cpu": value}})]})

    assert says("InferenceService", with_cpu("1000m"), with_cpu("1"))
    assert says("InferenceService", with_cpu("4"), with_cpu(4))
    assert not says("InferenceService", with_cpu("4"), with_cpu("5"))


@pytest.mark.rule("R-8.2")
def test_duplicate_names_in_a_live_env_equal_ours_if_the_effective_values_do():
    def with_env(*pairs):
        return isvc({"containers": [container(env=[{"name": n, "value": v} for n, v in pairs])]})

    wanted = with_env(("A", "2"), ("B", "1"))
    assert says("InferenceService", wanted, with_env(("A", "1"), ("A", "2"), ("B", "1")))
    assert not says("InferenceService", wanted, with_env(("A", "2"), ("A", "1"), ("B", "1")))


def test_our_owner_must_be_among_the_live_ones():
    ours = {"uid": "u", "kind": "AIMService", "name": "s", "controller": True}
    wanted = isvc({}, ownerReferences=[ours])
    assert says("InferenceService", wanted, isvc({}, ownerReferences=[{"uid": "v"}, {**ours, "extra": 1}]))
    assert not says("InferenceService", wanted, isvc({}, ownerReferences=[{"uid": "v"}]))
    assert not says("InferenceService", wanted, isvc({}, ownerReferences=[{**ours, "controller": False}]))
    assert not says("InferenceService", wanted, isvc({}))
    assert says("InferenceService", isvc({}, ownerReferences=[]), isvc({}))


def test_our_finalizer_must_be_among_the_live_ones():
    assert says("Job", {"metadata": {"finalizers": ["f"]}}, {"metadata": {"finalizers": ["g", "f"]}})
    assert not says("Job", {"metadata": {"finalizers": ["f"]}}, {"metadata": {}})


def cache(*env):
    return {"kind": "AIMTemplateCache", "metadata": {"name": "c"}, "spec": {"env": list(env)}}


A1, A2, B = {"name": "A", "value": "1"}, {"name": "A", "value": "2"}, {"name": "B", "value": "1"}


def test_a_map_list_is_compared_by_key():
    assert says("AIMTemplateCache", cache(A1, B), cache(B, A1))
    assert says("AIMTemplateCache", cache(A1), cache(B, A1))
    assert not says("AIMTemplateCache", cache(A1), cache(A2))
    assert not says("AIMTemplateCache", cache(A1), cache(B))
    assert not says("AIMTemplateCache", cache(A1), {"kind": "AIMTemplateCache", "metadata": {"name": "c"}, "spec": {}})
    assert says("AIMTemplateCache", cache(), {"kind": "AIMTemplateCache", "metadata": {"name": "c"}, "spec": {}})


def test_an_owned_item_that_is_no_longer_wanted_is_a_difference():
    live = cache(A1, B)
    live["metadata"]["managedFields"] = [managed({"f:spec": {"f:env": {'k:{"name":"B"}': {".": {}}, "k:bad": {}}}})]
    assert not says("AIMTemplateCache", cache(A1), live)
    assert says("AIMTemplateCache", cache(A1, B), live)


def test_a_map_that_the_server_keeps_as_one_leaf_is_compared_as_a_whole():
    live = isvc({"x": 1, "y": 2})
    live["metadata"]["managedFields"] = [managed({"f:spec": {}})]
    assert not says("InferenceService", isvc({"x": 1}), live)
    assert says("InferenceService", isvc({"x": 1, "y": 2}), live)


def test_empty_and_absent_maps_are_the_same():
    assert says("InferenceService", isvc({"autoScaling": {}}), isvc({}))
    assert says(
        "InferenceService", isvc({"containers": [container(resources={})]}), isvc({"containers": [container()]})
    )
    assert says(
        "InferenceService", isvc({"containers": [container()]}), isvc({"containers": [container(resources=None)]})
    )
    assert not says("InferenceService", isvc({"containers": [container(resources={"limits": {"x": "1"}})]}),
                    isvc({"containers": [container()]}))  # fmt: skip
    assert says("InferenceService", isvc({"a": None}), isvc({}))


def test_an_owner_that_we_named_and_name_no_more_is_a_difference():
    owners = [
        {"apiVersion": "x", "kind": "K", "name": name, "uid": uid} for name, uid in (("mine", "u1"), ("theirs", "u2"))
    ]
    mine = managed({"f:metadata": {"f:ownerReferences": {'k:{"uid":"u1"}': {}}}})
    live = isvc({}, ownerReferences=owners, managedFields=[mine])
    assert says("InferenceService", isvc({}, ownerReferences=owners[:1]), live)
    assert not says("InferenceService", isvc({}, ownerReferences=[]), live)


@pytest.mark.parametrize("junk", [[], {}, None, 7])
def test_a_list_item_with_a_key_of_another_shape_is_nobodys(junk):
    live = isvc({}, ownerReferences=[{"uid": junk}])
    assert not says("InferenceService", isvc({}, ownerReferences=[{"uid": "u1"}]), live)
    template = {"kind": "AIMServiceTemplate", "metadata": {"name": "a"}, "spec": {"env": [{"name": "A", "value": "1"}]}}
    assert not says("AIMServiceTemplate", template, {**template, "spec": {"env": [{"name": junk}]}})


def test_a_scalar_at_the_top_is_a_leaf():
    desired = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "immutable": True}
    assert says("Secret", desired, copy.deepcopy(desired))
    assert not says("Secret", desired, {**desired, "immutable": False})
