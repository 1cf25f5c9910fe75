"""Structural schemas, compiled once into shapes that the hot paths walk.

1. A `Shape` answers three questions about a place in an object: which child lies under a key, whether the place is
   merged in parts or as one leaf (server-side apply), and what it defaults to.
2. Lists are atomic unless the schema says `set` or `map`; maps are granular unless it says `atomic`. Where unknown
   fields are preserved, maps are granular and lists atomic: what the API server deduces.
3. Built-in kinds drop nulls when they are decoded; custom kinds keep them and fail validation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring
from typing import Any

from aimcore.simulation.causes import shown

OBJECT, LIST, SCALAR, ANY_TYPE = "object", "array", "scalar", "any"


class Shape:
    """One place of a structural schema. Immutable by convention after `compile_schema`."""

    __slots__ = (
        "atomic",
        "default",
        "defaulted",
        "drops_nulls",
        "has_default",
        "items",
        "key_defaults",
        "keys",
        "list_type",
        "nullable",
        "preserve",
        "properties",
        "scalar",
        "type",
        "values",
    )

    def __init__(self, type_: str) -> None:
        self.type = type_
        self.scalar = ""  # the schema's type word of a scalar; "" if any will do
        self.properties: Mapping[str, Shape] = {}
        self.values: Shape | None = None  # what lies under keys that are no named field
        self.items: Shape | None = None
        self.list_type = "atomic"
        self.keys: tuple[str, ...] = ()
        self.key_defaults: Mapping[str, Any] = {}
        self.atomic = False
        self.preserve = False
        self.nullable = False
        self.drops_nulls = False
        self.has_default = False
        self.default: Any = None
        self.defaulted: tuple[tuple[str, Shape], ...] = ()

    def child(self, key: str) -> Shape | None:
        """The shape under a key, or None if the schema does not know it."""
        found = self.properties.get(key)
        if found is not None:
            return found
        if self.values is not None:
            return self.values
        return ANY if self.preserve or self.type == ANY_TYPE else None

    @property
    def item(self) -> Shape:
        return ANY if self.items is None else self.items

    def element(self, item: Any, index: int) -> str:
        """The path element of a list item: `k:{…}` in a map list, `v:…` in a set, else `i:<index>`."""
        if self.list_type == "map":
            return self._map_element(item) or f"i:{index}"
        return f"v:{_shown(item)}" if self.list_type == "set" else f"i:{index}"

    def _map_element(self, item: Any) -> str:
        """`k:{"name":"A"}` with sorted keys; "" if the item lacks a key that has no default."""
        if not isinstance(item, dict):
            return ""
        if len(self.keys) == 1:  # the common case, on the hot path
            key = self.keys[0]
            value = item.get(key)
            if isinstance(value, str):
                return f'k:{{"{key}":{encode_basestring(value)}}}'
        found = []
        for key in sorted(self.keys):
            value = item.get(key, self.key_defaults.get(key))
            if value is None:
                return ""
            found.append(f"{encode_basestring(key)}:{_shown(value)}")
        return f"k:{{{','.join(found)}}}"

    def missing_keys(self, item: Any) -> Iterator[str]:
        """The map-list keys that an item lacks although they have no default."""
        for key in self.keys:
            if not isinstance(item, dict) or item.get(key, self.key_defaults.get(key)) is None:
                yield key


def _shown(value: Any) -> str:
    """As `shown`, quick for what keys are nearly always."""
    if type(value) is str:
        return encode_basestring(value)
    return str(value) if type(value) is int else shown(value)


ANY = Shape(ANY_TYPE)
ANY.preserve = True
ANY.nullable = True


def compile_schema(schema: Mapping[str, Any] | None, *, drops_nulls: bool = False) -> Shape:
    """The shape of an object with this `openAPIV3Schema`; without one everything is kept.

    `drops_nulls` is for built-in kinds. The metadata of every kind has the same shape, whatever the schema says.
    """
    root = _compiled(schema or {"x-kubernetes-preserve-unknown-fields": True, "type": "object"}, drops_nulls)
    properties = {**root.properties, **_ENVELOPE}
    root.properties = properties
    root.defaulted = tuple((k, s) for k, s in root.defaulted if k not in _ENVELOPE)
    return root


def _compiled(raw: object, drops_nulls: bool) -> Shape:
    schema: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
    kind = schema.get("type")
    preserve = schema.get("x-kubernetes-preserve-unknown-fields") is True
    if schema.get("x-kubernetes-int-or-string") is True:
        shape = Shape(SCALAR)
    elif kind == "array":
        shape = _compiled_list(schema, drops_nulls)
    elif kind == "object" or "properties" in schema:
        shape = _compiled_object(schema, drops_nulls)
    elif isinstance(kind, str):
        shape = Shape(SCALAR)
        shape.scalar = kind
    else:
        shape = Shape(ANY_TYPE)
        preserve = True
    shape.preserve = preserve
    shape.nullable = schema.get("nullable") is True
    shape.drops_nulls = drops_nulls
    if "default" in schema:
        shape.has_default, shape.default = True, schema["default"]
    return shape


def _compiled_list(schema: Mapping[str, Any], drops_nulls: bool) -> Shape:
    shape = Shape(LIST)
    items = schema.get("items")
    shape.items = _compiled(items, drops_nulls) if isinstance(items, Mapping) else None
    keys = schema.get("x-kubernetes-list-map-keys")
    shape.keys = tuple(k for k in keys if isinstance(k, str)) if isinstance(keys, list) else ()
    wanted = schema.get("x-kubernetes-list-type")
    if wanted == "set" or (wanted == "map" and shape.keys):
        shape.list_type = wanted
    named = shape.items.properties if shape.items else {}
    shape.key_defaults = {k: named[k].default for k in shape.keys if k in named and named[k].has_default}
    return shape


def _compiled_object(schema: Mapping[str, Any], drops_nulls: bool) -> Shape:
    if schema.get("x-kubernetes-embedded-resource") is True:
        schema = {"x-kubernetes-preserve-unknown-fields": True, **schema}
    shape = Shape(OBJECT)
    named = schema.get("properties")
    shape.properties = {k: _compiled(v, drops_nulls) for k, v in named.items()} if isinstance(named, Mapping) else {}
    values = schema.get("additionalProperties")
    if isinstance(values, Mapping):
        shape.values = _compiled(values, drops_nulls)
    elif values is True:
        shape.values = ANY
    shape.atomic = schema.get("x-kubernetes-map-type") == "atomic"
    shape.defaulted = tuple((k, s) for k, s in shape.properties.items() if s.has_default)
    return shape


TEXT = {"type": "string"}
_OWNER = {
    "type": "object",
    "x-kubernetes-map-type": "atomic",
    "properties": {
        **dict.fromkeys(("apiVersion", "kind", "name", "uid"), TEXT),
        "controller": {"type": "boolean"},
        "blockOwnerDeletion": {"type": "boolean"},
    },
}
METADATA_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("name", "generateName", "namespace", "uid", "resourceVersion", "selfLink"), TEXT),
        "generation": {"type": "integer"},
        "creationTimestamp": TEXT,
        "deletionTimestamp": TEXT,
        "deletionGracePeriodSeconds": {"type": "integer"},
        "labels": {"type": "object", "additionalProperties": TEXT},
        "annotations": {"type": "object", "additionalProperties": TEXT},
        "finalizers": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
        "ownerReferences": {
            "type": "array",
            "items": _OWNER,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["uid"],
        },
        "managedFields": {"type": "array", "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    },
}
METADATA = _compiled(METADATA_SCHEMA, drops_nulls=True)
_ENVELOPE: Mapping[str, Shape] = {
    "apiVersion": _compiled(TEXT, drops_nulls=True),
    "kind": _compiled(TEXT, drops_nulls=True),
    "metadata": METADATA,
}
