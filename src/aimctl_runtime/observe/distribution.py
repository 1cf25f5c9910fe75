"""The OCI distribution protocol, as far as we need it: authenticated, paged, retried GETs.

1. Anonymous first; a 401 names how to log in: basic, or a token from the registry's token service.
2. Credentials go to the registry and to the token service that it names over HTTPS, nowhere else.
3. Three attempts on 408, 499, 500, 502, 503, 504, 522 and on broken connections.
4. HTTPS; plain HTTP only where `reference.may_be_plain` allows it, and only after HTTPS failed to connect.
5. A `next` page outside the same host is not followed.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

from aimcore.facts import Failure, FailureKind
from aimctl_runtime.clock import Clock, pause
from aimctl_runtime.observe.reference import DOCKER_HUB, DOCKER_HUB_API, may_be_plain
from aimctl_runtime.observe.secrets import Credentials

ATTEMPTS = 3
RETRIED = frozenset({408, 499, 500, 502, 503, 504, 522})
MAX_BODY = 8 * 1024 * 1024
MAX_PAGES = 200
TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=10)


class RegistryError(Exception):
    """A registry said no, or nothing. `failure_kind` classifies it."""

    def __init__(self, failure_kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.failure_kind = failure_kind

    def failure(self, prefix: str) -> Failure:
        return Failure(self.failure_kind, f"{prefix}: {self}")


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: the bytes, the media type, the address of the next page ("" for none)."""

    body: bytes
    media_type: str
    next: str

    def json(self) -> Any:
        """The body as JSON. Raises RegistryError."""
        try:
            return json.loads(self.body)
        except ValueError as problem:
            raise RegistryError(FailureKind.MALFORMED, "the registry's answer is no JSON") from problem


