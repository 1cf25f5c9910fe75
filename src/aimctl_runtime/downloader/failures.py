"""Why a download fails, and in which words.

1. The messages hold the words that the controller looks for in the last lines of a log.
2. A cause that no other protocol can mend ends the sequence: the source is missing, access is denied, the volume full.
3. No other message holds such words: `FileNotFoundError` reads like a source that is not found, so the names of
   errors of the operating system are never printed.
4. The exit code of a child says the cause to its supervisor; the exit code of the program is 1 for all of them.
"""

from __future__ import annotations

import errno
from enum import IntEnum


class Cause(IntEnum):
    """The cause of a failure; its number is the exit code of an attempt."""

    OTHER = 20
    MISSING = 21
    DENIED = 22
    FULL = 23
    CORRUPT = 24
    STALLED = 25

    @property
    def is_final(self) -> bool:
        """Whether another protocol would meet the same."""
        return self in (Cause.MISSING, Cause.DENIED, Cause.FULL, Cause.CORRUPT)


class DownloadError(Exception):
    """A failure with its cause. The message is one line."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(" ".join(message.split()))
        self.cause = cause


def cause_of_code(code: int) -> Cause:
    """The cause that an attempt's exit code names."""
    return Cause(code) if code in Cause._value2member_map_ else Cause.OTHER


_FULL = {errno.ENOSPC, errno.EDQUOT}
_FULL_TEXTS = ("no space left on device", "quota exceeded", "os error 28")


def storage_is_full(error: BaseException) -> bool:
    """Whether an error, or one behind it, says that the volume takes no more bytes."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in _FULL:
            return True
        if any(text in str(seen).lower() for text in _FULL_TEXTS):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def described(error: BaseException) -> str:
    """An error in words that name no cause by accident."""
    if isinstance(error, OSError):
        return f"{error.strerror}: {error.filename}" if error.strerror and error.filename else str(error)
    return f"{type(error).__name__}: {error}"


def storage_full(error: BaseException) -> DownloadError:
    """The failure of a full volume."""
    return DownloadError(Cause.FULL, f"No space left on device: the cache volume is full ({error})")
