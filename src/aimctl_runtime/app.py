"""The controller, put together: watch, plan, write; and the process around it.

1. `Controller` is the whole without a process: it takes a client, a clock and a desk, and can be embedded.
2. Workers start once every watched kind has given its first verdict (listed, forbidden, not installed, unreachable):
   what is missing stops only what needs it.
3. With leader election the picture is kept warm by candidates; workers start only with the lease. Losing it ends the
   process.
4. SIGTERM and SIGINT end cleanly: running rounds finish their write, then the lease is released.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

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
from aimctl_runtime.observe.desk import AnsweringDesk, Observe
from aimctl_runtime.queue import Queue
from aimctl_runtime.recorder import Recorder
from aimctl_runtime.reflector import Reflector
from aimctl_runtime.settings import RuntimeSettings
from aimctl_runtime.store import Store
from aimctl_runtime.transport import Client
from aimctl_runtime.watched import Watched, watched_kinds
from aimctl_runtime.worker import Worker

SHUTDOWN_SECONDS = 5.0
"""The pod has ten."""


class StartError(Exception):
    """The process cannot start as it is configured. The message is a sentence that names the flag."""


class Controller:
    """Everything between a client and the plans. `start` watches, `work` plans and writes, `close` ends both."""

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
        self._tasks: list[asyncio.Task[None]] = []
        self._workers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start to watch."""
        loop = asyncio.get_running_loop()
        self._tasks += [loop.create_task(reflector.run()) for reflector in self.reflectors]

    async def has_synced(self) -> None:
        """Return once every kind has given its first verdict. Rule 2."""
        await asyncio.gather(*(reflector.first.wait() for reflector in self.reflectors))

    async def work(self) -> None:
        """Plan and write until closed. Raises what ends a worker, such as NotLeadingError."""
        loop = asyncio.get_running_loop()
        self.log.named("setup").info("starting workers", workers=self._settings.workers)
        self._tasks.append(loop.create_task(self._resync()))
        self._workers = [loop.create_task(self.worker.run()) for _ in range(self._settings.workers)]
        await asyncio.gather(*self._workers)

    async def close(self, patience: float = SHUTDOWN_SECONDS) -> None:
        """End cleanly: running rounds have `patience` seconds to finish."""
        self.queue.close()
        if self._workers:
            _, late = await asyncio.wait(self._workers, timeout=patience)
            for task in late:
                task.cancel()
        for task in self._tasks:
            task.cancel()
        await self.desk.close()
        await asyncio.gather(*self._tasks, *self._workers, return_exceptions=True)

    async def _resync(self) -> None:
        while True:
            await pause(self.clock, self._settings.resync)
            self.store.wake_all()


