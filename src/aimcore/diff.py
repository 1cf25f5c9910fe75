"""The smallest set of writes that makes the cluster match a plan.

1. Nothing to change gives an empty `Changes`: no API call at all.
2. A child that is made once (`Write.CREATE`) is made when absent and never touched again.
3. An applied child is written only when `aimcore.leaves` sees a difference.
4. What cannot be read is not written. Nothing is created for an object that is being deleted.
5. A refused write is tried again when its manifest changes, when the child changes (conflicts and invalid specs), or
   after a pause that doubles (everything else); never hotter. Deletions and edits are tried again once before that.
6. A difference that stays although exactly this manifest was taken (pruned, or rewritten by a webhook) is left alone
   until the manifest or the child's generation changes.
7. Fields that reach running pods and were there before us are protected from force (`PROTECTED`), until the owner
   changes what is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from aimcore.changes import (
    Apply,
    Changes,
    ChildChange,
    Create,
    Delete,
    PatchFinalizers,
    PatchObject,
    PatchStatus,
    fingerprint,
)
from aimcore.facts import Outcome, Refusal
from aimcore.labels import RENDER_REVISION
from aimcore.leaves import is_satisfied
from aimcore.plan import Child, Deletion, Edit, Plan, Write
from aimcore.resource import Key, Resource
from aimcore.snapshot import Absent, Found, Snapshot

PROTECTED: Mapping[str, tuple[str, ...]] = {
    "InferenceService": (".metadata.labels", ".metadata.annotations", ".spec"),
}
"""Prefixes of field paths whose change rolls pods."""

_UNTIL_CHANGED = frozenset({Refusal.FIELD_CONFLICT, Refusal.INVALID_SPEC})
_PASSING = frozenset({Refusal.SERVER_UNREACHABLE, Refusal.UNKNOWN})
"""Nobody said no: such a write never rests for long, yet it does rest, whoever wakes the plan."""
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(seconds=600)
_LONGEST_PASSING_PAUSE = timedelta(seconds=60)


def changes_needed(plan: Plan, snapshot: Snapshot) -> Changes:
    """Compare a plan with the snapshot it was made from."""
    match snapshot.object(*plan.key):
        case Found(resource):
            return Changes(
                finalizers=_finalizers(plan, resource, snapshot),
                children=tuple(_children(plan, snapshot)),
                status=_status(plan, resource, snapshot),
            )
        case _:
            return Changes()


# ---- children -------------------------------------------------------------------------------------------------------
def _children(plan: Plan, snapshot: Snapshot) -> Iterator[ChildChange]:
    for deletion in plan.deletions:
        yield from _deletion(deletion, plan, snapshot)
    manager = snapshot.vocabulary.field_manager_of(plan.key.kind)
    for child in plan.children:
        yield from _child(child, plan, manager, snapshot)
    for edit in plan.edits:
        yield from _edit(edit, plan, manager, snapshot)


def _deletion(deletion: Deletion, plan: Plan, snapshot: Snapshot) -> Iterator[Delete]:
    match snapshot.object(*deletion.key):
        case Found(live) if live.uid == deletion.uid and not live.is_deleting and not _rests(snapshot, plan, live):
            yield Delete(deletion.key, deletion.uid, deletion.reason, deletion.component, deletion.resource_version)
        case _:
            return


def _child(child: Child, plan: Plan, manager: str, snapshot: Snapshot) -> Iterator[ChildChange]:
    key = child.key
    match snapshot.object(*key):
        case Absent():
            if not _waits(snapshot, plan, child, key, None):
                yield _first_write(child, key, manager)
        case Found(live) if child.write is Write.APPLY and not live.is_deleting:
            if child.insists is None and is_satisfied(key.kind, child.manifest, live.raw, manager):
                return
            if not _waits(snapshot, plan, child, key, live) and not _was_taken(snapshot, plan, child, live):
                protected = _protected(snapshot, plan, child, live)
                yield Apply(key, child.manifest, manager, child.component, live.uid, child.may_force, protected)
        case _:
            return


def _first_write(child: Child, key: Key, manager: str) -> ChildChange:
    if child.write is Write.CREATE:
        return Create(key, child.manifest, manager, child.component)
    return Apply(key, child.manifest, manager, child.component, None, child.may_force)


def _waits(snapshot: Snapshot, plan: Plan, child: Child, key: Key, live: Resource | None) -> bool:
    """Whether a refused write is not to be tried yet."""
    outcome = snapshot.outcome(plan.key, key)
    if outcome is None or outcome.desired != fingerprint(child.manifest):
        return False
    if live is not None and (outcome.refusal in _UNTIL_CHANGED or _names_fields(outcome)):
        return outcome.seen == live.resource_version
    return _is_pausing(snapshot, outcome)


def _rests(snapshot: Snapshot, plan: Plan, live: Resource) -> bool:
    """Whether a refused deletion or edit is not to be tried yet: the first time at once, for what is to go may do harm.

    A conflict about an older version is over.
    """
    outcome = snapshot.outcome(plan.key, live.key)
    if outcome is None or outcome.desired or not outcome.attempts:
        return False
    if outcome.refusal is Refusal.APPLY_CONFLICT and outcome.seen != live.resource_version:
        return False
    return _is_pausing(snapshot, outcome)


def _is_pausing(snapshot: Snapshot, outcome: Outcome) -> bool:
    return not snapshot.is_past(outcome.at + pause_after(outcome))


def _names_fields(outcome: Outcome) -> bool:
    """Whether a conflict is about fields of others. One that is not tells only that we, or the server, were late."""
    return outcome.refusal is Refusal.APPLY_CONFLICT and bool(outcome.fields)


def pause_after(outcome: Outcome) -> timedelta:
    """How long a write that was not done rests: 5 s, doubling each time, at most 10 minutes; 1 if nobody refused it."""
    longest = _LONGEST_PASSING_PAUSE if outcome.refusal in _PASSING else _LONGEST_PAUSE
    return min(_FIRST_PAUSE * (1 << min(outcome.attempts, 10)), longest)


def _was_taken(snapshot: Snapshot, plan: Plan, child: Child, live: Resource) -> bool:
    """Whether the server took this write before and kept something else of it."""
    taken = snapshot.taken(plan.key, child.key)
    if taken is None or (taken.desired, taken.generation) != (fingerprint(child.manifest), live.generation):
        return False
    return child.insists is None or not snapshot.is_past(taken.at + child.insists)


def _protected(snapshot: Snapshot, plan: Plan, child: Child, live: Resource) -> tuple[str, ...]:
    if RENDER_REVISION in live.annotations:
        return ()  # we made it: what others changed came later
    outcome = snapshot.outcome(plan.key, child.key)
    if outcome is not None and outcome.desired != fingerprint(child.manifest):
        return ()  # the owner changed what is wanted
    return PROTECTED.get(child.key.kind, ())


def _edit(edit: Edit, plan: Plan, manager: str, snapshot: Snapshot) -> Iterator[PatchObject]:
    match snapshot.object(*edit.key):
        case Found(live) if live.uid == edit.uid and not live.is_deleting:
            labels = {k: v for k, v in edit.labels.items() if live.labels.get(k) != v}
            if labels and not _rests(snapshot, plan, live):
                patch = {"metadata": {"labels": labels}}
                yield PatchObject(edit.key, patch, live.uid, live.resource_version, manager, edit.component)
        case _:
            return


# ---- the object itself ----------------------------------------------------------------------------------------------
def _finalizers(plan: Plan, resource: Resource, snapshot: Snapshot) -> PatchFinalizers | None:
    present = resource.finalizers
    missing = [f for f in plan.add_finalizers if f not in present]
    if missing and not resource.is_deleting:
        return PatchFinalizers(plan.key, tuple(_additions(missing, present, resource)), _field_manager(plan, snapshot))
    leaving = [f for f in plan.remove_finalizers if f in present]
    if leaving:
        return PatchFinalizers(plan.key, tuple(_removals(leaving, present)), _field_manager(plan, snapshot))
    return None


def _additions(missing: Sequence[str], present: Sequence[str], resource: Resource) -> Iterator[Mapping[str, Any]]:
    if present:
        yield {"op": "test", "path": "/metadata/uid", "value": resource.uid}
        yield from ({"op": "add", "path": "/metadata/finalizers/-", "value": f} for f in missing)
    else:  # adding the list would replace one that somebody else has just made
        yield {"op": "test", "path": "/metadata/resourceVersion", "value": resource.resource_version}
        yield {"op": "add", "path": "/metadata/finalizers", "value": list(missing)}


def _removals(leaving: Sequence[str], present: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for position in sorted((present.index(f) for f in leaving), reverse=True):
        path = f"/metadata/finalizers/{position}"
        yield {"op": "test", "path": path, "value": present[position]}
        yield {"op": "remove", "path": path}


def _status(plan: Plan, resource: Resource, snapshot: Snapshot) -> PatchStatus | None:
    patch = _merge_patch(plan.status, resource.status)
    if not patch:
        return None
    progress = _is_progress(patch, plan.status, resource.status)
    return PatchStatus(plan.key, patch, resource.resource_version, _field_manager(plan, snapshot), progress)


_PROGRESS_MEMBERS = frozenset(
    {"cache", "conditions", "progress", "resolvedModel", "resolvedTemplate", "status", "templateSelection"}
)
_ON_THE_WAY = frozenset({"Pending", "Starting", "Progressing"})


def _is_progress(patch: Mapping[str, Any], desired: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Whether a status patch tells only of steps on the way: nobody acts on it, neither a person nor a program."""
    if not patch.keys() <= _PROGRESS_MEMBERS:
        return False
    if "status" in patch and not (_is_on_the_way(patch["status"]) and _is_on_the_way(live.get("status"))):
        return False
    return _verdict(desired.get("conditions")) == _verdict(live.get("conditions"))


def _is_on_the_way(status: object) -> bool:
    return isinstance(status, str) and status in _ON_THE_WAY


def _verdict(conditions: object) -> tuple[object, object]:
    """Status and reason of the condition Ready."""
    for entry in conditions if isinstance(conditions, list | tuple) else ():
        if isinstance(entry, Mapping) and entry.get("type") == "Ready":
            return entry.get("status"), entry.get("reason")
    return None, None


def _merge_patch(desired: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The RFC 7386 patch that gives each named member its desired value; members not named are left alone."""
    patch: dict[str, Any] = {}
    for member, value in desired.items():
        if value is None:
            if member in live:
                patch[member] = None
        elif member not in live:
            patch[member] = value
        elif live[member] != value:
            patch[member] = _replacement(value, live[member])
    return patch


def _replacement(value: Any, old: Any) -> Any:
    """What a merge patch must say to turn `old` into exactly `value`."""
    if not isinstance(value, Mapping) or not isinstance(old, Mapping):
        return value
    return _merge_patch({**dict.fromkeys(old), **value}, old)


def _field_manager(plan: Plan, snapshot: Snapshot) -> str:
    return snapshot.vocabulary.controllers[plan.key.kind].manager
