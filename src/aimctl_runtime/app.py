"""The process around the controller: start, lease, signals, exit code.

1. With leader election the picture is kept warm by candidates; workers start only with the lease. Losing it ends the
   process.
2. SIGTERM and SIGINT end cleanly: running rounds finish their write, then the lease is released.
"""

from __future__ import annotations

import gc
import signal
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from aimcore.facts import ImageLabels, PodLog, RepositoryTags, SecretExists
from aimcore.vocabulary import CONTROLLERS
from aimctl_runtime.apply import NotLeadingError
from aimctl_runtime.clock import Clock, SystemClock
from aimctl_runtime.controller import Controller
from aimctl_runtime.leader import LeaderThread
from aimctl_runtime.log import Log, Output, threshold
from aimctl_runtime.metrics import Meter, MeteredClient, PrometheusMeter, SilentMeter
from aimctl_runtime.observe.desk import Observe, Telling
from aimctl_runtime.scopes import background, closing
from aimctl_runtime.settings import RuntimeSettings
from aimctl_runtime.transport import Client


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

    secrets = SecretReader(client, docker_config, clock)
    async with closing(aiohttp.ClientSession(trust_env=True)) as session:
        yield {
            ImageLabels: ImageInspector(session, secrets, clock).labels,
            RepositoryTags: Telling(TagLister(session, secrets, clock).tags),
            PodLog: PodLogReader(client, clock).read,
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
            term.cancel()  # only now, after the last write, is the lease released: rule 2


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
