"""Edge: bytes that reach the local API server's socket. The server answers or closes, and goes on serving."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO

import aiohttp
import pytest

from aimcore.simulation.clock import Clock
from aimcore.simulation.settings import WorldSettings
from aimctl_runtime.local.server import BODY_LIMIT, LocalCluster
from fuzz.inputs import DEEP

SERVICES = "/apis/aim.eai.amd.com/v1alpha1/namespaces/default/aimservices"
HEAD = b"Host: x\r\nConnection: close\r\n"
RAW = {
    "nothing": b"",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "half a line": b"GET /api",
    "a long line": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
    "many headers": b"GET /api HTTP/1.1\r\n" + HEAD + b"X: y\r\n" * 5_000 + b"\r\n",
    "a long header": b"GET /api HTTP/1.1\r\n" + HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
    "a wrong length": b"POST " + SERVICES.encode() + b" HTTP/1.1\r\n" + HEAD + b"Content-Length: -1\r\n\r\n",
    "two lengths": b"POST /api HTTP/1.1\r\n" + HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a huge chunk": b"POST /api HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    "a wrong chunk": b"POST /api HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "no UTF-8 in the path": b"GET /api/v1/namespaces/%ff%fe%ed%a0%80/pods HTTP/1.1\r\n" + HEAD + b"\r\n",
    "raw bytes in the path": b"GET /api/v1/namespaces/\xff\xfe/pods HTTP/1.1\r\n" + HEAD + b"\r\n",
    "NUL in the path": b"GET /api/v1/namespaces/%00/pods/%00 HTTP/1.1\r\n" + HEAD + b"\r\n",
    "raw bytes in headers": b"DELETE /api/v1/nodes/x HTTP/1.1\r\n" + HEAD + b"User-Agent: \xff\xed\r\n\r\n",
    "no UTF-8 in the query": b"GET /api/v1/pods?labelSelector=%ff%ed%a0%80&continue=%00 HTTP/1.1\r\n" + HEAD + b"\r\n",
    "dots in the path": b"GET /api/v1/../../../etc HTTP/1.1\r\n" + HEAD + b"\r\n",
    "an absolute address": b"GET http://[::1/x HTTP/1.1\r\n" + HEAD + b"\r\n",
    "another protocol": b"CONNECT [ HTTP/9.9\r\n" + HEAD + b"\r\n",
    "a broken zip": b"POST " + SERVICES.encode() + b" HTTP/1.1\r\n" + HEAD
    + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
}  # fmt: skip


def local() -> LocalCluster:
    return LocalCluster(WorldSettings.read({}), clock=Clock(datetime(2026, 11, 23, tzinfo=UTC)), speed=0)


async def exchanged(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        writer.write_eof()
        await writer.drain()
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("data", RAW.values(), ids=RAW)
def test_the_server_answers_no_bytes_with_a_fault_of_its_own_and_goes_on(data: bytes) -> None:
    async def run() -> None:
        async with local() as here:
            async with asyncio.timeout(20):
                answer = await exchanged(here.port, data)
            assert b" 500 " not in answer.partition(b"\r\n")[0], answer
            async with aiohttp.ClientSession() as session, session.get(f"{here.url}/version") as version:
                assert version.status == 200

    asyncio.run(run())


def test_of_a_body_without_end_no_more_than_the_limit_is_read() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1 << 16
            yield b"x" * (1 << 16)

    async def run() -> int:
        async with (
            local() as here,
            asyncio.timeout(20),
            aiohttp.ClientSession() as session,
            session.post(here.url + SERVICES, data=endless()) as answer,
        ):
            assert (await answer.json())["message"].endswith(f"{BODY_LIMIT} bytes")
            return answer.status

    assert asyncio.run(run()) == 413
    assert sent < BODY_LIMIT + (16 << 20), "the sockets hold some"


@pytest.mark.parametrize("kind", ["application/json", "application/yaml"])
def test_the_largest_body_allowed_and_the_deepest_are_answered(kind: str) -> None:
    bodies = (b"[" * DEEP, b'{"a":' * DEEP, b"- " * 100_000, b'{"a":"' + b"x" * (BODY_LIMIT - 10) + b'"}', b"a: *a\n")

    async def run() -> list[int]:
        async with local() as here, asyncio.timeout(60), aiohttp.ClientSession() as session:
            codes = []
            for body in bodies:
                async with session.post(
                    here.url + SERVICES, data=BytesIO(body), headers={"Content-Type": kind}
                ) as answer:
                    codes.append(answer.status)
            return codes

    assert set(asyncio.run(run())) <= {400, 422}
