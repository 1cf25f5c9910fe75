"""A local cluster with the controller at work on it, in one process and one event loop.

1. The controller talks to the cluster over HTTP on the loopback address, as it would to any other.
2. World and controller share one clock.
3. Files are checked as a whole before the first object is applied.
4. A session ends like a process: a running round finishes its write, connections are closed, no task is left.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import TaskGroup, TaskStatus

from aimcore.facts import ImageLabels, PodLog, RepositoryTags, SecretExists
from aimcore.resource import Key
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import ApiError, PatchType
from aimcore.simulation.settings import WorldSettings, WorldSettingsError
from aimcore.testing.answers import answer_of
from aimctl_runtime.cli import Problem
from aimctl_runtime.cli.documents import Document, refusal
from aimctl_runtime.cli.scaled_clock import ScaledClock
from aimctl_runtime.client import connect
from aimctl_runtime.controller import Controller
from aimctl_runtime.local.kubeconfig import write_kubeconfig
from aimctl_runtime.local.server import LocalCluster
from aimctl_runtime.log import Log, Output
from aimctl_runtime.metrics import Meter, MeteredClient, SilentMeter
from aimctl_runtime.scopes import background, closing
from aimctl_runtime.settings import RuntimeSettings

APPLIER = "aimctl"
PATIENCE = 1.0
"""Seconds for running rounds at the end: the server is near."""


class Session:
    """The running pair. `applied` are the keys of the objects from files, in order. `controller` is the one that works
    now; `meter` measures all of them.
    """

    controller: Controller

    def __init__(self, local: LocalCluster, kubeconfig: Path, tasks: TaskGroup, meter: Meter, log: Log) -> None:
        self.local = local
        self.applied: list[Key] = []
        self._kubeconfig = kubeconfig
        self._tasks = tasks
        self._meter = meter
        self._log = log
        self._ended = anyio.Event()

    async def start_controller(self) -> None:
        """Start a controller with empty memory. Returns once it works."""
        await self._tasks.start(self._run_controller)

    async def restart_controller(self) -> None:
        """End the controller and start another, as an upgrade does."""
        self.controller.stop()
        await self._ended.wait()
        await self.start_controller()

    async def _run_controller(self, *, task_status: TaskStatus[None]) -> None:
        ended = self._ended = anyio.Event()
        try:
            async with closing(await connect(str(self._kubeconfig))) as client:
                self.controller = Controller(
                    MeteredClient(client, self._meter),
                    RuntimeSettings(identity="aimctl-up"),
                    clock=ScaledClock(self.local.clock, lambda: self.local.speed),
                    log=self._log,
                    observers=dict.fromkeys((ImageLabels, PodLog, RepositoryTags, SecretExists), self._observe),
                    meter=self._meter,
                    patience=PATIENCE,
                )
                await self.controller.run(task_status=task_status)
        finally:
            ended.set()

    async def _observe(self, want: Any) -> object:
        return answer_of(self.local.world, want)

    def apply(self, documents: Sequence[Document]) -> None:
        """Apply all objects, or none: every one is tried dry first. Raises `Problem` with file and line."""
        for document in documents:
            self._patch(document, dry_run=True)
        self.applied += [self._patch(document, dry_run=False) for document in documents]

    def _patch(self, document: Document, *, dry_run: bool) -> Key:
        given = document.object
        cluster = self.local.cluster
        metadata = {k: v for k, v in given["metadata"].items() if k != "namespace" or v}
        try:
            if cluster.type_of(given["kind"]).kind.namespaced:
                metadata.setdefault("namespace", "default")
                self._make_namespace(metadata["namespace"])
            key = Key(given["kind"], metadata.get("namespace", ""), metadata["name"])
            body = {**given, "metadata": metadata}
            cluster.patch(key, body, PatchType.APPLY, manager=APPLIER, force=True, dry_run=dry_run)
        except ApiError as error:
            raise refusal(document, error.body) from error
        return key

    def _make_namespace(self, name: str) -> None:
        if self.local.cluster.peek("Namespace", "", name) is None:
            self.local.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def services(self) -> Iterator[dict[str, Any]]:
        """All AIMServices, by namespace and name."""
        return self.local.cluster.objects("AIMService")


@asynccontextmanager
async def session(
    world: WorldSettings,
    *,
    speed: float,
    kubeconfig: Path,
    port: int = 0,
    log_level: str = "error",
    meter: Meter | None = None,
) -> AsyncIterator[Session]:
    """A session that lives as long as the block. Writes the kubeconfig once the server answers."""
    clock = Clock(datetime.now(UTC).replace(microsecond=0))
    log = Log(Output(verbosity=-1 if log_level == "error" else 0, encoder="console"))
    async with AsyncExitStack() as exits:
        try:
            local = await exits.enter_async_context(LocalCluster(world, clock=clock, speed=speed, port=port))
        except WorldSettingsError as error:
            raise Problem(str(error)) from error
        except OSError as error:
            raise Problem(
                f"port {port} of 127.0.0.1 cannot be used: {error.strerror}; choose another with --port"
            ) from error
        write_kubeconfig(kubeconfig, local.url)
        tasks = await exits.enter_async_context(background())
        running = Session(local, kubeconfig, tasks, meter or SilentMeter(), log)
        await running.start_controller()
        yield running
