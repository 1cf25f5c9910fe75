"""What a schema says of a value, apart from its rules: types, enums, bounds, lengths, required members (F-89).

1. Each check adds its causes, in the API server's words, at paths such as `spec.env[0].name`.
2. What equals the stored value at its place is not judged again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from aimcore.simulation.causes import (
    Cause,
    duplicate,
    invalid,
    not_supported,
    required,
    shown,
    too_long,
    type_invalid,
)
from aimctl_runtime.local.constraints import Node
from aimctl_runtime.local.ratcheting import ABSENT, duplicates, is_same, member, places

_WORDS: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
}
_INTEGERS: Final[Mapping[str, int]] = {"int32": 2**31, "int64": 2**63}


def check_value(node: Node, value: Any, old: Any, path: str, causes: list[Cause]) -> None:
    """Adds the causes against a value at `path`; `old` is the value that is stored there, or ABSENT."""
    if old is not ABSENT and is_same(value, old):
        return
    found = _WORDS.get(type(value), "object")
    if found not in node.accepts and not (node.type == "integer" and found == "number" and value.is_integer()):
        if value is not None or not node.nullable:
            causes.append(type_invalid(path, value, node.type))
        return
    if node.enum is not None and value not in node.enum:
        causes.append(not_supported(path, value, (str(e) for e in node.enum)))
    if check := _CHECKS.get(found):
        check(node, value, old, path, causes)
    for word, branches in node.branches:
        _check_branches(word, branches, value, path, causes)


def _check_text(node: Node, value: str, _old: Any, path: str, causes: list[Cause]) -> None:
    shortest, longest = node.lengths
    if shortest is not None and len(value) < shortest:
        causes.append(invalid(path, value, f"{path} in body should be at least {shortest} chars long"))
    if longest is not None and len(value) > longest:
        causes.append(too_long(path, int(longest)))
    if node.pattern is not None and not node.pattern(value):
        causes.append(invalid(path, value, f"{path} in body should match '{node.pattern_text}'"))
    if node.format == "date-time" and not _is_time(value):
        detail = f"{path} in body must be of type date-time: {shown(value)}"
        causes.append(Cause("FieldValueTypeInvalid", f"Invalid value: {shown(value)}: {detail}", path))


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None and "T" in text.upper()
    except ValueError:
        return False


def _check_number(node: Node, value: float, _old: Any, path: str, causes: list[Cause]) -> None:
    least, most = node.bounds
    if least is not None and (value < least or (node.exclusive[0] and value == least)):
        words = "greater than" if node.exclusive[0] else "greater than or equal to"
        causes.append(invalid(path, value, f"{path} in body should be {words} {least:g}"))
    if most is not None and (value > most or (node.exclusive[1] and value == most)):
        words = "less than" if node.exclusive[1] else "less than or equal to"
        causes.append(invalid(path, value, f"{path} in body should be {words} {most:g}"))
    limit = _INTEGERS.get(node.format)
    if limit is not None and not -limit <= value < limit:
        detail = f"{path} in body must be of type {node.format}: {shown(value)}"
        causes.append(invalid(path, value, detail))


def _check_object(node: Node, value: dict[str, Any], old: Any, path: str, causes: list[Cause]) -> None:
    causes.extend(required(f"{path}.{m}") for m in node.required if m not in value)
    _check_count(node, len(value), "properties", path, causes)
    for name, inner in value.items():
        part = node.child(name)
        if part is not None:
            check_value(part, inner, member(old, name), f"{path}.{name}", causes)


def _check_list(node: Node, value: list[Any], old: Any, path: str, causes: list[Cause]) -> None:
    _check_count(node, len(value), "items", path, causes)
    if node.items is not None:
        for place, inner, before in places(node, value, old, path):
            check_value(node.items, inner, before, place, causes)
    if node.keys or node.is_set:
        causes.extend(duplicate(f"{path}[{index}]", common) for index, common in duplicates(node, value))


def _check_count(node: Node, count: int, noun: str, path: str, causes: list[Cause]) -> None:
    fewest, most = node.counts
    if fewest is not None and count < fewest:
        causes.append(invalid(path, count, f"{path} in body should have at least {fewest} {noun}"))
    if most is not None and count > most:
        causes.append(Cause("FieldValueTooMany", f"Too many: {count}: must have at most {most} items", path))


_CHECKS: Final[Mapping[str, Callable[[Node, Any, Any, str, list[Cause]], None]]] = {
    "string": _check_text,
    "integer": _check_number,
    "number": _check_number,
    "object": _check_object,
    "array": _check_list,
}


def _check_branches(word: str, branches: Iterable[Node], value: Any, path: str, causes: list[Cause]) -> None:
    outcomes: list[list[Cause]] = []
    for branch in branches:
        outcomes.append([])
        check_value(branch, value, ABSENT, path, outcomes[-1])
    fitting = sum(not outcome for outcome in outcomes)
    match word:
        case "allOf":
            for outcome in outcomes:
                causes.extend(outcome)
        case "anyOf" if not fitting:
            causes.append(_branch_cause(path, value, "must validate at least one schema (anyOf)"))
        case "oneOf" if fitting != 1:
            causes.append(_branch_cause(path, value, "must validate one and only one schema (oneOf)"))
        case "not" if fitting:
            causes.append(_branch_cause(path, value, "must not validate the schema (not)"))


def _branch_cause(path: str, value: Any, detail: str) -> Cause:
    return violated(path, value, f"{path} in body {detail}", "FieldValueInvalid")


_SAID: Final[Mapping[str, str]] = {
    "FieldValueForbidden": "Forbidden",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
}


def violated(path: str, value: Any, message: str, reason: str) -> Cause:
    """Scalars are shown, objects and lists are not (F-144)."""
    word = _SAID.get(reason, "Invalid value")
    is_shown = reason in ("FieldValueInvalid", "FieldValueDuplicate") and not isinstance(value, dict | list)
    return Cause(reason, f"{word}: {shown(value)}: {message}" if is_shown else f"{word}: {message}", path or "<nil>")
