"""Layers: how environment, resources and pull secrets of several sources become one.

1. Layers are given lowest first; the higher one wins. Nothing given is changed; results are new lists and dicts.
2. Env merges by name: an upper entry replaces the lower one as a whole, in place; new names follow in their order
   (R-8.4). Names listed as JSON are merged as JSON objects (R-8.5).
3. Layers are foreign JSON: entries without a name are dropped (D-27), and of a name that occurs twice in one layer
   the last entry stands (D-19).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aimcore.api.json_text import compact_json
from aimcore.api.quantity import canonical
from aimcore.resource import Json

ENGINE_ARGS = frozenset({"AIM_ENGINE_ARGS"})
"""The variables that hold JSON and are merged as such where a rule says so."""


# ---- environment ----------------------------------------------------------------------------------------------------
def merge_env(lower: Sequence[Json], upper: Sequence[Json], *, json_names: frozenset[str] = frozenset()) -> list[Json]:
    """Merge two env lists by name. Variables in `json_names` that both layers hold become their merged JSON text."""
    merged = env_by_name(lower)
    overlay_env(merged, upper, json_names=json_names)
    return list(merged.values())


def env_by_name(env: Sequence[Json]) -> dict[str, Json]:
    """The entries of an env list by name, in the order of the names; for several overlays in a row."""
    return {
        name: entry for entry in env if isinstance(entry, dict) and isinstance(name := entry.get("name"), str) and name
    }


def overlay_env(merged: dict[str, Json], upper: Sequence[Json], *, json_names: frozenset[str] = frozenset()) -> None:
    """Put an env list over variables by name, as `merge_env` does."""
    if not upper:
        return
    above = env_by_name(upper)
    for name in json_names:
        if name in above and name in merged:
            text = merge_json_text(_value(merged[name]), _value(above[name]))
            above[name] = {"name": name, "value": text}
    merged.update(above)


def upsert_env(env: Sequence[Json], name: str, value: str) -> list[Json]:
    """The env list with this literal value, in place of what stood under the name, or at the end."""
    return merge_env(env, ({"name": name, "value": value},))


def _name(entry: object) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return name if isinstance(name, str) else ""


def _value(entry: Mapping[str, Any]) -> str:
    value = entry.get("value")
    return value if isinstance(value, str) else ""


def merge_json_text(lower: str, upper: str) -> str:
    """Merge two texts of JSON objects, the upper one winning member by member; lists are replaced whole (R-8.5).

    An empty text gives way to the other. If either is no JSON object the upper text stands; an upper `null` adds
    nothing. The result is compact with sorted keys.
    """
    if not lower or not upper:
        return lower or upper
    try:
        below, above = _decoded(lower), _decoded(upper)
        if not isinstance(below, dict) or not isinstance(above, (dict, type(None))):
            return upper
        return compact_json(_overlaid(below, above or {}))
    except (ValueError, RecursionError):
        return upper


def _decoded(text: str) -> Any:
    return json.loads(text, parse_float=_double, parse_int=_double, parse_constant=_double)


def _double(text: str) -> float:
    """A JSON number as a double. ValueError for what none can hold, `NaN` and `Infinity` included."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _overlaid(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> Json:
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        merged[key] = _overlaid(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


# ---- resources ------------------------------------------------------------------------------------------------------
def merge_resources(*layers: object) -> Json:
    """Overlay container resources, key by key in `requests` and `limits`, with canonical quantities (R-8.8).

    `claims` and whatever is no quantity are left out; so is a part that stays empty.
    """
    merged: Json = {}
    given = [layer for layer in layers if layer and isinstance(layer, dict)]
    for part in ("requests", "limits"):
        amounts: dict[str, str] = {}
        for layer in given:
            values = layer.get(part)
            if isinstance(values, dict):
                for key, value in values.items():
                    amount = canonical(value)
                    if amount is not None and isinstance(key, str):
                        amounts[key] = amount
        if amounts:
            merged[part] = amounts
    return merged


# ---- pull secrets ---------------------------------------------------------------------------------------------------
def merge_pull_secrets(*lists: object) -> list[Json]:
    """The union of lists of `{name}`, each name once, in the order in which the lists name them."""
    return [{"name": name} for name in dict.fromkeys(_secret_names(lists))]


def _secret_names(lists: Iterable[object]) -> Iterable[str]:
    for entries in lists:
        for entry in entries if isinstance(entries, (list, tuple)) else ():
            if name := _name(entry):
                yield name
