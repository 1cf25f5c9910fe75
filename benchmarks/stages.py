"""Where the time of a plan goes: microseconds for each stage of a service's plan, measured in a pass of its own.

The functions are wrapped where their callers look them up, so each stage carries the cost of the wrappers inside it.
Stages with a dot are part of the one above.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

from aimcore import Key, Snapshot, Table, diff, dispatch
from aimcore.kinds.service import plan, runtime_part, situation
from benchmarks.worlds import NOW

STAGES: Sequence[tuple[int, str, ModuleType, str]] = (
    (0, "assess", plan, "assess"),
    (1, "own objects", situation, "find_ours"),
    (1, "runtime config", situation, "resolve_runtime_config"),
    (1, "model", situation, "resolve_model"),
    (1, "template", situation, "choose_template"),
    (1, "validity", situation, "_by_component"),
    (1, "stops", situation, "_stops"),
    (1, "cache", situation, "resolve_cache"),
    (1, "what runs", situation, "observe_predictor"),
    (0, "part model", plan, "plan_model"),
    (0, "part template", plan, "plan_template"),
    (0, "part runtime config", plan, "plan_runtime_config"),
    (0, "part runtime", plan, "plan_runtime"),
    (1, "InferenceService", runtime_part, "_rendered"),
    (0, "part cache", plan, "plan_cache"),
    (0, "part route", plan, "plan_route"),
    (0, "part scaling", plan, "plan_scaling"),
    (0, "refusals", plan, "_with_refusals"),
    (0, "conditions", plan, "_judged"),
    (0, "status", plan, "_status"),
    (0, "children compared", diff, "is_satisfied"),
    (0, "status compared", diff, "_status"),
)
"""Depth, title, and the module and name by which the caller finds the function."""


def measure_stages(title: str, table: Table, wanted: Sequence[Key]) -> None:
    """Print the mean time of each stage over one plan of each of these services."""
    spent = dict.fromkeys((name for _, name, _, _ in STAGES), 0.0)
    with ExitStack() as stack:
        for _, name, module, function in STAGES:
            stack.enter_context(_timed(spent, name, module, function))
        gc.collect()
        gc.freeze()
        for key in wanted:
            snapshot = Snapshot(table, NOW)
            diff.changes_needed(dispatch.make_plan(snapshot, key), snapshot)
    gc.unfreeze()
    per = 1e6 / len(wanted)
    shown = ", ".join(f"{'· ' * depth}{name} {spent[name] * per:.0f}" for depth, name, _, _ in STAGES)
    print(f"    {title}, µs by stage: {shown}")  # noqa: T201


@contextmanager
def _timed(spent: dict[str, float], name: str, module: ModuleType, function: str) -> Iterator[None]:
    inner: Callable[..., Any] = getattr(module, function)
    clock = time.perf_counter

    def timed(*args: Any, **kwargs: Any) -> Any:
        start = clock()
        try:
            return inner(*args, **kwargs)
        finally:
            spent[name] += clock() - start

    setattr(module, function, timed)
    try:
        yield
    finally:
        setattr(module, function, inner)
