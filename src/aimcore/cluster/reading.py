"""Total accessors of foreign JSON: junk gives an empty value, never an exception.

1. `at` walks members by name; whatever is no object on the way gives None.
2. The typed accessors take any JSON and answer with their type's empty value for anything else.
3. Every plan passes here hundreds of times: the exact type is asked first, the abstract `Mapping` costs ten times that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aimcore.resource import EMPTY, Json


def at(value: object, *path: str) -> Any:
    """The member at `path` (`at(raw, "status", "phase")`), or None."""
    for name in path:
        if type(value) is not dict and (value is None or not isinstance(value, Mapping)):
            return None
        value = value.get(name)
    return value


def text(value: object, *path: str) -> str:
    """The text at `path`, or ""."""
    for name in path:
        if type(value) is not dict and (value is None or not isinstance(value, Mapping)):
            return ""
        value = value.get(name)
    return value if isinstance(value, str) else ""


def mapping(value: object, *path: str) -> Mapping[str, Any]:
    """The object at `path`, or an empty one."""
    for name in path:
        if type(value) is not dict and (value is None or not isinstance(value, Mapping)):
            return EMPTY
        value = value.get(name)
    if type(value) is dict:
        return value
    return EMPTY if value is None or not isinstance(value, Mapping) else value


def objects(value: object, *path: str) -> tuple[Json, ...]:
    """The objects in the list at `path`; other entries are left out."""
    found = at(value, *path)
    return tuple([e for e in found if isinstance(e, dict)]) if isinstance(found, (list, tuple)) else ()


def texts(value: object, *path: str) -> tuple[str, ...]:
    """The non-empty texts in the list at `path`."""
    found = at(value, *path)
    return tuple([e for e in found if isinstance(e, str) and e]) if isinstance(found, (list, tuple)) else ()


def whole(value: object, *path: str) -> int:
    """The whole number at `path`, or 0. `true` is no number."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def named(value: object, *path: str) -> tuple[Json, ...]:
    """The objects with a non-empty `name` in the list at `path`: environment variables, pull secrets."""
    return tuple([e for e in objects(value, *path) if text(e, "name")])
