"""The virtual clock of a simulated cluster: time moves only when somebody says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """A settable time. `now` is always in UTC."""

    __slots__ = ("now",)

    def __init__(self, now: datetime) -> None:
        self.now = now.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Move time forward. A negative step is refused with ValueError."""
        if by < timedelta(0):
            raise ValueError(f"time cannot go back by {-by}")
        self.now += by

    def set(self, now: datetime) -> None:
        """Set the time, also to an earlier one (a test may want a clock that jumps)."""
        self.now = now.astimezone(UTC)

    def text(self) -> str:
        """RFC 3339 with whole seconds, as `metadata.creationTimestamp` has it."""
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def copy(self) -> Clock:
        return Clock(self.now)
