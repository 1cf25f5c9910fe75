"""Who owns what: the entries of `metadata.managedFields`.

1. An owner is (manager, operation, subresource, apiVersion): apply and update of one manager are two owners.
2. An apply owns exactly the fields of its body. It conflicts where another owner holds a field and the value
   differs; force takes the field from all others. Equal values are shared.
3. An update owns what it changed, takes it from all others without asking, and loses what it removed.
4. Server defaults and what webhooks add belong to nobody when they arrive with an apply.
5. Identity, versions, timestamps and managedFields themselves are owned by nobody.
6. The first apply to an object without entries makes an owner `before-first-apply` of all that was there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aimcore.simulation.causes import Cause
from aimcore.simulation.errors import ApiError, apply_conflict
from aimcore.simulation.field_sets import Fields, difference, intersection, members, path_text, union

APPLY, UPDATE = "Apply", "Update"
BEFORE_FIRST_APPLY = "before-first-apply"
_SYSTEM_METADATA = (
    "name",
    "namespace",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "uid",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
)
_UNOWNED: Fields = {"f:apiVersion": {}, "f:kind": {}, "f:metadata": {f"f:{k}": {} for k in _SYSTEM_METADATA}}


class Owner(NamedTuple):
    """The identity of one entry (rule 1)."""

    manager: str
    operation: str
    subresource: str
    api_version: str

    def __str__(self) -> str:
        where = f' with subresource "{self.subresource}"' if self.subresource else ""
        using = f" using {self.api_version}" if self.operation == UPDATE else ""
        return f'"{self.manager}"{where}{using}'


Owners = dict[Owner, tuple[Fields, str]]  # fields and the time of the entry


def owners_of(entries: object) -> Owners:
    """The owners of stored entries; foreign shapes are skipped."""
    found: Owners = {}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("fieldsV1"), dict):
            owner = Owner(
                str(entry.get("manager", "")),
                str(entry.get("operation", "")),
                str(entry.get("subresource", "")),
                str(entry.get("apiVersion", "")),
            )
            found[owner] = (entry["fieldsV1"], str(entry.get("time", "")))
    return found


def entries_of(owners: Owners) -> list[dict[str, Any]]:
    """The entries as stored: sorted by operation, time and manager; owners of nothing are left out."""
    entries: list[dict[str, Any]] = []
    for owner, (fields, time) in owners.items():
        if fields:
            entry: dict[str, Any] = {
                "manager": owner.manager,
                "operation": owner.operation,
                "apiVersion": owner.api_version,
                "time": time,
                "fieldsType": "FieldsV1",
                "fieldsV1": fields,
            }
            if owner.subresource:
                entry["subresource"] = owner.subresource
            entries.append(entry)
    if len(entries) > 1:
        entries.sort(key=lambda e: (e["operation"], e["time"], e["manager"], e.get("subresource", "")))
    return entries


def ownable(fields: Fields, subresource: str, *, splits_status: bool) -> Fields:
    """What may be owned through this door: never system metadata, status only through `/status` (rule 5)."""
    if subresource == "status":
        return {"f:status": fields["f:status"]} if "f:status" in fields else {}
    out = {k: v for k, v in fields.items() if k not in ("f:apiVersion", "f:kind", "f:metadata")}
    if splits_status:
        out.pop("f:status", None)
    metadata = fields.get("f:metadata")
    if metadata:
        left = difference(metadata, _UNOWNED["f:metadata"])
        left = {k: v for k, v in left.items() if k != "."}
        if left:
            out["f:metadata"] = left
    return out


def kept_fields(owners: Mapping[Owner, tuple[Fields, str]], owner: Owner, fields: Fields) -> Fields:
    """What somebody still owns after `owner` applies `fields`."""
    kept = fields
    for other, (theirs, _) in owners.items():
        if other != owner:
            kept = union(kept, theirs)
    return kept


def applied(owners: Owners, owner: Owner, fields: Fields, changes: tuple[Fields, Fields], *, force: bool) -> Owners:
    """The owners after an apply that changed and removed these paths; raises the conflict of rule 2."""
    changed, removed = changes
    lost = {o: common for o, (f, _) in owners.items() if o != owner and (common := intersection(f, changed))}
    if lost and not force:
        raise _conflict(lost)
    out = _after_loss(owners, owner, changed, removed)
    out[owner] = (fields, owners[owner][1] if owner in owners else "")
    return out


def updated(owners: Owners, owner: Owner, changes: tuple[Fields, Fields], owned: tuple[Fields, Fields]) -> Owners:
    """The owners after an update; `owned` is the part of `changes` that may be owned through the door used."""
    out = _after_loss(owners, owner, *changes)
    mine, time = owners.get(owner, ({}, ""))
    out[owner] = (union(difference(mine, owned[1]), owned[0]), time)
    return out


def _after_loss(owners: Owners, owner: Owner, changed: Fields, removed: Fields) -> Owners:
    if not changed and not removed:
        return dict(owners)
    return {
        o: (f, t) if o == owner else (difference(difference(f, changed), removed), t) for o, (f, t) in owners.items()
    }


def stamped(before: Owners, after: Owners, owner: Owner, now: str, *, content_changed: bool) -> list[dict[str, Any]]:
    """The entries to store: the acting owner's time moves if anything moved."""
    if owner in after and (content_changed or not same_owners(before, after)):
        after = {**after, owner: (after[owner][0], now)}
    return entries_of(after)


def same_owners(a: Owners, b: Owners) -> bool:
    """True if both give the same owners the same fields, whatever the times."""
    mine = {o: f for o, (f, _) in a.items() if f}
    return mine == {o: f for o, (f, _) in b.items() if f}


def _conflict(lost: Mapping[Owner, Fields]) -> ApiError:
    by_manager: dict[str, list[str]] = {}
    for owner, fields in lost.items():
        by_manager.setdefault(str(owner), []).extend(path_text(p) for p in members(fields))
    causes = [
        Cause("FieldManagerConflict", f"conflict with {manager}", path)
        for manager in sorted(by_manager)
        for path in by_manager[manager]
    ]
    return apply_conflict(causes, _conflict_text(by_manager, len(causes)))


def _conflict_text(by_manager: Mapping[str, Sequence[str]], count: int) -> str:
    if count == 1:
        manager, paths = next(iter(by_manager.items()))
        return f"Apply failed with 1 conflict: conflict with {manager}: {paths[0]}"
    lines: list[str] = []
    for manager in sorted(by_manager):
        lines.append(f"conflicts with {manager}:")
        lines.extend(f"- {path}" for path in by_manager[manager])
    return f"Apply failed with {count} conflicts: " + "\n".join(lines)
