"""Laws 1, 2 and 4 in whatever may happen: each plan of each generated history is checked while it is played."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given

from aimcore.simulation.cluster import Cluster
from aimcore.testing.histories import History, Play
from aimcore.testing.laws import Witness, check_quiet, check_restart, check_wakeups
from aimcore.testing.strategies import histories
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
def test_every_history_keeps_the_laws_of_planning_and_many_come_to_run(cluster: Cluster, tally: Tally) -> None:
    services: Counter[str] = Counter()

    @effort(30)
    @given(histories())
    def keeps_the_laws(history: History) -> None:
        play = witnessed(history, cluster, tally)
        check_quiet(play)
        check_wakeups(play.driver)
        check_restart(play)
        check_quiet(play, hours=0.5)
        tally.note(play)
        tally.tried["histories"] += 1
        services.update(s.get("status", {}).get("status", "none") for s in play.cluster.objects("AIMService"))

    keeps_the_laws()
    assert services["Running"] >= RUNNING_SHARE * services.total(), services
