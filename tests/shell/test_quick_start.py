"""The guide's Quick Start over real HTTP: the whole controller, the whole simulated world, in fast motion."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import anyio

from aimcore.facts import ImageLabels
from aimcore.resource import Key
from aimcore.simulation.clock import Clock
from aimcore.simulation.settings import WorldSettings
from aimcore.testing.answers import answer_of
from aimctl_runtime import scopes
from aimctl_runtime.app import observers_of
from aimctl_runtime.cli.scaled_clock import ScaledClock
from aimctl_runtime.client import connect
from aimctl_runtime.controller import Controller
from aimctl_runtime.local.kubeconfig import write_kubeconfig
from aimctl_runtime.local.server import LocalCluster
from aimctl_runtime.log import Log, Output
from aimctl_runtime.scopes import closing
from aimctl_runtime.settings import RuntimeSettings

from .doubles import START

SPEED = 60.0
SERVICE = {
    "apiVersion": "aim.eai.amd.com/v1alpha1",
    "kind": "AIMService",
    "metadata": {"name": "qwen", "namespace": "default"},
    "spec": {"model": {"image": "amdenterpriseai/aim-qwen-qwen3-32b:0.8.5"}},
}


def ready(local: LocalCluster) -> bool:
    status = local.cluster.get(Key("AIMService", "default", "qwen")).get("status", {})
    return status.get("status") == "Running"


def writes(local: LocalCluster) -> int:
    return sum(n for call, n in local.calls.items() if call.verb not in ("get", "list", "watch"))


def test_the_quick_start_ends_running_and_then_nothing_is_written(tmp_path: Path):
    async def claim() -> None:
        lines = io.StringIO()
        async with LocalCluster(WorldSettings.read({}), clock=Clock(START), speed=SPEED) as local:
            write_kubeconfig(tmp_path / "kubeconfig", local.url)
            client = await connect(str(tmp_path / "kubeconfig"))
            clock = ScaledClock(local.clock, lambda: SPEED)
            async with closing(client), observers_of(client, clock) as observers:

                async def labels(want: ImageLabels) -> Any:
                    return answer_of(local.world, want)

                log = Log(Output(stream=lines, clock=clock))
                controller = Controller(
                    client, RuntimeSettings(), log=log, clock=clock, observers={**observers, ImageLabels: labels}
                )
                async with controller.running():
                    local.cluster.create(SERVICE)
                    with anyio.fail_after(30):
                        while not ready(local):
                            await anyio.sleep(0.02)
                    await anyio.sleep(60 / SPEED)
                    before = writes(local)
                    await anyio.sleep(60 / SPEED)
                    assert writes(local) == before
                    assert ready(local)
        assert "fault of the controller" not in lines.getvalue(), lines.getvalue()

    scopes.run(claim)
