"""Slices: of other people's objects the table keeps only what the core reads.

A change outside the slice wakes nobody. Kinds without a row are kept whole (but for managed fields of others).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aimcore.cluster.reading import objects

Slice = Callable[[Mapping[str, Any]], dict[str, Any]]

_METADATA = (
    "name", "namespace", "uid", "resourceVersion", "generation", "labels", "annotations", "creationTimestamp",
    "deletionTimestamp", "ownerReferences", "finalizers",
)  # fmt: skip


def _metadata(raw: Mapping[str, Any], *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    metadata = raw.get("metadata")
    if not isinstance(metadata, dict):
        return {}
    return {k: metadata[k] for k in _METADATA if k in metadata and k not in without}


def _part(raw: Mapping[str, Any], member: str, fields: tuple[str, ...]) -> dict[str, Any]:
    part = raw.get(member)
    return {f: part[f] for f in fields if f in part} if isinstance(part, dict) else {}


def _base(raw: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    kept = {"apiVersion": raw.get("apiVersion"), "kind": raw.get("kind"), "metadata": _metadata(raw)}
    return {**kept, **{k: v for k, v in members.items() if v}}


def _node(raw: Mapping[str, Any]) -> dict[str, Any]:
    kept = _base(raw, status=_part(raw, "status", ("allocatable", "capacity")))
    labels = kept["metadata"].get("labels")
    if isinstance(labels, dict):
        gpu = {k: v for k, v in labels.items() if isinstance(k, str) and k.startswith(("amd.com/", "beta.amd.com/"))}
        kept["metadata"]["labels"] = gpu
    kept["metadata"].pop("annotations", None)
    return kept


def _namespace(raw: Mapping[str, Any]) -> dict[str, Any]:
    return _base(raw, status=_part(raw, "status", ("phase",)))


def _pod_template(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Of a pod template, what tells one version of a container from another."""
    containers = [
        {k: c[k] for k in ("name", "image", "env") if k in c}
        for c in objects(raw, "spec", "template", "spec", "containers")
    ]
    return {"template": {"spec": {"containers": containers}}} if containers else {}


def _deployment(raw: Mapping[str, Any]) -> dict[str, Any]:
    return _base(
        raw,
        spec={**_part(raw, "spec", ("replicas", "selector")), **_pod_template(raw)},
        status=_part(
            raw,
            "status",
            ("observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "conditions"),
        ),
    )


def _whole(raw: Mapping[str, Any]) -> dict[str, Any]:
    metadata = raw.get("metadata")
    if isinstance(metadata, dict) and "managedFields" in metadata:
        return {**raw, "metadata": {k: v for k, v in metadata.items() if k != "managedFields"}}
    return dict(raw)


def with_managed_fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    """All of it: whose fields are compared by ownership is kept with its managed fields."""
    return dict(raw)


SLICES: Mapping[str, Slice] = {
    "Node": _node,
    "Namespace": _namespace,
    "Deployment": _deployment,
    "InferenceService": with_managed_fields,
    "HTTPRoute": with_managed_fields,
    "ScaledObject": with_managed_fields,
    "AIMServiceTemplate": with_managed_fields,
    "AIMClusterServiceTemplate": with_managed_fields,
    "AIMModel": with_managed_fields,
    "AIMTemplateCache": with_managed_fields,
}


def sliced(raw: Mapping[str, Any], slices: Mapping[str, Slice] = SLICES) -> dict[str, Any]:
    """The slice of an object that is kept of its kind; all of it for a kind without a row."""
    kind = raw.get("kind")
    return slices.get(kind, _whole)(raw) if isinstance(kind, str) else dict(raw)
