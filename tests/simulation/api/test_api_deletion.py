"""Deletion, owners and namespaces."""

from __future__ import annotations

import pytest

from aimcore.resource import Key
from aimcore.simulation import deletion

rule = pytest.mark.rule


@rule("F-138")
def test_without_finalizers_an_object_goes_at_once(api, foo, key, refused):
    uid = api.create(foo()).object["metadata"]["uid"]
    answer = api.delete(key)
    assert answer["status"] == "Success"
    assert answer["details"] == {"name": "a", "group": "ex.io", "kind": "foos", "uid": uid}
    assert refused(api.get, key).code == 404


@rule("F-138", "F-139")
def test_with_finalizers_it_waits_for_the_last_one(api, foo, key, refused):
    api.create(foo(finalizers=["ex.io/a"], spec={"free": 1}))
    waiting = api.delete(key)
    assert waiting["metadata"]["deletionGracePeriodSeconds"] == 0
    api.wait(60)
    assert api.delete(key) == waiting
    assert api.merge(key, {"spec": {"free": 2}}).object["spec"]["free"] == 2
    assert api.merge(key, {"status": {"seen": 1}}, subresource="status").object["status"]["seen"] == 1
    refusal = refused(api.merge, key, {"metadata": {"finalizers": ["ex.io/a", "ex.io/new"]}})
    assert (refusal.code, refusal.causes[0]["reason"]) == (422, "FieldValueForbidden")
    api.merge(key, {"metadata": {"finalizers": []}})
    assert refused(api.get, key).code == 404
    assert api.create(foo()).created


@rule("F-140")
@pytest.mark.parametrize(("policy", "finalizer"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")])
def test_a_policy_leaves_its_wish_as_a_finalizer(api, foo, key, policy, finalizer):
    api.create(foo())
    assert api.delete(key, propagation=policy)["metadata"]["finalizers"] == [finalizer]
    assert api.delete(key)["metadata"]["finalizers"] == [finalizer]
    assert api.delete(key, propagation="Background")["status"] == "Success"


@rule("F-140")
def test_a_later_policy_changes_the_wish_of_a_waiting_object(api, foo, key):
    api.create(foo(finalizers=["ex.io/a"]))
    api.delete(key)
    again = api.delete(key, propagation="Foreground")
    assert again["metadata"]["finalizers"] == ["ex.io/a", "foregroundDeletion"]
    assert again["metadata"]["generation"] == 2


@rule("F-71", "F-140")
def test_a_job_is_deleted_as_an_orphanage_unless_told_otherwise(api):
    api.create(job("j"))
    key = Key("Job", "t1", "j")
    assert api.delete(key)["metadata"]["finalizers"] == ["orphan"]
    api.create(job("k"))
    assert api.delete(Key("Job", "t1", "k"), propagation="Background")["status"] == "Success"
    assert "child pods are preserved by default" in deletion.ORPHAN_WARNING


def job(name):
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x:1"}]}
    metadata = {"name": name, "namespace": "t1"}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": {"spec": pod}}}


@rule("F-141", "F-142")
def test_owners_are_judged_by_uid_and_namespace(api, foo, cluster):
    owner = api.create(foo("owner")).object
    api.create(foo("owner", namespace="default"))

    def entry(**changes):
        base = {"apiVersion": "ex.io/v1", "kind": "Foo", "name": "owner", "uid": owner["metadata"]["uid"]}
        return {**base, **changes}

    alive, wrong, absent = entry(), entry(uid="old"), entry(name="gone", uid="2")
    child = api.create(foo("child", ownerReferences=[alive, wrong, absent])).object
    assert [o["uid"] for o in cluster.dead_owners(child)] == ["old", "2"]
    elsewhere = api.create(foo("child", namespace="default", ownerReferences=[alive])).object
    assert cluster.dead_owners(elsewhere) == [alive]
    stranger = api.create(foo("c2", ownerReferences=[entry(kind="Unknown")])).object
    assert cluster.dead_owners(stranger) == []
    assert deletion.without_owners(child, {"old", "2"}) == [alive]
    space = api.get(Key("Namespace", "", "t1"))
    owned = {"apiVersion": "v1", "kind": "Namespace", "name": "t1", "uid": space["metadata"]["uid"]}
    assert cluster.dead_owners(api.create(foo("c3", ownerReferences=[owned])).object) == []


@rule("F-140")
def test_only_blocking_dependents_are_awaited(foo):
    def child(**more):
        return foo(ownerReferences=[{"uid": "1", **more}])

    assert deletion.awaits(child(blockOwnerDeletion=True), "1")
    assert not deletion.awaits(child(), "1")
    assert not deletion.awaits(child(blockOwnerDeletion=True), "2")


@rule("F-143")
def test_a_namespace_is_terminating_until_it_is_finalized(api, refused):
    key = Key("Namespace", "", "t1")
    made = api.get(key)
    assert made["status"] == {"phase": "Active"}
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "t1"}
    dying = api.delete(key)
    assert dying["status"]["phase"] == "Terminating"
    kept = api.update({**dying, "spec": {"finalizers": []}}).object
    assert kept["spec"]["finalizers"] == ["kubernetes"]
    api.update({**kept, "spec": {"finalizers": []}}, subresource="finalize")
    assert refused(api.get, key).code == 404


@rule("F-139")
def test_a_put_may_take_the_last_finalizer(api, foo, key, refused):
    api.create(foo(finalizers=["ex.io/a"]))
    dying = api.delete(key)
    del dying["metadata"]["finalizers"]
    assert api.update(dying, dry_run=True).object["metadata"]["name"] == "a"
    assert api.get(key)
    api.update(dying)
    assert refused(api.get, key).code == 404
