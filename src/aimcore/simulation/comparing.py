"""The paths in which two states of an object differ: what a write changed, and what it removed.

1. A container that appears is changed itself, with everything below it; one that goes is removed with everything.
2. Subtrees with the same identity are skipped, which makes copy-on-write updates cheap.
"""

from __future__ import annotations

from typing import Any

from aimcore.simulation.field_sets import LEAF, Fields
from aimcore.simulation.merging import is_granular, same
from aimcore.simulation.schema import ANY, Shape


def compared(shape: Shape, old: dict[str, Any], new: dict[str, Any]) -> tuple[Fields, Fields]:
    """(changed or added paths, removed paths) from one state to another."""
    return _compared_parts(shape, old, new)


def _parts(shape: Shape, value: Any) -> dict[str, tuple[Shape, Any]]:
    """The children of a granular container by path element."""
    if isinstance(value, dict):
        return {f"f:{k}": (shape.child(k) or ANY, v) for k, v in value.items()}
    item = shape.item
    return {shape.element(v, i): (item, v) for i, v in enumerate(value)}


def _compared_parts(shape: Shape, old: Any, new: Any) -> tuple[Fields, Fields]:
    changed: Fields = {}
    removed: Fields = {}
    before, after = _parts(shape, old), _parts(shape, new)
    for element, (child, value) in after.items():
        if element not in before:
            changed[element] = everything(child, value)
            continue
        have = before[element][1]
        if have is value or same(have, value):
            continue
        if _both_granular(child, have, value):
            more, less = _compared_parts(child, have, value)
            if more:
                changed[element] = more
            if less:
                removed[element] = less
        else:
            changed[element] = LEAF
    for element, (child, value) in before.items():
        if element not in after:
            removed[element] = everything(child, value)
    return changed, removed


def _both_granular(shape: Shape, a: Any, b: Any) -> bool:
    return isinstance(a, dict) == isinstance(b, dict) and is_granular(shape, a) and is_granular(shape, b)


def everything(shape: Shape, value: Any) -> Fields:
    """The node with every path at and below a value."""
    if not is_granular(shape, value) or not value:
        return LEAF
    return {".": LEAF, **{e: everything(child, v) for e, (child, v) in _parts(shape, value).items()}}
