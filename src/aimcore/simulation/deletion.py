"""Deletion: finalizers, propagation, and who owns whom.

1. Without finalizers an object goes at once. With some it gets a deletionTimestamp, its generation moves, and it goes
   when the last finalizer does.
2. Foreground adds the finalizer `foregroundDeletion`, orphan adds `orphan`; background removes both wishes.
3. An owner is judged by uid: a live object of its name with another uid counts as absent, and so does an owner in
   another namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aimcore.simulation.resource_type import Json

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
ORPHAN_WARNING = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or "
    "set propagationPolicy=Orphan to suppress this warning"
)


def deletion_finalizers(obj: Json, propagation: str | None, default: str) -> list[str]:
    """The finalizers of an object that is to be deleted (rule 2)."""
    present = list(obj["metadata"].get("finalizers") or ())
    if propagation is None and (FOREGROUND in present or ORPHAN in present):
        return present
    wish = propagation or default
    kept = [f for f in present if f not in (FOREGROUND, ORPHAN)]
    match wish:
        case "Foreground":
            return [*kept, FOREGROUND]
        case "Orphan":
            return [*kept, ORPHAN]
        case _:
            return kept


def is_done(obj: Json) -> bool:
    """True if a deleting object has nothing left that holds it: metadata finalizers, or a namespace's own."""
    metadata = obj["metadata"]
    if not metadata.get("deletionTimestamp") or metadata.get("finalizers"):
        return False
    spec = obj.get("spec")
    return not (obj["kind"] == "Namespace" and isinstance(spec, dict) and spec.get("finalizers"))


def marked(obj: Json, finalizers: list[str], now: str) -> Json:
    """The object with its deletion noted (rule 1); a namespace also turns Terminating."""
    metadata = {**obj["metadata"], "deletionTimestamp": now, "deletionGracePeriodSeconds": 0}
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)
    if "generation" in metadata:
        metadata["generation"] += 1
    out = {**obj, "metadata": metadata}
    if obj["kind"] == "Namespace":
        out["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}
    return out


def is_held(obj: Json, finalizers: list[str]) -> bool:
    """True if a delete of this object has to wait for somebody."""
    spec = obj.get("spec")
    return bool(finalizers) or (obj["kind"] == "Namespace" and isinstance(spec, dict) and bool(spec.get("finalizers")))


def owner_entries(obj: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The owner references of an object."""
    return list(obj["metadata"].get("ownerReferences") or ())


def dead_owners(
    obj: Mapping[str, Any], find: Callable[[str, str, str], Json | None], is_namespaced: Callable[[str], bool | None]
) -> list[Mapping[str, Any]]:
    """The owner entries whose owner is absent (rule 3). `find(kind, namespace, name)`; `is_namespaced(kind)` is None
    for a kind that is not installed, whose owners are not judged."""
    namespace = obj["metadata"].get("namespace", "")
    dead = []
    for entry in owner_entries(obj):
        kind = str(entry.get("kind", ""))
        scoped = is_namespaced(kind)
        if scoped is None:
            continue
        owner = find(kind, namespace if scoped else "", str(entry.get("name", "")))
        if owner is None or owner["metadata"]["uid"] != entry.get("uid"):
            dead.append(entry)
    return dead


def awaits(dependent: Mapping[str, Any], owner_uid: str) -> bool:
    """True if a foreground deletion of this owner waits for the dependent."""
    return any(e.get("uid") == owner_uid and e.get("blockOwnerDeletion") is True for e in owner_entries(dependent))


def without_owners(obj: Json, uids: set[str]) -> list[Mapping[str, Any]]:
    """The owner entries that remain when these owners are struck out."""
    return [e for e in owner_entries(obj) if e.get("uid") not in uids]
