"""A session: a local cluster and its controller, in one process."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from aimcore.simulation.settings import WorldSettings
from aimctl_runtime import scopes
from aimctl_runtime.app import controller_names
from aimctl_runtime.cli import Problem
from aimctl_runtime.cli.demo import PLATFORM, QUICK_START
from aimctl_runtime.cli.documents import load_documents
from aimctl_runtime.cli.render import known_kinds
from aimctl_runtime.cli.session import Session, session
from aimctl_runtime.cli.tables import is_running
from aimctl_runtime.metrics import PrometheusMeter

READS = frozenset({"get", "list", "watch"})


def writes(running: Session) -> int:
    return sum(n for call, n in running.local.calls.items() if call.verb not in READS)


async def simulated(running: Session, seconds: float) -> None:
    """Let simulated time pass."""
    start = running.local.clock.now
    while (running.local.clock.now - start).total_seconds() < seconds:
        await anyio.sleep(0.01)


def test_a_restarted_controller_finds_everything_as_it_wants_it(tmp_path: Path):
    meter = PrometheusMeter(controller_names(), workers=4)

    async def claim() -> None:
        kubeconfig = tmp_path / "kubeconfig"
        async with session(WorldSettings.read({}), speed=100.0, kubeconfig=kubeconfig, meter=meter) as running:
            running.apply(load_documents([str(PLATFORM), str(QUICK_START)], known_kinds()))
            with anyio.fail_after(60):
                while not all(is_running(s) for s in running.services()):
                    await anyio.sleep(0.02)
            await simulated(running, 60)
            before, first = writes(running), running.controller
            await running.restart_controller()
            await simulated(running, 120)
            assert running.controller is not first
            assert first.queue.is_running is False
            assert writes(running) == before

    scopes.run(claim)
    assert b'workqueue_depth{controller="service",name="service",priority=""} 0.0' in meter.exposition()


def test_what_is_raised_in_a_session_comes_out_as_it_is(tmp_path: Path):
    async def claim() -> None:
        async with session(WorldSettings.read({}), speed=1.0, kubeconfig=tmp_path / "kubeconfig") as running:
            other = session(WorldSettings.read({}), speed=1.0, kubeconfig=tmp_path / "other", port=running.local.port)
            await other.__aenter__()

    with pytest.raises(Problem, match=r"port \d+ of 127.0.0.1 cannot be used: .*; choose another with --port"):
        scopes.run(claim)


def test_objects_go_where_they_say_and_to_the_default_namespace_otherwise(tmp_path: Path):
    file = tmp_path / "objects.yaml"
    aim = "apiVersion: aim.eai.amd.com/v1alpha1\n"
    file.write_text(
        f"{aim}kind: AIMClusterRuntimeConfig\nmetadata: {{name: default}}\nspec: {{}}\n---\n"
        f"{aim}kind: AIMRuntimeConfig\nmetadata: {{name: here}}\nspec: {{}}\n---\n"
        f"{aim}kind: AIMRuntimeConfig\nmetadata: {{name: there, namespace: new}}\nspec: {{}}\n"
    )

    async def claim() -> None:
        async with session(WorldSettings.read({}), speed=1.0, kubeconfig=tmp_path / "kubeconfig") as running:
            running.apply(load_documents([str(file)], known_kinds()))
            assert [(key.namespace, key.name) for key in running.applied] == [
                ("", "default"), ("default", "here"), ("new", "there"),
            ]  # fmt: skip
            file.write_text(f"{aim}kind: AIMService\nmetadata: {{name: s, namespace: new}}\nspec: {{}}\n")
            with pytest.raises(Problem, match=r"objects.yaml:1: AIMService s: spec.model: Required value"):
                running.apply(load_documents([str(file)], known_kinds()))
            assert list(running.services()) == []

    scopes.run(claim)
