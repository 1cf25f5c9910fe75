"""Fault schedules: what goes wrong between a controller and its cluster, and when, as data that can be replayed.

1. A fault begins at a request of the controller (`write`, counted from 0 since the play began, with every apply that
   is sent again) or at a watch event (`event`, counted from 0). A `write` of -1 is the beginning of the play.
2. A fault happens once. One that lasts ends so many seconds later, by the server's clock.
3. A schedule is a tuple of faults, in any order. What no request and no event comes to never happens.
4. `to_json` and `from_json` are inverse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_args

from aimcore.resource import Json


# ---- of the controller's process ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Crash:
    """The process ends at this request: before the server sees it, or (`done`) after it has been carried out."""

    write: int
    done: bool


@dataclass(frozen=True, slots=True)
class Rival:
    """A second controller still believes that it leads: it knows what was known at this request, sleeps so long, and
    then plans every object by what it knew, and writes, once."""

    write: int
    lasts: int


# ---- of answers -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Refused:
    """The request is answered with this code (409, 429, 500, 503 or 504) and not carried out.

    `wait`: the seconds of its `Retry-After`; 0 for none.
    """

    write: int
    code: int
    wait: int = 0


@dataclass(frozen=True, slots=True)
class Denied:
    """The request is denied by somebody who means it, and so is each write of an object of its kind for a while.

    `why`: who says no, by a name of `refusals.DENIALS`. With `lasts` 0 it is this request alone. Statuses, for which
    another right is needed, are not denied for long: with them results of Jobs are lost that nobody else knows.
    """

    write: int
    why: str
    lasts: int = 0


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No answer comes. `done`: whether the request was carried out all the same."""

    write: int
    done: bool


@dataclass(frozen=True, slots=True)
class Outage:
    """From this request on nothing reaches the server, and every watch has broken off."""

    write: int
    lasts: int


# ---- of events ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Lost:
    """This event never arrives. Its kind is listed anew after ten minutes, unless a later event tells the same."""

    event: int


@dataclass(frozen=True, slots=True)
class Doubled:
    """This event arrives twice."""

    event: int


@dataclass(frozen=True, slots=True)
class Expired:
    """All watches end with 410 at this request: every kind is listed anew."""

    write: int


@dataclass(frozen=True, slots=True)
class Trickling:
    """From this request on events arrive one by one, those of different kinds in any order (`salt`).

    The order within a kind is kept, as every watch keeps it.
    """

    write: int
    lasts: int
    salt: int


@dataclass(frozen=True, slots=True)
class Lagging:
    """From this request on events of one kind arrive only every so many seconds."""

    write: int
    kind: str
    every: int
    lasts: int


@dataclass(frozen=True, slots=True)
class Frozen:
    """From this request on no event arrives at all; then all of them."""

    write: int
    lasts: int


@dataclass(frozen=True, slots=True)
class Stale:
    """The process ends after this request, and the next one is served an older state: so many changes back.

    Its lists show that state of all kinds, and nothing newer arrives until the fault ends.
    """

    write: int
    back: int
    lasts: int


@dataclass(frozen=True, slots=True)
class Unserved:
    """From this request on the server does not know a kind: its CRD is late (`write` -1), or gone for a while."""

    write: int
    kind: str
    lasts: int


@dataclass(frozen=True, slots=True)
class Unlisted:
    """From this request on (-1: from the beginning) a kind cannot be listed, and its watch has ended.

    `why`: a name of `refusals.LIST_TROUBLES`. Of the kind Secret, which nobody lists, none can be read.
    """

    write: int
    kind: str
    why: str
    lasts: int


# ---- of the world outside the API -----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Unanswered:
    """From this request on (-1: from the beginning) nobody answers questions for the world outside the API."""

    write: int
    lasts: int


# ---- of clocks ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Leap:
    """At this request all clocks leap forward by so many seconds."""

    write: int
    by: int


@dataclass(frozen=True, slots=True)
class Skewed:
    """From this request on the controller's clock is ahead of the server's by so many seconds (negative: behind)."""

    write: int
    by: int
    lasts: int


Fault = (
    Crash | Rival | Refused | Denied | TimedOut | Outage | Lost | Doubled | Expired | Trickling | Lagging | Frozen
    | Stale | Unserved | Unlisted | Unanswered | Leap | Skewed
)  # fmt: skip
FAULT_TYPES: tuple[type[Fault], ...] = get_args(Fault)
Schedule = tuple[Fault, ...]
_BY_NAME = {type_.__name__: type_ for type_ in FAULT_TYPES}


def name_of(fault: Fault) -> str:
    """What sort of fault this is, for tallies: the type with what of it makes a difference in kind."""
    match fault:
        case Crash(_, done):
            return f"Crash {'after' if done else 'before'}"
        case TimedOut(_, done):
            return f"TimedOut {'done' if done else 'undone'}"
        case Refused(_, code, wait):
            return f"Refused {code}{' with Retry-After' if wait else ''}"
        case Denied(_, why, lasts):
            return f"Denied by {why}{' for a while' if lasts else ''}"
        case Unlisted(write, _, why):
            return f"Unlisted {why} {'at first' if write < 0 else 'for a while'}"
        case Unserved(write):
            return "Unserved at first" if write < 0 else "Unserved for a while"
        case Skewed(_, by):
            return f"Skewed {'ahead' if by > 0 else 'behind'}"
        case _:
            return type(fault).__name__


def to_json(schedule: Schedule) -> list[Json]:
    """The schedule as plain JSON: `{"fault": "Crash", "write": 3, "done": true}`."""
    return [{"fault": type(fault).__name__, **asdict(fault)} for fault in schedule]


def from_json(listed: list[Mapping[str, Any]]) -> Schedule:
    """The inverse of `to_json`. Raises KeyError for an unknown fault, TypeError for members that it does not have."""
    return tuple(_BY_NAME[given["fault"]](**{k: v for k, v in given.items() if k != "fault"}) for given in listed)
