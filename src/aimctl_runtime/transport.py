"""What the shell needs of an HTTP client for the API server. `client.py` has the real one; tests plug in their own.

1. An answer with an error code is a `Response`, not an exception.
2. No answer is `UnreachableError`; `sent` says whether the request may have reached the server all the same.
3. A stream is closed when its context ends, however it ends.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from aimcore.wire import Request
from aimctl_runtime.json_body import read_json

LONGEST_WAIT = 1000.0


class UnreachableError(Exception):
    """The server did not answer. The message is a sentence for people; `reason` one of `NETWORK_REASONS`."""

    def __init__(self, message: str, *, sent: bool, reason: str = "NetworkError") -> None:
        super().__init__(message)
        self.sent = sent
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Response:
    """One whole answer."""

    code: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def decoded(self) -> Any:
        """The body as JSON, or as text where it is none."""
        return decode(self.body)

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asks us to wait, at most `LONGEST_WAIT` of them."""
        for name, value in self.headers.items():
            if name.lower() == "retry-after" and value.isascii() and value.isdigit():
                return min(float(value[:9]), LONGEST_WAIT)
        return None


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that is still coming: its lines, without their ends. With a code other than 200 the lines are the
    body of an error.
    """

    code: int
    lines: AsyncIterator[bytes]


class Client(Protocol):
    """One connection to one API server."""

    async def request(self, request: Request, *, timeout: float) -> Response:
        """Send a request and read the whole answer within `timeout` seconds. Raises UnreachableError."""
        ...

    def stream(self, request: Request, *, silence: float) -> AbstractAsyncContextManager[Stream]:
        """Send a request and read its answer line by line. Raises UnreachableError, also after `silence`
        seconds without a byte.
        """
        ...

    async def close(self) -> None: ...


def decode(body: bytes) -> Any:
    """JSON, or the text itself where it is none, or None for nothing."""
    if not body:
        return None
    try:
        return read_json(body)
    except ValueError:
        return body.decode("utf-8", "replace")
