"""What stands between the controller in memory and its cluster: requests, lists, watches, and the controller's clock.

1. `Direct` is perfect. Others spoil it: they lose answers and events, serve old lists, or end the process.
2. What comes back of a request is what a wire would carry: a code with a body, or silence.
3. `Died`, raised by any method, ends the controller there; its driver begins again with empty memory.
4. A controller reads the time here, for its clock may be wrong.
5. A watch of one transport is taken over by another with `resumed`, at the same place.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from aimcore.changes import Change
from aimcore.errors import reason_of_read
from aimcore.resource import Json, Key
from aimcore.simulation.cluster import ApiError, Cluster, Mark, Watch
from aimcore.snapshot import Unreadable
from aimcore.testing.execution import execute
from aimcore.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Answered:
    """The server's answer: HTTP code and body. `wait`: how long it wants to be left in peace (`Retry-After`)."""

    code: int
    body: Any
    wait: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer. `sent`: whether the request may have reached the server."""

    message: str
    sent: bool


class NoAnswer(Exception):  # noqa: N818  no error of the program: the server is silent
    """Nobody answered a list. `reason` is one of `aimcore.errors.NETWORK_REASONS`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Died(Exception):  # noqa: N818  no error of the program: the process is gone
    """The controller's process ends here."""


def unreadable(kind: str, trouble: ApiError | NoAnswer) -> Unreadable:
    """What a list that failed says of its kind."""
    if isinstance(trouble, NoAnswer):
        return Unreadable(kind, trouble.reason, str(trouble))
    return Unreadable(kind, reason_of_read(trouble.code, trouble.reason), trouble.message)


class Stream(Protocol):
    """Watch events of one kind. `take` gives what is there; `ended` means that it must be listed anew."""

    ended: bool

    def take(self) -> list[Json]: ...


class Transport(Protocol):
    """All that a controller has of its cluster."""

    @property
    def now(self) -> datetime:
        """The time on the controller's own clock."""
        ...

    @property
    def is_withholding(self) -> bool:
        """Whether events wait that the next round will see, though no time passes."""
        ...

    @property
    def next_wake(self) -> datetime | None:
        """When, by the server's clock, something withheld arrives."""
        ...

    def news(self, since: Mark | None) -> tuple[Mark | None, Collection[str] | None]:
        """How far the cluster is now, and the kinds of which watches have news since. None: look at all of them."""
        ...

    def begin_round(self) -> None:
        """The controller is about to look at its watches."""
        ...

    def send(self, parent: Key, change: Change, *, is_forced: bool) -> Answered | Silence:
        """Send a change on behalf of `parent`. May raise `Died`."""
        ...

    def list(self, kind: str) -> Json:
        """The list of a kind. Raises `ApiError` or `NoAnswer`."""
        ...

    def watch(self, kind: str, resource_version: str) -> Stream:
        """Watch a kind from that version on. Raises `ApiError`."""
        ...

    def resumed(self, kind: str, stream: Stream) -> Stream:
        """The stream of the transport that this one is a copy of."""
        ...


class Direct:
    """A transport that loses nothing and is never late."""

    is_withholding = False
    next_wake: datetime | None = None

    def __init__(self, cluster: Cluster, vocabulary: Vocabulary) -> None:
        self._cluster, self._vocabulary = cluster, vocabulary

    @property
    def now(self) -> datetime:
        return self._cluster.clock.now

    def news(self, since: Mark | None) -> tuple[Mark | None, Collection[str] | None]:
        return self._cluster.mark, None if since is None else self._cluster.changed_since(since)

    def begin_round(self) -> None:
        """Nothing to prepare."""

    def send(self, parent: Key, change: Change, *, is_forced: bool) -> Answered | Silence:
        return Answered(*execute(self._cluster, change, self._vocabulary, parent.kind, is_forced=is_forced))

    def list(self, kind: str) -> Json:
        return self._cluster.list(kind)

    def watch(self, kind: str, resource_version: str) -> Stream:
        return self._cluster.watch(kind, resource_version=resource_version)

    def resumed(self, kind: str, stream: Stream) -> Stream:
        if not isinstance(stream, Watch):
            raise TypeError(f"the watch of {kind} is not of a Direct transport")
        return self._cluster.resumed(stream)
