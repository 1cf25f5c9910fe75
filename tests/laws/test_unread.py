"""How the controller in memory takes a list that fails: as the reflector of the shell does."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from aimcore.cluster.kinds import KINDS
from aimcore.dispatch import PLANNERS
from aimcore.errors import READ_ERRORS
from aimcore.resource import Json, Key
from aimcore.simulation.cluster import ApiError, Mark
from aimcore.simulation.errors import not_installed, rbac_forbidden, server_starting
from aimcore.snapshot import NotInstalled, Unreadable
from aimcore.testing.exploration.refusals import LIST_TROUBLES
from aimcore.testing.histories import Play, Wait
from aimcore.testing.transport import Direct, NoAnswer, unreadable
from laws.exploring import empty_cluster
from laws.props import WEIGHTS
from laws.scenarios import CONFIG, chat, obj


class Troubled(Direct):
    """One kind cannot be listed while there is a trouble."""

    trouble: ApiError | NoAnswer | None = None
    kind = "Pod"

    def news(self, since: Mark | None) -> tuple[Mark | None, Collection[str] | None]:
        return super().news(since)[0], None

    def list(self, kind: str) -> Json:
        if kind == self.kind and self.trouble is not None:
            raise self.trouble
        return super().list(kind)


class Scene:
    """A service that runs, and a controller that may lose its watch of pods."""

    def __init__(self) -> None:
        self.play = Play(cluster=empty_cluster())
        self.driver = self.play.driver
        self.transport = self.driver.transport = Troubled(self.play.cluster, self.driver.vocabulary)
        self.play.act([chat()])
        self.play.converge()
        assert self.pods

    def lose_watch(self, trouble: ApiError | NoAnswer | None) -> None:
        self.transport.trouble = trouble
        self.driver.memory.watches["Pod"].ended = True
        self.driver.observe()

    @property
    def pods(self) -> int:
        return len(self.driver.memory.table.keys("Pod"))

    @property
    def availability(self) -> object:
        return self.driver.memory.table.availability("Pod")


def test_a_refusal_that_lasts_is_told_at_once_and_what_was_known_stands() -> None:
    scene = Scene()
    known = scene.pods
    scene.lose_watch(rbac_forbidden(KINDS["Pod"], "", "us", "list"))
    assert isinstance(scene.availability, Unreadable)
    assert (scene.availability.reason, scene.pods) == ("Forbidden", known)
    scene.transport.trouble = None
    scene.driver.observe()
    assert (scene.availability, scene.pods) == (None, known)


def test_one_that_may_pass_is_told_at_the_third_time_in_a_row() -> None:
    scene = Scene()
    scene.lose_watch(server_starting())
    scene.driver.observe()
    assert scene.availability is None
    scene.lose_watch(None)
    scene.lose_watch(server_starting())
    scene.driver.observe()
    assert scene.availability is None, "it was listed between"
    scene.driver.observe()
    assert isinstance(scene.availability, Unreadable)


def test_a_server_that_is_silent_takes_nothing_from_who_watched_and_tells_who_begins() -> None:
    scene = Scene()
    known = scene.pods
    for _ in range(5):
        scene.lose_watch(NoAnswer("ConnectionRefused", "connect: connection refused"))
    assert (scene.availability, scene.pods) == (None, known)
    scene.driver.restart()
    scene.driver.observe()
    assert scene.availability == Unreadable("Pod", "ConnectionRefused", "connect: connection refused")


def test_a_kind_that_is_not_served_takes_its_objects_with_it() -> None:
    scene = Scene()
    scene.lose_watch(not_installed())
    assert (scene.availability, scene.pods) == (NotInstalled("Pod"), 0)


@pytest.mark.rule("R-11.3")
@pytest.mark.parametrize("why", LIST_TROUBLES)
def test_each_trouble_with_a_list_is_told_by_a_reason_that_has_a_category(why: str) -> None:
    told = unreadable("Node", LIST_TROUBLES[why](KINDS["Node"]))
    assert told.reason in {*READ_ERRORS, "UnknownError"}
    assert told.message


@pytest.mark.rule("R-3.2", "R-11.2")
@pytest.mark.parametrize("kind", ["AIMRuntimeConfig", "AIMClusterRuntimeConfig"])
def test_nothing_is_made_by_a_config_that_cannot_be_read(kind: str) -> None:
    play = Play(cluster=empty_cluster())
    transport = play.driver.transport = Troubled(play.cluster, play.driver.vocabulary)
    transport.kind, transport.trouble = kind, rbac_forbidden(KINDS[kind], "", "us", "list")
    play.act([chat(), obj(kind, "default", CONFIG)])
    play.converge()
    assert play.keys("AIMModel", "AIMArtifact", "InferenceService", "HTTPRoute", "Job") == []
    transport.trouble = None
    play.driver.relist()
    play.converge()
    (made,) = play.cluster.objects("InferenceService")
    assert {"name": "B", "value": "2"} in made["spec"]["predictor"]["containers"][0]["env"]


@pytest.mark.parametrize("kind", ["Node", "PersistentVolumeClaim", "Job", "Namespace", "AIMRuntimeConfig"])
def test_nothing_becomes_ready_while_what_it_needs_cannot_be_reached(kind: str) -> None:
    """A controller starts at any moment on the way of a service and of weights, and cannot read one kind."""
    play = Play(cluster=empty_cluster())
    play.act([chat(), WEIGHTS])
    for _ in range(30):
        play.act([Wait(3)])
        was_ready = set(_ready(play))
        twin = play.fork()
        transport = twin.driver.transport = Troubled(twin.cluster, twin.driver.vocabulary)
        transport.kind, transport.trouble = kind, NoAnswer("ConnectionRefused", "connect: connection refused")
        twin.act([Wait(8)])
        assert {key for key, reached in _ready(twin).items() if not reached} <= was_ready


def _ready(play: Play) -> dict[Key, bool]:
    """What is Ready, and whether all that it depends on is reached."""
    told = {key: play.cluster.peek(*key) for key in play.keys(*PLANNERS)}
    said = {
        key: {c["type"]: c["status"] for c in (found.get("status") or {}).get("conditions", ())}
        for key, found in told.items() if found is not None
    }  # fmt: skip
    return {key: c["DependenciesReachable"] == "True" for key, c in said.items() if c.get("Ready") == "True"}
