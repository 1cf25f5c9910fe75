"""Branches: one fault schedule each, from a save of the trunk to where it comes back to it, or to the end.

1. A branch is over when nothing of its schedule is left and it stands at a rest that is equal, or alike in time, to one
   of the trunk's (`likeness`), or to one of an earlier branch that ended well (`visited`): from there both go the same
   way. Else it is played to its end.
2. The law: its end is the trunk's (`ends`). What came and went on the way is as the table says:
   `TOLLS` names, by fault, what the fault itself justifies.
3. A branch that is *watched* is held to the laws of safety and honesty on the way, each of its writes. One that is
   *audited* is played to its end although it could stop: the rule for stopping is checked so.
4. Whatever else goes wrong – a controller that is not quiet, any exception – is a broken law too.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aimcore.testing.exploration.course import Course
from aimcore.testing.exploration.ends import end_of, unlike
from aimcore.testing.exploration.likeness import Masks, Rest, are_equal, circumstances, knows_all, outline, spot_of
from aimcore.testing.exploration.schedule import (
    Crash,
    Denied,
    Doubled,
    Expired,
    Fault,
    Frozen,
    Lagging,
    Leap,
    Lost,
    Outage,
    Refused,
    Rival,
    Schedule,
    Skewed,
    Stale,
    TimedOut,
    Trickling,
    Unanswered,
    Unlisted,
    Unserved,
)
from aimcore.testing.exploration.trunk import Save, Trunk, tolls
from aimcore.testing.exploration.visited import Passage, Visited
from aimcore.testing.honesty import Auditor
from aimcore.testing.safety import Guard


class Toll(StrEnum):
    """What may come and go beyond the reference's."""

    SAME = "of every kind as many objects come and go as in the reference run"
    ANY = "the fault may have objects made or deleted anew; only the end counts"


# Who sees late may miss a Job's end and removal, or not know yet that its owner is gone: then it is made again.
TOLLS: Mapping[type[Fault], Toll] = {
    Crash: Toll.SAME,
    Refused: Toll.SAME,
    Denied: Toll.SAME,
    TimedOut: Toll.SAME,
    Lost: Toll.ANY,
    Doubled: Toll.SAME,
    Expired: Toll.SAME,
    Trickling: Toll.ANY,
    Lagging: Toll.ANY,
    Frozen: Toll.ANY,
    Outage: Toll.ANY,
    Stale: Toll.ANY,
    Rival: Toll.ANY,
    Unserved: Toll.ANY,
    Unlisted: Toll.ANY,
    Unanswered: Toll.ANY,
    Leap: Toll.ANY,
    Skewed: Toll.ANY,
}


class Ending(StrEnum):
    """How a branch came to its end."""

    EQUAL = "equal to the reference"
    ALIKE = "alike in time"
    VISITED = "like an earlier branch"
    PLAYED = "played to its end"


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a branch. `lines` say what is wrong; none if the laws hold. `told`: the faults that happened."""

    schedule: Schedule
    ending: Ending
    told: tuple[str, ...]
    lines: tuple[str, ...] = ()


class Explorer:
    """Plays branches of one trunk. `course` is the newest branch, for those who look closer; the next one closes it."""

    def __init__(self, trunk: Trunk) -> None:
        self.trunk = trunk
        self.course = trunk.end
        self._visited = Visited(trunk)

    def branch(
        self, schedule: Schedule, *, watched: bool = False, audited: bool = False, compared: bool = True
    ) -> Finding:
        """Play one branch (rules 1 to 4). Unless `compared`, its end may be any: what happens on the way counts."""
        save = self.trunk.start(schedule)
        if self.course is not self.trunk.end:
            self.course.close()
        course = self.course = save.course.fork(schedule)
        if watched:
            Guard(course.driver)
            if not any(isinstance(fault, Skewed | Leap) for fault in schedule):
                Auditor(course.driver)
        visited = Visited(self.trunk) if watched else self._visited  # an earlier one may not have been watched
        passage = Passage(visited, save, course, counts=compared and self._counts(schedule))
        goal = _Goal(self.trunk, course, passage)
        try:
            came_back = course.go(goal.is_reached)
            if came_back and audited:
                course.go()
            lines = self._wrongs(save, course, goal, is_played=audited or not came_back) if compared else []
            if not lines:
                passage.ended_well()
        except Exception as error:  # noqa: BLE001  whatever it is, it is a finding (rule 4)
            lines = [f"{type(error).__name__}: {error}", *traceback.format_exc().splitlines()[-6:]]
        return Finding(schedule, goal.ending, tuple(course.injector.told), tuple(lines))

    def _counts(self, schedule: Schedule) -> bool:
        """Whether as much must come and go as in the trunk."""
        same = (TOLLS[type(fault)] is Toll.SAME and not getattr(fault, "lasts", 0) for fault in schedule)
        return self.trunk.is_steady and all(same)

    def _wrongs(self, save: Save, course: Course, goal: _Goal, *, is_played: bool) -> list[str]:
        trunk = self.trunk
        if course.overtaken > trunk.end.overtaken:
            return []  # a deletion that took longer has swallowed what a user applied meanwhile: nobody's fault
        lines = unlike(trunk.ends, end_of(course)) if is_played else []
        if (is_played or goal.ending is not Ending.VISITED) and self._counts(course.schedule):
            theirs = trunk.tolls(save.version, None if is_played or goal.met is None else goal.met.version)
            ours = tolls(course, save.version)
            kinds = sorted(theirs.keys() | ours.keys())
            lines += [f"{kind} {event}: {ours[event, kind]} instead of {theirs[event, kind]}" for event, kind in kinds
                      if ours[event, kind] != theirs[event, kind]]  # fmt: skip
        return lines


class _Goal:
    """Whether a branch has come back to its trunk. `met` is the rest at which it did."""

    def __init__(self, trunk: Trunk, course: Course, passage: Passage) -> None:
        self._passage = passage
        self.ending = Ending.PLAYED
        self.met: Rest | None = None
        self._trunk, self._course = trunk, course
        self._masks = Masks(trunk.alike.masks)

    def is_reached(self) -> bool:
        """Asked at every rest of the branch."""
        course, trunk = self._course, self._trunk
        if not course.injector.is_over or not knows_all(course):
            return False
        rest, spot = Rest.of(course), spot_of(course)
        same = trunk.rests.get(spot)
        if same is not None and are_equal(rest, same):
            self.met, self.ending = same, Ending.EQUAL
            return True
        if self._passage.meets(spot, rest):
            self.ending = Ending.VISITED
            return True
        if rest.is_last and outline(rest) in trunk.outlines:
            seen = circumstances(rest)
            twin = next(trunk.alike.find(rest, seen, self._masks), None)
            if twin is not None:
                self.met, self.ending = twin, Ending.ALIKE
                return True
            if self._passage.meets_alike(seen, self._masks):
                self.ending = Ending.VISITED
                return True
        return False
