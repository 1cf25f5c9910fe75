"""Label and field selectors of lists and watches.

1. Labels: `a`, `!a`, `a=b`, `a==b`, `a!=b` (also true without the key), `a in (x,y)`, `a notin (x,y)`, `a>1`, `a<1`.
2. Fields: `metadata.name`, `metadata.namespace` and the paths that the kind declares, with `=`, `==`, `!=`.
3. What cannot be read is refused with 400.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aimcore.simulation.errors import bad_request

Matches = Callable[[Mapping[str, Any]], bool]
_REQUIREMENT = re.compile(
    r"\s*+(?:(?P<absent>!)\s*+(?P<gone>[^\s!=,()<>]++)"
    r"|(?P<key>[^\s!=,()<>]++)\s*+(?:(?P<op>==|=|!=|<|>)\s*+(?P<value>[^\s!=,()<>]*+)"
    r"|(?<=\s)(?P<set>in|notin)\s*+\((?P<values>[^()]*+)\))?)\s*+(?:,|$)"
)
_LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?\Z")
_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\Z")


def label_matcher(text: str) -> Matches | None:
    """The predicate on an object's labels; None if everything matches."""
    if not text.strip():
        return None
    tests: list[Callable[[Mapping[str, str]], bool]] = []
    at = 0
    while at < len(text):
        found = _REQUIREMENT.match(text, at)
        if not found:
            raise bad_request(f'unable to parse requirement: found "{text[at:]}"')
        tests.append(_label_test(found))
        at = found.end()

    def matches(obj: Mapping[str, Any]) -> bool:
        labels = obj["metadata"].get("labels") or {}
        return all(test(labels) for test in tests)

    return matches


def _label_test(found: re.Match[str]) -> Callable[[Mapping[str, str]], bool]:
    key = _checked_key(found["gone"] or found["key"])
    if found["absent"]:
        return lambda labels: key not in labels
    if found["set"]:
        values = {_checked_value(v.strip()) for v in found["values"].split(",")}
        if found["set"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found["op"] is None:
        return lambda labels: key in labels
    value = _checked_value(found["value"])
    match found["op"]:
        case "!=":
            return lambda labels: labels.get(key) != value
        case "<" | ">" as op:
            return _compares(key, op, value)
        case _:
            return lambda labels: labels.get(key) == value


def _compares(key: str, op: str, value: str) -> Callable[[Mapping[str, str]], bool]:
    if not value.isdecimal():
        raise bad_request(
            f'unable to parse requirement: values[0][{key}]: Invalid value: "{value}": must be an integer'
        )
    bound = int(value)

    def compares(labels: Mapping[str, str]) -> bool:
        have = labels.get(key, "")
        return have.isdecimal() and (int(have) < bound if op == "<" else int(have) > bound)

    return compares


def _checked_key(key: str) -> str:
    if not _KEY.match(key):
        raise bad_request(f'unable to parse requirement: key: Invalid value: "{key}"')
    return key


def _checked_value(value: str) -> str:
    if len(value) > 63 or not _LABEL.match(value):
        raise bad_request(f'unable to parse requirement: values: Invalid value: "{value}"')
    return value


def field_matcher(text: str, selectable: Sequence[str]) -> Matches | None:
    """The predicate of a field selector; `selectable` are the kind's own paths without a leading dot."""
    if not text.strip():
        return None
    allowed = {"metadata.name", "metadata.namespace", *selectable}
    tests: list[Matches] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*([^=!\s]+?)\s*(==|=|!=)\s*(.*?)\s*", part)
        if not found:
            raise bad_request(f"invalid field selector {part!r}; can't understand it")
        path, op, value = found.groups()
        if path not in allowed:
            raise bad_request(f"field label not supported: {path}")
        tests.append(_field_test(path.split("."), value, wanted=op != "!="))
    return lambda obj: all(test(obj) for test in tests)


def _field_test(path: Sequence[str], value: str, *, wanted: bool) -> Matches:
    def test(obj: Mapping[str, Any]) -> bool:
        here: Any = obj
        for key in path:
            here = here.get(key) if isinstance(here, dict) else None
        return (_field_text(here) == value) is wanted

    return test


def _field_text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def both(a: Matches | None, b: Matches | None) -> Matches | None:
    """The conjunction of two predicates; None if everything matches."""
    if a is None or b is None:
        return a or b
    first, second = a, b
    return lambda obj: first(obj) and second(obj)
