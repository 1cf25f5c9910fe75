"""The controller in memory: it watches a simulated cluster, plans and writes, one deterministic step at a time.

1. It plans with the doorway that every shell uses (`make_plan`, `changes_needed`) and reads answers with
   `aimcore.wire`; only the transport is missing.
2. Nothing happens by itself: `observe` delivers watch events, `work` runs one key, `settle` repeats both.
3. Time stands still unless somebody advances the clock (`run`).
4. `restart` forgets everything that a process forgets; `resync` has everything looked at again.
5. Tests look in through hooks: before and after a write, after a plan, and at each watch event, which may be lost.
6. All that goes wrong on the way to the cluster goes wrong in the `transport`; where it ends the process, the driver
   restarts.
   Whoever hangs on a hook calls whoever hung there before, so that several may watch one driver.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from aimcore.changes import (
    Apply,
    Change,
    Changes,
    Create,
    Delete,
    PatchObject,
    fingerprint,
)
from aimcore.diff import changes_needed
from aimcore.dispatch import AIM, make_plan
from aimcore.facts import Answer, Outcome, OutcomeOf, Taken, Want
from aimcore.outcomes import settled_outcomes
from aimcore.plan import Plan, PlannedEvent
from aimcore.reads import Read
from aimcore.resource import Json, Key
from aimcore.settings import Settings
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import ApiError, Cluster
from aimcore.snapshot import NotInstalled, Snapshot
from aimcore.table import Table
from aimcore.testing.memory import Memory
from aimcore.testing.transport import Died, Direct, NoAnswer, Silence, Stream, Transport, unreadable
from aimcore.vocabulary import Vocabulary
from aimcore.wire import Again, Done, Refused, Request, Unknown, read_response, read_silence, requests_of

Answers = Callable[[Want, datetime], Answer | None]
"""Answers a question for the world outside the API, or None while the world keeps silent."""

FIRST_BACKOFF = timedelta(milliseconds=5)
LONGEST_BACKOFF = timedelta(seconds=1000)
LASTING = frozenset({"Forbidden", "Unauthorized"})
PATIENCE = 3
"""As the reflector of the shell has it: which refusals of a list last, and how many of the others count as lasting."""
ROUNDS_AT_ONCE = 1000
"""How often controller and world may answer each other without the clock moving."""


class Steps(Protocol):
    """What the driver needs of a world."""

    def step(self) -> bool: ...
    def next_wake(self) -> datetime | None: ...


class Driver:
    """Runs the planners of all kinds of a vocabulary, ours by default, against a simulated cluster.

    `answers` stands for the world outside the API. `writes` counts requests by verb and kind; `events` collects the
    events that would have been emitted; `log` holds every change that was sent with its result; `made` the keys of all
    children that were written. With `planned`, only those keys and what is made from them are planned, but never the
    `spared` ones.

    `on_plan` sees each plan with its changes and snapshot before anything is written; `on_events` is called after
    events were learnt, `on_round` before watches are looked at. `is_lost` sees each watch event; one for which it
    answers True is not learnt.
    """

    def __init__(
        self,
        cluster: Cluster,
        clock: Clock,
        answers: Answers | None = None,
        *,
        settings: Settings | None = None,
        vocabulary: Vocabulary = AIM,
        planned: set[Key] | None = None,
        spared: Collection[Key] = (),
        before_write: Callable[[Change], None] | None = None,
        after_write: Callable[[Change], None] | None = None,
        on_plan: Callable[[Plan, Changes, Snapshot], None] | None = None,
        on_events: Callable[[], None] | None = None,
        is_lost: Callable[[Json], bool] | None = None,
        transport: Transport | None = None,
    ) -> None:
        self.cluster = cluster
        self.clock = clock
        self.answers: Answers = answers or (lambda _want, _now: None)
        self.settings = settings or Settings()
        self.vocabulary = vocabulary
        self.made: set[Key] = set()
        self._planned, self._spared = planned, frozenset(spared)
        self.before_write = before_write
        self.after_write = after_write
        self.on_plan = on_plan
        self.on_events = on_events
        self.is_lost = is_lost
        self.on_round: Callable[[], None] | None = None
        self.transport: Transport = transport or Direct(cluster, vocabulary)
        self.writes: Counter[tuple[str, str]] = Counter()
        self.events: list[tuple[Key, PlannedEvent]] = []
        self.log: list[tuple[Change, object]] = []
        self.plans: dict[Key, Plan] = {}
        self._wait = timedelta(0)
        self.memory = self._fresh()

    def restart(self) -> None:
        """Forget everything, as a new process would. What stands in the cluster stays."""
        self.memory = self._fresh()

    def resync(self) -> None:
        """Have every object that is planned for looked at again."""
        self.memory.due.update(dict.fromkeys(self.planned_keys()))

    def planned_keys(self) -> list[Key]:
        """The objects that are known and planned for, sorted."""
        return [key for key in self.memory.table.keys(None) if self._is_planned(key)]

    def relist(self) -> None:
        """Start every watch anew with a list, as after a watch that was too old."""
        self.memory.watches.clear()
        self.memory.seen = None

    def _fresh(self) -> Memory:
        return Memory(Table(settings=self.settings, vocabulary=self.vocabulary))

    # ---- watching -----------------------------------------------------------------------------------------------
    def observe(self, kinds: Iterable[str] | None = None) -> int:
        """Deliver all pending watch events (of these kinds). Answers with their number."""
        self.transport.begin_round()
        seen = sum(self._observe(kind) for kind in (kinds if kinds is not None else self._kinds_with_news()))
        if seen and self.on_events is not None:
            self.on_events()
        return seen

    def _kinds_with_news(self) -> Iterable[str]:
        """All kinds, unless it is known of which of them there is nothing new. In the order of the vocabulary."""
        memory, kinds = self.memory, self.vocabulary.kinds
        memory.seen, news = self.transport.news(memory.seen)
        return kinds if news is None else [kind for kind in kinds if kind in news]

    def _observe(self, kind: str) -> int:
        if kind == "Secret":
            return 0
        memory = self.memory
        watch = memory.watches.get(kind)
        if watch is None or watch.ended:
            try:
                watch = memory.watches[kind] = self._list_and_watch(kind)
            except (ApiError, NoAnswer) as trouble:
                self._cannot_list(kind, trouble)
                return 0
        events = watch.take()
        for event in events:
            if self.is_lost is None or not self.is_lost(event):
                self._learn_event(event)
        return len(events)

    def _cannot_list(self, kind: str, trouble: ApiError | NoAnswer) -> None:
        """A kind that is not served is gone with its objects. Of any other trouble what was known stands; it is told at
        once by a first list, or if it will last, and by an answer at the third time in a row."""
        memory = self.memory
        if isinstance(trouble, ApiError) and trouble.code == 404:
            memory.watches.pop(kind, None)
            for key in memory.table.keys(kind):
                memory.forget(key)
            memory.wake(memory.table.learn_availability(kind, NotInstalled(kind)))
            return
        found = unreadable(kind, trouble)
        memory.unlisted[kind] += isinstance(trouble, ApiError)
        if kind not in memory.watches or found.reason in LASTING or memory.unlisted[kind] >= PATIENCE:
            memory.wake(memory.table.learn_availability(kind, found))

    def _list_and_watch(self, kind: str) -> Stream:
        listed = self.transport.list(kind)
        table = self.memory.table
        self.memory.wake(table.learn_availability(kind, None))
        self.memory.unlisted.pop(kind, None)
        present = set()
        for item in listed["items"]:
            raw = {"apiVersion": self.vocabulary.kinds[kind].api_version, "kind": kind, **item}
            present.add(Key(kind, item["metadata"].get("namespace", ""), item["metadata"]["name"]))
            self._learn(raw)
        for key in table.keys(kind):
            if key not in present:
                self.memory.forget(key)
        return self.transport.watch(kind, listed["metadata"]["resourceVersion"])

    def _learn_event(self, event: Json) -> None:
        raw = event["object"]
        if event["type"] in ("ADDED", "MODIFIED"):
            self._learn(raw)
        elif event["type"] == "DELETED":
            metadata = raw["metadata"]
            self.memory.forget(Key(raw["kind"], metadata.get("namespace", ""), metadata["name"]))

    def _learn(self, raw: Json) -> None:
        if self.memory.learn(raw):
            key = Key(raw["kind"], raw["metadata"].get("namespace", ""), raw["metadata"]["name"])
            if self._is_planned(key):
                self.memory.due[key] = None

    def _is_planned(self, key: Key) -> bool:
        if key.kind not in self.vocabulary.planners or key in self._spared:
            return False
        return self._planned is None or key in self._planned or key in self.made

    # ---- planning and writing -----------------------------------------------------------------------------------
    def work(self, key: Key | None = None) -> bool:
        """Run one key that is due (the smallest, or the one named). False if none is."""
        memory = self.memory
        memory.fire_timers(self.transport.now)
        if key is None:
            key = min(memory.due, default=None)
            if key is None:
                return False
        memory.due.pop(key, None)
        memory.timers.pop(key, None)
        try:
            self._run(key)
        except Died:
            self.restart()
        return True

    def _run(self, key: Key) -> None:
        self._wait = timedelta(0)
        plan, changes, snapshot = self.plan(key)
        self.memory.remember(key, frozenset(snapshot.reads))
        if self._answer(plan):  # what is known within the moment counts before anything is written
            plan, changes, snapshot = self.plan(key)
            self.memory.remember(key, frozenset(snapshot.reads))
            self._answer(plan)
        if changes.finalizers is not None:
            self._back_off(key, not self.send(key, changes.finalizers))
            return
        refused = False
        for change in changes.children:
            refused |= not self.send(key, change)
        if refused:
            plan, changes, snapshot = self.plan(key)
            self.memory.remember(key, frozenset(snapshot.reads))
            if changes.children:  # time went on meanwhile: what was to rest is due
                self.memory.due[key] = None
        if snapshot.check_again_at is not None:
            self.memory.look_at(key, snapshot.check_again_at)
        stale = changes.status is not None and not self.send(key, changes.status)
        if not stale:
            self.events.extend((key, event) for event in plan.events)
        self._back_off(key, stale or plan.retry)

    def plan(self, key: Key) -> tuple[Plan, Changes, Snapshot]:
        """The plan of a key by what is known now, the changes it needs, and the snapshot with all reads."""
        plan, snapshot = self._think(key)
        over = settled_outcomes(plan, snapshot)
        if over:
            for of in over:
                self.memory.table.learn_outcome(of, None)
            plan, snapshot = self._think(key)
        changes = changes_needed(plan, snapshot)
        self.plans[key] = plan
        if self.on_plan is not None:
            self.on_plan(plan, changes, snapshot)
        return plan, changes, snapshot

    def _think(self, key: Key) -> tuple[Plan, Snapshot]:
        snapshot = Snapshot(self.memory.table, self.transport.now, self.settings)
        return make_plan(snapshot, key), snapshot

    def _answer(self, plan: Plan) -> bool:
        """Have the questions of a plan answered. Whether anything was learnt."""
        touched: set[Read] = set()
        for want in plan.wants:
            answer = self.answers(want, self.transport.now)
            if answer is not None:
                touched |= self.memory.table.learn_answer(want, answer)
        self.memory.wake(touched)
        return bool(touched)

    def ask_again(self) -> None:
        """Have all that want to know something of the world outside the API planned again: it may answer now."""
        self.memory.due.update(dict.fromkeys(key for key, plan in sorted(self.plans.items()) if plan.wants))

    def _back_off(self, key: Key, failed: bool) -> None:
        memory = self.memory
        if not failed:
            memory.failures.pop(key, None)
            return
        pause = max(self._wait, min(FIRST_BACKOFF * 2 ** min(memory.failures[key], 20), LONGEST_BACKOFF))
        memory.failures[key] += 1
        memory.look_at(key, self.transport.now + pause)

    def send(self, parent: Key, change: Change) -> bool:
        """Send one change and learn what came of it. Whether it was done."""
        if self.before_write is not None:
            self.before_write(change)
        if isinstance(change, Apply | Create):
            self.made.add(change.key)
        result = self._result(parent, change, requests_of(change, self.vocabulary.kinds), is_forced=False)
        self.log.append((change, result))
        if self.after_write is not None:
            self.after_write(change)
        of = OutcomeOf(parent, change.key)
        match result:
            case Done(obj):
                if obj is not None:
                    self._learn(obj)
                if isinstance(change, Apply):
                    live = obj["metadata"].get("generation", 0) if obj else 0
                    taken = Taken(fingerprint(change.manifest), live, self.transport.now)
                    self.memory.wake(self.memory.table.learn_taken(of, taken))
                self.memory.wake(self.memory.table.learn_outcome(of, None))
                return True
            case Refused(outcome) | Unknown(outcome):
                if isinstance(change, Apply | Create | Delete | PatchObject):
                    self.memory.wake(self.memory.table.learn_outcome(of, self._seen(change, outcome)))
                return False
        raise AssertionError(result)

    def _seen(self, change: Change, outcome: Outcome) -> Outcome:
        live = self.memory.table.find(change.key)
        return replace(outcome, seen=live.resource_version if live is not None else "")

    def _result(self, parent: Key, change: Change, request: Request, *, is_forced: bool) -> Done | Refused | Unknown:
        self.writes[request.verb, change.key.kind] += 1
        kinds, now = self.vocabulary.kinds, self.transport.now
        answer = self.transport.send(parent, change, is_forced=is_forced)
        if isinstance(answer, Silence):
            return read_silence(change, answer.message, now, sent=answer.sent)
        self._wait = max(self._wait, answer.wait)
        forced = self.memory.forced.get(change.key, {})
        result = read_response(change, answer.code, answer.body, now, forced=forced, is_forced=is_forced, kinds=kinds)
        if isinstance(result, Again):
            self.memory.forced.setdefault(change.key, {}).update(dict.fromkeys(result.managers, now))
            return self._result(parent, change, result.request, is_forced=True)
        return result

    # ---- running ------------------------------------------------------------------------------------------------
    def settle(self, limit: int = 10_000) -> int:
        """Observe and work until nothing is due at this moment. Answers with the number of keys run.

        Raises `AssertionError` if that takes more than `limit` runs: the controller is not quiet.
        """
        runs = 0
        while True:
            if self.on_round is not None:
                self.on_round()
            self.observe()
            if self.work():
                runs += 1
            elif not self.transport.is_withholding:
                return runs
            if runs > limit:
                raise AssertionError(f"not quiet after {limit} runs; due: {sorted(self.memory.due)[:5]}")

    def run(self, world: Steps, until: datetime, *, done: Callable[[], bool] = lambda: False) -> bool:
        """Let controller and world answer each other, moving the clock from one moment that matters to the next.

        Ends when `done` says so (True), or when nothing is left to happen before `until` (False).
        """
        while True:
            self.settle()
            self._answer_each_other(world)
            if done():
                return True
            moments = (self.next_timer, self.transport.next_wake, world.next_wake())
            upcoming = min((m for m in moments if m is not None), default=None)
            if upcoming is None or upcoming > until:
                return False
            self.clock.set(max(upcoming, self.clock.now))

    def _answer_each_other(self, world: Steps) -> None:
        for _ in range(ROUNDS_AT_ONCE):
            if not world.step():
                return
            self.settle()
        raise AssertionError(f"controller and world never came to rest at {self.clock.text()}")

    @property
    def next_timer(self) -> datetime | None:
        """When a key wants to be planned again, if nothing happens before; by the server's clock."""
        wishes = self.memory.timers.values()
        return min(wishes) - (self.transport.now - self.clock.now) if wishes else None
