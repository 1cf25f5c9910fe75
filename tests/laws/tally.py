"""What a run of the laws tried: a law that met nothing has proved nothing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

from hypothesis import Phase, settings

from aimcore.testing.histories import Play

MINUTES = float(os.environ.get("AIM_LAWS_MINUTES", "0"))
"""How long a thorough run may take; 0 is the short run, the same every time."""
SHORT_RUN_MINUTES = 1.2


def scaled(examples: int) -> int:
    """How many examples a test tries instead of `examples` in the short run."""
    return max(examples, int(examples * MINUTES / SHORT_RUN_MINUTES))


def effort(examples: int) -> settings:
    """The settings of a generated law. The short run tries the same examples every time, and does not shrink."""
    if MINUTES:
        return settings(max_examples=scaled(examples))
    return settings(max_examples=examples, derandomize=True, phases=[Phase.explicit, Phase.generate])


class Tally:
    """Counts of what the tests of this run tried."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()

    def note(self, play: Play) -> None:
        """Which statuses and reasons a play came through."""
        for change, _ in play.driver.log:
            patch = getattr(change, "patch", {})
            status = patch.get("status") if change.key.kind.startswith("AIM") else None
            if isinstance(status, str):
                self.statuses[f"{change.key.kind} {status}"] += 1
            for condition in patch.get("conditions", ()):
                self.reasons[condition["reason"]] += 1

    def lines(self) -> Iterator[str]:
        """The tally for people."""
        yield "tried: " + ", ".join(f"{n} {what}" for what, n in sorted(self.tried.items()))
        for name, counts in (("statuses", self.statuses), ("reasons", self.reasons)):
            yield f"{name} reached ({len(counts)}): " + ", ".join(f"{k} {n}" for k, n in sorted(counts.items()))


TALLY = Tally()
