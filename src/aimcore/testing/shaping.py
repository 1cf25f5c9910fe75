"""From a structural schema to values that fit it: how the strategies of kinds are derived.

1. A value has all that is required and a few of the other members, so that rare members meet rare members.
2. A leaf comes from the pool of its member's name, as far as the pool's values fit the schema there; else from what the
   schema allows.
3. CEL rules are obeyed by mending: each rule of our schemas has a small repair in `MENDS`. A rule without one is an
   error when the strategy is made, so that none is forgotten. Rules on changes (`oldSelf`) do not judge a new object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from aimcore.resource import Json

Strategy = st.SearchStrategy
Pools = Mapping[str, Sequence[Any]]
"""Values by the name of the member that may have them. `QUANTITY` and `TEXT` stand for members without a row."""
QUANTITY, TEXT = "a quantity", "a text"
MOST_OPTIONAL = 3
Mend = Callable[[Json], Json]

_SIZES: Mapping[str, int] = {"int32": 2**31 - 1, "int64": 2**63 - 1}


def shaped(schema: Mapping[str, Any], pools: Pools, *, mends: Mapping[str, Mend] | None = None) -> Strategy[Any]:
    """Values that fit a structural schema and its rules. Raises ValueError for a rule that nothing here can mend."""
    return _node(schema, "", pools, {**MENDS, **(mends or {})})


def _node(node: Mapping[str, Any], member: str, pools: Pools, mends: Mapping[str, Mend]) -> Strategy[Any]:
    if node.get("x-kubernetes-int-or-string"):
        return st.sampled_from(list(pools[QUANTITY]))
    fitting = [value for value in pools.get(member, ()) if fits(node, value)]
    if fitting and node.get("type") in ("string", "integer", "boolean", "number"):
        return st.sampled_from(fitting)
    match node.get("type"):
        case "object" if "properties" in node:
            made: Strategy[Any] = _members(node, pools, mends)
        case "object" if isinstance(inner := node.get("additionalProperties"), Mapping):
            keys = st.sampled_from(["a", "B", "c-d"])
            made = st.dictionaries(keys, _node(inner, f"{member}[]", pools, mends), max_size=2)
        case "array":
            made = _items(node, member, pools, mends)
        case _:
            made = _scalar(node, pools)
    for mend in _mends_of(node, mends):
        made = made.map(mend)
    return made


@st.composite
def _chosen(draw: st.DrawFn, required: Mapping[str, Strategy[Any]], optional: Mapping[str, Strategy[Any]]) -> Json:
    names = sorted(optional)
    most = min(MOST_OPTIONAL, len(names))
    more = draw(st.lists(st.sampled_from(names), unique=True, max_size=most)) if names else []
    return {name: draw(strategy) for name, strategy in (*required.items(), *((n, optional[n]) for n in sorted(more)))}


def _members(node: Mapping[str, Any], pools: Pools, mends: Mapping[str, Mend]) -> Strategy[Json]:
    parts = {name: _node(inner, name, pools, mends) for name, inner in node["properties"].items()}
    required = {name: parts.pop(name) for name in node.get("required", ())}
    return _chosen(required, parts)


def _items(node: Mapping[str, Any], member: str, pools: Pools, mends: Mapping[str, Mend]) -> Strategy[list[Any]]:
    inner = _node(node["items"], f"{member}[]", pools, mends)
    keys: list[str] = node.get("x-kubernetes-list-map-keys", [])
    unique = (lambda item: tuple(item.get(k) for k in keys)) if keys else None
    least = node.get("minItems", 0)
    most = min(node.get("maxItems", 3), max(least, 2))
    return st.lists(inner, min_size=least, max_size=most, unique_by=unique)


def _scalar(node: Mapping[str, Any], pools: Pools) -> Strategy[Any]:
    if "enum" in node:
        return st.sampled_from(list(node["enum"]))
    match node.get("type"):
        case "boolean":
            return st.booleans()
        case "integer":
            size = _SIZES.get(node.get("format", ""), 2**31 - 1)
            low, high = node.get("minimum", -size - 1), node.get("maximum", size)
            ends = [v for v in (0, 1, 2, low, high) if low <= v <= high]
            return st.sampled_from(ends)
        case "number":
            return st.sampled_from([0.5, 1.0])
        case "string" if node.get("format") == "date-time":
            return st.just("2026-11-23T12:30:00Z")
        case "string":
            return _text(node, pools)
        case _:
            return st.sampled_from([{}, {"a": [1, {"b": None}]}])


def _text(node: Mapping[str, Any], pools: Pools) -> Strategy[str]:
    fitting = [text for text in pools[TEXT] if fits(node, text)]
    if fitting:
        return st.sampled_from(fitting)
    regex = st.from_regex(node.get("pattern", ""), fullmatch=True)
    return regex.filter(lambda text: fits(node, text))


def fits(node: Mapping[str, Any], value: object) -> bool:
    """Whether a scalar fits what a schema says of scalars; true of other types. Lengths count characters."""
    if "enum" in node and value not in node["enum"]:
        return False
    match node.get("type"):
        case "string":
            return isinstance(value, str) and _is_long_enough(node, value) and _matches(node, value)
        case "integer":
            is_whole = isinstance(value, int) and not isinstance(value, bool)
            return is_whole and node.get("minimum", value) <= value <= node.get("maximum", value)
        case "boolean":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return True


def _is_long_enough(node: Mapping[str, Any], text: str) -> bool:
    return bool(node.get("minLength", 0) <= len(text) <= node.get("maxLength", len(text)))


def _matches(node: Mapping[str, Any], text: str) -> bool:
    return "pattern" not in node or re.search(node["pattern"], text) is not None


# ---- rules ----------------------------------------------------------------------------------------------------------
def _mends_of(node: Mapping[str, Any], mends: Mapping[str, Mend]) -> list[Mend]:
    texts = [rule["rule"] for rule in node.get("x-kubernetes-validations", ()) if "oldSelf" not in rule["rule"]]
    unknown = [text for text in texts if text not in mends]
    if unknown:
        raise ValueError(f"no mend for the rules {unknown}")
    return [mends[text] for text in texts]


def _with_hardware(hardware: Json) -> Json:
    return hardware if "gpu" in hardware or "cpu" in hardware else {**hardware, "cpu": {"requests": "1"}}


def _with_one_size(gpu: Json) -> Json:
    return {k: v for k, v in gpu.items() if k != "minVram"} if gpu.get("model") else gpu


def _with_one_model(model: Json) -> Json:
    given = [name for name in ("custom", "image", "name") if name in model]
    kept = given[0] if given else "name"
    return {kept: model.get(kept, "qwen")}


def _with_a_source(custom: Json) -> Json:
    source = {"modelId": "Qwen/Qwen3-32B", "sourceUri": "hf://Qwen/Qwen3-32B"}
    return custom if custom.get("modelSources") else {**custom, "modelSources": [source]}


def _with_hardware_for_templates(spec: Json) -> Json:
    custom = spec.get("custom", {})
    if not spec.get("modelSources") or not spec.get("customTemplates") or "hardware" in custom:
        return spec
    return {**spec, "custom": {**custom, "hardware": {"cpu": {"requests": "1"}}}}


MENDS: Mapping[str, Mend] = {
    "has(self.gpu) || has(self.cpu)": _with_hardware,
    '!(has(self.model) && self.model != "" && has(self.minVram))': _with_one_size,
    "(has(self.name) ? 1 : 0) + (has(self.image) ? 1 : 0) + (has(self.custom) ? 1 : 0) == 1": _with_one_model,
    "size(self.modelSources) >= 1": _with_a_source,
    "!has(self.modelSources) || size(self.modelSources) == 0 || (has(self.custom) && has(self.custom.hardware)) || "
    "!has(self.customTemplates) || size(self.customTemplates) == 0 || "
    "self.customTemplates.all(t, has(t.hardware))": _with_hardware_for_templates,
}
"""For each rule of our schemas, what makes an object obey it."""
