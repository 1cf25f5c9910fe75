"""The local cluster: a simulated cluster and world behind a real HTTP API on the loopback address.

1. One event loop carries everything: requests, watches, and the ticker that lets the world act. Nothing is locked,
   because a request is answered from the cluster without an `await`.
2. There is one clock. The ticker moves it `speed` virtual seconds for each real one; with speed 0 only its owner does.
3. The world acts when something was written or when its next moment has come, so an idle cluster costs nothing.
4. Watches wake by one signal that every change raises; they poll for bookmarks only.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import anyio
import msgspec
from aiohttp import web

from aimcore.api.crd import crd_for
from aimcore.api.kinds import AIM_KINDS
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import Cluster
from aimcore.simulation.settings import WorldSettings
from aimcore.simulation.types import RESOURCE_TYPES, inference_service_type
from aimcore.simulation.world import World
from aimctl_runtime.local.catalog import call_of
from aimctl_runtime.local.exchange import Answer, LogStream, Reply, Request, Stream, status
from aimctl_runtime.local.faults import AFTERWARDS, EXPIRED, REFUSALS, Call, Effect, Fault, Faults
from aimctl_runtime.local.routes import Routes
from aimctl_runtime.local.validation import SchemaValidator
from aimctl_runtime.scopes import background, closing

TICK_SECONDS = 0.02
STEPS_PER_TICK = 5
"""Rounds of the world between two looks at the network."""
BOOKMARK_LOOK_SECONDS = 1.0
"""How often a silent watch looks whether a bookmark is due."""
SHUTDOWN_SECONDS = 0.2
"""How long open requests may take to end before they are cut; watches never end by themselves."""
BODY_LIMIT = 3 * 1024 * 1024
"""As the API server's limit for a request."""


class Signal:
    """Something that happens again and again; whoever waits next waits for the next time."""

    def __init__(self) -> None:
        self._next = anyio.Event()

    @property
    def next_time(self) -> anyio.Event:
        """Set when the signal is next raised."""
        return self._next

    def raise_now(self) -> None:
        self._next.set()
        self._next = anyio.Event()


class _Site:
    """An HTTP server on a socket."""

    def __init__(self, server: web.Server, listener: socket.socket) -> None:
        self._runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN_SECONDS)
        self._listener = listener

    async def open(self) -> None:
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener, backlog=1024).start()

    async def close(self) -> None:
        await self._runner.cleanup()


def new_cluster(settings: WorldSettings, clock: Clock) -> Cluster:
    """A cluster with all foreign kinds of the world and our CRDs, empty otherwise."""
    kserve = inference_service_type(minimal=settings.kserve.crd == "minimal")
    types = (kserve if t.name == kserve.name else t for t in RESOURCE_TYPES)
    cluster = Cluster(types, clock=clock, validate=SchemaValidator())
    for kind in AIM_KINDS:
        cluster.create(crd_for(kind), manager="aimctl")
    return cluster


