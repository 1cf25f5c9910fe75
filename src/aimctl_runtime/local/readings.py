"""Readings of requests: what the parameters and the body say, checked against the path. Mistakes raise `ApiError`."""

from __future__ import annotations

from typing import Any

from aimcore.resource import Json, Key
from aimcore.simulation.causes import not_supported
from aimcore.simulation.errors import bad_request, invalid_options
from aimcore.simulation.listing import MOST_DIGITS
from aimcore.simulation.requests import check_name, checked_body
from aimctl_runtime.local.catalog import Target
from aimctl_runtime.local.exchange import Request


def key_of(target: Target) -> Key:
    """The key of the object that a path names."""
    return Key(target.type.kind.kind, target.namespace, target.name)


def object_of(target: Target, body: Any) -> Json:
    """The object of a POST or PUT: checked against the URL, and completed from it."""
    body = checked_body(body)
    kind = target.type.kind
    given = (body.get("apiVersion"), body.get("kind"))
    if given not in ((None, None), (kind.api_version, kind.kind)):
        raise bad_request(
            f"the API version in the data ({given[0]}, Kind={given[1]}) does not match the expected API version "
            f"({kind.api_version}, Kind={kind.kind})"
        )
    metadata = body["metadata"]
    check_name(Key(kind.kind, target.namespace, target.name or metadata.get("name") or ""), metadata)
    filled = {k: v for k, v in (("name", target.name), ("namespace", target.namespace)) if v}
    return {**body, "apiVersion": kind.api_version, "kind": kind.kind, "metadata": {**metadata, **filled}}


def number(request: Request, name: str) -> int:
    """A whole number; 0 if it is not given."""
    text = request.query.get(name, "") or "0"
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise bad_request(f"{name}: Invalid value: {text!r}: must be a whole number of at most {MOST_DIGITS} digits")
    return int(text)


def is_dry(request: Request) -> bool:
    """Whether nothing is to be stored."""
    value = request.query.get("dryRun", "")
    if value not in ("", "All"):
        raise invalid_options("PatchOptions", [not_supported("dryRun", value, ["All"])])
    return value == "All"


def validation_of(request: Request) -> str:
    """What to do with unknown fields: Warn unless asked otherwise."""
    return request.query.get("fieldValidation", "") or "Warn"


def field_manager_of(request: Request) -> str:
    """The field manager: as asked for, else the program's name from the user agent."""
    return request.query.get("fieldManager") or request.agent.partition("/")[0][:128] or "unknown"
