"""Causes in the last lines of a failed container's log.

1. Groups are tried in order, within a group pattern by pattern, each over all lines.
2. Not found comes before access: the hub answers 401 for repositories that do not exist.
3. Trouble with the cluster's own permissions comes last: a refused status patch never fails a download.
4. The excerpt is the line that matched, or else the last three lines.
5. Of each line only the first 500 characters count: a condition's message has a limit.
6. A pattern is pieces that follow each other in a line, whatever their case; `.*` stands between them. They are looked
   for one after the other, so that no line takes long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aimcore.conditions import Category

_LONGEST_LINE = 500


@dataclass(frozen=True, slots=True)
class LogCause:
    """What a log says went wrong. `message` ends with the excerpt."""

    category: Category
    reason: str
    message: str


class _Group(NamedTuple):
    category: Category
    reason: str
    prefix: str
    patterns: Sequence[Sequence[str]]


def _patterns(*texts: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(text.casefold().split(".*")) for text in texts)


_GROUPS: tuple[_Group, ...] = (
    _Group(
        Category.INVALID_SPEC,
        "SourceNotFound",
        "Source resource not found (404)",
        _patterns(
            "Repository Not Found",
            "RepositoryNotFoundError",
            "404.*not.*found",
            "not.*found.*404",
            "NoSuchKey",
            "NoSuchBucket",
            "model.*not.*found",
            "file.*not.*found",
            "s3.*404",
        ),
    ),
    _Group(
        Category.AUTH,
        "AuthError",
        "Authentication error detected in pod logs",
        _patterns(
            "access.*denied.*s3",
            "s3.*403",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "s3.*unauthorized",
            "aws.*credentials.*not.*found",
            "NoCredentialProviders",
            "Access to model .* is restricted",
            "Cannot access gated repo",
            "Invalid.*token.*huggingface",
            "huggingface.*authentication.*failed",
            "401.*Unauthorized.*hf.co",
            "403.*Forbidden.*hf.co",
        ),
    ),
    _Group(
        Category.EXHAUSTION,
        "StorageFull",
        "Storage full error detected in pod logs",
        _patterns("no space left on device", "disk.*full", "ENOSPC", "quota.*exceeded", "storage.*full"),
    ),
    _Group(
        Category.INFRASTRUCTURE,
        "InfrastructureError",
        "Infrastructure error detected in pod logs",
        _patterns(
            "RBAC:.*not found",
            "clusterrole.*not found",
            "forbidden.*cannot.*resource",
            "serviceaccount.*cannot",
        ),
    ),
)


def find_cause(log: str, message: str) -> LogCause | None:
    """What a log says went wrong, or None. `message` is what is known without it."""
    lines = [(line, line.casefold()) for line in _lines(log)]
    for group in _GROUPS:
        for pattern in group.patterns:
            for line, folded in lines:
                if _follow_each_other(pattern, folded):
                    text = f"{group.prefix}: {with_excerpt(message, line)}"
                    return LogCause(group.category, group.reason, text)
    return None


def _follow_each_other(pieces: Sequence[str], line: str) -> bool:
    position = 0
    for piece in pieces:
        found = line.find(piece, position)
        if found < 0:
            return False
        position = found + len(piece)
    return True


def last_lines(log: str) -> str:
    """The last three lines of a log."""
    return "\n".join(_lines(log.strip())[-3:])


def _lines(log: str) -> list[str]:
    return [line[:_LONGEST_LINE] for line in log.splitlines()]


def with_excerpt(message: str, excerpt: str) -> str:
    """The message with an excerpt of a log below it, if there is any."""
    return f"{message}\n\nLog excerpt:\n{excerpt.strip()}" if excerpt.strip() else message
