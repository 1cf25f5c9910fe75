"""Making a failure small: fewest faults, fewest actions, smallest world, with the same law still broken.

1. A failure is a history with a schedule that `fails` knows to break a law. Which one may change on the way.
2. One thing is left out at a time, from the greatest to the smallest, until nothing more can be left out.
3. Numbers of requests and events are tried from the beginning too: they change when actions go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from aimcore.testing.exploration.schedule import Fault, Schedule
from aimcore.testing.histories import History, Stumble, Wait


@dataclass(frozen=True, slots=True)
class Failure:
    """A history and a schedule under which a law breaks."""

    history: History
    schedule: Schedule = ()

    @property
    def size(self) -> tuple[int, ...]:
        """What is to become small, the weightiest first."""
        actions = self.history.actions
        numbers = (abs(v) for fault in self.schedule for v in _numbers(fault).values())
        picks = sum(len(a.picks) for a in actions if isinstance(a, Stumble))
        waits = sum(a.seconds for a in actions if isinstance(a, Wait))
        return len(self.schedule), len(actions), len(self.history.world), picks, waits, sum(numbers)


def shrunk(failure: Failure, fails: Callable[[Failure], bool], *, tries: int = 300) -> Failure:
    """The smallest failure found with so many tries (rules 1 to 3)."""
    left, is_smaller = tries, True
    while is_smaller and left > 0:
        is_smaller = False
        for candidate in _smaller(failure):
            if candidate.size >= failure.size:
                continue
            if left <= 0:
                break
            left -= 1
            if fails(candidate):
                failure, is_smaller = candidate, True
                break
    return failure


def _smaller(failure: Failure) -> Iterator[Failure]:
    history, schedule = failure.history, failure.schedule
    actions = history.actions
    for i in range(len(schedule)):
        yield replace(failure, schedule=schedule[:i] + schedule[i + 1 :])
    half = len(actions) // 2
    for size in sorted({half, half // 2, 1} - {0}, reverse=True):
        for i in range(0, len(actions), size):
            yield replace(failure, history=replace(history, actions=actions[:i] + actions[i + size :]))
    for member in history.world:
        world = {k: v for k, v in history.world.items() if k != member}
        yield replace(failure, history=replace(history, world=world))
    for i, action in enumerate(actions):
        if isinstance(action, Stumble) and len(action.picks) > 1:
            shorter = Stumble(action.picks[: len(action.picks) // 2])
            yield replace(failure, history=replace(history, actions=(*actions[:i], shorter, *actions[i + 1 :])))
        elif isinstance(action, Wait) and action.seconds > 1:
            shorter_wait = Wait(action.seconds // 2)
            yield replace(failure, history=replace(history, actions=(*actions[:i], shorter_wait, *actions[i + 1 :])))
    for i, fault in enumerate(schedule):
        for simpler in _simpler(fault):
            yield replace(failure, schedule=(*schedule[:i], simpler, *schedule[i + 1 :]))


def _simpler(fault: Fault) -> Iterator[Fault]:
    for name, value in _numbers(fault).items():
        for less in dict.fromkeys((0, value // 2, value - 1)):
            if 0 <= less < value and name != "code":
                changed: dict[str, Any] = {name: less}
                yield replace(fault, **changed)


def _numbers(fault: Fault) -> dict[str, int]:
    values = {f.name: getattr(fault, f.name) for f in fields(fault)}
    return {k: v for k, v in values.items() if isinstance(v, int) and not isinstance(v, bool)}
