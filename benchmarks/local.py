"""1,000 AIMServices on the local cluster, from nothing to Running, over HTTP.

Bars: 90 s on two cores; at most 12 controller writes for each service; a converged cluster and a restarted controller
see no write at all.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

from aimcore.simulation.settings import WorldSettings
from aimctl_runtime.cli.session import Session, session
from aimctl_runtime.cli.tables import is_running, phase

COUNT = int(os.environ.get("AIM_BENCH_SERVICES", "1000"))
BAR_SECONDS, BAR_WRITES = 90.0, 12.0
SPEED = 2.0
READS = frozenset({"get", "list", "watch"})
WORLD = {"nodes": [{"name": "mi300x", "count": max(COUNT // 8, 1) + 1, "gpus": 8}]}


def run() -> bool:
    """Bring the services up, let the cluster rest, restart the controller; True if every bar was reached."""
    return asyncio.run(_run())


async def _run() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        world = WorldSettings.read(WORLD)
        async with session(world, speed=SPEED, kubeconfig=Path(folder, "kubeconfig")) as running:
            before = _calls(running)
            start = time.perf_counter()
            _create(running)
            reached = await _wait(running, start)
            seconds = time.perf_counter() - start
            up = _calls(running) - before
            writes = sum(n for (verb, _), n in up.items() if verb not in READS)
            print(f"local: {COUNT} services Running in {seconds:.1f} s (bar {BAR_SECONDS:.0f} s at 1,000)")  # noqa: T201
            _print_calls(up)
            print(f"  {writes / COUNT:.1f} controller writes for each service (bar {BAR_WRITES:.0f})")  # noqa: T201
            running.local.speed = 60.0  # rest may be short for us
            idle = await _rest(running, 600.0)
            print(f"  writes in 600 simulated seconds of rest: {idle} (bar 0)")  # noqa: T201
            return reached and seconds <= BAR_SECONDS and writes <= BAR_WRITES * COUNT and idle == 0


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
        await asyncio.sleep(0.25)


async def _rest(running: Session, seconds: float) -> int:
    """Writes of the controller while simulated time passes."""
    clock = running.local.clock
    settled = clock.now
    while (clock.now - settled).total_seconds() < 60:  # what was under way ends
        await asyncio.sleep(0.1)
    before = _calls(running)
    start = clock.now
    while (clock.now - start).total_seconds() < seconds:
        await asyncio.sleep(0.1)
    return sum(n for (verb, _), n in (_calls(running) - before).items() if verb not in READS)


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
