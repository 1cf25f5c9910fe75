"""The snapshot: everything a plan may know, and the record of what it looked at.

1. A plan sees the cluster only through a `Snapshot`. There is no other access.
2. Every look-up is recorded as a `Read` (`reads.py`), also when nothing was found. A change wakes exactly the keys
   whose reads it touches; nobody writes a watch mapping.
3. A look-up never raises and never guesses: it answers Found | Absent | Unreadable | NotInstalled.
4. Time is a read: only `is_past` compares with the clock. `timestamp` may be written into a status, never compared.
5. A view is a pure function of the snapshot with arguments; its readers wake only when its *value* changes.
6. A snapshot borrows its source: it is valid until the planner returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from aimcore.facts import Answer, Outcome, OutcomeOf, Taken, Want
from aimcore.reads import FactRead, IndexRead, KindRead, ObjectRead, Read, TimeRead, ViewRead
from aimcore.records import quickly_made
from aimcore.resource import Key, Resource
from aimcore.settings import Settings
from aimcore.vocabulary import Vocabulary

P = ParamSpec("P")
T = TypeVar("T")


@quickly_made
@dataclass(frozen=True, slots=True)
class Found:
    """The object exists."""

    resource: Resource


@quickly_made
@dataclass(frozen=True, slots=True)
class Absent:
    """The kind is readable and no such object exists."""

    key: Key


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The kind exists, but cannot be read now.

    `reason` is one of the reasons of `spec` errors (`Forbidden`, `Timeout`, …), `message` a sentence for people.
    Never treated as absent.
    """

    kind: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class NotInstalled:
    """The API server does not serve this kind (its CRD is missing). A fact, not an error."""

    kind: str


@quickly_made
@dataclass(frozen=True, slots=True)
class Listed:
    """All objects of one index bucket, ordered by (namespace, name)."""

    resources: tuple[Resource, ...]


Lookup = Found | Absent | Unreadable | NotInstalled
Listing = Listed | Unreadable | NotInstalled
Availability = Unreadable | NotInstalled | None
"""None means that the kind is readable."""


class Source(Protocol):
    """What a snapshot borrows from: `aimcore.table.Table`, or the store of a shell built on it.

    Whoever files objects knows what they are filed under, so the vocabulary is the source's.
    """

    @property
    def vocabulary(self) -> Vocabulary: ...
    def find(self, key: Key) -> Resource | None: ...
    def bucket(self, kind: str, index: str, value: str) -> tuple[Resource, ...]: ...
    def availability(self, kind: str) -> Availability: ...
    def answer(self, want: Want) -> Answer | None: ...
    def outcome(self, of: OutcomeOf) -> Outcome | None: ...
    def taken(self, of: OutcomeOf) -> Taken | None: ...
    def recall_view(self, read: ViewRead) -> tuple[Any] | None: ...
    def keep_view(self, read: ViewRead, value: Any, reads: Iterable[Read]) -> None: ...


_DEFAULT_SETTINGS = Settings()
_new = tuple.__new__
"""Makes a NamedTuple at half the price of its own constructor; a plan makes fifty."""


