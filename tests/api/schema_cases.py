"""Small schemas and the causes that the validator gives for them, as text."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from aimctl_runtime.local.validation import SchemaValidator

VALIDATE = SchemaValidator()
TEXT: dict[str, Any] = {"type": "string"}


def type_of(**properties: Any) -> SimpleNamespace:
    """A resource type whose spec has these members."""
    spec = {"type": "object", "properties": properties}
    return SimpleNamespace(schema={"type": "object", "properties": {"spec": spec}})


def refusals(kind: Any, new: Any, old: Any = None) -> list[str]:
    """The causes against a new spec, as the message of a Status shows them."""
    before = None if old is None else {"metadata": {"name": "a"}, "spec": old}
    return [str(c) for c in VALIDATE(kind, {"metadata": {"name": "a"}, "spec": new}, before)]
