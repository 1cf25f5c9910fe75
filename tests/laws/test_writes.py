"""Laws 2 and 3 of writes that are not done: a "no" rests and comes back, a time-out is over once its work is seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from aimcore.changes import Apply, Change, Create, Delete
from aimcore.cluster.kinds import KINDS
from aimcore.resource import Json, Key
from aimcore.simulation.cluster import Cluster
from aimcore.testing.exploration.refusals import denial, refusal
from aimcore.testing.histories import Edit, Play, Put, Remove, Wait
from aimcore.testing.masking import differences, end_state
from aimcore.testing.transport import Answered, Direct, Silence
from aimcore.wire import Done
from laws.scenarios import CHAT, EVERYTHING, ROUTED, chat

MADE = ("AIMModel", "AIMServiceTemplate", "AIMTemplateCache", "AIMArtifact", "Job", "InferenceService", "HTTPRoute")


class Unanswered(Direct):
    """The first write that makes an object of this kind is done, but nobody says so."""

    kind = ""
    is_over = False

    def send(self, parent: Key, change: Change, *, is_forced: bool) -> Answered | Silence:
        answer = super().send(parent, change, is_forced=is_forced)
        if self.is_over or change.key.kind != self.kind or not isinstance(change, Apply | Create):
            return answer
        self.is_over = True
        return Silence("context deadline exceeded", sent=True)


@pytest.mark.parametrize("kind", MADE)
def test_a_time_out_is_over_once_what_was_wanted_is_seen(kind: str, cluster: Cluster) -> None:
    reference, play = (Play(cluster=cluster.fork()) for _ in range(2))
    transport = play.driver.transport = Unanswered(play.cluster, play.driver.vocabulary)
    transport.kind = kind
    for each in (reference, play):
        each.act([EVERYTHING])
        each.converge()
    assert transport.is_over
    assert list(differences(end_state(reference.cluster), end_state(play.cluster))) == []


class Forbidding(Direct):
    """Deletions are forbidden. `refused` counts them."""

    forbids = True
    refused = 0

    def send(self, parent: Key, change: Change, *, is_forced: bool) -> Answered | Silence:
        if not self.forbids or not isinstance(change, Delete):
            return super().send(parent, change, is_forced=is_forced)
        self.refused += 1
        return Answered(*denial("permission", change, KINDS[change.key.kind]))


def test_a_deletion_that_is_refused_rests_whoever_wakes_the_plan_and_comes_back(cluster: Cluster) -> None:
    play = Play(cluster=cluster.fork())
    play.act([chat(routing=ROUTED)])
    play.converge()
    transport = play.driver.transport = Forbidding(play.cluster, play.driver.vocabulary)
    play.act([chat()])
    for look in range(60):
        play.act([Edit(CHAT, {"metadata": {"labels": {"look": str(look)}}}), Wait(5)])
    assert 3 <= transport.refused <= 9, "at once, and then after pauses that double"
    transport.forbids = False
    play.converge(timedelta(hours=1))
    assert play.keys("HTTPRoute") == []


class Overtaken(Direct):
    """Right before a write of this type to this kind somebody else is quicker. `left` is what stands after it.

    With `instead` the server says that, and does nothing.
    """

    kind, type = "", Delete
    happens: Callable[[Key], None]
    instead: Callable[[Key], Answered] | None = None
    left: Json | None = None
    is_over = False

    def send(self, parent: Key, change: Change, *, is_forced: bool) -> Answered | Silence:
        if self.is_over or change.key.kind != self.kind or not isinstance(change, self.type):
            return super().send(parent, change, is_forced=is_forced)
        self.is_over = True
        if self.instead is not None:
            return self.instead(change.key)
        self.happens(change.key)
        answer = super().send(parent, change, is_forced=is_forced)
        self.left = self._cluster.peek(*change.key)
        return answer


def overtaken(cluster: Cluster, kind: str, type_: type[Any]) -> tuple[Play, Overtaken]:
    """A routed service that runs, and somebody who deletes first what is written next."""
    play = Play(cluster=cluster.fork())
    play.act([chat(routing=ROUTED)])
    play.converge()
    transport = play.driver.transport = Overtaken(play.cluster, play.driver.vocabulary)
    transport.kind, transport.type = kind, type_
    transport.happens = lambda key: play.act([Remove(key)])
    return play, transport


def test_a_deletion_never_hits_the_next_incarnation(cluster: Cluster) -> None:
    play, transport = overtaken(cluster, "HTTPRoute", Delete)
    theirs = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "spec": {}}

    def exchange(key: Key) -> None:
        metadata = {"name": key.name, "namespace": key.namespace}
        play.act([Remove(key), Put({**theirs, "metadata": metadata})])

    transport.happens = exchange
    play.act([chat()])
    play.converge()
    assert transport.left is not None
    assert play.keys("HTTPRoute") != []


def test_a_deletion_of_what_is_gone_is_done(cluster: Cluster) -> None:
    play, transport = overtaken(cluster, "HTTPRoute", Delete)
    play.act([chat()])
    play.converge()
    assert transport.is_over
    assert [result for change, result in play.driver.log if isinstance(change, Delete)] == [Done(None)]


def test_an_update_makes_nothing_anew_that_was_deleted_meanwhile(cluster: Cluster) -> None:
    play, transport = overtaken(cluster, "HTTPRoute", Apply)
    play.act([chat(routing={**ROUTED, "pathTemplate": "/new"})])
    play.converge()
    assert transport.is_over
    assert transport.left is None
    assert len(play.keys("HTTPRoute")) == 1


@pytest.mark.parametrize("code", [409, 429, 500, 503, 504])
def test_what_a_busy_server_refuses_is_tried_again(code: int, cluster: Cluster) -> None:
    play, transport = overtaken(cluster, "HTTPRoute", Apply)
    transport.instead = lambda key: Answered(*refusal(code, key))
    play.act([chat(routing={**ROUTED, "pathTemplate": "/new"})])
    play.converge()
    assert transport.is_over
    (route,) = play.cluster.objects("HTTPRoute")
    assert route["spec"]["rules"][0]["matches"][0]["path"]["value"] == "/new"
