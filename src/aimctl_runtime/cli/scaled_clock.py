"""The one clock of `aimctl up`: the world's, read by the controller, `speed` times as fast as the wall clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import anyio

from aimcore.simulation.clock import Clock as WorldClock

_SHORTEST = 0.005
"""Seconds; the world's clock moves in ticks, so a shorter sleep would only spin."""
_LONGEST = 1.0
"""Seconds; the speed may change meanwhile."""


class ScaledClock:
    """The clock of the shell (`aimctl_runtime.clock.Clock`) on top of the world's."""

    def __init__(self, world: WorldClock, speed: Callable[[], float]) -> None:
        self._world = world
        self._start = world.now
        self._speed = speed

    def now(self) -> datetime:
        """The world's time."""
        return self._world.now

    def monotonic(self) -> float:
        """Seconds of the world since the start."""
        return (self._world.now - self._start).total_seconds()

    async def sleep_until(self, moment: float) -> None:
        """Sleep until `monotonic` is at least `moment`."""
        while (left := moment - self.monotonic()) > 0:
            await anyio.sleep(min(max(left / self._speed(), _SHORTEST), _LONGEST))
