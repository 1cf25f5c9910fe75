"""The reflector: keeps the store's picture of one list-and-watch true.

1. A paged list, then a watch from the list's resourceVersion; bookmarks move that version along.
2. A version that is too old (410, as a code or as an event) means a new list, which also finds missed deletions.
3. The server ends every watch after a while: that is no error. A stream that is silent for too long is dropped.
4. A watch that breaks is resumed from the last version seen; the picture stays meanwhile. A list that fails makes
   the kind Unreadable, with the reason, and is tried again with a jittered back-off. A kind that was listed before
   becomes Unreadable by a trouble that may pass only at the third failure in a row (`PATIENCE`).
5. A kind that is not served is NotInstalled, a fact; it is looked for again every `ABSENT` seconds.
6. A watch that stood for a while and then broke is the first failure of a new row: a server sends no bookmarks for
   some kinds (Events), so that their watches may well be silent for too long, again and again.
7. A line that is cut off or is no event is never guessed at: the watch is resumed.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Never

import anyio

from aimcore.cluster.reading import text
from aimcore.errors import reason_of_read
from aimcore.resource import Json, Resource
from aimcore.snapshot import Availability, NotInstalled, Unreadable
from aimcore.status_answer import Answered, read_answer
from aimcore.wire import JSON, Request, collection_path
from aimctl_runtime.clock import Clock, pause
from aimctl_runtime.herald import Herald
from aimctl_runtime.json_body import read_json
from aimctl_runtime.log import Log
from aimctl_runtime.store import Store
from aimctl_runtime.transport import Client, Stream, UnreachableError, decode
from aimctl_runtime.watched import Watched

PAGE = 500
LIST_TIMEOUT = 60.0
WATCH_SECONDS = 300
"""How long the server is asked to keep a watch."""
SILENCE = 150.0
"""Bookmarks come about once a minute (F-136)."""
_LONGEST_REFUSAL = 64 * 1024
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
FORBIDDEN_PAUSE = 60.0
PATIENCE = 3
ABSENT = 15.0


class ListFailedError(Exception):
    """A list did not succeed."""

    def __init__(self, availability: Availability, message: str) -> None:
        super().__init__(message)
        self.availability = availability


class ExpiredError(Exception):
    """The version that we watched from, or the continuation of a list, is too old."""


class BrokenError(Exception):
    """The watch ended otherwise than it should."""


@dataclass(slots=True)
class Listing:
    """A complete list."""

    items: list[Json]
    version: str


class Reflector:
    """See the rules above. `run` ends only by cancellation; `first` is set by the first verdict."""

    def __init__(
        self, watched: Watched, client: Client, store: Store, clock: Clock, log: Log, herald: Herald | None = None
    ) -> None:
        self.watched = watched
        self.first = anyio.Event()
        self._client = client
        self._store = store
        self._clock = clock
        self._herald = herald or Herald(log)
        self._log = log.named("reflector").about(kind=watched.kind.kind, source=watched.source)
        self._random = random.Random()  # noqa: S311  (only spreads retries)
        self._failures = 0
        self._is_well = False
        self._listed = False
        store.expect(watched.kind.kind, watched.source)

    async def run(self) -> Never:
        """List and watch for ever."""
        while True:
            try:
                listing = await self._list()
            except ListFailedError as failed:
                self._fail(failed)
                await pause(self._clock, self._pause_after(failed.availability))
                continue
            self._take(listing)
            try:
                await self._watch_from(listing.version)
            except ExpiredError:
                self._log.debug("the watch is too old, listing again")

    # ---- listing ------------------------------------------------------------------------------------------------
    async def _list(self) -> Listing:
        """All pages; in one piece if the continuation expires half-way (F-132)."""
        try:
            return await self._pages(PAGE)
        except ExpiredError:
            return await self._pages(0)

    async def _pages(self, limit: int) -> Listing:
        items: list[Json] = []
        token = ""
        while True:
            page = await self._page(limit, token)
            metadata = page.get("metadata")
            metadata = metadata if isinstance(metadata, dict) else {}
            items += [self._typed(item) for item in _objects(page.get("items"))]
            before, token = token, text(metadata, "continue")
            if not token:
                return Listing(items, str(metadata.get("resourceVersion") or ""))
            if token == before:
                why = "the server continues its list with the same page for ever"
                raise ListFailedError(Unreadable(self.watched.kind.kind, "UnknownError", why), why)

    async def _page(self, limit: int, token: str) -> Json:
        query = self._selectors()
        if limit:
            query.append(("limit", str(limit)))
        if token:
            query.append(("continue", token))
        kind = self.watched.kind
        request = Request("list", "GET", collection_path(kind), tuple(query), JSON)
        try:
            response = await self._client.request(request, timeout=LIST_TIMEOUT)
        except UnreachableError as problem:
            raise ListFailedError(Unreadable(kind.kind, problem.reason, str(problem)), str(problem)) from problem
        body = response.decoded()
        if response.code == 200 and isinstance(body, dict) and isinstance(body.get("items"), list | None):
            return body
        answer = read_answer(response.code, body)
        if answer.code == 410 and token:
            raise ExpiredError(answer.message)
        raise ListFailedError(self._availability(answer), answer.message)

    def _availability(self, answer: Answered) -> Availability:
        kind = self.watched.kind.kind
        if answer.code == 404:
            return NotInstalled(kind)
        return Unreadable(kind, reason_of_read(answer.code, answer.reason), answer.message)

    def _typed(self, item: Json) -> Json:
        """Items of built-in kinds carry no kind (F-130)."""
        if "kind" in item and "apiVersion" in item:
            return item
        return {"apiVersion": self.watched.kind.api_version, "kind": self.watched.kind.kind, **item}

    def _fail(self, failed: ListFailedError) -> None:
        self._failures += 1
        match failed.availability:
            case NotInstalled(kind):
                self._store.learn_list(self.watched.source, kind, (), "")
                self._listed = False
            case Unreadable(reason=reason) if reason in _LASTING:
                pass
            case _ if self._listed and self._failures < PATIENCE:
                return
        self._tell(failed.availability, str(failed))

    def _take(self, listing: Listing) -> None:
        self._listed = True
        kind = self.watched.kind.kind
        self._store.learn_list(self.watched.source, kind, listing.items, listing.version)
        self._tell(None, f"listed {len(listing.items)} objects")
        self._failures = 0

    # ---- watching -----------------------------------------------------------------------------------------------
    async def _watch_from(self, version: str) -> None:
        """Follow from a version until it expires; resume after anything else."""
        while True:
            begun = self._clock.monotonic()
            try:
                async for event in self._events(version):
                    version = self._learn(event) or version
                    self._failures = 0
            except (UnreachableError, BrokenError) as problem:
                if self._clock.monotonic() - begun > LONGEST_PAUSE:
                    self._failures = 0
                self._failures += 1
                self._log.debug("the watch broke, resuming", error=str(problem))
                await pause(self._clock, self._jittered(FIRST_PAUSE, LONGEST_PAUSE))
            else:
                # A server that ends every watch at once must not be asked without pause.
                await pause(self._clock, self._random.uniform(0.01, 0.1))

    async def _events(self, version: str) -> AsyncIterator[Mapping[str, Any]]:
        query = (
            *self._selectors(),
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", version),
            ("timeoutSeconds", str(WATCH_SECONDS)),
        )
        request = Request("watch", "GET", collection_path(self.watched.kind), query, JSON)
        async with self._client.stream(request, silence=SILENCE) as stream:
            if stream.code != 200:
                await self._refuse(stream)
            async for line in stream.lines:
                if line.strip():
                    yield _event(line)

    async def _refuse(self, stream: Stream) -> None:
        """The watch was not begun. What is gone or forbidden is for the next list to say."""
        body = b""
        async for line in stream.lines:
            body += line + b"\n"
            if len(body) > _LONGEST_REFUSAL:
                break
        answer = read_answer(stream.code, decode(body))
        if stream.code in (401, 403, 404, 410):
            raise ExpiredError(answer.message)
        raise BrokenError(answer.message)

    def _learn(self, event: Mapping[str, Any]) -> str:
        """Take one event. Answers with the version to resume from, "" if it gave none."""
        kind, raw = event.get("type"), event.get("object")
        raw = self._typed(raw) if isinstance(raw, dict) else {}
        if kind == "ERROR":
            answer = read_answer(_code(raw), raw)
            if answer.code == 410 or answer.reason in ("Expired", "Gone"):
                raise ExpiredError(answer.message)
            raise BrokenError(answer.message)
        version = _version(raw)
        if kind in ("ADDED", "MODIFIED"):
            self._store.learn(self.watched.source, raw)
        elif kind == "DELETED":
            resource = Resource.of(raw)
            if resource is not None:
                self._store.learn_gone(self.watched.source, resource.key, version)
        return version

    # ---- small things -------------------------------------------------------------------------------------------
    def _selectors(self) -> list[tuple[str, str]]:
        pairs = (("labelSelector", self.watched.labels), ("fieldSelector", self.watched.fields))
        return [pair for pair in pairs if pair[1]]

    def _tell(self, availability: Availability, message: str) -> None:
        """Tell the store how the kind fares, and the log once for each change."""
        self._store.learn_availability(self.watched.kind.kind, self.watched.source, availability)
        self._herald.tell(self.watched, availability)
        if availability is None and not self._is_well:
            self._log.debug(message)
        self._is_well = availability is None
        self.first.set()

    def _pause_after(self, availability: Availability) -> float:
        match availability:
            case NotInstalled():
                return self._random.uniform(0.8, 1.2) * ABSENT
            case Unreadable(reason="Forbidden"):
                return self._random.uniform(0.8, 1.2) * FORBIDDEN_PAUSE
            case _:
                return self._jittered(FIRST_PAUSE, LONGEST_PAUSE)

    def _jittered(self, first: float, longest: float) -> float:
        ceiling = min(longest, first * 2.0 ** min(self._failures - 1, 16))
        return self._random.uniform(ceiling / 2, ceiling)


_LASTING = frozenset({"Forbidden", "Unauthorized"})


def _objects(items: object) -> list[Json]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _event(line: bytes) -> Mapping[str, Any]:
    try:
        event = read_json(line)
    except ValueError as problem:
        raise BrokenError("a line of the watch is cut off") from problem
    if not isinstance(event, dict):
        raise BrokenError("a line of the watch is no event")
    return event


def _version(raw: Mapping[str, Any]) -> str:
    metadata = raw.get("metadata")
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    return version if isinstance(version, str) else ""


def _code(raw: Mapping[str, Any]) -> int:
    code = raw.get("code")
    return code if isinstance(code, int) and code >= 400 else 500
