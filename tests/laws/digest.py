"""Prints one digest over the bytes of every plan of many histories. Run by test_purity in processes of their own.

The histories are those of the scenarios, some drawn ones, and branches of one scenario under every sort of fault.
"""

from __future__ import annotations

import hashlib
import json
import sys

from aimcore.changes import Changes
from aimcore.plan import Plan
from aimcore.snapshot import Snapshot
from aimcore.testing.exploration.points import every_point
from aimcore.testing.exploration.trunk import record
from aimcore.testing.histories import Play, new_cluster
from aimcore.testing.laws import plan_bytes
from aimcore.testing.masking import end_state
from laws.exploring import empty_cluster, history_of
from laws.scenarios import ALL

DRAWN = range(11, 17)
BRANCHED, EVERY = "runtime config", 41


def digest() -> str:
    """The number of plans, and the SHA-256 of all their bytes and of all ends."""
    found, count = hashlib.sha256(), 0

    def take(plan: Plan, _changes: Changes, _snapshot: Snapshot) -> None:
        nonlocal count
        count += 1
        found.update(plan_bytes(plan))

    for history in (*ALL.values(), *map(history_of, DRAWN)):
        play = Play(history.world, cluster=new_cluster(), operator=history.operator)
        play.driver.on_plan = take
        play.act(history.actions)
        play.converge()
        found.update(json.dumps(end_state(play.cluster)).encode())
    trunk = record(ALL[BRANCHED], empty_cluster())
    for schedule in list(every_point(trunk))[::EVERY]:
        course = trunk.start(schedule).course.fork(schedule)
        course.driver.on_plan = take
        course.go()
        found.update(json.dumps([course.injector.told, end_state(course.play.cluster)]).encode())
    return f"{count} {found.hexdigest()}"


if __name__ == "__main__":
    sys.stdout.write(digest())
