"""What a source URI names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HubSource:
    """A model repository of the hub, `<organisation>/<name>`."""

    repository: str


@dataclass(frozen=True, slots=True)
class BucketSource:
    """All objects below `prefix` in a bucket, or the one object that is called so. `prefix` has no slash at its ends;
    "" is the whole bucket.
    """

    bucket: str
    prefix: str


Source = HubSource | BucketSource


class UsageError(Exception):
    """An argument or a variable that cannot be used. The message names it, its value and what is allowed."""


def parse_source(uri: str) -> Source:
    """The source of a URI `hf://<repository>` or `s3://<bucket>[/<prefix>]`. Raises UsageError."""
    scheme, separator, rest = uri.partition("://")
    rest = rest.strip("/")
    if separator and rest and not any(c.isspace() for c in rest):
        if scheme == "hf":
            return HubSource(rest)
        if scheme == "s3":
            bucket, _, prefix = rest.partition("/")
            return BucketSource(bucket, prefix.strip("/"))
    raise UsageError(f"source URI {uri!r}: must be hf://<organisation>/<name> or s3://<bucket>/<prefix>")
