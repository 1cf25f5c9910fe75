"""Reading requests: patch types, results, identity of a body, and the checks before anything is looked up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aimcore.resource import Key
from aimcore.simulation import errors
from aimcore.simulation.causes import Cause, forbidden, required
from aimcore.simulation.resource_type import Json, ResourceType


class PatchType(StrEnum):
    """The content types of PATCH."""

    APPLY = "application/apply-patch+yaml"
    MERGE = "application/merge-patch+json"
    JSON = "application/json-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a write: the object (immutable by convention), whether it was created, `Warning` texts."""

    object: Json
    created: bool = False
    warnings: tuple[str, ...] = ()


def checked_body(body: object) -> Json:
    """The body as an object with a metadata map, or 400."""
    if not isinstance(body, dict):
        raise errors.bad_request("the object provided is unrecognized (must be of type object)")
    metadata = body.get("metadata")
    if metadata is None:
        return {**body, "metadata": {}}
    if not isinstance(metadata, dict):
        raise errors.bad_request("metadata is not an object")
    return body


def checked_metadata(metadata: Mapping[str, Any]) -> None:
    """400 if a part of the metadata has a JSON type that the server cannot decode."""
    for key, wanted in (("labels", dict), ("annotations", dict), ("finalizers", list), ("ownerReferences", list)):
        value = metadata.get(key)
        if value is not None and not isinstance(value, wanted):
            raise errors.bad_request(f"json: cannot unmarshal metadata.{key}")
    for key in ("labels", "annotations"):
        for name, value in (metadata.get(key) or {}).items():
            if not isinstance(value, str):
                raise errors.bad_request(f"json: cannot unmarshal the value of metadata.{key}[{name!r}] into a string")
    for key, item in (("finalizers", str), ("ownerReferences", dict)):
        if not all(isinstance(i, item) for i in metadata.get(key) or ()):
            raise errors.bad_request(f"json: cannot unmarshal an item of metadata.{key}")
    for key in ("name", "namespace", "uid", "resourceVersion", "generateName"):
        if not isinstance(metadata.get(key, ""), str | None):
            raise errors.bad_request(f"json: cannot unmarshal metadata.{key} into a string")


def check_patch_options(patch_type: PatchType, manager: str, *, force: bool) -> None:
    """422 for parameters that do not fit the patch type."""
    causes: list[Cause] = []
    if patch_type is PatchType.APPLY:
        if not manager:
            causes.append(required("fieldManager", "is required for apply patch"))
    elif force:
        causes.append(forbidden("force", "may not be specified for non-apply patch"))
    if causes:
        raise errors.invalid_options("PatchOptions", causes)


def check_apply_body(type_: ResourceType, key: Key, body: Json) -> None:
    """400 for an apply body without kind, of another kind or name, or with managed fields."""
    kind, version = body.get("kind"), body.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(version, str) or not kind or not version:
        raise errors.bad_request(f"invalid object type: {version or ''}, Kind={kind or ''}")
    if (kind, version) != (type_.kind.kind, type_.kind.api_version):
        raise errors.bad_request(
            f"invalid object type: {version}, Kind={kind}, want {type_.kind.api_version}, Kind={type_.kind.kind}"
        )
    if body["metadata"].get("managedFields"):
        raise errors.bad_request("metadata.managedFields must be nil")
    check_name(key, body["metadata"])


def check_name(key: Key, metadata: Mapping[str, Any]) -> None:
    """400 if the body names another object than the URL."""
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if name and name != key.name:
        raise errors.bad_request(f"the name of the object ({name}) does not match the name on the URL ({key.name})")
    if namespace and namespace != key.namespace:
        raise errors.bad_request(
            f"the namespace of the provided object does not match the namespace sent on the request ({key.namespace})"
        )


def check_versions(type_: ResourceType, key: Key, live: Json, proposed: Mapping[str, Any], *, patch: bool) -> None:
    """Refuse a write that names another version or incarnation than the live object's."""
    given, have = proposed.get("metadata") or {}, live["metadata"]
    uid, version = given.get("uid"), given.get("resourceVersion")
    if uid and uid != have["uid"]:
        if patch:
            raise wrong_uid(type_, key, uid)
        why = (
            f"StorageError: invalid object, Code: 4, Key: /registry/{type_.kind.plural}/{key.namespace}/{key.name}, "
            f"ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, "
            f"UID in object meta: {have['uid']}"
        )
        raise errors.conflict(type_.kind, key.name, why)
    if version and version != have["resourceVersion"]:
        raise errors.stale_version(type_.kind, key.name)
    if not version and not patch and type_.custom:
        cause = Cause(
            "FieldValueInvalid", "Invalid value: 0: must be specified for an update", "metadata.resourceVersion"
        )
        raise errors.invalid_object(type_.kind, key.name, [cause])


def wrong_uid(type_: ResourceType, key: Key, uid: str) -> errors.ApiError:
    """A patch for another incarnation: the server lists the same cause twice."""
    cause = Cause("FieldValueInvalid", f'Invalid value: "{uid}": field is immutable', "metadata.uid")
    return errors.invalid_object(type_.kind, key.name, [cause, cause])


def unknown_field_warnings(type_: ResourceType, unknown: Sequence[str], field_validation: str) -> tuple[str, ...]:
    """The warnings for pruned fields; 400 if the client asked for strictness."""
    texts = [f'unknown field "{path}"' for path in unknown]
    if not texts or field_validation == "Ignore":
        return ()
    if field_validation == "Strict":
        kind, version = type_.kind.kind, type_.kind.version
        raise errors.bad_request(
            f'{kind} in version "{version}" cannot be handled as a {kind}: strict decoding error: {", ".join(texts)}'
        )
    return tuple(texts)
