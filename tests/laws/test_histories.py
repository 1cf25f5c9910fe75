"""Laws 1, 2 and 4 in whatever may happen: each plan of each generated history is checked while it is played."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given

from aimcore.simulation.cluster import Cluster
from aimcore.testing.histories import History, Play
from aimcore.testing.laws import Witness, check_quiet, check_restart, check_wakeups
from aimcore.testing.strategies import histories
from laws.drawing import drawn
from laws.exploring import reached
from laws.tally import MINUTES, Tally, effort

RUNNING_SHARE = 0.3


def witnessed(history: History, cluster: Cluster, tally: Tally) -> Play:
    """Play a history to its end with every check on."""
    play = Play(history.world, cluster=cluster.fork(), operator=history.operator)
    witness = Witness(play.driver, every=5)
    play.act(history.actions)
    play.converge()
    witness.look()
    tally.tried["plans"] += witness.plans
    tally.tried["looks for lost wake-ups"] += witness.batches
    return play


@pytest.mark.timeout(max(120, MINUTES * 120))
@effort(30)
@given(histories())
def test_every_history_keeps_the_laws_of_planning(cluster: Cluster, tally: Tally, history: History) -> None:
    play = witnessed(history, cluster, tally)
    check_quiet(play)
    check_wakeups(play.driver)
    check_restart(play)
    check_quiet(play, hours=0.5)
    tally.note(play)
    tally.tried["histories"] += 1


def test_in_many_histories_a_service_comes_to_run(cluster: Cluster) -> None:
    """Each is drawn for itself: examples of one run are often alike, and say little about the share."""
    fares = Counter(fare(drawn(histories(), seed, 3)[-1], cluster) for seed in range(40))
    assert fares["Running"] >= RUNNING_SHARE * fares.total(), fares


def fare(history: History, cluster: Cluster) -> str:
    play = Play(history.world, cluster=cluster.fork(), operator=history.operator)
    play.act(history.actions)
    play.converge()
    return reached(play.driver)
