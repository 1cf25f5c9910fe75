"""One request on its way through the proxy, and its answer on the way back, as a strike says.

1. A call is passed on whole; its answer is read whole before anything of it is sent back.
2. A watch is passed on chunk by chunk, as the server cut it; the connection ends with it.
3. What is cut off ends with a reset, except where a part of the answer is to arrive before the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import anyio
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from aimctl_runtime.local.faults import REFUSALS as REPLIES
from aimctl_runtime.scopes import background

from .messages import LAST_CHUNK, Head, chunk, message, read_body, read_chunks, read_head
from .schedule import IN_BYTES, REFUSALS, Effect, Sort, Strike

PIECES = 40
"""Into so many pieces a throttled answer is cut."""
PIECE_PAUSE = 0.01
Late = tuple[float, bytes]
"""Bytes, and the moment at which they are to be passed on."""
BROKEN = (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


class CutError(Exception):
    """The connection to the client is to be cut."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request on its way: its bytes, and both ends of the wire."""

    head: Head
    body: bytes
    client: ByteStream
    upstream: ByteStream
    answers: BufferedByteReceiveStream

    async def forward(self) -> Head:
        """Send the request on; the head of the answer."""
        await self.upstream.send(self.head.raw + self.body)
        head = await read_head(self.answers)
        if head is None:
            raise anyio.EndOfStream
        return head

    async def done(self) -> tuple[Head, bytes]:
        """Send the request on; the whole answer."""
        head = await self.forward()
        assert not head.is_chunked, f"{self.head.start} was answered in chunks"
        return head, await read_body(self.answers, head)


def sort_of(head: Head) -> Sort | None:
    """What a request is about; None for events, which are dropped when they fail."""
    if "/leases" in head.path:
        return Sort.LEASE
    if head.is_watch:
        return Sort.WATCH
    if head.method == "GET":
        return Sort.READ
    return None if "/events" in head.path else Sort.WRITE


async def refuse(exchange: Exchange, effect: Effect) -> None:
    """Answer as a server that does nothing."""
    reply = REPLIES[REFUSALS[effect]]
    said = message(reply.code, reply.content_type, reply.encoded(), dict(reply.headers))
    await exchange.client.send(said)


async def pass_answer(exchange: Exchange, strike: Strike | None) -> None:
    """Pass a call and its answer on, as the strike says."""
    effect = strike.effect if strike is not None else None
    if effect is Effect.LOST:
        raise CutError
    if strike is not None and effect is Effect.DELAYED:
        await anyio.sleep(strike.amount)
    head, body = await exchange.done()
    send = exchange.client.send
    match effect:
        case Effect.UNANSWERED:
            raise CutError
        case Effect.SILENT:
            await exchange.client.receive()  # ends when the client loses patience
        case Effect.UNSURE:
            await refuse(exchange, Effect.TIMEOUT)
        case Effect.HALVED if "json" in head.headers.get("content-type", ""):
            await send(message(_code(head), head.headers["content-type"], body[: len(body) // 2], {}))
        case Effect.TORN | Effect.HALVED:  # half a log would look whole to anybody
            await send(head.raw + body[: len(body) // 2])
            await exchange.client.aclose()
            raise CutError
        case Effect.THROTTLED:
            await _send_slowly(exchange.client, head.raw + body)
        case _:
            if strike is not None and effect is Effect.LATE:
                await anyio.sleep(strike.amount)
            await send(head.raw + body)


async def pass_stream(exchange: Exchange, strike: Strike | None) -> None:
    """Pass a watch on until one side ends it, as the strike says. The connection ends with it."""
    effect = strike.effect if strike is not None else None
    if effect is Effect.LOST:
        raise CutError
    head = await exchange.forward()
    if not head.is_chunked:
        await exchange.client.send(head.raw + await read_body(exchange.answers, head))
        return
    if strike is not None and effect is Effect.LATE:
        await anyio.sleep(strike.amount)
    await exchange.client.send(head.raw)
    into, out = anyio.create_memory_object_stream[Late](math.inf)
    delay = strike.amount if strike is not None and effect is Effect.LAGGING else 0.0
    async with background() as tasks, into, out:
        tasks.start_soon(_until_closed, exchange.client, tasks.cancel_scope)
        tasks.start_soon(_collect, exchange.answers, into, delay)
        await _pass_chunks(out, exchange.client, strike)
    await exchange.client.aclose()
    raise CutError


async def _collect(answers: BufferedByteReceiveStream, into: MemoryObjectSendStream[Late], delay: float) -> None:
    """Take the chunks as they come, each to be passed on so many seconds later."""
    async with into:
        async for data in read_chunks(answers):
            await into.send((anyio.current_time() + delay, data))


async def _pass_chunks(chunks: MemoryObjectReceiveStream[Late], client: ByteStream, strike: Strike | None) -> None:
    effect = strike.effect if strike is not None else None
    left = int(strike.amount) if strike is not None else 0
    async for due, data in chunks:
        await anyio.sleep_until(due)
        if effect in IN_BYTES and left <= len(data):
            is_torn = effect is Effect.TORN_STREAM
            await client.send(chunk(data)[: left + 2] if is_torn else chunk(data[:left]) + LAST_CHUNK)
            return
        left -= len(data)
        if effect is Effect.THROTTLED:
            await _send_slowly(client, chunk(data))
        else:
            await client.send(chunk(data))
    await client.send(LAST_CHUNK)


async def _until_closed(client: ByteStream, scope: anyio.CancelScope) -> None:
    """A client that waits for events says nothing; it can only go."""
    try:
        await client.receive()
    except BROKEN:
        scope.cancel()


async def _send_slowly(client: ByteStream, data: bytes) -> None:
    size = max(1, len(data) // PIECES)
    for start in range(0, len(data), size):
        await client.send(data[start : start + size])
        await anyio.sleep(PIECE_PAUSE)


def _code(head: Head) -> int:
    return int(head.start.split(" ")[1])
