"""The proxy does to a connection what its schedule says, and to the server only what the effect says."""

from __future__ import annotations

import gc
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import anyio
import pytest
from aiohttp import web

from aimctl_runtime import scopes
from shell.web import serving

from .proxy import Proxy
from .schedule import Effect, Schedule, Strike

OBJECTS = "/api/v1/things"
WHOLE = {"kind": "Thing", "data": "x" * 400}
EVENTS = [json.dumps({"type": "ADDED", "object": {"number": number}}).encode() + b"\n" for number in range(5)]
CUT = "cut"


class Wire:
    """A server that counts what it did, and a client behind a proxy."""

    def __init__(self, proxy: Proxy, session: aiohttp.ClientSession) -> None:
        self.proxy, self.session = proxy, session
        self.done: list[str] = []
        self.kills = 0
        self.outages: list[Strike] = []

    async def ask(self, method: str = "POST", path: str = OBJECTS) -> object:
        """The code and the body that the client sees, or that it was cut off."""
        try:
            async with self.session.request(method, f"{self.proxy.url}{path}", json={"a": 1}) as answer:
                return answer.status, await answer.read()
        except aiohttp.ClientError:
            return CUT


@asynccontextmanager
async def wire(text: str) -> AsyncIterator[Wire]:
    """A wire on which the strikes of this line wait."""
    seen: list[Wire] = []

    async def serve(request: web.Request) -> web.StreamResponse:
        await request.read()
        seen[0].done.append(f"{request.method} {request.path}")
        if "watch" not in request.query:
            return web.json_response(WHOLE)
        response = web.StreamResponse()
        await response.prepare(request)
        for event in EVENTS:
            await response.write(event)
        return response

    def kill() -> None:
        seen[0].kills += 1

    async with serving(serve) as address, aiohttp.ClientSession() as session:
        port = int(address.rpartition(":")[2])
        proxy = Proxy(port, Schedule.read(text), kill=kill, stop_server=lambda strike: seen[0].outages.append(strike))
        async with proxy.running():
            seen.append(Wire(proxy, session))
            yield seen[0]


def over(text: str, claim: Callable[[Wire], Awaitable[None]]) -> None:
    async def run() -> None:
        with anyio.fail_after(20):
            async with wire(text) as ends:
                await claim(ends)

    scopes.run(run)


def test_without_a_strike_everything_passes_on_one_connection_after_the_other() -> None:
    async def claim(ends: Wire) -> None:
        for method in ("POST", "PATCH", "GET"):
            assert await ends.ask(method) == (200, json.dumps(WHOLE).encode())
        assert ends.done == [f"{method} {OBJECTS}" for method in ("POST", "PATCH", "GET")]
        assert ends.proxy.schedule.seen == {"write": 2, "read": 1}

    over("", claim)


@pytest.mark.parametrize("effect", [Effect.BUSY, Effect.INTERNAL, Effect.UNAVAILABLE, Effect.TIMEOUT, Effect.CONFLICT])
def test_a_refusal_is_the_servers_own_and_nothing_is_done(effect: Effect) -> None:
    async def claim(ends: Wire) -> None:
        found = await ends.ask()
        assert isinstance(found, tuple)
        assert str(found[0]) == effect.value
        assert ends.done == []
        assert await ends.ask() == (200, json.dumps(WHOLE).encode())

    over(f"write 1: {effect}", claim)


@pytest.mark.parametrize(("effect", "is_done"), [(Effect.LOST, False), (Effect.UNANSWERED, True), (Effect.TORN, True)])
def test_a_cut_leaves_open_what_was_done(effect: Effect, is_done: bool) -> None:
    async def claim(ends: Wire) -> None:
        assert await ends.ask() == CUT
        assert len(ends.done) == is_done
        assert await ends.ask() == (200, json.dumps(WHOLE).encode())

    over(f"write 1: {effect}", claim)


def test_a_cut_is_a_reset_of_the_connection() -> None:
    async def claim(ends: Wire) -> None:
        async with await anyio.connect_tcp("127.0.0.1", ends.proxy.port) as raw:
            await raw.send(f"POST {OBJECTS} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".encode())
            with pytest.raises(anyio.BrokenResourceError):
                await raw.receive()

    over(f"write 1: {Effect.UNANSWERED}", claim)


def test_half_an_answer_looks_whole_and_is_no_json() -> None:
    async def claim(ends: Wire) -> None:
        found = await ends.ask()
        assert isinstance(found, tuple)
        with pytest.raises(ValueError, match="Unterminated"):
            json.loads(found[1])

    over(f"write 1: {Effect.HALVED}", claim)


def test_an_unsure_answer_says_504_although_it_was_done() -> None:
    async def claim(ends: Wire) -> None:
        found = await ends.ask()
        assert isinstance(found, tuple)
        assert (found[0], len(ends.done)) == (504, 1)

    over(f"write 1: {Effect.UNSURE}", claim)


