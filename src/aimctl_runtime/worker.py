"""The loop: from a key to what was written for it.

1. Think: snapshot, plan, changes; remember the reads before the first await.
2. A finalizer that is added ends the round; its echo starts the next.
3. Children are written in order; each outcome becomes a fact. If one was not done, think again, so that the status
   tells of it in the same round.
4. Then the questions for the world are handed over, then the status is written (at its `pace`), then the events
   (they belong to transitions, so only after something was written); at last the next look is scheduled.
5. Whatever a round raises is logged, counted and retried with back-off; it harms no other key.
"""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from aimcore import diff, dispatch
from aimcore.changes import Apply, Changes, ChildChange, PatchFinalizers, PatchStatus, fingerprint
from aimcore.cluster.kinds import KINDS
from aimcore.facts import OutcomeOf, Refusal, Taken, Want
from aimcore.outcomes import settled_outcomes
from aimcore.plan import Plan, PlannedEvent
from aimcore.resource import Key, Resource
from aimcore.snapshot import Snapshot
from aimcore.vocabulary import CONTROLLERS
from aimcore.wire import Done
from aimctl_runtime.apply import NotLeadingError, Writer, Written
from aimctl_runtime.clock import Clock
from aimctl_runtime.log import Log
from aimctl_runtime.metrics import Meter, SilentMeter
from aimctl_runtime.pace import Pace
from aimctl_runtime.queue import ClosedError, Queue
from aimctl_runtime.recorder import Recorder
from aimctl_runtime.store import Store

FORCED = "FieldConflictForced"
"""Reason of the event that names a manager whose fields were taken."""


class Desk(Protocol):
    """Takes questions for the world; the answers reach the store."""

    def ask(self, want: Want) -> None: ...


@dataclass(frozen=True, slots=True)
class Thought:
    """One plan and everything that follows from it before anything is written."""

    plan: Plan
    changes: Changes
    wants: tuple[Want, ...]
    check_again_at: datetime | None

    def again_at(self, moment: datetime) -> Thought:
        """The same, to be looked at again at that moment at the latest."""
        return replace(self, check_again_at=min(moment, self.check_again_at or moment))


@dataclass(frozen=True, slots=True)
class Round:
    """How a round went. `wait` is what a server asked for, in seconds; `look` asks for another look at once, because
    the status that was written may let the plan go on.
    """

    result: str
    check_again_at: datetime | None = None
    retry: bool = False
    wait: float = 0.0
    look: bool = False


