"""Error answers of the API server: Status bodies and the few that are plain text.

1. Every refusal is an `ApiError` with code, body and headers; nothing else leaves the simulated server.
2. `details.kind` is the plural for most errors and the Kind for validation and delete preconditions: clients must
   not compare it.
3. A kind that is not installed answers in plain text, without a Status: it differs from an absent object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aimcore.api.kinds import Kind
from aimcore.simulation.causes import Cause


class ApiError(Exception):
    """A refusal by the API server: HTTP code, body (a Status, or plain text), response headers."""

    def __init__(self, code: int, body: dict[str, Any] | str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(body if isinstance(body, str) else body.get("message", ""))
        self.code = code
        self.body = body
        self.headers: dict[str, str] = dict(headers or {})

    @property
    def reason(self) -> str:
        """`reason` of the Status; "" when it has none."""
        return str(self.body.get("reason", "")) if isinstance(self.body, dict) else ""

    @property
    def message(self) -> str:
        return self.body if isinstance(self.body, str) else str(self.body.get("message", ""))

    @property
    def details(self) -> Mapping[str, Any]:
        return self.body.get("details") or {} if isinstance(self.body, dict) else {}

    @property
    def causes(self) -> Sequence[Mapping[str, Any]]:
        """`details.causes` of the Status, possibly empty."""
        return self.details.get("causes") or []


def status_body(code: int, reason: str, message: str, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A failure Status. Empty `reason` and `details` are left out, as on the wire."""
    body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    body["message"] = message
    if reason:
        body["reason"] = reason
    if details is not None:
        body["details"] = dict(details)
    body["code"] = code
    return body


def resource_text(kind: Kind) -> str:
    """`foos.ex.io`, or only the plural in the core group."""
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def kind_text(kind: Kind) -> str:
    return f"{kind.kind}.{kind.group}" if kind.group else kind.kind


def _named(kind: Kind, name: str, *, by: str = "") -> dict[str, Any]:
    details: dict[str, Any] = {"name": name}
    if kind.group:
        details["group"] = kind.group
    details["kind"] = by or kind.plural
    return details


def _refused(code: int, reason: str, message: str, details: Mapping[str, Any] | None = None) -> ApiError:
    return ApiError(code, status_body(code, reason, message, details))


def not_installed() -> ApiError:
    return ApiError(404, "404 page not found")


def not_found(kind: Kind, name: str) -> ApiError:
    return _refused(404, "NotFound", f'{resource_text(kind)} "{name}" not found', _named(kind, name))


def namespace_not_found(namespace: str) -> ApiError:
    details = {"name": namespace, "kind": "namespaces"}
    return _refused(404, "NotFound", f'namespaces "{namespace}" not found', details)


def already_exists(kind: Kind, name: str, *, deleting: bool) -> ApiError:
    prefix = "object is being deleted: " if deleting else ""
    message = f'{prefix}{resource_text(kind)} "{name}" already exists'
    return _refused(409, "AlreadyExists", message, _named(kind, name))


def conflict(kind: Kind, name: str, why: str, *, by: str = "") -> ApiError:
    message = f'Operation cannot be fulfilled on {resource_text(kind)} "{name}": {why}'
    return _refused(409, "Conflict", message, _named(kind, name, by=by))


def stale_version(kind: Kind, name: str) -> ApiError:
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(kind, name, why)


def apply_conflict(causes: Sequence[Cause], message: str) -> ApiError:
    return _refused(409, "Conflict", message, {"causes": [c.as_json() for c in causes]})


def invalid_object(kind: Kind, name: str, causes: Sequence[Cause]) -> ApiError:
    """422 with one cause for each violated rule."""
    return _refused(
        422,
        "Invalid",
        f'{kind_text(kind)} "{name}" is invalid: {_listed(causes)}',
        {**_named(kind, name, by=kind.kind), "causes": [c.as_json() for c in causes]},
    )


def invalid_options(options: str, causes: Sequence[Cause]) -> ApiError:
    """422 for query parameters; `options` is PatchOptions, ListOptions …"""
    details = {"group": "meta.k8s.io", "kind": options, "causes": [c.as_json() for c in causes]}
    return _refused(422, "Invalid", f'{options}.meta.k8s.io "" is invalid: {_listed(causes)}', details)


