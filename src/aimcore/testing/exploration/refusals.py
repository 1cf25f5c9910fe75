"""What a server says instead of doing what it was asked: codes and bodies as they come over the wire.

1. `refusal`: a passing "no" to any request, by its code.
2. `denial`: a "no" to a write that somebody meant, by the name of who says it (`DENIALS`). Quotas and namespaces deny
   only what is made anew: of any other write the right to do it is missing.
3. `LIST_TROUBLES`: why a kind cannot be listed. An answer, or none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from aimcore.api.kinds import Kind
from aimcore.changes import Apply, Change, Create, PatchStatus
from aimcore.cluster.kinds import KINDS
from aimcore.facts import Failure, FailureKind
from aimcore.resource import Key
from aimcore.simulation.errors import (
    ApiError,
    bad_request,
    internal_error,
    namespace_not_found,
    namespace_terminating,
    quota_exceeded,
    rbac_forbidden,
    request_timeout,
    server_starting,
    status_body,
    too_many_requests,
    unauthorized,
    webhook_denied,
)
from aimcore.testing.transport import NoAnswer
from aimcore.wire import requests_of

USER: Final = "system:serviceaccount:aim-system:aimctl"
QUOTA: Final = {"requested": "1", "used": "40", "limited": "40"}


# ---- passing --------------------------------------------------------------------------------------------------------
def refusal(code: int, key: Key) -> tuple[int, Any]:
    """Code and body of a server's refusal that is nobody's fault. Raises KeyError for a code that has none here."""
    if code == 504:
        error: ApiError = request_timeout()
        return error.code, error.body
    if code == 503:
        error = server_starting()
        return error.code, error.body
    modified = "the object has been modified; please apply your changes to the latest version and try again"
    reason, message = {
        409: ("Conflict", f'Operation cannot be fulfilled on "{key.name}": {modified}'),
        429: ("TooManyRequests", "the server has received too many requests and has asked us to try again later"),
        500: ("InternalError", "Internal error occurred: etcdserver: leader changed"),
    }[code]
    return code, status_body(code, reason, message)


# ---- meant ----------------------------------------------------------------------------------------------------------
def _not_permitted(change: Change, kind: Kind) -> ApiError:
    verb = requests_of(change, {kind.kind: kind}).verb
    return rbac_forbidden(
        kind, change.key.name, USER, "patch" if verb == "apply" else verb,
        subresource="status" if isinstance(change, PatchStatus) else "", namespace=change.key.namespace,
    )  # fmt: skip


def _credentials_refused(_change: Change, _kind: Kind) -> ApiError:
    return unauthorized()


def _webhook_says_no(_change: Change, _kind: Kind) -> ApiError:
    return webhook_denied("policies.example.com", "the label cost-centre is missing")


def _quota_used_up(change: Change, kind: Kind) -> ApiError:
    counted = {name: f"count/{kind.plural}={number}" for name, number in QUOTA.items()}
    return quota_exceeded(kind, change.key.name, "objects", **counted)


def _namespace_gone(change: Change, _kind: Kind) -> ApiError:
    return namespace_not_found(change.key.namespace)


def _namespace_going(change: Change, kind: Kind) -> ApiError:
    return namespace_terminating(kind, change.key.name, change.key.namespace)


OF_WRITES: Final = ("permission", "credentials", "webhook")
OF_NEW_OBJECTS: Final = ("quota", "namespace gone", "namespace going")
DENIALS: Final[Mapping[str, Callable[[Change, Kind], ApiError]]] = {
    "permission": _not_permitted,
    "credentials": _credentials_refused,
    "webhook": _webhook_says_no,
    "quota": _quota_used_up,
    "namespace gone": _namespace_gone,
    "namespace going": _namespace_going,
}
"""Who says no to a write, by name (rule 2)."""


def denials_of(change: Change) -> tuple[str, ...]:
    """The names of those who may say no to this write."""
    makes = isinstance(change, Create) or (isinstance(change, Apply) and change.uid is None)
    return (*OF_WRITES, *OF_NEW_OBJECTS) if makes and change.key.namespace else OF_WRITES


def denial(why: str, change: Change, kind: Kind) -> tuple[int, Any]:
    """Code and body of a denied write. Raises KeyError for an unknown name."""
    says = DENIALS[why]
    error = (says if why in denials_of(change) else _not_permitted)(change, kind)
    return error.code, error.body


# ---- lists ----------------------------------------------------------------------------------------------------------
def _may_not_list(kind: Kind) -> ApiError:
    return rbac_forbidden(kind, "", USER, "list")


def _no_answer(reason: str, message: str) -> Callable[[Kind], NoAnswer]:
    return lambda _kind: NoAnswer(reason, message)


LIST_TROUBLES: Final[Mapping[str, Callable[[Kind], ApiError | NoAnswer]]] = {
    "credentials": lambda _kind: unauthorized(),
    "permission": _may_not_list,
    "busy": lambda _kind: too_many_requests(overloaded=True),
    "broken": lambda _kind: internal_error("etcdserver: request timed out"),
    "starting": lambda _kind: server_starting(),
    "timeout": lambda _kind: request_timeout(),
    "bad gateway": lambda _kind: ApiError(502, "<html><h1>502 Bad Gateway</h1></html>"),
    "bad request": lambda _kind: bad_request("the header Authorization is too long"),
    "login page": lambda _kind: ApiError(200, "<html><h1>Log in</h1></html>"),
    "refused": _no_answer("ConnectionRefused", "connect: connection refused"),
    "silent": _no_answer("NetworkTimeout", "did not answer within 60 s"),
    "reset": _no_answer("ConnectionReset", "read: connection reset by peer"),
    "no name": _no_answer("DNSFailure", "lookup api.example.com: no such host"),
    "no route": _no_answer("NetworkError", "connect: no route to host"),
}
"""Why a list fails, by name (rule 3)."""


def secret_unread(why: str) -> Failure:
    """What comes of a question for which a Secret is needed that cannot be read, as observers of a shell give it."""
    trouble = LIST_TROUBLES[why](KINDS["Secret"])
    if isinstance(trouble, NoAnswer):
        return Failure(FailureKind.UNREACHABLE, f"failed to access the pull secret: {trouble}")
    kind = FailureKind.FORBIDDEN if trouble.code in (401, 403) else FailureKind.UNREACHABLE
    return Failure(kind, f"failed to access the pull secret: the server answered {trouble.code}")
