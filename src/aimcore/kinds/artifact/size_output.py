"""What a check-size Job says: the last line of its log, read as a size (A5.2). Pure and total.

1. The line is JSON `{"url": text, "sizeBytes": whole number}`; other members are ignored, a fraction is an error.
2. Sizes from 1 byte to 2⁵⁰ bytes are accepted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

MAX_BYTES = 2**50
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class InvalidSize:
    """The line is no size. `message` is a sentence for people."""

    message: str


def read_size_output(line: str) -> int | InvalidSize:
    """The number of bytes that a check-size Job printed."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return _unparsable(f"no JSON: {_shortened(line)}")
    if not isinstance(found, dict):
        return _unparsable(f"not an object: {_shortened(line)}")
    if not isinstance(found.get("url"), str | None):
        return _unparsable("url is no text")
    size = found.get("sizeBytes")
    if isinstance(size, bool) or not isinstance(size, int | None):
        return _unparsable("sizeBytes is no whole number")
    number = size or 0
    return number if 0 < number <= MAX_BYTES else InvalidSize(f"invalid size: {_digits(number)} bytes")


def _unparsable(why: str) -> InvalidSize:
    return InvalidSize(f"failed to parse check-size output: {why}")


def _shortened(line: str) -> str:
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _digits(number: int) -> str:
    return str(number) if abs(number) < 10**30 else "10^30 or more"
