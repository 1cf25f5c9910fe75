"""What earlier branches of a trunk came past on their way to a good end: whoever comes there is as good as at that end.

1. Kept are rests after the last fault of a branch in which nothing was wrong.
2. A branch stands where an earlier one stood if its rest is equal (`likeness`), as much time has leapt, and users have
   applied as much to what was being deleted. What comes of both is the same then.
3. Where it counts what came and went, the earlier one was held to that too, and as much had come and gone there.
4. The same holds of rests that are alike in time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from aimcore.testing.exploration.course import Course
from aimcore.testing.exploration.likeness import Alike, Circumstances, Masks, Rest, Spot, are_equal
from aimcore.testing.exploration.trunk import Save, Tolls, Trunk, tolls


@dataclass(frozen=True, slots=True)
class _Mark:
    """A rest of a branch. `seen`: its circumstances, None where nobody asked for them."""

    spot: Spot
    rest: Rest
    leapt: timedelta
    overtaken: int
    seen: Circumstances | None = None


class Passage:
    """The rests of one branch, as it goes; they are marks for later ones once it has ended well."""

    def __init__(self, visited: Visited, save: Save, course: Course, *, counts: bool) -> None:
        self._visited, self._save, self._course, self._counts = visited, save, course, counts
        self._marks: list[_Mark] = []

    def meets(self, spot: Spot, rest: Rest) -> bool:
        """Whether an earlier branch stood here (rules 2 and 3). Else the rest is kept."""
        ours = _Mark(spot, rest, self._course.injector.leapt, self._course.overtaken)
        earlier = self._visited.equal.get(spot, ())
        if any(are_equal(rest, mark.rest) and self._goes_on_like(ours, mark, came) for mark, came in earlier):
            return True
        self._marks.append(ours)
        return False

    def meets_alike(self, seen: Circumstances, masks: Masks) -> bool:
        """Whether the rest that was asked for last is alike in time to one of an earlier branch (rule 4)."""
        ours = self._marks[-1] = replace(self._marks[-1], seen=seen)
        found = self._visited.alike.find(ours.rest, seen, masks)
        return any(self._goes_on_like(ours, mark, came) for mark, came in found)

    def ended_well(self) -> None:
        """Keep what this branch came past (rule 1)."""
        for mark in self._marks:
            kept = mark, self._came(mark.rest) if self._counts else None
            self._visited.equal.setdefault(mark.spot, []).append(kept)
            if mark.seen is not None:
                self._visited.alike.add(mark.rest, mark.seen, kept)

    def _goes_on_like(self, ours: _Mark, other: _Mark, came: Tolls | None) -> bool:
        if ours.leapt != other.leapt or ours.overtaken != other.overtaken:
            return False
        return not self._counts or came == self._came(ours.rest)

    def _came(self, rest: Rest) -> Tolls:
        return self._visited.before(self._save) + tolls(self._course, self._save.version, rest.version)


class Visited:
    """The marks of all branches of a trunk that ended well. Beside each stands what had come and gone there since the
    beginning, or None where nobody counted."""

    def __init__(self, trunk: Trunk) -> None:
        self.equal: dict[Spot, list[tuple[_Mark, Tolls | None]]] = {}
        self.alike: Alike[tuple[_Mark, Tolls | None]] = Alike(Masks(trunk.alike.masks))
        self._trunk = trunk
        self._before: dict[int, Tolls] = {}

    def before(self, save: Save) -> Tolls:
        """What had come and gone in the trunk at a save."""
        known = self._before.get(save.version)
        if known is None:
            known = self._before[save.version] = self._trunk.tolls(0, save.version)
        return known
