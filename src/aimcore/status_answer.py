"""Reading the API server's answers: `Status` objects, plain texts, and anything else a proxy may send.

1. The code and the `reason` field decide; the message only where the server offers nothing else (F-97, F-98, F-106).
2. `details.kind` is sometimes a plural and sometimes a kind: it is compared only for `namespaces` (F-91).
3. A 404 that is no Status means that the kind is not served (F-92); never "object absent".
4. What leaves open whether a write happened is `Refusal.UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aimcore.facts import Refusal
from aimcore.resource import Json


@dataclass(frozen=True, slots=True)
class Cause:
    """One entry of `details.causes`."""

    reason: str
    message: str
    field: str


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, read. `object` is the JSON object of a success that is no Status. `message` is never empty."""

    code: int
    reason: str
    message: str
    causes: tuple[Cause, ...] = ()
    details: Mapping[str, Any] | None = None
    is_status: bool = False
    object: Json | None = None


def read_answer(code: int, body: object) -> Answered:
    """Read any answer: `body` is decoded JSON, or a text, or None."""
    if not isinstance(body, dict):
        text = body.strip() if isinstance(body, str) else ""
        return Answered(code, "", text[:1000] or f"the server answered with code {code} and no message")
    if 200 <= code < 300:
        return Answered(code, "", "ok", object=None if body.get("kind") == "Status" else body)
    details = body.get("details")
    details = details if isinstance(details, dict) else None
    message = _text(body.get("message")) or f"the server answered with code {code} and no message"
    return Answered(code, _text(body.get("reason")), message, _causes(details), details, is_status=True)


def _causes(details: Mapping[str, Any] | None) -> tuple[Cause, ...]:
    causes = details.get("causes") if details else None
    if not isinstance(causes, list):
        return ()
    return tuple(
        Cause(_text(c.get("reason")), _text(c.get("message")), _text(c.get("field")))
        for c in causes
        if isinstance(c, dict)
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


# ---- refusals: the first row that holds decides ---------------------------------------------------------------------
def _namespace_terminating(a: Answered) -> bool:
    return a.code == 403 and any(c.reason == "NamespaceTerminating" for c in a.causes)


def _namespace_missing(a: Answered) -> bool:
    return a.code == 404 and a.details is not None and a.details.get("kind") == "namespaces"


def _kind_missing(a: Answered) -> bool:
    return a.code == 404 and (a.details is None or not a.details.get("name"))


def _object_missing(a: Answered) -> bool:
    return a.code == 404


def _quota_exceeded(a: Answered) -> bool:
    return a.code == 403 and ("exceeded quota" in a.message or "failed quota" in a.message)


def _not_allowed(a: Answered) -> bool:
    return a.code == 401 or (a.code == 403 and " cannot " in a.message and " resource " in a.message)


def _webhook_broken(a: Answered) -> bool:
    return a.code == 500 and "failed calling webhook" in a.message


def _webhook_denied(a: Answered) -> bool:
    return a.message.startswith("admission webhook ")


def _admission_denied(a: Answered) -> bool:
    return a.code == 403


_CLIENT_FAULTS = ("failed to create typed patch object", "resourceVersion should not be set on objects to be created")


def _invalid(a: Answered) -> bool:
    return a.code in (400, 405, 413, 415, 422) or (a.code == 500 and a.message.startswith(_CLIENT_FAULTS))


def _conflict(a: Answered) -> bool:
    return a.code in (409, 410)


def _busy(a: Answered) -> bool:
    return a.code in (429, 503)


_REFUSALS: tuple[tuple[Callable[[Answered], bool], Refusal], ...] = (
    (_namespace_terminating, Refusal.NAMESPACE_TERMINATING),
    (_namespace_missing, Refusal.NAMESPACE_NOT_FOUND),
    (_kind_missing, Refusal.KIND_NOT_INSTALLED),
    (_object_missing, Refusal.APPLY_CONFLICT),
    (_quota_exceeded, Refusal.QUOTA_EXCEEDED),
    (_not_allowed, Refusal.FORBIDDEN),
    (_webhook_broken, Refusal.SERVER_UNREACHABLE),
    (_webhook_denied, Refusal.ADMISSION_DENIED),
    (_admission_denied, Refusal.ADMISSION_DENIED),
    (_invalid, Refusal.INVALID_SPEC),
    (_conflict, Refusal.APPLY_CONFLICT),
    (_busy, Refusal.SERVER_UNREACHABLE),
)


def refusal_of(answer: Answered) -> Refusal:
    """Why a write was not done; `UNKNOWN` when it may have been done after all."""
    return next((refusal for holds, refusal in _REFUSALS if holds(answer)), Refusal.UNKNOWN)
