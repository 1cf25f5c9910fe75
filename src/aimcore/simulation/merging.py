"""What server-side apply does to values: the set of a body's fields, merge, prune, and comparison of two states.

1. Scalars, atomic maps and atomic lists are one leaf. Map lists merge by key, sets by value.
2. A merge takes the body's order for items that both sides have and keeps the others where they were; new items
   come after.
3. Everything is copy-on-write: an unchanged subtree keeps its identity, so `is` means "unchanged" later on.
4. A field that the schema does not know, or a list key given twice, makes the whole body untypable.
"""

from __future__ import annotations

from typing import Any

from aimcore.simulation.field_sets import LEAF, Fields, is_member, path_text
from aimcore.simulation.schema import LIST, OBJECT, SCALAR, Shape

_PLAIN = (str, int, float, type(None))  # bool is an int


def copied(value: Any) -> Any:
    """A copy of a JSON value that shares no container with it."""
    if isinstance(value, dict):
        return {k: v if isinstance(v, _PLAIN) else copied(v) for k, v in value.items()}
    if isinstance(value, list):
        return [v if isinstance(v, _PLAIN) else copied(v) for v in value]
    return value


def same(a: Any, b: Any) -> bool:
    """Equality of JSON values; `true` is not 1."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def is_granular(shape: Shape, value: Any) -> bool:
    """True if this value is merged in parts at this place."""
    if isinstance(value, dict):
        return not shape.atomic and shape.type != SCALAR
    return isinstance(value, list) and shape.type == LIST and shape.list_type != "atomic"


# ---- the fields of a body -------------------------------------------------------------------------------------------
def fields_of(shape: Shape, body: dict[str, Any], errors: list[str]) -> Fields:
    """The set of fields that an apply body owns. What cannot be typed is reported in `errors` (rule 4)."""
    return _map_fields(shape, body, "", errors)


def _map_fields(shape: Shape, value: dict[str, Any], path: str, errors: list[str]) -> Fields:
    out: Fields = {}
    properties, values = shape.properties, shape.values
    for key, item in value.items():
        child = properties.get(key) or shape.child(key)
        if child is None:
            errors.append(f"{path}.{key}: field not declared in schema")
        elif isinstance(item, _PLAIN):
            out[f"f:{key}"] = LEAF
            if child.type != "any" and not (child.scalar == "string" and isinstance(item, str)):
                _check_scalar(child, item, f"{path}.{key}", errors)
        else:
            node = _node(child, item, f"{path}.{key}", errors)
            if node is not None:
                out[f"f:{key}"] = {".": LEAF, **node} if node and values is child else node
    return out


def _node(shape: Shape, value: Any, path: str, errors: list[str]) -> Fields | None:
    """The node of a container; None if nothing is owned there (an empty granular list)."""
    if isinstance(value, dict):
        if shape.type in (SCALAR, LIST):
            errors.append(f"{path}: expected {'list' if shape.type == LIST else shape.scalar or 'scalar'}, got map")
            return LEAF
        node = _map_fields(shape, value, path, errors)
        return LEAF if shape.atomic else node
    if shape.type in (SCALAR, OBJECT):
        errors.append(f"{path}: expected {'map' if shape.type == OBJECT else shape.scalar or 'scalar'}, got list")
        return LEAF
    return _list_fields(shape, value, path, errors)


def _list_fields(shape: Shape, value: list[Any], path: str, errors: list[str]) -> Fields | None:
    out: Fields = {}
    item_shape = shape.item
    for index, item in enumerate(value):
        if isinstance(item, _PLAIN):
            node: Fields | None = LEAF
            if item_shape.type != "any":
                _check_scalar(item_shape, item, f"{path}[{index}]", errors)
        else:
            node = _node(item_shape, item, f"{path}[{index}]", errors)
        if shape.list_type == "atomic":
            continue
        element = shape.element(item, index)
        if shape.list_type == "map" and element[0] == "i":
            errors.extend(
                f"{path}: element {index}: associative list with keys has an element that omits key field "
                f'"{key}" (and doesn\'t have default value)'
                for key in shape.missing_keys(item)
            )
        if element in out:
            errors.append(f"{path}: duplicate entries for key {path_text((element,))}")
        out[element] = {".": LEAF, **node} if node else LEAF
    if shape.list_type == "atomic":
        return LEAF
    return out or None


_WANTED = {
    "string": ((str,), "string"),
    "boolean": ((bool,), "boolean"),
    "integer": ((int, float), "numeric (int or float)"),
    "number": ((int, float), "numeric (int or float)"),
}


def _check_scalar(shape: Shape, item: Any, path: str, errors: list[str]) -> None:
    """Report a scalar of the wrong type; null passes here and fails validation."""
    if item is None:
        return
    if shape.type != SCALAR:
        errors.append(f"{path}: expected {'map' if shape.type == OBJECT else 'list'}, got {item!r}")
        return
    allowed = _WANTED.get(shape.scalar)
    if allowed and (not isinstance(item, allowed[0]) or (isinstance(item, bool) and shape.scalar != "boolean")):
        errors.append(f"{path}: expected {allowed[1]}, got {item!r}")


# ---- merge ----------------------------------------------------------------------------------------------------------
def merged(shape: Shape, live: Any, body: Any) -> Any:
    """`live` with the body laid over it, sharing parts with both; `live` itself if that changes nothing."""
    if isinstance(body, dict) and isinstance(live, dict) and is_granular(shape, body):
        return _merged_map(shape, live, body)
    if isinstance(body, list) and isinstance(live, list) and is_granular(shape, body):
        return _merged_list(shape, live, body)
    return live if same(live, body) else body


def _merged_map(shape: Shape, live: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] | None = None
    for key, item in body.items():
        if key in live:
            have = live[key]
            if have is item:
                continue
            if isinstance(item, _PLAIN):
                if same(have, item):
                    continue
                new: Any = item
            else:
                new = merged(_known(shape, key), have, item)
                if new is have:
                    continue
        else:
            new = item
        if out is None:
            out = dict(live)
        out[key] = new
    return live if out is None else out


def _known(shape: Shape, key: str) -> Shape:
    child = shape.child(key)
    return Shape("any") if child is None else child


def _merged_list(shape: Shape, live: list[Any], body: list[Any]) -> list[Any]:
    left = [shape.element(item, i) for i, item in enumerate(live)]
    right = [shape.element(item, i) for i, item in enumerate(body)]
    ours = dict(zip(left, live, strict=True))
    theirs = dict(zip(right, body, strict=True))

    def taken(element: str) -> Any:
        item = theirs[element]
        return merged(shape.item, ours[element], item) if element in ours else item

    out = [taken(e) if e in theirs else ours[e] for e in _merged_order(left, right)]
    unchanged = len(out) == len(live) and all(a is b for a, b in zip(out, live, strict=True))
    return live if unchanged else out


def _merged_order(left: list[str], right: list[str]) -> list[str]:
    """Rule 2: what only the left has keeps its place before the next shared item, the right's order wins."""
    in_left, in_right = set(left), set(right)
    shared = [e for e in right if e in in_left]
    if shared == [e for e in left if e in in_right] and len(shared) == len(right):
        return left
    out: list[str] = []
    placed: set[str] = set()
    li = ri = next_shared = 0
    while li < len(left) or ri < len(right):
        if li < len(left):
            element = left[li]
            if element not in in_right:
                out.append(element)
                li += 1
                continue
            if element in placed or (next_shared < len(shared) and shared[next_shared] != element):
                li += 1
                continue
        element = right[ri]
        out.append(element)
        placed.add(element)
        ri += 1
        if next_shared < len(shared) and shared[next_shared] == element:
            next_shared += 1
            if li < len(left) and left[li] == element:
                li += 1
    return out


