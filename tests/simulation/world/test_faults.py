"""Faults of the world: each one changes something, the world settles under it, and the repair heals it."""

from __future__ import annotations

import pytest

from aimcore.simulation.faults import FAULTS, spoilt
from aimcore.simulation.settings import default_world
from simulation.world.plays import Play, isvc, job, pod_metric


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_fault_changes_the_world(name: str) -> None:
    assert spoilt(default_world(), name) != default_world()


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_the_world_settles_under_a_fault_and_heals_after_it(name: str) -> None:
    play = Play()
    healthy = play.world.settings
    play.create(isvc("old"))
    play.run(40)
    play.world.change(spoilt(healthy, name))
    wanted = isvc("new", class_="keda", maxReplicas=3, autoScaling={"metrics": [pod_metric()]})
    refused = name == "kserve-webhook-down"
    if not refused:
        play.create(wanted)
    play.create(job())
    play.run(7200)
    assert play.world.next_wake() is None
    play.world.change(healthy)
    if refused:
        play.create(wanted)
    if name == "kserve-fills-resources":
        limits = {"containers": wanted["spec"]["predictor"]["containers"]}
        play.merge("InferenceService", "new", {"spec": {"predictor": limits}})
    play.run(7200)
    assert play.world.next_wake() is None
    assert play.condition("InferenceService", "new", "Ready")[0] == "True"
    assert play.condition("InferenceService", "old", "Ready")[0] == "True"
    assert play.world.troubles == {}
