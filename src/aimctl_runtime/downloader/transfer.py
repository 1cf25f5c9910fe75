"""Fetches the files of a source into a folder, several at a time.

1. A file that is present is not fetched; a partial one is continued.
2. A connection that breaks, or a body that ends early, is taken up where it stopped. Only tries that bring not one
   byte are counted.
3. A cause that no further try can mend stops the whole transfer; any other failure stops its own file only.
4. Files are open only while they grow. What is held is told twice a second.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Protocol

from aimctl_runtime.downloader.events import Held, Listed, tell
from aimctl_runtime.downloader.failures import Cause, DownloadError, storage_full, storage_is_full
from aimctl_runtime.downloader.folder import Folder, WantedFile
from aimctl_runtime.downloader.growing import GrowingFile
from aimctl_runtime.downloader.partial import PART, Gap, PartialFile

CHUNK = 1 << 20
"""Bytes that a source should give at a time."""

TRIES = 5
_TOLD_EVERY = 0.5
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 8.0


class ByteSource(Protocol):
    """Where bytes come from."""

    def open(self, file: WantedFile, gap: Gap) -> AbstractContextManager[Iterator[bytes]]:
        """The bytes of a gap, in order. May raise anything."""
        ...

    def failure(self, error: Exception, what: str) -> DownloadError | None:
        """The failure that an error of `open` or of its iterator means; None if another try may help."""
        ...


class Transfer:
    """One transfer of a source's files."""

    def __init__(self, source: ByteSource, folder: Folder, *, workers: int, by_part: bool) -> None:
        self._source = source
        self._folder = folder
        self._workers = workers
        self._by_part = by_part
        self._stopped = threading.Event()
        self._present = 0
        self._growing: list[GrowingFile] = []

    def run(self, files: Sequence[WantedFile]) -> None:
        """Fetch what is missing. Raises DownloadError: the first failure, a final one before others."""
        missing = [file for file in files if not self._folder.is_present(file)]
        self._folder.sweep(missing)
        self._present = sum(file.size for file in files) - sum(file.size for file in missing)
        tell(Listed(sum(file.size for file in files), len(files)))
        # The largest first: nothing is worse for the end than one large file alone.
        ordered = sorted(missing, key=lambda file: (-file.size, file.path))
        self._growing = [GrowingFile(self._folder, file, self._pieces(file)) for file in ordered]
        told = threading.Event()
        teller = threading.Thread(target=self._keep_telling, args=(told,), daemon=True)
        teller.start()
        try:
            self._grow()
        finally:
            told.set()
            teller.join()
            tell(Held(self._held()))

    def _pieces(self, file: WantedFile) -> int:
        return max(1, -(-file.size // PART)) if self._by_part else 1

    def _grow(self) -> None:
        failures: list[DownloadError] = []
        with ThreadPoolExecutor(self._workers, thread_name_prefix="fetch") as pool:
            running = [pool.submit(self._fill, one, piece) for one in self._growing for piece in range(one.pieces)]
            for future in running:
                try:
                    future.result()
                except DownloadError as failure:
                    failures.append(failure)
        if failures:
            raise min(failures, key=lambda failure: (not failure.cause.is_final, failure.cause is Cause.STALLED))

    def _fill(self, growing: GrowingFile, piece: int) -> None:
        """Fetch what is missing of one piece of a file; the last piece makes it whole."""
        file = growing.file
        try:
            self._stop_if_told()
            with growing.piece(piece) as (partial, gaps):
                for gap in gaps:
                    self._fetch_gap(file, partial, gap)
        except DownloadError as failure:
            if failure.cause.is_final:
                self._stopped.set()
            raise
        except OSError as error:
            self._stopped.set()
            raise self._meant(error, file.path) from error

    def _fetch_gap(self, file: WantedFile, partial: PartialFile, gap: Gap) -> None:
        position, tries = gap.start, TRIES
        while position < gap.end:
            before = position
            try:
                with self._source.open(file, Gap(position, gap.end)) as chunks:
                    for chunk in chunks:
                        self._stop_if_told()
                        wanted = memoryview(chunk)[: gap.end - position]
                        self._write(partial, position, wanted, file)
                        position += len(wanted)
                        if position == gap.end:
                            return
                raise EOFError(f"the server ended it after {position} of {file.size} bytes")
            except DownloadError:
                raise
            except Exception as error:
                tries = TRIES if position > before else tries - 1
                failure = self._source.failure(error, file.path)
                if failure is None and not tries:
                    failure = DownloadError(Cause.OTHER, f"{file.path}: {TRIES} tries brought nothing more: {error}")
                if failure is not None:
                    raise failure from error
                self._stopped.wait(min(_FIRST_PAUSE * 2 ** (TRIES - tries), _LONGEST_PAUSE))

    def _write(self, partial: PartialFile, position: int, data: memoryview, file: WantedFile) -> None:
        try:
            partial.write(position, data)
        except OSError as error:
            raise self._meant(error, file.path) from error

    @staticmethod
    def _meant(error: OSError, what: str) -> DownloadError:
        if storage_is_full(error):
            return storage_full(error)
        return DownloadError(Cause.OTHER, f"{what}: the volume refuses it: {error}")

    def _stop_if_told(self) -> None:
        if self._stopped.is_set():
            raise DownloadError(Cause.STALLED, "stopped because of another file")

    def _held(self) -> int:
        return self._present + sum(one.held for one in self._growing)

    def _keep_telling(self, told: threading.Event) -> None:
        while not told.wait(_TOLD_EVERY):
            tell(Held(self._held()))
