"""What all actors share: a queue of keys, a clock of keys, back-off.

1. A key that is due is acted on once in a round, in the order in which the keys were queued.
2. A refused write is tried again after 1, 2, 4 … 64 seconds, then no more until the key is woken by a change. What was
   refused stands in `troubles`.
"""

from __future__ import annotations

import copy
import heapq
from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from typing import ClassVar, Self

from aimcore.resource import Key
from aimcore.simulation.actors.stage import Json, Stage
from aimcore.simulation.errors import ApiError
from aimcore.simulation.settings import WorldSettings

_PATIENCE = 7


class Actor(ABC):
    """One component of the world. Subclasses say what they watch, which keys a change wakes, and what they do."""

    name: ClassVar[str] = ""
    watches: ClassVar[tuple[str, ...]] = ()

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.troubles: dict[Key, str] = {}
        self._queue: dict[Key, None] = {}
        self._due: dict[Key, datetime] = {}
        self._clock: list[tuple[datetime, Key]] = []
        self._tries: dict[Key, int] = {}

    # ---- for subclasses ---------------------------------------------------------------------------------------------
    @abstractmethod
    def notice(self, key: Key, old: Json | None, new: Json | None) -> None:
        """A watched object changed. `old` None: it came; `new` None: it went."""

    @abstractmethod
    def act(self, key: Key) -> None:
        """Do what the object needs now."""

    @property
    def is_running(self) -> bool:
        """A component that does not run keeps its queue."""
        return True

    @property
    def settings(self) -> WorldSettings:
        return self.stage.settings

    @property
    def now(self) -> datetime:
        return self.stage.now

    # ---- queue ------------------------------------------------------------------------------------------------------
    def wake(self, key: Key) -> None:
        self._queue[key] = None

    def wake_at(self, key: Key, when: datetime) -> None:
        """The earliest wish of a key wins."""
        if when <= self.now:
            self.wake(key)
            return
        known = self._due.get(key)
        if known is None or when < known:
            self._due[key] = when
            heapq.heappush(self._clock, (when, key))

    def wake_refused(self, namespace: str) -> None:
        """Room became free in a namespace: what was refused there is worth another try."""
        for key in self.troubles:
            if key.namespace == namespace:
                self.wake(key)

    def wake_all(self) -> None:
        """Look at everything again: the settings changed."""
        for kind in self.watches:
            for obj_key in list(self.stage.objects.get(kind, ())):
                self.notice(obj_key, None, self.stage.objects[kind][obj_key])

    def next_wake(self) -> datetime | None:
        """The earliest moment at which this actor has something to do, None for never."""
        if not self.is_running:
            return None
        if self._queue:
            return self.now
        while self._clock and self._due.get(self._clock[0][1]) != self._clock[0][0]:
            heapq.heappop(self._clock)
        return self._clock[0][0] if self._clock else None

    def step(self) -> None:
        """Act on every key that is due."""
        if not self.is_running:
            return
        while self._clock and self._clock[0][0] <= self.now:
            when, key = heapq.heappop(self._clock)
            if self._due.get(key) == when:
                del self._due[key]
                self.wake(key)
        if not self._queue:
            return
        queue, self._queue = self._queue, {}
        for key in queue:
            try:
                self.act(key)
            except ApiError as error:
                self._try_later(key, error)
            else:
                if self.troubles:
                    self._tries.pop(key, None)
                    self.troubles.pop(key, None)

    def _try_later(self, key: Key, error: ApiError) -> None:
        self.troubles[key] = error.message
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        if tries <= _PATIENCE:
            self.wake_at(key, self.now + timedelta(seconds=2 ** (tries - 1)))
        else:
            del self._tries[key]

    def memory(self) -> dict[str, object]:
        """All that this actor knows beside the stage, by name: for telling whether two are equal."""
        known = {name: copy.copy(value) for name, value in vars(self).items() if name not in ("stage", "_clock")}
        known["_due"] = {key: when for key, when in self._due.items() if key not in self._queue}
        return known

    def fork(self, stage: Stage) -> Self:
        """An equal actor on another stage. State is held in flat dictionaries of unchanging values."""
        twin = copy.copy(self)
        twin.stage = stage
        for name, value in vars(self).items():
            if isinstance(value, dict | list | set):
                setattr(twin, name, copy.copy(value))
        return twin
