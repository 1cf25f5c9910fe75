"""How much a generated law tries: the same few examples in every short run, as many new ones as a budget allows.

1. Without a budget a law tries its examples in the same order every time and does not shrink: a commit is green or it
   is not.
2. With a budget it tries proportionally more, at random, and shrinks what it finds.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, settings

SHORT_RUN_MINUTES = 1.2
"""What the laws of this project take without a budget."""


@dataclass(frozen=True, slots=True)
class Effort:
    """A budget of so many minutes; 0 is the short run."""

    minutes: float = 0

    def scaled(self, examples: int) -> int:
        """How many examples a law tries instead of `examples` in the short run."""
        return max(examples, int(examples * self.minutes / SHORT_RUN_MINUTES))

    def settings(self, examples: int) -> settings:
        """Hypothesis settings for a law that tries so many examples in the short run; a decorator."""
        unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
        if self.minutes:
            return settings(unhurried, max_examples=self.scaled(examples), derandomize=False)
        phases = [Phase.explicit, Phase.generate]
        return settings(unhurried, max_examples=examples, derandomize=True, database=None, phases=phases)
