"""Durations: texts such as `90s`, `1h30m`, `1.5s`, as Go and the Kubernetes API write them.

1. Anything that is no such text is None. Nothing here raises.
2. A route's time-out is written with whole h, m, s and ms only, in the canonical compound form (`180s` → `3m0s`,
   `1.5s` → `1s500ms`). What the Gateway API pattern cannot hold is None (D-25).
"""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_TERM = re.compile(r"(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)")
_MAX = 2**63 - 1
_LONGEST = 128
_MOST_HOURS = 99_999


def parse(text: object) -> timedelta | None:
    """The duration that a text names, cut to whole microseconds; None if it names none."""
    nanoseconds = _nanoseconds(text)
    return None if nanoseconds is None else timedelta(microseconds=int(nanoseconds / 1000))


def gateway_text(text: object) -> str | None:
    """The duration as HTTPRoute takes it (R-10.3, D-25); None if it is none or cannot be expressed there."""
    nanoseconds = _nanoseconds(text)
    if nanoseconds is None or nanoseconds < 0 or nanoseconds % _UNITS["ms"]:
        return None
    if nanoseconds == 0:
        return "0s"
    seconds, milliseconds = divmod(nanoseconds // _UNITS["ms"], 1000)
    if seconds == 0:
        return f"{milliseconds}ms"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours > _MOST_HOURS:
        return None
    large = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    small = f"{milliseconds}ms" if milliseconds else ""
    return f"{large}{seconds}s{small}"


def _nanoseconds(text: object) -> int | None:
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    negative, unsigned = text.startswith("-"), text[1:] if text[:1] in ("-", "+") else text
    if unsigned == "0":
        return 0
    total, position = 0, 0
    while position < len(unsigned):
        term = _TERM.match(unsigned, position)
        if term is None:
            return None
        whole, decimals, unit = term.groups()
        total += int(whole or "0") * _UNITS[unit]
        if decimals:
            total += int(decimals) * _UNITS[unit] // 10 ** len(decimals)
        position = term.end()
    if not unsigned or total > _MAX:
        return None
    return -total if negative else total
