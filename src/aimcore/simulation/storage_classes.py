"""Storage classes as the claim rules need them: which one is the default, and which can grow."""

from __future__ import annotations

from aimcore.simulation.resource_type import Json, Lookup

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def default_class(lookup: Lookup) -> str:
    """The name of the default class, of several the newest (then the first by name); "" if there is none."""
    found = [c for c in lookup.objects("StorageClass") if _is_default(c)]
    if not found:
        return ""
    newest = max(c["metadata"]["creationTimestamp"] for c in found)
    return min(str(c["metadata"]["name"]) for c in found if c["metadata"]["creationTimestamp"] == newest)


def _is_default(storage_class: Json) -> bool:
    annotations = storage_class["metadata"].get("annotations") or {}
    return annotations.get(DEFAULT_CLASS) == "true"


def is_expandable(lookup: Lookup, name: object) -> bool:
    found = lookup.peek("StorageClass", "", name) if isinstance(name, str) else None
    return found is not None and found.get("allowVolumeExpansion") is True
