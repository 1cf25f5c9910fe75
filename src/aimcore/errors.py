"""Errors of the world as component health: objects that cannot be read, writes that were refused.

1. Errors are told apart by code and reason, never by message where those exist.
2. Whatever fits no row is infrastructure: it passes, and it is tried again.
3. What is shown is the child's name and the server's own message, so that the lowest cause can be read off.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from aimcore.conditions import Category, Depends, Health, State, failing
from aimcore.facts import Failure, FailureKind, Outcome, Refusal
from aimcore.resource import Key
from aimcore.snapshot import Unreadable


class _Row(NamedTuple):
    category: Category
    message: str


READ_ERRORS: Mapping[str, _Row] = {
    "NotFound": _Row(Category.MISSING_DOWNSTREAM, "Resource not found"),
    "Unauthorized": _Row(Category.AUTH, "Authentication required or invalid credentials"),
    "Forbidden": _Row(Category.AUTH, "Insufficient permissions to access resource"),
    "InvalidSpec": _Row(Category.INVALID_SPEC, "Resource specification is invalid"),
    "AlreadyExists": _Row(Category.INVALID_SPEC, "Resource already exists"),
    "Conflict": _Row(Category.INFRASTRUCTURE, "Resource conflict - version mismatch or concurrent modification"),
    "Timeout": _Row(Category.INFRASTRUCTURE, "Request timed out"),
    "ServiceUnavailable": _Row(Category.INFRASTRUCTURE, "Kubernetes API server unavailable or internal error"),
    "RateLimited": _Row(Category.INFRASTRUCTURE, "Too many requests - rate limited"),
    "ServerError": _Row(Category.INFRASTRUCTURE, "Server error (5xx)"),
    "ClientError": _Row(Category.INVALID_SPEC, "Client error (4xx)"),
    "ConnectionRefused": _Row(Category.INFRASTRUCTURE, "Connection refused - service may be down"),
    "NetworkTimeout": _Row(Category.INFRASTRUCTURE, "Network timeout"),
    "ConnectionReset": _Row(Category.INFRASTRUCTURE, "Connection reset by peer"),
    "DNSFailure": _Row(Category.INFRASTRUCTURE, "DNS resolution failed"),
    "NetworkError": _Row(Category.INFRASTRUCTURE, "Network operation failed"),
}
"""The reasons of `Unreadable`, each with its category and the sentence that stands when the server said nothing."""
NETWORK_REASONS = frozenset({"ConnectionRefused", "NetworkTimeout", "ConnectionReset", "DNSFailure", "NetworkError"})
"""Those of them that mean that the server gave no answer at all."""
_UNKNOWN_ERROR = _Row(Category.INFRASTRUCTURE, "Unknown error")

_REASONS: Mapping[str, str] = {
    "NotFound": "NotFound",
    "Unauthorized": "Unauthorized",
    "Forbidden": "Forbidden",
    "Invalid": "InvalidSpec",
    "AlreadyExists": "AlreadyExists",
    "Conflict": "Conflict",
    "ServerTimeout": "Timeout",
    "Timeout": "Timeout",
    "ServiceUnavailable": "ServiceUnavailable",
    "InternalError": "ServiceUnavailable",
    "TooManyRequests": "RateLimited",
}
_CODES: Mapping[int, str] = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    422: "InvalidSpec",
    429: "RateLimited",
    500: "ServiceUnavailable",
    503: "ServiceUnavailable",
    504: "Timeout",
}


def reason_of_read(code: int, reason: str) -> str:
    """The reason of `Unreadable` for an API server's answer: by the Status's `reason`, else by the code (R-11.3)."""
    if code == 429:
        return "RateLimited"
    known = _REASONS.get(reason) or _CODES.get(code)
    if known is not None:
        return known
    if code >= 500:
        return "ServerError"
    return "ClientError" if code >= 400 else "UnknownError"


def health_of_unreadable(component: str, unreadable: Unreadable, depends: Depends = Depends.NONE) -> Health:
    """The health of a component whose objects cannot be read now. Never the health of an absent object."""
    row = READ_ERRORS.get(unreadable.reason, _UNKNOWN_ERROR)
    message = f"{unreadable.kind}: {unreadable.message or row.message}"
    return failing(component, row.category, unreadable.reason or "UnknownError", message, depends)


# ---- refused writes -------------------------------------------------------------------------------------------------
_REFUSED: Mapping[Refusal, Category | State] = {
    Refusal.APPLY_CONFLICT: State.DEGRADED,
    Refusal.FIELD_CONFLICT: State.DEGRADED,
    Refusal.QUOTA_EXCEEDED: Category.EXHAUSTION,
    Refusal.ADMISSION_DENIED: Category.INVALID_SPEC,
    Refusal.FORBIDDEN: Category.AUTH,
    Refusal.KIND_NOT_INSTALLED: State.DEGRADED,
    Refusal.NAMESPACE_TERMINATING: State.DEGRADED,
    Refusal.NAMESPACE_NOT_FOUND: State.DEGRADED,
    Refusal.INVALID_SPEC: Category.INVALID_SPEC,
    Refusal.SERVER_UNREACHABLE: Category.INFRASTRUCTURE,
    Refusal.UNKNOWN: Category.INFRASTRUCTURE,
}
"""For each refusal its category; a state alone where no category of ours fits."""


def health_of_outcome(component: str, child: Key, outcome: Outcome) -> Health:
    """The health of a component whose child could not be written. The reason is the refusal's (see `Refusal`)."""
    message = f"{child}: {outcome.message}"
    if outcome.manager and outcome.fields:
        message = f"{message} ({', '.join(outcome.fields)} held by {outcome.manager})"
    fault = _REFUSED[outcome.refusal]
    if isinstance(fault, Category):
        return failing(component, fault, outcome.refusal.value, message, Depends.DOWNSTREAM)
    return Health(component, fault, outcome.refusal.value, message, Depends.DOWNSTREAM)


