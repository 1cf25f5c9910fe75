"""The few words that the schemas of this package are written in."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
BOOLEAN: Schema = {"type": "boolean"}
_NUMBER = r"(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
QUANTITY: Schema = {
    "x-kubernetes-int-or-string": True,
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "pattern": rf"^(\+|-)?{_NUMBER}(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?{_NUMBER}))?$",
}
INT_OR_TEXT: Schema = {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}
ANYTHING: Schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def fields(properties: dict[str, Schema], required: tuple[str, ...] = (), **more: Any) -> Schema:
    """An object with exactly these fields."""
    schema: Schema = {"type": "object", "properties": properties, **more}
    if required:
        schema["required"] = list(required)
    return schema


def open_fields(properties: dict[str, Schema], required: tuple[str, ...] = (), **more: Any) -> Schema:
    """An object with these fields, and others that are kept as they come."""
    return fields(properties, required, **{"x-kubernetes-preserve-unknown-fields": True}, **more)


def map_of(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def atomic_map_of(values: Schema) -> Schema:
    return {**map_of(values), "x-kubernetes-map-type": "atomic"}


def atomic(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, "x-kubernetes-list-type": "atomic", **more}


def set_of(items: Schema) -> Schema:
    return {"type": "array", "items": items, "x-kubernetes-list-type": "set"}


def map_list(items: Schema, *keys: str) -> Schema:
    return {"type": "array", "items": items, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


def atomic_fields(schema: Schema) -> Schema:
    return {**schema, "x-kubernetes-map-type": "atomic"}


def default(schema: Schema, value: Any) -> Schema:
    return {**schema, "default": value}


def choice(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def bounded(low: int, high: int | None = None) -> Schema:
    return {"type": "integer", "minimum": low} | ({} if high is None else {"maximum": high})


TEXTS = map_of(TEXT)
QUANTITIES = map_of(QUANTITY)
CONDITIONS = map_list(open_fields({"type": TEXT}, ("type",)), "type")
NAME_REFERENCE = atomic_fields(open_fields({"name": default(TEXT, "")}))
SELECTOR = atomic_fields(
    fields(
        {
            "matchLabels": TEXTS,
            "matchExpressions": atomic(fields({"key": TEXT, "operator": TEXT, "values": atomic(TEXT)})),
        }
    )
)
