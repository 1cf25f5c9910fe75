"""Fault-injected histories a second on one core, without HTTP: branches of recorded runs under fault schedules.

Bar: 100 a second, recording the runs included. First every `EVERY`-th point of every scenario of the laws, one fault
each; then drawn histories under drawn schedules of up to four faults. CPU time of the process counts, so what else runs
on the machine counts only in so far as it takes caches and halves of cores.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

EVERY = 12
SEEDS = range(1, 25)
BAR = 100


def run() -> bool:
    """Measure both; True if both reach the bar."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the scenarios and the drawing are those of the laws
    try:
        from aimcore.testing.exploration.points import every_point
        from aimcore.testing.exploration.trunk import Trunk, record
        from laws.exploring import Account, empty_cluster, explore, history_of, schedules
        from laws.scenarios import ALL
    finally:
        sys.path.pop(0)

    def trunk_of(name: str) -> Trunk:
        return record(ALL[name], empty_cluster())

    empty_cluster()
    gc.collect()
    gc.freeze()
    account, took = Account(), 0.0
    for name in ALL:
        began = time.process_time()
        trunk = trunk_of(name)
        points = list(every_point(trunk))[::EVERY]
        explore(account, trunk, points, name)
        took += time.process_time() - began
    single = _told("one fault at a point", account.branches, took, account.endings.items())
    account, took = Account(), 0.0
    for seed in SEEDS:
        history = history_of(seed)  # drawing is the work of the test library, not measured
        began = time.process_time()
        trunk = record(history, empty_cluster())
        took += time.process_time() - began
        chosen = list(islice(schedules(trunk, seed), 40))
        began = time.process_time()
        explore(account, trunk, chosen, f"history {seed}")
        took += time.process_time() - began
    several = _told("schedules over drawn histories", account.branches, took, account.endings.items())
    gc.unfreeze()
    return single >= BAR and several >= BAR


def _told(title: str, branches: int, took: float, endings: Iterable[tuple[str, int]]) -> float:
    rate = branches / took
    shares = ", ".join(f"{count} {ending}" for ending, count in sorted(endings))
    print(f"  {title}: {rate:,.0f} a second (bar {BAR}); {branches} branches, {shares}")  # noqa: T201
    return rate
