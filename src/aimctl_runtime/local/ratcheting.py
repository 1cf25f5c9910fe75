"""Which old value a new one is compared with, when an object is written again (F-145).

1. Members, map values and the items of map lists have a place, and so an old value; the items of other lists have none.
2. Values are the same when their JSON is: `true` is not 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from aimcore.simulation.causes import shown
from aimctl_runtime.local.constraints import Node

ABSENT: Final = object()


def places(node: Node, value: list[Any], old: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """The items of a list with their paths and, in a map list, their old values."""
    before: dict[str, Any] = {}
    if node.keys and isinstance(old, list):
        before = {_key(node, item): item for item in old}
    for index, item in enumerate(value):
        yield f"{path}[{index}]", item, before.get(_key(node, item), ABSENT) if before else ABSENT


def duplicates(node: Node, value: list[Any]) -> Iterator[tuple[int, Any]]:
    """The items of a map list or set that were there before: index, and what they have in common."""
    seen: set[str] = set()
    for index, item in enumerate(value):
        key = _key(node, item)
        if key in seen:
            yield index, _identity(node, item)
        seen.add(key)


def _identity(node: Node, item: Any) -> Any:
    return {k: item[k] for k in node.keys if k in item} if node.keys and isinstance(item, dict) else item


def _key(node: Node, item: Any) -> str:
    return shown(_identity(node, item))


def member(value: Any, name: str) -> Any:
    """The member of that name, or ABSENT."""
    return value.get(name, ABSENT) if isinstance(value, dict) else ABSENT


def is_same(new: Any, old: Any) -> bool:
    """Equality of JSON, where `true` is not 1; however deeply it is nested."""
    pairs = [(new, old)]
    while pairs:
        a, b = pairs.pop()
        if a is b:
            continue
        if type(a) is not type(b):
            return False
        if isinstance(a, dict):
            if a.keys() != b.keys():
                return False
            pairs.extend((value, b[name]) for name, value in a.items())
        elif isinstance(a, list):
            if len(a) != len(b):
                return False
            pairs.extend(zip(a, b, strict=True))
        elif a != b:
            return False
    return True
