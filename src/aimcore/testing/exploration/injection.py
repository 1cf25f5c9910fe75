"""The transport that carries out a fault schedule.

1. It counts requests and events from the beginning of the play, also where a play goes on as a fork.
2. A fault that no request and no event has come to is waiting; one that lasts is running; then it is over.
   `is_over` says that nothing is left that could still go wrong by this schedule.
3. What is withheld comes later: at the end of its fault, or (trickling) one event a round.
4. With an empty schedule it is as good as `Direct`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta

from aimcore.changes import Change, PatchStatus
from aimcore.facts import Answer, ImageLabels, RepositoryTags, Want
from aimcore.resource import Json, Key
from aimcore.simulation.cluster import Cluster, Mark
from aimcore.simulation.errors import not_installed
from aimcore.testing.driver import Answers
from aimcore.testing.exploration.refusals import LIST_TROUBLES, denial, refusal, secret_unread
from aimcore.testing.exploration.schedule import (
    Crash,
    Denied,
    Expired,
    Fault,
    Frozen,
    Lagging,
    Leap,
    Lost,
    Outage,
    Refused,
    Rival,
    Schedule,
    Skewed,
    Stale,
    TimedOut,
    Trickling,
    Unanswered,
    Unlisted,
    Unserved,
    name_of,
)
from aimcore.testing.exploration.streams import SpoiltStream
from aimcore.testing.transport import Answered, Died, Direct, NoAnswer, Silence, Stream
from aimcore.vocabulary import Vocabulary

RENEWED = timedelta(minutes=10)
"""How long a watch lasts that has lost an event."""
NEVER = "connect: connection refused"


class Injector(Direct):
    """See the rules above. `told` names the faults that have happened, in order.

    `rival_wakes` is called when a second controller is to do its work; `remembers` when it falls asleep; `asks_again`
    when questions are answered again.
    """

    def __init__(self, cluster: Cluster, vocabulary: Vocabulary, schedule: Schedule = ()) -> None:
        super().__init__(cluster, vocabulary)
        self.writes = self.events = self.rounds = 0
        self.waiting: tuple[Fault, ...] = schedule
        self.running: tuple[tuple[Fault, datetime], ...] = ()
        self.lost: dict[tuple[str, str, str], datetime] = {}
        self.told: list[str] = []
        self.streams: dict[str, SpoiltStream] = {}
        self.turn: str | None = None
        self._has_moved = False
        self.leapt = timedelta(0)
        self.remembers: Callable[[], None] = lambda: None
        self.rival_wakes: Callable[[], None] = lambda: None
        self.asks_again: Callable[[], None] = lambda: None
        self.is_known: Callable[[Key], bool] = lambda _key: True
        self._old_version = 0
        self._unread: set[str] = set()
        self._denied: dict[Fault, str] = {}
        for fault in self._due("write", -1):
            if isinstance(fault, Unserved | Unlisted | Unanswered):
                self._begin(fault, timedelta(seconds=fault.lasts))

    def fork(self, cluster: Cluster, schedule: Schedule) -> Injector:
        """A transport that goes on from here, on a fork of the cluster, with another schedule.

        Only one without running faults can be forked.
        """
        twin = Injector(cluster, self._vocabulary, schedule)
        twin.writes, twin.events, twin.rounds = self.writes, self.events, self.rounds
        return twin

    # ---- how it fares -------------------------------------------------------------------------------------------
    @property
    def is_over(self) -> bool:
        return not self.waiting and not self.running and not self.lost

    @property
    def now(self) -> datetime:
        by = sum(fault.by for fault, _ in self.running if isinstance(fault, Skewed))
        return self._cluster.clock.now + timedelta(seconds=by)

    @property
    def is_withholding(self) -> bool:  # type: ignore[override]
        """Whether the next round will see more although no time passes."""
        return self._has_moved and self.trickles and any(stream.held for stream in self.streams.values())

    def news(self, since: Mark | None) -> tuple[Mark | None, Collection[str] | None]:
        """As `Direct`, and the kinds of which something is held back, or that are to be listed anew."""
        mark, news = super().news(since)
        if news is None:
            return mark, None
        spoilt = {kind for kind, stream in self.streams.items() if stream.held or stream.ended}
        return mark, {*news, *spoilt, *self._unread}

    @property
    def next_wake(self) -> datetime | None:  # type: ignore[override]
        ends = [end for _, end in self.running]
        now = self._cluster.clock.now  # what is late and held back by another fault has the end of that one
        late = [s.next_at for s in self.streams.values() if s.next_at is not None and s.next_at > now]
        return min((*ends, *late, *self.lost.values()), default=None)

    # ---- rounds -------------------------------------------------------------------------------------------------
    def begin_round(self) -> None:
        """End what is over, and have withheld events ready."""
        self.rounds += 1
        self._has_moved = False
        now = self._cluster.clock.now
        if self.running and any(end <= now for _, end in self.running):
            ended = [fault for fault, end in self.running if end <= now]
            self.running = tuple((fault, end) for fault, end in self.running if end > now)
            for fault in ended:
                self._end(fault)
        if self.lost:
            self._renew(now)
        salt = self._trickle()
        if salt is not None:
            self._take_turns(salt)

    def _end(self, fault: Fault) -> None:
        match fault:
            case Rival():
                self.rival_wakes()
            case Unanswered():
                self.asks_again()
            case Lagging(_, kind) if kind in self.streams:
                self.streams[kind].next_at = None
            case _:
                pass

    def _renew(self, now: datetime) -> None:
        """Forget losses that were made good; break off the watches whose time has come."""
        for place, when in list(self.lost.items()):
            if self.is_known(Key(*place)):
                del self.lost[place]
            elif when <= now:
                del self.lost[place]
                if place[0] in self.streams:
                    self.streams[place[0]].ended = True

    def _take_turns(self, salt: int) -> None:
        for stream in self.streams.values():
            stream.fill()
        ready = sorted(kind for kind, stream in self.streams.items() if stream.held)
        digest = hashlib.blake2b(f"{salt}/{self.rounds}".encode(), digest_size=4).digest()
        self.turn = ready[int.from_bytes(digest, "big") % len(ready)] if ready else None

    def _trickle(self) -> int | None:
        return next((fault.salt for fault, _ in self.running if isinstance(fault, Trickling)), None)

    # ---- requests -----------------------------------------------------------------------------------------------
    def send(self, parent: Key, change: Change, *, is_forced: bool) -> Answered | Silence:
        """Carry a request out, unless a fault meets it."""
        number = self.writes
        self.writes += 1
        for fault in self._due("write", number):
            answer = self._meet(fault, parent, change, is_forced=is_forced)
            if answer is not None:
                return answer
        if any(isinstance(fault, Outage) for fault, _ in self.running):
            return Silence(NEVER, sent=False)
        if change.key.kind in self._unserved():
            unknown = not_installed()
            return Answered(unknown.code, unknown.body)
        for fault, _ in self.running if not isinstance(change, PatchStatus) else ():
            if isinstance(fault, Denied) and self._denied[fault] == change.key.kind:
                return self._deny(fault, change)
        return super().send(parent, change, is_forced=is_forced)

    def _meet(self, fault: Fault, parent: Key, change: Change, *, is_forced: bool) -> Answered | Silence | None:
        """Let a fault happen at this request. None: the request goes on its way."""
        match fault:
            case Crash(_, done) | TimedOut(_, done):
                self._tell(fault)
                if done:
                    super().send(parent, change, is_forced=is_forced)
                if isinstance(fault, Crash):
                    raise Died
                return Silence("context deadline exceeded", sent=True)
            case Refused(_, code, wait):
                self._tell(fault)
                return Answered(*refusal(code, change.key), timedelta(seconds=wait))
            case Denied(_, _, lasts):
                if not lasts:
                    self._tell(fault)
                else:
                    self._denied[fault] = change.key.kind
                    self._begin(fault, timedelta(seconds=lasts))
                return self._deny(fault, change)
            case Stale(_, back, lasts):
                super().send(parent, change, is_forced=is_forced)
                self._old_version = max(self._cluster.resource_version - back, 1)
                self._begin(fault, timedelta(seconds=lasts))
                raise Died
            case Expired():
                self._tell(fault)
                self._break_off()
            case Leap(_, by):
                self._tell(fault)
                self.leapt += timedelta(seconds=by)
                self._cluster.clock.advance(timedelta(seconds=by))
            case Rival(_, lasts):
                self.remembers()
                self._begin(fault, timedelta(seconds=lasts))
            case Outage(_, lasts):
                self._break_off()
                self._begin(fault, timedelta(seconds=lasts))
            case Unserved(_, kind, lasts) | Unlisted(_, kind, _, lasts):
                self._break_off(kind)
                self._begin(fault, timedelta(seconds=lasts))
            case Trickling() | Lagging() | Frozen() | Skewed() | Unanswered():
                self._begin(fault, timedelta(seconds=fault.lasts))
            case _:
                raise AssertionError(fault)
        return None

    def _deny(self, fault: Denied, change: Change) -> Answered:
        return Answered(*denial(fault.why, change, self._vocabulary.kinds[change.key.kind]))

    def _begin(self, fault: Fault, lasts: timedelta) -> None:
        self._tell(fault)
        self.running = (*self.running, (fault, self._cluster.clock.now + lasts))

    def _tell(self, fault: Fault) -> None:
        self.told.append(name_of(fault))

    def _due(self, counted: str, number: int) -> tuple[Fault, ...]:
        """The faults that meet this request or event. They wait no more, also where one hides another."""
        due = tuple(fault for fault in self.waiting if getattr(fault, counted, None) == number)
        if due:
            self.waiting = tuple(fault for fault in self.waiting if fault not in due)
        return due

    def _break_off(self, only: str | None = None) -> None:
        for kind, stream in self.streams.items():
            if only in (None, kind):
                stream.ended = True

    def _unserved(self) -> Iterable[str]:
        return [fault.kind for fault, _ in self.running if isinstance(fault, Unserved)]

    def _unlisted(self, kind: str) -> Unlisted | None:
        return next((f for f, _ in self.running if isinstance(f, Unlisted) and f.kind == kind), None)

    # ---- questions ----------------------------------------------------------------------------------------------
    def answering(self, world: Answers) -> Answers:
        """The answers of a world, as far as faults let them through."""

        def answer(want: Want, now: datetime) -> Answer | None:
            if any(isinstance(fault, Unanswered) for fault, _ in self.running):
                return None
            hidden = self._unlisted("Secret")
            if hidden is not None and isinstance(want, ImageLabels | RepositoryTags) and want.secrets:
                return Answer(secret_unread(hidden.why), now)
            return world(want, now)

        return answer

    # ---- lists and watches --------------------------------------------------------------------------------------
    def list(self, kind: str) -> Json:
        """The list of a kind: an old one, or none, while a fault says so."""
        self._unread.add(kind)  # until somebody watches it
        if kind in self._unserved():
            raise not_installed()
        if any(isinstance(fault, Outage) for fault, _ in self.running):
            raise NoAnswer("ConnectionRefused", NEVER)
        unlisted = self._unlisted(kind)
        if unlisted is not None:
            raise LIST_TROUBLES[unlisted.why](self._vocabulary.kinds[kind])
        if any(isinstance(fault, Stale) for fault, _ in self.running):
            return self._cluster.list(kind, resource_version=str(self._old_version), match="Exact")
        return self._cluster.list(kind)

    def watch(self, kind: str, resource_version: str) -> Stream:
        """A stream that may be spoilt."""
        stream = SpoiltStream(self, kind, self._cluster.watch(kind, resource_version=resource_version))
        self.streams[kind] = stream
        self._unread.discard(kind)
        return stream

    def resumed(self, kind: str, stream: Stream) -> Stream:
        """The stream of the injector that this one is a fork of."""
        if not isinstance(stream, SpoiltStream):
            raise TypeError(f"the watch of {kind} is not of an Injector")
        twin = SpoiltStream(self, kind, self._cluster.resumed(stream.inner))
        twin.ended, twin.held = stream.ended, list(stream.held)
        self.streams[kind] = twin
        return twin

    def blocks(self, kind: str) -> bool:
        """Whether no event of this kind arrives now."""
        if self._trickle() is not None and kind != self.turn:
            return True
        return any(isinstance(fault, Frozen | Stale) for fault, _ in self.running)

    def lag_of(self, kind: str) -> timedelta | None:
        """How long events of this kind are collected before they arrive."""
        found = (f.every for f, _ in self.running if isinstance(f, Lagging) and f.kind == kind)
        return next((timedelta(seconds=every) for every in found), None)

    @property
    def trickles(self) -> bool:
        return self._trickle() is not None

    def copies(self, event: Json) -> int:
        """How often this event arrives: once, unless a fault meets it."""
        self._has_moved = True
        number = self.events
        self.events += 1
        fault = next(iter(self._due("event", number)), None)
        if fault is None:
            return 1
        self._tell(fault)
        if not isinstance(fault, Lost):
            return 2
        metadata = event["object"]["metadata"]
        place = (event["object"]["kind"], metadata.get("namespace", ""), metadata["name"])
        self.lost[place] = self._cluster.clock.now + RENEWED
        return 0

    @property
    def clock_now(self) -> datetime:
        """Now by the server's clock."""
        return self._cluster.clock.now
