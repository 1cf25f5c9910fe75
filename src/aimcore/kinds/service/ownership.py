"""Finding our InferenceService and HTTPRoute: by controller uid, not by name.

1. An object whose controller is this service is ours, whatever its name.
2. Else one of the name we would give, if nobody controls it: it is adopted.
3. One of that name with another controller is taken: never written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aimcore.resource import Resource
from aimcore.snapshot import Found, Listed, NotInstalled, Snapshot, Unreadable


@dataclass(frozen=True, slots=True)
class Ours:
    """The object exists and is ours to write."""

    resource: Resource


@dataclass(frozen=True, slots=True)
class NoneOfOurs:
    """There is no such object yet."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The name belongs to somebody else's object. `owner` is the kind of its controller."""

    name: str
    owner: str


Ownership = Ours | NoneOfOurs | Taken | Unreadable | NotInstalled


def find_ours(
    snapshot: Snapshot, resource: Resource, kind: str, named: Callable[[Resource], Sequence[str]]
) -> Ownership:
    """The object of `kind` that belongs to a service. `named`: a reading of what we would call it, best first."""
    owned: list[Resource] = []
    if resource.uid:
        listing = snapshot.index(kind, "owner", resource.uid)
        if not isinstance(listing, Listed):
            return listing
        owned = [r for r in listing.resources if _controls(resource.uid, r)]
    if len(owned) == 1:
        return Ours(owned[0])
    names = resource.read_as(named)
    if owned:
        return Ours(min(owned, key=lambda r: (r.is_deleting, r.name not in names, r.name)))
    for name in names:
        match snapshot.object(kind, resource.namespace, name):
            case Found(found):
                controller = found.controller
                return Ours(found) if controller is None else Taken(name, controller.kind)
            case Unreadable() | NotInstalled() as why:
                return why
    return NoneOfOurs()


def _controls(uid: str, found: Resource) -> bool:
    controller = found.controller
    return controller is not None and controller.uid == uid


def found_resource(ownership: Ownership) -> Resource | None:
    """The object, if there is one of ours."""
    return ownership.resource if isinstance(ownership, Ours) else None
