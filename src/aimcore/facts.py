"""Wants and facts: questions for the world outside the Kubernetes API, and their answers.

1. A plan never fetches. It asks (`Snapshot.fact`); unanswered questions are the plan's `wants`; the shell answers
   them, and the answer is a fact in the next snapshot.
2. A question carries everything needed to answer it and nothing else, so equal questions share one answer.
3. Secrets are named in questions and never stored in answers.
4. What came of our own writes is a fact too (`Outcome`), so a plan can say so in a condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from aimcore.resource import Key


@dataclass(frozen=True, slots=True)
class ImageLabels:
    """Which labels does this container image carry? Answered with `InspectedImage`.

    `secrets` are names of pull secrets in `namespace`, in order.
    """

    image: str
    namespace: str
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InspectedImage:
    """What a registry says of an image: its labels, and the digest that its reference stands for ("" if unknown)."""

    labels: Mapping[str, str]
    digest: str = ""


@dataclass(frozen=True, slots=True)
class PodLog:
    """The last lines of one container's log. Answered with `str`.

    `uid` makes the question unique to one incarnation of the pod; `lines` None means the whole log; `previous` asks
    for the log of the container's previous run.
    """

    namespace: str
    pod: str
    uid: str
    container: str
    lines: int | None = 50
    previous: bool = False


@dataclass(frozen=True, slots=True)
class RepositoryTags:
    """Which repositories and tags match one filter of a model source? Answered with `RepositoryListing`.

    While a long listing goes on, it is answered with `ListingUnderWay`. `repository` is a name, or a pattern with `*`.
    `secrets` are names of pull secrets in `namespace`, in order.
    """

    registry: str
    repository: str
    namespace: str
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListingUnderWay:
    """How far a listing is. `repositories` is None while the catalogue itself is read."""

    listed: int
    repositories: int | None
    tags: int


@dataclass(frozen=True, slots=True)
class SecretExists:
    """Does this Secret exist? Answered with `bool`. Its content is never read for this."""

    namespace: str
    name: str


Want = ImageLabels | PodLog | RepositoryTags | SecretExists


class FailureKind(StrEnum):
    """Why a question could not be answered, or a write not be done."""

    AUTH = "auth"
    NOT_FOUND = "not-found"
    UNREACHABLE = "unreachable"
    RATE_LIMITED = "rate-limited"
    MALFORMED = "malformed"
    SECRET_NOT_FOUND = "secret-not-found"  # noqa: S105  a kind of failure
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Failure:
    """The world answered "no". `message` is a sentence for people and holds no secret value.

    `retry_after`: how long whoever refused wants to be left in peace.
    """

    kind: FailureKind
    message: str
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RepositoryListing:
    """`(repository, tag)` pairs, sorted. `problems`: why some repositories could not be listed, sorted by message."""

    images: tuple[tuple[str, str], ...]
    problems: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, with the moment at which it was given (aware UTC). `value` is a `Failure` if there is none."""

    value: Any
    at: datetime


class OutcomeOf(NamedTuple):
    """Names the outcome of the last write to `child` on behalf of `parent`."""

    parent: Key
    child: Key


class Refusal(StrEnum):
    """Why a write was not done. The values are condition reasons."""

    APPLY_CONFLICT = "ApplyConflict"
    FIELD_CONFLICT = "FieldConflict"
    QUOTA_EXCEEDED = "QuotaExceeded"
    ADMISSION_DENIED = "AdmissionDenied"
    FORBIDDEN = "Forbidden"
    KIND_NOT_INSTALLED = "KindNotInstalled"
    NAMESPACE_TERMINATING = "NamespaceTerminating"
    NAMESPACE_NOT_FOUND = "NamespaceNotFound"
    INVALID_SPEC = "InvalidSpec"
    SERVER_UNREACHABLE = "ServerUnreachable"
    UNKNOWN = "Unknown"
    """A time-out: the write may have happened."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A write that was not simply done.

    `message` is the server's own. `manager` and `fields` are set for conflicts. `desired` is the fingerprint of the
    manifest that was refused (see `aimcore.changes.fingerprint`), so that a changed manifest is tried at once.
    `seen` is the child's resourceVersion when it was refused ("" if absent). `attempts` counts earlier refusals of the
    same manifest in a row; whoever learns outcomes keeps it (`Table.learn_outcome`).
    """

    refusal: Refusal
    message: str
    at: datetime
    manager: str = ""
    fields: tuple[str, ...] = ()
    desired: str = ""
    seen: str = ""
    attempts: int = 0


class Taken(NamedTuple):
    """What the server last took for a child: the fingerprint of our manifest, the child's generation then, and when."""

    desired: str
    generation: int
    at: datetime


Facts = Mapping[Want, Answer]
