"""What the API server checks of a custom object: its schema, then its CEL rules (F-89, F-93, F-144, F-145).

1. Every violation is one cause, in the API server's words, at a path such as `spec.env[0].name`.
2. CEL runs only if nothing is missing, of the wrong type, too long, too many or unsupported; otherwise one cause at
   `<nil>` says that rules were not checked.
3. Ratcheting: a value that equals the stored one at the same place is not judged again. Members, map values and the
   items of map lists have places; the items of other lists do not, so a changed one is judged as a whole. What an
   object requires is judged whenever anything in that object changed.
4. A transition rule runs only where there is an old value too. An unchanged value satisfies it.
5. Metadata is judged by the cluster itself, for it is the same for all kinds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from aimcore.simulation.causes import Cause, required
from aimctl_runtime.local.constraints import Check, Node, compile_node
from aimctl_runtime.local.ratcheting import ABSENT, is_same, member, places
from aimctl_runtime.local.schema_checks import check_value, violated

_UNCHECKED: Final = Cause(
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing "
    "errors to complete validation",
    "<nil>",
)
_BLOCKING: Final = frozenset(
    {"FieldValueRequired", "FieldValueTypeInvalid", "FieldValueTooLong", "FieldValueTooMany", "FieldValueNotSupported"}
)


class HasSchema(Protocol):
    """The part of a resource type that is needed here."""

    @property
    def schema(self) -> Mapping[str, Any] | None: ...


class SchemaValidator:
    """Judges custom objects; schemas are compiled at their first use and kept.

    Judging a typical AIMService takes about 65 µs, an unchanged one 30 µs.
    """

    def __init__(self) -> None:
        self._compiled: dict[int, tuple[Mapping[str, Any], Node]] = {}

    def __call__(self, resource_type: HasSchema, new: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[Cause]:
        """The causes for which the API server would refuse to store `new` in place of `old` (None: nothing there)."""
        schema = resource_type.schema
        return [] if schema is None else violations(self._node(schema), new, old)

    def _node(self, schema: Mapping[str, Any]) -> Node:
        known = self._compiled.get(id(schema))
        if known is None:  # the schema is kept too, so that its id stays its own
            known = self._compiled[id(schema)] = (schema, compile_node(schema))
        return known[1]


def violations(node: Node, new: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[Cause]:
    """The causes against an object: those of its schema, then those of its rules."""
    causes: list[Cause] = []
    before = ABSENT if old is None else old
    for name, part in node.properties.items():
        if name != "metadata" and name in new:
            check_value(part, new[name], member(before, name), name, causes)
    causes.extend(required(m) for m in node.required if m not in new)
    if node.has_rules:
        if any(c.reason in _BLOCKING for c in causes):
            causes.append(_UNCHECKED)
        else:
            _check_rules(node, new, before, "", causes)
    return causes


def _check_rules(node: Node, value: Any, old: Any, path: str, causes: list[Cause]) -> None:
    if value is None or (old is not ABSENT and is_same(value, old)):
        return
    for check in node.checks:
        causes.extend(_violation(check, value, old, path))
    if isinstance(value, dict):
        for name, inner in value.items():
            part = node.child(name)
            if part is not None and part.has_rules:
                _check_rules(part, inner, member(old, name), f"{path}.{name}" if path else name, causes)
    elif isinstance(value, list) and node.items is not None and node.items.has_rules:
        for place, inner, before in places(node, value, old, path):
            _check_rules(node.items, inner, before, place, causes)


def _violation(check: Check, value: Any, old: Any, path: str) -> Iterator[Cause]:
    if check.rule.is_transition and (old is ABSENT or old is None):
        return
    verdict = check.rule.verdict(value, None if old is ABSENT else old)
    if verdict is not None:
        message = f"rule evaluation error: {verdict}: {check.rule.text}" if verdict else check.message
        yield violated(path, value, message, check.reason)
