"""The laws of planning, as checks that a test or a user's own harness can hold any history to.

1. A check raises `Broken`, which names the law, the object and the difference; it answers with what it tried.
2. `Witness` hangs on a driver and checks while a history is played: Pure and Complete for each plan, No lost wake-up
   after each batch of events. The other checks take a play that has converged.
3. Checks look in from outside: they never change what a driver knows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from aimcore.changes import Change, Changes, PatchStatus
from aimcore.diff import changes_needed
from aimcore.dispatch import make_plan
from aimcore.facts import Answer, Outcome, OutcomeOf, Taken, Want
from aimcore.labels import CONTROLLERS
from aimcore.plan import Plan
from aimcore.reads import FactRead, IndexRead, KindRead, ObjectRead, Read, ViewRead
from aimcore.resource import Key, Resource
from aimcore.simulation.cluster import Cluster
from aimcore.snapshot import Availability, Snapshot, Source
from aimcore.table import Table
from aimcore.testing.driver import Driver
from aimcore.testing.histories import START, Play
from aimcore.testing.masking import differences, without_moments
from aimcore.wire import Done

MANAGERS = frozenset(controller.manager for controller in CONTROLLERS.values())


class Broken(AssertionError):  # noqa: N818  a broken law is what it says
    """A law does not hold."""

    def __init__(self, law: str, subject: object, lines: Iterable[str]) -> None:
        super().__init__("\n  ".join([f"{law} is broken for {subject}:", *lines]))


# ---- values of plans ------------------------------------------------------------------------------------------------
def parts_of(plan: Plan) -> dict[str, Any]:
    """A plan as plain JSON, without its reads."""
    return {
        "children": [[c.write, c.component, c.may_force, c.manifest] for c in plan.children],
        "deletions": [[*d.key, d.uid, d.reason, d.component, d.resource_version] for d in plan.deletions],
        "edits": [[*e.key, e.uid, dict(e.labels), e.component] for e in plan.edits],
        "status": dict(plan.status),
        "finalizers": [list(plan.add_finalizers), list(plan.remove_finalizers)],
        "events": [[e.type, e.reason, e.message] for e in plan.events],
        "notes": [[n.stage, n.subject, n.message] for n in plan.notes],
        "wants": [repr(w) for w in plan.wants],
        "retry": plan.retry,
        "check_again_at": plan.check_again_at.isoformat() if plan.check_again_at is not None else None,
    }


def plan_bytes(plan: Plan) -> bytes:
    """The bytes by which two plans are told apart: every member in its order, and the set of reads."""
    reads = sorted(_read_text(r) for r in plan.reads)
    return json.dumps([*plan.key, parts_of(plan), reads], ensure_ascii=False).encode()


def _read_text(read: Read) -> str:
    if isinstance(read, ViewRead):
        return f"ViewRead({read.function.__module__}.{read.function.__qualname__}, {read.args!r})"
    return repr(read)


# ---- sources --------------------------------------------------------------------------------------------------------
class Rebuilt:
    """A source with the same knowledge as a table, filed anew in an order that `salt` decides."""

    def __init__(self, table: Table, salt: str = "") -> None:
        self._facts = table
        keys = sorted(table.keys(), key=lambda k: hashlib.blake2b(f"{salt}{k}".encode(), digest_size=8).digest())
        self._table = Table(resource.raw for k in keys if (resource := table.find(k)) is not None)
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

    def keep_view(self, read: ViewRead, value: Any, reads: frozenset[Read]) -> None:
        """A view that was not read is a gap already."""


# ---- while a history is played --------------------------------------------------------------------------------------
class Witness:
    """Watches a driver. `plans` counts the plans that were checked, `batches` the looks for lost wake-ups.

    `every`: only each n-th batch of events is followed by a look at all keys.
    """

    def __init__(self, driver: Driver, *, every: int = 1) -> None:
        self.driver = driver
        self.plans = self.batches = 0
        self._every, self._seen = every, 0
        driver.on_plan = self._on_plan
        driver.on_events = self._on_events

    def _on_plan(self, plan: Plan, changes: Changes, snapshot: Snapshot) -> None:
        self.plans += 1
        table, now = self.driver.memory.table, self.driver.clock.now
        shuffled = make_plan(Snapshot(Rebuilt(table, str(self.plans)), now, self.driver.settings), plan.key)
        if plan_bytes(shuffled) != plan_bytes(plan):
            raise Broken("Pure", plan.key, differences(parts_of(plan), parts_of(shuffled)))
        stripped = Stripped(table, frozenset(snapshot.reads))
        again = Snapshot(stripped, now, self.driver.settings)
        alike = make_plan(again, plan.key)
        if plan_bytes(alike) != plan_bytes(plan) or changes_needed(alike, again) != changes or stripped.gaps:
            lines = [*(f"not recorded: {gap}" for gap in stripped.gaps), *differences(parts_of(plan), parts_of(alike))]
            raise Broken("Reads are complete", plan.key, lines)

    def _on_events(self) -> None:
        self._seen += 1
        if self._seen % self._every == 0:
            self.look()

    def look(self) -> None:
        """Whether every key that nobody will look at again has the plan that it would get now."""
        self.batches += 1
        check_wakeups(self.driver)


def check_wakeups(driver: Driver) -> int:
    """Law 4: a key that is neither due nor scheduled has the plan that a controller without memory would make.

    Answers with the number of keys.
    """
    memory, now = driver.memory, driver.clock.now
    awake = memory.due.keys() | {key for at, key in memory.timers if at <= now}
    asleep = [key for key in driver.planned_keys() if key not in awake]
    source = Rebuilt(memory.table)
    for key in asleep:
        _check_asleep(driver, source, key, now)
    return len(asleep)


def _check_asleep(driver: Driver, source: Source, key: Key, now: datetime) -> None:
    snapshot = Snapshot(source, now, driver.settings)
    fresh, last = make_plan(snapshot, key), driver.plans.get(key)
    if last is None:
        raise Broken("No lost wake-up", key, ["it was never planned"])
    lines = list(differences(_to_compare(last), _to_compare(fresh)))
    lines += [f"never asked: {want}" for want in fresh.wants if want not in last.wants]
    if lines:
        raise Broken("No lost wake-up", key, lines)
    changes = changes_needed(fresh, snapshot)
    if changes and key not in driver.memory.failures:
        raise Broken("No lost wake-up", key, [f"it still needs {changes}"])
    again_at = snapshot.check_again_at
    if again_at is not None and not any(at <= again_at for at, named in driver.memory.timers if named == key):
        raise Broken("No lost wake-up", key, [f"nobody looks again at {again_at}"])


def _to_compare(plan: Plan) -> Any:
    parts = parts_of(plan)
    for volatile in ("wants", "events", "check_again_at"):
        del parts[volatile]
    return json.loads(without_moments(json.dumps(parts)))


# ---- after convergence ----------------------------------------------------------------------------------------------
def requests_of_ours(cluster: Cluster) -> dict[tuple[str, str], int]:
    """How many requests our controllers made, by (manager, verb), as the server counted."""
    return {k: n for k, n in cluster.requests_by.items() if k[0] in MANAGERS}


def check_quiet(play: Play, *, hours: float = 2, resync: timedelta = timedelta(minutes=10)) -> int:
    """Law 2: looking at everything again, every `resync` for so many hours, makes no request.

    Where nothing is scheduled and the world is silent, none is made in between either. What the world does meanwhile,
    and what `check_again_at` asked for, may be answered. Answers with the number of plans that were made by the resync.
    """
    planned, end = 0, play.clock.now + timedelta(hours=hours)
    while play.clock.now < end:
        before, written, silent = requests_of_ours(play.cluster), len(play.driver.log), play.is_silent(resync)
        play.pass_time(resync)
        if not silent:
            before, written = requests_of_ours(play.cluster), len(play.driver.log)
        play.driver.resync()
        planned += play.driver.settle()
        if requests_of_ours(play.cluster) != before:
            raise Broken("Quiet", play.clock.text(), map(_told, play.driver.log[written:]))
    return planned


def check_restart(play: Play) -> int:
    """Law 2 after a restart: in a world at rest, a controller without memory writes nothing.

    What the server refuses may be tried once more, for refusals are not stored, and a registry that is asked anew may
    be told of with its time. Answers with the number of plans.
    """
    written = len(play.driver.log)
    play.driver.restart()
    planned = play.driver.settle()
    done = [(c, r) for c, r in play.driver.log[written:] if isinstance(r, Done) and not _tells_only_when(c)]
    if done:
        raise Broken("Quiet after a restart", play.clock.text(), map(_told, done))
    return planned


def _tells_only_when(change: Change) -> bool:
    return isinstance(change, PatchStatus) and change.patch.keys() == {"lastSyncTime"}


def _told(entry: tuple[object, object]) -> str:
    change, result = entry
    return f"{change} -> {type(result).__name__}"
