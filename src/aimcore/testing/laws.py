"""The laws of planning, as checks that a test or a user's own harness can hold any history to.

1. A check raises `Broken`, which names the law, the object and the difference; it answers with what it tried.
2. `Witness` hangs on a driver and checks while a history is played: Pure, Complete and Known for each plan, No lost
   wake-up after each batch of events. The other checks take a play that has converged.
3. Checks look in from outside: they never change what a driver knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from aimcore.changes import Change, Changes, Delete, PatchStatus
from aimcore.diff import changes_needed
from aimcore.dispatch import AIM, make_plan
from aimcore.plan import Plan
from aimcore.reads import IndexRead, KindRead, ObjectRead, Read, TimeRead, ViewRead
from aimcore.resource import Key
from aimcore.simulation.cluster import Cluster
from aimcore.snapshot import Snapshot, Source
from aimcore.testing.driver import Driver
from aimcore.testing.histories import Play
from aimcore.testing.masking import differences, without_moments
from aimcore.testing.sources import Rebuilt, Stripped
from aimcore.vocabulary import Vocabulary
from aimcore.wire import Done

LATER = datetime.max.replace(tzinfo=UTC)


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


# ---- while a history is played --------------------------------------------------------------------------------------
class Witness:
    """Watches a driver, beside whoever else does.

    `plans` counts the plans that were checked, `batches` the looks for lost wake-ups.
    `every`: only each n-th batch of events is followed by a look at all keys; none with 0.
    """

    def __init__(self, driver: Driver, *, every: int = 1) -> None:
        self.driver = driver
        self.plans = self.batches = 0
        self._every, self._seen = every, 0
        self._next_plan, self._next_events = driver.on_plan, driver.on_events
        driver.on_plan = self._on_plan
        driver.on_events = self._on_events

    def _on_plan(self, plan: Plan, changes: Changes, snapshot: Snapshot) -> None:
        self.plans += 1
        check_known(plan, self.driver.vocabulary)
        table, now = self.driver.memory.table, self.driver.clock.now
        _check_next_look(snapshot, plan.key, now)
        shuffled = make_plan(Snapshot(Rebuilt(table, str(self.plans)), now, self.driver.settings), plan.key)
        if plan_bytes(shuffled) != plan_bytes(plan):
            raise Broken("Pure", plan.key, differences(parts_of(plan), parts_of(shuffled)))
        stripped = Stripped(table, frozenset(snapshot.reads))
        again = Snapshot(stripped, now, self.driver.settings)
        alike = make_plan(again, plan.key)
        if plan_bytes(alike) != plan_bytes(plan) or changes_needed(alike, again) != changes or stripped.gaps:
            lines = [*(f"not recorded: {gap}" for gap in stripped.gaps), *differences(parts_of(plan), parts_of(alike))]
            raise Broken("Reads are complete", plan.key, lines)
        if self._next_plan is not None:
            self._next_plan(plan, changes, snapshot)

    def _on_events(self) -> None:
        if self._next_events is not None:
            self._next_events()
        self._seen += 1
        if self._every and self._seen % self._every == 0:
            self.look()

    def look(self) -> None:
        """Whether every key that nobody will look at again has the plan that it would get now."""
        self.batches += 1
        check_wakeups(self.driver)


def check_known(plan: Plan, vocabulary: Vocabulary) -> None:
    """Law 4 of kinds: what a plan reads and makes is of kinds that the vocabulary knows. Others nobody watches.

    Nor does anybody watch Secrets: a plan asks whether one exists (`aimcore.facts.SecretExists`). A child's kind must
    be among the vocabulary's `children`, so that ends are compared by it too.
    """
    watched = vocabulary.kinds.keys() - {"Secret"}
    unread = {kind for read in plan.look_ups if (kind := _kind_of(read)) is not None} - watched
    unmade = {child.key.kind for child in plan.children} - vocabulary.children
    lines = [f"it reads {kind}, which nobody watches" for kind in sorted(unread)]
    lines += [f"it makes {kind}, which is none of the vocabulary's children" for kind in sorted(unmade)]
    if lines:
        raise Broken("Known kinds", plan.key, lines)


def _kind_of(read: Read) -> str | None:
    match read:
        case ObjectRead(key):
            return key.kind
        case IndexRead(kind) | KindRead(kind):
            return kind
        case _:
            return None


def _check_next_look(snapshot: Snapshot, key: Key, now: datetime) -> None:
    """Law 4: time is a read, and the next look is at the earliest moment ahead that the plan compared now with."""
    ahead = min((r.moment for r in snapshot.look_ups if isinstance(r, TimeRead) and r.moment > now), default=None)
    if snapshot.check_again_at != ahead:
        raise Broken("No lost wake-up", key, [f"the next look is at {snapshot.check_again_at}, not at {ahead}"])


def check_wakeups(driver: Driver) -> int:
    """Law 4: a key that is neither due nor scheduled has the plan that a controller without memory would make.

    Answers with the number of keys.
    """
    memory, now = driver.memory, driver.clock.now
    awake = memory.due.keys() | {key for key, at in memory.timers.items() if at <= now}
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
    if changes and key not in driver.memory.failures and not _is_behind(driver, key, changes):
        raise Broken("No lost wake-up", key, [f"it still needs {changes}"])
    again_at = snapshot.check_again_at
    if again_at is not None and driver.memory.timers.get(key, LATER) > again_at:
        raise Broken("No lost wake-up", key, [f"nobody looks again at {again_at}"])


def _is_behind(driver: Driver, key: Key, changes: Changes) -> bool:
    """Whether news of an object that would be written are on their way; they will wake its reader."""
    for written in (key, *(change.key for change in changes.children)):
        live, known = driver.cluster.peek(*written), driver.memory.table.find(written)
        if (live and str(live["metadata"]["resourceVersion"])) != (known and known.resource_version):
            return True
    return False


def _to_compare(plan: Plan) -> Any:
    parts = parts_of(plan)
    for volatile in ("wants", "events", "check_again_at"):
        del parts[volatile]
    return json.loads(without_moments(json.dumps(parts)))


# ---- after convergence ----------------------------------------------------------------------------------------------
def requests_of_ours(cluster: Cluster, vocabulary: Vocabulary = AIM) -> dict[tuple[str, str], int]:
    """How many requests the controllers of a vocabulary made, by (manager, verb), as the server counted."""
    managers = {controller.manager for controller in vocabulary.controllers.values()}
    return {k: n for k, n in cluster.requests_by.items() if k[0] in managers}


def check_quiet(play: Play, *, hours: float = 2, resync: timedelta = timedelta(minutes=10)) -> int:
    """Law 2: looking at everything again, every `resync` for so many hours, makes no request.

    Where nothing is scheduled and the world is silent, none is made in between either. What the world does meanwhile,
    and what `check_again_at` asked for, may be answered. Answers with the number of plans that were made by the resync.
    """
    planned, end = 0, play.clock.now + timedelta(hours=hours)
    while play.clock.now < end:
        before, written, silent = (
            requests_of_ours(play.cluster, play.driver.vocabulary),
            len(play.driver.log),
            play.is_silent(resync),
        )
        play.pass_time(resync)
        if not silent:
            before, written = requests_of_ours(play.cluster, play.driver.vocabulary), len(play.driver.log)
        play.driver.resync()
        planned += play.driver.settle()
        if requests_of_ours(play.cluster, play.driver.vocabulary) != before:
            raise Broken("Quiet", play.clock.text(), map(_told, play.driver.log[written:]))
    return planned


def check_restart(play: Play) -> int:
    """Law 2 after a restart: in a world at rest, a controller without memory writes nothing.

    What the server refuses, or takes without a change, may be tried once more, for nobody stores that, and a registry
    that is asked anew may be told of with its time. Answers with the number of plans.
    """
    written, newest = len(play.driver.log), play.cluster.resource_version
    play.driver.restart()
    planned = play.driver.settle()
    done = [
        (c, r)
        for c, r in play.driver.log[written:]
        if isinstance(r, Done) and not _tells_only_when(c) and _changed(r, newest)
    ]
    if done:
        raise Broken("Quiet after a restart", play.clock.text(), map(_told, done))
    return planned


def _changed(result: Done, newest: int) -> bool:
    """Whether a write changed something in a cluster whose newest version was that. Nobody knows after a deletion."""
    return result.object is None or int(result.object["metadata"]["resourceVersion"]) > newest


def _tells_only_when(change: Change) -> bool:
    return isinstance(change, PatchStatus) and change.patch.keys() == {"lastSyncTime"}


def _told(entry: tuple[Change, object]) -> str:
    change, result = entry
    match change:
        case Delete(_, _, reason):
            said = f", because {reason}"
        case PatchStatus(_, patch):
            said = f": {dict(patch)}"
        case _:
            said = ""
    return f"{type(change).__name__} {change.key}{said} -> {type(result).__name__}"
