"""Causes: the entries of `details.causes` of a Status, one for each violated rule.

1. A cause names the field, the value and what is allowed; `reason` is the machine-readable half.
2. The texts are those of the API server, since people search for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple


class Cause(NamedTuple):
    """One violated rule. `message` lacks the field; `str()` has both, as in a Status message."""

    reason: str
    message: str
    field: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message

    def as_json(self) -> dict[str, str]:
        return {"reason": self.reason, "message": self.message, "field": self.field}


def required(field: str, detail: str = "") -> Cause:
    return Cause("FieldValueRequired", f"Required value: {detail}" if detail else "Required value", field)


def invalid(field: str, value: object, detail: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {shown(value)}: {detail}", field)


def type_invalid(field: str, value: object, wanted: str) -> Cause:
    """A value of the wrong JSON type; `wanted` is the schema's word for the right one."""
    detail = f'{field} in body must be of type {wanted}: "{json_type(value)}"'
    return Cause("FieldValueTypeInvalid", f'Invalid value: "{json_type(value)}": {detail}', field)


def not_supported(field: str, value: object, allowed: Iterable[str]) -> Cause:
    values = ", ".join(f'"{a}"' for a in allowed)
    return Cause("FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {values}", field)


def too_long(field: str, limit: int, unit: str = "bytes") -> Cause:
    return Cause("FieldValueTooLong", f"Too long: may not be more than {limit} {unit}", field)


def duplicate(field: str, value: object) -> Cause:
    return Cause("FieldValueDuplicate", f"Duplicate value: {shown(value)}", field)


def forbidden(field: str, detail: str) -> Cause:
    return Cause("FieldValueForbidden", f"Forbidden: {detail}", field)


def shown(value: Any) -> str:
    """A value as the API server prints it in a message: JSON, with strings in quotes."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)


def json_type(value: object) -> str:
    """The JSON type word of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
