"""What the server does to every object before it stores it: prune, default, and the checks that belong to that walk.

1. Fields that the schema does not know go, and are reported; preserved areas keep everything.
2. Defaults are filled in only where the parent exists. A null with a default gives way to the default.
3. Nulls in fields that are not nullable and items given twice in a set or map list are reported as causes.
4. A subtree that is the old object's own (same identity) is taken as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aimcore.simulation.causes import Cause, duplicate, type_invalid
from aimcore.simulation.merging import copied
from aimcore.simulation.schema import ANY_TYPE, LIST, SCALAR, Shape

_PLAIN = (str, int, float)  # bool is an int
Path = tuple[Any, ...] | None


@dataclass(slots=True)
class Findings:
    """What a walk found: unknown fields as `spec.x`, nulls and duplicates as causes."""

    unknown: list[str] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)


def settled(shape: Shape, value: dict[str, Any], old: dict[str, Any] | None, found: Findings) -> dict[str, Any]:
    """The object as it will be stored (rules 1 to 4); shares no container with `value` except the old object's."""
    return _settled_map(shape, value, old or {}, None, found)


def defaulted(shape: Shape, value: dict[str, Any]) -> dict[str, Any]:
    """A stored object as reads show it under today's schema; the object itself if that changes nothing."""
    out = settled(shape, value, None, Findings())
    return value if out == value else out


def _settled(shape: Shape, value: Any, old: Any, path: Path, found: Findings) -> Any:
    if value is old or shape.type == ANY_TYPE or shape.type == SCALAR:
        return value if value is old else copied(value)
    if isinstance(value, dict) and shape.type != LIST:
        return _settled_map(shape, value, old if isinstance(old, dict) else {}, path, found)
    if isinstance(value, list) and shape.type == LIST:
        return _settled_list(shape, value, old, path, found)
    return copied(value)


def _settled_map(
    shape: Shape, value: dict[str, Any], old: dict[str, Any], path: Path, found: Findings
) -> dict[str, Any]:
    out: dict[str, Any] = {}
    properties, values = shape.properties, shape.values
    for key, item in value.items():
        child = properties.get(key) or values
        if child is None:
            if shape.preserve:
                out[key] = copied(item)
            else:
                found.unknown.append(path_text((path, key)))
        elif isinstance(item, _PLAIN):
            out[key] = item
        elif item is None:
            _settle_null(child, key, out, path, found)
        else:
            out[key] = _settled(child, item, old.get(key), (path, key), found)
    for key, child in shape.defaulted:
        if key not in out:
            out[key] = _settled(child, child.default, None, (path, key), found)
    return out


def _settle_null(child: Shape, key: str, out: dict[str, Any], path: Path, found: Findings) -> None:
    if child.nullable or child.type == ANY_TYPE:
        out[key] = None
    elif not (child.drops_nulls or child.has_default):
        out[key] = None
        wanted = child.scalar or child.type
        found.causes.append(type_invalid(path_text((path, key)), None, wanted))


def _settled_list(shape: Shape, value: list[Any], old: Any, path: Path, found: Findings) -> list[Any]:
    item_shape = shape.item
    before: dict[str, Any] = {}
    if shape.list_type == "map" and isinstance(old, list):
        before = {shape.element(item, i): item for i, item in enumerate(old)}
    out: list[Any] = []
    seen: set[str] = set()
    for index, item in enumerate(value):
        if shape.list_type != "atomic":
            element = shape.element(item, index)
            if element in seen:
                shown = {k: item.get(k, shape.key_defaults.get(k)) for k in shape.keys} if shape.keys else item
                found.causes.append(duplicate(path_text((path, index)), shown))
            seen.add(element)
            out.append(_settled(item_shape, item, before.get(element), (path, index), found))
        else:
            out.append(_settled(item_shape, item, None, (path, index), found))
    return out


def path_text(path: Path) -> str:
    """`spec.containers[0].env` of a linked path (parent, key)."""
    parts: list[str] = []
    while path is not None:
        path, key = path
        parts.append(f"[{key}]" if isinstance(key, int) else f".{key}")
    return "".join(reversed(parts)).removeprefix(".")
