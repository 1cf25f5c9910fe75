"""Writes, from the request to the store.

1. Create: namespace → prune and default → owners → mutating hooks → checks → validating hooks → name taken? → store.
2. Update and patch: look up → versions → subresource → prune and default → owners → hooks → checks → store, but only
   if the stored object would differ.
3. Generation: 1 at birth, +1 when something outside metadata and status changed, +1 when deletion is asked for.
4. A write that takes the last finalizer from a deleting object removes it; the answer still shows it.
5. A dry run does all of it but storing: a new object has a uid and no version, a changed one the version it has now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aimcore.resource import Key
from aimcore.simulation import deletion, errors, metadata, requests
from aimcore.simulation.admission import CREATE, UPDATE
from aimcore.simulation.applying import apply_changes, claimed, first_owners
from aimcore.simulation.causes import Cause
from aimcore.simulation.comparing import compared
from aimcore.simulation.managed_fields import APPLY, Owner, Owners, entries_of, ownable, owners_of, stamped, updated
from aimcore.simulation.managed_fields import UPDATE as UPDATED
from aimcore.simulation.patches import (
    PatchMalformedError,
    PatchMisfitError,
    PatchTooLargeError,
    json_patched,
    merge_patched,
)
from aimcore.simulation.requests import PatchType, Result
from aimcore.simulation.resource_type import Json, ResourceType
from aimcore.simulation.server import Server
from aimcore.simulation.settling import Findings, settled
from aimcore.simulation.strategic import strategic_patched

NAME_CHARACTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class Write:
    """One write on its way. `stored` is what the store holds, `live` what reads show; both None for a create."""

    server: Server
    type: ResourceType
    key: Key
    owner: Owner
    field_validation: str
    dry_run: bool
    stored: Json | None = None
    live: Json | None = None

    def settle(self, obj: Json) -> tuple[Json, Findings]:
        found = Findings()
        return (obj if obj is self.live else settled(self.type.shape, obj, self.live, found)), found


# ---- create ---------------------------------------------------------------------------------------------------------
def create(server: Server, body: object, manager: str, field_validation: str, *, dry_run: bool) -> Result:
    """POST: a new object, owned by its creator with all defaults."""
    obj = requests.checked_body(body)
    requests.checked_metadata(obj["metadata"])
    type_ = server.type_of(str(obj.get("kind", "")))
    if obj.get("apiVersion") != type_.kind.api_version:
        raise errors.not_installed()
    if obj["metadata"].get("resourceVersion"):
        raise errors.without_reason("resourceVersion should not be set on objects to be created")
    obj = _named(server, type_, obj)
    key = key_of(type_, obj)
    write = Write(
        server, type_, key, Owner(manager or "unknown", UPDATED, "", type_.kind.api_version), field_validation, dry_run
    )
    _check_namespace(write)
    obj, found = write.settle(obj)
    return _brought_in(write, obj, found, None)


def _named(server: Server, type_: ResourceType, obj: Json) -> Json:
    """The object with a name; one made of `generateName` if it has none."""
    given = obj["metadata"]
    if given.get("name"):
        return obj
    prefix = given.get("generateName")
    if not prefix:
        cause = Cause("FieldValueRequired", "Required value: name or generateName is required", "metadata.name")
        raise errors.invalid_object(type_.kind, "", [cause])
    about = Key(type_.name, given.get("namespace") or "", prefix)
    digits = int(server.next_uid(about).replace("-", "")[:12], 16)
    suffix = ""
    for _ in range(5):
        digits, place = divmod(digits, len(NAME_CHARACTERS))
        suffix += NAME_CHARACTERS[place]
    return {**obj, "metadata": {**given, "name": prefix[:58] + suffix}}


def key_of(type_: ResourceType, obj: Mapping[str, Any]) -> Key:
    """The key of a body, or 400 if its namespace does not fit the scope of the kind."""
    given = obj["metadata"]
    namespace = given.get("namespace") or ""
    if type_.kind.namespaced and not namespace:
        raise errors.bad_request("an empty namespace may not be set during creation")
    if not type_.kind.namespaced and namespace:
        raise errors.bad_request("namespace may not be set on a cluster-scoped object")
    return Key(type_.name, namespace, given.get("name") or "")


def _check_namespace(write: Write) -> None:
    """404 if the namespace is absent, 403 if it is terminating; nothing where namespaces are not installed."""
    server, namespace = write.server, write.key.namespace
    if not namespace or server.is_namespaced("Namespace") is None:
        return
    found = server.as_stored("Namespace", "", namespace)
    if found is None:
        raise errors.namespace_not_found(namespace)
    if found["metadata"].get("deletionTimestamp"):
        raise errors.namespace_terminating(write.type.kind, write.key.name, namespace)


def _brought_in(write: Write, obj: Json, found: Findings, fields: dict[str, Any] | None) -> Result:
    """Store a new object; `fields` are those of an apply, None if the creator owns everything."""
    type_, server, key = write.type, write.server, write.key
    warnings = requests.unknown_field_warnings(type_, found.unknown, write.field_validation)
    new = metadata.born(type_, obj, server.next_uid(key), server.clock.text())
    if fields is None:
        changed, _ = compared(type_.shape, {"metadata": {}}, new)
        fields = ownable(changed, "", splits_status=type_.status_subresource)
    new = type_.strategy.born(new, server)
    new = _admitted(write, CREATE, new, found)
    _check(write, new, found)
    _run_validating(write, CREATE, new)
    if write.stored is None and (taken := server.as_stored(*key)) is not None:
        raise errors.already_exists(type_.kind, key.name, deleting=bool(taken["metadata"].get("deletionTimestamp")))
    entries = entries_of({write.owner: (fields, server.clock.text())})
    if entries:
        new = {**new, "metadata": {**new["metadata"], "managedFields": entries}}
    if not write.dry_run:
        new = server.stored(type_, key.namespace, key.name, new)
    return Result(new, True, warnings)


# ---- update and patch -----------------------------------------------------------------------------------------------
def update(
    server: Server, body: object, subresource: str, manager: str, field_validation: str, *, dry_run: bool
) -> Result:
    """PUT: never creates."""
    obj = requests.checked_body(body)
    requests.checked_metadata(obj["metadata"])
    type_ = server.type_of(str(obj.get("kind", "")))
    if obj.get("apiVersion") != type_.kind.api_version:
        raise errors.not_installed()
    key = key_of(type_, obj)
    owner = Owner(manager or "unknown", UPDATED, subresource, type_.kind.api_version)
    write = _found(server, type_, key, owner, field_validation, dry_run=dry_run)
    return _updated(write, obj, patch=False)


def patch(
    server: Server,
    key: Key,
    body: object,
    patch_type: PatchType,
    subresource: str,
    manager: str,
    field_validation: str,
    *,
    force: bool,
    dry_run: bool,
) -> Result:
    """PATCH. An apply creates what is absent; every other type gives 404."""
    type_ = server.type_of(key.kind)
    requests.check_patch_options(patch_type, manager, force=force)
    if patch_type is PatchType.APPLY:
        return _apply(server, type_, key, body, subresource, manager, force=force, dry_run=dry_run)
    owner = Owner(manager or "unknown", UPDATED, subresource, type_.kind.api_version)
    write = _found(server, type_, key, owner, field_validation, dry_run=dry_run)
    live = _live(write)
    proposed = _patched(write, live, body, patch_type)
    if not isinstance(proposed, dict) or not isinstance(proposed.get("metadata"), dict):
        raise errors.bad_request("the patch does not leave an object with metadata")
    if (proposed.get("kind"), proposed.get("apiVersion")) != (live["kind"], live["apiVersion"]):
        raise errors.bad_request("the kind or apiVersion of the object cannot be changed by a patch")
    requests.checked_metadata(proposed["metadata"])
    requests.check_name(key, proposed["metadata"])
    return _updated(write, proposed, patch=True)


def _patched(write: Write, live: Json, body: object, patch_type: PatchType) -> Any:
    if patch_type is PatchType.JSON:
        try:
            return json_patched(live, body)
        except PatchMalformedError as why:
            raise errors.bad_request(f"the JSON patch cannot be read: {why}") from why
        except PatchTooLargeError as why:
            raise errors.too_large(str(why)) from why
        except PatchMisfitError as why:
            raise errors.unprocessable(write.type.kind, write.key.name) from why
    if not isinstance(body, dict):
        raise errors.bad_request("the patch is not an object")
    if patch_type is PatchType.MERGE:
        return merge_patched(live, body)
    if write.type.custom:
        raise errors.unsupported_media_type(patch_type)
    return strategic_patched(write.type.shape, live, body)


def _found(
    server: Server, type_: ResourceType, key: Key, owner: Owner, field_validation: str, *, dry_run: bool
) -> Write:
    stored = server.as_stored(*key)
    if stored is None or (owner.subresource == "status" and not type_.status_subresource):
        raise errors.not_found(type_.kind, key.name)
    return Write(server, type_, key, owner, field_validation, dry_run, stored, server.peek(*key))


def _live(write: Write) -> Json:
    assert write.live is not None  # noqa: S101 - every caller has just looked it up
    return write.live


def _updated(write: Write, proposed: Json, *, patch: bool) -> Result:
    """Store what an update proposes; its manager owns what it changed."""
    type_, live = write.type, _live(write)
    requests.check_versions(type_, write.key, live, proposed, patch=patch)
    owners = owners_of(live["metadata"].get("managedFields"))
    wiped = proposed["metadata"].get("managedFields") == [{}]
    new, found = write.settle(metadata.inherited(type_, live, proposed, write.owner.subresource))
    if not owners or wiped:
        return _replaced(write, new, found, owners, {})
    changes = compared(type_.shape, live, new)
    split = type_.status_subresource
    owned = tuple(ownable(c, write.owner.subresource, splits_status=split) for c in changes)
    return _replaced(write, new, found, owners, updated(owners, write.owner, changes, (owned[0], owned[1])))


def _apply(
    server: Server,
    type_: ResourceType,
    key: Key,
    raw: object,
    subresource: str,
    manager: str,
    *,
    force: bool,
    dry_run: bool,
) -> Result:
    """Server-side apply: merge the body, give up what it no longer names, and note who owns what."""
    body = requests.checked_body(raw)
    requests.check_apply_body(type_, key, body)
    requests.checked_metadata(body["metadata"])
    owner = Owner(manager, APPLY, subresource, type_.kind.api_version)
    live, uid = server.peek(*key), body["metadata"].get("uid")
    if live is None:
        if subresource:
            raise errors.not_found(type_.kind, key.name)
        if uid:
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise errors.conflict(type_.kind, key.name, why)
        return _apply_new(Write(server, type_, key, owner, "Strict", dry_run), body)
    write = Write(server, type_, key, owner, "Strict", dry_run, server.as_stored(*key), live)
    fields = claimed(type_, body, subresource)
    before = owners_of(live["metadata"].get("managedFields"))
    owners = before or first_owners(type_, live, server.clock.text())
    proposed, after = apply_changes(type_, live, body, fields, owners, owner, force=force)
    if uid and uid != live["metadata"]["uid"]:
        raise requests.wrong_uid(type_, key, uid)
    version = body["metadata"].get("resourceVersion")
    if version and version != live["metadata"]["resourceVersion"]:
        raise errors.stale_version(type_.kind, key.name)
    new, found = write.settle(metadata.inherited(type_, live, proposed, subresource))
    return _replaced(write, new, found, before, after)


def _apply_new(write: Write, body: Json) -> Result:
    namespace = {"namespace": write.key.namespace} if write.type.kind.namespaced else {}
    given = {**body["metadata"], "name": write.key.name, **namespace}
    fields = claimed(write.type, body, "")
    _check_namespace(write)
    obj, found = write.settle({**body, "metadata": given})
    return _brought_in(write, obj, found, fields)


def _replaced(write: Write, new: Json, found: Findings, before: Owners, after: Owners) -> Result:
    """Admit, check and store a changed object (rules 2 to 5)."""
    server, type_, key, live = write.server, write.type, write.key, _live(write)
    warnings = requests.unknown_field_warnings(type_, found.unknown, write.field_validation)
    new = type_.strategy.changed(new, live) if new is not live else live
    if not write.owner.subresource:
        new = _admitted(write, UPDATE, new, found)
    changed = new is not write.stored and metadata.content(new) != metadata.content(write.stored or {})
    if changed:
        _check(write, new, found)
    if not write.owner.subresource:
        _run_validating(write, UPDATE, new)
    entries = stamped(before, after, write.owner, server.clock.text(), content_changed=changed)
    if not changed and entries == (live["metadata"].get("managedFields") or []):
        return Result(live, warnings=warnings)
    new = _completed(type_, new, live, entries)
    if deletion.is_done(new):
        if not write.dry_run:
            server.removed(type_, key.namespace, key.name)
        return Result(new, warnings=warnings)
    if not write.dry_run:
        new = server.stored(type_, key.namespace, key.name, new)
    return Result(new, warnings=warnings)


def _completed(type_: ResourceType, new: Json, live: Json, entries: list[Json]) -> Json:
    """The object with its managed fields and generation."""
    out = {k: v for k, v in new["metadata"].items() if k != "managedFields"}
    if type_.has_generation and metadata.differs_in_spec(type_, new, live):
        out["generation"] = out.get("generation", 0) + 1
    if entries:
        out["managedFields"] = entries
    return {**new, "metadata": out}


# ---- admission and checks -------------------------------------------------------------------------------------------
def _admitted(write: Write, operation: str, new: Json, found: Findings) -> Json:
    out = new
    for hook in write.server.admission.mutating:
        out = hook(operation, write.type, out, write.live)
    if out is new:
        return new
    more = Findings()
    out = settled(write.type.shape, out, write.live, more)
    found.causes = more.causes
    return {**out, "metadata": {**out["metadata"], **_system_metadata(new)}}


def _system_metadata(obj: Json) -> Json:
    return {k: v for k, v in obj["metadata"].items() if k not in metadata.USERS_KEYS}


def _run_validating(write: Write, operation: str, new: Json) -> None:
    for hook in write.server.admission.validating:
        hook(operation, write.type, new, write.live)


def _check(write: Write, new: Json, found: Findings) -> None:
    """422 with the causes of metadata, kind and schema; what the injected validation says comes before our own."""
    type_, old = write.type, write.live
    causes = metadata.metadata_causes(type_, new, old)
    causes += type_.strategy.check(new, old, write.server)
    judged = write.server.validate(type_, new, old)
    causes += judged or [c for c in found.causes if c.reason == "FieldValueTypeInvalid"]
    causes += [c for c in found.causes if c.reason == "FieldValueDuplicate" and c not in judged]
    if causes:
        raise errors.invalid_object(type_.kind, write.key.name, causes)
