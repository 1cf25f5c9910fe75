"""Watches: a position in the history of one kind.

1. From a version R: everything after R. Without one, or from 0: a synthetic ADDED for each object, then live.
2. With a selector, an object that stops matching is DELETED with the version of the change, one that starts is ADDED.
3. Bookmarks carry only the version: one about two seconds after the start, then one a minute.
4. A version that is no longer known gives one ERROR event with a 410 Status, then the stream ends. A compaction does
   not hurt a running watch, unless it sleeps through two of them.
5. A watch ends when its kind is uninstalled.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from aimcore.simulation.clock import Clock
from aimcore.simulation.errors import status_body
from aimcore.simulation.resource_type import Json, ResourceType
from aimcore.simulation.selectors import Matches
from aimcore.simulation.storage import ADDED, DELETED, MODIFIED, Change, Store

FIRST_BOOKMARK, NEXT_BOOKMARK = timedelta(seconds=2), timedelta(minutes=1)
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


class Watch:
    """A non-blocking stream: `take()` gives the events since the last call. `ended` turns True at its end."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        resource_type: ResourceType,
        is_installed: Callable[[], bool],
        *,
        namespace: str,
        matches: Matches | None,
        start: int,
        initial: list[Json] | None,
        bookmarks: bool,
        mark_initial_end: bool,
        read: Callable[[Json], Json],
    ) -> None:
        self.ended = False
        self.version = start
        self._started = initial is not None
        self._store, self._clock, self._type = store, clock, resource_type
        self._is_installed, self._read = is_installed, read
        self._namespace, self._matches = namespace, matches
        self._bookmarks = bookmarks
        self._next_bookmark: datetime = clock.now + FIRST_BOOKMARK
        self._pending: list[Json] = []
        if initial is not None:
            self._pending = [{"type": ADDED, "object": o} for o in initial]
            if mark_initial_end:
                self._pending.append(self._bookmark({INITIAL_EVENTS_END: "true"}))

    def take(self) -> list[Json]:
        """The events that are due now, oldest first."""
        if self.ended:
            return []
        installed = self._is_installed()
        if self.version == self._store.version and installed and not (self._pending or self._bookmarks):
            return []
        out, self._pending = self._pending, []
        if self.version < (self._store.forgotten if self._started else self._store.compacted):
            return [*out, self._expired()]
        self._started = True
        for change in self._store.changes(self._type.name, self.version):
            event = self._event(change)
            if event is not None:
                out.append(event)
        self.version = max(self.version, self._store.version)
        if not installed:
            self.ended = True
        elif self._bookmarks and self._clock.now >= self._next_bookmark:
            self._next_bookmark = self._clock.now + NEXT_BOOKMARK
            out.append(self._bookmark({}))
        return out

    def fork(self, store: Store, clock: Clock, is_served: Callable[[], bool], read: Callable[[Json], Json]) -> Watch:
        """The same stream, at the same place, on a copy of the store."""
        was_served = self._is_installed()
        twin = Watch(
            store,
            clock,
            self._type,
            lambda: was_served and is_served(),
            namespace=self._namespace,
            matches=self._matches,
            start=self.version,
            initial=None,
            bookmarks=self._bookmarks,
            mark_initial_end=False,
            read=read,
        )
        twin.ended, twin._started = self.ended, self._started
        twin._pending, twin._next_bookmark = list(self._pending), self._next_bookmark
        return twin

    @property
    def kind(self) -> str:
        return self._type.name

    def stop(self) -> list[Json]:
        """The server's own end of the stream: what is due, and a last bookmark if they were asked for."""
        out = self.take()
        if not self.ended and self._bookmarks:
            out.append(self._bookmark({}))
        self.ended = True
        return out

    def _expired(self) -> Json:
        self.ended = True
        message = f"too old resource version: {self.version} ({self._store.compacted})"
        return {"type": "ERROR", "object": status_body(410, "Expired", message)}

    def _event(self, change: Change) -> Json | None:
        if self._namespace and change.new["metadata"].get("namespace") != self._namespace:
            return None
        if self._matches is None:
            return {"type": change.event, "object": self._read(change.new)}
        old = change.old is not None and self._matches(self._read(change.old))
        new = change.event != DELETED and self._matches(self._read(change.new))
        if new:
            return {"type": MODIFIED if old else ADDED, "object": self._read(change.new)}
        if not old or change.old is None:
            return None
        metadata = {**change.old["metadata"], "resourceVersion": str(change.version)}
        return {"type": DELETED, "object": self._read({**change.old, "metadata": metadata})}

    def _bookmark(self, annotations: dict[str, str]) -> Json:
        metadata: dict[str, Any] = {"resourceVersion": str(self.version), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        kind = self._type.kind
        return {
            "type": "BOOKMARK",
            "object": {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata},
        }
