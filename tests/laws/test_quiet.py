"""Law 2: who has converged is silent, also when sick, also after a restart, also after webhooks have written."""

from __future__ import annotations

import pytest

from aimcore.simulation.cluster import Cluster
from aimcore.testing.histories import Play, play
from aimcore.testing.laws import check_quiet, check_restart
from aimcore.testing.leaf_removal import check_leaves
from laws.scenarios import ALL, HEALTHY
from laws.tally import Tally


def converged(name: str, cluster: Cluster) -> Play:
    made = play(ALL[name], cluster=cluster.fork())
    made.converge()
    return made


@pytest.mark.parametrize("name", ALL)
def test_after_convergence_time_and_resyncs_write_nothing(name: str, cluster: Cluster, tally: Tally) -> None:
    made = converged(name, cluster)
    assert made.refused == 0
    tally.tried["plans of resyncs"] += check_quiet(made)
    tally.tried["plans after restarts"] += check_restart(made)
    tally.note(made)


@pytest.mark.parametrize("name", HEALTHY)
def test_in_a_sound_world_every_service_comes_to_run(name: str, cluster: Cluster) -> None:
    made = converged(name, cluster)
    fared = [s["status"]["status"] for s in made.cluster.objects("AIMService")]
    assert set(fared) <= {"Running"}
    assert made.driver.next_timer is None


LEAVES = ("everything at once", "defaults of webhooks", "old KServe", "runtime config", "cluster model")


@pytest.mark.parametrize("name", LEAVES)
def test_a_leaf_that_is_wanted_no_more_is_written_once(name: str, cluster: Cluster, tally: Tally) -> None:
    made = converged(name, cluster)
    made.driver.resync()
    made.driver.settle()
    tally.tried["leaves"] += check_leaves(made)