def test_silence_lasts_until_the_client_loses_patience() -> None:
    async def claim(ends: Wire) -> None:
        with anyio.move_on_after(0.2) as patience:
            await ends.ask()
        assert patience.cancelled_caught
        assert len(ends.done) == 1

    over(f"write 1: {Effect.SILENT}", claim)


@pytest.mark.parametrize("strike", ["late (0.2)", "done late (0.2)", "throttled"])
def test_late_and_slow_answers_are_whole(strike: str) -> None:
    async def claim(ends: Wire) -> None:
        began = anyio.current_time()
        assert await ends.ask() == (200, json.dumps(WHOLE).encode())
        assert anyio.current_time() - began > 0.15

    over(f"write 1: {strike}", claim)


@pytest.mark.parametrize(
    ("effect", "done"), [(Effect.KILLED_BEFORE, 0), (Effect.KILLED_UNANSWERED, 1), (Effect.KILLED_AFTER, 1)]
)
def test_a_kill_comes_at_its_point(effect: Effect, done: int) -> None:
    async def claim(ends: Wire) -> None:
        found = await ends.ask()
        assert (ends.kills, len(ends.done)) == (1, done)
        assert (found == CUT) == (effect is not Effect.KILLED_AFTER)

    over(f"write 1: {effect}", claim)


def test_a_write_in_flight_arrives_after_the_death_of_its_sender() -> None:
    async def claim(ends: Wire) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ends.ask)
            while not ends.kills:
                await anyio.sleep(0.01)
            assert ends.done == []
        assert ends.done == [f"POST {OBJECTS}"]

    over(f"write 1: {Effect.KILLED_IN_FLIGHT} (0.2)", claim)


def test_an_outage_is_asked_for_and_the_request_is_lost() -> None:
    async def claim(ends: Wire) -> None:
        assert await ends.ask() == CUT
        assert [(strike.effect, strike.amount) for strike in ends.outages] == [(Effect.OUTAGE, 1.5)]
        assert ends.done == []

    over(f"write 1: {Effect.OUTAGE} (1.5)", claim)


def test_while_it_is_down_connections_are_refused() -> None:
    async def claim(ends: Wire) -> None:
        ends.proxy.go_down()
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(OSError):  # noqa: PT011  (how it says "refused" is the library's business)
            await anyio.connect_tcp("127.0.0.1", ends.proxy.port)
        ends.proxy.come_up()
        while await ends.ask() == CUT:
            await anyio.sleep(0.01)
        assert ends.done == [f"POST {OBJECTS}"]

    over("", claim)


def is_open(client: socket.socket) -> bool:
    """Whether the other end has not ended a connection on which nothing is said."""
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


def test_whoever_comes_in_the_moment_of_an_outage_is_cut_too() -> None:
    """Nobody's connection is forgotten, however far its arrival had got: a socket left open fails the test."""

    async def claim(ends: Wire) -> None:
        for steps in range(12):
            with socket.create_connection(("127.0.0.1", ends.proxy.port)) as client:
                client.setblocking(False)
                for _ in range(steps):
                    await anyio.sleep(0)
                ends.proxy.go_down()
                while is_open(client):
                    await anyio.sleep(0.01)
            ends.proxy.come_up()
            while await ends.ask() == CUT:
                await anyio.sleep(0.01)
        gc.collect()

    over("", claim)


WATCH = f"{OBJECTS}?watch=true"


@pytest.mark.parametrize("strike", ["", "watch 1: throttled", "watch 1: events late (0.2)", "watch 1: late (0.2)"])
def test_a_watch_passes_whole_however_slowly(strike: str) -> None:
    async def claim(ends: Wire) -> None:
        assert await ends.ask("GET", WATCH) == (200, b"".join(EVENTS))

    over(strike, claim)


def test_a_watch_is_cut_within_an_event() -> None:
    async def claim(ends: Wire) -> None:
        assert await ends.ask("GET", WATCH) == CUT

    over(f"watch 1: {Effect.TORN_STREAM} (70)", claim)


def test_a_watch_ends_in_good_order_within_an_event() -> None:
    async def claim(ends: Wire) -> None:
        assert await ends.ask("GET", WATCH) == (200, b"".join(EVENTS)[:70])

    over(f"watch 1: {Effect.HALVED_STREAM} (70)", claim)


def test_events_and_leases_are_told_apart() -> None:
    async def claim(ends: Wire) -> None:
        await ends.ask("POST", "/api/v1/namespaces/default/events")
        await ends.ask("PUT", "/apis/coordination.k8s.io/v1/namespaces/aim-system/leases/a")
        assert ends.proxy.schedule.seen == {"lease": 1}

    over("", claim)
