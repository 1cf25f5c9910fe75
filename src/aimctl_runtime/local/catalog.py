"""What is served at which path: the cluster's types by group, version and plural, and the documents made from them.

1. A catalogue is a value made from the cluster's types; when a type comes or goes, a new one is made.
2. Documents are made when first asked for and kept as bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import msgspec

from aimcore.api.kinds import Kind
from aimcore.simulation.cluster import ResourceType
from aimctl_runtime.local import discovery, openapi
from aimctl_runtime.local.cells import Column
from aimctl_runtime.local.discovery import Served, Subresource
from aimctl_runtime.local.exchange import Request
from aimctl_runtime.local.faults import Call
from aimctl_runtime.local.table import columns_of

VERSION = "v1.33.0"
"""The Kubernetes version that the server says it is."""
REVIEWS = {
    "selfsubjectaccessreviews": Kind(
        "SelfSubjectAccessReview", "authorization.k8s.io", "v1", "selfsubjectaccessreviews", False
    ),
    "selfsubjectrulesreviews": Kind(
        "SelfSubjectRulesReview", "authorization.k8s.io", "v1", "selfsubjectrulesreviews", False
    ),
}
"""Questions about permissions: answered, never stored."""
SCALABLE = frozenset({"Deployment", "ReplicaSet"})
WORKLOADS = SCALABLE | {"Pod", "Service", "Job", "HorizontalPodAutoscaler"}
"""The built-in kinds that `kubectl get all` lists."""
_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names. `name` "" is the collection; `namespace` "" is all namespaces or cluster scope."""

    type: ResourceType
    namespace: str
    name: str
    subresource: str


@dataclass(slots=True)
class Catalog:
    """The served types and their documents."""

    types: tuple[ResourceType, ...]
    groups: discovery.Groups = field(init=False)
    _by_path: dict[tuple[str, str, str], ResourceType] = field(init=False)
    _columns: dict[str, tuple[Column, ...]] = field(init=False, default_factory=dict)
    _documents: dict[str, bytes] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_path = {(t.kind.group, t.kind.version, t.kind.plural): t for t in self.types}
        reviews = [Served(kind, verbs=("create",)) for kind in REVIEWS.values()]
        self.groups = discovery.groups_of([*map(_served, self.types), *reviews])

    def columns(self, kind: ResourceType) -> tuple[Column, ...]:
        """The columns of a type's table, kept after the first look."""
        if kind.name not in self._columns:
            self._columns[kind.name] = columns_of(kind.name, kind.columns)
        return self._columns[kind.name]

    def target(self, path: str) -> Target | None:
        """What a path names, or None if nothing of the kind is served."""
        match path.strip("/").split("/"):
            case ["api", version, *rest]:
                group = ""
            case ["apis", group, version, *rest]:
                pass
            case _:
                return None
        namespace = ""
        match rest:
            case ["namespaces", namespace, plural, *rest] if plural not in ("status", "finalize"):
                pass
            case [plural, *rest]:
                namespace = ""
            case _:
                return None
        found = self._by_path.get((group, version, plural))
        if found is None or len(rest) > 2 or (namespace and not found.kind.namespaced):
            return None
        name, subresource = (*rest, "", "")[:2]
        if name and found.kind.namespaced and not namespace:
            return None
        if subresource and subresource not in {s.name for s in subresources_of(found)}:
            return None
        return Target(found, namespace, name, subresource)

    def document(self, path: str) -> bytes | None:
        """An OpenAPI document as bytes: `v2`, or a group version such as `apis/batch/v1`, or "" for the v3 index."""
        if path not in self._documents:
            made = self._made(path)
            if made is None:
                return None
            self._documents[path] = msgspec.json.encode(made)
        return self._documents[path]

    def _made(self, path: str) -> object:
        paths = {f"apis/{g}/{v}" if g else f"api/{v}": (g, v) for g, v in self.groups}
        if path == "v2":
            return openapi.document_v2(self._schemas(self.types), VERSION)
        if path == "":
            return openapi.index({p: self._digest(p) for p in paths})
        if path not in paths:
            return None
        mine = (t for t in self.types if (t.kind.group, t.kind.version) == paths[path])
        return openapi.document(self._schemas(mine), VERSION)

    def _digest(self, path: str) -> str:
        return hashlib.sha256(self.document(path) or b"").hexdigest()[:32].upper()

    @staticmethod
    def _schemas(types: Iterable[ResourceType]) -> openapi.Schemas:
        return [(t.kind, t.schema) for t in types]


def _served(kind: ResourceType) -> Served:
    own = replace(kind.kind, categories=("all",)) if kind.name in WORKLOADS else kind.kind
    return Served(own, subresources=subresources_of(kind))


def subresources_of(kind: ResourceType) -> tuple[Subresource, ...]:
    """The subresources that the server answers for a type."""
    own = kind.kind
    subs = []
    if kind.status_subresource:
        subs.append(Subresource("status", own.kind, own.group, own.version))
    if own.kind in SCALABLE:
        subs.append(Subresource("scale", "Scale", "autoscaling", "v1"))
    if own.kind == "Pod":
        subs.append(Subresource("log", "Pod", "", "v1", ("get",)))
    if own.kind == "Namespace":
        subs.append(Subresource("finalize", own.kind, "", "v1", ("update",)))
    return tuple(subs)


def call_of(request: Request, target: Target | None) -> Call:
    """What a request does, in the words of RBAC. Paths that name no resource count under themselves."""
    verb = _VERBS.get(request.method, request.method.lower())
    if target is None:
        return Call(verb, "", request.path)
    if not target.name:
        verb = {"get": "watch" if request.flag("watch") else "list", "delete": "deletecollection"}.get(verb, verb)
    plural = target.type.kind.plural
    resource = f"{plural}/{target.subresource}" if target.subresource else plural
    return Call(verb, target.type.kind.group, resource)
