"""A validator that remembers what it has judged: branches of one run send the same objects again and again."""

from __future__ import annotations

import marshal
from typing import Any

from aimcore.resource import Json
from aimcore.simulation.admission import Validate
from aimcore.simulation.causes import Cause
from aimcore.simulation.resource_type import ResourceType


class Remembered:
    """As the validator that it is made of. Metadata is not judged there, so it is no part of what is remembered."""

    def __init__(self, validate: Validate, *, most: int = 50_000) -> None:
        self._validate, self._most = validate, most
        self._known: dict[tuple[Any, ...], list[Cause]] = {}
        self._schemas: dict[int, object] = {}

    def __call__(self, type_: ResourceType, new: Json, old: Json | None) -> list[Cause]:
        if type_.schema is None:
            return []
        self._schemas[id(type_.schema)] = type_.schema  # kept, so that its id stays its own
        place = (id(type_.schema), _bytes(new), None if old is None else _bytes(old))
        known = self._known.get(place)
        if known is None:
            if len(self._known) >= self._most:
                self._known.clear()
            known = self._known[place] = self._validate(type_, new, old)
        return list(known)


def _bytes(obj: Json) -> bytes:
    """The object without metadata, as bytes that are equal for equal objects (version 2 knows no references)."""
    return marshal.dumps([(name, value) for name, value in obj.items() if name != "metadata"], 2)
