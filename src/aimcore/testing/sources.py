"""Sources of snapshots that a law compares with a table: the same knowledge filed anew, and what was read alone.

1. `Rebuilt` knows what a table knows. Plans from it must be the same: neither order nor history may show.
2. `Stripped` knows what one plan recorded that it read. Plans from it must be the same: no read may be missing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from aimcore.facts import Answer, Outcome, OutcomeOf, Taken, Want
from aimcore.reads import FactRead, IndexRead, KindRead, ObjectRead, Read, ViewRead
from aimcore.resource import Key, Resource
from aimcore.snapshot import Availability, Snapshot, Source
from aimcore.table import Table
from aimcore.testing.histories import START


class Rebuilt:
    """A source with the same knowledge as a table, filed anew in an order that `salt` decides."""

    def __init__(self, table: Table, salt: str = "") -> None:
        self._facts = table
        self.vocabulary = table.vocabulary
        keys = sorted(table.keys(), key=lambda k: hashlib.blake2b(f"{salt}{k}".encode(), digest_size=8).digest())
        raws = (resource.raw for k in keys if (resource := table.find(k)) is not None)
        self._table = Table(raws, vocabulary=table.vocabulary)
        self.find = self._table.find
        self.bucket = self._table.bucket
        self.recall_view = self._table.recall_view
        self.keep_view = self._table.keep_view

    def availability(self, kind: str) -> Availability:
        return self._facts.availability(kind)

    def answer(self, want: Want) -> Answer | None:
        return self._facts.answer(want)

    def outcome(self, of: OutcomeOf) -> Outcome | None:
        return self._facts.outcome(of)

    def taken(self, of: OutcomeOf) -> Taken | None:
        return self._facts.taken(of)


class Stripped:
    """A source that knows nothing but what was read. A look-up beyond that is noted in `gaps` and finds nothing."""

    def __init__(self, whole: Source, reads: frozenset[Read]) -> None:
        self._whole, self._reads = whole, reads
        self.vocabulary = whole.vocabulary
        self.gaps: list[Read] = []

    def _knows(self, read: Read) -> bool:
        if read not in self._reads:
            self.gaps.append(read)
        return read in self._reads

    def find(self, key: Key) -> Resource | None:
        return self._whole.find(key) if self._knows(ObjectRead(key)) else None

    def bucket(self, kind: str, index: str, value: str) -> tuple[Resource, ...]:
        return self._whole.bucket(kind, index, value) if self._knows(IndexRead(kind, index, value)) else ()

    def availability(self, kind: str) -> Availability:
        return self._whole.availability(kind) if self._knows(KindRead(kind)) else None

    def answer(self, want: Want) -> Answer | None:
        return self._whole.answer(want) if self._knows(FactRead(want)) else None

    def outcome(self, of: OutcomeOf) -> Outcome | None:
        return self._whole.outcome(of) if self._knows(FactRead(of)) else None

    def taken(self, of: OutcomeOf) -> Taken | None:
        return self._whole.taken(of) if self._knows(FactRead(of)) else None

    def recall_view(self, read: ViewRead) -> tuple[Any] | None:
        """The value of a view that was read, computed from all that is known."""
        return (Snapshot(self._whole, START).view(read.function, *read.args),) if self._knows(read) else None

    def keep_view(self, read: ViewRead, value: Any, reads: Iterable[Read]) -> None:
        """A view that was not read is a gap already."""
