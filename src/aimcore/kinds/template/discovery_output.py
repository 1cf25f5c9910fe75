"""What a discovery Job says: its log, read as a profile and model sources (P-2 to P-6, O-10). Pure and total.

1. First the whole log as one JSON value, then the top-level JSON values in it, from the end.
2. A result is a non-empty array whose first element is an object with an object `profile`; that element is used.
3. Keys match whatever their case; null is absent; a wrong type makes the result unreadable.
4. So does what no template status may hold: an unknown metric, precision or type, a bad model id or URI, values nested
   deeper than 64 levels.
5. The last MiB of a log counts, for no status holds more. Looking for values ends when what had to be read again and
   again exceeds 64 times that.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from aimcore.api import quantity
from aimcore.api.words import MODEL_ID_PATTERN, SOURCE_URI_PATTERN, Metric, Precision, ProfileType
from aimcore.resource import Json

_GIBIBYTE = 1024**3
_MOST_BYTES = 2**62
_START = re.compile(r"""\[(?=\s*[\[{"0-9\-tfn\]])|\{(?=\s*["}])""")
_LONGEST = 2**20
_PATIENCE = 64 * _LONGEST
_PRICE = 256
"""Characters that a start without a value counts for, beside those that were read."""
_STRIDE = 4096
_LEVELS = 64
_MOST_DIGITS = 400


@dataclass(frozen=True, slots=True)
class DiscoveryResult:
    """What `status.profile` and `status.modelSources` become."""

    profile: Json
    sources: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class UnreadableOutput:
    """The log holds no usable result. `message` is a sentence for people."""

    message: str


class _WrongShapeError(ValueError):
    """A member of the result has a type or value that is not allowed."""


def read_discovery_output(log: str) -> DiscoveryResult | UnreadableOutput:
    """The result that a discovery log holds."""
    is_empty_array = False
    for value in _values(log[-_LONGEST:]):
        if isinstance(value, list) and not value:
            is_empty_array = True
        element = _element(value)
        if element is None:
            continue
        try:
            return _sendable(_result(element))
        except (_WrongShapeError, RecursionError) as wrong:
            return UnreadableOutput(f"failed to parse discovery JSON: {wrong}")
    if is_empty_array:
        return UnreadableOutput("discovery output contains empty array")
    return UnreadableOutput("failed to parse discovery JSON: no valid JSON array found in logs")


def _sendable(result: DiscoveryResult) -> DiscoveryResult:
    """The result, unless it holds half a character: JSON escapes can spell one, UTF-8 cannot."""
    try:
        json.dumps((result.profile, result.sources), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _WrongShapeError("a text is no Unicode") from None
    return result


# ---- finding the value ----------------------------------------------------------------------------------------------
class _Decoder:
    """Reads JSON; what Python takes for JSON and nobody else does is refused."""

    def __init__(self) -> None:
        self._refused: list[str] = []
        self._decoder = json.JSONDecoder(parse_constant=self._refused.append, parse_int=self._whole)

    def _whole(self, digits: str) -> int:
        if len(digits) > _MOST_DIGITS:
            self._refused.append(digits)
            return 0
        return int(digits)

    def value_at(self, text: str, start: int) -> tuple[Any, int, bool]:
        """The value that starts there, where it ends or cannot be read further, and whether there is one."""
        self._refused.clear()
        try:
            value, end = self._decoder.raw_decode(text, start)
        except json.JSONDecodeError as problem:
            return None, problem.pos, False
        except RecursionError:  # nested far too deep; a log in which this happens again and again is given up
            return None, start + _LONGEST, False
        return value, end, not self._refused


def _values(log: str) -> Iterator[Any]:
    """The JSON values of a log: the whole of it, then the top-level ones from the end."""
    whole = log.strip()
    value, end, is_value = _Decoder().value_at(whole, 0)
    if is_value and end == len(whole):
        yield value
    else:
        yield from reversed(tuple(_top_level(log)))


def _top_level(log: str) -> Iterable[Any]:
    decoder, position, patience = _Decoder(), 0, _PATIENCE
    while patience > 0 and (start := _START.search(log, position)) is not None:
        if position > _STRIDE:  # the decoder's errors count the lines from the beginning of the text
            log, position = log[position:], 0
            continue
        value, end, is_value = decoder.value_at(log, start.start())
        if is_value:
            position = end
            yield value
        else:
            position = start.end()
            patience -= end - start.start() + _PRICE


def _element(value: object) -> Mapping[str, Any] | None:
    first = value[0] if isinstance(value, list) and value else None
    return first if isinstance(first, Mapping) and isinstance(_member(first, "profile"), Mapping) else None


# ---- reading it -----------------------------------------------------------------------------------------------------
def _result(element: Mapping[str, Any]) -> DiscoveryResult:
    found = _object(element, "profile")
    metadata = _object(found, "metadata")
    read = {
        "engine": _text(metadata, "engine"),
        "gpu": _text(metadata, "gpu"),
        "gpuCount": _count(metadata, "gpu_count"),
        "metric": _one_of(metadata, "metric", get_args(Metric)),
        "precision": _one_of(metadata, "precision", get_args(Precision)),
        "type": _one_of(metadata, "type", get_args(ProfileType)),
    }
    profile: Json = {"metadata": {k: v for k, v in read.items() if v}}
    arguments, variables = _object(found, "engine_args"), _object(found, "env_vars")
    if arguments:
        if not _is_flat(arguments, _LEVELS):
            raise _WrongShapeError(f"engine_args is nested deeper than {_LEVELS} levels")
        profile["engine_args"] = _without_null(arguments)
    if variables:
        profile["env_vars"] = {k: _text(variables, k, exact=True) for k, v in variables.items() if v is not None}
    return DiscoveryResult(profile, tuple(_source(m) for m in _list(element, "models")))


def _source(entry: object) -> Json:
    if not isinstance(entry, Mapping):
        raise _WrongShapeError("models: an entry is no object")
    source: Json = {
        "modelId": _matching(entry, "name", MODEL_ID_PATTERN),
        "sourceUri": _matching(entry, "source", SOURCE_URI_PATTERN),
    }
    size = _member(entry, "size_gb")
    if size is not None:
        source["size"] = quantity.binary(_bytes(size))
    return source


def _bytes(size: object) -> int:
    if isinstance(size, bool) or not isinstance(size, int | float) or not math.isfinite(size):
        raise _WrongShapeError("models: size_gb is no number")
    if not 0 <= size <= _MOST_BYTES // _GIBIBYTE:
        raise _WrongShapeError("models: size_gb is out of range")
    return math.trunc(size * _GIBIBYTE)


def _matching(entry: Mapping[str, Any], name: str, pattern: str) -> str:
    value = _text(entry, name)
    if re.search(pattern, value) is None or value.endswith("\n"):
        raise _WrongShapeError(f'models: {name} "{value[:80]}" does not match {pattern}')
    return value


def _member(value: Mapping[str, Any], name: str) -> Any:
    """The member of that name, whatever its case; the exact one first, else the last."""
    if name in value:
        return value[name]
    return next((v for k, v in reversed(list(value.items())) if k.lower() == name), None)


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = _member(value, name)
    if not isinstance(found, Mapping | None):
        raise _WrongShapeError(f"{name} is no object")
    return found or {}


def _list(value: Mapping[str, Any], name: str) -> list[Any]:
    found = _member(value, name)
    if not isinstance(found, list | None):
        raise _WrongShapeError(f"{name} is no array")
    return found or []


def _text(value: Mapping[str, Any], name: str, *, exact: bool = False) -> str:
    found = value[name] if exact else _member(value, name)
    if not isinstance(found, str | None):
        raise _WrongShapeError(f"{name[:80]} is no text")
    return found or ""


def _count(value: Mapping[str, Any], name: str) -> int:
    found = _member(value, name)
    if isinstance(found, bool) or not isinstance(found, int | None) or not -(2**31) <= (found or 0) < 2**31:
        raise _WrongShapeError(f"{name} is no whole number of 32 bits")
    return found or 0


def _one_of(value: Mapping[str, Any], name: str, allowed: Iterable[str]) -> str:
    found = _text(value, name)
    if found and found not in allowed:
        raise _WrongShapeError(f'{name} "{found[:80]}" is none of {", ".join(allowed)}')
    return found


def _is_flat(value: Any, levels: int) -> bool:
    """Whether nothing in the value lies deeper than so many levels."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return levels >= 0 and all(_is_flat(v, levels - 1) for v in inner)


def _without_null(value: Any) -> Any:
    """Null members of objects cannot be stored by a merge patch."""
    return {k: _without_null(v) for k, v in value.items() if v is not None} if isinstance(value, Mapping) else value
