"""aimcore: AIM on Kubernetes as a side-effect-free library.

    snapshot = Snapshot(table, now)
    plan = make_plan(snapshot, key)
    changes = changes_needed(plan, snapshot)

House rules:

1. No I/O, no clock, no randomness, no logging, no environment, no globals that change.
2. A plan sees the cluster only through its snapshot, and every look-up is recorded.
3. Everything is total: bad input becomes a condition, never an exception.
4. Equal snapshots give equal plans, in any process and any order of objects.
"""

from aimcore.changes import Changes
from aimcore.diff import changes_needed
from aimcore.dispatch import make_plan
from aimcore.plan import Plan
from aimcore.resource import Key
from aimcore.settings import Settings
from aimcore.snapshot import Snapshot
from aimcore.table import Table

__all__ = ["Changes", "Key", "Plan", "Settings", "Snapshot", "Table", "changes_needed", "make_plan"]
