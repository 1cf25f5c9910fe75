"""The cost of a plan does not grow with the number of unrelated objects in the snapshot."""

from __future__ import annotations

import time

from aimcore import Snapshot, changes_needed, make_plan
from benchmarks.worlds import NOW, fresh_table, keys, settle

SIZES = (100, 10_000, 100_000)
BAR = 1.5
"""How much slower a plan may be at the largest size than at the smallest."""


def run() -> bool:
    """Plan one running service among more and more unrelated Pods."""
    table = fresh_table(10)
    wanted = keys(10)
    settle(table, wanted)
    costs = []
    have = 0
    for size in SIZES:
        for n in range(have, size):
            table.learn({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": f"other-{n}", "namespace": f"team-{n % 50}", "uid": f"o-{n}",
                             "labels": {"serving.kserve.io/inferenceservice": f"other-{n % 999}"}},
                "status": {"phase": "Running"},
            })  # fmt: skip
        have = size
        costs.append(_cost(table, wanted))
    for size, cost in zip(SIZES, costs, strict=True):
        print(f"scale: {size:>7,} unrelated objects: {cost * 1e6:.0f} µs a plan, ratio {cost / costs[0]:.2f}")  # noqa: T201
    return costs[-1] / costs[0] <= BAR


def _cost(table, wanted) -> float:  # type: ignore[no-untyped-def]  # noqa: ANN001
    best = float("inf")
    for _ in range(20):
        start = time.perf_counter()
        for key in wanted:
            snapshot = Snapshot(table, NOW)
            changes_needed(make_plan(snapshot, key), snapshot)
        best = min(best, (time.perf_counter() - start) / len(wanted))
    return best
