"""The end of a run tells what was disturbed, and how often, also when several processes ran the tests."""

from __future__ import annotations

from collections import Counter

import pytest

from .run import COUNTS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    total: Counter[str] = Counter()
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if getattr(report, "when", "") == "call":
            for name, counts in report.user_properties:
                if name == COUNTS:
                    total.update(counts)
    if total:
        terminalreporter.section("chaos")
        ordered = sorted(total.items(), key=lambda item: (-item[1], item[0]))
        terminalreporter.line(", ".join(f"{count} × {what}" for what, count in ordered))
