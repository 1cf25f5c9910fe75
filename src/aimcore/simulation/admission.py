"""Admission: the hooks that may change or refuse a write, and the checks of the schema.

1. Mutating hooks run first, each on the result of the one before; then the object is pruned and defaulted again.
2. Validating hooks see the final object. A hook refuses by raising an `ApiError`.
3. Hooks run for creates and updates of the main resource, on dry runs too; never for subresources and deletions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aimcore.simulation.causes import Cause
from aimcore.simulation.resource_type import Json, ResourceType

CREATE, UPDATE = "CREATE", "UPDATE"
Validate = Callable[[ResourceType, Json, Json | None], list[Cause]]
Admit = Callable[[str, ResourceType, Json, Json | None], Json]


@dataclass(frozen=True, slots=True)
class Admission:
    """The hooks of a cluster. A hook gets (operation, type, new, old) and returns the object, changed or not;
    what a validating hook returns is not looked at. Hooks must not change their arguments in place."""

    mutating: tuple[Admit, ...] = ()
    validating: tuple[Admit, ...] = ()


def nothing_invalid(_type: ResourceType, _new: Json, _old: Json | None) -> list[Cause]:
    """The validation of a cluster that has none injected."""
    return []
