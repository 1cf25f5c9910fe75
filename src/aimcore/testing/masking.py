"""End states to compare: what a cluster has come to, without what may differ between equal histories.

1. Moments become `T`, whether they stand alone or within a sentence.
2. A uid becomes the object that bears it; names that end in a hash of a uid are those of their owners' children.
3. Versions, generations and bookkeeping of managers are left out; `observedGeneration` says only whether it is current.
4. Pods, nodes, events and the like are the world's, not ours: they are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aimcore.dispatch import AIM
from aimcore.resource import Key
from aimcore.simulation.cluster import Cluster
from aimcore.vocabulary import Vocabulary


def compared_kinds(vocabulary: Vocabulary) -> tuple[str, ...]:
    """The kinds that are planned for, and those that plans make, sorted."""
    return tuple(sorted(vocabulary.planners.keys() | vocabulary.children))


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LEFT_OUT = frozenset({"resourceVersion", "managedFields", "generation", "uid"})

State = dict[str, Any]
"""Masked objects by the text of their masked keys."""


def end_state(cluster: Cluster, kinds: Iterable[str] = compared_kinds(AIM)) -> State:
    """All objects of these kinds, masked. The ones of AIM unless others are given (`Play.compared`)."""
    names = dict(_bearers(cluster))
    found: State = {}
    for kind in kinds:
        for obj in cluster.objects(kind):
            metadata = obj["metadata"]
            key = str(Key(kind, metadata.get("namespace", ""), metadata["name"]))
            found[_masked_text(key, names)] = masked(obj, names)
    return found


def masked(obj: Mapping[str, Any], names: Mapping[str, str]) -> Any:
    """One object, masked. `names` are the bearers of uids."""
    metadata = obj["metadata"]
    generation = metadata.get("generation")
    kept = {k: v for k, v in metadata.items() if k not in _LEFT_OUT}
    return _masked({**obj, "metadata": kept}, names, generation)


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Where two masked values differ, as lines `path: one != other`; of lists of two lengths what only one has."""
    if isinstance(one, dict) and isinstance(other, dict):
        for member in sorted(one.keys() | other.keys()):
            inner = f"{path}.{member}" if path else member
            if member not in one or member not in other:
                yield f"{inner}: only in the {'other' if member not in one else 'one'}"
            else:
                yield from differences(one[member], other[member], inner)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from differences(a, b, f"{path}[{i}]")
    elif one != other:
        extra = [*_only_in(one, other, path, "one"), *_only_in(other, one, path, "other")]
        yield from extra or [f"{path}: {one!r} != {other!r}"]


def _only_in(here: Any, there: Any, path: str, name: str) -> Iterator[str]:
    if isinstance(here, list) and isinstance(there, list):
        yield from (f"{path}: only in the {name}: {item!r}" for item in here if item not in there)


def without_moments(text: str) -> str:
    """The text with every moment masked."""
    return _MOMENT.sub("T", text)


def _bearers(cluster: Cluster) -> Iterator[tuple[str, str]]:
    for type_ in cluster.types():
        for obj in cluster.objects(type_.name):
            yield obj["metadata"]["uid"], f"<{obj['kind']} {obj['metadata']['name']}>"


def _masked(value: Any, names: Mapping[str, str], generation: object) -> Any:
    if isinstance(value, dict):
        return {
            _masked_text(k, names): v == generation if k == "observedGeneration" else _masked(v, names, generation)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [_masked(v, names, generation) for v in value]
    return _masked_text(value, names) if isinstance(value, str) else value


def _masked_text(text: str, names: Mapping[str, str]) -> str:
    return _MOMENT.sub("T", _UID.sub(lambda found: names.get(found[0], "<gone>"), text))
