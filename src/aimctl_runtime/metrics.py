"""Metrics: the names and labels that dashboards of the controller framework know.

1. The registry is our own: nothing of the process's default registry leaks in or out, but the process metrics.
2. `Meter` is what the rest of the shell sees; `SilentMeter` measures nothing and imports nothing.
3. Label `controller` carries the short names (`service`, not `aimservice`).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from aimcore.resource import Key
from aimcore.wire import Request
from aimctl_runtime.transport import Client, Response, Stream

LEADER_NAME = "3be10d2f.eai.amd.com"


@dataclass(slots=True)
class Measured:
    """What a round leaves behind: success, error, requeue or requeue_after."""

    result: str = "error"


class Meter(Protocol):
    """What the shell tells about itself."""

    def round(self, controller: str) -> Any:
        """A context manager that gives a `Measured`."""
        ...

    def fault(self, controller: str) -> None: ...
    def added(self, key: Key) -> None: ...
    def retried(self, key: Key) -> None: ...
    def waited(self, key: Key, seconds: float) -> None: ...
    def request(self, method: str, code: str) -> None: ...
    def leading(self, *, is_leader: bool) -> None: ...


class SilentMeter:
    """Measures nothing."""

    @contextmanager
    def round(self, controller: str) -> Iterator[Measured]:  # noqa: ARG002
        yield Measured()

    def fault(self, controller: str) -> None:
        """Nothing."""

    def added(self, key: Key) -> None:
        """Nothing."""

    def retried(self, key: Key) -> None:
        """Nothing."""

    def waited(self, key: Key, seconds: float) -> None:
        """Nothing."""

    def request(self, method: str, code: str) -> None:
        """Nothing."""

    def leading(self, *, is_leader: bool) -> None:
        """Nothing."""


class PrometheusMeter:
    """Measures into a registry of its own. `controllers` maps kinds to controller names."""

    def __init__(self, controllers: dict[str, str], *, workers: int, host: str = "") -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._names = controllers
        self._host = host
        self._depth: dict[str, int] = {}
        one, queue = ["controller"], ["name", "controller"]
        reconcile = "controller_runtime_reconcile"
        self._rounds = Counter(f"{reconcile}_total", "Rounds by result.", [*one, "result"], registry=registry)
        self._errors = Counter(f"{reconcile}_errors_total", "Rounds that failed.", one, registry=registry)
        terminal = "controller_runtime_terminal_reconcile_errors_total"
        self._terminal = Counter(terminal, "Rounds that are not tried again.", one, registry=registry)
        self._faults = Counter(f"{reconcile}_panics_total", "Faults of the controller.", one, registry=registry)
        self._seconds = Histogram(f"{reconcile}_time_seconds", "Length of rounds.", one, registry=registry)
        limit = "controller_runtime_max_concurrent_reconciles"
        self._limit = Gauge(limit, "Rounds that may run at once.", one, registry=registry)
        self._active = Gauge("controller_runtime_active_workers", "Rounds that run now.", one, registry=registry)
        depths = Gauge("workqueue_depth", "Keys that wait.", [*queue, "priority"], registry=registry)
        self._depths = depths
        self._adds = Counter("workqueue_adds_total", "Keys added.", queue, registry=registry)
        self._retries = Counter("workqueue_retries_total", "Keys retried.", queue, registry=registry)
        self._waits = Histogram("workqueue_queue_duration_seconds", "Time in the queue.", queue, registry=registry)
        self._works = Histogram("workqueue_work_duration_seconds", "Time at work.", queue, registry=registry)
        self._unfinished = Gauge(
            "workqueue_unfinished_work_seconds", "Sum of running rounds.", queue, registry=registry
        )
        longest = "workqueue_longest_running_processor_seconds"
        self._longest = Gauge(longest, "Age of the oldest running round.", queue, registry=registry)
        labels = ["code", "method", "host"]
        self._requests = Counter("rest_client_requests_total", "Requests to the API server.", labels, registry=registry)
        self._leading = Gauge("leader_election_master_status", "1 while leading.", ["name"], registry=registry)
        self._leading.labels(LEADER_NAME).set(0)
        self._running: dict[str, list[float]] = {name: [] for name in controllers.values()}
        for name in controllers.values():
            self._prepare(name, workers)

    def _prepare(self, name: str, workers: int) -> None:
        """Make every series visible from the start, and those of running rounds current at each scrape."""
        self._limit.labels(name).set(workers)
        self._active.labels(name).set(0)
        self._errors.labels(name)
        self._terminal.labels(name)
        self._faults.labels(name)
        self._seconds.labels(name)
        for result in ("success", "error", "requeue", "requeue_after"):
            self._rounds.labels(name, result)
        self._depths.labels(name, name, "").set(0)
        self._adds.labels(name, name)
        self._retries.labels(name, name)
        ages = self._running[name]
        self._unfinished.labels(name, name).set_function(lambda: sum(time.monotonic() - start for start in ages))
        self._longest.labels(name, name).set_function(lambda: max((time.monotonic() - s for s in ages), default=0.0))

    @contextmanager
    def round(self, controller: str) -> Iterator[Measured]:
        measured, start = Measured(), time.monotonic()
        ages = self._running.setdefault(controller, [])
        ages.append(start)
        self._active.labels(controller).inc()
        try:
            yield measured
        finally:
            ages.remove(start)
            seconds = time.monotonic() - start
            self._active.labels(controller).dec()
            self._rounds.labels(controller, measured.result).inc()
            if measured.result == "error":
                self._errors.labels(controller).inc()
            self._seconds.labels(controller).observe(seconds)
            self._works.labels(controller, controller).observe(seconds)

    def fault(self, controller: str) -> None:
        self._faults.labels(controller).inc()

    def added(self, key: Key) -> None:
        name = self._names.get(key.kind, key.kind)
        self._adds.labels(name, name).inc()
        self._depths.labels(name, name, "").inc()

    def retried(self, key: Key) -> None:
        name = self._names.get(key.kind, key.kind)
        self._retries.labels(name, name).inc()

    def waited(self, key: Key, seconds: float) -> None:
        name = self._names.get(key.kind, key.kind)
        self._waits.labels(name, name).observe(seconds)
        self._depths.labels(name, name, "").dec()

    def request(self, method: str, code: str) -> None:
        self._requests.labels(code, method, self._host).inc()

    def leading(self, *, is_leader: bool) -> None:
        self._leading.labels(LEADER_NAME).set(1 if is_leader else 0)

    def exposition(self) -> bytes:
        """All metrics in the text format."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)


class MeteredClient:
    """A client whose requests are counted."""

    def __init__(self, client: Client, meter: Meter) -> None:
        self._client = client
        self._meter = meter

    async def request(self, request: Request, *, timeout: float) -> Response:
        code = "<error>"
        try:
            response = await self._client.request(request, timeout=timeout)
            code = str(response.code)
        finally:
            self._meter.request(request.method, code)
        return response

    @asynccontextmanager
    async def stream(self, request: Request, *, silence: float) -> AsyncIterator[Stream]:
        async with self._client.stream(request, silence=silence) as stream:
            self._meter.request(request.method, str(stream.code))
            yield stream

    async def close(self) -> None:
        await self._client.close()
