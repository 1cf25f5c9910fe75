"""What the simulated server knows of one kind: names, schema, subresources, and the built-in behaviour of its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from aimcore.api.kinds import Kind
from aimcore.simulation.causes import Cause
from aimcore.simulation.schema import Shape, compile_schema

Json = dict[str, Any]


class Lookup(Protocol):
    """What built-in behaviour may ask: objects as stored, and the time."""

    def peek(self, kind: str, namespace: str, name: str) -> Json | None: ...

    def objects(self, kind: str, namespace: str = "") -> Iterator[Json]: ...


def _unchanged(obj: Json, _lookup: Lookup) -> Json:
    return obj


def _kept(new: Json, _old: Json) -> Json:
    return new


def _no_causes(_new: Json, _old: Json | None, _lookup: Lookup) -> list[Cause]:
    return []


@dataclass(frozen=True, slots=True)
class Strategy:
    """Built-in behaviour. `born` completes a new object (its uid is set), `changed` an updated one; both give a new
    dict or their argument. `check` gives causes for a 422, or raises an ApiError with another answer."""

    born: Callable[[Json, Lookup], Json] = _unchanged
    changed: Callable[[Json, Json], Json] = _kept
    check: Callable[[Json, Json | None, Lookup], list[Cause]] = _no_causes


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One installed kind. `schema` is a structural openAPIV3Schema; None keeps everything.

    `custom` kinds want a resourceVersion in a PUT, keep nulls and carry kind and apiVersion in list items.
    `name_rule` is `subdomain`, `label` or `path`. `columns` are the extra printer columns of the kind as in a CRD.
    """

    kind: Kind
    schema: Mapping[str, Any] | None = None
    status_subresource: bool = True
    columns: tuple[Mapping[str, Any], ...] = ()
    has_generation: bool = True
    custom: bool = True
    selectable_fields: tuple[str, ...] = ()
    default_propagation: str = "Background"
    keeps_status: bool = False
    name_rule: str = "subdomain"
    strategy: Strategy = field(default_factory=Strategy)
    shape: Shape = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", compile_schema(self.schema, drops_nulls=not self.custom))

    @property
    def name(self) -> str:
        return self.kind.kind
