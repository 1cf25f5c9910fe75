"""Lists: selectors, pages at one fixed version, and the meanings of resourceVersion.

1. A page carries a continue token with the version of the first page: later pages show that state.
2. `resourceVersion=0` ignores the limit. `Exact` gives that very state, any other version means "at least".
3. A token that is too old gives 410 with a fresh token for an inconsistent rest; an old exact version plain 410.
4. Items of custom kinds carry kind and apiVersion, those of built-in kinds do not.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, NamedTuple

from aimcore.simulation.causes import Cause, forbidden, invalid
from aimcore.simulation.errors import bad_request, expired, invalid_options, version_too_large
from aimcore.simulation.resource_type import Json, ResourceType
from aimcore.simulation.storage import Store

ANY_VERSION = -1
MOST_DIGITS = 18
TOO_OLD_TO_CONTINUE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
    "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
    "modified, or deleted between the time the first chunk was returned and now may show up in the list."
)


class Page(NamedTuple):
    """Where a list stands: the objects to choose from and the version that it shows."""

    objects: list[Json]
    version: int


class Token(NamedTuple):
    """A continue token: the version of the first page (-1: any), and the place after which to go on."""

    version: int
    namespace: str
    name: str

    def text(self) -> str:
        plain = json.dumps({"v": "meta.k8s.io/v1", "rv": self.version, "start": [self.namespace, self.name]})
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def of(cls, text: str) -> Token:
        try:
            data = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            namespace, name = data["start"]
            return cls(int(data["rv"]), str(namespace), str(name))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError, binascii.Error) as why:
            raise bad_request("continue key is not valid: the token cannot be read") from why


def is_version(text: str) -> bool:
    """Whether a text is a resourceVersion: a whole number of 64 bits, more or less."""
    return text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS


def version_of(text: str) -> int:
    """A resourceVersion as a number; 0 for "". Raises 400 for anything else."""
    if not text:
        return 0
    if not is_version(text):
        raise bad_request(f'Invalid value: "{text}": invalid resource version')
    return int(text)


def check_options(resource_version: str, match: str, continue_: str) -> None:
    """Refuse combinations of list parameters that contradict each other."""
    if continue_ and resource_version and resource_version != "0":
        raise bad_request("specifying resource version is not allowed when using continue")
    causes: list[Cause] = []
    if match and continue_:
        causes.append(forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"))
    elif match and not resource_version:
        text = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        causes.append(forbidden("resourceVersionMatch", text))
    elif match and match not in ("Exact", "NotOlderThan"):
        causes.append(invalid("resourceVersionMatch", match, "supported values: Exact, NotOlderThan, "))
    elif match == "Exact" and resource_version == "0":
        text = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        causes.append(forbidden("resourceVersionMatch", text))
    if causes:
        raise invalid_options("ListOptions", causes)


def chosen(store: Store, kind: str, namespace: str, resource_version: str, match: str, continue_: str) -> Page:
    """The state that a list shows (rules 1 to 3), before selectors and limit."""
    check_options(resource_version, match, continue_)
    if continue_:
        return _continued(store, kind, namespace, Token.of(continue_))
    wanted = version_of(resource_version)
    if wanted > store.version:
        raise version_too_large(wanted, store.version)
    if match == "Exact":
        if wanted < store.compacted:
            raise expired("The resourceVersion for the provided list is too old.")
        return Page(_state(store, kind, namespace, wanted), wanted)
    return Page(list(store.objects(kind, namespace)), store.version)


def _continued(store: Store, kind: str, namespace: str, token: Token) -> Page:
    version = store.version if token.version == ANY_VERSION else token.version
    if version < store.compacted:
        raise expired(TOO_OLD_TO_CONTINUE, continue_=Token(ANY_VERSION, token.namespace, token.name).text())
    if version > store.version:
        raise version_too_large(version, store.version)
    after = (token.namespace, token.name)
    return Page([o for o in _state(store, kind, namespace, version) if _place(o) > after], version)


def _state(store: Store, kind: str, namespace: str, version: int) -> list[Json]:
    if version == store.version:
        return list(store.objects(kind, namespace))
    return [o for o in store.objects_at(kind, version) if not namespace or o["metadata"].get("namespace") == namespace]


def list_body(type_: ResourceType, page: Page, objects: list[Json], limit: int, *, selects: bool) -> Json:
    """The list as the server answers it; `objects` are those of the page that the selectors chose."""
    metadata: dict[str, Any] = {"resourceVersion": str(page.version)}
    if 0 < limit < len(objects):
        rest = len(objects) - limit
        objects = objects[:limit]
        metadata["continue"] = Token(page.version, *_place(objects[-1])).text()
        if not selects:
            metadata["remainingItemCount"] = rest
    items = objects if type_.custom else [_bare(o) for o in objects]
    kind = type_.kind
    return {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata, "items": items}


def _bare(obj: Json) -> Json:
    return {k: v for k, v in obj.items() if k not in ("kind", "apiVersion")}


def _place(obj: Json) -> tuple[str, str]:
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
