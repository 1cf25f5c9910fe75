"""The API server with its cluster and its world: what a real cluster keeps when its server is started anew.

1. Objects, versions and history stay in the cluster, as in etcd; watches die with the server. An outage may cost the
   history too, so that whoever resumes a watch gets a 410.
2. A server that starts again listens at the same port. Its world starts again too, with empty memory.
3. While it is down the proxies before it are down: connections are refused.
4. Time is the machine's; the world is fast because everything in it takes a moment only (`DELAYS`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Never, Protocol

import anyio
from anyio.abc import TaskStatus

from aimcore.simulation.clock import Clock
from aimcore.simulation.settings import WorldSettings
from aimctl_runtime.local.exchange import Answer, Request
from aimctl_runtime.local.server import LocalCluster
from aimctl_runtime.scopes import background

from .cluster import new_cluster

MOMENT = 0.2
DELAYS: Mapping[str, float] = dict.fromkeys(
    (
        "schedule", "pull", "start", "ready", "crash", "discovery", "checkSize", "download", "verify", "jobLag",
        "provision", "collect", "namespace", "gateway", "kserve", "keda", "hpa",
    ),
    MOMENT,
)  # fmt: skip


class Gate(Protocol):
    """The way to the server, that can be shut."""

    def go_down(self) -> None: ...
    def come_up(self) -> None: ...


class Backend:
    """See the rules above. `observers` are told of every request and its answer, in each life of the server;
    `before_compaction` is called before the history goes.
    """

    def __init__(self, settings: WorldSettings) -> None:
        self.cluster = new_cluster(Clock(datetime.now(UTC)))
        self.gates: list[Gate] = []
        self.observers: list[Callable[[Request, Answer], None]] = []
        self.before_compaction: list[Callable[[], Any]] = []
        self.local = LocalCluster(settings, clock=self.cluster.clock, cluster=self.cluster)
        self._settings = settings
        self._stop = anyio.Event()
        self._outage, self._loses_history = 0.0, False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Backend]:
        """Serve while the block runs."""
        async with background() as tasks:
            await tasks.start(self._run)
            yield self

    @property
    def port(self) -> int:
        return self.local.port

    def stop(self, seconds: float, *, compacted: bool) -> None:
        """Stop the server now, and start it again after some seconds."""
        self._outage, self._loses_history = seconds, compacted
        self._stop.set()

    async def _run(self, *, task_status: TaskStatus[None]) -> Never:
        async with self.local:
            task_status.started()
            await self._live()
        while True:
            await anyio.sleep(self._outage)
            if self._loses_history:
                for look in self.before_compaction:
                    look()
                self.cluster.compact()
            self.cluster.clock.set(datetime.now(UTC))
            clock, port = self.cluster.clock, self.port
            self.local = LocalCluster(self._settings, clock=clock, port=port, cluster=self.cluster)
            async with self.local:
                await self._live()

    async def _live(self) -> None:
        """One life of the server."""
        self.local.observers = self.observers
        self._stop = anyio.Event()
        for gate in self.gates:
            gate.come_up()
        await self._stop.wait()
        for gate in self.gates:
            gate.go_down()