class Worker:
    """See the rules above. Several `run` side by side share one worker."""

    def __init__(
        self,
        store: Store,
        queue: Queue,
        writer: Writer,
        recorder: Recorder,
        desk: Desk,
        clock: Clock,
        log: Log,
        *,
        meter: Meter | None = None,
        make_plan: Callable[[Snapshot, Key], Plan] = dispatch.make_plan,
        changes_needed: Callable[[Plan, Snapshot], Changes] = diff.changes_needed,
    ) -> None:
        self._store = store
        self._queue = queue
        self._writer = writer
        self._recorder = recorder
        self._desk = desk
        self._clock = clock
        self._log = log.named("controller")
        self._meter = meter or SilentMeter()
        self._make_plan = make_plan
        self._changes_needed = changes_needed
        self._pace = Pace(clock)
        self._rounds = itertools.count(1)

    async def run(self) -> None:
        """Take keys until the queue closes. Raises NotLeadingError."""
        while True:
            try:
                key = await self._queue.take()
            except ClosedError:
                return
            try:
                await self._run_one(key)
            finally:
                self._queue.done(key)

    async def _run_one(self, key: Key) -> None:
        controller = _controller(key)
        log = self._log.about(**_fields(key, controller, next(self._rounds)))
        with self._meter.round(controller) as measured:
            try:
                done = await self.round(key, log)
            except NotLeadingError:
                raise
            # Rule 5: the one place that lets nothing through.
            except Exception as problem:  # noqa: BLE001
                trace = "".join(traceback.format_exception(problem))
                log.error("the round failed; this is a fault of the controller", error=str(problem), stack=trace)
                self._meter.fault(controller)
                done = Round("error", retry=True)
            measured.result = done.result
        self._schedule(key, done)

    def _schedule(self, key: Key, done: Round) -> None:
        if done.retry:
            self._queue.retry(key, at_least=done.wait)
        else:
            self._queue.forget(key)
            if done.look:
                self._queue.add(key)
        if done.check_again_at is not None:
            self._queue.add_at(key, done.check_again_at)

    # ---- one round ----------------------------------------------------------------------------------------------
    async def round(self, key: Key, log: Log) -> Round:
        """Plan one object and write what its plan needs."""
        thought = self._think(key)
        resource = self._store.table.find(key)
        if resource is None:
            self._pace.forget(key)
            return Round("success")
        if thought.changes.finalizers is not None:
            written = await self._writer.write(thought.changes.finalizers)
            if not written.is_done or _adds(thought.changes.finalizers):
                return self._ending(thought, [written], log)
            thought = self._think(key)
        results = [await self._write_child(key, change, log) for change in thought.changes.children]
        if not all(written.is_done for written in results):
            thought = self._think(key)
        for want in thought.wants:
            self._desk.ask(want)
        if thought.changes.status is not None:
            is_asking = bool(thought.wants) and bool(resource.status.get("conditions"))
            waits_until = self._pace.next_write(thought.changes.status, is_asking=is_asking)
            if waits_until is not None:
                await self._emit(resource, (), results)
                return self._ending(thought.again_at(waits_until), results, log)
            status = await self._writer.write(thought.changes.status)
            self._pace.wrote(key)
            results.append(status)
            if not status.is_done:
                return self._ending(thought, results, log)
            for condition in _turned(resource.status, thought.plan.status):
                log.info("condition changed", **condition)
        if results:
            await self._emit(resource, thought.plan.events, results)
        return self._ending(thought, results, log)

    def _think(self, key: Key) -> Thought:
        snapshot = self._store.snapshot(self._clock.now())
        plan = self._make_plan(snapshot, key)
        over = settled_outcomes(plan, snapshot)
        if over:
            for of in over:
                self._store.learn_outcome(of, None)
            snapshot = self._store.snapshot(self._clock.now())
            plan = self._make_plan(snapshot, key)
        changes = self._changes_needed(plan, snapshot)
        self._store.remember(key, frozenset(snapshot.reads) | plan.reads)
        again = [t for t in (plan.check_again_at, snapshot.check_again_at) if t is not None]
        wants = tuple(dict.fromkeys((*plan.wants, *snapshot.wants)))
        return Thought(plan, changes, wants, min(again, default=None))

    async def _write_child(self, parent: Key, change: ChildChange, log: Log) -> Written:
        written = await self._writer.write(change)
        of = OutcomeOf(parent, written.change.key)
        if isinstance(written.result, Done):
            self._store.learn_outcome(of, None)
            if isinstance(written.change, Apply) and written.result.object is not None:
                self._learn_taken(of, written.change, written.result.object)
            log.info(f"{_VERBS[type(written.change).__name__]} {written.change.key}", **_forced_fields(written))
        else:
            outcome = written.result.outcome
            self._store.learn_outcome(of, outcome)
            # A write that only came too late is nobody's fault: the next round knows more.
            tell = log.debug if outcome.refusal is Refusal.APPLY_CONFLICT and not outcome.fields else log.error
            tell(f"{written.change.key} was not written", reason=outcome.refusal.value, error=outcome.message)
        return written

    def _learn_taken(self, of: OutcomeOf, change: Apply, stored: dict[str, object]) -> None:
        resource = Resource.of(stored)
        if resource is not None:
            taken = Taken(fingerprint(change.manifest), resource.generation, self._clock.now())
            self._store.learn_taken(of, taken)

    async def _emit(self, resource: Resource, planned: Iterable[PlannedEvent], results: list[Written]) -> None:
        component = f"aim-{_controller(resource.key)}-controller"
        for event in (*planned, *_forced_events(results)):
            await self._recorder.emit(resource, component, event)

    def _ending(self, thought: Thought, results: list[Written], log: Log) -> Round:
        failed = [written for written in results if not written.is_done]
        if failed:
            for written in failed:
                log.debug("not done", change=type(written.change).__name__, object=str(written.change.key))
            wait = max(written.wait for written in failed)
            return Round("error", thought.check_again_at, retry=True, wait=wait)
        if thought.plan.retry:
            return Round("requeue", thought.check_again_at, retry=True)
        result = "success" if thought.check_again_at is None else "requeue_after"
        wrote_status = any(isinstance(written.change, PatchStatus) for written in results)
        return Round(result, thought.check_again_at, look=wrote_status)


_VERBS = {"Apply": "applied", "Create": "created", "Delete": "deleted", "PatchObject": "labelled"}


def _turned(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    """The conditions whose status changed, as the log tells them."""
    old = {c.get("type"): c.get("status") for c in _conditions(before)}
    for condition in _conditions(after):
        if old.get(condition.get("type")) != condition.get("status"):
            told = {"condition": "type", "status": "status", "reason": "reason", "message": "message"}
            yield {name: str(condition.get(member, "")) for name, member in told.items()}


def _conditions(status: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    conditions = status.get("conditions")
    return [c for c in conditions if isinstance(c, dict)] if isinstance(conditions, list) else []


def _forced_fields(written: Written) -> dict[str, list[str]]:
    return {"forcedOver": list(written.forced_over)} if written.forced_over else {}


def _adds(change: PatchFinalizers) -> bool:
    return any(operation.get("op") == "add" for operation in change.operations)


def _forced_events(results: Iterable[Written]) -> Iterable[PlannedEvent]:
    for written in results:
        if written.forced_over:
            managers = ", ".join(written.forced_over)
            message = f"{written.change.key}: fields set by {managers} were set back to what this object asks for"
            yield PlannedEvent("Normal", FORCED, message)


def _controller(key: Key) -> str:
    controller = CONTROLLERS.get(key.kind)
    return controller.name if controller is not None else key.kind.lower()


def _fields(key: Key, controller: str, number: int) -> dict[str, object]:
    kind = KINDS.get(key.kind)
    return {
        "controller": controller,
        "controllerGroup": kind.group if kind else "",
        "controllerKind": key.kind,
        key.kind: {"name": key.name, "namespace": key.namespace},
        "namespace": key.namespace,
        "name": key.name,
        "reconcileID": f"{number:012x}",
    }
