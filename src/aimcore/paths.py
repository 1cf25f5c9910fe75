"""Route paths: templates with JSON paths in braces, rendered from an AIMService (R-10.4, R-10.5, D-26).

1. `{…}` with anything but braces inside is an expression; `{}` and stray braces are literal text.
2. `.metadata.labels['K']` and `.metadata.annotations['K']` give that value. Anything else is a JSON path of fields,
   indexes, slices, `*` and `..`, which must give exactly one scalar; from revision 2 on keys may be quoted anywhere.
3. Revision 1 is the reference's rendering: values and segments in DNS label form, `/<namespace>/<uid>` by default.
4. Revision 2 follows the guide: lower-case, then percent-encoded segment by segment; `/<namespace>/<name>` by default.
   Segments `.` and `..` and an encoded slash are refused.
5. A path has at most 200 characters. Any template and any service give a path or a problem, never an exception.
6. A template looks at no more than `MOST_LOOKS` values of the service: `..` in a row can name millions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from jsonpath_ng import Fields, Index, JSONPath, Slice, Wildcard

from aimcore.api.json_text import json_number, well_formed
from aimcore.naming import dns_label, lowered

LONGEST = 200
MOST_LOOKS = 20_000


@dataclass(frozen=True, slots=True)
class RenderedPath:
    """The path, with a leading slash and none at the end."""

    path: str


@dataclass(frozen=True, slots=True)
class PathProblem:
    """The template cannot be rendered. `expression` is what failed in it, `message` a clause for people."""

    expression: str
    message: str


class _UnrenderableError(Exception):
    """One expression, or the path as a whole, cannot be rendered."""

    def __init__(self, expression: str, message: str) -> None:
        super().__init__(message)
        self.problem = PathProblem(expression, message)


def render_path(template: str | None, service: Mapping[str, Any], *, revision: int) -> RenderedPath | PathProblem:
    """The path of a service (its raw JSON) by this template; None or "" means the default path of the revision."""
    try:
        if not template:
            return RenderedPath(_default_path(service, revision))
        looks = _Looks()
        text = _EXPRESSION.sub(lambda found: _rendered(found[1].strip(), service, revision, looks), template).strip()
        if not text:
            raise _UnrenderableError(template, "renders to an empty path")
        return RenderedPath((_encoded if revision >= 2 else _sanitized)(text, template))
    except _UnrenderableError as failure:
        return failure.problem


def _default_path(service: Mapping[str, Any], revision: int) -> str:
    metadata = service.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    last = metadata.get("name" if revision >= 2 else "uid")
    text = f"/{metadata.get('namespace') or ''}/{last or ''}"
    return (_encoded if revision >= 2 else _sanitized)(text, text)


# ---- the path as a whole --------------------------------------------------------------------------------------------
def _sanitized(text: str, template: str) -> str:
    """The reference's form: each segment a DNS label."""
    trimmed = "/" + text.strip("/")
    if len(well_formed(trimmed).encode()) > LONGEST:
        raise _UnrenderableError(template, f"the path exceeds {LONGEST} characters")
    segments = (dns_label(segment.strip()) for segment in trimmed.split("/"))
    return "/" + "/".join(s for s in segments if s)


_UNRESERVED = re.compile(r"[a-z0-9_.~-]*")


def _encoded(text: str, template: str) -> str:
    """The guide's form: lower-case and percent-encoded per RFC 3986."""
    lower = lowered(well_formed(text))
    if "%2f" in lower:
        raise _UnrenderableError(template, "the path must not hold an encoded slash (%2F)")
    segments = [s for s in lower.split("/") if s]
    for segment in segments:
        if segment in (".", ".."):
            raise _UnrenderableError(template, f'the path must not hold the segment "{segment}"')
    path = "/" + "/".join([s if _UNRESERVED.fullmatch(s) else quote(s, safe="") for s in segments])
    if len(path) > LONGEST:
        raise _UnrenderableError(template, f"the path exceeds {LONGEST} characters")
    return path


# ---- one expression -------------------------------------------------------------------------------------------------
_EXPRESSION = re.compile(r"\{([^{}]+)\}")
_QUOTED_KEY = r"\[(?:'([^']*)'|\"([^\"]*)\")\]"
_MAP_ENTRY = re.compile(rf"\.metadata\.(label|annotation)s{_QUOTED_KEY}")


class _Looks:
    """How many values a template may still look at (rule 6)."""

    def __init__(self) -> None:
        self._left = MOST_LOOKS

    def spend(self, expression: str, values: int) -> None:
        self._left -= values
        if self._left < 0:
            raise _UnrenderableError(expression, f"the template looks at more than {MOST_LOOKS} values")


def _rendered(expression: str, service: Mapping[str, Any], revision: int, looks: _Looks) -> str:
    looks.spend(expression, 1)
    entry = _MAP_ENTRY.fullmatch(expression)
    if entry is not None:
        value = _map_value(expression, entry, service).strip()
        is_raw = entry[1] == "annotation"
    else:
        value, is_raw = _path_value(expression, service, revision, looks).strip(), False
    return value if revision >= 2 or is_raw else dns_label(value)


