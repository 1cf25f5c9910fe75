"""The work queue: keys that want a plan, each at most once, and never twice at the same time.

1. `add` wants a run now, `add_at` not before a moment; of two moments the earlier wins.
2. A key that is added while it runs, runs again afterwards.
3. The run that starts supersedes what was scheduled for later: it schedules anew.
4. `retry` schedules with back-off: 5 ms, doubled each time, up to 1000 s; `forget` starts over.
5. Low priority (initial list, resync) waits for the rest, but every eighth turn is its own. A key that is wanted by
   anyone with normal priority is taken with it.
6. Kinds take turns: a thousand services that want a plan do not keep the one template waiting that they wait for.
7. `keep_time` must run beside the workers: it makes ready what becomes due while all of them wait.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from datetime import datetime
from typing import Never, Protocol

import anyio

from aimcore.resource import Key
from aimctl_runtime.clock import Clock
from aimctl_runtime.metrics import SilentMeter

BASE = 0.005
LIMIT = 1000.0
FAIR_TURN = 8


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row (from 1)."""
    return min(LIMIT, BASE * 2.0 ** min(failures - 1, 64))


class ClosedError(Exception):
    """The queue gives out no more keys."""


class Listener(Protocol):
    """Who wants to hear what happens in a queue (`metrics.Meter` does)."""

    def added(self, key: Key) -> None: ...
    def retried(self, key: Key) -> None: ...
    def waited(self, key: Key, seconds: float) -> None: ...


class Lane:
    """Waiting keys with the moment since which they wait: within a kind in the order of asking, the kinds by turns."""

    def __init__(self) -> None:
        self._kinds: dict[str, dict[Key, float]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._kinds.values()))

    def __contains__(self, key: Key) -> bool:
        return key in self._kinds.get(key.kind, ())

    def add(self, key: Key, since: float) -> None:
        """Put a key last among its kind."""
        self._kinds.setdefault(key.kind, {})[key] = since

    def remove(self, key: Key) -> float | None:
        """Take a key out; since when it waited, or None if it did not."""
        waiting = self._kinds.get(key.kind, {})
        since = waiting.pop(key, None)
        if since is not None and not waiting:
            del self._kinds[key.kind]
        return since

    def take(self) -> tuple[Key, float]:
        """The first key of the kind whose turn it is. The lane must not be empty."""
        kind = next(iter(self._kinds))
        waiting = self._kinds.pop(kind)
        key = next(iter(waiting))
        since = waiting.pop(key)
        if waiting:
            self._kinds[kind] = waiting  # the other kinds come first now
        return key, since