class Distribution:
    """One registry, one login, one scope (`repository:<name>:pull`, or `registry:catalog:*`)."""

    def __init__(
        self, session: aiohttp.ClientSession, registry: str, scope: str, credentials: Credentials | None, clock: Clock
    ) -> None:
        self._session = session
        self._registry = registry
        self._scope = scope
        self._credentials = credentials
        self._clock = clock
        self._authorization = ""
        host = DOCKER_HUB_API if registry == DOCKER_HUB else registry
        self._roots = [f"https://{host}"] + ([f"http://{host}"] if may_be_plain(registry) else [])

    async def get(self, path: str, accept: str = "application/json") -> Page:
        """Fetch one document. Raises RegistryError."""
        for root in list(self._roots):
            try:
                page = await self._fetch(urljoin(root, path), accept)
            except aiohttp.ClientError as problem:
                if root != self._roots[-1]:
                    continue
                raise RegistryError(FailureKind.UNREACHABLE, _said(problem, self._registry)) from problem
            except TimeoutError as problem:
                message = f"{self._registry} did not answer in time"
                raise RegistryError(FailureKind.UNREACHABLE, message) from problem
            self._roots = [root]
            return page
        raise AssertionError("a registry has an address")

    async def pages(self, path: str) -> AsyncIterator[Page]:
        """Fetch a document and all that follow it. Raises RegistryError."""
        for _ in range(MAX_PAGES):
            page = await self.get(path)
            yield page
            if not page.next:
                return
            root = self._roots[0]
            address = urljoin(urljoin(root, path), page.next)
            if urlsplit(address).netloc != urlsplit(root).netloc:
                raise RegistryError(FailureKind.MALFORMED, f"{self._registry} points to another host for its next page")
            parts = urlsplit(address)
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        raise RegistryError(FailureKind.MALFORMED, f"{self._registry} sends more than {MAX_PAGES} pages")

    # ---- one request --------------------------------------------------------------------------------------------
    async def _fetch(self, url: str, accept: str) -> Page:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = await self._send(url, accept)
            except aiohttp.ClientConnectorError:
                raise
            except aiohttp.ClientConnectionError:
                if attempt == ATTEMPTS:
                    raise
                await pause(self._clock, 0.1 * 3.0**attempt)
                continue
            if isinstance(answer, Page):
                return answer
            if answer not in RETRIED or attempt == ATTEMPTS:
                raise _refused(answer, self._registry)
            await pause(self._clock, 0.1 * 3.0**attempt)
        raise AssertionError("the last attempt ends otherwise")

    async def _send(self, url: str, accept: str) -> Page | int:
        for may_log_in in (True, False):
            headers = {"Accept": accept}
            if self._authorization:
                headers["Authorization"] = self._authorization
            async with self._session.get(url, headers=headers, timeout=TIMEOUT) as answer:
                if answer.status == 200:
                    body = await _read(answer)
                    return Page(body, answer.content_type, _next(answer.headers.get("Link", "")))
                if answer.status != 401 or not may_log_in:
                    return answer.status
                challenge = answer.headers.get("WWW-Authenticate", "")
            self._authorization = await self._log_in(challenge, url)
        raise AssertionError("the second try ends otherwise")

    # ---- login --------------------------------------------------------------------------------------------------
    async def _log_in(self, challenge: str, url: str) -> str:
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic":
            if self._credentials is None:
                raise RegistryError(FailureKind.AUTH, f"{self._registry}: authentication required")
            return self._credentials.basic()
        parameters = dict(_PARAMETER.findall(rest))
        realm = parameters.get("realm", "")
        if scheme.lower() != "bearer" or not realm:
            raise RegistryError(FailureKind.AUTH, f"{self._registry}: unauthorized, and no way to log in is named")
        # Over HTTPS nothing may lead us to send a password in the clear.
        if not realm.startswith("https://") and not url.startswith("http://"):
            raise RegistryError(FailureKind.AUTH, f"{self._registry} names a token service without TLS")
        return "Bearer " + await self._token(realm, parameters)

    async def _token(self, realm: str, parameters: Mapping[str, str]) -> str:
        query = {"scope": parameters.get("scope") or self._scope}
        if "service" in parameters:
            query["service"] = parameters["service"]
        headers = {} if self._credentials is None else {"Authorization": self._credentials.basic()}
        async with self._session.get(realm, params=query, headers=headers, timeout=TIMEOUT) as answer:
            if answer.status != 200:
                raise _refused(answer.status, f"the token service of {self._registry}")
            try:
                body = json.loads(await _read(answer))
            except ValueError as problem:
                raise RegistryError(FailureKind.MALFORMED, f"the token of {self._registry} is no JSON") from problem
        token = (body.get("token") or body.get("access_token")) if isinstance(body, dict) else None
        if not isinstance(token, str) or not token:
            raise RegistryError(FailureKind.AUTH, f"the token service of {self._registry} gave no token")
        return token


_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_LINK = re.compile(r'<([^>]*)>\s*;\s*rel="?next"?')


def _next(link: str) -> str:
    found = _LINK.search(link)
    return found.group(1) if found else ""


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    body = b""
    async for chunk in answer.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) > MAX_BODY:
            raise RegistryError(FailureKind.MALFORMED, f"an answer is larger than {MAX_BODY} bytes")
    return body


def _refused(code: int, who: str) -> RegistryError:
    return RegistryError(failure_kind(code), f"{who} answered {code} ({_MEANINGS.get(code, 'unexpected status')})")


def failure_kind(code: int) -> FailureKind:
    """The kind of failure that an HTTP code stands for."""
    return {
        401: FailureKind.AUTH,
        403: FailureKind.AUTH,
        404: FailureKind.NOT_FOUND,
        429: FailureKind.RATE_LIMITED,
    }.get(code, FailureKind.UNREACHABLE)


_MEANINGS = {401: "unauthorized", 403: "access denied", 404: "not found", 429: "too many requests"}


def _said(problem: Exception, registry: str) -> str:
    return f"{registry} cannot be reached: {problem or type(problem).__name__}"
