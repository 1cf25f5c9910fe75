"""What a run of the laws tried, told at its end: a law that met nothing has proved nothing."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from aimcore.testing.histories import Play, new_cluster

from aimcore.simulation.cluster import Cluster
from aimctl_runtime.local.validation import SchemaValidator

MINUTES = float(os.environ.get("AIM_LAWS_MINUTES", "0"))
"""How long a thorough run may take; 0 is the short run, the same every time."""
SHORT_RUN_MINUTES = 1.2


def scaled(examples: int) -> int:
    """How many examples a test tries instead of `examples` in the short run."""
    return max(examples, int(examples * MINUTES / SHORT_RUN_MINUTES))


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


TALLY = Tally()


@pytest.fixture(scope="session")
def tally() -> Tally:
    return TALLY


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """An empty cluster that checks objects as an API server does. Fork it."""
    return new_cluster(SchemaValidator())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not TALLY.tried:
        return
    terminalreporter.section("laws")
    terminalreporter.line("tried: " + ", ".join(f"{n} {what}" for what, n in sorted(TALLY.tried.items())))
    for name, counts in (("statuses", TALLY.statuses), ("reasons", TALLY.reasons)):
        terminalreporter.line(f"{name} reached ({len(counts)}): " + ", ".join(f"{k} {n}" for k, n in sorted(counts.items())))
