"""Leader election: never two at once, whatever the clocks of the machines say."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import anyio
import pytest

from aimcore.wire import Request
from aimctl_runtime.clock import VirtualClock
from aimctl_runtime.leader import DURATION, LEASE, RENEW_DEADLINE, Elector, LeaderThread, Tenure
from aimctl_runtime.scopes import background, joined
from aimctl_runtime.transport import Response, UnreachableError

from .doubles import START, Lines, ScriptedClient, answer, log_into, run, settle, status


class LeaseServer(ScriptedClient):
    """Stores one Lease with optimistic concurrency; can go away."""

    def __init__(self) -> None:
        super().__init__()
        self.lease: dict[str, Any] | None = None
        self.version = 0
        self.down: str | None = None
        self.refuse: int | None = None

    async def request(self, request: Request, *, timeout: float) -> Response:
        self.requests.append(request)
        self.timeouts.append(timeout)
        await asyncio.sleep(0)
        if self.down == "before" or (self.down == "writes" and request.method != "GET"):
            raise UnreachableError("down", sent=False)
        if self.refuse is not None:
            return status(self.refuse, "Forbidden")
        response = self._answer(request)
        if self.down == "after" and request.method != "GET":
            raise UnreachableError("cut off", sent=True)
        return response

    def _answer(self, request: Request) -> Response:
        if request.method == "GET":
            return status(404, "NotFound", name=LEASE) if self.lease is None else answer(200, self.lease)
        if request.method == "POST":
            return status(409, "AlreadyExists") if self.lease else self._store(request.body, 201)
        if self.lease is None or request.body["metadata"].get("resourceVersion") != str(self.version):
            return status(409, "Conflict")
        return self._store(request.body, 200)

    def _store(self, body: dict[str, Any], code: int) -> Response:
        self.version += 1
        self.lease = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self.version)}}
        return answer(code, self.lease)

    @property
    def holder(self) -> str:
        return self.lease["spec"]["holderIdentity"] if self.lease else ""


class Candidate:
    def __init__(self, server: LeaseServer, name: str, clock: VirtualClock) -> None:
        self.tenure = Tenure()
        self.lines = Lines()
        self.led: list[str] = []
        elector = Elector(server, "aim-system", name, clock, log_into(self.lines, clock), self.tenure)
        self.task = asyncio.create_task(elector.run(lambda: self.led.append(name)))

    @property
    def leads(self) -> bool:
        return self.tenure.is_leader

    async def leave(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def pass_time(clock: VirtualClock, seconds: float) -> None:
    for _ in range(int(seconds / 0.5)):
        clock.advance(0.5)
        await settle(20)


@pytest.mark.rule("D-16")
def test_the_first_candidate_makes_the_lease_and_renews_it():
    async def claim() -> None:
        server, clock = LeaseServer(), VirtualClock(START)
        one = Candidate(server, "one", clock)
        await pass_time(clock, 60)
        assert one.leads
        assert one.led == ["one"]
        assert server.lease is not None
        spec = server.lease["spec"]
        assert server.lease["metadata"]["name"] == "3be10d2f.eai.amd.com"
        assert (spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (15, 0)
        assert spec["renewTime"] > spec["acquireTime"]
        await one.leave()

    run(claim())


def test_a_lease_is_taken_only_after_it_stood_still_for_its_duration_by_our_own_clock():
    async def claim() -> None:
        server, clock = LeaseServer(), VirtualClock(START)
        # The record claims to have been renewed long ago: the other machine's clock may simply be wrong.
        spec = {"holderIdentity": "reference", "leaseDurationSeconds": 15, "renewTime": "1999-01-01T00:00:00.000000Z"}
        server._store({"metadata": {"name": LEASE}, "spec": spec}, 201)
        two = Candidate(server, "two", clock)
        await pass_time(clock, DURATION - 1)
        assert not two.leads
        await pass_time(clock, 4)
        assert two.leads
        assert server.lease is not None
        assert server.lease["spec"]["leaseTransitions"] == 1
        await two.leave()

    run(claim())


def test_a_lease_that_moves_is_never_taken():
    async def claim() -> None:
        server, clock = LeaseServer(), VirtualClock(START)
        one, two = Candidate(server, "one", clock), Candidate(server, "two", clock)
        for _ in range(20):
            await pass_time(clock, 10)
            assert [c.leads for c in (one, two)].count(True) == 1
        await one.leave()
        await two.leave()

    run(claim())


def test_the_leader_gives_up_before_anybody_else_may_begin():
    async def claim() -> None:
        server, clock = LeaseServer(), VirtualClock(START)
        one = Candidate(server, "one", clock)
        await pass_time(clock, 4)
        server.down = "before"
        deadline = one.tenure.deadline()
        await pass_time(clock, RENEW_DEADLINE + 2)
        assert one.task.done()
        assert one.tenure.is_lost
        assert not one.leads
        assert one.tenure.deadline() == float("-inf")
        assert deadline - clock.monotonic() > 0

    run(claim())


def test_a_renewal_whose_answer_was_lost_is_found_to_have_happened():
    async def claim() -> None:
        server, clock = LeaseServer(), VirtualClock(START)
        one = Candidate(server, "one", clock)
        await pass_time(clock, 4)
        server.down = "after"
        await pass_time(clock, 4)
        server.down = None
        await pass_time(clock, 20)
        assert one.leads
        await one.leave()

    run(claim())


def test_on_exit_the_lease_is_released_and_the_next_one_begins_at_once():
    async def claim() -> None:
        server, clock = LeaseServer(), VirtualClock(START)
        one = Candidate(server, "one", clock)
        await pass_time(clock, 4)
        two = Candidate(server, "two", clock)
        await pass_time(clock, 4)
        assert not two.leads
        await one.leave()
        assert server.holder == ""
        await pass_time(clock, 3)
        assert two.leads
        await two.leave()

    run(claim())


def test_a_candidate_releases_nothing_that_it_does_not_hold():
    async def claim() -> None:
        server, clock = LeaseServer(), VirtualClock(START)
        one, two = Candidate(server, "one", clock), Candidate(server, "two", clock)
        await pass_time(clock, 4)
        leader, other = (one, two) if one.leads else (two, one)
        await other.leave()
        assert server.holder == leader.led[0]
        await leader.leave()

    run(claim())


def test_a_release_does_not_touch_a_lease_that_passed_to_another():
    async def claim() -> None:
        server, clock = LeaseServer(), VirtualClock(START)
        one = Candidate(server, "one", clock)
        await pass_time(clock, 4)
        assert server.lease is not None
        server.lease["spec"]["holderIdentity"] = "thief"
        await one.leave()
        assert server.holder == "thief"

    run(claim())


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (401, "the server does not accept our credentials; renew them"),
        (403, "grant get, create and update on leases in the namespace aim-system"),
        (500, "the server is in trouble; trying again"),
    ],
)
def test_a_lease_that_cannot_be_read_is_told_once_with_the_remedy(code: int, remedy: str):
    async def claim() -> None:
        server, clock = LeaseServer(), VirtualClock(START)
        server.refuse = code
        one = Candidate(server, "one", clock)
        await pass_time(clock, 20)
        said = [(line["level"], line["msg"]) for line in one.lines.messages]
        assert said == [("error", f"the lease cannot be read (code {code}): {remedy}")]
        await one.leave()

    run(claim())


def test_a_lease_in_a_namespace_that_is_not_there_is_told_with_the_remedy():
    async def claim() -> None:
        clock, lines = VirtualClock(START), Lines()
        client = ScriptedClient(*[status(404, "NotFound", 'namespaces "aim-system" not found')] * 4)
        elector = Elector(client, "aim-system", "one", clock, log_into(lines, clock), Tenure())
        task = asyncio.create_task(elector.run(lambda: None))
        await settle()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        (line,) = lines.messages
        assert line["msg"].endswith("create the namespace aim-system, or name another with AIM_SYSTEM_NAMESPACE")
        assert line["error"] == 'namespaces "aim-system" not found'

    run(claim())


def thread_of(server: LeaseServer) -> LeaderThread:
    """An elector of this server."""

    async def connect() -> LeaseServer:
        return server

    return LeaderThread(connect, "aim-system", "me", log_into(Lines()))


def test_the_elector_runs_in_a_thread_of_its_own_and_leaves_it_clean():
    async def claim() -> None:
        server = LeaseServer()
        threads: set[str] = set()

        async def connect() -> LeaseServer:
            threads.add(threading.current_thread().name)
            return server

        leader, led = LeaderThread(connect, "aim-system", "me", log_into(Lines())), anyio.Event()
        async with background() as tasks:
            tasks.start_soon(leader.run, led.set)
            await led.wait()
            assert leader.tenure.deadline() > 0
            assert server.holder == "me"
        assert server.holder == ""
        assert threads == {"leader"}
        assert threading.active_count() == before

    before = threading.active_count()
    run(claim())


def test_a_busy_loop_of_the_controller_does_not_cost_the_lease(monkeypatch):
    monkeypatch.setattr("aimctl_runtime.leader.RENEW_DEADLINE", 0.3)
    monkeypatch.setattr("aimctl_runtime.leader.RETRY", 0.05)

    async def claim() -> None:
        server, led = LeaseServer(), anyio.Event()
        leader = thread_of(server)
        async with background() as tasks:
            tasks.start_soon(leader.run, led.set)
            await led.wait()
            before = server.version
            time.sleep(0.6)
            assert server.version > before + 3
            assert not leader.tenure.is_lost

    run(claim())


def test_an_elector_that_loses_the_lease_returns(monkeypatch):
    monkeypatch.setattr("aimctl_runtime.leader.RENEW_DEADLINE", 0.2)
    monkeypatch.setattr("aimctl_runtime.leader.RETRY", 0.05)

    async def claim() -> None:
        server, led = LeaseServer(), anyio.Event()
        leader = thread_of(server)
        async with joined() as tasks:
            tasks.start_soon(leader.run, led.set)
            await led.wait()
            server.down = "before"
        assert leader.tenure.is_lost
        assert leader.tenure.deadline() == float("-inf")

    run(claim())


def test_an_elector_that_cannot_connect_says_why():
    async def claim() -> None:
        async def connect() -> LeaseServer:
            raise OSError("no route")

        with pytest.raises(OSError, match="no route"):
            await LeaderThread(connect, "ns", "me", log_into(Lines())).run(lambda: None)

    run(claim())
