"""The garbage collector and the namespace controller."""

from __future__ import annotations

import pytest

from aimcore.resource import Key
from aimcore.simulation.errors import ApiError
from simulation.world.plays import NS, Play, claim, pod, secret

Json = dict


def owned(obj: Json, *owners: Json, uid: str = "", blocks: bool = False) -> Json:
    entries = [
        {
            "apiVersion": o["apiVersion"], "kind": o["kind"], "name": o["metadata"]["name"],
            "uid": uid or o["metadata"]["uid"], **({"blockOwnerDeletion": True} if blocks else {}),
        }
        for o in owners
    ]  # fmt: skip
    return {**obj, "metadata": {**obj["metadata"], "ownerReferences": entries}}


@pytest.mark.rule("F-141")
def test_dependents_follow_their_only_owner() -> None:
    play = Play()
    owner = play.create(secret("owner"))
    play.create(owned(secret("child"), owner))
    play.run(30)
    assert play.has("Secret", "child")
    play.delete("Secret", "owner")
    assert play.has("Secret", "child")
    play.run(5)
    assert not play.has("Secret", "child")


@pytest.mark.rule("F-141", "F-142")
def test_an_object_made_with_a_stale_owner_uid_is_deleted() -> None:
    play = Play()
    owner = play.create(secret("owner"))
    play.create(owned(secret("child"), owner, uid="stale"))
    play.run(5)
    assert not play.has("Secret", "child")
    assert play.has("Secret", "owner")


@pytest.mark.rule("F-141")
def test_only_dead_entries_are_taken_off_while_an_owner_lives() -> None:
    play = Play()
    one, two = play.create(secret("one")), play.create(secret("two"))
    play.create(owned(secret("child"), one, two))
    play.delete("Secret", "one")
    play.run(5)
    (left,) = play.get("Secret", "child")["metadata"]["ownerReferences"]
    assert left["name"] == "two"


@pytest.mark.rule("F-141")
def test_an_owner_in_another_namespace_counts_as_absent() -> None:
    play = Play()
    owner = play.create({**secret("owner"), "metadata": {"name": "owner", "namespace": "default"}})
    play.create(owned(secret("child"), owner))
    play.run(5)
    assert not play.has("Secret", "child")


def test_an_owner_of_a_kind_that_nobody_serves_keeps_its_dependents() -> None:
    play = Play()
    stranger = {"apiVersion": "x.io/v1", "kind": "Stranger", "metadata": {"name": "s", "uid": "u"}}
    play.create(owned(secret("child"), stranger))
    play.run(5)
    assert play.has("Secret", "child")


@pytest.mark.rule("F-141")
def test_finalizers_are_respected() -> None:
    play = Play()
    owner = play.create(secret("owner"))
    child = secret("child")
    child["metadata"]["finalizers"] = ["x.io/keep"]
    play.create(owned(child, owner))
    play.delete("Secret", "owner")
    play.run(5)
    assert play.get("Secret", "child")["metadata"]["deletionTimestamp"]


@pytest.mark.rule("F-140")
@pytest.mark.parametrize("blocks", [True, False])
def test_foreground_deletion_waits_only_for_dependents_that_block(blocks: bool) -> None:
    play = Play()
    owner = play.create(secret("owner"))
    child = secret("child")
    child["metadata"]["finalizers"] = ["x.io/keep"]
    play.create(owned(child, owner, blocks=blocks))
    play.run(5)
    play.delete("Secret", "owner", propagation="Foreground")
    play.run(5)
    assert play.has("Secret", "owner") is blocks
    play.merge("Secret", "child", {"metadata": {"finalizers": None}})
    play.run(5)
    assert not play.has("Secret", "owner")
    assert not play.has("Secret", "child")


@pytest.mark.rule("F-140")
def test_orphaned_dependents_lose_the_entry_and_stay() -> None:
    play = Play()
    owner = play.create(secret("owner"))
    play.create(owned(secret("child"), owner))
    play.delete("Secret", "owner", propagation="Orphan")
    play.run(5)
    assert not play.has("Secret", "owner")
    assert "ownerReferences" not in play.get("Secret", "child")["metadata"]


@pytest.mark.rule("F-143")
def test_a_namespace_empties_itself_and_goes() -> None:
    play = Play()
    play.create(secret("s"), claim(), pod())
    play.run(30)
    play.delete("Namespace", NS, namespace="")
    assert play.get("Namespace", NS, namespace="")["status"]["phase"] == "Terminating"
    with pytest.raises(ApiError) as refused:
        play.create(secret("late"))
    assert refused.value.code == 403
    play.run(60)
    assert play.cluster.peek("Namespace", "", NS) is None
    assert play.pods() == []


@pytest.mark.rule("F-143", "F-46")
def test_a_finalizer_that_nobody_removes_holds_the_namespace() -> None:
    play = Play()
    held = secret("s")
    held["metadata"]["finalizers"] = ["x.io/keep"]
    play.create(held)
    play.run(5)
    play.delete("Namespace", NS, namespace="")
    play.run(600)
    assert play.has("Namespace", NS, namespace="")
    play.merge("Secret", "s", {"metadata": {"finalizers": None}})
    play.run(600)
    assert not play.has("Namespace", NS, namespace="")


@pytest.mark.rule("F-143")
def test_a_new_namespace_gets_its_default_account() -> None:
    play = Play()
    play.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}})
    play.run(1)
    assert play.cluster.get(Key("ServiceAccount", "new", "default"))
    play.delete("ServiceAccount", "default", namespace="new")
    play.change()
    play.run(1)
    assert play.has("ServiceAccount", "default", namespace="new")
