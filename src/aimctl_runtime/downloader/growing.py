"""A file of a source on its way to being whole, shared by the threads that fetch its pieces."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aimctl_runtime.downloader.folder import Folder, WantedFile
from aimctl_runtime.downloader.partial import Gap, PartialFile


class GrowingFile:
    """One file in `pieces` pieces: one for the whole file, or one for each part of its partial file.

    It is open while a piece is at work or some are done and others are not; when the last one is done it gets its
    name. `held` is how many of its bytes are there.
    """

    def __init__(self, folder: Folder, file: WantedFile, pieces: int) -> None:
        self.file = file
        self.pieces = pieces
        self._folder = folder
        self._left = pieces
        self._failed = False
        self._partial: PartialFile | None = None
        self._known = self._held_before()
        self._lock = threading.Lock()

    def _held_before(self) -> int:
        if not self._folder.has_partial(self.file):
            return 0
        partial = self._folder.open_partial(self.file)
        partial.close()
        return partial.held

    @property
    def held(self) -> int:
        partial = self._partial
        return self._known if partial is None else partial.held

    @contextmanager
    def piece(self, number: int) -> Iterator[tuple[PartialFile, Sequence[Gap]]]:
        """Work on one piece: the open partial file and what is missing of the piece. Raises OSError."""
        with self._lock:
            if self._partial is None:
                self._partial = self._folder.open_partial(self.file)
            partial = self._partial
        gaps = list(partial.gaps() if self.pieces == 1 else partial.gaps_of_part(number))
        try:
            yield partial, gaps
        except BaseException:
            self._failed = True
            raise
        finally:
            self._end_piece(partial)

    def _end_piece(self, partial: PartialFile) -> None:
        with self._lock:
            self._left -= 1
            if self._left:
                return
            if self._failed:
                partial.close()
            else:
                self._folder.finish(self.file, partial)
