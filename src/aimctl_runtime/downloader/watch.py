"""Runs one attempt in a child process and watches it.

1. A child that brings no new byte for the stall timeout is killed, by its handle and alone. Verification brings no
   bytes and is not timed. Loading its libraries has a time of its own: a busy node is no stalled source.
2. The child's lines go to the screen; the last thing it says decides what its failure is called.
3. However the supervisor ends, the child ends too.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from aimctl_runtime.downloader.events import Event, Failed, Fetched, Held, Listed, Started, read_event
from aimctl_runtime.downloader.failures import Cause, DownloadError, cause_of_code

_START_WITHIN = 60.0
_QUIET = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PYTHONWARNINGS": "ignore",
    "PYTHONUNBUFFERED": "1",
}


def run_attempt(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    stall_timeout: float,
    look_every: float,
    hear: Callable[[Event], None],
    look: Callable[[], None],
    say: Callable[[str], None],
) -> None:
    """Run `child ARGUMENTS`. Events go to `hear`, other lines to `say`; `look` is called all the while.

    Raises DownloadError if the attempt fails.
    """
    child = subprocess.Popen(  # noqa: S603  our own module
        [sys.executable, "-m", "aimctl_runtime.downloader.child", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, **environment, **_QUIET}, text=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    try:
        _Watch(child, stall_timeout, look_every, hear, look, say).run()
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                stream.close()


class _Watch:
    def __init__(
        self,
        child: subprocess.Popen[str],
        stall_timeout: float,
        look_every: float,
        hear: Callable[[Event], None],
        look: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self._child = child
        self._stall_timeout = stall_timeout
        self._limit = max(stall_timeout, _START_WITHIN)
        self._look_every = look_every
        self._hear = hear
        self._look = look
        self._say = say
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._held = -1
        self._grown_at = time.monotonic()
        self._is_timed = True
        self._failure = ""

    def run(self) -> None:
        """Until the child ends. Raises DownloadError if it fails or stalls."""
        readers = [
            threading.Thread(target=self._read_events, args=(self._child.stdout,), daemon=True),
            threading.Thread(target=self._read_log, args=(self._child.stderr,), daemon=True),
        ]
        for reader in readers:
            reader.start()
        while (line := self._next_line()) is not None:
            self._look()
            if line:
                self._take(line)
            if self._is_timed and time.monotonic() - self._grown_at >= self._limit:
                self._child.kill()
                raise DownloadError(Cause.STALLED, f"Stalled: not one new byte in {self._limit:g} s")
        code = self._child.wait()
        for reader in readers:
            reader.join()
        if code:
            raise DownloadError(cause_of_code(code), self._failure or _end_of(code))

    def _read_events(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line)
        self._lines.put(None)

    def _read_log(self, stream: IO[str]) -> None:
        for line in stream:
            self._say(line)

    def _next_line(self) -> str | None:
        """The next line of the child; "" when there is none for a while, None at its end."""
        try:
            return self._lines.get(timeout=self._look_every)
        except queue.Empty:
            return ""

    def _take(self, line: str) -> None:
        event = read_event(line)
        match event:
            case None:
                self._say(line)
                return
            case Held(size) if size > self._held:
                self._held, self._grown_at = size, time.monotonic()
            case Started():
                self._limit, self._grown_at = self._stall_timeout, time.monotonic()
            case Listed():
                self._grown_at = time.monotonic()
            case Fetched():
                self._is_timed = False
            case Failed(message):
                self._failure = message
            case _:
                pass
        self._hear(event)


def _end_of(code: int) -> str:
    """What an exit code says when the child said nothing."""
    return f"the attempt was ended by signal {-code}" if code < 0 else f"the attempt ended with exit code {code}"
