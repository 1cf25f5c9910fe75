"""Strategic merge patches for built-in kinds, as `kubectl apply`, `edit` and `patch` send them.

1. Maps merge, null removes. Lists that are map lists in the schema merge by their first key (`name` of containers and
   env, `containerPort` of ports, `mountPath` of mounts, `uid` of owners); sets merge by value; other lists replace.
2. Directives: `$patch: delete|replace`, `$retainKeys`, `$deleteFromPrimitiveList/<field>`,
   `$setElementOrder/<field>`.
"""

from __future__ import annotations

from typing import Any

from aimcore.simulation.merging import copied, same
from aimcore.simulation.schema import ANY, LIST, Shape

_ORDER, _DROP, _RETAIN = "$setElementOrder/", "$deleteFromPrimitiveList/", "$retainKeys"


def strategic_patched(shape: Shape, target: Any, patch: Any) -> Any:
    """`target` after a strategic merge patch; `target` itself if nothing changes."""
    if not isinstance(patch, dict):
        return target if same(target, patch) else copied(patch)
    if patch.get("$patch") == "replace":
        return copied({k: v for k, v in patch.items() if k != "$patch"})
    base = target if isinstance(target, dict) else {}
    out = _retained(base, patch.get(_RETAIN))
    for key, item in patch.items():
        if key.startswith("$"):
            continue
        if item is None or (isinstance(item, dict) and item.get("$patch") == "delete"):
            out.pop(key, None)
            continue
        child = shape.child(key) or ANY
        have = out.get(key)
        out[key] = _patched_list(child, have, item) if isinstance(item, list) else strategic_patched(child, have, item)
    _follow_directives(shape, out, patch)
    return target if out == target else out


def _retained(base: dict[str, Any], keys: object) -> dict[str, Any]:
    return {k: v for k, v in base.items() if k in keys} if isinstance(keys, list) else dict(base)


def _patched_list(shape: Shape, have: Any, patch: list[Any]) -> Any:
    if shape.type != LIST or shape.list_type == "atomic" or not isinstance(have, list):
        clean = [i for i in patch if not (isinstance(i, dict) and "$patch" in i)]
        return have if same(have, clean) else copied(clean)
    if shape.list_type == "set":
        return [*have, *(copied(i) for i in patch if i not in have)]
    if any(isinstance(i, dict) and i.get("$patch") == "replace" for i in patch):
        return [copied(i) for i in patch if not (isinstance(i, dict) and "$patch" in i)]
    return _merged_by_key(shape, have, patch)


def _merged_by_key(shape: Shape, have: list[Any], patch: list[Any]) -> list[Any]:
    key = shape.keys[0]
    out = list(have)
    for item in patch:
        name = item.get(key) if isinstance(item, dict) else None
        place = next((i for i, old in enumerate(out) if isinstance(old, dict) and old.get(key) == name), None)
        deletes = isinstance(item, dict) and item.get("$patch") == "delete"
        if place is None:
            if not deletes:
                out.append(copied(item))
        elif deletes:
            del out[place]
        else:
            out[place] = strategic_patched(shape.item, out[place], item)
    return out


def _follow_directives(shape: Shape, out: dict[str, Any], patch: dict[str, Any]) -> None:
    for directive, items in patch.items():
        if not isinstance(items, list):
            continue
        if directive.startswith(_DROP):
            key = directive[len(_DROP) :]
            if isinstance(out.get(key), list):
                out[key] = [v for v in out[key] if v not in items]
        elif directive.startswith(_ORDER):
            key = directive[len(_ORDER) :]
            if isinstance(out.get(key), list):
                out[key] = _ordered(shape.child(key) or ANY, out[key], items)


def _ordered(shape: Shape, items: list[Any], order: list[Any]) -> list[Any]:
    """The items in the order asked for; those that it does not name keep their place behind."""
    by = shape.keys[0] if shape.keys else ""

    def identity(item: Any) -> Any:
        return item.get(by) if by and isinstance(item, dict) else item

    wanted = [identity(o) for o in order]

    def place(item: Any) -> int:
        found = identity(item)
        return wanted.index(found) if found in wanted else len(wanted)

    return sorted(items, key=place)
