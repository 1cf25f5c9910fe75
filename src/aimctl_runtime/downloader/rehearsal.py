"""Downloads that are only played, for tests of the controller: the `AIM_DEBUG_*` variables.

1. A played download writes real bytes into the target folder, half of them first, so that progress is seen.
2. A played protocol takes its time, then succeeds or fails as it is told; its verification passes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from aimctl_runtime.downloader.failures import Cause, DownloadError
from aimctl_runtime.downloader.order import Order
from aimctl_runtime.downloader.progress import Progress
from aimctl_runtime.downloader.protocols import Attempt

DEFAULT_SIZE = 1 << 20
"""Bytes of a played download whose size nobody has said."""

_FILE = "simulated-model.bin"


def play_download(order: Order, progress: Progress, say: Callable[[str], None]) -> None:
    """Play a whole download with its verification. Raises DownloadError if the verification is told to fail."""
    size = order.expected or DEFAULT_SIZE
    progress.listed(size)
    order.target.mkdir(parents=True, exist_ok=True)
    say(f"Simulating a download of {size} bytes")
    for written in (size // 2, size):
        with (order.target / _FILE).open("ab") as file:
            os.truncate(file.fileno(), written)
        progress.held(written)
        if written < size:
            wait(order.rehearsal.download_seconds, progress)
    progress.complete()
    say("Simulating a verification")
    time.sleep(order.rehearsal.verify_seconds)
    if order.rehearsal.verify_fails:
        raise DownloadError(Cause.CORRUPT, "Verification failed: simulated")


def play_attempt(order: Order, attempt: Attempt, progress: Progress) -> None:
    """Play one attempt of a sequence. Raises DownloadError if its protocol is told to fail."""
    wait(order.rehearsal.hub_seconds, progress)
    if attempt.protocol in order.rehearsal.hub_failing:
        raise DownloadError(Cause.OTHER, f"simulated failure of {attempt.protocol}")


def wait(seconds: float, progress: Progress) -> None:
    """Let time pass while progress is told."""
    end = time.monotonic() + seconds
    progress.look()
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, progress.look_every))
        progress.look()