# ---- prune ----------------------------------------------------------------------------------------------------------
def without(shape: Shape, value: Any, given_up: Fields, kept: Fields) -> Any:
    """`value` without the fields of `given_up` that nobody keeps; `value` itself if nothing goes.

    A field stays if `kept` names it or anything below it. A named field under which nothing is kept goes whole.
    """
    if isinstance(value, dict):
        return _without_keys(shape, value, given_up, kept)
    if isinstance(value, list) and is_granular(shape, value):
        return _without_items(shape, value, given_up, kept)
    return value


def _without_keys(shape: Shape, value: dict[str, Any], given_up: Fields, kept: Fields) -> dict[str, Any]:
    out: dict[str, Any] | None = None
    for element, node in given_up.items():
        key = element[2:]
        if element[:2] != "f:" or key not in value:
            continue
        keeping = kept.get(element)
        if keeping is None and (is_member(node) or key in shape.properties):
            out = dict(value) if out is None else out
            del out[key]
        elif node:
            new = without(_known(shape, key), value[key], node, keeping or LEAF)
            if new is not value[key]:
                out = dict(value) if out is None else out
                out[key] = new
    return value if out is None else out


def _without_items(shape: Shape, value: list[Any], given_up: Fields, kept: Fields) -> list[Any]:
    out: list[Any] = []
    changed = False
    for index, item in enumerate(value):
        element = shape.element(item, index)
        node, keeping = given_up.get(element), kept.get(element)
        if node is None:
            out.append(item)
        elif keeping is None and is_member(node):
            changed = True
        else:
            new = without(shape.item, item, node, keeping or LEAF)
            changed = changed or new is not item
            out.append(new)
    return out if changed else value
