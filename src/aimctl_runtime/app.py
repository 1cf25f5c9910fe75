"""The controller, put together: watch, plan, write; and the process around it.

1. `Controller` is the whole without a process: it takes a client, a clock and a desk, and can be embedded.
2. Workers start once every watched kind has given its first verdict (listed, forbidden, not installed, unreachable):
   what is missing stops only what needs it.
3. With leader election the picture is kept warm by candidates; workers start only with the lease. Losing it ends the
   process.
4. SIGTERM and SIGINT end cleanly: running rounds finish their write, then the lease is released.
5. However the controller ends – stopped, cancelled, by a worker that failed – running rounds have `patience` seconds.
   What they lean on (watches, the desk, the client) ends after them, and no task outlives its block.
"""

from __future__ import annotations

import gc
import signal
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Never, Self

import anyio
from anyio.abc import TaskStatus

from aimcore import dispatch
from aimcore.facts import ImageLabels, PodLog, RepositoryTags, SecretExists
from aimcore.labels import CONTROLLERS
from aimcore.plan import Plan
from aimcore.resource import Key
from aimcore.snapshot import Snapshot
from aimctl_runtime.apply import NotLeadingError, Writer
from aimctl_runtime.clock import Clock, SystemClock, pause
from aimctl_runtime.herald import Herald
from aimctl_runtime.leader import LeaderThread
from aimctl_runtime.log import Log, Output, threshold
from aimctl_runtime.metrics import Meter, MeteredClient, PrometheusMeter, SilentMeter
from aimctl_runtime.observe.desk import AnsweringDesk, Observe, Telling
from aimctl_runtime.queue import Queue
from aimctl_runtime.recorder import Recorder
from aimctl_runtime.reflector import Reflector
from aimctl_runtime.scopes import background, closing, joined
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
            finally:  # rule 5
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
        """Return once every kind has given its first verdict. Rule 2."""
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


@asynccontextmanager
async def observers_of(
    client: Client, clock: Clock, docker_config: Path | None = None
) -> AsyncIterator[Mapping[type, Observe]]:
    """The observers of a real cluster: registries over HTTP, pod logs and secrets over the API."""
    import aiohttp

    from aimctl_runtime.observe.listing import TagLister
    from aimctl_runtime.observe.pod_logs import PodLogReader
    from aimctl_runtime.observe.registry import ImageInspector
    from aimctl_runtime.observe.secrets import SecretReader

    secrets = SecretReader(client, docker_config)
    async with closing(aiohttp.ClientSession(trust_env=True)) as session:
        yield {
            ImageLabels: ImageInspector(session, secrets, clock).labels,
            RepositoryTags: Telling(TagLister(session, secrets, clock).tags),
            PodLog: PodLogReader(client).read,
            SecretExists: secrets.exists,
        }


def log_of(settings: RuntimeSettings) -> Log:
    """The log that the settings ask for."""
    verbosity = threshold(settings.log_level)
    output = Output(
        verbosity=0 if verbosity is None else verbosity,
        encoder=settings.encoder,
        time_encoding=settings.zap_time_encoding,
    )
    return Log(output)


async def run(settings: RuntimeSettings, connect: Callable[[], Awaitable[Client]], *, log: Log | None = None) -> int:
    """Run the controller as a process until a signal or the loss of the lease. Answers with the exit code.

    `connect` makes a client; it is called once more, in a thread, for leader election. Raises what `connect` raises,
    and StartError.
    """
    from aimctl_runtime.serving import serving

    log = log or log_of(settings)
    setup, clock, error = log.named("setup"), SystemClock(), ""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        raw = await connect()
        meter = _meter(settings, str(getattr(raw, "host", "")))
        async with closing(MeteredClient(raw, meter)) as client, serving(settings, client, clock, log, meter):
            setup.info("starting manager")
            try:
                async with observers_of(client, clock, settings.docker_config) as observers:
                    leader = _leader(settings, connect, log)
                    controller = Controller(
                        client, settings, clock=clock, log=log, observers=observers, meter=meter,
                        deadline=leader.tenure.deadline if leader else lambda: None,
                    )  # fmt: skip
                    await _work(controller, leader, signals, meter)
            except* NotLeadingError:
                error = "leader election lost"
            except* Exception as problems:  # noqa: BLE001  (the last resort: told, and the exit code says it)
                error = "; ".join(dict.fromkeys(str(one) for one in _each(problems)))
                setup.debug("the problem in full", stack="".join(traceback.format_exception(problems)))
    if error:
        setup.error("problem running manager", error=error)
    return 1 if error else 0


async def _work(
    controller: Controller, leader: LeaderThread | None, signals: AsyncIterator[signal.Signals], meter: Meter
) -> None:
    leading, term = anyio.Event(), anyio.CancelScope(shield=True)

    async def may_work() -> None:
        # The picture stays: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        if leader is not None:
            await leading.wait()

    def led() -> None:
        meter.leading(is_leader=True)
        leading.set()

    async with background() as tasks:
        tasks.start_soon(_stop_on_signal, controller, signals)
        if leader is not None:
            tasks.start_soon(_lead, leader, led, term, meter)
        try:
            await controller.run(may_work)
        finally:
            term.cancel()  # only now, after the last write, is the lease released: rule 4


async def _stop_on_signal(controller: Controller, signals: AsyncIterator[signal.Signals]) -> None:
    async for _ in signals:
        controller.log.named("setup").info("stopping")
        controller.stop()


async def _lead(leader: LeaderThread, led: Callable[[], None], term: anyio.CancelScope, meter: Meter) -> None:
    """Hold the lease until the end of the term. Raises NotLeadingError when it is lost earlier."""
    with term:
        try:
            await leader.run(led)
        finally:
            meter.leading(is_leader=False)
        raise NotLeadingError("leader election lost")


def _each(problems: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The exceptions of a group and of the groups in it."""
    for problem in problems.exceptions:
        if isinstance(problem, BaseExceptionGroup):
            yield from _each(problem)
        else:
            yield problem


def _leader(settings: RuntimeSettings, connect: Callable[[], Awaitable[Client]], log: Log) -> LeaderThread | None:
    """The elector, if one is wanted."""
    if not settings.leader_elect:
        return None
    return LeaderThread(connect, settings.core.operator_namespace, settings.identity, log)


def _meter(settings: RuntimeSettings, host: str) -> Meter:
    if settings.metrics_bind_address == "0":
        return SilentMeter()
    return PrometheusMeter(controller_names(), workers=settings.workers, host=host.split("://", 1)[-1])


def controller_names() -> dict[str, str]:
    """The name that metrics know each kind's controller by."""
    return {kind: controller.name for kind, controller in CONTROLLERS.items()}
