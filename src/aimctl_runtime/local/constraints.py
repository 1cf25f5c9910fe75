"""A structural schema, compiled once into nodes that are quick to walk.

1. A node holds what the API server checks at one place of an object. Unknown keywords say nothing.
2. Patterns are those of Go: `$` is the end of the text and nothing else. One that does not compile matches nothing.
3. The patterns that we ship are matched by Python, which is quick and knows patterns that take years. All others go to
   the linear matcher of the CEL library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Final

from aimcore.simulation.types import RESOURCE_TYPES
from aimctl_runtime.local.cel import Rule, compile_pattern, compile_rule
from aimctl_runtime.packaged import our_crds

_TYPES: Final = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
Matches = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Check:
    """One CEL rule of a node, with what is said when it is violated."""

    rule: Rule
    message: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Node:
    """The constraints at one place. Immutable by convention once compiled."""

    type: str = ""
    accepts: frozenset[str] = frozenset()
    nullable: bool = False
    enum: tuple[Any, ...] | None = None
    format: str = ""
    pattern: Matches | None = None
    pattern_text: str = ""
    lengths: tuple[float | None, float | None] = (None, None)
    bounds: tuple[float | None, float | None] = (None, None)
    exclusive: tuple[bool, bool] = (False, False)
    counts: tuple[float | None, float | None] = (None, None)
    required: tuple[str, ...] = ()
    properties: Mapping[str, Node] = field(default_factory=dict)
    values: Node | None = None
    items: Node | None = None
    keys: tuple[str, ...] = ()
    is_set: bool = False
    branches: tuple[tuple[str, tuple[Node, ...]], ...] = ()
    checks: tuple[Check, ...] = ()
    has_rules: bool = False

    def child(self, member: str) -> Node | None:
        """The constraints on a member, or None if there are none."""
        return self.properties.get(member) or self.values


def compile_node(schema: Mapping[str, Any]) -> Node:
    """The node of a structural schema (`openAPIV3Schema` or any part of it). Total: a silly keyword says nothing."""
    kind, list_type = _text(schema, "type"), _text(schema, "x-kubernetes-list-type")
    int_or_string = schema.get("x-kubernetes-int-or-string") is True
    properties = {str(name): compile_node(_map(part)) for name, part in _map(schema.get("properties")).items()}
    values, items, pattern = schema.get("additionalProperties"), schema.get("items"), _text(schema, "pattern")
    least, most = ("minItems", "maxItems") if kind == "array" else ("minProperties", "maxProperties")
    enum = schema.get("enum")
    node = Node(
        type="integer,string" if int_or_string else kind,
        accepts=_accepted("integer,string" if int_or_string else kind),
        nullable=schema.get("nullable") is True,
        enum=tuple(enum) if isinstance(enum, list | tuple) else None,
        format=_text(schema, "format"),
        pattern=_pattern(pattern) if pattern else None,
        pattern_text=pattern,
        lengths=(_number(schema, "minLength"), _number(schema, "maxLength")),
        bounds=(_number(schema, "minimum"), _number(schema, "maximum")),
        exclusive=(schema.get("exclusiveMinimum") is True, schema.get("exclusiveMaximum") is True),
        counts=(_number(schema, least), _number(schema, most)),
        required=_texts(schema, "required"),
        properties=properties,
        values=compile_node(values) if isinstance(values, Mapping) else None,
        items=compile_node(items) if isinstance(items, Mapping) else None,
        keys=_texts(schema, "x-kubernetes-list-map-keys") if list_type == "map" else (),
        is_set=list_type == "set",
        branches=() if int_or_string else _branches(schema),
        checks=tuple(_check(c) for c in _maps(schema, "x-kubernetes-validations")),
    )
    below = [n for n in (*properties.values(), node.values, node.items) if n is not None]
    node.has_rules = bool(node.checks) or any(n.has_rules for n in below)
    return node


def _accepted(kind: str) -> frozenset[str]:
    """The JSON types that a schema's type takes; every one if it has none."""
    if not kind:
        return _TYPES
    return frozenset(("integer", "number") if kind == "number" else kind.split(","))


def _branches(schema: Mapping[str, Any]) -> tuple[tuple[str, tuple[Node, ...]], ...]:
    found = [(word, tuple(compile_node(p) for p in _maps(schema, word))) for word in ("allOf", "anyOf", "oneOf")]
    if isinstance(schema.get("not"), Mapping):
        found.append(("not", (compile_node(schema["not"]),)))
    return tuple((word, nodes) for word, nodes in found if nodes)


def _check(raw: Mapping[str, Any]) -> Check:
    text = _text(raw, "rule")
    message = _text(raw, "message") or f"failed rule: {text}"
    return Check(compile_rule(text), message, _text(raw, "reason") or "FieldValueInvalid")


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _maps(schema: Mapping[str, Any], word: str) -> list[Mapping[str, Any]]:
    value = schema.get(word)
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list | tuple) else []


def _text(schema: Mapping[str, Any], word: str) -> str:
    value = schema.get(word)
    return value if isinstance(value, str) else ""


def _texts(schema: Mapping[str, Any], word: str) -> tuple[str, ...]:
    value = schema.get(word)
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list | tuple) else ()


def _number(schema: Mapping[str, Any], word: str) -> float | None:
    value = schema.get(word)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


@lru_cache(maxsize=1024)
def _pattern(text: str) -> Matches:
    if text not in shipped_patterns():
        return compile_pattern(text)
    found = re.compile(_as_python(text)).search
    return lambda value: found(value) is not None


@cache
def shipped_patterns() -> frozenset[str]:
    """The patterns in the schemas of our own kinds and of the foreign ones that we know."""
    schemas = (*our_crds(), *(type_.schema for type_ in RESOURCE_TYPES))
    return frozenset(pattern for schema in schemas for pattern in _patterns_in(schema))


def _patterns_in(schema: object) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for part in schema.values():
            yield from _patterns_in(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            yield from _patterns_in(part)


def _as_python(text: str) -> str:
    """A pattern with `$` and `\\z` as Go reads them."""
    result: list[str] = []
    in_class = False
    position = 0
    while position < len(text):
        letter = text[position]
        if letter == "\\":
            pair = text[position : position + 2]
            result.append(r"\Z" if pair == r"\z" else pair)
            position += 2
            continue
        if letter == "[" and not in_class:
            in_class = True
        elif letter == "]" and in_class and result[-1] not in ("[", "^"):
            in_class = False
        result.append(r"\Z" if letter == "$" and not in_class else letter)
        position += 1
    return "".join(result)
