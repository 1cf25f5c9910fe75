"""Law 3, convergence: once faults stop, the cluster reaches what its specs ask for, and stays there.

1. A fair step is one plan of ours, or one round of the world in which every actor had its turn.
2. A fault is a change of the world's settings, undone later. What it broke may take days to find out, not steps.
3. The end is compared with one that never saw a fault, without what tells of the past (`HISTORY`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aimcore.simulation.faults import spoilt
from aimcore.testing.histories import Action, Play
from aimcore.testing.laws import Broken, check_quiet
from aimcore.testing.masking import State, differences, end_state

LONGEST = timedelta(hours=3)
"""How long a repaired cluster may take: the longest pause between two attempts, and what comes after it."""
HISTORY = frozenset({"retryAttempts", "discovery", "attempts", "lastAttemptTime", "failedAttempts"})
"""Members of statuses that count what happened, not what is."""


class Paces:
    """Counts the fair steps of a play from now on: plans of ours and rounds of the world."""

    def __init__(self, play: Play) -> None:
        self.taken = 0
        play.driver.on_plan = lambda _plan, _changes, _snapshot: self._count()
        self._world = play.world

    def step(self) -> bool:
        """One round of the world."""
        self.taken += 1
        return self._world.step()

    def next_wake(self) -> Any:
        """When the world moves by itself."""
        return self._world.next_wake()

    def _count(self) -> None:
        self.taken += 1


@dataclass(frozen=True, slots=True)
class Recovery:
    """How a play came back: the fair steps and the time that it took."""

    steps: int
    took: timedelta


def break_and_repair(play: Play, fault: str, *, lasting: timedelta) -> None:
    """Let a fault of the world begin now and end after so long. Raises KeyError for an unknown fault."""
    sound = play.world.settings
    play.world.change(spoilt(sound, fault))
    play.pass_time(lasting)
    play.world.change(sound)


def check_recovers(play: Play, reference: State, what: str, *, within: int) -> Recovery:
    """Law 3: from here, without faults, the play comes to the reference's end in so many fair steps, and rests."""
    began, paces = play.clock.now, Paces(play)
    play.driver.run(paces, began + LONGEST)
    steps = paces.taken
    took = play.clock.now - began
    if steps > within:
        raise Broken("Convergence", what, [f"{steps} fair steps, not {within}"])
    lines = list(differences(reference, essence(end_state(play.cluster))))
    if lines:
        raise Broken("Convergence", what, [f"after {steps} steps and {took}:", *lines[:20]])
    check_quiet(play, hours=0.5)
    return Recovery(steps, took)


def reference_end(play: Play, actions: tuple[Action, ...]) -> State:
    """The end of a history without faults, as `check_recovers` compares it."""
    play.act(actions)
    play.converge()
    return essence(end_state(play.cluster))


def essence(state: State) -> State:
    """An end without members that only tell of the past, and without Jobs, which are made anew after a failure."""
    return {key: _without_history(obj) for key, obj in state.items() if not key.startswith("Job ")}


def _without_history(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_history(v) for k, v in value.items() if k not in HISTORY}
    if isinstance(value, list):
        return [_without_history(v) for v in value]
    return value


def unready_services(play: Play) -> Iterator[str]:
    """A line for each service that does not run, with what its conditions say."""
    for service in play.cluster.objects("AIMService"):
        status = service.get("status", {})
        if status.get("status") != "Running":
            said = [c for c in status.get("conditions", ()) if c["status"] != "True"]
            yield f"{service['metadata']['name']}: {json.dumps(said)}"
