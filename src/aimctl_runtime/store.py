"""The store: what reflectors and our own writes have told us, and who has to hear of a change.

1. Watch events, lists and the results of our writes come in through the same door; an older state never overwrites a
   newer one (resourceVersions of one kind compare as integers). Where one does not parse, we wait for the echo.
2. A key is in flight from the start of a write. What is heard of its deletion meanwhile is remembered, so that the
   answer to the write does not bring a ghost back.
3. A kind may have several sources (one for each selector); an object is gone when no source holds it any more.
4. A kind is readable when each of its sources has listed it; until then it is Unreadable, never empty.
5. Whoever read what has changed is woken, and so is the object itself if it is one that we plan for.
6. `remember` replaces the reads of a key. It is called before the first await after planning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from aimcore.facts import Answer, Outcome, OutcomeOf, Taken, Want
from aimcore.reads import FactRead, ObjectRead, Read, TimeRead
from aimcore.resource import Key, Resource
from aimcore.settings import Settings
from aimcore.snapshot import Availability, Snapshot, Unreadable
from aimcore.table import Table

_MOST_DIGITS = 40
NOT_LISTED_YET = "the objects of this kind have not been listed yet"


class Wake(Protocol):
    """Called for each key that has to be planned again."""

    def __call__(self, key: Key, *, low: bool = False) -> None: ...


class Store:
    """See the rules above. For one event loop; no method awaits."""

    def __init__(self, wake: Wake, *, planned: Collection[str], settings: Settings | None = None) -> None:
        self._wake = wake
        self._planned = frozenset(planned)
        self._settings = settings or Settings()
        self.table = Table(settings=self._settings)
        self._readers: dict[Read, set[Key]] = {}
        self._reads: dict[Key, frozenset[Read]] = {}
        self._sources: dict[str, dict[str, Availability]] = {}
        self._held: dict[Key, set[str]] = {}
        self._in_flight: dict[Key, int] = {}
        self._gone: dict[Key, int] = {}

    def snapshot(self, now: datetime) -> Snapshot:
        """A borrowed view: valid until the planner returns."""
        return Snapshot(self.table, now, self._settings)

    # ---- reads --------------------------------------------------------------------------------------------------
    def remember(self, key: Key, reads: frozenset[Read]) -> None:
        """These are the reads of the newest plan of `key`. An object that is gone reads nothing more."""
        kept = frozenset() if self.table.find(key) is None else frozenset(r for r in reads if not _is_time(r))
        before = self._reads.get(key, frozenset())
        if kept:
            self._reads[key] = kept
        else:
            self._reads.pop(key, None)
        for read in kept - before:
            self._readers.setdefault(read, set()).add(key)
        for read in before - kept:
            readers = self._readers[read]
            readers.discard(key)
            if not readers:
                del self._readers[read]
                self._drop_unread(read)

    def readers_of(self, read: Read) -> frozenset[Key]:
        """The keys whose newest plan made this read."""
        return frozenset(self._readers.get(read, ()))

    def _drop_unread(self, read: Read) -> None:
        """Answers and outcomes that no plan reads are forgotten."""
        match read:
            case FactRead(want=OutcomeOf() as of):
                self.table.learn_outcome(of, None)
            case FactRead(want=want) if not isinstance(want, OutcomeOf):
                self.table.forget_answer(want)
            case _:
                pass

    # ---- sources ------------------------------------------------------------------------------------------------
    def expect(self, kind: str, source: str) -> None:
        """A source of this kind is about to start."""
        self.learn_availability(kind, source, Unreadable(kind, "Timeout", NOT_LISTED_YET))

    def learn_availability(self, kind: str, source: str, availability: Availability) -> None:
        """How a source fares. The worst of a kind's sources decides."""
        sources = self._sources.setdefault(kind, {})
        sources[source] = availability
        worst = next((a for _, a in sorted(sources.items()) if a is not None), None)
        self._tell(self.table.learn_availability(kind, worst), low=True)

    def learn(self, source: str, raw: Mapping[str, Any], *, low: bool = False) -> None:
        """A source tells the state of an object."""
        resource = Resource.of(raw)
        if resource is None:
            return
        self._held.setdefault(resource.key, set()).add(source)
        self._take(resource, low=low)

    def learn_gone(self, source: str, key: Key, resource_version: str) -> None:
        """A source no longer has an object: deleted, or no more matching its selector."""
        holders = self._held.get(key)
        if holders is not None:
            holders.discard(source)
            if holders:
                return
            del self._held[key]
        gone, known = _version(resource_version), self._known(key)
        if gone is not None and known is not None and gone < known:
            return  # news of an earlier incarnation; ours was written since
        if key in self._in_flight and gone is not None:
            self._gone[key] = max(gone, self._gone.get(key, 0))
        self._forget(key)

    def learn_list(self, source: str, kind: str, raws: Iterable[Mapping[str, Any]], version: str) -> None:
        """A source has listed all its objects: those that it held and that are not among them are gone."""
        listed: set[Key] = set()
        for raw in raws:
            resource = Resource.of(raw)
            if resource is not None:
                listed.add(resource.key)
                self.learn(source, raw, low=True)
        mine = {key for key, holders in self._held.items() if key.kind == kind and source in holders}
        unheld = {key for key in self.table.keys(kind) if key not in self._held}
        for key in sorted((mine | unheld) - listed):
            self.learn_gone(source, key, version)

    def has(self, kind: str) -> bool:
        """Whether objects of this kind are being watched at all."""
        return kind in self._sources

    # ---- our own writes -----------------------------------------------------------------------------------------
    def begin(self, key: Key) -> None:
        """A write to this object starts."""
        self._in_flight[key] = self._in_flight.get(key, 0) + 1

    def finish(self, key: Key, written: Mapping[str, Any] | None, *, but: Key | None = None) -> None:
        """The write has ended; `written` is the object as the server answered, None if it did not say.

        `but` is not woken by it: the writer plans it again by itself.
        """
        left = self._in_flight[key] - 1
        if left:
            self._in_flight[key] = left
        else:
            del self._in_flight[key]
        resource = Resource.of(written)
        if resource is not None and resource.key == key and self.has(key.kind):
            version = _version(resource.resource_version)
            # An object whose deletion is complete is answered once more, without finalizers (F-134).
            over = resource.is_deleting and not resource.finalizers
            if version is not None and version > self._gone.get(key, -1) and not over:
                self._take(resource, but=but)
        if not left:
            self._gone.pop(key, None)

    def learn_outcome(self, of: OutcomeOf, outcome: Outcome | None) -> None:
        """What came of a write that a plan may want to tell. The parent is planned again by the caller."""
        touched = self.table.learn_outcome(of, outcome)
        self._tell(touched, but=of.parent)

    def learn_taken(self, of: OutcomeOf, taken: Taken) -> None:
        """What the server took of a child. Who reads it is planned again where that is news."""
        self._tell(self.table.learn_taken(of, taken))

    # ---- facts --------------------------------------------------------------------------------------------------
    def learn_answer(self, want: Want, answer: Answer) -> None:
        """A question was answered."""
        if FactRead(want) in self._readers:
            self._tell(self.table.learn_answer(want, answer))

    # ---- resync -------------------------------------------------------------------------------------------------
    def wake_all(self) -> None:
        """Have every object that we plan for looked at again, without haste."""
        for kind in sorted(self._planned):
            for key in self.table.keys(kind):
                self._wake(key, low=True)

    # ---- inside -------------------------------------------------------------------------------------------------
    def _take(self, resource: Resource, *, low: bool = False, but: Key | None = None) -> None:
        new, known = _version(resource.resource_version), self._known(resource.key)
        if new is not None and known is not None and new < known:
            return
        self._tell(self.table.learn(resource.raw), low=low, but=but)

    def _forget(self, key: Key) -> None:
        self._tell(self.table.forget(key))

    def _known(self, key: Key) -> int | None:
        resource = self.table.find(key)
        return None if resource is None else _version(resource.resource_version)

    def _tell(self, touched: set[Read], *, low: bool = False, but: Key | None = None) -> None:
        woken: set[Key] = set()
        for read in touched:
            woken |= self._readers.get(read, set())
            if isinstance(read, ObjectRead) and read.key.kind in self._planned:
                woken.add(read.key)
        if but is not None:
            woken.discard(but)
        for key in sorted(woken):
            self._wake(key, low=low)


def _is_time(read: Read) -> bool:
    return isinstance(read, TimeRead)


def _version(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None
