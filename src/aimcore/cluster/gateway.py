"""A narrow reading of HTTPRoute. The reader is total."""

from __future__ import annotations

from dataclasses import dataclass

from aimcore.cluster.reading import at, objects, text, texts, whole
from aimcore.records import quickly_made
from aimcore.resource import Json, Resource

_GATEWAY = ("gateway.networking.k8s.io", "Gateway")


@quickly_made
@dataclass(frozen=True, slots=True)
class ParentRef:
    """A parentRef with the server's defaults filled in. `section` "" and `port` 0 mean any."""

    group: str
    kind: str
    namespace: str
    name: str
    section: str
    port: int

    def overlaps(self, other: ParentRef) -> bool:
        """Whether some listener is meant by both."""
        same = (self.group, self.kind, self.namespace, self.name) == (
            other.group,
            other.kind,
            other.namespace,
            other.name,
        )
        sections = not self.section or not other.section or self.section == other.section
        ports = not self.port or not other.port or self.port == other.port
        return same and sections and ports


def read_parent_ref(ref: object, namespace: str) -> ParentRef:
    """The reading of a parentRef written in a route of `namespace`."""
    return ParentRef(
        text(ref, "group") or _GATEWAY[0],
        text(ref, "kind") or _GATEWAY[1],
        text(ref, "namespace") or namespace,
        text(ref, "name"),
        text(ref, "sectionName"),
        whole(ref, "port"),
    )


@dataclass(frozen=True, slots=True)
class RouteReading:
    """An HTTPRoute.

    `path` is the first path of the first rule ("" without one), `prefixes` are all PathPrefix values without a slash at
    the end. `said` are the conditions of all parents in order that speak about the route's present generation.
    """

    name: str
    uid: str
    path: str
    prefixes: frozenset[str]
    parents: tuple[ParentRef, ...]
    has_hostnames: bool
    said: tuple[Json, ...]
    controller_kind: str
    controller_uid: str
    is_deleting: bool


def read_route(resource: Resource) -> RouteReading:
    """The reading of an HTTPRoute."""
    paths = [
        at(match, "path")
        for rule in objects(resource.spec, "rules")
        for match in objects(rule, "matches")
        if text(match, "path", "value")
    ]
    controller = resource.controller
    return RouteReading(
        name=resource.name,
        uid=resource.uid,
        path=text(paths[0], "value") if paths else "",
        prefixes=frozenset(slashless(text(p, "value")) for p in paths if text(p, "type") in ("", "PathPrefix")),
        parents=tuple(read_parent_ref(p, resource.namespace) for p in objects(resource.spec, "parentRefs")),
        has_hostnames=bool(texts(resource.spec, "hostnames")),
        said=tuple(
            c
            for parent in objects(resource.status, "parents")
            for c in objects(parent, "conditions")
            if whole(c, "observedGeneration") in (0, resource.generation)
        ),
        controller_kind=controller.kind if controller is not None else "",
        controller_uid=controller.uid if controller is not None else "",
        is_deleting=resource.is_deleting,
    )


def slashless(path: str) -> str:
    """The path as the index `path` files it: without a slash at the end."""
    return path.rstrip("/") or "/"
