"""A watch that a fault schedule may hold back, thin out or double."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from aimcore.resource import Json
from aimcore.simulation.cluster import Watch


class Spoiler(Protocol):
    """What decides about events on their way."""

    @property
    def clock_now(self) -> datetime: ...
    @property
    def trickles(self) -> bool: ...
    def blocks(self, kind: str) -> bool: ...
    def lag_of(self, kind: str) -> timedelta | None: ...
    def copies(self, event: Json) -> int: ...


class SpoiltStream:
    """The watch events of one kind. `held` have come and not yet arrived; `next_at` is when a lagging one arrives."""

    def __init__(self, spoiler: Spoiler, kind: str, inner: Watch) -> None:
        self.inner = inner
        self.kind = kind
        self.held: list[Json] = []
        self.next_at: datetime | None = None
        self.ended = False
        self._spoiler = spoiler

    def fill(self) -> None:
        """Have what has come ready."""
        self.held += self.inner.take()

    def take(self) -> list[Json]:
        """What arrives now."""
        self.fill()
        if self.inner.ended and not self.held:
            self.ended = True
        if not self.held or self._spoiler.blocks(self.kind) or self._is_late():
            return []
        count = 1 if self._spoiler.trickles else len(self.held)
        arriving, self.held = self.held[:count], self.held[count:]
        return [event for event in arriving for _ in range(self._spoiler.copies(event))]

    def _is_late(self) -> bool:
        """Whether what has come waits for the next delivery."""
        lag, now = self._spoiler.lag_of(self.kind), self._spoiler.clock_now
        if lag is None:
            return False
        if self.next_at is None:
            self.next_at = now + lag
        if self.next_at > now:
            return True
        self.next_at = None
        return False
