"""The clock, as a parameter: the machine's own, or a virtual one that tests and simulated runs turn by hand.

1. `now` is for what people read and for moments that plans wrote; `monotonic` is for waiting.
2. Nothing in the shell sleeps but through a clock.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio


class Clock(Protocol):
    """Where the shell gets its time from."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some start; never goes back."""
        ...

    async def sleep_until(self, moment: float) -> None:
        """Return once `monotonic()` has reached `moment`."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep_until(self, moment: float) -> None:
        await anyio.sleep(max(0.0, moment - time.monotonic()))


class VirtualClock:
    """A clock that moves only when told to (`advance`), and then wakes whoever slept until that moment."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._elapsed = 0.0
        self._sleepers: dict[anyio.Event, float] = {}

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep_until(self, moment: float) -> None:
        if moment <= self._elapsed:
            await anyio.sleep(0)
            return
        alarm = anyio.Event()
        self._sleepers[alarm] = moment
        try:
            await alarm.wait()
        finally:
            self._sleepers.pop(alarm, None)

    def next_wake(self) -> float | None:
        """The earliest moment that somebody sleeps until, in the terms of `monotonic`; None if nobody sleeps."""
        return min(self._sleepers.values(), default=None)

    def advance(self, seconds: float) -> None:
        """Move on, and wake the sleepers whose moment has come."""
        self._elapsed += seconds
        self._now += timedelta(seconds=seconds)
        due = [alarm for alarm, moment in self._sleepers.items() if moment <= self._elapsed]
        for alarm in sorted(due, key=self._sleepers.__getitem__):
            del self._sleepers[alarm]
            alarm.set()


async def pause(clock: Clock, seconds: float) -> None:
    """Sleep for a while."""
    await clock.sleep_until(clock.monotonic() + seconds)
