"""Reading a stored object: a typed model, or the list of what is wrong with it. Reading never raises.

1. An absent `spec` reads as an empty one: the API server admits objects without any.
2. An explicit null reads as absent, as the API server prunes it; `3.0` is the whole number 3.
3. A status member that cannot be read is left out; the rest stands. History may be lost, never the object.
4. Only trouble in `spec` makes an object `Malformed`. Its problems are sorted by path.
5. No text of a problem shows a value of an environment variable: it may be a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from aimcore.api.shape import FreeJson, Shape

_SHOWN: Final = 80
_LEVELS: Final = 32
_SECRET: Final = re.compile(r"\.env(\[|$)")


@dataclass(frozen=True, slots=True)
class Problem:
    """One member that cannot be read: its path (`spec.model.image`), its value as short JSON, what is allowed."""

    path: str
    value: str
    allowed: str

    def __str__(self) -> str:
        shown = f": {self.value}" if self.value else ""
        return f"{self.path}{shown}: must be {self.allowed}" if self.allowed != "required" else f"{self.path}: required"


@dataclass(frozen=True, slots=True)
class Malformed:
    """A stored object that does not fit its kind."""

    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        return "; ".join(str(p) for p in self.problems)


class AimObject(Shape):
    """An object of one of our kinds. `metadata` is not judged here (see `aimcore.resource`)."""

    api_version: str = Field("", description="Version of the schema that the object is written in.")
    kind: str = Field("", description="Kind of the object.")
    metadata: FreeJson = Field(None, description="Standard metadata of Kubernetes objects.")

    @classmethod
    def parse(cls, raw: object) -> Self | Malformed:
        """The typed form of a JSON object, or `Malformed`. Total: any JSON is answered, none raises.

        A typical AIMService takes about 15 µs; trouble is looked at more slowly.
        """
        if not isinstance(raw, dict):
            return Malformed((Problem("", _shown(raw), "an object"),))
        try:
            return cls._read(raw if raw.get("spec") is not None else {**raw, "spec": {}})
        except ValidationError:
            return cls._parse_slowly(raw)

    @classmethod
    def _read(cls, raw: Mapping[str, Any]) -> Self:
        return cls.model_validate(raw, by_alias=True, by_name=False)  # JSON never has the names of Python

    @classmethod
    def _parse_slowly(cls, raw: Mapping[str, Any]) -> Self | Malformed:
        """Rules 2 and 3, for the rare object that needs them."""
        spec, status = raw.get("spec"), raw.get("status")
        tidy: dict[str, Any] = {"metadata": raw.get("metadata"), "spec": {} if spec is None else _tidied(spec)}
        tidy |= {m: raw[m] for m in ("apiVersion", "kind") if isinstance(raw.get(m), str)}
        if isinstance(status, dict):
            tidy["status"] = _tidied(status)
        try:
            return cls._read(tidy)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=True, include_input=False)
        if problems := _problems([f for f in faults if f["loc"][:1] != ("status",)], tidy):
            return Malformed(problems)
        unreadable = {f["loc"][1] for f in faults if len(f["loc"]) > 1}
        tidy["status"] = {m: v for m, v in tidy["status"].items() if m not in unreadable}
        return cls._read(tidy)


def _tidied(value: object, levels: int = _LEVELS) -> Any:
    """JSON without null members and with `3.0` as 3, as far down as a schema of ours reaches."""
    if levels and isinstance(value, dict):
        return {k: _tidied(v, levels - 1) for k, v in value.items() if v is not None}
    if levels and isinstance(value, list):
        return [_tidied(v, levels - 1) for v in value if v is not None]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _problems(faults: list[ErrorDetails], raw: Mapping[str, Any]) -> tuple[Problem, ...]:
    """One problem for each path; several faults at one path are the branches of a quantity."""
    found: dict[str, Problem] = {}
    for fault in faults:
        path, value = _locate(fault["loc"], raw)
        is_absent = fault["type"] == "missing"
        shown = "" if is_absent or _SECRET.search(path) else _shown(value)
        problem = Problem(f"{path}.{fault['loc'][-1]}" if is_absent else path, shown, _allowed(fault))
        if problem.path in found:
            problem = Problem(path, shown, "a quantity, such as 500m or 16Gi")
        found[problem.path] = problem
    return tuple(found[p] for p in sorted(found))


def _locate(location: tuple[int | str, ...], raw: object) -> tuple[str, Any]:
    """The path of a fault in Kubernetes' notation, as far as the object reaches, and the value there.

    What follows is the name of an absent member, or of a branch of a union.
    """
    path, value = "", raw
    for step in location:
        if isinstance(value, dict) and step in value:
            path += f".{step}" if path else str(step)
            value = value[step]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            path += f"[{step}]"
            value = value[step]
        else:
            break
    return path, value


def _shown(value: object) -> str:
    """A value as short JSON; containers show only their kind, for they may hold secrets."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case int() if value.bit_length() > 64:
            return "a very large number"
    text = json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


_ALLOWED: Final[Mapping[str, str]] = {
    "missing": "required",
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "an object",
    "dict_type": "an object",
    "literal_error": "{expected}",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "string_too_short": "at least {min_length} characters long",
    "string_too_long": "at most {max_length} characters long",
    "string_pattern_mismatch": "text that matches {pattern}",
    "too_short": "a list of at least {min_length} entries",
    "too_long": "a list of at most {max_length} entries",
}


def _allowed(fault: ErrorDetails) -> str:
    template = _ALLOWED.get(fault["type"])
    return template.format(**fault.get("ctx", {})) if template else fault["msg"]
