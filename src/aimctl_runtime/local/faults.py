"""Transport faults, injected by tests: what a real API server and the wire between do on a bad day.

1. A fault waits for the calls it names, lets `skip` of them pass, strikes `times` of them, and is then spent.
2. The first fault that speaks for a call strikes alone. What was struck is on record, so a test can see that it was.
3. Effects say whether the write is done: `REFUSALS` never reach the cluster, `AFTERWARDS` spoil the answer only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from aimctl_runtime.local.exchange import Reply, status


class Call(NamedTuple):
    """What a request does, in the words of RBAC: verb, API group, resource with its subresource (`pods/log`)."""

    verb: str
    group: str
    resource: str


class Effect(StrEnum):
    """What goes wrong."""

    CONFLICT = "409"
    EXPIRED = "410"
    TOO_MANY = "429 with a Status"
    TOO_MANY_PLAIN = "429 in plain text"
    INTERNAL = "500"
    UNAVAILABLE = "503"
    TIMEOUT = "504, nothing done"
    TIMEOUT_DONE = "504, but done"
    NO_ANSWER = "connection closed, but done"
    TRUNCATED = "half an answer, but done"
    SLOW = "answered late"
    DROPPED = "watch: closed without an end of stream"
    SILENT = "watch: open, but no event"
    EXPIRED_STREAM = "watch: an ERROR event 410, then the end"


AFTERWARDS = frozenset({Effect.TIMEOUT_DONE, Effect.NO_ANSWER, Effect.TRUNCATED})
STREAMS = frozenset({Effect.DROPPED, Effect.SILENT, Effect.EXPIRED_STREAM})

_TIMEOUT = Reply(
    504,
    {
        "metadata": {},
        "status": "Failure",
        "message": "Timeout: request did not complete within the allotted timeout",
        "reason": "Timeout",
        "details": {},
        "code": 504,
    },
    content_type="text/plain; charset=utf-8",
)
_BUSY = {"Retry-After": "1"}

EXPIRED = status(410, "Expired", "The resourceVersion for the provided watch is too old.")
REFUSALS: Mapping[Effect, Reply] = {
    Effect.CONFLICT: status(
        409,
        "Conflict",
        "Operation cannot be fulfilled: the object has been modified; "
        "please apply your changes to the latest version and try again",
    ),
    Effect.EXPIRED: EXPIRED,
    Effect.TOO_MANY: Reply(
        429,
        status(429, "TooManyRequests", "storage is (re)initializing", {"retryAfterSeconds": 1}).body,
        _BUSY,
    ),
    Effect.TOO_MANY_PLAIN: Reply(
        429, "Too many requests, please try again later.\n", _BUSY, "text/plain; charset=utf-8"
    ),
    Effect.INTERNAL: status(500, "InternalError", "Internal error occurred: etcdserver: leader changed"),
    Effect.UNAVAILABLE: status(
        503,
        "ServiceUnavailable",
        "the request has been made before all known HTTP paths have been installed, please try again",
        {"retryAfterSeconds": 5},
    ),
    Effect.TIMEOUT: _TIMEOUT,
}
"""Answers given instead of doing anything."""


@dataclass(slots=True)
class Fault:
    """A fault for the calls with one of `verbs` and one of `resources` (plural, with `/status`); empty means all.

    `seconds`: how late a SLOW answer is. `after`: events that a watch still delivers before it is DROPPED.
    """

    effect: Effect
    verbs: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    times: int = 1
    skip: int = 0
    seconds: float = 0.0
    after: int = 0

    def concerns(self, call: Call) -> bool:
        """Whether this fault is about such a call; stream effects are about watches only."""
        if (call.verb == "watch") != (self.effect in STREAMS) and self.effect in STREAMS | AFTERWARDS:
            return False
        return (not self.verbs or call.verb in self.verbs) and (not self.resources or call.resource in self.resources)


@dataclass(slots=True)
class Faults:
    """The faults that are waiting, and the record of those that struck."""

    waiting: list[Fault] = field(default_factory=list)
    struck: list[tuple[Effect, Call]] = field(default_factory=list)

    def inject(self, *faults: Fault) -> None:
        self.waiting.extend(faults)

    def clear(self) -> None:
        self.waiting.clear()

    def strike(self, call: Call) -> Fault | None:
        """The fault that strikes this call, if any. Counts down skips and times."""
        for fault in self.waiting:
            if not fault.concerns(call):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.waiting.remove(fault)
            self.struck.append((fault.effect, call))
            return fault
        return None
