"""1,000 AIMServices on the local cluster, from nothing to Running, over HTTP.

Bars: 90 s on two cores; at most 12 controller writes for each service; a converged cluster and a restarted controller
see no write at all; every metric family has moved, or is in `MAY_BE_ZERO` with the reason.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import anyio

from aimcore.simulation.settings import WorldSettings
from aimctl_runtime import scopes
from aimctl_runtime.app import controller_names
from aimctl_runtime.cli.session import Session, session
from aimctl_runtime.cli.tables import is_running, phase
from aimctl_runtime.metrics import PrometheusMeter
from aimctl_runtime.settings import RuntimeSettings

COUNT = int(os.environ.get("AIM_BENCH_SERVICES", "1000"))
BAR_SECONDS, BAR_WRITES = 90.0, 12.0
SPEED = 2.0
READS = frozenset({"get", "list", "watch"})
REST_SECONDS, RESTART_SECONDS = 600.0, 120.0
"""Simulated."""
FAMILIES = (
    "controller_runtime_reconcile_total", "controller_runtime_reconcile_errors_total",
    "controller_runtime_terminal_reconcile_errors_total", "controller_runtime_reconcile_panics_total",
    "controller_runtime_reconcile_time_seconds", "controller_runtime_max_concurrent_reconciles",
    "controller_runtime_active_workers", "workqueue_depth", "workqueue_adds_total", "workqueue_retries_total",
    "workqueue_queue_duration_seconds", "workqueue_work_duration_seconds", "workqueue_unfinished_work_seconds",
    "workqueue_longest_running_processor_seconds", "rest_client_requests_total", "leader_election_master_status",
)  # fmt: skip
"""What dashboards of the controller framework know."""
MAY_BE_ZERO = {
    "controller_runtime_reconcile_errors_total": "no write of a run without faults fails",
    "controller_runtime_terminal_reconcile_errors_total": "every error is tried again",
    "controller_runtime_reconcile_panics_total": "a fault of the controller would be one too many",
    "controller_runtime_active_workers": "a gauge, and the cluster is at rest",
    "workqueue_depth": "a gauge, and the cluster is at rest",
    "workqueue_retries_total": "nothing fails, so nothing is retried",
    "workqueue_unfinished_work_seconds": "a gauge, and the cluster is at rest",
    "workqueue_longest_running_processor_seconds": "a gauge, and the cluster is at rest",
    "leader_election_master_status": "one controller alone holds no election",
}
WORLD = {"nodes": [{"name": "mi300x", "count": max(COUNT // 8, 1) + 1, "gpus": 8}]}


def run() -> bool:
    """Bring the services up, let the cluster rest, restart the controller; True if every bar was reached."""
    return scopes.run(_run)


async def _run() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        world, kubeconfig = WorldSettings.read(WORLD), Path(folder, "kubeconfig")
        meter = PrometheusMeter(controller_names(), workers=RuntimeSettings().workers)
        async with session(world, speed=SPEED, kubeconfig=kubeconfig, meter=meter) as running:
            before = _calls(running)
            start = time.perf_counter()
            _create(running)
            reached = await _wait(running, start)
            seconds = time.perf_counter() - start
            up = _calls(running) - before
            writes = _written(up)
            print(f"local: {COUNT} services Running in {seconds:.1f} s (bar {BAR_SECONDS:.0f} s at 1,000)")  # noqa: T201
            _print_calls(up)
            print(f"  {writes / COUNT:.1f} controller writes for each service (bar {BAR_WRITES:.0f})")  # noqa: T201
            running.local.speed = 60.0  # rest may be short for us
            await _simulated(running, 60)  # what was under way ends
            idle = await _writes_in(running, REST_SECONDS)
            print(f"  writes in {REST_SECONDS:.0f} simulated seconds of rest: {idle} (bar 0)")  # noqa: T201
            before = _calls(running)
            await running.restart_controller()
            again = _written(_calls(running) - before) + await _writes_in(running, RESTART_SECONDS)
            print(f"  writes in {RESTART_SECONDS:.0f} simulated seconds after a restart: {again} (bar 0)")  # noqa: T201
        missed = _print_zeros(meter)
        return (
            reached and seconds <= BAR_SECONDS and writes <= BAR_WRITES * COUNT and not (idle or again) and not missed
        )


def _create(running: Session) -> None:
    cluster = running.local.cluster
    for n in range(COUNT):
        cluster.create({
            "apiVersion": "aim.eai.amd.com/v1alpha1", "kind": "AIMService",
            "metadata": {"name": f"qwen-{n}", "namespace": "ml-team"},
            "spec": {"model": {"image": "amdenterpriseai/aim-qwen-qwen3-32b:0.8.5"}},
        })  # fmt: skip


async def _wait(running: Session, start: float) -> bool:
    said = start
    while True:
        services = list(running.services())
        if all(is_running(s) for s in services):
            return True
        now = time.perf_counter()
        if now - said > 10:
            said = now
            print(f"  {now - start:4.0f} s: {dict(Counter(map(phase, services)))}", flush=True)  # noqa: T201
        if now - start > 10 * BAR_SECONDS:
            return False
        await anyio.sleep(0.25)


async def _simulated(running: Session, seconds: float) -> None:
    """Let simulated time pass."""
    clock = running.local.clock
    start = clock.now
    while (clock.now - start).total_seconds() < seconds:
        await anyio.sleep(0.1)


async def _writes_in(running: Session, seconds: float) -> int:
    """Writes of the controller while simulated time passes."""
    before = _calls(running)
    await _simulated(running, seconds)
    return _written(_calls(running) - before)


def _written(calls: Counter[tuple[str, str]]) -> int:
    return sum(n for (verb, _), n in calls.items() if verb not in READS)


def _calls(running: Session) -> Counter[tuple[str, str]]:
    """Requests that came over HTTP, by verb and resource."""
    found: Counter[tuple[str, str]] = Counter()
    for call, count in running.local.calls.items():
        found[call.verb, call.resource] += count
    return found


def _print_calls(calls: Counter[tuple[str, str]]) -> None:
    by_verb: Counter[str] = Counter()
    for (verb, _), count in calls.items():
        by_verb[verb] += count
    print(f"  requests by verb: {dict(sorted(by_verb.items()))}")  # noqa: T201
    writes = {f"{verb} {resource}": n for (verb, resource), n in calls.most_common() if verb not in READS}
    print(f"  writes: {writes}")  # noqa: T201


def _print_zeros(meter: PrometheusMeter) -> list[str]:
    """Print the families that are still zero; answers with those that may not be."""
    zeros = [family for family in FAMILIES if not any(_values(meter, family))]
    for family in zeros:
        print(f"  {family} is 0: {MAY_BE_ZERO.get(family, 'MISSED, something should have counted')}")  # noqa: T201
    return [family for family in zeros if family not in MAY_BE_ZERO]


def _values(meter: PrometheusMeter, family: str) -> Iterator[float]:
    """Every series of a family; of a histogram, how often it was observed."""
    for metric in meter.registry.collect():
        for sample in metric.samples:
            if sample.name in (family, f"{family}_count"):
                yield sample.value
