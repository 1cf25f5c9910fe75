"""A local cluster with the controller at work on it, in one process and one event loop.

1. The controller talks to the cluster over HTTP on the loopback address, as it would to any other.
2. World and controller share one clock.
3. Files are checked as a whole before the first object is applied.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aimcore.facts import ImageLabels, PodLog, RepositoryTags, SecretExists
from aimcore.resource import Key
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import ApiError, PatchType
from aimcore.simulation.settings import WorldSettings
from aimcore.testing.answers import answer_of
from aimctl_runtime.app import Controller
from aimctl_runtime.cli import Problem
from aimctl_runtime.cli.documents import Document, refusal
from aimctl_runtime.cli.scaled_clock import ScaledClock
from aimctl_runtime.client import connect
from aimctl_runtime.local.kubeconfig import write_kubeconfig
from aimctl_runtime.local.server import LocalCluster
from aimctl_runtime.log import Log, Output
from aimctl_runtime.settings import RuntimeSettings

APPLIER = "aimctl"


class Session:
    """The running pair. `applied` are the keys of the objects from files, in order."""

    def __init__(self, local: LocalCluster, controller: Controller) -> None:
        self.local = local
        self.controller = controller
        self.applied: list[Key] = []

    def apply(self, documents: Sequence[Document]) -> None:
        """Apply all objects, or none: every one is tried dry first. Raises `Problem` with file and line."""
        for document in documents:
            self._patch(document, dry_run=True)
        self.applied += [self._patch(document, dry_run=False) for document in documents]

    def _patch(self, document: Document, *, dry_run: bool) -> Key:
        given = document.object
        cluster = self.local.cluster
        metadata = dict(given["metadata"])
        if cluster.type_of(given["kind"]).kind.namespaced:
            metadata.setdefault("namespace", "default")
            self._make_namespace(metadata["namespace"])
        key = Key(given["kind"], metadata.get("namespace", ""), metadata["name"])
        body = {**given, "metadata": metadata}
        try:
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
    world: WorldSettings, *, speed: float, kubeconfig: Path, port: int = 0, log_level: str = "error"
) -> AsyncIterator[Session]:
    """A session that lives as long as the block. Writes the kubeconfig once the server answers."""
    clock = Clock(datetime.now(UTC).replace(microsecond=0))
    try:
        local = LocalCluster(world, clock=clock, speed=speed, port=port)
        await local.__aenter__()
    except OSError as error:
        raise Problem(f"port {port} of 127.0.0.1 cannot be used: {error.strerror}; choose another with --port") from error
    try:
        write_kubeconfig(kubeconfig, local.url)
        client = await connect(str(kubeconfig))
        controller = Controller(
            client,
            RuntimeSettings(identity="aimctl-up"),
            clock=ScaledClock(clock, lambda: local.speed),
            log=Log(Output(verbosity=-1 if log_level == "error" else 0, encoder="console")),
            observers={kind: _observer(local) for kind in (ImageLabels, PodLog, RepositoryTags, SecretExists)},
        )
        controller.start()
        await controller.has_synced()
        working = asyncio.create_task(controller.work())
        try:
            yield Session(local, controller)
        finally:
            await controller.close(patience=1.0)
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await client.close()
    finally:
        await local.__aexit__(None, None, None)


def _observer(local: LocalCluster) -> Any:
    async def observe(want: Any) -> object:
        return answer_of(local.world, want)

    return observe
