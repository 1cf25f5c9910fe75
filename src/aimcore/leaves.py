"""Does a live object already say what we want? Leaf by leaf, as server-side apply would see it.

1. Maps are granular: each leaf that we want must be there; a leaf that our manager owns and that we no longer want is
   a difference; leaves of others are none.
2. Lists are atomic (one leaf), except the map lists of `MAP_LISTS`, which are compared item by item, and except
   `ownerReferences` and `finalizers`, where ours must be among the live ones. An owner that only we named, and name no
   more, is a difference.
3. In an atomic subtree the live side may carry more than we said only where `DEFAULTS` names the member and its value:
   what the API server or an admission webhook fills in.
4. Quantities are compared as numbers.
5. A live env list with duplicate names (an older renderer wrote them) equals ours if the effective values do.
6. What compares equal as a whole is satisfied and abandons nothing. A number never stands where a boolean is wanted:
   the API server checks types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aimcore.api import quantity

Path = tuple[str, ...]
"""Names of members; the items of a list are `*`."""

_ANY = "*"
_MISSING: Any = object()

DEFAULTS: Mapping[str, Mapping[tuple[Path, str], Any]] = {
    "InferenceService": {
        (("spec", "predictor", "containers", _ANY, "ports", _ANY), "protocol"): "TCP",
        (("spec", "predictor", "imagePullSecrets", _ANY), "name"): "",
        # KServe's stock configuration fills what is unset.
        (("spec", "predictor", "containers", _ANY, "resources", "requests"), "cpu"): "1",
        (("spec", "predictor", "containers", _ANY, "resources", "requests"), "memory"): "2Gi",
        (("spec", "predictor", "containers", _ANY, "resources", "limits"), "cpu"): "1",
        (("spec", "predictor", "containers", _ANY, "resources", "limits"), "memory"): "2Gi",
        (("spec", "predictor", "containers", _ANY), "name"): "kserve-container",
        (("spec", "predictor", "containers", _ANY, "resources"), "requests"): {"cpu": "1", "memory": "2Gi"},
        (("spec", "predictor", "containers", _ANY, "resources"), "limits"): {"cpu": "1", "memory": "2Gi"},
        (("spec", "predictor", "containers", _ANY), "resources"): {
            "requests": {"cpu": "1", "memory": "2Gi"},
            "limits": {"cpu": "1", "memory": "2Gi"},
        },
    },
    "HTTPRoute": {
        (("spec", "parentRefs", _ANY), "group"): "gateway.networking.k8s.io",
        (("spec", "parentRefs", _ANY), "kind"): "Gateway",
        (("spec", "rules", _ANY, "backendRefs", _ANY), "group"): "",
        (("spec", "rules", _ANY, "backendRefs", _ANY), "kind"): "Service",
        (("spec", "rules", _ANY, "backendRefs", _ANY), "weight"): 1,
        (("spec", "rules", _ANY, "matches", _ANY, "path"), "type"): "PathPrefix",
        (("spec", "rules", _ANY, "matches", _ANY, "path"), "value"): "/",
    },
    "AIMModel": {(("spec", "imagePullSecrets", _ANY), "name"): ""},
    "AIMServiceTemplate": {
        (("spec", "hardware", "gpu"), "resourceName"): "amd.com/gpu",
        (("spec", "imagePullSecrets", _ANY), "name"): "",
    },
    "AIMClusterServiceTemplate": {
        (("spec", "hardware", "gpu"), "resourceName"): "amd.com/gpu",
        (("spec", "imagePullSecrets", _ANY), "name"): "",
    },
}
"""What the live side may say beyond ours inside an atomic subtree: (path of the parent, member) → value."""

MAP_LISTS: Mapping[str, Mapping[Path, str]] = {
    "AIMServiceTemplate": {("spec", "env"): "name", ("spec", "caching", "env"): "name"},
    "AIMClusterServiceTemplate": {("spec", "env"): "name"},
    "AIMTemplateCache": {("spec", "env"): "name"},
    "AIMModel": {("spec", "env"): "name"},
    "AIMClusterModel": {("spec", "env"): "name"},
}
"""Lists that server-side apply merges by a key: path → key."""

_QUANTITY_PARENTS = frozenset({"requests", "limits"})
_QUANTITY_MEMBERS = frozenset({"sizeLimit", "size", "minVram", "storage"})


def is_satisfied(kind: str, desired: Mapping[str, Any], live: Mapping[str, Any], manager: str) -> bool:
    """Whether an apply of `desired` by `manager` would change nothing that we decide.

    `live` is the object with its managed fields; without any, nothing counts as owned by us.
    """
    owned = owned_fields(live, manager)
    for member in desired:
        if member in ("apiVersion", "kind"):
            continue
        value, other = desired[member], live.get(member, _MISSING)
        if value != other and not _granular(kind, (member,), value, other, owned.get(f"f:{member}", _MISSING)):
            return False
    return not _abandons(desired, live, owned)


def owned_fields(live: Mapping[str, Any], manager: str) -> Mapping[str, Any]:
    """The FieldsV1 tree of what `manager` applied to the object (not to its status); empty if nothing."""
    metadata = live.get("metadata")
    entries = metadata.get("managedFields") if isinstance(metadata, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if (
            isinstance(entry, dict)
            and entry.get("manager") == manager
            and entry.get("operation") == "Apply"
            and not entry.get("subresource")
            and isinstance(entry.get("fieldsV1"), dict)
        ):
            return entry["fieldsV1"]  # type: ignore[no-any-return]
    return {}


# ---- granular -------------------------------------------------------------------------------------------------------
def _granular(kind: str, path: Path, desired: Any, live: Any, owned: Any) -> bool:
    if isinstance(desired, dict):
        return _granular_map(kind, path, desired, live, owned)
    if isinstance(desired, list):
        if path == ("metadata", "ownerReferences"):
            return _contains(desired, live, "uid", owned)
        if path == ("metadata", "finalizers"):
            return isinstance(live, list) and all(f in live for f in desired)
        key = MAP_LISTS.get(kind, {}).get(path)
        if key is not None:
            return _map_list(kind, path, key, desired, live, owned)
        return _atomic(kind, path, desired, live)
    return _scalar(path, desired, live)


def _granular_map(kind: str, path: Path, desired: Mapping[str, Any], live: Any, owned: Any) -> bool:
    if not isinstance(live, dict):
        return not desired and (live is _MISSING or live is None)
    if desired and isinstance(owned, dict) and _is_one_leaf(owned):
        return _atomic(kind, path, desired, live)
    fields = owned if isinstance(owned, dict) else {}
    for member, value in desired.items():
        other = live.get(member, _MISSING)
        if type(value) is type(other) and value == other:
            continue  # nearly all; where nothing is beyond ours, nothing was abandoned
        inner = fields.get(f"f:{member}", _MISSING) if fields else _MISSING
        if not _granular(kind, (*path, member), value, other, inner):
            return False
    return not fields or not _abandons(desired, live, fields)


def _abandons(desired: Mapping[str, Any], live: Mapping[str, Any], owned: Mapping[str, Any]) -> bool:
    """Whether we own a member that is still there and no longer wanted."""
    for field in owned:
        member = field[2:]
        if field[:2] == "f:" and member not in desired and member in live:
            return True
    return False


def _is_one_leaf(owned: Mapping[str, Any]) -> bool:
    """Whether the server keeps an owned map as one leaf: nothing inside it is owned."""
    return not any(name.startswith(_INSIDE) for name in owned)


_INSIDE = ("f:", "k:", "v:")
"""How FieldsV1 marks a member, a list item by key, and a list item by value."""


def _map_list(kind: str, path: Path, key: str, desired: Sequence[Any], live: Any, owned: Any) -> bool:
    if not isinstance(live, list):
        return not desired
    by_key = _by_key(live, key)
    wanted = set()
    for item in desired:
        wanted.add(item[key])
        if item[key] not in by_key or not _atomic(kind, (*path, _ANY), item, by_key[item[key]]):
            return False
    mine = set(_owned_keys(owned, key))
    return not (mine & set(by_key)) - wanted


def _owned_keys(owned: Any, key: str) -> Iterator[str]:
    """The keys of the list items that we own, from names such as `k:{"name":"A"}`."""
    prefix = f'k:{{"{key}":"'
    for name in owned if isinstance(owned, dict) else ():
        if isinstance(name, str) and name.startswith(prefix) and name.endswith('"}'):
            yield name[len(prefix) : -2]


def _by_key(items: Sequence[Any], key: str) -> Mapping[str, Any]:
    named = (item for item in items if isinstance(item, dict))
    return {item[key]: item for item in named if isinstance(item.get(key), str)}


def _contains(desired: Sequence[Any], live: Any, key: str, owned: Any) -> bool:
    if not isinstance(live, list):
        return not desired
    by_key = _by_key(live, key)
    wanted = {item[key] for item in desired}
    if (set(_owned_keys(owned, key)) & set(by_key)) - wanted:
        return False
    return all(item[key] in by_key and _superset(by_key[item[key]], item) for item in desired)


def _superset(live: Mapping[str, Any], desired: Mapping[str, Any]) -> bool:
    return all(live.get(member) == value for member, value in desired.items())


# ---- atomic ---------------------------------------------------------------------------------------------------------
def _atomic(kind: str, path: Path, desired: Any, live: Any) -> bool:
    if desired == live:
        return True
    if isinstance(desired, dict):
        return _atomic_map(kind, path, desired, live)
    if isinstance(desired, list):
        if not isinstance(live, list):
            return not desired and live is _MISSING
        if path[-1:] == ("env",) and len(live) != len(desired):
            live = _effective(live)
        inner = (*path, _ANY)
        return len(live) == len(desired) and all(
            _atomic(kind, inner, d, item) for d, item in zip(desired, live, strict=True)
        )
    return _scalar(path, desired, live)


def _atomic_map(kind: str, path: Path, desired: Mapping[str, Any], live: Any) -> bool:
    if not isinstance(live, dict):
        return not desired and (live is _MISSING or live is None)
    for member, value in desired.items():
        if not _atomic(kind, (*path, member), value, live.get(member, _MISSING)):
            return False
    if len(live) == len(desired):
        return True
    defaults = DEFAULTS.get(kind, {})
    return all(
        member in desired or _is_default(defaults.get((path, member), _MISSING), value, path)
        for member, value in live.items()
    )


def _is_default(default: Any, value: Any, path: Path) -> bool:
    if value is None or value in ({}, []):
        return True
    if default is _MISSING:
        return False
    if isinstance(default, dict):
        return isinstance(value, dict) and all(
            member in default and _is_default(default[member], item, path) for member, item in value.items()
        )
    return bool(value == default) or (path[-1] in _QUANTITY_PARENTS and quantity.equal(value, default))


def _scalar(path: Path, desired: Any, live: Any) -> bool:
    if live is _MISSING:
        return desired is None
    if path[-1] in _QUANTITY_MEMBERS or (len(path) > 1 and path[-2] in _QUANTITY_PARENTS):
        return quantity.equal(desired, live)
    return bool(desired == live)


def _effective(env: Sequence[Any]) -> list[Any]:
    """The env list as a container sees it: of equal names the last wins, at the first one's place."""
    last = {item["name"]: item for item in env if isinstance(item, dict) and isinstance(item.get("name"), str)}
    return list(last.values())
