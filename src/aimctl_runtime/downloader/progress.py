"""How far a download is, told to the status and the screen.

1. The percentage is rounded down and at most 99 while bytes are moved; 100 says that all are there.
2. It is 0 while the size is unknown.
3. The status is told once in an interval, the screen at every look.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from aimctl_runtime.downloader.reporter import Reporter
from aimctl_runtime.downloader.screen import Screen

_LONGEST_LOOK = 0.5


def percentage_of(held: int, total: int) -> int:
    """Percent of the total while it is being fetched, 0 to 99."""
    return min(99, held * 100 // total) if held > 0 and total > 0 else 0


def progress_status(percentage: int, held: int, total: int) -> dict[str, Any]:
    """The `status.progress` of an artifact."""
    return {
        "percentage": percentage,
        "displayPercentage": f"{percentage} %",
        "downloadedBytes": held,
        "totalBytes": total,
    }


class Progress:
    """The progress of one run. `expected` in bytes, 0 if it is unknown until the source is listed."""

    def __init__(
        self, expected: int, interval: float, reporter: Reporter, screen: Screen,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._expected = expected
        self._interval = interval
        self._reporter = reporter
        self._screen = screen
        self._clock = clock
        self._held = 0
        self._told_at: float | None = None
        self._is_complete = False

    @property
    def look_every(self) -> float:
        """Seconds between two looks."""
        return min(self._interval, _LONGEST_LOOK)

    def listed(self, total: int) -> None:
        """The source says how large it is: good where nobody else has said it."""
        self._expected = self._expected or total

    def held(self, size: int) -> None:
        """So much is there."""
        self._held = size

    def look(self) -> None:
        """Show it, and tell the status if its time has come. Nothing once everything is there."""
        if self._is_complete:
            return
        percentage = percentage_of(self._held, self._expected)
        self._screen.progress(self._held, self._expected, percentage)
        now = self._clock()
        if self._told_at is None or now - self._told_at >= self._interval:
            self._told_at = now
            self._reporter.tell({"progress": progress_status(percentage, self._held, self._expected)})

    def complete(self) -> None:
        """Everything is there."""
        self._is_complete = True
        self._screen.progress(self._expected, self._expected, 100)
        self._screen.end_progress()
        self._reporter.tell({"progress": progress_status(100, self._expected, self._expected)})
