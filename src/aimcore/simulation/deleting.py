"""DELETE requests: preconditions, the policy, and the answer.

An object that nothing holds goes at once and the answer is a Status; any other is marked, and the answer is the object.
"""

from __future__ import annotations

from aimcore.resource import Key
from aimcore.simulation import deletion, errors
from aimcore.simulation.resource_type import Json, ResourceType
from aimcore.simulation.server import Server


def delete(
    server: Server,
    key: Key,
    uid: str | None,
    resource_version: str | None,
    propagation: str | None,
    *,
    dry_run: bool,
) -> Json:
    """DELETE with preconditions: removes the object, or marks it until its finalizers are gone."""
    type_ = server.type_of(key.kind)
    stored = server.as_stored(*key)
    if stored is None:
        raise errors.not_found(type_.kind, key.name)
    _check_preconditions(type_, key, stored, uid, resource_version)
    finalizers = deletion.deletion_finalizers(stored, propagation, type_.default_propagation)
    if not deletion.is_held(stored, finalizers):
        if not dry_run:
            server.removed(type_, key.namespace, key.name)
        return _success(type_, stored)
    have = stored["metadata"]
    if have.get("deletionTimestamp"):
        if finalizers == (have.get("finalizers") or []) or propagation is None:
            return stored
        metadata_ = {**have, "finalizers": finalizers}
        new = {**stored, "metadata": metadata_}
    else:
        new = deletion.marked(stored, finalizers, server.clock.text())
    return new if dry_run else server.stored(type_, key.namespace, key.name, new)


def _check_preconditions(
    type_: ResourceType, key: Key, stored: Json, uid: str | None, resource_version: str | None
) -> None:
    for word, wanted, have in (
        ("UID", uid, stored["metadata"]["uid"]),
        ("ResourceVersion", resource_version, stored["metadata"]["resourceVersion"]),
    ):
        if wanted is not None and wanted != have:
            why = (
                f"the {word} in the precondition ({wanted}) does not match the {word} in record ({have}). "
                "The object might have been deleted and then recreated"
            )
            raise errors.conflict(type_.kind, key.name, why, by=type_.kind.kind)


def _success(type_: ResourceType, obj: Json) -> Json:
    details = {"name": obj["metadata"]["name"], "kind": type_.kind.plural, "uid": obj["metadata"]["uid"]}
    if type_.kind.group:
        details["group"] = type_.kind.group
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
