"""A change done to a simulated cluster, answered as the wire would answer it."""

from __future__ import annotations

from typing import Any, assert_never

from aimcore.changes import Apply, Change, Create, Delete, PatchFinalizers, PatchObject, PatchStatus
from aimcore.resource import Json
from aimcore.simulation.cluster import ApiError, Cluster, PatchType
from aimcore.simulation.requests import Result
from aimcore.vocabulary import Vocabulary
from aimcore.wire import requests_of


def execute(
    cluster: Cluster, change: Change, vocabulary: Vocabulary, parent: str, *, is_forced: bool = False
) -> tuple[int, Any]:
    """Code and body of the server's answer. `parent` is the kind whose controller sends the change."""
    try:
        if isinstance(change, Delete):
            manager = vocabulary.field_manager_of(parent)  # every other change names its own
            return 200, _deleted(cluster, change, vocabulary, manager)
        result = _written(cluster, change, vocabulary, is_forced=is_forced)
    except ApiError as error:
        return error.code, error.body
    return (201 if result.created else 200), result.object


def _deleted(cluster: Cluster, change: Delete, vocabulary: Vocabulary, manager: str) -> Json:
    """As the options in the body of the request say."""
    options = requests_of(change, vocabulary.kinds).body
    assert isinstance(options, dict)  # noqa: S101 - a deletion has DeleteOptions
    required = options["preconditions"]
    return cluster.delete(
        change.key,
        uid=required.get("uid"),
        resource_version=required.get("resourceVersion"),
        propagation=options["propagationPolicy"],
        manager=manager,
    )


def _written(
    cluster: Cluster,
    change: Apply | Create | PatchStatus | PatchObject | PatchFinalizers,
    vocabulary: Vocabulary,
    *,
    is_forced: bool,
) -> Result:
    body = requests_of(change, vocabulary.kinds).body
    match change:
        case Apply(key, _, manager):
            return cluster.patch(key, body, PatchType.APPLY, manager=manager, force=is_forced)
        case Create(_, manifest, manager):
            return cluster.create(manifest, manager=manager)
        case PatchStatus(key, _, _, manager):
            return cluster.patch(key, body, PatchType.MERGE, subresource="status", manager=manager)
        case PatchObject(key, _, _, _, manager):
            return cluster.patch(key, body, PatchType.MERGE, manager=manager)
        case PatchFinalizers(key, _, manager):
            return cluster.patch(key, body, PatchType.JSON, manager=manager)
        case _:
            assert_never(change)
