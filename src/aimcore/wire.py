"""Changes on the wire: from a change to its HTTP request, and from the answer to what came of it. Pure.

1. Apply is server-side apply, first without force. An apply to an object that was seen carries its uid: it never
   creates, and never hits another incarnation (F-125).
2. A conflict is forced over only if the change allows it, no protected field is touched, and none of the managers
   was forced over within the last ten minutes (`REPEAT`).
3. A create that finds the object is done: names are deterministic.
4. A delete carries the uid and a propagation policy, always. That incarnation gone is done.
5. Finalizers are JSON patches with a `test`; a failed test means that our knowledge is old: plan again.
6. A status is a merge patch with the resourceVersion; a conflict means: plan again.
7. An answer that leaves open whether the write happened (time-outs, most 5xx) is `Unknown`, never "refused".
8. Any code with any body gives a result: never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_never
from urllib.parse import quote

from aimcore.api.kinds import Kind
from aimcore.changes import Apply, Change, Create, Delete, PatchFinalizers, PatchObject, PatchStatus, fingerprint
from aimcore.cluster.kinds import KINDS
from aimcore.facts import Outcome, Refusal
from aimcore.resource import Json, Key
from aimcore.status_answer import Answered, read_answer, refusal_of

REPEAT = timedelta(minutes=10)
"""A manager that overwrites us again within this time is not fought."""

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
JSON = "application/json"

Kinds = Mapping[str, Kind]
"""Kinds by name, as in `aimcore.cluster.kinds.KINDS`."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `verb` is the API verb (get, list, watch, create, apply, patch, delete).

    `query` are ordered pairs, unquoted; `body` is JSON, or None for no body.
    """

    verb: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    content_type: str = ""
    body: Any = None


@dataclass(frozen=True, slots=True)
class Done:
    """The cluster is as the change wanted it. `object` is its new state, None if the answer did not hold it."""

    object: Json | None


@dataclass(frozen=True, slots=True)
class Again:
    """Send this request as well: the apply with force. `managers` are those forced over, sorted."""

    request: Request
    managers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The write did not happen."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Unknown:
    """The write may have happened."""

    outcome: Outcome


Result = Done | Again | Refused | Unknown


# ---- requests -------------------------------------------------------------------------------------------------------
def collection_path(kind: Kind, namespace: str = "") -> str:
    """The path of all objects of a kind, in one namespace or ("") in all."""
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    within = f"/namespaces/{quote(namespace, safe='')}" if kind.namespaced and namespace else ""
    return f"{root}{within}/{kind.plural}"


def object_path(key: Key, subresource: str = "", *, kinds: Kinds = KINDS) -> str:
    """The path of one object, or of a subresource of it. The kind must be in `kinds`."""
    path = f"{collection_path(kinds[key.kind], key.namespace)}/{quote(key.name, safe='')}"
    return f"{path}/{subresource}" if subresource else path


def requests_of(change: Change, kinds: Kinds = KINDS) -> Request:
    """The request to send first for a change. The change's kind must be in `kinds`."""
    match change:
        case Apply():
            return _apply(change, kinds)
        case Create(key, manifest, manager):
            path = collection_path(kinds[key.kind], key.namespace)
            return Request("create", "POST", path, (("fieldManager", manager),), JSON, manifest)
        case Delete(key):
            return Request("delete", "DELETE", object_path(key, kinds=kinds), (), JSON, _delete_options(change))
        case PatchStatus(key, patch, resource_version, manager):
            body = {"metadata": {"resourceVersion": resource_version}, "status": dict(patch)}
            path = object_path(key, "status", kinds=kinds)
            return Request("patch", "PATCH", path, (("fieldManager", manager),), MERGE, body)
        case PatchObject(key, patch, uid, resource_version, manager):
            guard = {"uid": uid, "resourceVersion": resource_version}
            body = {**patch, "metadata": {**_mapping(patch.get("metadata")), **guard}}
            path = object_path(key, kinds=kinds)
            return Request("patch", "PATCH", path, (("fieldManager", manager),), MERGE, body)
        case PatchFinalizers(key, operations, manager):
            body_list = [dict(operation) for operation in operations]
            path = object_path(key, kinds=kinds)
            return Request("patch", "PATCH", path, (("fieldManager", manager),), JSON_PATCH, body_list)
        case _:
            assert_never(change)


def _apply(change: Apply, kinds: Kinds) -> Request:
    body = change.manifest
    if change.uid is not None:
        body = {**body, "metadata": {**_mapping(body.get("metadata")), "uid": change.uid}}
    path = object_path(change.key, kinds=kinds)
    return Request("apply", "PATCH", path, (("fieldManager", change.manager),), APPLY, body)


def _forced(change: Apply, kinds: Kinds) -> Request:
    request = _apply(change, kinds)
    return replace(request, query=(*request.query, ("force", "true")))


