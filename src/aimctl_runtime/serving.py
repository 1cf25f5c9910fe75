"""What the process serves beside its work: probes, and metrics with their certificate, as the settings ask.

1. What the machine refuses ends the start with one sentence that names the flag.
2. A certificate from files is looked at every `REFRESH_SECONDS`, as mounted secrets change under a running process.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Never

from aimctl_runtime.clock import Clock, pause
from aimctl_runtime.health import CertificateFiles, Guard, self_signed_context, serve_metrics, serve_probes
from aimctl_runtime.log import Log
from aimctl_runtime.metrics import Meter, PrometheusMeter
from aimctl_runtime.scopes import background, closing
from aimctl_runtime.settings import RuntimeSettings
from aimctl_runtime.transport import Client

REFRESH_SECONDS = 10.0


class StartError(Exception):
    """The process cannot start as it is configured. The message is a sentence that names the flag."""


@asynccontextmanager
async def serving(
    settings: RuntimeSettings, client: Client, clock: Clock, log: Log, meter: Meter
) -> AsyncIterator[None]:
    """Serve while the block runs. Raises StartError."""
    async with AsyncExitStack() as exits:
        if settings.health_probe_bind_address != "0":
            with _named("health-probe-bind-address", settings.health_probe_bind_address):
                probes = await serve_probes(settings.health_probe_bind_address)
            await exits.enter_async_context(closing(probes))
        if isinstance(meter, PrometheusMeter):
            context, guard = None, None
            if settings.metrics_secure:
                log.named("setup").info("disabling http/2")
                guard = Guard(client, clock, log)
                context = await exits.enter_async_context(_certificate(settings, clock, log))
            with _named("metrics-bind-address", settings.metrics_bind_address):
                metrics = await serve_metrics(settings.metrics_bind_address, meter.exposition, guard, context)
            await exits.enter_async_context(closing(metrics))
        yield


@asynccontextmanager
async def _certificate(settings: RuntimeSettings, clock: Clock, log: Log) -> AsyncIterator[ssl.SSLContext]:
    if not settings.metrics_cert_path:
        yield self_signed_context(settings.identity or "localhost", clock)
        return
    with _named("metrics-cert-path", settings.metrics_cert_path):
        files = CertificateFiles(settings.metrics_cert_path, settings.metrics_cert_name, settings.metrics_cert_key, log)

    async def keep_fresh() -> Never:
        while True:
            await pause(clock, REFRESH_SECONDS)
            files.refresh()

    async with background() as tasks:
        tasks.start_soon(keep_fresh)
        yield files.context


@contextmanager
def _named(flag: str, value: str) -> Iterator[None]:
    """Say which flag it was, when the machine refuses."""
    try:
        yield
    except OSError as problem:
        raise StartError(f"--{flag}={value} cannot be used: {problem.strerror or problem}. Give another.") from problem
