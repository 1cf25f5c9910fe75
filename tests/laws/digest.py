"""Prints one digest over the bytes of every plan of many histories. Run by test_purity in processes of their own."""

from __future__ import annotations

import hashlib
import json
import sys

from aimcore.changes import Changes
from aimcore.plan import Plan
from aimcore.snapshot import Snapshot
from aimcore.testing.histories import Play, new_cluster
from aimcore.testing.laws import plan_bytes
from aimcore.testing.masking import end_state
from laws.scenarios import ALL


def digest() -> str:
    """The number of plans, and the SHA-256 of all their bytes and of all ends."""
    found, count = hashlib.sha256(), 0

    def take(plan: Plan, _changes: Changes, _snapshot: Snapshot) -> None:
        nonlocal count
        count += 1
        found.update(plan_bytes(plan))

    for history in ALL.values():
        play = Play(history.world, cluster=new_cluster(), operator=history.operator)
        play.driver.on_plan = take
        play.act(history.actions)
        play.converge()
        found.update(json.dumps(end_state(play.cluster)).encode())
    return f"{count} {found.hexdigest()}"


if __name__ == "__main__":
    sys.stdout.write(digest())
