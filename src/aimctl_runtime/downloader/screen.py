"""What people see: lines of the log on standard error, and on a terminal a progress bar below them.

1. Everything passes the scrubber.
2. Without a terminal a line is printed for every ten percent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TextIO

from aimctl_runtime.downloader.scrub import Scrubber

_CELLS = 30
_REDRAWN_EVERY = 0.1
_SPEED_OVER = 10.0
_CLEAR = "\r\x1b[K"


def size_text(size: int) -> str:
    """Bytes for people, `1.3 GiB`. The core's own function would load the core, which a download does not need."""
    amount, unit = float(size), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if amount < 1000 or unit == "TiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"


class Screen:
    """One output. Safe for several threads."""

    def __init__(self, out: TextIO, scrubber: Scrubber, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._scrubber = scrubber
        self._clock = clock
        self._is_terminal = out.isatty()
        self._bar = ""
        self._drawn_at = -_REDRAWN_EVERY
        self._told_tenth = -1
        self._seen: list[tuple[float, int]] = []
        self._lock = threading.Lock()

    def say(self, line: str) -> None:
        """Print a line, above the bar."""
        text = self._scrubber.scrub(line.rstrip("\n"))
        with self._lock:
            self._out.write(f"{_CLEAR}{text}\n{self._bar}" if self._bar else f"{text}\n")
            self._out.flush()

    def progress(self, held: int, total: int, percentage: int) -> None:
        """Show how far the download is. Sizes in bytes; a total of 0 is unknown."""
        if self._is_terminal:
            self._draw(held, total, percentage)
        elif percentage // 10 > self._told_tenth:
            self._told_tenth = percentage // 10
            self.say(f"{percentage} % ({size_text(held)} of {size_text(total) if total else 'unknown'})")

    def _draw(self, held: int, total: int, percentage: int) -> None:
        now = self._clock()
        if now - self._drawn_at < _REDRAWN_EVERY and percentage < 100:
            return
        self._drawn_at = now
        self._seen = [(at, size) for at, size in self._seen if now - at <= _SPEED_OVER] + [(now, held)]
        begun, before = self._seen[0]
        speed = int(max(held - before, 0) / (now - begun)) if now > begun else 0
        full = _CELLS * percentage // 100
        text = (
            f"[{'█' * full}{'░' * (_CELLS - full)}] {percentage:3d} %  "
            f"{size_text(held)} of {size_text(total) if total else '?'}  {size_text(speed)}/s"
        )
        with self._lock:
            self._bar = text
            self._out.write(f"{_CLEAR}{text}")
            self._out.flush()

    def end_progress(self) -> None:
        """The bar stays where it is; lines follow below it."""
        with self._lock:
            if self._bar:
                self._out.write("\n")
                self._out.flush()
            self._bar = ""
