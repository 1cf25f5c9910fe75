"""A proxy between one controller and the API server that does what networks and servers do on a bad day.

1. It speaks HTTP/1.1 on the loopback address and keeps connections alive; it adds nothing that TCP would not.
2. A schedule says which request is struck. Requests are counted by sort as they are received, before anything is
   done with them, so that "the n-th write" is a fixed point.
3. The controller's death and the server's are not the proxy's to bring about: it calls `kill` and `stop_server`.
4. While it is `down`, connections are refused and those that stood are cut.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream, TaskStatus
from anyio.streams.buffered import BufferedByteReceiveStream

from aimctl_runtime.scopes import background

from .exchange import BROKEN, CutError, Exchange, pass_answer, pass_stream, refuse, sort_of
from .messages import read_body, read_head
from .schedule import KILLS, OUTAGES, REFUSALS, Effect, Schedule, Sort, Strike

HOST = "127.0.0.1"


class Proxy:
    """See the rules above. `kill` ends the controller at once; `stop_server` has the server stopped."""

    def __init__(
        self,
        server_port: int,
        schedule: Schedule,
        *,
        kill: Callable[[], None],
        stop_server: Callable[[Strike], None],
    ) -> None:
        self.schedule = schedule
        self.port = 0
        self.written_at: list[float] = []
        """The moments at which writes came in, in the terms of `anyio.current_time`."""
        self._server_port = server_port
        self._kill = kill
        self._stop_server = stop_server
        self._scope = anyio.CancelScope()
        self._up = anyio.Event()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Proxy]:
        """Serve while the block runs."""
        async with background() as tasks:
            self._up.set()
            await tasks.start(self._run)
            yield self

    def go_down(self) -> None:
        """Refuse connections, and cut those that stand. Rule 4."""
        self._up = anyio.Event()
        self._scope.cancel()

    def come_up(self) -> None:
        """Serve again."""
        self._up.set()

    async def _run(self, *, task_status: TaskStatus[None]) -> None:
        while True:
            await self._up.wait()
            with anyio.CancelScope() as self._scope:
                with socket.create_server((HOST, self.port), backlog=128) as listener:
                    listener.setblocking(False)
                    if not self.port:
                        self.port = listener.getsockname()[1]
                        task_status.started()
                    await self._accept(listener)

    async def _accept(self, listener: socket.socket) -> None:
        """Serve all who come. Not by anyio's listener: that forgets who comes in the moment of the cancellation."""
        waiting: set[socket.socket] = set()
        try:
            async with background() as tasks:
                while True:
                    await anyio.wait_readable(listener)
                    arrived, _ = listener.accept()  # in one go with what follows: nobody can be cancelled between
                    waiting.add(arrived)
                    tasks.start_soon(self._serve, arrived, waiting)
        finally:
            for arrived in waiting:
                arrived.close()

    async def _serve(self, arrived: socket.socket, waiting: set[socket.socket]) -> None:
        """The requests of one connection, one after the other. What is cut ends with a reset."""
        client = await SocketStream.from_socket(arrived)
        waiting.discard(arrived)
        try:
            async with await anyio.connect_tcp(HOST, self._server_port) as upstream:
                requests, answers = BufferedByteReceiveStream(client), BufferedByteReceiveStream(upstream)
                while (head := await read_head(requests)) is not None:
                    body = await read_body(requests, head)
                    await self._pass(Exchange(head, body, client, upstream, answers))
        except (CutError, *BROKEN):
            _reset(client)
        finally:
            await client.aclose()

    async def _pass(self, exchange: Exchange) -> None:
        sort = sort_of(exchange.head)
        if sort is Sort.WRITE:
            self.written_at.append(anyio.current_time())
        strike = self.schedule.strike(sort) if sort is not None else None
        if strike is not None and strike.effect in KILLS:
            await self._pass_and_kill(exchange, strike)
        elif strike is not None and strike.effect in OUTAGES:
            self._stop_server(strike)
            raise CutError
        elif strike is not None and strike.effect in REFUSALS:
            await refuse(exchange, strike.effect)
        elif sort is Sort.WATCH:
            await pass_stream(exchange, strike)
        else:
            await pass_answer(exchange, strike)

    async def _pass_and_kill(self, exchange: Exchange, strike: Strike) -> None:
        effect = strike.effect
        if effect in (Effect.KILLED_BEFORE, Effect.KILLED_IN_FLIGHT):
            self._kill()
            if effect is Effect.KILLED_IN_FLIGHT:
                await anyio.sleep(strike.amount)
                await exchange.done()
            raise CutError
        head, body = await exchange.done()
        if effect is Effect.KILLED_AFTER:
            await exchange.client.send(head.raw + body)
        self._kill()
        raise CutError


def _reset(client: ByteStream) -> None:
    """Have the connection end with a reset instead of an orderly end, unless it has ended already."""
    try:
        raw: socket.socket = client.extra(SocketAttribute.raw_socket)  # noqa: S610
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        return
