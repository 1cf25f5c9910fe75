"""The base of every API model, and the scalar types they share.

1. Models are frozen; lists are tuples; a field is written in camelCase in JSON and in snake_case here.
2. Unknown members are ignored: a newer or older schema may have stored them.
3. JSON types are strict: `true` is no number, `"5"` is no integer.
4. What only the API server can say (list types, CEL rules, formats) travels in `json_schema_extra`, next to the field.
5. Every field and every object carries one sentence that `kubectl explain` prints.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, Strict
from pydantic.alias_generators import to_camel

QUANTITY_PATTERN: Final = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)


class Shape(BaseModel):
    """An object of the API."""

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        protected_namespaces=(),
        extra="ignore",
    )


Int32 = Annotated[int, Strict(), Field(json_schema_extra={"format": "int32"})]
Int64 = Annotated[int, Strict(), Field(json_schema_extra={"format": "int64"})]
Bool = Annotated[bool, Strict()]
Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Quantity = Annotated[
    Annotated[str, Field(pattern=QUANTITY_PATTERN)] | Annotated[int, Strict()] | Annotated[float, Strict()],
    Field(json_schema_extra={"x-kubernetes-int-or-string": True}),
]
FreeJson = Annotated[Any, Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True})]
StringMap = dict[str, str]


def rule(expression: str, message: str) -> dict[str, str]:
    """One CEL rule of the schema: `expression` must be true, else the API server answers with `message`."""
    return {"rule": expression, "message": message}


def rules(*checks: dict[str, str]) -> dict[str, Any]:
    """The schema extension that carries CEL rules."""
    return {"x-kubernetes-validations": list(checks)}


def immutable(message: str) -> dict[str, Any]:
    """The schema extension of a value that may not change while it is present (R-1.1)."""
    return rules(rule("self == oldSelf", message))


def list_map(*keys: str) -> dict[str, Any]:
    """The schema extension of a list whose items server-side apply tells apart by `keys`."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


ATOMIC_LIST: Final[dict[str, Any]] = {"x-kubernetes-list-type": "atomic"}
ATOMIC_MAP: Final[dict[str, Any]] = {"x-kubernetes-map-type": "atomic"}
NULLABLE: Final[dict[str, Any]] = {"nullable": True}
