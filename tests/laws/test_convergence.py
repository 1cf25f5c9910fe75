"""Law 3: once a fault of the world stops, everything comes to the end that it would have had without it, and rests."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import pytest

from aimcore.simulation.cluster import Cluster
from aimcore.simulation.faults import FAULTS, spoilt
from aimcore.testing.convergence import break_and_repair, check_recovers, reference_end
from aimcore.testing.histories import Play
from laws.scenarios import ALL
from laws.tally import MINUTES, Tally

FAIR_STEPS = 600
LASTING = timedelta(minutes=30)
WHOLE = "everything at once"
PLAIN = "cluster model"


def cases() -> list[object]:
    """(fault, scenario, seconds after the beginning): before anything, in the middle, and when all runs."""
    moments = [(WHOLE, 0), (WHOLE, 600), (PLAIN, 5)]
    if MINUTES:
        moments += [(name, at) for name in (WHOLE, PLAIN) for at in (1, 13, 30, 45)]
    return [(fault, name, at) for fault in FAULTS for name, at in moments]


@pytest.fixture(scope="module")
def ends(cluster: Cluster):
    return cache(lambda name: reference_end(Play({}, cluster=cluster.fork()), ALL[name].actions))


@pytest.mark.parametrize(("fault", "name", "at"), cases())
def test_after_a_fault_has_stopped_the_end_is_that_of_a_world_without_it(
    fault: str, name: str, at: int, ends, cluster: Cluster, tally: Tally
) -> None:
    play = Play({}, cluster=cluster.fork())
    sound = play.world.settings
    if at == 0:
        play.world.change(spoilt(sound, fault))
    play.act(ALL[name].actions)
    play.pass_time(timedelta(seconds=at))
    play.world.change(sound)
    break_and_repair(play, fault, lasting=LASTING)
    recovery = check_recovers(play, ends(name), f"{fault} at {at} s of {name}", within=FAIR_STEPS)
    tally.note(play)
    tally.tried["recoveries"] += 1
    tally.tried["fair steps of recoveries"] += recovery.steps


@pytest.mark.parametrize("second", ["nodes-gone", "registry-unreachable", "kserve-webhook-down", "gateway-gone"])
@pytest.mark.parametrize("first", ["hub-unreachable", "quota-used-up", "keda-down", "server-crashes"])
def test_two_faults_one_after_the_other_with_a_restart_between_leave_nothing(
    first: str, second: str, ends, cluster: Cluster, tally: Tally
) -> None:
    play = Play({}, cluster=cluster.fork())
    play.act(ALL[WHOLE].actions)
    play.pass_time(timedelta(seconds=20))
    break_and_repair(play, first, lasting=timedelta(minutes=3))
    play.driver.restart()
    break_and_repair(play, second, lasting=timedelta(minutes=7))
    check_recovers(play, ends(WHOLE), f"{first}, then {second}", within=FAIR_STEPS)
    tally.tried["recoveries"] += 1


def test_a_fault_that_never_stops_is_told_apart(ends, cluster: Cluster) -> None:
    """The law can fail: with the fault still there, the end is another."""
    play = Play({}, cluster=cluster.fork())
    play.world.change(spoilt(play.world.settings, "nodes-gone"))
    play.act(ALL[WHOLE].actions)
    with pytest.raises(AssertionError, match="Convergence is broken"):
        check_recovers(play, ends(WHOLE), "a fault that stays", within=FAIR_STEPS)
