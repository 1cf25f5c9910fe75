"""Pod logs, and the desk that takes questions to observers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aimcore.facts import (
    Answer,
    Failure,
    FailureKind,
    PodLog,
    SecretExists,
    Want,
)
from aimcore.wire import Request
from aimctl_runtime.clock import VirtualClock
from aimctl_runtime.observe.desk import AnsweringDesk
from aimctl_runtime.observe.patience import PAUSES
from aimctl_runtime.observe.pod_logs import PodLogReader
from aimctl_runtime.scopes import background
from aimctl_runtime.transport import Response, UnreachableError

from .doubles import START, Lines, ScriptedClient, answer, log_into, run, settle, status
from .registries import VirtualClockThatRuns

# ---- pod logs -------------------------------------------------------------------------------------------------------
LOG = PodLog("ns", "p", "u1", "main", lines=50, previous=True)
POD = answer(200, {"metadata": {"uid": "u1"}})


def test_the_log_of_exactly_that_pod_is_read():
    async def claim() -> None:
        client = ScriptedClient(POD, answer(200, "last words\n"), POD, answer(200, '{"json": 1}'))
        reader = PodLogReader(client)
        assert await reader.read(LOG) == "last words\n"
        assert dict(client.requests[1].query) == {
            "container": "main", "tailLines": "50", "previous": "true", "limitBytes": str(16 * 1024 * 1024)
        }  # fmt: skip
        assert await reader.read(PodLog("ns", "p", "u1", "main", lines=None)) == '{"json": 1}'
        assert "tailLines" not in dict(client.requests[3].query)

    run(claim())


@pytest.mark.parametrize(
    ("replies", "kind"),
    [
        ([answer(200, {"metadata": {"uid": "successor"}})], FailureKind.NOT_FOUND),
        ([answer(200, [])], FailureKind.UNREACHABLE),
        ([answer(200, '{"metadata": {"uid": "u')], FailureKind.UNREACHABLE),
        ([status(404, "NotFound")], FailureKind.NOT_FOUND),
        ([POD, status(400, "BadRequest", "container is waiting to start")], FailureKind.NOT_FOUND),
        ([POD, status(403, "Forbidden")], FailureKind.FORBIDDEN),
        ([POD, answer(429, "busy")], FailureKind.RATE_LIMITED),
        ([POD, answer(502, "proxy")], FailureKind.UNREACHABLE),
        ([UnreachableError("down", sent=True)], FailureKind.UNREACHABLE),
    ],
)
def test_a_log_that_cannot_be_had_says_why(replies: list[Any], kind: FailureKind):
    async def claim() -> None:
        last = [replies[-1]] * len(PAUSES)
        failure = await PodLogReader(ScriptedClient(*replies, *last), VirtualClockThatRuns()).read(LOG)
        assert isinstance(failure, Failure)
        assert failure.kind is kind
        assert "ns/p" in failure.message

    run(claim())


TROUBLE = [UnreachableError("down", sent=True), status(500, "InternalError"), answer(429, "busy", Retry_After="1")]


@pytest.mark.parametrize("trouble", [*TROUBLE, answer(200, '{"metadata": {"uid"')])
def test_trouble_on_the_way_to_a_log_is_no_answer(trouble: Any):
    async def claim() -> None:
        clock = VirtualClockThatRuns()
        client = ScriptedClient(trouble, trouble, POD, *TROUBLE, answer(200, "last words\n"))
        assert await PodLogReader(client, clock).read(LOG) == "last words\n"
        assert len(clock.waited) == 5
        assert all(0.5 <= seconds <= 2.0 for seconds in clock.waited)

    run(claim())


@pytest.mark.parametrize("trouble", TROUBLE[:2])
def test_a_node_that_is_slow_to_answer_is_not_asked_for_ever(trouble: Any):
    async def claim() -> None:
        clock = VirtualClockThatRuns()

        def slow(_: Request) -> Response:
            clock.advance(20)
            if isinstance(trouble, UnreachableError):
                raise trouble
            return trouble

        failure = await PodLogReader(ScriptedClient(POD, slow), clock).read(LOG)
        assert isinstance(failure, Failure)
        assert failure.kind is FailureKind.UNREACHABLE

    run(claim())


# ---- the desk -------------------------------------------------------------------------------------------------------
def test_equal_questions_are_answered_once_and_only_so_many_at_a_time():
    async def claim() -> None:
        learnt: list[tuple[Want, Answer]] = []
        running, most = 0, 0
        gate = asyncio.Event()

        async def observe(want: SecretExists) -> bool:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await gate.wait()
            running -= 1
            return want.name == "0"

        desk = AnsweringDesk(
            {SecretExists: observe}, lambda *pair: learnt.append(pair), VirtualClock(START), log_into(Lines()),
            at_once=2,
        )  # fmt: skip
        async with background() as tasks:
            desk.ask(SecretExists("ns", "0"))
            await tasks.start(desk.run)
            for number in range(5):
                desk.ask(SecretExists("ns", str(number)))
                desk.ask(SecretExists("ns", str(number)))
            await settle()
            assert not desk.is_idle
            gate.set()
            await settle()
            assert desk.is_idle
            assert most == 2
            assert [pair[1].value for pair in learnt] == [True, False, False, False, False]
            assert learnt[0][1].at == START
            desk.ask(SecretExists("ns", "0"))
            await settle()
            assert len(learnt) == 6

    run(claim())


def test_an_observer_that_raises_and_one_that_is_missing_give_failures():
    async def claim() -> None:
        learnt: list[Any] = []
        lines = Lines()

        async def observe(_want: Any) -> None:
            raise RuntimeError("boom")

        desk = AnsweringDesk(
            {SecretExists: observe}, lambda _, found: learnt.append(found.value), VirtualClock(START), log_into(lines)
        )
        async with background() as tasks:
            await tasks.start(desk.run)
            desk.ask(SecretExists("ns", "x"))
            desk.ask(LOG)
            await settle()
        assert {failure.kind for failure in learnt} == {FailureKind.UNREACHABLE}
        assert "boom" in lines.text

    run(claim())


def test_the_end_gives_up_what_is_open():
    async def claim() -> None:
        async def observe(_want: Any) -> None:
            await asyncio.Event().wait()

        learnt: list[Any] = []
        desk = AnsweringDesk(
            {SecretExists: observe}, lambda *pair: learnt.append(pair), VirtualClock(START), log_into(Lines())
        )
        async with background() as tasks:
            await tasks.start(desk.run)
            desk.ask(SecretExists("ns", "x"))
            await settle()
            assert not desk.is_idle
        assert desk.is_idle
        assert learnt == []

    run(claim())
