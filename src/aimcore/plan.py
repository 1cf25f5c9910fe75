"""The plan: what one object wants the cluster to look like.

1. A plan is a value. Equal snapshots give equal plans, byte for byte.
2. `children` are complete manifests (plain dicts); `deletions` name objects by uid.
3. `status` holds only members that we own: an absent member is left alone, None removes it.
4. Events belong to transitions; they are emitted after the status is written.
5. `look_ups`, `wants` and `check_again_at` come from the snapshot, never by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from aimcore.facts import Want
from aimcore.reads import Read
from aimcore.records import quickly_made
from aimcore.resource import Json, Key
from aimcore.snapshot import Snapshot

_new = tuple.__new__


class Write(StrEnum):
    """How a child is written."""

    APPLY = "apply"
    """Server-side apply whenever desired and live differ."""
    CREATE = "create"
    """POST when absent; an existing object is never touched again (Jobs, PVCs, artifacts)."""


@quickly_made
@dataclass(frozen=True, slots=True)
class Child:
    """An object that the plan wants.

    `component`: the condition component that reports a refused write ("InferenceService", "HTTPRoute", …).
    `may_force`: whether a conflict with another manager may be forced over (`aimcore.diff`).
    `insists`: the live object says what we want, but what somebody else filled in stands in its way, and goes with
    another write once whoever fills it in has stopped: write it again after so long, each time.
    """

    manifest: Json
    component: str
    write: Write = Write.APPLY
    may_force: bool = True
    insists: timedelta | None = None

    @property
    def key(self) -> Key:
        manifest = self.manifest
        metadata = manifest["metadata"]
        return _new(Key, (manifest["kind"], metadata.get("namespace", ""), metadata["name"]))


@dataclass(frozen=True, slots=True)
class Deletion:
    """An object that the plan wants gone: this incarnation only (`uid`).

    `resource_version` is set when the decision rests on the object's content. `reason` is a clause for people.
    """

    key: Key
    uid: str
    reason: str
    component: str = ""
    resource_version: str | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """A Kubernetes event about the planned object. `type` is `Normal` or `Warning`."""

    type: str
    reason: str
    message: str


@quickly_made
@dataclass(frozen=True, slots=True)
class Note:
    """Something a person may want to know and no condition says, such as why a candidate fell. `stage` groups notes.

    `manifest`: an object that the sentence ends with. Its text is made when somebody reads the note.
    """

    stage: str
    subject: str
    said: str
    manifest: Json | None = None

    @property
    def message(self) -> str:
        if self.manifest is None:
            return self.said
        return f"{self.said} {json.dumps(self.manifest, sort_keys=True, separators=(',', ':'))}"


@dataclass(frozen=True, slots=True)
class Edit:
    """A small change to an object that is not one of our children: labels or annotations set (None removes).

    `uid` names the incarnation. Used for the `obsolete` label of templates.
    """

    key: Key
    uid: str
    labels: Mapping[str, str | None]
    component: str = ""


@quickly_made
@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one object wants. See the rules above."""

    key: Key
    children: tuple[Child, ...] = ()
    deletions: tuple[Deletion, ...] = ()
    status: Mapping[str, Any] = field(default_factory=dict)
    add_finalizers: tuple[str, ...] = ()
    remove_finalizers: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    events: tuple[PlannedEvent, ...] = ()
    notes: tuple[Note, ...] = ()
    retry: bool = False
    """Something infrastructural failed: plan again with back-off."""
    look_ups: tuple[Read, ...] = ()
    wants: tuple[Want, ...] = ()
    check_again_at: datetime | None = None

    @property
    def reads(self) -> frozenset[Read]:
        """What was looked up for this plan. Hashed only when somebody asks: the snapshot soon knows more."""
        return frozenset(self.look_ups)

    @classmethod
    def made_from(cls, snapshot: Snapshot, key: Key, **members: Any) -> Plan:
        """A plan with the reads, wants and next look that the snapshot recorded."""
        return cls(
            key=key,
            look_ups=tuple(snapshot.look_ups),
            wants=tuple(snapshot.wants),
            check_again_at=snapshot.check_again_at,
            **members,
        )
