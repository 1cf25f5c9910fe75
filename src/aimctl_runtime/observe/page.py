"""One GET of a registry or its catalogue: what it gave, how it said no, and when to try again.

1. A "no" has a kind by its HTTP code, and carries what the registry says in its error document.
2. Three attempts on 408, 499, 500, 502, 503, 504, 522, on broken connections and on answers that end early.
3. A 429 is waited for in place if the registry asks for at most `SHORT_WAIT`; a longer wait is told to the asker.
4. Nothing is read without bounds.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from aimcore.facts import Failure, FailureKind
from aimctl_runtime.clock import Clock, pause

ATTEMPTS = 3
RETRIED = frozenset({408, 499, 500, 502, 503, 504, 522})
SHORT_WAIT = timedelta(seconds=20)
LONGEST_WAIT = timedelta(days=1)
MAX_BODY = 8 * 1024 * 1024
MAX_SAID = 200
TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=10)


class RegistryError(Exception):
    """A registry said no, or nothing. `failure_kind` classifies it."""

    def __init__(self, failure_kind: FailureKind, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.failure_kind = failure_kind
        self.retry_after = retry_after

    def failure(self, prefix: str = "") -> Failure:
        """As an answer."""
        return Failure(self.failure_kind, f"{prefix}: {self}" if prefix else str(self), self.retry_after)

    def said_of(self, prefix: str) -> RegistryError:
        """The same, with what was attempted before it."""
        return RegistryError(self.failure_kind, f"{prefix}: {self}", self.retry_after)


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: the bytes, the media type, the value of its `Link` header."""

    body: bytes
    media_type: str = ""
    link: str = ""

    def json(self) -> Any:
        """The body as JSON. Raises RegistryError."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as problem:
            raise RegistryError(FailureKind.MALFORMED, "the registry's answer is no JSON") from problem


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that is no 200. `challenge` is its `WWW-Authenticate`, `said` what it says of itself."""

    code: int
    challenge: str = ""
    said: str = ""
    retry_after: timedelta | None = None

    def error(self, who: str) -> RegistryError:
        """As an error of `who`."""
        meaning = self.said or _MEANINGS.get(self.code, "unexpected status")
        return RegistryError(failure_kind(self.code), f"{who} answered {self.code} ({meaning})", self.retry_after)


_MEANINGS = {401: "unauthorized", 403: "access denied", 404: "not found", 429: "too many requests"}


def failure_kind(code: int) -> FailureKind:
    """The kind of failure that an HTTP code stands for."""
    return {
        401: FailureKind.AUTH,
        403: FailureKind.AUTH,
        404: FailureKind.NOT_FOUND,
        429: FailureKind.RATE_LIMITED,
    }.get(code, FailureKind.UNREACHABLE)


async def get_once(
    session: aiohttp.ClientSession, url: str, headers: dict[str, str], now: datetime, **query: str
) -> Page | Refused:
    """One GET. Raises aiohttp.ClientError, TimeoutError, and RegistryError for an answer without end."""
    async with session.get(url, params=query or None, headers=headers, timeout=TIMEOUT) as answer:
        if answer.status == 200:
            return Page(await _read(answer), answer.content_type, answer.headers.get("Link", ""))
        said = _said(await answer.content.read(1 << 14))
        wait = read_retry_after(answer.headers.get("Retry-After", ""), now)
        return Refused(answer.status, answer.headers.get("WWW-Authenticate", ""), said, wait)


async def get_patiently(clock: Clock, attempt: Callable[[], Awaitable[Page | Refused]], who: str) -> Page:
    """Try a GET as often as rules 2 and 3 allow. Raises as `get_once` does, and RegistryError for a refusal."""
    for left in reversed(range(ATTEMPTS)):
        wait = 0.1 * 3.0 ** (ATTEMPTS - left)
        try:
            answer = await attempt()
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
            if not left:
                raise
        else:
            if isinstance(answer, Page):
                return answer
            asked = _short_wait(answer)
            if not left or (asked is None and answer.code not in RETRIED):
                raise answer.error(who)
            wait = wait if asked is None else asked.total_seconds()
        await pause(clock, wait)
    raise AssertionError("the last attempt ends otherwise")


def _short_wait(answer: Refused) -> timedelta | None:
    wait = answer.retry_after
    return wait if answer.code == 429 and wait is not None and wait <= SHORT_WAIT else None


def read_retry_after(header: str, now: datetime) -> timedelta | None:
    """How long a `Retry-After` asks to wait: seconds, or a date. None if it says nothing."""
    written = header.strip()
    if written.isascii() and written.isdigit():
        return timedelta(seconds=min(int(written[:9]), LONGEST_WAIT.total_seconds()))
    try:
        moment = parsedate_to_datetime(written)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        return None
    return min(max(moment - now, timedelta(0)), LONGEST_WAIT)


def _said(body: bytes) -> str:
    """What an error document says: the code and message of its first error, or its message."""
    try:
        document = json.loads(body)
        error = document["errors"][0] if "errors" in document else document
        code, message = error.get("code"), error.get("message")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""
    return ": ".join(text for text in (code, message) if isinstance(text, str) and text)[:MAX_SAID]


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    chunks, size = [], 0
    async for chunk in answer.content.iter_chunked(1 << 16):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY:
            raise RegistryError(FailureKind.MALFORMED, f"an answer is larger than {MAX_BODY} bytes")
    return b"".join(chunks)
