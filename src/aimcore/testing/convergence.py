"""Law 3, convergence: once faults stop, the cluster reaches what its specs ask for, and stays there.

1. A fair step is one plan of ours, or one round of the world in which every actor had its turn.
2. A fault is a change of the world's settings, undone later. What it broke may take days to find out, not steps.
3. The end is compared with one that never saw a fault, without what tells of the past (`essence`).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aimcore.changes import Changes
from aimcore.dispatch import AIM
from aimcore.plan import Plan
from aimcore.simulation.faults import spoilt
from aimcore.snapshot import Snapshot
from aimcore.testing.histories import Action, Play
from aimcore.testing.laws import Broken, check_quiet
from aimcore.testing.masking import State, differences, end_state

LONGEST = timedelta(hours=3)
"""How long a repaired cluster may take: the longest pause between two attempts, and what comes after it."""
HISTORY = frozenset({"retryAttempts", "discovery", "download", "templateSelection"})
"""Members of statuses that tell what happened, not what is: attempts, and how a choice fell when it was made."""
_HASH = re.compile(r"-(?:[0-9a-f]{10}|[0-9a-f]{8})(?![0-9a-z])")


class Paces:
    """Counts the fair steps of a play from now on: plans of ours and rounds of the world."""

    def __init__(self, play: Play) -> None:
        self.taken = 0
        self._next = play.driver.on_plan
        play.driver.on_plan = self._count
        self._world = play.world

    def step(self) -> bool:
        """One round of the world."""
        self.taken += 1
        return self._world.step()

    def next_wake(self) -> Any:
        """When the world moves by itself."""
        return self._world.next_wake()

    def _count(self, plan: Plan, changes: Changes, snapshot: Snapshot) -> None:
        self.taken += 1
        if self._next is not None:
            self._next(plan, changes, snapshot)


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
    lines = list(differences(reference, end_essence(play)))
    if lines:
        raise Broken("Convergence", what, [f"after {steps} steps and {took}:", *lines[:20]])
    check_quiet(play, hours=0.5)
    return Recovery(steps, took)


def reference_end(play: Play, actions: tuple[Action, ...]) -> State:
    """The end of a history without faults, as `check_recovers` compares it."""
    play.act(actions)
    play.converge()
    return end_essence(play)


def end_essence(play: Play) -> State:
    """What a play has come to, as it is compared here."""
    return essence(end_state(play.cluster, play.compared), play.driver.vocabulary.planners)


def essence(state: State, ours: Collection[str] = AIM.planners.keys()) -> State:
    """An end without what tells of the past: `HISTORY`, hashes of uids in names, Jobs, and statuses of others.

    `ours` are the kinds that are planned for.
    """
    found: State = {}
    for key in sorted(state):
        if key.startswith("Job "):
            continue
        name = _without_hashes(key)
        while name in found:
            name += "+"
        is_ours = key.partition(" ")[0] in ours
        found[name] = _without_history({k: v for k, v in state[key].items() if is_ours or k != "status"})
    return found


def _without_history(value: Any) -> Any:
    if isinstance(value, dict):
        return {_without_hashes(k): _without_history(v) for k, v in value.items() if k not in HISTORY}
    if isinstance(value, list):
        return [_without_history(v) for v in value]
    return _without_hashes(value) if isinstance(value, str) else value


def _without_hashes(text: str) -> str:
    return _HASH.sub("-#", text)
