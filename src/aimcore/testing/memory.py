"""What a controller process knows, and what it forgets when it ends.

1. `learn` is its only door for objects; it answers with the reads that were touched, and wakes their readers.
2. A key has one next look at most: the newest plan's. An earlier plan knew less.
3. Answers and outcomes that no plan reads any more are forgotten, as every shell does.
4. A fork shares what neither side changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from aimcore.facts import OutcomeOf
from aimcore.reads import FactRead, Read
from aimcore.resource import Json, Key
from aimcore.simulation.cluster import Mark
from aimcore.table import Table
from aimcore.testing.transport import Stream, Transport


@dataclass
class Memory:
    """See the rules above. `due`: keys to be planned now; `timers`: when a key is planned if nothing happens before;
    `seen`: how far the cluster was when watches were looked at last; `unlisted`: how often in a row a list failed."""

    table: Table
    watches: dict[str, Stream] = field(default_factory=dict)
    due: dict[Key, None] = field(default_factory=dict)
    timers: dict[Key, datetime] = field(default_factory=dict)
    readers: dict[Read, set[Key]] = field(default_factory=dict)
    reads: dict[Key, frozenset[Read]] = field(default_factory=dict)
    failures: Counter[Key] = field(default_factory=Counter)
    forced: dict[Key, dict[str, datetime]] = field(default_factory=dict)
    seen: Mark | None = None
    unlisted: Counter[str] = field(default_factory=Counter)

    def fork(self, transport: Transport, *, watching: bool = True) -> Memory:
        """An independent copy, that watches through another transport, or not at all."""
        streams = self.watches if watching else {}
        return Memory(
            self.table.fork(),
            {kind: transport.resumed(kind, stream) for kind, stream in streams.items()},
            dict(self.due),
            dict(self.timers),
            {read: set(keys) for read, keys in self.readers.items()},
            dict(self.reads),
            self.failures.copy(),
            {key: dict(managers) for key, managers in self.forced.items()},
            self.seen,
            self.unlisted.copy(),
        )

    # ---- objects ------------------------------------------------------------------------------------------------
    def learn(self, raw: Json) -> bool:
        """The newest state of an object. Whether the object is new; an older echo of what is known is no news."""
        metadata = raw["metadata"]
        known = self.table.find(Key(raw["kind"], metadata.get("namespace", ""), metadata["name"]))
        if known is not None and int(known.resource_version or 0) > int(metadata.get("resourceVersion") or 0):
            return False
        self.wake(self.table.learn(raw))
        return known is None

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self.wake(self.table.forget(key))

    # ---- waking -------------------------------------------------------------------------------------------------
    def remember(self, key: Key, reads: frozenset[Read]) -> None:
        """These are the reads of the newest plan of a key."""
        before = self.reads.get(key, frozenset())
        self.reads[key] = reads
        for read in reads - before:
            self.readers.setdefault(read, set()).add(key)
        for read in before - reads:
            readers = self.readers[read]
            readers.discard(key)
            if not readers:
                del self.readers[read]
                self._forget_unread(read)

    def _forget_unread(self, read: Read) -> None:
        match read:
            case FactRead(want=OutcomeOf() as of):
                self.table.learn_outcome(of, None)
            case FactRead(want=want) if not isinstance(want, OutcomeOf):
                self.table.forget_answer(want)
            case _:
                pass

    def wake(self, touched: Iterable[Read]) -> None:
        """All that read this is due."""
        for read in touched:
            for key in self.readers.get(read, ()):
                self.due[key] = None

    def look_at(self, key: Key, when: datetime) -> None:
        """Have a key planned then, or before: the earlier wish wins until the next plan."""
        known = self.timers.get(key)
        if known is None or when < known:
            self.timers[key] = when

    def fire_timers(self, now: datetime) -> None:
        """What was to be looked at by now is due."""
        for key in sorted(key for key, when in self.timers.items() if when <= now):
            del self.timers[key]
            self.due[key] = None
