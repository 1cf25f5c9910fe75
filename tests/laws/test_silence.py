"""Laws 2 and 3 while nobody answers what plans want to know: a restart forgets nothing, and no question is lost."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from aimcore.facts import Answer, Want
from aimcore.resource import Json
from aimcore.simulation.cluster import Cluster
from aimcore.testing.histories import Alter, Play
from laws.journeys import played
from laws.props import FOUND
from laws.scenarios import chat

ASKING = (
    "no such image", "no such image, and restarts", "a registry that is searched",
    "a registry is gone when the controller starts", "a catalogue with a limit", "one name is two objects",
)  # fmt: skip
"""Journeys at whose end a registry is asked."""


class Silent:
    """Nobody answers. `asked` are the questions, with the moments."""

    def __init__(self, play: Play) -> None:
        self.asked: list[tuple[Want, datetime]] = []
        self._play, self._honest = play, play.driver.answers
        play.driver.answers = self._ask

    def _ask(self, want: Want, now: datetime) -> Answer | None:
        self.asked.append((want, now))
        return None

    def end(self) -> None:
        self._play.driver.answers = self._honest


@pytest.mark.parametrize("name", ASKING)
def test_a_restart_while_no_registry_answers_writes_nothing(name: str, cluster: Cluster) -> None:
    play = played(name, cluster)
    before = len(play.driver.log)
    silent = Silent(play)
    play.driver.restart()
    play.driver.settle()
    assert silent.asked
    assert [change for change, _ in play.driver.log[before:]] == []


def test_nothing_is_ready_by_what_nobody_has_answered(cluster: Cluster) -> None:
    play = Play(cluster=cluster.fork())
    silent = Silent(play)
    play.act([chat()])
    play.converge(timedelta(minutes=10))
    told = {(o["kind"], c["type"]): c["status"] for o in objects(play) for c in o["status"]["conditions"]}
    assert silent.asked
    assert told["AIMModel", "ImageMetadataReady"] == "Unknown"
    assert "True" not in {status for (_, type_), status in told.items() if type_ == "Ready"}


def objects(play: Play) -> list[Json]:
    return [o for kind in ("AIMModel", "AIMService") for o in play.cluster.objects(kind)]


def test_a_question_that_nobody_answers_is_asked_again_and_again(cluster: Cluster) -> None:
    play = played("a registry that is searched", cluster)
    models = set(play.keys("AIMClusterModel"))
    silent = Silent(play)
    play.converge(timedelta(hours=12))
    moments = [moment for _, moment in silent.asked]
    assert len(set(moments)) > 2
    play.act([Alter({"images": FOUND})])
    silent.end()
    play.converge(timedelta(days=2))
    assert len(set(play.keys("AIMClusterModel")) - models) == 1