# ---- registries -----------------------------------------------------------------------------------------------------
class RegistryRow(NamedTuple):
    """What a registry's "no" of one kind means (D-8).

    `patience`: the first interval after which it is asked again. `remedy`: what a person can do, as a clause.
    """

    category: Category
    reason: str
    patience: timedelta
    remedy: str


REGISTRY_FAILURES: Mapping[FailureKind, RegistryRow] = {
    FailureKind.AUTH: RegistryRow(
        Category.AUTH,
        "AuthError",
        timedelta(seconds=30),
        "name a pull secret with access in imagePullSecrets; some registries say this of images that do not exist",
    ),
    FailureKind.NOT_FOUND: RegistryRow(
        Category.MISSING_UPSTREAM, "ImageNotFound", timedelta(minutes=10), "check registry, name and tag"
    ),
    FailureKind.UNREACHABLE: RegistryRow(
        Category.INFRASTRUCTURE,
        "RegistryUnreachable",
        timedelta(seconds=10),
        "it is asked again; check the registry's name and the network",
    ),
    FailureKind.RATE_LIMITED: RegistryRow(
        Category.INFRASTRUCTURE,
        "RateLimited",
        timedelta(minutes=1),
        "it is asked again when the registry allows; logging in with a pull secret may raise the limit",
    ),
    FailureKind.MALFORMED: RegistryRow(
        Category.INVALID_SPEC,
        "MetadataExtractionFailed",
        timedelta(minutes=10),
        "correct what is named here, or give spec.imageMetadata",
    ),
    FailureKind.SECRET_NOT_FOUND: RegistryRow(
        Category.MISSING_UPSTREAM, "SecretNotFound", timedelta(seconds=30), "create the secret in that namespace"
    ),
    FailureKind.FORBIDDEN: RegistryRow(
        Category.AUTH, "SecretAccessFailed", timedelta(seconds=30), "let the operator read Secrets there"
    ),
}


def patience_with(failure: Failure) -> timedelta:
    """How long to wait before the registry is asked again."""
    return max(REGISTRY_FAILURES[failure.kind].patience, failure.retry_after or timedelta(0))


_AUTH_WORDS = ("unauthorized", "authentication", "401", "403", "forbidden", "denied", "credentials")
_NOT_FOUND_WORDS = ("not found", "404", "manifest unknown", "name unknown", "no such")


def registry_failure_kind(text: str) -> FailureKind:
    """What kind of failure a registry's text names: AUTH, NOT_FOUND, else UNREACHABLE.

    For texts alone, such as a kubelet's; an answer with an HTTP code is judged by the code.
    """
    lowered = text.lower()
    if any(word in lowered for word in _AUTH_WORDS):
        return FailureKind.AUTH
    if any(word in lowered for word in _NOT_FOUND_WORDS):
        return FailureKind.NOT_FOUND
    return FailureKind.UNREACHABLE
