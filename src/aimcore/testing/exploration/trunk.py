"""The reference run of a history: recorded once, with all that branches start from and are compared with.

1. A `Save` is a fork of the course at the beginning of a round, whenever requests were sent or events arrived since
   the last one. A branch starts at the last save before its first fault.
2. A rest is kept for every moment at which nothing was left to do. A branch that comes to the same rest is over.
3. The end is the state at the last rest. A world without rest has no end: then all rests of its last half hour count,
   for a branch may be at another point of the same circle.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aimcore.changes import Change
from aimcore.dispatch import AIM
from aimcore.resource import Json, Key
from aimcore.simulation.cluster import Cluster
from aimcore.testing.exploration.course import Course
from aimcore.testing.exploration.ends import end_of
from aimcore.testing.exploration.likeness import Alike, Rest, Spot, circumstances, outline, spot_of
from aimcore.testing.exploration.schedule import Fault, Schedule
from aimcore.testing.histories import Alter, History
from aimcore.testing.honesty import Auditor
from aimcore.testing.masking import State
from aimcore.testing.safety import Guard
from aimcore.vocabulary import Vocabulary

LAST = timedelta(minutes=30)
"""How much of a world without rest counts as its end."""

Tolls = Counter[tuple[str, str]]
"""How many objects of which kind came (ADDED) and went (DELETED)."""


@dataclass(frozen=True, slots=True)
class Save:
    """A course at the beginning of a round. `version` is the cluster's."""

    writes: int
    events: int
    version: int
    course: Course


@dataclass(frozen=True, slots=True)
class Sent:
    """A request of the reference run: when it was sent, and the cluster's version before and after it."""

    change: Change
    at: datetime
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A watch event of the reference run, when it came. `is_news`: it told something that was not known."""

    event: Json
    at: datetime
    is_news: bool


@dataclass(slots=True)
class Trunk:
    """See the rules above. `sent` and `seen` are its requests and watch events, in order."""

    history: History
    end: Course
    saves: list[Save] = field(default_factory=list)
    rests: dict[Spot, Rest] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    ends: list[State] = field(default_factory=list)
    alike: Alike[Rest] = field(default_factory=Alike)
    outlines: set[tuple[object, ...]] = field(default_factory=set)
    is_silent: bool = False

    def start(self, schedule: Schedule) -> Save:
        """The last save before the schedule begins."""
        return next(save for save in reversed(self.saves) if all(_is_before(save, fault) for fault in schedule))

    def leaves_time(self, at: datetime) -> bool:
        """Whether a world without rest has its last half hour still to come then."""
        until = self.end.until
        return self.is_silent or until is None or until - at > LAST

    @property
    def is_steady(self) -> bool:
        """Whether it means something what comes and goes: not where attempts fail until the end, or until the world is
        changed at its moment."""
        return self.is_silent and not any(isinstance(action, Alter) for action in self.history.actions)

    def tolls(self, since: int, until: int | None = None) -> Tolls:
        """What came and went between two versions of the cluster."""
        return tolls(self.end, since, until)


def _is_before(save: Save, fault: Fault) -> bool:
    event, write = getattr(fault, "event", None), getattr(fault, "write", None)
    if event is not None:
        return bool(save.events <= event)
    if write is None or write < 0:
        return save.writes == save.events == save.course.place == 0
    return bool(save.writes <= write)


def tolls(course: Course, since: int, until: int | None = None) -> Tolls:
    """What came and went in a course between two versions of its cluster, of the kinds that are compared."""
    found: Tolls = Counter()
    for kind in course.play.compared:
        for change in course.play.cluster.store.changes(kind, since):
            if change.event != "MODIFIED" and (until is None or change.version <= until):
                found[change.event, kind] += 1
    return found


# ---- recording ------------------------------------------------------------------------------------------------------
class _Recorder:
    """Watches a course and fills its trunk."""

    def __init__(self, trunk: Trunk) -> None:
        self.trunk, self.course = trunk, trunk.end
        self._counted = (-1, -1)
        self._late: list[tuple[Rest, State]] = []
        driver = self.course.driver
        self._before = 0
        driver.on_round, driver.is_lost = self.save, self._note_event
        driver.before_write, driver.after_write = self._begin, self._note

    def save(self) -> None:
        """Keep a fork, if anything was sent or seen since the last one."""
        injector = self.course.injector
        if (injector.writes, injector.events) != self._counted:
            self._counted = (injector.writes, injector.events)
            version = self.course.play.cluster.resource_version
            self.trunk.saves.append(Save(*self._counted, version, self.course.fork()))

    def rest(self) -> bool:
        """Keep the state of a rest."""
        self.trunk.rests[spot_of(self.course)] = Rest.of(self.course)
        if self.course.is_ending(LAST):
            self._late.append((self.trunk.rests[spot_of(self.course)], end_of(self.course)))
        return False

    def finish(self) -> None:
        """The course has stopped."""
        trunk, driver = self.trunk, self.course.driver
        driver.on_round = driver.is_lost = driver.before_write = driver.after_write = None
        trunk.is_silent = self.course.is_silent
        trunk.ends = [end_of(self.course)]
        if not trunk.is_silent:
            trunk.ends += [end for _, end in self._late]
        for rest in trunk.rests.values():
            if rest.is_last:
                trunk.alike.add(rest, circumstances(rest), rest)
                trunk.outlines.add(outline(rest))

    def _begin(self, _change: Change) -> None:
        self._before = self.course.play.cluster.resource_version

    def _note(self, change: Change) -> None:
        """An apply that is sent again counts as a request of its own."""
        count = self.course.injector.writes - len(self.trunk.sent)
        self.trunk.sent += [
            Sent(change, self.course.now, self._before, self.course.play.cluster.resource_version)
        ] * count

    def _note_event(self, event: Json) -> bool:
        obj = event["object"]
        metadata = obj["metadata"]
        known = self.course.driver.memory.table.find(Key(obj["kind"], metadata.get("namespace", ""), metadata["name"]))
        is_echo = known is not None and known.resource_version == metadata["resourceVersion"]
        self.trunk.seen.append(Seen(event, self.course.now, not is_echo))
        return False


def record(history: History, cluster: Cluster, *, vocabulary: Vocabulary = AIM, watched: bool = False) -> Trunk:
    """Play a history to its end without faults, and keep all that branches need. `cluster` is taken over.

    If `watched`, each write is held to the laws of safety and honesty: raises `Broken`.
    """
    course = Course(history, cluster, vocabulary=vocabulary)
    recorder = _Recorder(Trunk(history, course))
    if watched:
        Guard(course.driver)
        Auditor(course.driver)
    course.go(recorder.rest, recorder.save)
    recorder.finish()
    return recorder.trunk
