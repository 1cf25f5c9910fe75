"""Objects of a kind in three grades, derived from its schema.

1. `valid`: what a sensible person writes. The API server admits it.
2. `silly`: the API server admits it all the same: references to nobody, numbers at both ends, texts that are too long
   for what is made of them, members that contradict each other, no spec at all.
3. `hostile`: what an API server should not have let in: other types anywhere, giant texts, deep nests, no metadata.
4. Names come from small pools, so that objects meet. A kind of a vocabulary with a CRD is derived from that.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

from aimcore.api.crd import structural_schema
from aimcore.api.kinds import AIM_KINDS, Kind
from aimcore.dispatch import AIM
from aimcore.resource import Json
from aimcore.testing.pools import GIANT, HOSTILE_TEXTS, NAMES, SENSIBLE, SILLY, SILLY_METADATA, SILLY_NAMES
from aimcore.testing.samples import LABELS, NAMESPACES
from aimcore.testing.shaping import Mend, Pools, Strategy, shaped
from aimcore.testing.strategies import json_values
from aimcore.vocabulary import Vocabulary


def valid(
    kind: str, *, vocabulary: Vocabulary = AIM, pools: Pools | None = None, mends: Mapping[str, Mend] | None = None
) -> Strategy[Json]:
    """Sensible objects of a kind, which the API server admits.

    `pools` and `mends` go before those of AIM (see `aimcore.testing.shaping`). Raises KeyError for a kind without a
    schema, ValueError for one with a CEL rule that nothing mends.
    """
    schema = _schema(kind, vocabulary)
    spec = shaped(schema["properties"].get("spec", {}), {**SENSIBLE, **(pools or {})}, mends=mends)
    return _objects(vocabulary.kinds[kind], spec, st.sampled_from(NAMES.get(kind, NAMES[""])), st.just({}))


def silly(
    kind: str, *, vocabulary: Vocabulary = AIM, pools: Pools | None = None, mends: Mapping[str, Mend] | None = None
) -> Strategy[Json]:
    """Senseless objects of a kind, which the API server admits. Arguments and errors as those of `valid`."""
    schema = _schema(kind, vocabulary)
    spec = shaped(schema["properties"].get("spec", {}), {**SILLY, **(pools or {})}, mends=mends)
    names = st.sampled_from((*NAMES.get(kind, NAMES[""]), *SILLY_NAMES))
    return _objects(vocabulary.kinds[kind], spec | st.none(), names, st.sampled_from(SILLY_METADATA))


def hostile(kind: str, *, vocabulary: Vocabulary = AIM) -> Strategy[Json]:
    """Objects of a kind as no API server should have stored them. Each has its kind; nothing else is sure."""
    schema = _schema(kind, vocabulary)
    members = tuple(sorted(_member_names(schema)))
    junk = json_values(members=members, texts=HOSTILE_TEXTS) | st.sampled_from(GIANT)
    known = vocabulary.kinds[kind]
    usual: Strategy[Any] = silly(kind, vocabulary=vocabulary)
    metadata = st.dictionaries(st.sampled_from(_METADATA), junk, max_size=4)
    named = st.builds(lambda m, name: {**m, "name": name}, metadata, st.sampled_from(NAMES.get(kind, NAMES[""])))
    whole = st.fixed_dictionaries(
        {"apiVersion": st.just(known.api_version) | junk, "kind": st.just(kind)},
        optional={"metadata": metadata | named | junk, "spec": junk, "status": junk},
    )
    return whole | _spoilt(usual, junk)


_METADATA = (
    "name", "namespace", "uid", "labels", "annotations", "ownerReferences", "finalizers", "creationTimestamp",
    "deletionTimestamp", "generation", "resourceVersion", "managedFields",
)  # fmt: skip


@st.composite
def _objects(
    draw: st.DrawFn, kind: Kind, spec: Strategy[Any], names: Strategy[str], more: Strategy[Mapping[str, Any]]
) -> Json:
    where = {"namespace": draw(st.sampled_from(NAMESPACES))} if kind.namespaced else {}
    labels = draw(st.sampled_from(({}, *LABELS)))
    metadata = {"name": draw(names), **where, **({"labels": labels} if labels else {}), **draw(more)}
    given = draw(spec)
    body = {} if given is None else {"spec": given}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, **body}


@st.composite
def _spoilt(draw: st.DrawFn, usual: Strategy[Json], junk: Strategy[Any]) -> Json:
    """An object with junk in up to three places."""
    obj: Any = draw(usual)
    for _ in range(draw(st.integers(1, 3))):
        places = [path for path in _paths(obj) if path[:1] not in ((), ("kind",))]
        obj = _replaced(obj, draw(st.sampled_from(places)), draw(junk))
    found: Json = obj
    return found


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for step, inner in steps for found in _paths(inner, (*path, step)))]


def _replaced(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = _replaced(value[path[0]], path[1:], junk)
    return copied


def _schema(kind: str, vocabulary: Vocabulary) -> Json:
    crd = vocabulary.crds.get(kind)
    if crd is None:
        return _schema_of_ours(kind)
    schema: Json = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


@cache
def _schema_of_ours(kind: str) -> Json:
    if kind not in AIM_KINDS:
        raise KeyError(f"{kind} has no schema here: its vocabulary has no CRD of it")
    return structural_schema(kind)


def _member_names(schema: object) -> set[str]:
    if not isinstance(schema, dict):
        return set()
    inner = schema.get("properties", {})
    found = set(inner)
    for part in (*inner.values(), schema.get("items"), schema.get("additionalProperties")):
        found |= _member_names(part)
    return found