@asynccontextmanager
async def observers_of(client: Client, clock: Clock) -> AsyncIterator[Mapping[type, Observe]]:
    """The observers of a real cluster: registries over HTTP, pod logs and secrets over the API."""
    import aiohttp

    from aimctl_runtime.observe.listing import TagLister
    from aimctl_runtime.observe.pod_logs import PodLogReader
    from aimctl_runtime.observe.registry import ImageInspector
    from aimctl_runtime.observe.secrets import SecretReader

    secrets = SecretReader(client)
    async with aiohttp.ClientSession(trust_env=True) as session:
        yield {
            ImageLabels: ImageInspector(session, secrets, clock).labels,
            RepositoryTags: TagLister(session, secrets, clock).tags,
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

    `connect` makes a client; it is called once more, in a thread, for leader election.
    """
    log = log or log_of(settings)
    setup, clock, loop = log.named("setup"), SystemClock(), asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    raw = await connect()
    meter = _meter(settings, str(getattr(raw, "host", "")))
    client: Client = MeteredClient(raw, meter)
    async with contextlib.AsyncExitStack() as exits:
        exits.push_async_callback(client.close)
        await _serve(settings, client, clock, log, meter, exits)
        setup.info("starting manager")
        observers = await exits.enter_async_context(observers_of(client, clock))
        leader, leading = _leader(settings, connect, log, meter, stop, loop)
        controller = Controller(
            client, settings, clock=clock, log=log, observers=observers, meter=meter,
            deadline=leader.tenure.deadline if leader else lambda: None,
        )  # fmt: skip
        controller.start()
        if leader:
            leader.start()
        main = loop.create_task(_work(controller, leading))
        stopping = loop.create_task(stop.wait())
        await asyncio.wait({main, stopping}, return_when=asyncio.FIRST_COMPLETED)
        setup.info("stopping")
        await controller.close()
        stopping.cancel()
        main.cancel()
        (problem,) = await asyncio.gather(main, return_exceptions=True)
        lost = leader is not None and leader.tenure.is_lost
        if leader:
            await asyncio.to_thread(leader.stop)
        if isinstance(problem, Exception) and not isinstance(problem, NotLeadingError):
            setup.error("problem running manager", error=str(problem))
            return 1
        if lost or isinstance(problem, NotLeadingError):
            setup.error("problem running manager", error="leader election lost")
            return 1
        return 0


async def _work(controller: Controller, leading: asyncio.Event) -> None:
    await controller.has_synced()
    # The picture stays: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    await leading.wait()
    await controller.work()


def _meter(settings: RuntimeSettings, host: str) -> Meter:
    if settings.metrics_bind_address == "0":
        return SilentMeter()
    names = {kind: controller.name for kind, controller in CONTROLLERS.items()}
    return PrometheusMeter(names, workers=settings.workers, host=host.split("://", 1)[-1])


def _leader(
    settings: RuntimeSettings,
    connect: Callable[[], Awaitable[Client]],
    log: Log,
    meter: Meter,
    stop: asyncio.Event,
    loop: asyncio.AbstractEventLoop,
) -> tuple[LeaderThread | None, asyncio.Event]:
    """The elector, if one is wanted, and the event that says that we may work."""
    leading = asyncio.Event()
    if not settings.leader_elect:
        leading.set()
        return None, leading

    def led() -> None:
        meter.leading(is_leader=True)
        loop.call_soon_threadsafe(leading.set)

    def lost() -> None:
        meter.leading(is_leader=False)
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself
            loop.call_soon_threadsafe(stop.set)

    namespace = settings.core.operator_namespace
    return LeaderThread(connect, namespace, settings.identity, log, on_leading=led, on_lost=lost), leading


async def _serve(
    settings: RuntimeSettings, client: Client, clock: Clock, log: Log, meter: Meter, exits: contextlib.AsyncExitStack
) -> None:
    """Start the probes and the metrics that are asked for."""
    from aimctl_runtime.health import Guard, serve_metrics, serve_probes

    if settings.health_probe_bind_address != "0":
        with _named("health-probe-bind-address", settings.health_probe_bind_address):
            probes = await serve_probes(settings.health_probe_bind_address)
        exits.push_async_callback(probes.close)
    if not isinstance(meter, PrometheusMeter):
        return
    context, guard = None, None
    if settings.metrics_secure:
        log.named("setup").info("disabling http/2")
        context, guard = _certificate(settings, clock, log, exits), Guard(client, clock, log)
    with _named("metrics-bind-address", settings.metrics_bind_address):
        metrics = await serve_metrics(settings.metrics_bind_address, meter.exposition, guard, context)
    exits.push_async_callback(metrics.close)


@contextlib.contextmanager
def _named(flag: str, value: str) -> Iterator[None]:
    """Say which flag it was, when the machine refuses."""
    try:
        yield
    except OSError as problem:
        raise StartError(f"--{flag}={value} cannot be used: {problem.strerror or problem}. Give another.") from problem


def _certificate(settings: RuntimeSettings, clock: Clock, log: Log, exits: contextlib.AsyncExitStack) -> ssl.SSLContext:
    from aimctl_runtime.health import CertificateFiles, self_signed_context

    if not settings.metrics_cert_path:
        return self_signed_context(settings.identity or "localhost", clock)
    with _named("metrics-cert-path", settings.metrics_cert_path):
        files = CertificateFiles(settings.metrics_cert_path, settings.metrics_cert_name, settings.metrics_cert_key, log)

    async def keep_fresh() -> None:
        while True:
            await pause(clock, 10.0)
            files.refresh()

    exits.callback(asyncio.get_running_loop().create_task(keep_fresh()).cancel)
    return files.context
