"""Changes: the smallest set of API writes that makes the cluster match a plan. Computed by `aimcore.diff`.

Each change names the field manager (the reference's, see `aimcore.labels`) and whatever precondition keeps it from
hitting another incarnation of the object.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aimcore.records import quickly_made
from aimcore.resource import Json, Key


@quickly_made
@dataclass(frozen=True, slots=True)
class Apply:
    """Server-side apply. `uid` is set when the object was seen: then the apply never creates (the body carries it).

    `may_force` False: a conflict is reported, not forced over. `protected` are field paths (as in `managedFields`
    causes, e.g. `.spec.predictor.containers`) that are never forced even so, because they reach running pods.
    """

    key: Key
    manifest: Json
    manager: str
    component: str
    uid: str | None
    may_force: bool = True
    protected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Create:
    """POST. AlreadyExists counts as done: names are deterministic."""

    key: Key
    manifest: Json
    manager: str
    component: str


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE with uid precondition, resourceVersion too if given, and always a propagation policy."""

    key: Key
    uid: str
    reason: str
    component: str = ""
    resource_version: str | None = None
    propagation: str = "Background"


@quickly_made
@dataclass(frozen=True, slots=True)
class PatchStatus:
    """JSON merge patch on `/status` with only the changed members; `resource_version` goes into the body.

    `is_progress`: nothing but reasons, messages and intermediate states changed. Whoever writes may let such a patch
    wait a while, so that a burst of steps becomes one write.
    """

    key: Key
    patch: Mapping[str, Any]
    resource_version: str
    manager: str
    is_progress: bool = False


@dataclass(frozen=True, slots=True)
class PatchObject:
    """JSON merge patch on the object (labels, annotations), with uid and resourceVersion in the body."""

    key: Key
    patch: Mapping[str, Any]
    uid: str
    resource_version: str
    manager: str
    component: str = ""


@dataclass(frozen=True, slots=True)
class PatchFinalizers:
    """JSON patch with a `test`, so that nothing else is touched. `operations` is the RFC 6902 list."""

    key: Key
    operations: tuple[Mapping[str, Any], ...]
    manager: str


ChildChange = Apply | Create | Delete | PatchObject
Change = ChildChange | PatchStatus | PatchFinalizers


@quickly_made
@dataclass(frozen=True, slots=True)
class Changes:
    """All writes of one plan, in the order in which they are to be done.

    `finalizers` first (nothing else is done in that round if one is added), then `children`, then `status`.
    Empty means: no API call at all.
    """

    finalizers: PatchFinalizers | None = None
    children: tuple[ChildChange, ...] = ()
    status: PatchStatus | None = None

    def __bool__(self) -> bool:
        return bool(self.finalizers or self.children or self.status)


def fingerprint(manifest: Mapping[str, Any]) -> str:
    """A short text that differs when the manifest differs. For comparing, not for names."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
