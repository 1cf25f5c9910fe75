"""The controller without a process, to be embedded: a client, a clock and a desk in, plans carried out.

1. Workers start once every watched kind has given its first verdict (listed, forbidden, not installed, unreachable):
   what is missing stops only what needs it.
2. However the controller ends – stopped, cancelled, by a worker that failed – running rounds have `patience` seconds.
   What they lean on (watches, the desk, the client) ends after them, and no task outlives its block.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Never, Self

import anyio
from anyio.abc import TaskStatus

from aimcore import dispatch
from aimcore.plan import Plan
from aimcore.resource import Key
from aimcore.snapshot import Snapshot
from aimctl_runtime.apply import Writer
from aimctl_runtime.clock import Clock, SystemClock, pause
from aimctl_runtime.herald import Herald
from aimctl_runtime.log import Log
from aimctl_runtime.metrics import Meter, SilentMeter
from aimctl_runtime.observe.desk import AnsweringDesk, Observe
from aimctl_runtime.queue import Queue
from aimctl_runtime.recorder import Recorder
from aimctl_runtime.reflector import Reflector
from aimctl_runtime.scopes import background, joined
from aimctl_runtime.settings import RuntimeSettings
from aimctl_runtime.store import Store
from aimctl_runtime.transport import Client
from aimctl_runtime.watched import Watched, watched_kinds
from aimctl_runtime.worker import Worker

SHUTDOWN_SECONDS = 5.0
"""The pod has ten."""


class Controller:
    """Everything between a client and the plans: `run` it in a task group, or use `async with controller.running()`.
    `patience` is in seconds.
    """

    def __init__(
        self,
        client: Client,
        settings: RuntimeSettings,
        *,
        clock: Clock | None = None,
        log: Log | None = None,
        observers: Mapping[type, Observe] | None = None,
        meter: Meter | None = None,
        deadline: Callable[[], float | None] = lambda: None,
        watched: Sequence[Watched] | None = None,
        planned: Collection[str] = tuple(dispatch.PLANNERS),
        make_plan: Callable[[Snapshot, Key], Plan] = dispatch.make_plan,
        patience: float = SHUTDOWN_SECONDS,
    ) -> None:
        self._settings = settings
        self.clock = clock or SystemClock()
        self.log = log or Log()
        meter = meter or SilentMeter()
        self.queue = Queue(self.clock, meter)
        self.store = Store(self.queue.add, planned=planned, settings=settings.core)
        self.desk = AnsweringDesk(observers or {}, self.store.learn_answer, self.clock, self.log)
        writer = Writer(client, self.store, self.clock, deadline)
        recorder = Recorder(client, self.clock, self.log, settings.identity)
        self.worker = Worker(
            self.store, self.queue, writer, recorder, self.desk, self.clock, self.log, meter=meter, make_plan=make_plan
        )  # fmt: skip
        rows = watched or watched_kinds(dedicated_accounts=settings.core.dedicated_download_accounts)
        herald = Herald(self.log)
        self.reflectors = [Reflector(row, client, self.store, self.clock, self.log, herald) for row in rows]
        self._patience = patience
        self._stopped = anyio.Event()

    async def run(
        self,
        may_work: Callable[[], Awaitable[None]] | None = None,
        *,
        task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        """Watch; after the first sync, once `may_work` has returned, plan and write, until stopped or cancelled. Once
        only. `task_status` is told when the workers start. Raises what ends a worker, such as NotLeadingError.
        """
        shelter = anyio.CancelScope(shield=True)
        async with background() as whole:
            whole.start_soon(self._live, shelter, may_work, task_status)
            try:
                await self._stopped.wait()
            finally:  # rule 2
                self.queue.close()
                shelter.deadline = anyio.current_time() + (self._patience if self.queue.is_running else 0.0)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Work while the block runs; it begins when the workers start."""
        async with background() as tasks:
            await tasks.start(self.run)
            yield self

    def stop(self) -> None:
        """Have `run` end."""
        self._stopped.set()

    async def has_synced(self) -> None:
        """Return once every kind has given its first verdict. Rule 1."""
        for reflector in self.reflectors:
            await reflector.first.wait()

    async def _live(
        self,
        shelter: anyio.CancelScope,
        may_work: Callable[[], Awaitable[None]] | None,
        task_status: TaskStatus[None],
    ) -> None:
        """The workers, and around them what they lean on."""
        with shelter:
            async with background() as rooms:
                await rooms.start(self.desk.run)
                rooms.start_soon(self.queue.keep_time)
                for reflector in self.reflectors:
                    rooms.start_soon(reflector.run)
                await self.has_synced()
                if may_work is not None:
                    await may_work()
                self.log.named("setup").info("starting workers", workers=self._settings.workers)
                rooms.start_soon(self._resync)
                task_status.started()
                async with joined() as workers:
                    for _ in range(self._settings.workers):
                        workers.start_soon(self.worker.run)

    async def _resync(self) -> Never:
        while True:
            await pause(self.clock, self._settings.resync)
            self.store.wake_all()
