"""The log: one JSON line for each message, on stderr.

1. Fields: `level`, `ts`, `logger`, `msg`; in rounds also `controller`, `controllerGroup`, `controllerKind`, `<Kind>`,
   `namespace`, `name`, `reconcileID`; `error` on failures.
2. Never a secret: nobody hands one in, and values under telling names are masked all the same.
3. Levels: debug, info, error, panic; a number n shows verbosity n (1 is debug).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TextIO

from aimctl_runtime.clock import Clock, SystemClock

LEVELS: Mapping[str, int] = {"debug": 1, "info": 0, "error": -1, "panic": -2}
_SECRET_NAME = re.compile(r"password|passwd|token|secret_?value|authorization|api_?key|dockerconfigjson", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=_.\-]{8,}|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")
MASK = "***"


def threshold(level: str) -> int | None:
    """The verbosity that a level text names; None if it is none."""
    if level.isascii() and level.isdecimal() and len(level) <= 9 and int(level) > 0:
        return int(level)
    return LEVELS.get(level.lower())


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _rfc3339nano(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _iso8601(moment: datetime) -> str:
    return f"{moment.strftime('%Y-%m-%dT%H:%M:%S')}.{moment.microsecond // 1000:03d}Z"


TIME_ENCODINGS: Mapping[str, Callable[[datetime], str | float]] = {
    "rfc3339": _rfc3339,
    "rfc3339nano": _rfc3339nano,
    "iso8601": _iso8601,
    "epoch": lambda moment: moment.timestamp(),
    "millis": lambda moment: moment.timestamp() * 1e3,
    "nano": lambda moment: moment.timestamp() * 1e9,
}


@dataclass(slots=True)
class Output:
    """Where lines go and how they look; shared by all loggers of a process."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    verbosity: int = 0
    encoder: str = "json"
    time_encoding: str = "rfc3339"
    clock: Clock = field(default_factory=SystemClock)

    def write(self, level: str, logger: str, message: str, fields: Mapping[str, Any]) -> None:
        ts = TIME_ENCODINGS[self.time_encoding](self.clock.now())
        line = {"level": level, "ts": ts, "logger": logger, "msg": masked(message), **_masked_fields(fields)}
        if self.encoder == "console":
            rest = json.dumps(_masked_fields(fields), default=str, ensure_ascii=False) if fields else ""
            text = f"{ts}\t{level.upper()}\t{logger}\t{line['msg']}\t{rest}".rstrip()
        else:
            text = json.dumps(line, default=str, ensure_ascii=False)
        self.stream.write(f"{text}\n")
        self.stream.flush()


@dataclass(frozen=True, slots=True)
class Log:
    """A logger with a name and fields. Cheap to derive, never changed."""

    output: Output = field(default_factory=Output)
    name: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    def named(self, name: str) -> Log:
        return Log(self.output, f"{self.name}.{name}" if self.name else name, self.fields)

    def about(self, **fields: Any) -> Log:
        return Log(self.output, self.name, {**self.fields, **fields})

    def debug(self, message: str, /, **fields: Any) -> None:
        self._write("debug", message, fields)

    def info(self, message: str, /, **fields: Any) -> None:
        self._write("info", message, fields)

    def error(self, message: str, /, **fields: Any) -> None:
        self._write("error", message, fields)

    def _write(self, level: str, message: str, fields: Mapping[str, Any]) -> None:
        if LEVELS[level] <= self.output.verbosity:
            self.output.write(level, self.name, message, {**self.fields, **fields})


def masked(text: str) -> str:
    """The text without bearer tokens and without passwords in URLs."""
    return _SECRET_TEXT.sub(MASK, text)


def _masked_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _masked(name, value) for name, value in fields.items()}


def _masked(name: str, value: Any) -> Any:
    if _SECRET_NAME.search(name):
        return MASK
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {key: _masked(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(name, inner) for inner in value]
    return value
