"""One run: the sequence of attempts, what is told about each, and what came of it.

1. An attempt that fails is followed by the next one of the sequence, unless the cause is one that no protocol mends.
2. Without a sequence there is one attempt with the environment as it is, and no `status.download`.
3. The volume is claimed complete (100 %) when everything is fetched, the run succeeds when everything is verified.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aimctl_runtime.downloader.events import Event, Fetched, Held, Listed, Verified
from aimctl_runtime.downloader.failures import Cause, DownloadError
from aimctl_runtime.downloader.order import Order
from aimctl_runtime.downloader.progress import Progress
from aimctl_runtime.downloader.protocols import Attempt, attempts_of
from aimctl_runtime.downloader.rehearsal import play_attempt, play_download
from aimctl_runtime.downloader.reporter import Reporter
from aimctl_runtime.downloader.screen import Screen
from aimctl_runtime.downloader.sources import BucketSource, parse_source
from aimctl_runtime.downloader.watch import run_attempt


class Run:
    """One download. `perform` answers when everything is on the volume and verified."""

    def __init__(self, order: Order, progress: Progress, reporter: Reporter, screen: Screen) -> None:
        self._order = order
        self._progress = progress
        self._reporter = reporter
        self._screen = screen
        self._sequence = order.protocols

    def perform(self) -> None:
        """Raises DownloadError."""
        rehearsal = self._order.rehearsal
        self._progress.look()
        if rehearsal.hang:
            self._attempt("hang", {}, "")
        if rehearsal.fail:
            raise DownloadError(Cause.OTHER, "simulated failure (AIM_DEBUG_CAUSE_FAILURE)")
        if rehearsal.download:
            play_download(self._order, self._progress, self._screen.say)
            return
        if isinstance(parse_source(self._order.uri), BucketSource):
            self._sequence = ""
        if self._sequence:
            self._perform_sequence()
        else:
            self._attempt("fetch", {}, "")

    def _perform_sequence(self) -> None:
        failure = DownloadError(Cause.OTHER, f"no protocol of {self._sequence!r} could be tried")
        total = 0
        for attempt in attempts_of(self._sequence):
            total = attempt.total
            self._tell(attempt.report(f"Downloading with {attempt.protocol}"))
            if attempt.environment is None:
                self._screen.say(f"Unknown protocol {attempt.protocol!r}: known are XET, HF_TRANSFER and HTTP")
                continue
            self._screen.say(f"Downloading with {attempt.protocol} (attempt {attempt.number} of {attempt.total})")
            try:
                self._try(attempt, attempt.environment)
                return
            except DownloadError as error:
                failure = error
                if error.cause is Cause.CORRUPT:
                    raise
                self._tell({"message": f"Failed with {attempt.protocol}"})
                self._screen.say(f"Failed with {attempt.protocol}: {error}")
                if error.cause.is_final:
                    raise
        self._tell({"message": f"All {total} attempts exhausted"})
        self._screen.say(f"All {total} attempts exhausted")
        raise failure

    def _try(self, attempt: Attempt, environment: Mapping[str, str]) -> None:
        if self._order.rehearsal.hub:
            play_attempt(self._order, attempt, self._progress)
            self._hear(Fetched())
        else:
            self._attempt("fetch", environment, attempt.protocol)

    def _attempt(self, work: str, environment: Mapping[str, str], protocol: str) -> None:
        run_attempt(
            [work, self._order.uri, str(self._order.target), protocol],
            environment,
            stall_timeout=self._order.stall_timeout,
            look_every=self._progress.look_every,
            hear=self._hear,
            look=self._progress.look,
            say=self._screen.say,
        )

    def _hear(self, event: Event) -> None:
        match event:
            case Listed(total, files):
                self._screen.say(f"The source has {files} files, {total} bytes")
                self._progress.listed(total)
            case Held(size):
                self._progress.held(size)
            case Fetched():
                self._progress.complete()
                self._screen.say("Everything is fetched; verifying integrity")
                if self._sequence:
                    self._tell({"message": "Verifying integrity..."})
            case Verified(files, by_size):
                sized = f", {by_size} by their size" if by_size else ""
                self._screen.say(f"Verified: {files} files by their checksum{sized}")
            case _:
                pass

    def _tell(self, download: dict[str, Any]) -> None:
        self._reporter.tell({"download": download})


def size_of(order: Order, say: Callable[[str], None]) -> int:
    """The size of a source in bytes, more than 0. Raises DownloadError."""
    sizes: list[int] = []

    def hear(event: Event) -> None:
        if isinstance(event, Listed):
            sizes.append(event.total)

    run_attempt(
        ["size", order.uri, str(order.target), ""], {},
        stall_timeout=order.stall_timeout, look_every=0.5, hear=hear, look=lambda: None, say=say,
    )  # fmt: skip
    if not sizes or sizes[-1] <= 0:
        raise DownloadError(Cause.OTHER, f"{order.uri} holds no bytes")
    return sizes[-1]
