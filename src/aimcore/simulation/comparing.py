"""The paths in which two states of an object differ: what a write changed, and what it removed.

1. A container that appears is changed itself, with everything below it; one that goes is removed with everything.
2. Subtrees with the same identity are skipped, which makes copy-on-write updates cheap.
"""

from __future__ import annotations

from typing import Any

from aimcore.simulation.field_sets import LEAF, Fields
from aimcore.simulation.merging import is_granular, same
from aimcore.simulation.schema import ANY, Shape

_NOTHING = object()
_PLAIN = (str, int, float, type(None))  # bool is an int


def compared(shape: Shape, old: dict[str, Any], new: dict[str, Any]) -> tuple[Fields, Fields]:
    """(changed or added paths, removed paths) from one state to another."""
    return _compared_parts(shape, old, new)


def _compared_parts(shape: Shape, old: Any, new: Any) -> tuple[Fields, Fields]:
    changed: Fields = {}
    removed: Fields = {}
    is_map = isinstance(new, dict)
    before, after = (old, new) if is_map else (_elements(shape, old), _elements(shape, new))
    for part, value in after.items():
        have = before.get(part, _NOTHING)
        if have is value or same(have, value):
            continue
        element = f"f:{part}" if is_map else part
        child = (shape.child(part) or ANY) if is_map else shape.item
        if have is _NOTHING:
            changed[element] = everything(child, value)
        elif _both_granular(child, have, value):
            more, less = _compared_parts(child, have, value)
            if more:
                changed[element] = more
            if less:
                removed[element] = less
        else:
            changed[element] = LEAF
    for part, value in before.items():
        if part not in after:
            child = (shape.child(part) or ANY) if is_map else shape.item
            removed[f"f:{part}" if is_map else part] = everything(child, value)
    return changed, removed


def _elements(shape: Shape, items: list[Any]) -> dict[str, Any]:
    """The items of a granular list by path element."""
    return {shape.element(item, index): item for index, item in enumerate(items)}


def _both_granular(shape: Shape, a: Any, b: Any) -> bool:
    return isinstance(a, dict) == isinstance(b, dict) and is_granular(shape, a) and is_granular(shape, b)


def everything(shape: Shape, value: Any) -> Fields:
    """The node with every path at and below a value."""
    if not is_granular(shape, value) or not value:
        return LEAF
    node: Fields = {".": LEAF}
    if isinstance(value, dict):
        for key, part in value.items():
            node[f"f:{key}"] = LEAF if isinstance(part, _PLAIN) else everything(shape.child(key) or ANY, part)
    else:
        for element, part in _elements(shape, value).items():
            node[element] = everything(shape.item, part)
    return node
