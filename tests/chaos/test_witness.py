"""What was lost or doubled shows: uids follow from names, and every incarnation is counted."""

from __future__ import annotations

from typing import Any

import pytest

from aimcore.resource import Key
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import ApiError, Cluster, PatchType
from aimcore.testing.histories import START
from aimctl_runtime.local.exchange import Reply, Request

from .cluster import new_cluster
from .witness import Witness

ACCOUNT = Key("ServiceAccount", "team", "runner")


def cluster() -> Cluster:
    made = new_cluster(Clock(START))
    made.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    return made


def account(name: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "team", **metadata}}


def uid(where: Cluster, name: str) -> str:
    return str(where.get(Key("ServiceAccount", "team", name))["metadata"]["uid"])


def test_uids_follow_from_names_whoever_comes_first_and_whatever_was_refused() -> None:
    one, other = cluster(), cluster()
    one.create(account("a"))
    one.create(account("b"))
    other.patch(Key("ServiceAccount", "team", "b"), account("b"), PatchType.APPLY, manager="m")
    with pytest.raises(ApiError):
        other.create(account("b"))
    other.create(account("a"))
    assert [uid(one, name) for name in "ab"] == [uid(other, name) for name in "ab"]
    assert uid(one, "a") != uid(one, "b")


def test_generated_names_follow_in_the_order_of_their_prefix() -> None:
    names = []
    for _ in range(2):
        made = cluster()
        metadata = {"generateName": "p-", "namespace": "team"}
        generated = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
        names.append([made.create(generated).object["metadata"]["name"] for _ in range(3)])
    assert names[0] == names[1]
    assert len(set(names[0])) == 3


def test_an_object_that_was_made_anew_is_another_incarnation() -> None:
    made = cluster()
    witness = Witness(made)
    made.create(account("runner"))
    first = uid(made, "runner")
    made.delete(ACCOUNT)
    witness.look()
    made.compact()
    made.create(account("runner"))
    assert uid(made, "runner") != first
    births = sorted((birth.event, birth.uid == first) for birth in witness.births("team"))
    assert births == [("ADDED", False), ("ADDED", True), ("DELETED", True)]
    assert witness.births("elsewhere") == {}


def test_writes_of_controllers_are_told_from_reads_leases_and_everybody_elses() -> None:
    witness = Witness(cluster())
    done = Reply(200, {})
    for method, path, agent in (
        ("PATCH", "/api/v1/things/a", "aimctl"),
        ("GET", "/api/v1/things/a", "aimctl"),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/aim-system/leases/l", "aimctl"),
        ("PATCH", "/api/v1/things/a", "kubectl/v1.30"),
    ):
        witness.observe(Request(method, path, agent=agent), done)
    assert witness.writes == ["PATCH /api/v1/things/a"]