def _map_value(expression: str, entry: re.Match[str], service: Mapping[str, Any]) -> str:
    key = entry[2] if entry[2] is not None else entry[3]
    metadata = service.get("metadata")
    values = metadata.get(f"{entry[1]}s") if isinstance(metadata, dict) else None
    value = values.get(key) if isinstance(values, dict) else None
    if not isinstance(value, str):
        raise _UnrenderableError(expression, f'{entry[1]} "{key}" not found')
    return value


_UNSET: Mapping[str, str] = {
    ".metadata.generateName": "",
    ".metadata.selfLink": "",
    ".metadata.generation": "0",
    ".spec.serviceAccountName": "",
    ".spec.template.name": "",
    ".spec.template.allowUnoptimized": "false",
    ".status.status": "",
    ".status.observedGeneration": "0",
}
"""What the reference reads from a plain member that is not set (revision 1)."""
_UNREADABLE = frozenset({".spec.runtimeConfigName"})
"""Members that the reference cannot read although they are set (revision 1)."""


def _path_value(expression: str, service: Mapping[str, Any], revision: int, looks: _Looks) -> str:
    steps = _steps(expression, may_quote=revision >= 2)
    if steps is None:
        raise _UnrenderableError(expression, "invalid jsonpath expression")
    plain = expression.lstrip("$@")
    found = [] if revision < 2 and plain in _UNREADABLE else _find(expression, steps, service, looks)
    if not found and revision < 2 and plain in _UNSET:
        return _UNSET[plain]
    if not found or found == [None]:
        raise _UnrenderableError(expression, f"{expression} is not found")
    if len(found) > 1:
        raise _UnrenderableError(expression, f"{expression} gives {len(found)} values, exactly one is allowed")
    return _scalar_text(expression, found[0])


def _scalar_text(expression: str, value: object) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() if abs(value) < 10**40:
            return str(value)
        case float():
            return json_number(value)
        case _:
            raise _UnrenderableError(expression, f"{expression} is no text, number or boolean")


# ---- JSON paths -----------------------------------------------------------------------------------------------------
_NAME = r"(?:\\.|[^\s.,\[\]()$@{}'\"\\|`])+"
_STEP = re.compile(
    rf"(?P<deep>\.\.)(?P<below>{_NAME})|(?P<all>\.\*|\.?\[\*\])|\.(?P<field>{_NAME})|\.?\[(?P<index>-?[0-9]{{1,9}})\]"
    r"|\.?\[(?P<start>[0-9]{0,9}):(?P<end>[0-9]{0,9})\]"
    rf"|\.?\[(?:'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\")\]",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Below:
    """All members of a name, in the value itself and in all that is in it."""

    name: str


_Step = JSONPath | _Below


@lru_cache(maxsize=512)
def _steps(expression: str, *, may_quote: bool) -> tuple[_Step, ...] | None:
    """The steps of a JSON path as jsonpath-ng has them; None if the text is none. A pure memo.

    They are built here instead of parsed there, because its parser knows operators that Kubernetes does not, and
    stumbles over escaped dots, keywords and keys that start with digits.
    """
    rest = expression[1:] if expression[:1] in ("$", "@") else expression
    steps: list[_Step] = []
    position = 0
    while position < len(rest):
        found = _STEP.match(rest, position)
        step = _step(found) if found is not None and (may_quote or found.lastgroup not in _QUOTED) else None
        if found is None or step is None:
            return None
        steps.append(step)
        position = found.end()
    return tuple(steps) or None


_QUOTED = frozenset({"single", "double"})


def _step(found: re.Match[str]) -> _Step | None:
    """One step. None for a field named `*`, which jsonpath-ng would take for all fields."""
    if found["all"]:
        return Wildcard()
    if found["index"]:
        return Index(int(found["index"]))
    if found["start"] is not None:
        return Slice(int(found["start"] or 0), int(found["end"]) if found["end"] else None)
    name = _ESCAPE.sub(r"\1", found["below"] or found["field"] or "") or found["single"] or found["double"] or ""
    if name == "*":
        return None
    return _Below(name) if found["below"] else Fields(name)


def _find(expression: str, steps: tuple[_Step, ...], service: Mapping[str, Any], looks: _Looks) -> list[Any]:
    """All values at the end of the steps."""
    values: list[Any] = [service]
    for step in steps:
        looks.spend(expression, len(values))
        if type(step) is Fields and len(values) == 1 and type(values[0]) is dict:
            # A member of one object, as in nearly every template; jsonpath-ng answers the same at fifty times the cost.
            (name,) = step.fields
            values = [values[0][name]] if name in values[0] else []
        elif isinstance(step, _Below):
            values = [inner for value in values for inner in _below(expression, step.name, value, looks)]
        else:
            if not isinstance(step, Fields):
                looks.spend(expression, sum(len(value) for value in values if isinstance(value, (dict, list))))
            values = [match.value for value in values for match in step.find(value)]
    return values


def _below(expression: str, name: str, value: Any, looks: _Looks) -> Iterator[Any]:
    rest = [value]
    while rest:
        here = rest.pop()
        if isinstance(here, (dict, list)):
            looks.spend(expression, len(here))
            rest += here.values() if isinstance(here, dict) else here
        if isinstance(here, dict) and name in here:
            yield here[name]
