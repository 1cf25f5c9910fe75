"""The end of a run of the laws tells what was tried."""

from __future__ import annotations

import pytest

from aimcore.simulation.cluster import Cluster
from aimcore.testing.histories import new_cluster
from aimctl_runtime.local.validation import SchemaValidator
from laws.tally import TALLY, Tally


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
    for line in TALLY.lines():
        terminalreporter.line(line)
