"""A table of objects that snapshots borrow from: indexed, incremental, free of I/O.

1. `learn` and `forget` are the only doors; each answers with the reads that the change touches.
2. A change outside the slice that the core reads (`aimcore.cluster.slices`) is no change: it touches nothing.
3. A view is computed at most once until one of its inner reads is touched; it is touched only if its value changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aimcore.cluster.slices import sliced
from aimcore.facts import Answer, Outcome, OutcomeOf, Taken, Want
from aimcore.reads import FactRead, IndexRead, KindRead, ObjectRead, Read, ViewRead
from aimcore.resource import Key, Resource
from aimcore.settings import Settings
from aimcore.snapshot import Availability, Snapshot
from aimcore.vocabulary import OURS, Vocabulary

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Table:
    """Objects, facts and the availability of kinds, as of the last change that was learnt.

    `vocabulary` says what is kept of each kind and what it is filed under.
    """

    def __init__(
        self,
        objects: Iterable[Mapping[str, Any]] = (),
        *,
        settings: Settings | None = None,
        vocabulary: Vocabulary = OURS,
    ) -> None:
        self.vocabulary = vocabulary
        self._objects: dict[Key, Resource] = {}
        self._buckets: dict[IndexRead, dict[Key, Resource]] = {}
        self._filed: dict[Key, frozenset[IndexRead]] = {}
        self._sorted: dict[IndexRead, tuple[Resource, ...]] = {}
        self._unavailable: dict[str, Availability] = {}
        self._answers: dict[Want, Answer] = {}
        self._outcomes: dict[OutcomeOf, Outcome] = {}
        self._taken: dict[OutcomeOf, Taken] = {}
        self._views: dict[ViewRead, tuple[Any, frozenset[Read]]] = {}
        self._viewed: dict[Read, set[ViewRead]] = {}
        self._settings = settings or Settings()
        # A plan looks up thirty things; each of these is the dict's own method, without a frame around it.
        self.find: Callable[[Key], Resource | None] = self._objects.get
        self.availability: Callable[[str], Availability] = self._unavailable.get
        self.answer: Callable[[Want], Answer | None] = self._answers.get
        self.outcome: Callable[[OutcomeOf], Outcome | None] = self._outcomes.get
        self.taken: Callable[[OutcomeOf], Taken | None] = self._taken.get
        for raw in objects:
            self.learn(raw)

    def __len__(self) -> int:
        return len(self._objects)

    def keys(self, kind: str | None = None) -> list[Key]:
        """The keys of all objects (of one kind), sorted."""
        return sorted(k for k in self._objects if kind is None or k.kind == kind)

    def fork(self) -> Table:
        """An independent copy; what is known is shared until either side learns."""
        twin = Table(settings=self._settings, vocabulary=self.vocabulary)
        for name in ("_objects", "_filed", "_sorted", "_unavailable", "_answers", "_outcomes", "_taken", "_views"):
            getattr(twin, name).update(getattr(self, name))
        twin._buckets.update((read, dict(filed)) for read, filed in self._buckets.items())
        twin._viewed.update((read, set(views)) for read, views in self._viewed.items())
        return twin

    def facts(self) -> tuple[Mapping[Any, Any], ...]:
        """All that is known beside the objects: kinds that are unavailable, answers, outcomes, manifests taken."""
        return dict(self._unavailable), dict(self._answers), dict(self._outcomes), dict(self._taken)

    # ---- doors --------------------------------------------------------------------------------------------------
    def learn(self, raw: Mapping[str, Any]) -> set[Read]:
        """Take in the newest state of an object. Answers with the reads that it touches; empty if nothing changed.

        The object is kept as its slice. JSON without a kind or a name is refused silently: no API server stores it.
        """
        new = Resource.of(sliced(raw, self.vocabulary.slices))
        if new is None:
            return set()
        old = self._objects.get(new.key)
        if old is not None and _same(old, new):
            if old.resource_version != new.resource_version:
                self._put(new)
            return set()
        touched = self._put(new)
        return self._with_views(touched)

    def forget(self, key: Key) -> set[Read]:
        """The object is gone."""
        old = self._objects.pop(key, None)
        if old is None:
            return set()
        touched: set[Read] = {ObjectRead(key)}
        for read in self._filed.pop(key):
            self._unfile(read, key)
            touched.add(read)
        return self._with_views(touched)

    def learn_availability(self, kind: str, availability: Availability) -> set[Read]:
        """A kind became readable (None), unreadable or uninstalled."""
        if self._unavailable.get(kind) == availability:
            return set()
        if availability is None:
            self._unavailable.pop(kind, None)
        else:
            self._unavailable[kind] = availability
        return self._with_views({KindRead(kind)})

    def learn_answer(self, want: Want, answer: Answer) -> set[Read]:
        """A question was answered. An equal answer given later is news too: plans read when it was given."""
        old = self._answers.get(want)
        self._answers[want] = answer
        return set() if old == answer else {FactRead(want)}

    def forget_answer(self, want: Want) -> set[Read]:
        """Nobody asks any more."""
        return set() if self._answers.pop(want, None) is None else {FactRead(want)}

    def learn_outcome(self, of: OutcomeOf, outcome: Outcome | None) -> set[Read]:
        """What came of a write; None means that it was done."""
        old = self._outcomes.pop(of, None)
        if outcome is not None:
            again = old is not None and old.desired == outcome.desired
            self._outcomes[of] = replace(outcome, attempts=old.attempts + 1 if again and old is not None else 0)
        return set() if _outcome(old) == _outcome(outcome) else {FactRead(of)}

    def learn_taken(self, of: OutcomeOf, taken: Taken) -> set[Read]:
        """The server took this manifest. News only if it had taken the same before: else the object itself is news."""
        old = self._taken.get(of)
        self._taken[of] = taken
        is_repeated = old is not None and old[:2] == taken[:2] and old.at != taken.at
        return {FactRead(of)} if is_repeated else set()

    # ---- what snapshots ask -------------------------------------------------------------------------------------
    def bucket(self, kind: str, index: str, value: str) -> tuple[Resource, ...]:
        read = IndexRead(kind, index, value)
        known = self._sorted.get(read)
        if known is None:
            filed = self._buckets.get(read)
            if filed is None:
                return ()
            known = self._sorted[read] = tuple(filed[k] for k in sorted(filed))
        return known

    def recall_view(self, read: ViewRead) -> tuple[Any] | None:
        known = self._views.get(read)
        return None if known is None else (known[0],)

    def keep_view(self, read: ViewRead, value: Any, reads: Iterable[Read]) -> None:
        """Keep the value of a view with the reads that it was computed from."""
        once = frozenset(reads)
        self._views[read] = (value, once)
        for inner in once:
            self._viewed.setdefault(inner, set()).add(read)

    # ---- inside -------------------------------------------------------------------------------------------------
    def _put(self, new: Resource) -> set[Read]:
        key = new.key
        self._objects[key] = new
        before = self._filed.get(key, frozenset())
        now = self._filed[key] = self._reads_of(new)
        for read in before - now:
            self._unfile(read, key)
        for read in now:
            self._buckets.setdefault(read, {})[key] = new
            self._sorted.pop(read, None)
        return {ObjectRead(key), *before, *now}

    def _reads_of(self, resource: Resource) -> frozenset[IndexRead]:
        """The buckets that an object belongs to."""
        kind = resource.kind
        indexes = self.vocabulary.indexes_of(kind)
        return frozenset([IndexRead(kind, name, value) for name, index in indexes.items() for value in index(resource)])

    def _unfile(self, read: IndexRead, key: Key) -> None:
        self._sorted.pop(read, None)
        bucket = self._buckets[read]
        del bucket[key]
        if not bucket:
            del self._buckets[read]

    def _with_views(self, touched: set[Read]) -> set[Read]:
        """Add the views whose value changed by what was touched."""
        fresh = set(touched)
        while fresh:
            stale = {view for read in fresh for view in self._viewed.get(read, ())}
            fresh = {view for view in stale if self._recompute(view)}
            touched |= fresh
        return touched

    def _recompute(self, view: ViewRead) -> bool:
        """Whether the value of a view changed. Afterwards it is known anew, or forgotten by all its inner reads."""
        value, reads = self._views.pop(view)
        for inner in reads:
            readers = self._viewed[inner]
            readers.discard(view)
            if not readers:
                del self._viewed[inner]
        return bool(Snapshot(self, _EPOCH, self._settings).view(view.function, *view.args) != value)


_UNCOMPARED = frozenset({"resourceVersion", "managedFields"})


def _same(old: Resource, new: Resource) -> bool:
    """Equal but for the members of metadata that no plan decides by. What is too deep to compare counts as changed."""
    try:
        return _equal(old, new)
    except RecursionError:
        return False


def _equal(old: Resource, new: Resource) -> bool:
    if {k: v for k, v in old.raw.items() if k != "metadata"} != {k: v for k, v in new.raw.items() if k != "metadata"}:
        return False
    a, b = old.metadata, new.metadata
    return {k: v for k, v in a.items() if k not in _UNCOMPARED} == {k: v for k, v in b.items() if k not in _UNCOMPARED}


def _outcome(outcome: Outcome | None) -> object:
    return None if outcome is None else (outcome.refusal, outcome.message, outcome.manager, outcome.fields)
