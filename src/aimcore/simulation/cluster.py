"""A Kubernetes API server in memory: the doorway of the simulation.

1. Every object that goes in or out is plain JSON. What comes out is the stored object itself: never change it in
   place, build a new dict. What goes in is copied.
2. A write that changes nothing is not stored: same resourceVersion, no event, managedFields untouched.
3. A refusal is an `ApiError`; nothing else is raised for any JSON.
4. Nothing moves by itself: controllers (garbage collector, kubelet, KServe …) are actors that use this same door.
   Only CustomResourceDefinitions act at once: storing one installs its kind.
5. The cluster asks nobody for permission. RBAC, quotas, overload and broken connections are injected by tests.
6. A deleted namespace stays `Terminating` until its `spec.finalizers` are emptied through subresource `finalize`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aimcore.resource import Key
from aimcore.simulation import deleting, deletion, errors, listing, writing
from aimcore.simulation.admission import Admission, Admit, Validate, nothing_invalid
from aimcore.simulation.causes import forbidden
from aimcore.simulation.clock import Clock
from aimcore.simulation.crds import CRD, type_of_crd
from aimcore.simulation.errors import ApiError
from aimcore.simulation.requests import PatchType, Result
from aimcore.simulation.resource_type import Json, Lookup, ResourceType
from aimcore.simulation.selectors import both, field_matcher, label_matcher
from aimcore.simulation.settling import defaulted
from aimcore.simulation.storage import Store
from aimcore.simulation.watch import Watch

__all__ = [
    "Admission",
    "Admit",
    "ApiError",
    "Cluster",
    "Lookup",
    "Mark",
    "PatchType",
    "ResourceType",
    "Result",
    "Validate",
    "Watch",
]


class Mark(NamedTuple):
    """How far a cluster is: version, kinds that were ever installed, kinds that are, and what was compacted."""

    version: int
    installations: int
    kinds: int
    compacted: int


class Cluster:
    """All kinds, objects and history of one simulated cluster.

    `requests` counts requests by verb (create, update, patch, apply, delete, deletecollection, get, list, watch),
    `requests_by` by (field manager, verb). Both also count refused requests and writes that changed nothing.
    """

    def __init__(
        self,
        types: Iterable[ResourceType],
        *,
        clock: Clock,
        validate: Validate = nothing_invalid,
        admission: Admission | None = None,
        seed: str = "",
        namespaces: Iterable[str] = (),
    ) -> None:
        self.clock = clock
        self.validate = validate
        self.admission = admission or Admission()
        self.store = Store()
        self.requests: Counter[str] = Counter()
        self.requests_by: Counter[tuple[str, str]] = Counter()
        self._seed, self._installations = seed, 0
        self._born: dict[Key, int] = {}
        self._types: dict[str, ResourceType] = {}
        self._installed: dict[str, int] = {}
        self._evolved: frozenset[str] = frozenset()
        for type_ in types:
            self.add_type(type_)
        for name in namespaces:
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    # ---- kinds ----------------------------------------------------------------------------------------------------
    def types(self) -> tuple[ResourceType, ...]:
        """The installed kinds, sorted by name."""
        return tuple(self._types[k] for k in sorted(self._types))

    def type_of(self, kind: str) -> ResourceType:
        """The type of a kind; the plain-text 404 if it is not installed."""
        found = self._types.get(kind)
        if found is None:
            raise errors.not_installed()
        return found

    def is_namespaced(self, kind: str) -> bool | None:
        """Scope of a kind; None if it is not installed."""
        found = self._types.get(kind)
        return found.kind.namespaced if found else None

    def add_type(self, type_: ResourceType) -> None:
        """Install a kind, or give an installed one a new schema (its stored objects are read through it at once)."""
        if type_.name in self._types:
            self._evolved |= {type_.name}
        else:
            self._installations += 1
            self._installed[type_.name] = self._installations
        self._types[type_.name] = type_

    def remove_type(self, kind: str) -> None:
        """Uninstall a kind with all its objects; its watches see them go, then end."""
        for obj in list(self.store.objects(kind)):
            self.store.remove(kind, *place_of(obj))
        self._types.pop(kind, None)
        self._installed.pop(kind, None)
        self._evolved -= {kind}

    # ---- writes ---------------------------------------------------------------------------------------------------
    def create(
        self, obj: Mapping[str, Any], *, manager: str = "", dry_run: bool = False, field_validation: str = "Warn"
    ) -> Result:
        """POST. The namespace is the body's; a missing name with `generateName` is made up."""
        self._count("create", manager)
        return writing.create(self, obj, manager, field_validation, dry_run=dry_run)

    def update(
        self,
        obj: Mapping[str, Any],
        *,
        subresource: str = "",
        manager: str = "",
        dry_run: bool = False,
        field_validation: str = "Warn",
    ) -> Result:
        """PUT of the whole object, or of `/status` (`/finalize` of a namespace). Never creates."""
        self._count("update", manager)
        return writing.update(self, obj, subresource, manager, field_validation, dry_run=dry_run)

    def patch(
        self,
        key: Key,
        body: object,
        patch_type: PatchType,
        *,
        subresource: str = "",
        manager: str = "",
        force: bool = False,
        dry_run: bool = False,
        field_validation: str = "Warn",
    ) -> Result:
        """PATCH of one of four types; only an apply may create."""
        self._count("apply" if patch_type is PatchType.APPLY else "patch", manager)
        return writing.patch(
            self, key, body, patch_type, subresource, manager, field_validation, force=force, dry_run=dry_run
        )

    def delete(
        self,
        key: Key,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: str | None = None,
        dry_run: bool = False,
        manager: str = "",
    ) -> Json:
        """DELETE. A Status if the object went at once, else the object that waits for its finalizers."""
        self._count("delete", manager)
        return deleting.delete(self, key, uid, resource_version, propagation, dry_run=dry_run)

    def delete_collection(
        self,
        kind: str,
        namespace: str = "",
        *,
        labels: str = "",
        fields: str = "",
        propagation: str | None = None,
        dry_run: bool = False,
        manager: str = "",
    ) -> Json:
        """DELETE of all objects that match; answers the list of what was there."""
        self._count("deletecollection", manager)
        found = self._list(self.type_of(kind), namespace, labels, fields)
        for obj in found["items"]:
            deleting.delete(self, Key(kind, *place_of(obj)), None, None, propagation, dry_run=dry_run)
        return found

    # ---- reads ----------------------------------------------------------------------------------------------------
    def get(self, key: Key) -> Json:
        """GET of one object; 404 NotFound, or the plain-text 404 of a kind that is not installed."""
        self._count("get", "")
        type_ = self.type_of(key.kind)
        found = self.peek(*key)
        if found is None:
            raise errors.not_found(type_.kind, key.name)
        return found

    def list(
        self,
        kind: str,
        namespace: str = "",
        *,
        labels: str = "",
        fields: str = "",
        limit: int = 0,
        continue_: str = "",
        resource_version: str = "",
        match: str = "",
    ) -> Json:
        """LIST in one namespace, or in all if none is given. Items of built-in kinds lack kind and apiVersion."""
        self._count("list", "")
        limit = 0 if resource_version == "0" and not continue_ else limit
        return self._list(self.type_of(kind), namespace, labels, fields, limit, continue_, resource_version, match)

    def _list(
        self,
        type_: ResourceType,
        namespace: str,
        labels: str,
        fields: str,
        limit: int = 0,
        continue_: str = "",
        resource_version: str = "",
        match: str = "",
    ) -> Json:
        matches = both(label_matcher(labels), field_matcher(fields, type_.selectable_fields))
        page = listing.chosen(self.store, type_.name, namespace, resource_version, match, continue_)
        shown = [self._shown(type_, o) for o in page.objects]
        found = shown if matches is None else [o for o in shown if matches(o)]
        return listing.list_body(type_, page, found, limit, selects=matches is not None)

    def watch(
        self,
        kind: str,
        namespace: str = "",
        *,
        labels: str = "",
        fields: str = "",
        resource_version: str = "",
        bookmarks: bool = False,
        send_initial_events: bool = False,
        match: str = "",
    ) -> Watch:
        """WATCH. `send_initial_events` needs `match="NotOlderThan"`."""
        self._count("watch", "")
        type_ = self.type_of(kind)
        if send_initial_events and match != "NotOlderThan":
            why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            raise errors.invalid_options("ListOptions", [forbidden("resourceVersionMatch", why)])
        if resource_version and not listing.is_version(resource_version):
            raise errors.without_reason(f'strconv.ParseUint: parsing "{resource_version}": invalid syntax')
        matches = both(label_matcher(labels), field_matcher(fields, type_.selectable_fields))
        start = int(resource_version or 0)
        fresh = start == 0 or send_initial_events
        objects = [self._shown(type_, o) for o in self.store.objects(kind, namespace)] if fresh else []
        return Watch(
            self.store,
            self.clock,
            type_,
            self._is_served_as_now(kind),
            namespace=namespace,
            matches=matches,
            start=max(start, self.store.version) if fresh else start,
            initial=[o for o in objects if matches is None or matches(o)] if fresh else None,
            bookmarks=bookmarks,
            mark_initial_end=bookmarks and (send_initial_events or not resource_version),
            read=lambda o: self._shown(self._types.get(kind, type_), o),
        )

    def resumed(self, watch: Watch) -> Watch:
        """The watch of another cluster, of which this one is a fork, at the same place. It is not counted."""
        kind = watch.kind
        shown = self._types.get(kind)
        read = (lambda o: self._shown(self._types.get(kind, shown), o)) if shown is not None else (lambda o: o)
        return watch.fork(self.store, self.clock, self._is_served_as_now(kind), read)

    def _is_served_as_now(self, kind: str) -> Callable[[], bool]:
        installation = self._installed.get(kind)
        return lambda: installation is not None and self._installed.get(kind) == installation

    # ---- for actors and tests: not counted as requests --------------------------------------------------------------
    def peek(self, kind: str, namespace: str, name: str) -> Json | None:
        """The object as reads show it, or None."""
        found, type_ = self.store.get(kind, namespace, name), self._types.get(kind)
        return self._shown(type_, found) if found is not None and type_ is not None else None

    def objects(self, kind: str, namespace: str = "") -> Iterator[Json]:
        """The objects of a kind with kind and apiVersion, ordered; nothing if the kind is not installed."""
        type_ = self._types.get(kind)
        return (self._shown(type_, o) for o in self.store.objects(kind, namespace)) if type_ else iter(())

    def dead_owners(self, obj: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """The owner entries of an object whose owners are absent, judged by uid."""
        return deletion.dead_owners(obj, self.peek, self.is_namespaced)

    def was_born(self, key: Key) -> bool:
        """Whether there is, or ever was, an object of that name."""
        return key in self._born

    @property
    def resource_version(self) -> int:
        """The version of the last change."""
        return self.store.version

    @property
    def mark(self) -> Mark:
        """As long as the mark is the same, no watch has news and no list shows anything else."""
        return Mark(self.store.version, self._installations, len(self._types), self.store.compacted)

    def changed_since(self, mark: Mark) -> Collection[str] | None:
        """The kinds of which something changed since a mark; None if kinds came or went, or history was compacted."""
        return self.store.changed_since(mark.version) if mark[1:] == self.mark[1:] else None

    def compact(self) -> None:
        """Make all earlier versions too old: 410 for lists, watches and continue tokens from them."""
        self.store.compact()

    def fork(self) -> Cluster:
        """An independent copy that shares what neither side has changed; without watches, with its own clock."""
        other = Cluster((), clock=self.clock.copy(), validate=self.validate, admission=self.admission)
        other.store = self.store.fork()
        other.requests, other.requests_by = self.requests.copy(), self.requests_by.copy()
        other._seed, other._installations, other._born = self._seed, self._installations, dict(self._born)
        other._types, other._installed = dict(self._types), dict(self._installed)
        other._evolved = self._evolved
        return other

    # ---- for the writer ---------------------------------------------------------------------------------------------
    def next_uid(self, key: Key) -> str:
        """The uid of the next incarnation of an object; who came first, and what was refused, does not count.

        Of a name that is yet to be made of `generateName`, the prefix is the name.
        """
        text = "/".join((self._seed, *key, str(self._born.get(key, 0))))
        h = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-8{h[17:20]}-{h[20:32]}"

    def as_stored(self, kind: str, namespace: str, name: str) -> Json | None:
        """The object as the store holds it, without defaults that came later."""
        return self.store.get(kind, namespace, name)

    def stored(self, type_: ResourceType, namespace: str, name: str, obj: Json) -> Json:
        """Store an object under a new version; a CustomResourceDefinition installs its kind."""
        if self.store.get(type_.name, namespace, name) is None:
            self._count_birth(Key(type_.name, namespace, name), obj["metadata"].get("generateName"))
        out = self.store.put(type_.name, namespace, name, obj)
        if type_.name == CRD:
            self.add_type(type_of_crd(out))
        return out

    def removed(self, type_: ResourceType, namespace: str, name: str) -> Json | None:
        """Take an object out of the store; a CustomResourceDefinition takes its kind with it."""
        out = self.store.remove(type_.name, namespace, name)
        if type_.name == CRD and out is not None:
            self.remove_type(type_of_crd(out).name)
        return out

    def _count_birth(self, key: Key, prefix: str | None) -> None:
        for about in (key, key._replace(name=prefix)) if prefix else (key,):
            self._born[about] = self._born.get(about, 0) + 1

    def _shown(self, type_: ResourceType, obj: Json) -> Json:
        return defaulted(type_.shape, obj) if type_.name in self._evolved else obj

    def _count(self, verb: str, manager: str) -> None:
        self.requests[verb] += 1
        self.requests_by[manager, verb] += 1


def place_of(obj: Mapping[str, Any]) -> tuple[str, str]:
    """(namespace, name) of an object."""
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
