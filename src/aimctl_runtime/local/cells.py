"""Cells of tables: JSONPath of printer columns, ages, and the columns of built-in kinds.

1. A cell is text, a whole number or None; None prints as a blank. Reading a cell never raises, whatever the object.
2. Ages are counted by the cluster's clock, so they are right when simulated time runs faster than ours.
3. The JSONPath dialect is the one CRDs use: members, quoted members, indexes, `[*]` and `[?(@.a=="b")]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from aimcore.resource import Json

Cell = str | int | None
Reader = Callable[[Json, datetime], Cell]


class Column(NamedTuple):
    """One column; `wide` ones are shown by `-o wide` only."""

    name: str
    read: Reader
    wide: bool = False
    type: str = "string"


_STEP = re.compile(
    r"""\.?\[\?\(\s*@(?P<filter>[^=!<>]+?)\s*==\s*(?P<quote>["'])(?P<wanted>.*?)(?P=quote)\s*\)\]
      | \.?\[(?P<index>-?\d+)\]
      | \.?\[\*\]
      | \.?\['(?P<quoted>[^']*)'\]
      | \.(?P<member>(?:\\.|[^.\[\\])+)""",
    re.VERBOSE,
)
Step = Callable[[Any], Iterator[Any]]


def found(path: str, value: Any) -> list[Any]:
    """Everything that a JSONPath finds in a value; nothing for a path that is not understood."""
    values = [value]
    for step in _steps(path):
        values = [inner for outer in values for inner in step(outer)]
    return values


@lru_cache(maxsize=512)
def _steps(path: str) -> tuple[Step, ...]:
    text = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    steps, at = [], 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            return (lambda _: iter(()),)
        steps.append(_step(match))
        at = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    """One step of a path as a function from a value to the values below it."""
    if (inner := match["filter"]) is not None:
        wanted = match["wanted"]
        return lambda value: (e for e in _items(value) if wanted in found(inner, e))
    if match["index"] is not None:
        index = int(match["index"])
        return lambda value: iter(_items(value)[index:][:1])
    name = match["quoted"] if match["quoted"] is not None else match["member"]
    if name is None or name == "*":
        return lambda value: iter(value.values() if isinstance(value, Mapping) else _items(value))
    name = re.sub(r"\\(.)", r"\1", name)
    return lambda value: iter([value[name]] if isinstance(value, Mapping) and name in value else [])


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def path_column(name: str, path: str, kind: str = "string", *, wide: bool = False) -> Column:
    """A printer column of a CRD. `kind` is its type: string, integer, number, boolean or date."""

    def read(raw: Json, now: datetime) -> Cell:
        values = found(path, raw)
        if not values or values[0] is None:
            return None
        if kind == "date":
            return age(values[0], now)
        return ",".join(map(_text, values)) if kind == "string" else _scalar(values[0])

    return Column(name, read, wide, kind)


def _scalar(value: Any) -> Cell:
    return value if isinstance(value, int) and not isinstance(value, bool) else _text(value)


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case list():
            return "[" + ",".join(map(_text, value)) + "]"
        case Mapping():
            return "{" + ",".join(f"{k}:{_text(v)}" for k, v in value.items()) + "}"
        case _:
            return str(value)


def age(moment: object, now: datetime) -> str:
    """The age of a timestamp as kubectl words it: `<unknown>`, `45s`, `3m12s`, `5h`, `8d`."""
    then = parsed_time(moment)
    return "<unknown>" if then is None else duration(int((now - then).total_seconds()))


def parsed_time(moment: object) -> datetime | None:
    if not isinstance(moment, str):
        return None
    try:
        then = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return then if then.tzinfo else None


def duration(seconds: int) -> str:
    """Seconds in at most two units, fewer the longer it is."""
    if seconds < 0:
        return "<invalid>" if seconds < -1 else "0s"
    for unit, both_below, alone_below, small in _UNITS:
        if seconds < alone_below:
            whole, rest = divmod(seconds, _SECONDS[unit])
            part = rest // _SECONDS[small]
            return f"{whole}{unit}{part}{small}" if part and seconds < both_below else f"{whole}{unit}"
    return f"{seconds // _SECONDS['y']}y"


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}
_UNITS = (
    ("s", 0, 120, "s"),
    ("m", 600, 3 * 3600, "s"),
    ("h", 8 * 3600, 48 * 3600, "m"),
    ("d", 8 * 86400, 2 * 365 * 86400, "h"),
    ("y", 8 * 365 * 86400, 8 * 365 * 86400, "d"),
)
