"""All laws at once, on what nobody thought of: a state machine drives users, the world and the controller."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from aimcore.simulation.cluster import Cluster
from aimcore.testing.machine import ControllerMachine
from laws.tally import MINUTES, Tally, effort


@pytest.mark.timeout(max(120, MINUTES * 120))
def test_whatever_happens_the_laws_hold(cluster: Cluster, tally: Tally) -> None:
    explored = tally.tried["explored histories"]

    class Machine(ControllerMachine):
        empty = cluster

    Machine.tally = tally
    run_state_machine_as_test(Machine, settings=settings(effort(12), stateful_step_count=40))
    assert tally.tried["explored histories"] - explored >= 12
