"""The target folder: which files of a source are there, and the records that say so.

1. Partial files lie below `.cache/aim`. Whatever lies there and belongs to no file that is still to fetch is removed.
2. Each whole file has a record. For hub files it is the one that huggingface_hub keeps for a local folder, below
   `.cache/huggingface/download`: commit, checksum, time. So either downloader goes on with what the other left.
3. A file counts as present if its size is right and its record, if there is one, names the wanted content.
4. A path of a source stays inside the folder. What a source holds of somebody's bookkeeping (`.git`, these folders
   below `.cache`) is not fetched: it would be mixed up with ours.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from aimctl_runtime.downloader.failures import Cause, DownloadError
from aimctl_runtime.downloader.partial import PartialFile, partial_name

HUB_RECORDS = Path(".cache/huggingface/download")
OBJECT_RECORDS = Path(".cache/aim/objects")
PARTIALS = Path(".cache/aim/partial")


LARGEST = 2**50
"""Bytes of one file."""

_BOOKKEEPING = (".git/", ".cache/huggingface/", ".cache/aim/")


def is_bookkeeping(path: str) -> bool:
    """Whether a file of a source belongs to somebody's bookkeeping and not to the model."""
    return PurePosixPath(path).as_posix().startswith(_BOOKKEEPING)


@dataclass(frozen=True, slots=True)
class WantedFile:
    """One file of a source. `identity` changes when the content does: a checksum, or the store's ETag.

    Raises DownloadError for a size that no file has: the ledger of its parts would take all memory.
    """

    path: str
    size: int
    identity: str

    def __post_init__(self) -> None:
        if not 0 <= self.size <= LARGEST:
            raise DownloadError(Cause.OTHER, f"{self.path!r}: its size is said to be one that no file has")


class Folder:
    """One target folder. `revision` is what the records name besides the identity: the hub's commit, or "-"."""

    def __init__(self, root: Path, records: Path, revision: str = "-") -> None:
        self.root = root
        self._records = root / records
        self._revision = revision

    def final(self, file: WantedFile) -> Path:
        """Where a file belongs. Raises DownloadError for a path that leads elsewhere."""
        pure = PurePosixPath(file.path)
        is_outside = pure.is_absolute() or not pure.parts or ".." in pure.parts or "\0" in file.path
        is_no_text = any("\ud800" <= c <= "\udfff" for c in file.path)
        if is_outside or is_no_text or is_bookkeeping(file.path):
            raise DownloadError(Cause.OTHER, f"{file.path!r}: a file of this name cannot be stored safely")
        return self.root / pure

    def is_present(self, file: WantedFile) -> bool:
        """Whether the file is there. One that is outdated is removed, so that its room is free for the new one."""
        final = self.final(file)
        if not final.is_file():
            return False
        recorded = self._recorded_identity(file)
        if final.stat().st_size == file.size and recorded in (None, file.identity):
            return True
        self.forget(file)
        return False

    def _recorded_identity(self, file: WantedFile) -> str | None:
        try:
            lines = self._record(file).read_text("utf-8", "replace").splitlines()
        except OSError:
            return None
        return lines[1].strip() if len(lines) >= 2 else None

    def _record(self, file: WantedFile) -> Path:
        return self._records / f"{file.path}.metadata"

    def has_partial(self, file: WantedFile) -> bool:
        """Whether some of the file may be there already."""
        return (self.root / PARTIALS / f"{partial_name(file.path, file.identity)}.partial").exists()

    def open_partial(self, file: WantedFile) -> PartialFile:
        """The partial file, with whatever is already there."""
        return PartialFile(self.root / PARTIALS, partial_name(file.path, file.identity), file.size)

    def finish(self, file: WantedFile, partial: PartialFile) -> None:
        """The partial file is whole: give it its name and record it."""
        partial.finish(self.final(file))
        self.remember(file)

    def remember(self, file: WantedFile) -> None:
        """Write the record of a file, all or nothing."""
        record = self._record(file)
        record.parent.mkdir(parents=True, exist_ok=True)
        fresh = record.with_name(f"{record.name}.{os.getpid()}")
        fresh.write_text(f"{self._revision}\n{file.identity}\n{time.time()}\n")
        fresh.replace(record)

    def forget(self, file: WantedFile) -> None:
        """Remove a file and its record."""
        self._record(file).unlink(missing_ok=True)
        self.final(file).unlink(missing_ok=True)

    def sweep(self, wanted: Iterable[WantedFile]) -> None:
        """Remove partial files that nobody goes on with: their room belongs to the wanted ones."""
        kept = {partial_name(file.path, file.identity) for file in wanted}
        partials = self.root / PARTIALS
        if partials.is_dir():
            for path in partials.iterdir():
                if path.stem not in kept:
                    path.unlink(missing_ok=True)
        for path in (self.root / HUB_RECORDS).rglob("*.incomplete"):
            path.unlink(missing_ok=True)