class LocalCluster:
    """A cluster that kubectl and controllers can talk to while the block runs.

    `async with LocalCluster(settings, clock=Clock(now), speed=1.0) as local:` serves at `local.url`. `cluster`,
    `world`, `clock`, `faults` and `calls` (how often each call was made) are open to tests; who changes the cluster
    directly need not tell anybody. A `cluster` of one's own must have its kinds. Raises OSError if the port is taken.
    """

    def __init__(
        self,
        settings: WorldSettings,
        *,
        clock: Clock,
        speed: float = 1.0,
        port: int = 0,
        cluster: Cluster | None = None,
    ) -> None:
        if speed < 0:
            raise ValueError(f"speed: {speed} is negative; allowed: 0 (the clock stands still) or more")
        self.clock = clock
        self.cluster = cluster or new_cluster(settings, clock)
        self.world = World(self.cluster, settings)
        self.faults = Faults()
        self.calls: Counter[Call] = Counter()
        self.slowest_step = 0.0
        """Seconds that the longest round of the world took: all requests waited for it."""
        self.observers: list[Callable[[Request, Answer], None]] = []
        """Told of every request that the cluster answered, and of the answer, before it is sent."""
        self._routes = Routes(self.cluster, self.world)
        self._changed = Signal()
        self.speed = speed
        self._socket_port = port
        self._seen = -1
        self._settled = -1
        self._wake: datetime | None = None
        self._exits = contextlib.AsyncExitStack()

    @property
    def port(self) -> int:
        return self._socket_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket_port}"

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as exits:
            listener = socket.create_server(("127.0.0.1", self._socket_port), reuse_port=False)
            exits.callback(listener.close)
            self._socket_port = listener.getsockname()[1]
            server = web.Server(self._respond, access_log=None, handler_cancellation=True)
            site = await exits.enter_async_context(closing(_Site(server, listener)))
            await site.open()
            tasks = await exits.enter_async_context(background())
            tasks.start_soon(self._tick)
            self._exits = exits.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._exits.__aexit__(kind, error, trace)

    # ---- time and the world ---------------------------------------------------------------------------------------
    async def _tick(self) -> None:
        """Moves the clock, lets the world act, and tells watches of what was written past the API."""
        last = anyio.current_time()
        while True:
            now = anyio.current_time()
            if self.speed:
                self.clock.advance(timedelta(seconds=(now - last) * self.speed))
            last = now
            await self._let_world_act()
            if self._seen != self.cluster.resource_version:
                self._announce()
            await anyio.sleep(TICK_SECONDS)

    async def _let_world_act(self) -> None:
        """A few rounds of the world, if there is anything to do; requests get their turn between two rounds."""
        for _ in range(STEPS_PER_TICK):
            is_due = self._wake is not None and self._wake <= self.clock.now
            if self._settled == self.cluster.resource_version and not is_due:
                return
            started = time.perf_counter()
            has_written = self.world.step()
            self._wake = self.world.next_wake()
            self.slowest_step = max(self.slowest_step, time.perf_counter() - started)
            if has_written:
                self._announce()
            self._settled = self.cluster.resource_version
            await anyio.sleep(0)

    def _announce(self) -> None:
        self._seen = self.cluster.resource_version
        self._changed.raise_now()

    # ---- requests -------------------------------------------------------------------------------------------------
    async def _respond(self, incoming: web.BaseRequest) -> web.StreamResponse:
        body = await _body(incoming)
        if body is None:
            return _response(status(413, "RequestEntityTooLarge", f"the limit is {BODY_LIMIT} bytes"))
        headers = incoming.headers
        request = Request(
            incoming.method,
            incoming.path,
            dict(incoming.query),
            headers.get("Content-Type", ""),
            headers.get("Accept", ""),
            body,
            headers.get("User-Agent", ""),
        )
        target = self._routes.catalog.target(request.path)
        call = call_of(request, target)
        self.calls[call] += 1
        fault = self.faults.strike(call)
        if fault is not None and fault.effect in REFUSALS:
            return _response(REFUSALS[fault.effect])
        if fault is not None and fault.effect is Effect.SLOW:
            await anyio.sleep(fault.seconds)
        answer = self._routes.answer(request, target)
        for observe in self.observers:
            observe(request, answer)
        if self._seen != self.cluster.resource_version:
            self._announce()
        return await self._sent(incoming, answer, fault)

    async def _sent(self, incoming: web.BaseRequest, answer: Answer, fault: Fault | None) -> web.StreamResponse:
        match answer:
            case Reply() if fault is not None and fault.effect in AFTERWARDS:
                return await _spoiled(incoming, answer, fault.effect)
            case Reply():
                return _response(answer)
            case Stream():
                return await self._send_lines(incoming, "application/json", self._events(answer, fault), fault)
            case LogStream():
                return await self._send_lines(incoming, "text/plain", self._log_lines(answer), None)

    async def _send_lines(
        self, incoming: web.BaseRequest, content_type: str, parts: AsyncIterator[bytes], fault: Fault | None
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(incoming)
        with contextlib.suppress(ConnectionResetError):  # the client has gone: that is how most watches end
            async for part in parts:
                await response.write(part)
            if fault is not None and fault.effect is Effect.DROPPED:
                _cut(incoming)
            else:
                await response.write_eof()
        return response

    async def _events(self, stream: Stream, fault: Fault | None) -> AsyncIterator[bytes]:
        """The lines of a watch, one event each, as many as there are at a time."""
        effect = fault.effect if fault is not None else None
        if effect is Effect.EXPIRED_STREAM:
            yield _line({"type": "ERROR", "object": EXPIRED.body})
            return
        if effect is Effect.SILENT:
            await anyio.sleep_forever()
        left = fault.after if fault is not None and effect is Effect.DROPPED else None
        ends = anyio.current_time() + stream.timeout
        while not stream.watch.ended and left != 0:
            changed = self._changed.next_time  # before taking, so that no event falls into the gap
            events = stream.watch.take() if anyio.current_time() < ends else stream.watch.stop()
            if left is not None:
                events = events[:left]
                left -= len(events)
            if events:
                yield b"".join(_line(stream.form(event)) for event in events)
            elif not stream.watch.ended:
                with anyio.move_on_after(max(0.0, min(ends - anyio.current_time(), BOOKMARK_LOOK_SECONDS))):
                    await changed.wait()

    async def _log_lines(self, log: LogStream) -> AsyncIterator[bytes]:
        """What a container adds to its log, until it ends."""
        sent = 0
        while True:
            is_over = log.is_over()
            text = log.read()
            if text is None:
                return
            if len(text) > sent:
                yield text[sent:].encode()
                sent = len(text)
            if is_over:
                return
            await anyio.sleep(TICK_SECONDS * 5)


async def _body(incoming: web.BaseRequest) -> bytes | None:
    """The body; None for one over the limit, of which no more than that is read."""
    parts, size = [], 0
    async for part in incoming.content.iter_chunked(1 << 16):
        size += len(part)
        if size > BODY_LIMIT:
            return None
        parts.append(part)
    return b"".join(parts)


def _line(event: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(event) + b"\n"


def _response(reply: Reply) -> web.Response:
    return web.Response(
        status=reply.code, body=reply.encoded(), headers={"Content-Type": reply.content_type, **reply.headers}
    )


async def _spoiled(incoming: web.BaseRequest, reply: Reply, effect: Effect) -> web.StreamResponse:
    """The answer to a request that was done, as it arrives on a bad day."""
    if effect is Effect.TIMEOUT_DONE:
        return _response(REFUSALS[Effect.TIMEOUT])
    body = reply.encoded()
    response = web.StreamResponse(status=reply.code, headers={"Content-Type": reply.content_type})
    response.content_length = len(body)
    if effect is Effect.TRUNCATED:
        await response.prepare(incoming)
        await response.write(body[: len(body) // 2])
    _cut(incoming)
    return response


def _cut(incoming: web.BaseRequest) -> None:
    """Closes the connection without the end that the protocol asks for."""
    if incoming.transport is not None:
        incoming.transport.close()
