"""Fault-injected histories a second on one core, without HTTP: branches of recorded runs under fault schedules.

Bar: 100 a second. What is measured are units of the session `laws` as they are, with recording, drawing, watching and
auditing: every `EVERY`-th scenario at all its points, one fault each; then drawn histories under drawn schedules of up
to four faults. CPU time of the process counts, so what else runs on the machine counts only in so far as it takes
caches and halves of cores.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

EVERY = 6
SEEDS = range(1, 17)
BAR = 100


def run() -> bool:
    """Measure both; True if both reach the bar."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the units are those of the laws
    try:
        from laws.exploring import Account, do, empty_cluster
        from laws.scenarios import EVERY as SCENARIOS
    finally:
        sys.path.pop(0)
    empty_cluster()
    gc.collect()
    gc.freeze()
    names = list(SCENARIOS)[::EVERY]
    single = _measured("one fault at a point", Account, do, [("scenario", name, 0) for name in names])
    several = _measured("schedules over drawn histories", Account, do, [("drawn", "", seed) for seed in SEEDS])
    gc.unfreeze()
    return single >= BAR and several >= BAR


def _measured(title: str, account: Callable[[], Any], do: Callable[[Any], Any], units: Iterable[Any]) -> float:
    total, began = account(), time.process_time()
    for unit in units:
        total.add(do(unit))
    took = time.process_time() - began
    if total.failures:
        raise AssertionError(f"{title}: laws are broken; see the session `laws`")
    return _told(title, total.branches, took, total.endings.items())


def _told(title: str, branches: int, took: float, endings: Iterable[tuple[str, int]]) -> float:
    rate = branches / took
    shares = ", ".join(f"{count} {ending}" for ending, count in sorted(endings))
    print(f"  {title}: {rate:,.0f} a second (bar {BAR}); {branches} branches, {shares}")  # noqa: T201
    return rate