def _delete_options(change: Delete) -> Json:
    preconditions = {"uid": change.uid}
    if change.resource_version is not None:
        preconditions["resourceVersion"] = change.resource_version
    return {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": preconditions,
        "propagationPolicy": change.propagation,
    }


# ---- answers --------------------------------------------------------------------------------------------------------
def read_response(
    change: Change,
    code: int,
    body: object,
    now: datetime,
    *,
    forced: Mapping[str, datetime] | None = None,
    is_forced: bool = False,
    kinds: Kinds = KINDS,
) -> Result:
    """What came of a change, by the answer to its request.

    `body` is the decoded JSON, or a text where the server sent none. `forced` says when which manager was last forced
    over at this object. `is_forced` is set for the answer to an `Again` request, so that there is no third try.
    """
    answer = read_answer(code, body)
    if 200 <= code < 300:
        return Done(answer.object)
    if _is_done_already(change, answer):
        return Done(None)
    if isinstance(change, Apply) and code == 409 and (conflicts := _conflicts(answer)):
        again = _forced(change, kinds)
        return _resolve(change, again, answer, conflicts, now, forced or {}, is_forced=is_forced)
    refusal = Refusal.APPLY_CONFLICT if _is_stale(change, answer) else refusal_of(answer)
    outcome = Outcome(refusal, answer.message, now, desired=_desired(change))
    return Unknown(outcome) if refusal is Refusal.UNKNOWN else Refused(outcome)


def read_silence(change: Change, message: str, now: datetime, *, sent: bool) -> Refused | Unknown:
    """What came of a change that got no answer. `sent`: whether the request may have reached the server."""
    if sent:
        return Unknown(Outcome(Refusal.UNKNOWN, message, now, desired=_desired(change)))
    return Refused(Outcome(Refusal.SERVER_UNREACHABLE, message, now, desired=_desired(change)))


def _is_done_already(change: Change, answer: Answered) -> bool:
    match change:
        case Create():
            # While the old incarnation is being deleted the name is taken, but not by what we want (F-82).
            return answer.reason == "AlreadyExists" and not answer.message.startswith("object is being deleted")
        case Delete():
            other_incarnation = answer.code == 409 and "the UID in the precondition" in answer.message
            return answer.code == 404 or other_incarnation
        case PatchStatus() | PatchFinalizers() | PatchObject():
            return answer.code == 404
        case _:
            return False


def _is_stale(change: Change, answer: Answered) -> bool:
    """Whether the answer says that we decided on old knowledge: nobody's fault, plan again."""
    if answer.code == 409:
        return True
    if isinstance(change, PatchFinalizers):
        return answer.code == 422
    return answer.code == 422 and any(cause.field == "metadata.uid" for cause in answer.causes)


# ---- conflicts ------------------------------------------------------------------------------------------------------
_MANAGER = re.compile(r'conflict with "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class _Conflict:
    manager: str
    field: str


def _conflicts(answer: Answered) -> tuple[_Conflict, ...]:
    found = set()
    for cause in answer.causes:
        if cause.reason == "FieldManagerConflict":
            named = _MANAGER.search(cause.message)
            found.add((named.group(1) if named else "", cause.field))
    return tuple(_Conflict(*pair) for pair in sorted(found))


def _resolve(
    change: Apply,
    forcing: Request,
    answer: Answered,
    conflicts: tuple[_Conflict, ...],
    now: datetime,
    forced: Mapping[str, datetime],
    *,
    is_forced: bool,
) -> Again | Refused:
    """Force over, or say who holds which field. Rule 2."""
    kept = tuple(c for c in conflicts if any(_is_within(c.field, path) for path in change.protected))
    again = tuple(c for c in conflicts if c.manager in forced and now - forced[c.manager] < REPEAT)
    blame = kept or again
    if not blame and change.may_force and not is_forced:
        return Again(forcing, tuple(sorted({c.manager for c in conflicts})))
    refusal = Refusal.FIELD_CONFLICT if blame else Refusal.APPLY_CONFLICT
    named = blame or conflicts
    fields = tuple(dict.fromkeys(c.field for c in named))
    managers = ", ".join(dict.fromkeys(c.manager for c in named))
    return Refused(Outcome(refusal, answer.message, now, managers, fields, _desired(change)))


def _is_within(field: str, path: str) -> bool:
    """Whether a field lies at or below a path (`.spec.a` holds `.spec.a.b` and `.spec.a[0]`, not `.spec.ab`)."""
    return field == path or field.startswith((f"{path}.", f"{path}["))


# ---- small things ---------------------------------------------------------------------------------------------------
def _desired(change: Change) -> str:
    return fingerprint(change.manifest) if isinstance(change, Apply | Create) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
