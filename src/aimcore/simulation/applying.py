"""Server-side apply on one object: what a body claims, and the object and owners that result."""

from __future__ import annotations

from aimcore.simulation.comparing import compared, everything
from aimcore.simulation.errors import without_reason
from aimcore.simulation.field_sets import Fields
from aimcore.simulation.managed_fields import (
    BEFORE_FIRST_APPLY,
    UPDATE,
    Owner,
    Owners,
    applied,
    kept_fields,
    ownable,
)
from aimcore.simulation.merging import fields_of, merged, without
from aimcore.simulation.resource_type import Json, ResourceType


def claimed(type_: ResourceType, body: Json, subresource: str) -> Fields:
    """The fields that an apply body owns; 500 without reason if the schema cannot type the body."""
    problems: list[str] = []
    fields = fields_of(type_.shape, body, problems)
    if problems:
        given, kind = body["metadata"], type_.kind
        what = f"{given.get('namespace') or ''}/{given.get('name') or ''}; {kind.api_version}, Kind={kind.kind}"
        text = problems[0] if len(problems) == 1 else "\n  ".join(("errors:", *problems))
        raise without_reason(f"failed to create typed patch object ({what}): {text}")
    return ownable(fields, subresource, splits_status=type_.status_subresource)


def first_owners(type_: ResourceType, live: Json, now: str) -> Owners:
    """The owner `before-first-apply` of all that an object without managed fields holds."""
    node = everything(type_.shape, live)
    fields = ownable({k: v for k, v in node.items() if k != "."}, "", splits_status=type_.status_subresource)
    return {Owner(BEFORE_FIRST_APPLY, UPDATE, "", type_.kind.api_version): (fields, now)}


def apply_changes(
    type_: ResourceType, live: Json, body: Json, fields: Fields, owners: Owners, owner: Owner, *, force: bool
) -> tuple[Json, Owners]:
    """The object after an apply, not yet defaulted, and its owners; raises a conflict unless forced."""
    given = _laid_over(type_, body, owner.subresource)
    proposed = merged(type_.shape, live, given)
    last = owners[owner][0] if owner in owners else {}
    if last and last != fields:
        proposed = without(type_.shape, proposed, last, kept_fields(owners, owner, fields))
        # An empty list owns nothing, so it may just have been pruned; the body still asks for it.
        proposed = merged(type_.shape, proposed, given)
    if proposed is live:
        return live, {**owners, owner: (fields, owners[owner][1] if owner in owners else "")}
    return proposed, applied(owners, owner, fields, compared(type_.shape, live, proposed), force=force)


def _laid_over(type_: ResourceType, body: Json, subresource: str) -> Json:
    """The part of a body that this door lets through."""
    if subresource == "status":
        return {"status": body["status"]} if "status" in body else {}
    out = {k: v for k, v in body.items() if k not in ("apiVersion", "kind", "metadata")}
    if type_.status_subresource:
        out.pop("status", None)
    given = body["metadata"]
    users = {k: given[k] for k in ("labels", "annotations", "finalizers", "ownerReferences") if k in given}
    if users:
        out["metadata"] = users
    return out
