"""The page about registries says what the controller does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from aimcore.errors import REGISTRY_FAILURES
from aimcore.facts import FailureKind

PAGE = (Path(__file__).parents[2] / "docs" / "registries.md").read_text()


def duration(patience: timedelta) -> str:
    seconds = int(patience.total_seconds())
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"


@pytest.mark.parametrize("kind", list(FailureKind))
def test_each_failure_stands_on_the_page_with_its_reason_its_interval_and_its_remedy(kind: FailureKind):
    row = REGISTRY_FAILURES[kind]
    assert f"| {kind.value} | `{row.reason}` | {duration(row.patience)} | {row.remedy} |" in PAGE
