"""The catalogue: 10,000 tags listed and filtered from a paginated registry; 500 models × 8 templates at rest.

Bars: 1.5 s of CPU and 30 MB above the idle process for the tags; no write at all for the models, resync included.
"""

from __future__ import annotations

import asyncio
import gc
import re
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from aimcore import Key, Snapshot, Table, make_plan
from aimcore.facts import Answer, RepositoryListing, RepositoryTags
from aimcore.settings import Settings
from aimcore.testing.histories import Play
from aimctl_runtime.clock import SystemClock
from aimctl_runtime.observe.listing import TagLister
from aimctl_runtime.observe.secrets import SecretReader
from benchmarks.tag_server import REPOSITORIES, TAGS

AIM = "aim.eai.amd.com/v1alpha1"
CPU_BAR, MEMORY_BAR = 1.5, 30.0
MODELS, TEMPLATES = 500, 8
SOURCE = Key("AIMClusterModelSource", "", "source")


def run() -> bool:
    """Both parts; the first one in a process of its own, so that its memory can be told."""
    measured = subprocess.run([sys.executable, "-m", "benchmarks.catalogue"], check=False)
    return _steady() and measured.returncode == 0


# ---- tags -----------------------------------------------------------------------------------------------------------
def measure_tags() -> bool:
    """List and filter all tags, and plan the source."""
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.tag_server"],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    try:
        host = server.stdout.readline().strip() if server.stdout is not None else ""
        return asyncio.run(_measure(host))
    finally:
        server.terminate()
        server.wait()


async def _measure(host: str) -> bool:
    settings = Settings()
    want = RepositoryTags(host, "org/aim-*", settings.operator_namespace)
    table = Table(settings=settings)
    table.learn({
        "apiVersion": AIM, "kind": SOURCE.kind,
        "metadata": {"name": SOURCE.name, "uid": "source", "generation": 1},
        "spec": {"filters": [{"image": f"{host}/org/aim-*", "versions": [">=1.0.0", "<4.0.0"]}]},
    })  # fmt: skip
    async with aiohttp.ClientSession() as session:
        lister = TagLister(session, SecretReader(_NoApi()), SystemClock())
        make_plan(Snapshot(table, SystemClock().now(), settings), SOURCE)
        gc.collect()
        idle, start = _resident(), time.process_time()
        listing = await lister.tags(want)
        if not isinstance(listing, RepositoryListing):
            raise SystemExit(f"the registry could not be listed: {listing}")
        table.learn_answer(want, Answer(listing, SystemClock().now()))
        plan = make_plan(Snapshot(table, SystemClock().now(), settings), SOURCE)
        cpu, memory = time.process_time() - start, _megabytes("VmHWM") - idle
    print(  # noqa: T201
        f"catalogue: {len(listing.images):,} tags listed, {plan.status['availableModels']:,} match, "
        f"{len(plan.children)} models: {cpu:.2f} s CPU (bar {CPU_BAR}), {memory:.1f} MB (bar {MEMORY_BAR:.0f})"
    )
    is_complete = len(listing.images) == REPOSITORIES * TAGS
    return is_complete and cpu <= CPU_BAR and memory <= MEMORY_BAR


class _NoApi:
    """Nobody asks it: the filter names no secrets."""

    async def request(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("the API server is not asked")


def _resident() -> float:
    """The memory of this process, in MB; its peak is counted from here on."""
    Path("/proc/self/clear_refs").write_text("5")
    return _megabytes("VmRSS")


def _megabytes(row: str) -> float:
    found = re.search(rf"^{row}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


# ---- models ---------------------------------------------------------------------------------------------------------
def _steady() -> bool:
    """Custom models whose templates bring their sources: nothing but the catalogue itself is at work."""
    play = Play({"images": [{"image": "acme/base:1"}]})
    for number in range(MODELS):
        play.cluster.create(custom_model(f"model-{number}", TEMPLATES))
    start = time.perf_counter()
    play.driver.settle(limit=100_000)
    play.driver.run(play.world, play.clock.now + timedelta(minutes=5))
    seconds = time.perf_counter() - start
    ready = sum(o.get("status", {}).get("status") == "Ready" for o in play.cluster.objects("AIMModel"))
    written = sum(play.driver.writes.values())
    play.driver.writes.clear()
    play.driver.resync()
    start = time.perf_counter()
    play.driver.run(play.world, play.clock.now + timedelta(hours=12))
    looked = time.perf_counter() - start
    play.driver.restart()
    play.driver.run(play.world, play.clock.now + timedelta(minutes=5))
    idle = sum(play.driver.writes.values())
    print(  # noqa: T201
        f"catalogue: {MODELS} models × {TEMPLATES} templates, {ready} Ready: {written:,} writes ({seconds:.0f} s), "
        f"a resync ({looked:.1f} s), 12 hours and a restart: {idle} writes (bar 0)"
    )
    return ready == MODELS and idle == 0


def custom_model(name: str, templates: int) -> dict[str, Any]:
    """A custom model with so many templates."""
    variants = [{"name": f"variant-{n}", "env": [{"name": "N", "value": str(n)}]} for n in range(templates)]
    return {
        "apiVersion": AIM,
        "kind": "AIMModel",
        "metadata": {"name": name, "namespace": "ml-team"},
        "spec": {
            "image": "acme/base:1",
            "modelSources": [{"modelId": "acme/demo", "sourceUri": "hf://acme/demo", "size": "1Gi"}],
            "custom": {"hardware": {"gpu": {"requests": 1, "model": "MI300X"}}},
            "customTemplates": variants,
        },
    }


if __name__ == "__main__":
    sys.exit(0 if measure_tags() else 1)
