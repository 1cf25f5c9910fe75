"""aimcore: AIM on Kubernetes as a side-effect-free library.

    snapshot = Snapshot(table, now)
    plan = make_plan(snapshot, key)
    changes = changes_needed(plan, snapshot)

House rules:

1. No I/O, no clock, no randomness, no logging, no environment, no globals that change.
2. A plan sees the cluster only through its snapshot, and every look-up is recorded.
3. Everything is total: bad input becomes a condition, never an exception.
4. Equal snapshots give equal plans, in any process and any order of objects.
5. A name of this doorway is imported when it is first asked for: whoever needs one room does not load the house.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from aimcore.changes import Changes
    from aimcore.diff import changes_needed
    from aimcore.dispatch import AIM, KnownKind, make_plan, vocabulary_of
    from aimcore.plan import Plan
    from aimcore.resource import Key
    from aimcore.settings import Settings
    from aimcore.snapshot import Snapshot
    from aimcore.table import Table
    from aimcore.vocabulary import Controller, Vocabulary

_ROOMS: Final = {
    "AIM": "dispatch",
    "Changes": "changes",
    "Controller": "vocabulary",
    "Key": "resource",
    "KnownKind": "dispatch",
    "Plan": "plan",
    "Settings": "settings",
    "Snapshot": "snapshot",
    "Table": "table",
    "Vocabulary": "vocabulary",
    "changes_needed": "diff",
    "make_plan": "dispatch",
    "vocabulary_of": "dispatch",
}

__all__ = [
    "AIM",
    "Changes",
    "Controller",
    "Key",
    "KnownKind",
    "Plan",
    "Settings",
    "Snapshot",
    "Table",
    "Vocabulary",
    "changes_needed",
    "make_plan",
    "vocabulary_of",
]


def __getattr__(name: str) -> Any:
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{room}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
