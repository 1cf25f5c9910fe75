"""The controller as a process, and who starts it again when it has ended.

1. The process is `aimctl run` with a kubeconfig, as a pod would run it. All it says goes into one file.
2. A keeper starts it, and again whenever it ends, unless it is told to hold. Restarts keep the pod's name.
3. An end that nobody brought about is on record with its exit code.
4. What is started is ended with the block, also a process that was paused.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Never

import aiohttp
import anyio
from anyio.abc import Process
from prometheus_client.parser import text_string_to_metric_families

from aimctl_runtime.local.kubeconfig import write_kubeconfig
from aimctl_runtime.scopes import background
from shell.web import free_port

FAULTS = ("fault of the controller", "Traceback (most recent call last)", "Task exception was never retrieved")
"""What a sound controller never says."""


class Program:
    """One replica of the controller. `lives` counts starts; `ends` are the exit codes of ends that nobody asked for."""

    def __init__(self, folder: Path, name: str, *, elects: bool) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.lives = 0
        self.ends: list[int] = []
        self.elects = elects
        self._folder = folder
        self._kubeconfig = folder / f"{name}.kubeconfig"
        self._metrics = free_port()
        self._process: Process | None = None
        self._was_killed = False
        self._may_run = anyio.Event()

    @asynccontextmanager
    async def kept(self, url: str) -> AsyncIterator[Program]:
        """Run while the block runs, against the server at `url`."""
        write_kubeconfig(self._kubeconfig, url)
        self._may_run.set()
        try:
            async with background() as tasks:
                tasks.start_soon(self._keep)
                yield self
        finally:
            self.hold()

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing released."""
        self._signal(signal.SIGKILL)

    def hold(self) -> None:
        """Kill it, and do not start it again before `go_on`."""
        self._may_run = anyio.Event()
        self.kill()

    def go_on(self) -> None:
        """Let it be started again."""
        self._may_run.set()

    def pause(self) -> None:
        """Stop the process in the middle of whatever it does."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def is_idle(self, rounds: int) -> bool:
        """Whether the process has done at least so many rounds, and nothing runs or waits to run."""
        sums = await self._measured()
        waiting = sums.get("workqueue_depth", 0) + sums.get("controller_runtime_active_workers", 0)
        return not waiting and sums.get("controller_runtime_reconcile_total", 0) >= rounds

    def complaints(self) -> list[str]:
        """Lines of the log that tell of a fault of the controller."""
        return [line for line in self._lines() if any(fault in line for fault in FAULTS)]

    def last_words(self, lines: int = 15) -> str:
        return "\n".join(self._lines()[-lines:])

    def _lines(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self.is_alive:
            self._was_killed |= number is signal.SIGKILL
            self._process.send_signal(number)

    async def _keep(self) -> Never:
        while True:
            await self._may_run.wait()
            await self._live()

    async def _live(self) -> None:
        """One life of the process."""
        self._was_killed = False
        with self.log.open("ab") as said:
            process = self._process = await anyio.open_process(
                self._command(), env=self._environment(), stdin=None, stdout=said, stderr=said
            )
            self.lives += 1
            try:
                code = await process.wait()
            except BaseException:
                process.kill()
                with anyio.CancelScope(shield=True):
                    await process.wait()
                raise
        if not self._was_killed:
            self.ends.append(code)

    def _command(self) -> list[str]:
        flags = [
            f"--kubeconfig={self._kubeconfig}",
            "--health-probe-bind-address=0",
            f"--metrics-bind-address=127.0.0.1:{self._metrics}",
            "--metrics-secure=false",
            "--zap-log-level=debug",
            *(["--leader-elect"] if self.elects else []),
        ]
        return [sys.executable, "-m", "aimctl_runtime.cli", "run", *flags]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return {**kept, "HOME": str(self._folder), "POD_NAME": self.name, "AIM_SYSTEM_NAMESPACE": "aim-system"}

    async def _measured(self) -> dict[str, float]:
        """The sum of each metric over its labels; nothing while the process does not answer."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self._metrics}/metrics") as answer,
            ):
                text = await answer.text()
        except (aiohttp.ClientError, OSError):
            return {}
        samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
        sums: dict[str, float] = {}
        for sample in samples:
            sums[sample.name] = sums.get(sample.name, 0) + sample.value
        return sums