class Snapshot:
    """One frozen view of the cluster at `now`, with a record of every look-up.

    `now` is an aware datetime (UTC). `settings` are the operator's own settings. `look_ups`, `check_again_at` and
    `wants` grow while the plan is made; a look-up that was made twice may stand there twice.
    """

    __slots__ = ("_kinds", "_now", "_source", "_views", "check_again_at", "look_ups", "settings", "wants")

    def __init__(
        self,
        source: Source,
        now: datetime,
        settings: Settings | None = None,
        *,
        views: dict[ViewRead, Any] | None = None,
    ) -> None:
        self._source = source
        self._views: dict[ViewRead, Any] = {} if views is None else views
        self._kinds: dict[str, Availability] = {}
        self._now = now
        self.settings = settings or _DEFAULT_SETTINGS
        self.look_ups: list[Read] = []
        self.wants: dict[Want, None] = {}
        self.check_again_at: datetime | None = None

    @property
    def reads(self) -> frozenset[Read]:
        """The look-ups so far, each once. Hashed only when somebody asks."""
        return frozenset(self.look_ups)

    @property
    def vocabulary(self) -> Vocabulary:
        """The kinds that are known here. The same for every snapshot of a source, so it is no read."""
        return self._source.vocabulary

    # ---- objects ------------------------------------------------------------------------------------------------
    def object(self, kind: str, namespace: str, name: str) -> Lookup:
        """Look up one object by name. Cluster-scoped kinds take `namespace=""`."""
        key = _new(Key, (kind, namespace, name))
        self.look_ups.append(_new(ObjectRead, (key,)))
        resource = self._source.find(key)
        if resource is not None:
            return Found(resource)
        return self.availability(kind) or Absent(key)

    def index(self, kind: str, index: str, value: str) -> Listing:
        """List the objects of `kind` whose index `index` (see `aimcore.indexes`) contains `value`."""
        self.look_ups.append(_new(IndexRead, (kind, index, value)))
        resources = self._source.bucket(kind, index, value)
        if not resources and (unavailable := self.availability(kind)) is not None:
            return unavailable
        return Listed(resources)

    def availability(self, kind: str) -> Availability:
        """Whether the kind can be read at all. A CRD that appears later wakes the reader."""
        if kind in self._kinds:
            return self._kinds[kind]
        self.look_ups.append(_new(KindRead, (kind,)))
        found = self._kinds[kind] = self._source.availability(kind)
        return found

    # ---- derived knowledge --------------------------------------------------------------------------------------
    def view(self, function: Callable[Concatenate[Snapshot, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The value of a view: a pure function of the snapshot and hashable arguments.

        A view reads index buckets or other views, never time or facts.
        """
        read = _new(ViewRead, (function, args))
        self.look_ups.append(read)
        if read in self._views:
            return self._views[read]  # type: ignore[no-any-return]
        known = self._source.recall_view(read)
        if known is None:
            inner = Snapshot(self._source, self._now, self.settings, views=self._views)
            known = (function(inner, *args, **kwargs),)
            self._source.keep_view(read, known[0], inner.look_ups)
        value: T = known[0]
        self._views[read] = value
        return value

    # ---- facts --------------------------------------------------------------------------------------------------
    def fact(self, want: Want, *, not_older_than: datetime | None = None) -> Answer | None:
        """The answer to a question for the world outside the API, or None while nobody has answered.

        An unanswered question goes into the plan's wants. With `not_older_than`, so does one whose answer is older;
        the old answer is returned meanwhile.
        """
        self.look_ups.append(FactRead(want))
        answer = self._source.answer(want)
        if answer is None or (not_older_than is not None and answer.at < not_older_than):
            self.wants[want] = None
        return answer

    def outcome(self, parent: Key, child: Key) -> Outcome | None:
        """What came of our last write to `child` on behalf of `parent`, if it was not simply done."""
        of = _new(OutcomeOf, (parent, child))
        self.look_ups.append(_new(FactRead, (of,)))
        return self._source.outcome(of)

    def taken(self, parent: Key, child: Key) -> Taken | None:
        """Which manifest the server last took for `child`, if we wrote it since we started."""
        of = _new(OutcomeOf, (parent, child))
        self.look_ups.append(_new(FactRead, (of,)))
        return self._source.taken(of)

    # ---- time ---------------------------------------------------------------------------------------------------
    def is_past(self, moment: datetime) -> bool:
        """Whether `moment` (aware) has come. A moment still ahead makes the plan be asked again then."""
        self.look_ups.append(TimeRead(moment))
        if self._now >= moment:
            return True
        if self.check_again_at is None or moment < self.check_again_at:
            self.check_again_at = moment
        return False

    def timestamp(self) -> str:
        """Now, in the form the API server writes (`2026-11-23T15:33:00Z`). To be written, never compared."""
        return timestamp(self._now)

    def now_to_write(self) -> datetime:
        """Now, for computing a moment that is *written* into a status (such as the next attempt's absolute time)."""
        return self._now


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, as in `metadata.creationTimestamp`."""
    there = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return there.isoformat(timespec="seconds")[:-6] + "Z"


def moment(text: object) -> datetime | None:
    """The moment that an RFC 3339 text names, or None if it is no such text. Never raises.

    The first and the last year that there are count as no moment: nothing can be counted from them. Go writes the first
    one for "never".
    """
    if not isinstance(text, str):
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not MINYEAR < parsed.year < MAXYEAR:
        return None
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)


__all__ = [
    "Absent",
    "Availability",
    "Found",
    "Listed",
    "Listing",
    "Lookup",
    "NotInstalled",
    "Snapshot",
    "Source",
    "Unreadable",
    "moment",
    "timestamp",
]
