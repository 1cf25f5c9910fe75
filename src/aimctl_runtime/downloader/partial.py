"""A file that is being fetched: its bytes, and a ledger of which of them are there.

1. Bytes are written where they belong, then the ledger says so: whenever the process dies, the ledger is true.
2. The file is divided into parts. Within a part bytes come in order; parts may be fetched at the same time.
3. The name holds a digest of what the file shall become: bytes of another version are never continued.
4. A ledger that does not fit its file is started anew.
5. Two processes may write the same file: both write the same bytes, and each ledger entry is true.
6. The name is changed to the final one only when every byte is there.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PART = 64 << 20
"""Bytes of a part."""

_HEAD = struct.Struct("<8sQQ")
_COUNT = struct.Struct("<Q")
_MAGIC = b"aimpart1"


class Gap(NamedTuple):
    """Bytes that are missing: from `start` to before `end`."""

    start: int
    end: int


def partial_name(path: str, identity: str) -> str:
    """The name of the partial file for what shall become `path` with content `identity`."""
    return hashlib.sha256(f"{path}\0{identity}".encode()).hexdigest()[:32]


class PartialFile:
    """One partial file, open for writing. Raises OSError, also when the volume is full."""

    def __init__(self, folder: Path, name: str, size: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{name}.partial"
        self._ledger_path = folder / f"{name}.ledger"
        self.size = size
        self._data = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        self._ledger = os.open(self._ledger_path, os.O_RDWR | os.O_CREAT, 0o644)
        self._counts = self._read_ledger()

    def _read_ledger(self) -> list[int]:
        parts = -(-self.size // PART)
        known = os.pread(self._ledger, _HEAD.size + parts * _COUNT.size + 1, 0)
        on_disk = os.fstat(self._data).st_size
        if len(known) == _HEAD.size + parts * _COUNT.size and known[: _HEAD.size] == self._head():
            counts = [count for (count,) in _COUNT.iter_unpack(known[_HEAD.size :])]
            if all(self._fits(part, count, on_disk) for part, count in enumerate(counts)):
                return counts
        os.ftruncate(self._data, 0)
        os.ftruncate(self._ledger, 0)
        os.pwrite(self._ledger, self._head() + bytes(parts * _COUNT.size), 0)
        return [0] * parts

    def _head(self) -> bytes:
        return _HEAD.pack(_MAGIC, self.size, PART)

    def _fits(self, part: int, count: int, on_disk: int) -> bool:
        start = part * PART
        return not count or (count <= min(PART, self.size - start) and start + count <= on_disk)

    @property
    def held(self) -> int:
        """How many bytes are there."""
        return sum(self._counts)

    def gaps(self) -> Iterator[Gap]:
        """What is missing, in order, each gap as long as possible."""
        begun: int | None = None
        for part, count in enumerate(self._counts):
            start = part * PART
            if count and begun is not None:
                yield Gap(begun, start)
                begun = None
            if begun is None and start + count < min(start + PART, self.size):
                begun = start + count
        if begun is not None:
            yield Gap(begun, self.size)

    def gaps_of_part(self, part: int) -> Iterator[Gap]:
        """What is missing of one part: one gap, or none."""
        start, end = part * PART, min((part + 1) * PART, self.size)
        begun = start + (self._counts[part] if self._counts else 0)
        if begun < end:
            yield Gap(begun, end)

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Write bytes that continue their part, and say so in the ledger."""
        view = memoryview(data)
        while view:
            part, within = divmod(offset, PART)
            piece = view[: PART - within]
            written = os.pwrite(self._data, piece, offset)
            self._counts[part] = within + written
            os.pwrite(self._ledger, _COUNT.pack(within + written), _HEAD.size + part * _COUNT.size)
            offset += written
            view = view[written:]

    def finish(self, final: Path) -> None:
        """Give the whole file its final name. Only for a file without gaps."""
        self.close()
        final.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.path.replace(final)
        except FileNotFoundError:
            # Another process was faster with the same bytes.
            if not final.is_file() or final.stat().st_size != self.size:
                raise
        self._ledger_path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close; what is there stays."""
        for descriptor in (self._data, self._ledger):
            if descriptor >= 0:
                os.close(descriptor)
        self._data = self._ledger = -1
