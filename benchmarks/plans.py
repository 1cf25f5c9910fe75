"""make_plan plus changes_needed for full AIMServices (route, scaling, cache, 20 candidate templates).

Bar: 5,000 a second on one core, over 10,000 distinct services, each planned once and without a memory across plans:
views are not kept, and every reading of a service is made within its plan. Readings of what services share belong to
holding those objects and are there. A second pass, which does not count, shows where the time goes.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from aimcore import Key, Snapshot, Table, changes_needed, make_plan
from benchmarks.stages import measure_stages
from benchmarks.worlds import NOW, fresh_table, keys, settle

COUNT = 10_000
STAGE_COUNT = 1_000
BAR = 5_000


class ForgetfulTable(Table):
    """A table that keeps no view."""

    def keep_view(self, *_args: object) -> None:
        """Forget it."""


def run() -> bool:
    """Measure both ends of a service's life; True if both reach the bar."""
    wanted = keys(COUNT)
    table = fresh_table(COUNT)
    table.__class__ = ForgetfulTable
    print(f"plans: {COUNT} services, {len(table)} objects, 20 candidate templates each")  # noqa: T201
    created = _measure("first plan (all children to be made)", table, wanted, expect=lambda n: n >= 2 * COUNT)
    settle(table, wanted)
    steady = _measure("steady state (nothing to change)", table, wanted, expect=lambda n: n == 0)
    return created >= BAR and steady >= BAR


def _measure(title: str, table: Table, wanted: list[Key], expect: Callable[[int], bool]) -> float:
    planning = comparing = 0.0
    writes = 0
    _forget_services(table, wanted)
    gc.collect()
    gc.freeze()
    clock = time.thread_time  # one core's time: what else runs on the machine is not measured
    for key in wanted:
        start = clock()
        snapshot = Snapshot(table, NOW)
        plan = make_plan(snapshot, key)
        middle = clock()
        changes = changes_needed(plan, snapshot)
        end = clock()
        planning += middle - start
        comparing += end - middle
        writes += len(changes.children) + (changes.status is not None)
    gc.unfreeze()
    _forget_services(table, wanted)
    measure_stages(title, table, wanted[:STAGE_COUNT])
    if not expect(writes):
        raise AssertionError(f"{title}: {writes} writes; the benchmark measures something else than it says")
    rate = len(wanted) / (planning + comparing)
    per = 1e6 / len(wanted)
    print(  # noqa: T201
        f"  {title}: {rate:,.0f} a second (bar {BAR:,}); "
        f"make_plan {planning * per:.0f} µs, changes_needed {comparing * per:.0f} µs"
    )
    return rate


def _forget_services(table: Table, wanted: list[Key]) -> None:
    """Learn each service anew, so that nothing that was read of it before is left."""
    for key in wanted:
        found = table.find(key)
        if found is not None:
            table.learn({**found.raw, "metadata": {**found.metadata, "resourceVersion": f"{found.resource_version}1"}})
