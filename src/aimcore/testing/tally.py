"""What a run of the laws tried: a law that met nothing has proved nothing.

1. `tried` counts by words of the test's own; `statuses` and `reasons` are those that controllers wrote.
2. Kinds that are not planned for in a play are not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from aimcore.changes import PatchStatus
from aimcore.testing.histories import Play


class Tally:
    """Counts of what the tests of a run tried."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()

    def note(self, play: Play) -> None:
        """Which statuses and reasons a play came through."""
        for change, _ in play.driver.log:
            if isinstance(change, PatchStatus):
                self._note_status(change.key.kind, change.patch)

    def _note_status(self, kind: str, patch: Mapping[str, Any]) -> None:
        status = patch.get("status")
        if isinstance(status, str):
            self.statuses[f"{kind} {status}"] += 1
        for condition in patch.get("conditions", ()):
            self.reasons[condition["reason"]] += 1

    def lines(self) -> Iterator[str]:
        """The tally for people; nothing if nothing was tried."""
        if self.tried:
            yield "tried: " + _listed(self.tried, "{1} {0}")
        for name, counts in (("statuses", self.statuses), ("reasons", self.reasons)):
            if counts:
                yield f"{name} reached ({len(counts)}): " + _listed(counts, "{0} {1}")

    def numbers(self) -> dict[str, dict[str, int]]:
        """The counts as plain JSON, to be sent to another process."""
        return {name: dict(counts) for name, counts in self._counters()}

    def add(self, numbers: Mapping[str, Mapping[str, int]]) -> None:
        """Add the `numbers` of another process."""
        for name, counts in self._counters():
            counts.update(numbers.get(name, {}))

    def _counters(self) -> Iterator[tuple[str, Counter[str]]]:
        yield from (("tried", self.tried), ("statuses", self.statuses), ("reasons", self.reasons))


def _listed(counts: Mapping[str, int], form: str) -> str:
    return ", ".join(form.format(what, counts[what]) for what in sorted(counts))
