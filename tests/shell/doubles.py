"""Stand-ins for the API server: a scripted one, and a small one that stores objects and serves watches."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import anyio

from aimcore.wire import Request
from aimctl_runtime import scopes
from aimctl_runtime.clock import VirtualClock
from aimctl_runtime.log import Log, Output
from aimctl_runtime.transport import Response, Stream, UnreachableError

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a test's coroutine, for at most 20 s."""

    async def limited() -> Any:
        with anyio.fail_after(20):
            return await coroutine

    return scopes.run(limited)


async def settle(turns: int = 50) -> None:
    """Let every task that can go on, go on."""
    for _ in range(turns):
        await anyio.sleep(0)


class Lines:
    """A stream that keeps what was written to it."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None: ...

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


def log_into(lines: Lines, clock: VirtualClock | None = None, verbosity: int = 1) -> Log:
    return Log(Output(stream=lines, verbosity=verbosity, clock=clock or VirtualClock(START)))  # type: ignore[arg-type]


def answer(code: int, body: Any, **headers: str) -> Response:
    """A response with a JSON body, or a text one."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Response(code, content, {name.replace("_", "-"): value for name, value in headers.items()})


def status(code: int, reason: str, message: str = "no", **details: Any) -> Response:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message}
    return answer(code, {**body, "reason": reason, "details": details})


def thing(kind: str, name: str, version: int | str = 1, *, namespace: str = "ns", **members: Any) -> dict[str, Any]:
    """A manifest as the server would give it."""
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "resourceVersion": str(version)}
    metadata = {**metadata, **members.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **members}


Reply = Response | UnreachableError | Callable[[Request], Response]


class ScriptedClient:
    """Answers requests one after the other from a script, and remembers them."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[Request] = []
        self.timeouts: list[float] = []
        self.silences: list[float] = []
        self.streams: list[list[bytes | Exception]] = []
        self.stream_codes: list[int] = []

    async def request(self, request: Request, *, timeout: float) -> Response:
        self.requests.append(request)
        self.timeouts.append(timeout)
        await anyio.sleep(0)
        reply = self.replies.pop(0)
        if isinstance(reply, UnreachableError):
            raise reply
        return reply if isinstance(reply, Response) else reply(request)

    @asynccontextmanager
    async def stream(self, request: Request, *, silence: float) -> AsyncIterator[Stream]:
        self.requests.append(request)
        self.silences.append(silence)
        lines = self.streams.pop(0) if self.streams else None
        code = self.stream_codes.pop(0) if self.stream_codes else 200
        yield Stream(code, _replay(lines))

    async def close(self) -> None: ...


async def _replay(lines: list[bytes | Exception] | None) -> AsyncIterator[bytes]:
    if lines is None:  # a watch on which nothing happens
        await anyio.sleep_forever()
    for line in lines or ():
        if isinstance(line, Exception):
            raise line
        yield line
        await anyio.sleep(0)


def event(kind: str, raw: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": raw}).encode()


def listing(*items: dict[str, Any], version: int = 1, token: str = "") -> Response:
    return answer(200, {"metadata": {"resourceVersion": str(version), "continue": token}, "items": list(items)})