class Queue:
    """See the rules above. For one event loop."""

    def __init__(self, clock: Clock, listener: Listener | None = None) -> None:
        self._clock = clock
        self._listener = listener or SilentMeter()
        self._ready = Lane()
        self._idle = Lane()
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, Key]] = []
        self._running: set[Key] = set()
        self._wanted_again: dict[Key, bool] = {}
        self._failures: dict[Key, int] = {}
        self._takers: deque[anyio.Event] = deque()
        self._sleep = anyio.CancelScope()
        self._wakes_at = -math.inf
        self._turns = 0
        self._closed = False

    # ---- asking for runs ----------------------------------------------------------------------------------------
    def add(self, key: Key, *, low: bool = False) -> None:
        """Run this key as soon as a worker is free."""
        if key in self._running:
            self._wanted_again[key] = self._wanted_again.get(key, True) and low
            return
        if key in self._ready:
            return
        if low:
            if key not in self._idle:
                self._idle.add(key, self._clock.monotonic())
                self._listener.added(key)
        else:
            since = self._idle.remove(key)
            if since is None:
                self._listener.added(key)
            self._ready.add(key, self._clock.monotonic() if since is None else since)
        self._call_taker()

    def add_at(self, key: Key, moment: datetime) -> None:
        """Run this key once the wall clock has reached `moment` (aware)."""
        self.add_after(key, (moment - self._clock.now()).total_seconds())

    def add_after(self, key: Key, seconds: float) -> None:
        """Run this key after some seconds."""
        if seconds <= 0:
            self.add(key)
            return
        due = self._clock.monotonic() + seconds
        if key in self._due and self._due[key] <= due:
            return
        self._due[key] = due
        heapq.heappush(self._heap, (due, key))
        self._arm()

    def retry(self, key: Key, *, at_least: float = 0.0) -> float:
        """Run this key after its back-off, yet not before `at_least` seconds. Answers with the seconds."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        seconds = max(at_least, backoff(failures))
        self._listener.retried(key)
        self.add_after(key, seconds)
        return seconds

    def forget(self, key: Key) -> None:
        """The key did well: its next failure starts the back-off anew."""
        self._failures.pop(key, None)

    # ---- workers ------------------------------------------------------------------------------------------------
    async def take(self) -> Key:
        """The next key to run; the caller says `done` afterwards. Raises ClosedError."""
        while not self._closed:
            self._promote()
            key = self._next()
            if key is not None:
                return key
            await self._until_called()
        raise ClosedError

    async def keep_time(self) -> Never:
        """Wake workers when a scheduled moment comes. For ever; once for each queue. Rule 7."""
        while True:
            self._promote()
            self._wakes_at = self._heap[0][0] if self._heap else math.inf
            with anyio.CancelScope() as self._sleep:  # `_arm` cancels it when an earlier moment is scheduled
                if self._heap:
                    await self._clock.sleep_until(self._wakes_at)
                else:
                    await anyio.sleep_forever()

    def done(self, key: Key) -> None:
        """The run of this key has ended."""
        self._running.discard(key)
        low = self._wanted_again.pop(key, None)
        if low is not None:
            self.add(key, low=low)

    def close(self) -> None:
        """Give out nothing more; waiting workers are told."""
        self._closed = True
        while self._takers:
            self._call_taker()

    # ---- looking ------------------------------------------------------------------------------------------------
    def __len__(self) -> int:
        """Keys that could run now."""
        return len(self._ready) + len(self._idle)

    @property
    def is_running(self) -> bool:
        """Somebody works on a key just now."""
        return bool(self._running)

    @property
    def is_idle(self) -> bool:
        """Nothing runs and nothing could run now."""
        self._promote()
        return not (self._ready or self._idle or self._running)

    def next_due(self) -> float | None:
        """The earliest scheduled moment, in the terms of the clock's `monotonic`."""
        return min(self._due.values(), default=None)

    # ---- inside -------------------------------------------------------------------------------------------------
    def _next(self) -> Key | None:
        self._turns += 1
        first, second = (self._ready, self._idle) if self._turns % FAIR_TURN else (self._idle, self._ready)
        waiting = first or second
        if not waiting:
            return None
        key, since = waiting.take()
        self._due.pop(key, None)
        self._running.add(key)
        self._listener.waited(key, self._clock.monotonic() - since)
        return key

    def _promote(self) -> None:
        """Move what is due to what is ready."""
        now = self._clock.monotonic()
        while self._heap and self._heap[0][0] <= now:
            due, key = heapq.heappop(self._heap)
            if self._due.get(key) == due:
                del self._due[key]
                self.add(key)
        self._arm()

    def _arm(self) -> None:
        """Have `keep_time` wake at the earliest moment."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        if self._heap and self._heap[0][0] < self._wakes_at:
            self._sleep.cancel()

    async def _until_called(self) -> None:
        called = anyio.Event()
        self._takers.append(called)
        try:
            await called.wait()
        except anyio.get_cancelled_exc_class():
            if called.is_set():
                self._call_taker()  # we were called and cannot come: call another one
            else:
                self._takers.remove(called)
            raise

    def _call_taker(self) -> None:
        if self._takers:
            self._takers.popleft().set()