def _listed(causes: Iterable[Cause]) -> str:
    texts = list(dict.fromkeys(str(c) for c in causes))
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def unprocessable(kind: Kind, name: str) -> ApiError:
    """A JSON patch that does not fit the object, e.g. a failed `test`."""
    message = "the server rejected our request due to an error in our request"
    return _refused(422, "Invalid", message, _named(kind, name) if name else {})


def bad_request(message: str) -> ApiError:
    return _refused(400, "BadRequest", message)


def too_large(why: str) -> ApiError:
    """413: the request asks for more than the server does."""
    return _refused(413, "RequestEntityTooLarge", why)


def unsupported_media_type(given: str) -> ApiError:
    message = (
        "the body of the request was in an unknown format - accepted media types include: "
        f"application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml (was {given})"
    )
    return _refused(415, "UnsupportedMediaType", message)


def forbidden(kind: Kind, name: str, why: str, causes: Sequence[Cause] = ()) -> ApiError:
    details = _named(kind, name)
    if causes:
        details["causes"] = [c.as_json() for c in causes]
    return _refused(403, "Forbidden", f'{resource_text(kind)} "{name}" is forbidden: {why}', details)


def namespace_terminating(kind: Kind, name: str, namespace: str) -> ApiError:
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    cause = Cause("NamespaceTerminating", f"namespace {namespace} is being terminated", "metadata.namespace")
    return forbidden(kind, name, why, [cause])


def without_reason(message: str) -> ApiError:
    """HTTP 500 without a `reason`: the server's answer to some faults of the client."""
    return _refused(500, "", message)


def internal_error(message: str) -> ApiError:
    cause = {"message": message}
    return _refused(500, "InternalError", f"Internal error occurred: {message}", {"causes": [cause]})


def webhook_failed(webhook: str, why: str) -> ApiError:
    return internal_error(f'failed calling webhook "{webhook}": {why}')


def webhook_denied(webhook: str, message: str = "") -> ApiError:
    """A denial: 403 without details; without a text from the webhook it is a 400 without reason."""
    if not message:
        return _refused(400, "", f'admission webhook "{webhook}" denied the request without explanation')
    return _refused(403, "Forbidden", f'admission webhook "{webhook}" denied the request: {message}')


def expired(message: str, *, continue_: str = "") -> ApiError:
    body = status_body(410, "Expired", message)
    if continue_:
        body["metadata"] = {"continue": continue_}
    return ApiError(410, body)


def version_too_large(wanted: int, current: int) -> ApiError:
    message = f"Too large resource version: {wanted}, current: {current}"
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    return _refused(504, "Timeout", f"Timeout: {message}", {"causes": [cause], "retryAfterSeconds": 1})


def rbac_forbidden(
    kind: Kind, name: str, user: str, verb: str, *, subresource: str = "", namespace: str = ""
) -> ApiError:
    """What an API server with RBAC says; the simulated one asks nobody, so only fault injection raises it."""
    resource = f"{kind.plural}/{subresource}" if subresource else kind.plural
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    why = f'User "{user}" cannot {verb} resource "{resource}" in API group "{kind.group}" {where}'
    return forbidden(kind, name, why)


def quota_exceeded(kind: Kind, name: str, quota: str, *, requested: str, used: str, limited: str) -> ApiError:
    why = f"exceeded quota: {quota}, requested: {requested}, used: {used}, limited: {limited}"
    return forbidden(kind, name, why)


def too_many_requests(*, overloaded: bool) -> ApiError:
    """429: plain text when the server sheds load, a Status while its storage starts."""
    if overloaded:
        return ApiError(429, "Too many requests, please try again later.", {"Retry-After": "1"})
    body = status_body(429, "TooManyRequests", "storage is (re)initializing", {"retryAfterSeconds": 1})
    return ApiError(429, body, {"Retry-After": "1"})


def server_starting() -> ApiError:
    message = "the request has been made before all known HTTP paths have been installed, please try again"
    return ApiError(
        503, status_body(503, "ServiceUnavailable", message, {"retryAfterSeconds": 5}), {"Retry-After": "5"}
    )


def request_timeout() -> ApiError:
    """504 of the server's own time limit: the write may have happened; the body lacks kind and apiVersion."""
    message = "Timeout: request did not complete within the allotted timeout"
    body = {"metadata": {}, "status": "Failure", "message": message, "reason": "Timeout", "details": {}, "code": 504}
    return ApiError(504, body, {"Content-Type": "text/plain"})


def unauthorized() -> ApiError:
    return _refused(401, "Unauthorized", "Unauthorized")
