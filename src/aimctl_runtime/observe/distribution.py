"""The OCI distribution protocol, as far as we need it: authenticated, paged GETs.

1. Anonymous first; a 401 names how to log in: basic, or a token from the registry's token service.
2. Credentials go to the registry and to the token service that it names over HTTPS, nowhere else.
3. HTTPS; plain HTTP only where `reference.may_be_plain` allows it, and only after HTTPS failed to connect.
4. A `next` page outside the same host is not followed.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from functools import partial
from urllib.parse import urljoin, urlsplit

import aiohttp

from aimcore.facts import FailureKind
from aimctl_runtime.clock import Clock
from aimctl_runtime.observe.page import Page, Refused, RegistryError, get_once, get_patiently
from aimctl_runtime.observe.reference import DOCKER_HUB, DOCKER_HUB_API, may_be_plain
from aimctl_runtime.observe.secrets import Credentials

MAX_PAGES = 200
UNSENDABLE = "its address or the credentials for it hold characters that cannot be sent"


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
                url = urljoin(root, path)
                page = await get_patiently(self._clock, partial(self._send, url, accept), self._registry)
            except aiohttp.ClientError as problem:
                if root != self._roots[-1]:
                    continue
                raise RegistryError(FailureKind.UNREACHABLE, _said(problem, self._registry)) from problem
            except TimeoutError as problem:
                message = f"{self._registry} did not answer in time"
                raise RegistryError(FailureKind.UNREACHABLE, message) from problem
            except ValueError as problem:
                raise RegistryError(FailureKind.MALFORMED, f"{self._registry}: {UNSENDABLE}") from problem
            self._roots = [root]
            return page
        raise AssertionError("a registry has an address")

    async def pages(self, path: str) -> AsyncIterator[Page]:
        """Fetch a document and all that follow it. Raises RegistryError."""
        for _ in range(MAX_PAGES):
            page = await self.get(path)
            yield page
            following = next_page(page.link)
            if not following:
                return
            root = self._roots[0]
            parts = urlsplit(next_address(urljoin(root, path), following, self._registry))
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        raise RegistryError(FailureKind.MALFORMED, f"{self._registry} sends more than {MAX_PAGES} pages")

    async def _send(self, url: str, accept: str) -> Page | Refused:
        """One GET, with one login if it is asked for."""
        answer = await self._once(url, accept)
        if isinstance(answer, Refused) and answer.code == 401:
            self._authorization = await self._log_in(answer.challenge, url)
            answer = await self._once(url, accept)
        return answer

    async def _once(self, url: str, accept: str) -> Page | Refused:
        headers = {"Accept": accept}
        if self._authorization:
            headers["Authorization"] = self._authorization
        return await get_once(self._session, url, headers, self._clock.now())

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
        answer = await get_once(self._session, realm, headers, self._clock.now(), **query)
        if isinstance(answer, Refused):
            raise answer.error(f"the token service of {self._registry}")
        try:
            body = json.loads(answer.body)
        except (ValueError, RecursionError) as problem:
            raise RegistryError(FailureKind.MALFORMED, f"the token of {self._registry} is no JSON") from problem
        token = (body.get("token") or body.get("access_token")) if isinstance(body, dict) else None
        if not isinstance(token, str) or not token:
            raise RegistryError(FailureKind.AUTH, f"the token service of {self._registry} gave no token")
        return token


_PARAMETER = re.compile(r'\b(\w++)="([^"]*)"')
_LINK = re.compile(r'<([^<>]*+)>\s*;\s*rel="?next"?')


def next_page(link: str) -> str:
    """The address of the next page in a `Link` header; "" if there is none."""
    found = _LINK.search(link)
    return found.group(1) if found else ""


def next_address(url: str, following: str, who: str) -> str:
    """The address of the page behind `url`. Raises RegistryError for one that is none, or lies on another host."""
    try:
        address = urljoin(url, following)
        is_there = urlsplit(address).netloc == urlsplit(url).netloc
    except ValueError as problem:
        raise RegistryError(FailureKind.MALFORMED, f"{who} names a next page that is no address") from problem
    if not is_there:
        raise RegistryError(FailureKind.MALFORMED, f"{who} points to another host for its next page")
    return address


def _said(problem: Exception, registry: str) -> str:
    return f"{registry} cannot be reached: {problem or type(problem).__name__}"
