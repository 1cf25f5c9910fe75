"""Law 5 as users of `aimcore.testing` check it: crash anywhere, miss an event, serve an old state – the same end.

Our own kinds are held to more than that in `test_exploration`.
"""

from __future__ import annotations

from functools import cache

import pytest

from aimcore.simulation.cluster import Cluster
from aimcore.testing.crashes import Begin, Recording, check_crashes, check_stale, check_unobserved, record
from aimcore.testing.histories import Play
from laws.scenarios import ALL
from laws.tally import Tally, scaled

FEW = ("everything at once", "cluster model", "deleted and made again", "failing discovery", "image exchanged")


def beginning(name: str, cluster: Cluster) -> Begin:
    history = ALL[name]
    return lambda: Play(history.world, cluster=cluster.fork(), operator=history.operator)


@pytest.fixture(scope="module")
def recorded(cluster: Cluster):
    return cache(lambda name: record(beginning(name, cluster), ALL[name]))


@pytest.mark.parametrize("name", FEW)
def test_a_crash_after_any_write_leads_to_the_same_end(name: str, recorded, tally: Tally) -> None:
    recording: Recording = recorded(name)
    tally.tried["crash points"] += check_crashes(recording, scaled(5))


@pytest.mark.parametrize("name", FEW)
def test_an_event_that_is_missed_and_superseded_changes_nothing(
    name: str, recorded, cluster: Cluster, tally: Tally
) -> None:
    tried = check_unobserved(beginning(name, cluster), ALL[name], recorded(name), scaled(4))
    tally.tried["lost events"] += tried


@pytest.mark.parametrize("name", FEW)
def test_no_older_state_deletes_what_the_newest_wants(name: str, recorded, tally: Tally) -> None:
    tally.tried["stale plans"] += check_stale(recorded(name), scaled(12))
