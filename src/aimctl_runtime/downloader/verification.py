"""Compares what is on the volume with the checksums of its source.

1. Every file is read back from the volume; before that it is flushed to it.
2. A file without a checksum that means something is compared by its size.
3. A file that is wrong is removed, so that the next attempt fetches it and nothing else.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from aimctl_runtime.downloader.events import Verified, tell
from aimctl_runtime.downloader.failures import Cause, DownloadError
from aimctl_runtime.downloader.folder import Folder, WantedFile

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Checksum:
    """`algorithm` is sha256, git-sha1 or md5. "" as the value: there is none."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Verifiable:
    """A file and what its content must give."""

    file: WantedFile
    checksum: Checksum


def verify(files: Sequence[Verifiable], folder: Folder, excuses: Callable[[WantedFile], bool]) -> None:
    """Compare all files. Raises DownloadError after the last one if any is wrong.

    `excuses` is asked about a file whose checksum differs: is it the checksum that means nothing?
    """
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        answers = list(pool.map(lambda one: _is_right(one, folder, excuses), files))
    wrong = [one.file for one, right in zip(files, answers, strict=True) if not right]
    for file in wrong:
        folder.forget(file)
    if wrong:
        names = ", ".join(file.path for file in wrong[:3]) + (" and others" if len(wrong) > 3 else "")
        raise DownloadError(
            Cause.CORRUPT, f"Verification failed: {len(wrong)} of {len(files)} files differ from the source: {names}"
        )
    by_size = sum(not one.checksum.value for one in files)
    tell(Verified(len(files) - by_size, by_size))


def _is_right(one: Verifiable, folder: Folder, excuses: Callable[[WantedFile], bool]) -> bool:
    path = folder.final(one.file)
    if not path.is_file() or path.stat().st_size != one.file.size:
        return False
    if not one.checksum.value:
        return True
    return digest(path, one.checksum.algorithm) == one.checksum.value.lower() or excuses(one.file)


def digest(path: Path, algorithm: str) -> str:
    """The checksum of a file's content on the volume."""
    with path.open("rb") as content:
        os.fsync(content.fileno())
        match algorithm:
            case "git-sha1":
                state = hashlib.sha1(usedforsecurity=False)
                state.update(f"blob {path.stat().st_size}\0".encode())
            case "md5":
                state = hashlib.md5(usedforsecurity=False)
            case _:
                state = hashlib.sha256()
        while block := content.read(_BLOCK):
            state.update(block)
    return state.hexdigest()
