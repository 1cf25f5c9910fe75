"""One attempt, in a process of its own: `python -m aimctl_runtime.downloader.child WORK URI TARGET [PROTOCOL]`.

1. WORK is `size` (list and add up), `fetch` (fetch, then verify) or `hang` (do nothing, for rehearsals).
2. It speaks to its supervisor in events on standard output, to people on standard error.
3. It ends when its standard input ends: then its supervisor is gone.
4. The exit code names the cause of a failure (`failures.Cause`), the last event its message.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from aimctl_runtime.downloader.events import Failed, Fetched, Listed, Started, tell
from aimctl_runtime.downloader.failures import Cause, DownloadError, described, storage_full, storage_is_full
from aimctl_runtime.downloader.folder import Folder, WantedFile, is_bookkeeping
from aimctl_runtime.downloader.protocols import HF_TRANSFER
from aimctl_runtime.downloader.sources import BucketSource, HubSource, parse_source
from aimctl_runtime.downloader.transfer import ByteSource, Transfer
from aimctl_runtime.downloader.verification import Verifiable, verify

_WORKERS = {HF_TRANSFER: 16}
_FOREVER = 86400.0


def main(arguments: list[str]) -> int:
    """Do the work; answers with the exit code."""
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    work, uri, target, protocol = [*arguments, ""][:4]
    if work == "hang":
        tell(Started())
        while True:
            time.sleep(_FOREVER)
    try:
        _do(work, uri, Path(target), protocol)
    except DownloadError as failure:
        tell(Failed(str(failure)))
        return int(failure.cause)
    except Exception as error:  # noqa: BLE001  whatever it is, it ends this process, and the last line says what
        unforeseen = storage_full(error) if storage_is_full(error) else _unforeseen(error)
        tell(Failed(str(unforeseen)))
        return int(unforeseen.cause)
    return 0


def _unforeseen(error: Exception) -> DownloadError:
    return DownloadError(Cause.OTHER, described(error))


class Remote(ByteSource, Protocol):
    """A source whose files are listed."""

    @property
    def files(self) -> Sequence[Verifiable]: ...

    def folder(self, root: Path) -> Folder: ...

    def excuses(self, file: WantedFile, /) -> bool: ...


def _do(work: str, uri: str, target: Path, protocol: str) -> None:
    remote, connections, by_part = _connected(uri, protocol)
    if work == "size":
        tell(Listed(sum(one.file.size for one in remote.files), len(remote.files)))
        return
    wanted = [one for one in remote.files if not is_bookkeeping(one.file.path)]
    folder = remote.folder(target)
    transfer = Transfer(remote, folder, workers=connections, by_part=by_part)
    transfer.run([one.file for one in wanted])
    tell(Fetched())
    verify(wanted, folder, remote.excuses)


def _connected(uri: str, protocol: str) -> tuple[Remote, int, bool]:
    """The source of a URI, how many requests it takes at a time, and whether parts of a file are fetched at once.

    HF_TRANSFER once was a library for many connections per file. The hub's library has dropped it; we do it ourselves.
    """
    match parse_source(uri):
        case HubSource(repository):
            from aimctl_runtime.downloader.hub import HubRepository

            tell(Started())
            return HubRepository(repository), _WORKERS.get(protocol, 8), protocol == HF_TRANSFER
        case BucketSource() as source:
            from aimctl_runtime.downloader.bucket import CONNECTIONS, Bucket

            tell(Started())
            return Bucket(source, os.environ), CONNECTIONS, True


def _end_with_supervisor() -> None:
    while sys.stdin.buffer.read(1 << 10):
        pass
    os._exit(Cause.OTHER)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    # Threads of the libraries may still wait for a server: nobody waits for them.
    os._exit(code)
