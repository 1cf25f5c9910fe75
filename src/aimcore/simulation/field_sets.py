"""Sets of field paths in the FieldsV1 form that managedFields are stored in.

1. A node is a dict from path element (`f:name`, `k:{"name":"A"}`, `v:"x"`) to node. A node is a member of the set if
   it is empty or holds the key "."; at the root "empty" means the empty set.
2. Nodes are never changed in place: every operation gives new dicts and shares what is equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Fields = dict[str, Any]
LEAF: Fields = {}


def is_member(node: Fields) -> bool:
    return not node or "." in node


def union(a: Fields, b: Fields) -> Fields:
    """All paths of both roots."""
    if not b or a is b:
        return a
    out = dict(a)
    for element, node in b.items():
        if element == ".":
            continue
        mine = out.get(element)
        out[element] = node if mine is None else _joined(mine, node)
    return out


def _joined(a: Fields, b: Fields) -> Fields:
    if a is b or a == b:
        return a
    out = union(a, b)
    if is_member(a) or is_member(b):
        out = {**out, ".": LEAF}
    return out


def difference(a: Fields, b: Fields) -> Fields:
    """The paths of `a` that are not in `b`."""
    if not b:
        return a
    out: Fields = {}
    for element, node in a.items():
        if element == ".":
            continue
        other = b.get(element)
        left = node if other is None else _less(node, other)
        if left is not None:
            out[element] = left
    return out


def _less(node: Fields, other: Fields) -> Fields | None:
    children = difference(node, other)
    stays = is_member(node) and not is_member(other)
    if not children or (len(children) == 1 and "." in children):
        return LEAF if stays else None
    children = {k: v for k, v in children.items() if k != "."} if "." in children else children
    return {".": LEAF, **children} if stays else children


def intersection(a: Fields, b: Fields) -> Fields:
    """The paths that are in both roots."""
    out: Fields = {}
    for element, node in a.items():
        other = b.get(element)
        if element == "." or other is None:
            continue
        common = intersection(node, other)
        both = is_member(node) and is_member(other)
        if common:
            out[element] = {".": LEAF, **common} if both else common
        elif both:
            out[element] = LEAF
    return out


def members(root: Fields, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """All paths of a root in the server's order: the members of a level first, then what lies below."""
    elements = sorted(e for e in root if e != ".")
    yield from ((*path, e) for e in elements if is_member(root[e]))
    for element in elements:
        if root[element]:
            yield from members(root[element], (*path, element))


def path_text(path: tuple[str, ...]) -> str:
    """`.spec.env[name="A"].value`, as conflicts name it."""
    return "".join(_element_text(e) for e in path)


def _element_text(element: str) -> str:
    kind, _, rest = element.partition(":")
    match kind:
        case "f":
            return f".{rest}"
        case "k":
            keys = json.loads(rest)
            return f"[{','.join(f'{k}={json.dumps(v, ensure_ascii=False)}' for k, v in keys.items())}]"
        case "v":
            return f"[={rest}]"
        case _:
            return f"[{rest}]"
