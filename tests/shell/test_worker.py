"""One round: what is written, in which order, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from aimcore.changes import Apply, Changes, Create, PatchFinalizers, PatchStatus, fingerprint
from aimcore.facts import Outcome, OutcomeOf, Refusal, SecretExists, Taken
from aimcore.plan import Child, Plan, PlannedEvent, Write
from aimcore.resource import Key
from aimcore.snapshot import Found, Snapshot
from aimcore.wire import Done
from aimctl_runtime.apply import LEADING_TIMEOUT, WRITE_TIMEOUT, NotLeadingError, Writer
from aimctl_runtime.clock import VirtualClock
from aimctl_runtime.queue import Queue
from aimctl_runtime.recorder import Recorder
from aimctl_runtime.store import Store
from aimctl_runtime.transport import UnreachableError
from aimctl_runtime.worker import FORCED, Worker

from .doubles import START, Lines, ScriptedClient, answer, log_into, run, settle, status, thing

SERVICE = Key("AIMService", "ns", "s")
ISVC = Key("InferenceService", "ns", "x")
MANIFEST = {"kind": "InferenceService", "metadata": {"name": "x", "namespace": "ns"}}
LIVE = {**thing("InferenceService", "x", 20), "apiVersion": "serving.kserve.io/v1beta1"}
APPLY = Apply(ISVC, MANIFEST, "aim-service-controller", "InferenceService", None)
CREATE = Create(Key("Job", "ns", "j"), {"kind": "Job", "metadata": {"name": "j"}}, "m", "Job")
STATUS = PatchStatus(SERVICE, {"status": "Running"}, "1", "aim-service-controller")
EVENT = PlannedEvent("Normal", "Ready", "it runs")


class Desk(list[Any]):
    def ask(self, want: Any) -> None:
        self.append(want)


Think = Callable[[Snapshot], tuple[dict[str, Any], Changes]]


class Scene:
    """A worker whose plans are given by a function of the snapshot."""

    def __init__(self, think: Think, *replies: Any, deadline: Callable[[], float | None] = lambda: None) -> None:
        self.clock = VirtualClock(START)
        self.client = ScriptedClient(*replies)
        self.lines = Lines()
        log = log_into(self.lines, self.clock)
        self.queue = Queue(self.clock)
        self.store = Store(self.queue.add, planned=("AIMService",))
        self.desk = Desk()
        self.thoughts: list[Changes] = []
        self.writer = Writer(self.client, self.store, self.clock, deadline)
        recorder = Recorder(self.client, self.clock, log)

        def make_plan(snapshot: Snapshot, key: Key) -> Plan:
            snapshot.object(*key)
            members, changes = think(snapshot)
            self.thoughts.append(changes)
            return Plan.made_from(snapshot, key, **members)

        self.worker = Worker(
            self.store, self.queue, self.writer, recorder, self.desk, self.clock, log,
            make_plan=make_plan, changes_needed=lambda *_: self.thoughts[-1],
        )  # fmt: skip
        for kind in ("AIMService", "InferenceService", "Job"):
            self.store.learn_availability(kind, kind, None)
        self.store.learn("AIMService", thing("AIMService", "s"))

    async def turn(self) -> None:
        """Let the worker do whatever can be done now."""
        worker = asyncio.create_task(self.worker.run())
        await settle(200)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)

    @property
    def sent(self) -> list[str]:
        return [f"{r.verb} {r.path.rsplit('/', 2)[-2]}/{r.path.rsplit('/', 1)[-1]}" for r in self.client.requests]


def steps(*thoughts: Changes, **members: Any) -> Think:
    """One thought after the other; the last one for ever."""
    left = list(thoughts)

    def think(_snapshot: Snapshot) -> tuple[dict[str, Any], Changes]:
        return members, left.pop(0) if len(left) > 1 else left[0]

    return think


def done(raw: dict[str, Any] = LIVE) -> Any:
    return answer(200, raw)


WRITTEN_STATUS = answer(200, thing("AIMService", "s", 30, status={"status": "Running"}))


def test_nothing_to_change_means_no_request_at_all():
    async def claim() -> None:
        scene = Scene(steps(Changes(), events=(EVENT,)))
        await scene.turn()
        assert scene.sent == []
        assert scene.queue.is_idle

    run(claim())


def test_children_come_before_the_status_and_events_last():
    async def claim() -> None:
        changes = Changes(children=(APPLY, CREATE), status=STATUS)
        scene = Scene(
            steps(changes, Changes(), events=(EVENT,)), done(), answer(201, {}), WRITTEN_STATUS, answer(201, {})
        )
        await scene.turn()
        assert scene.sent == ["apply inferenceservices/x", "create ns/jobs", "patch s/status", "create ns/events"]
        body = scene.client.requests[-1].body
        assert body["source"] == {"component": "aim-service-controller"}
        assert body["involvedObject"]["uid"] == "uid-s"

    run(claim())


def test_a_written_child_is_in_the_store_before_its_echo():
    async def claim() -> None:
        scene = Scene(steps(Changes(children=(APPLY,)), Changes()), done())
        await scene.turn()
        assert isinstance(scene.store.snapshot(START).object(*ISVC), Found)
        assert scene.store.table.taken(OutcomeOf(SERVICE, ISVC)) == Taken(fingerprint(MANIFEST), 0, START)

    run(claim())


def test_a_refused_child_is_told_in_the_same_round_and_retried_with_back_off():
    async def claim() -> None:
        def think(snapshot: Snapshot) -> tuple[dict[str, Any], Changes]:
            outcome = snapshot.outcome(SERVICE, ISVC)
            if outcome is None:
                return {"events": (EVENT,)}, Changes(children=(APPLY,), status=STATUS)
            said = PatchStatus(SERVICE, {"status": outcome.refusal.value}, "1", "m")
            return {}, Changes(children=(APPLY,), status=said)

        refused = status(403, "Forbidden", 'admission webhook "w" denied the request: no')
        scene = Scene(think, refused, WRITTEN_STATUS)
        await scene.turn()
        assert scene.sent == ["apply inferenceservices/x", "patch s/status"]
        assert scene.client.requests[1].body["status"] == {"status": "AdmissionDenied"}
        errors = [line for line in scene.lines.messages if line["level"] == "error"]
        assert errors[0]["controller"] == "service"
        assert errors[0]["AIMService"] == {"name": "s", "namespace": "ns"}

    run(claim())


def test_an_outcome_is_forgotten_when_the_write_succeeds():
    async def claim() -> None:
        def think(snapshot: Snapshot) -> tuple[dict[str, Any], Changes]:
            snapshot.outcome(SERVICE, ISVC)
            match snapshot.object(*ISVC):
                case Found():
                    return {}, Changes()
                case _:
                    return {}, Changes(children=(APPLY,))

        scene = Scene(think, status(503, "ServiceUnavailable"), done())
        await scene.turn()
        outcome = scene.store.table.outcome(OutcomeOf(SERVICE, ISVC))
        assert outcome is not None
        assert outcome.refusal is Refusal.SERVER_UNREACHABLE
        scene.clock.advance(0.006)
        await scene.turn()
        assert scene.store.table.outcome(OutcomeOf(SERVICE, ISVC)) is None
        assert len(scene.sent) == 2

    run(claim())


@pytest.mark.rule("F-99")
def test_a_server_that_asks_for_patience_gets_it():
    async def claim() -> None:
        busy = answer(429, "Too many requests", Retry_After="7")
        scene = Scene(steps(Changes(children=(APPLY,))), busy, done())
        await scene.turn()
        assert scene.queue.next_due() == 7.0

    run(claim())


def test_a_finalizer_that_is_added_ends_the_round():
    async def claim() -> None:
        adding = PatchFinalizers(SERVICE, ({"op": "add", "path": "/metadata/finalizers", "value": ["f"]},), "m")
        changes = Changes(finalizers=adding, children=(APPLY,), status=STATUS)
        scene = Scene(steps(changes, Changes()), answer(200, thing("AIMService", "s", 2)))
        await scene.turn()
        assert scene.sent == ["patch aimservices/s"]

    run(claim())


def test_after_a_finalizer_is_removed_the_round_thinks_again():
    async def claim() -> None:
        removing = PatchFinalizers(SERVICE, ({"op": "remove", "path": "/metadata/finalizers/0"},), "m")
        first = Changes(finalizers=removing, status=STATUS)
        scene = Scene(steps(first, Changes()), answer(200, thing("AIMService", "s", 2)))
        await scene.turn()
        assert scene.sent == ["patch aimservices/s"]

    run(claim())


@pytest.mark.rule("F-83")
def test_a_status_that_meets_a_conflict_is_planned_again_and_emits_no_event():
    async def claim() -> None:
        scene = Scene(
            steps(Changes(status=STATUS), events=(EVENT,)), status(409, "Conflict"), WRITTEN_STATUS, answer(201, {})
        )
        await scene.turn()
        assert scene.sent == ["patch s/status"]
        assert scene.queue.next_due() == 0.005
        assert scene.store.table.outcome(OutcomeOf(SERVICE, SERVICE)) is None

    run(claim())


def test_a_forced_conflict_is_reported_in_one_event_and_not_fought_again():
    async def claim() -> None:
        causes = [{"reason": "FieldManagerConflict", "message": 'conflict with "bob"', "field": ".spec.x"}]
        conflict = status(409, "Conflict", "Apply failed", causes=causes)
        thoughts = steps(Changes(children=(APPLY,)), Changes(children=(APPLY,)), Changes())
        scene = Scene(thoughts, conflict, done(), answer(201, {}), conflict)
        await scene.turn()
        assert scene.sent[:3] == ["apply inferenceservices/x", "apply inferenceservices/x", "create ns/events"]
        event = scene.client.requests[2].body
        assert (event["type"], event["reason"]) == ("Normal", FORCED)
        assert "bob" in event["message"]
        scene.queue.add(SERVICE)
        await scene.turn()
        outcome = scene.store.table.outcome(OutcomeOf(SERVICE, ISVC))
        assert outcome is not None
        assert outcome.refusal is Refusal.FIELD_CONFLICT

    run(claim())


def test_a_time_out_is_unknown_and_the_next_round_finds_out():
    async def claim() -> None:
        silence = UnreachableError("no answer within 30 s", sent=True)
        scene = Scene(steps(Changes(children=(CREATE,)), Changes()), silence)
        await scene.turn()
        outcome = scene.store.table.outcome(OutcomeOf(SERVICE, CREATE.key))
        assert outcome is not None
        assert outcome.refusal is Refusal.UNKNOWN
        assert scene.queue.next_due() is not None

    run(claim())


def test_reads_are_remembered_before_the_first_await():
    async def claim() -> None:
        other = Key("Job", "ns", "other")

        def think(snapshot: Snapshot) -> tuple[dict[str, Any], Changes]:
            snapshot.object(*other)
            return {}, Changes(children=(APPLY,))

        scene = Scene(think)

        def reply(_request: Any) -> Any:
            scene.store.learn("Job", thing("Job", "other"))
            return done()

        scene.client.replies = [reply, done(), done(), done()]
        await scene.turn()
        assert len(scene.thoughts) >= 2

    run(claim())


def test_wants_reach_the_desk_and_the_next_look_the_queue():
    async def claim() -> None:
        later = START + timedelta(seconds=90)
        want = SecretExists("ns", "x")

        def think(snapshot: Snapshot) -> tuple[dict[str, Any], Changes]:
            snapshot.fact(want)
            snapshot.is_past(later)
            return {}, Changes()

        scene = Scene(think)
        await scene.turn()
        assert list(scene.desk) == [want]
        assert scene.queue.next_due() == 90.0

    run(claim())


def test_a_plan_that_asks_for_a_retry_gets_back_off():
    async def claim() -> None:
        scene = Scene(steps(Changes(), retry=True))
        await scene.turn()
        assert scene.queue.next_due() == 0.005

    run(claim())


def test_a_planner_that_raises_harms_nobody_else():
    async def claim() -> None:
        def think(_snapshot: Snapshot) -> tuple[dict[str, Any], Changes]:
            raise RuntimeError("boom")

        scene = Scene(think)
        scene.store.learn("AIMService", thing("AIMService", "t"))
        await scene.turn()
        faults = [line for line in scene.lines.messages if "fault of the controller" in line["msg"]]
        assert {line["name"] for line in faults} == {"s", "t"}
        assert "RuntimeError: boom" in faults[0]["stack"]
        assert scene.queue.next_due() is not None

    run(claim())


def test_an_object_that_is_gone_needs_nothing():
    async def claim() -> None:
        scene = Scene(steps(Changes(status=STATUS)))
        scene.store.learn_gone("AIMService", SERVICE, "9")
        await scene.turn()
        assert scene.sent == []

    run(claim())


CONFLICT = status(
    409, "Conflict", causes=[{"reason": "FieldManagerConflict", "message": 'conflict with "bob"', "field": ".spec.x"}]
)


@pytest.mark.parametrize(
    ("second", "refusal"),
    [
        (UnreachableError("cut off", sent=True), Refusal.UNKNOWN),
        (status(403, "Forbidden", "no"), Refusal.ADMISSION_DENIED),
        (CONFLICT, Refusal.APPLY_CONFLICT),
    ],
)
def test_force_that_fails_is_not_remembered_as_force(second: Any, refusal: Refusal):
    async def claim() -> None:
        scene = Scene(steps(Changes()), CONFLICT, second)
        written = await scene.writer.write(APPLY)
        assert not isinstance(written.result, Done)
        assert written.result.outcome.refusal is refusal
        assert scene.writer._forced == {}

    run(claim())


def test_force_is_forgotten_after_a_while():
    async def claim() -> None:
        scene = Scene(steps(Changes()), CONFLICT, done(), CONFLICT, done())
        assert (await scene.writer.write(APPLY)).forced_over == ("bob",)
        scene.clock.advance(601)
        assert (await scene.writer.write(APPLY)).forced_over == ("bob",)

    run(claim())


def test_an_outcome_that_the_cluster_overtook_is_taken_back_in_the_next_round():
    async def claim() -> None:
        def think(snapshot: Snapshot) -> tuple[dict[str, Any], Changes]:
            outcome = snapshot.outcome(SERVICE, ISVC)
            seen.append(outcome is not None)
            return {"children": (Child(MANIFEST, "InferenceService", Write.CREATE),)}, Changes()

        seen: list[bool] = []
        scene = Scene(think)
        scene.store.learn("InferenceService", LIVE)
        scene.store.table.learn_outcome(OutcomeOf(SERVICE, ISVC), Outcome(Refusal.UNKNOWN, "timed out", START))
        await scene.turn()
        assert seen == [True, False]

    run(claim())


def test_conditions_that_turn_are_told_in_the_log():
    async def claim() -> None:
        conditions = [
            {"type": "Ready", "status": "True", "reason": "R", "message": "fine"},
            {"type": "ModelReady", "status": "False", "reason": "ModelMissing", "message": "no model"},
            "junk",
        ]
        thoughts = steps(Changes(status=STATUS), Changes(), status={"conditions": conditions})
        scene = Scene(thoughts, WRITTEN_STATUS)
        await scene.turn()
        told = [line for line in scene.lines.messages if line["msg"] == "condition changed"]
        assert [(line["condition"], line["status"], line["reason"]) for line in told] == [
            ("Ready", "True", "R"),
            ("ModelReady", "False", "ModelMissing"),
        ]
        assert [line["message"] for line in told] == ["fine", "no model"]

    run(claim())


# ---- leadership -----------------------------------------------------------------------------------------------------
def test_no_write_starts_without_time_left_on_the_lease():
    async def claim() -> None:
        scene = Scene(steps(Changes(children=(APPLY,))), deadline=lambda: LEADING_TIMEOUT - 0.1)
        worker = asyncio.create_task(scene.worker.run())
        with pytest.raises(NotLeadingError):
            await worker
        assert scene.sent == []

    run(claim())


@pytest.mark.parametrize(("deadline", "timeout"), [(None, WRITE_TIMEOUT), (100.0, LEADING_TIMEOUT)])
def test_a_write_ends_before_the_lease_does(deadline: float | None, timeout: float):
    async def claim() -> None:
        scene = Scene(steps(Changes(children=(APPLY,)), Changes()), done(), deadline=lambda: deadline)
        await scene.turn()
        assert scene.client.timeouts == [timeout]

    run(claim())


def test_a_refusal_says_which_state_of_the_child_it_met():
    async def claim() -> None:
        scene = Scene(steps(Changes(children=(APPLY,))), status(422, "Invalid"))
        scene.store.learn("InferenceService", LIVE)
        await scene.turn()
        outcome = scene.store.table.outcome(OutcomeOf(SERVICE, ISVC))
        assert outcome is not None
        assert (outcome.seen, outcome.desired) == ("20", fingerprint(MANIFEST))

    run(claim())
