"""Writing: carry out one change and say what came of it.

1. The store hears of a write before it starts and when it ends, whatever happens in between.
2. No write starts later than the leader's deadline minus the time that a request may take.
3. A conflict is forced over at most once, and remembered: the same manager is not fought again for a while.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from aimcore.changes import Change, PatchStatus
from aimcore.resource import Key
from aimcore.wire import (
    REPEAT,
    Again,
    Done,
    Refused,
    Request,
    Result,
    Unknown,
    read_response,
    read_silence,
    requests_of,
)
from aimctl_runtime.clock import Clock
from aimctl_runtime.store import Store
from aimctl_runtime.transport import Client, Response, UnreachableError

WRITE_TIMEOUT = 30.0
"""Seconds that a write may take: webhooks have up to 30."""
LEADING_TIMEOUT = 5.0
"""The same under leader election: the lease outlives the renew deadline by as much."""


class NotLeadingError(Exception):
    """The lease does not last long enough for another write."""


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a change. `forced_over` are the managers whose fields were taken; `wait` is what the server asked
    for, in seconds.
    """

    change: Change
    result: Done | Refused | Unknown
    forced_over: tuple[str, ...] = ()
    wait: float = 0.0

    @property
    def is_done(self) -> bool:
        return isinstance(self.result, Done)


class Writer:
    """See the rules above. `deadline` answers with the last moment (monotonic) at which a write may still run; None
    for no limit.
    """

    def __init__(
        self, client: Client, store: Store, clock: Clock, deadline: Callable[[], float | None] = lambda: None
    ) -> None:
        self._client = client
        self._store = store
        self._clock = clock
        self._deadline = deadline
        self._forced: dict[Key, dict[str, datetime]] = {}

    async def write(self, change: Change) -> Written:
        """Carry out a change. Raises NotLeadingError when there is no time for a request."""
        self._time_left()
        seen = self._store.table.find(change.key)
        self._store.begin(change.key)
        result: Result | None = None
        try:
            written = await self._try(change)
            result = written.result
        finally:
            # A status that we wrote wakes everybody but its own object: that has its back-off, or is planned again.
            but = change.key if isinstance(change, PatchStatus) else None
            self._store.finish(change.key, result.object if isinstance(result, Done) else None, but=but)
        if isinstance(written.result, Done) or seen is None:
            return written
        outcome = replace(written.result.outcome, seen=seen.resource_version)
        return replace(written, result=replace(written.result, outcome=outcome))

    async def _try(self, change: Change) -> Written:
        forced = self._forced_lately(change.key)
        first = await self._ask(requests_of(change), change)
        if not isinstance(first, Response):
            return Written(change, first)
        result = read_response(change, first.code, first.decoded(), self._clock.now(), forced=forced)
        if not isinstance(result, Again):
            return Written(change, result, wait=first.retry_after or 0.0)
        second = await self._ask(result.request, change)
        if not isinstance(second, Response):
            return Written(change, second)
        now = self._clock.now()
        final = read_response(change, second.code, second.decoded(), now, forced=forced, is_forced=True)
        assert not isinstance(final, Again)  # noqa: S101  (read_response: no third try)
        if isinstance(final, Done):
            self._forced.setdefault(change.key, {}).update(dict.fromkeys(result.managers, now))
            return Written(change, final, result.managers)
        return Written(change, final, wait=second.retry_after or 0.0)

    async def _ask(self, request: Request, change: Change) -> Response | Refused | Unknown:
        try:
            return await self._client.request(request, timeout=self._time_left())
        except UnreachableError as problem:
            return read_silence(change, str(problem), self._clock.now(), sent=problem.sent)

    def _time_left(self) -> float:
        deadline = self._deadline()
        if deadline is None:
            return WRITE_TIMEOUT
        if self._clock.monotonic() + LEADING_TIMEOUT > deadline:
            raise NotLeadingError("the leader lease does not last long enough for another write")
        return LEADING_TIMEOUT

    def _forced_lately(self, key: Key) -> dict[str, datetime]:
        since = self._clock.now() - REPEAT
        kept = {manager: at for manager, at in self._forced.get(key, {}).items() if at > since}
        if kept:
            self._forced[key] = kept
        else:
            self._forced.pop(key, None)
        return kept
