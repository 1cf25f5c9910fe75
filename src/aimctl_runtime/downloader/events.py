"""What an attempt tells its supervisor: one JSON object per line on its standard output. Reading is total."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Started:
    """The libraries are loaded; from here on the source is to blame for what takes long."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The source has so many bytes in so many files."""

    total: int
    files: int


@dataclass(frozen=True, slots=True)
class Held:
    """So many bytes of the source are on the volume."""

    bytes: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """Everything is on the volume, nothing verified yet."""


@dataclass(frozen=True, slots=True)
class Verified:
    """So many files were compared with their checksums, so many only by their size."""

    files: int
    by_size: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt ends with this."""

    message: str


Event = Started | Listed | Held | Fetched | Verified | Failed

_KINDS: dict[str, type[Event]] = {
    "started": Started, "listed": Listed, "held": Held, "fetched": Fetched, "verified": Verified, "failed": Failed,
}  # fmt: skip
_TYPES = {"int": int, "str": str}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_speaking = threading.Lock()


def tell(event: Event) -> None:
    """Send an event to the supervisor."""
    fields = {name: getattr(event, name) for name in event.__dataclass_fields__}
    line = json.dumps({"event": _NAMES[type(event)], **fields})
    with _speaking:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def read_event(line: str) -> Event | None:
    """The event of a line, or None where a library printed something of its own."""
    try:
        fields = json.loads(line)
        kind = _KINDS[fields.pop("event")]
        event = kind(**fields)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    fits = all(type(value) is _TYPES[kind.__annotations__[name]] for name, value in fields.items())
    return event if fits else None
