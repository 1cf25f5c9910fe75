"""The stage: the cluster as the actors see it, and their hands.

1. The stage holds the newest state of every object, fed by one watch for each kind. Objects are never changed in place.
2. A write by an actor is learnt at once from its answer; the echo of the watch is recognised by its version.
3. Each change is told to the actors that watch its kind. Nothing is ever listed twice.
4. A status that is already there is not written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from itertools import count
from typing import Any, Protocol

from aimcore.cluster.kinds import KINDS
from aimcore.resource import Key
from aimcore.simulation.cluster import Cluster, Mark, PatchType, Watch
from aimcore.simulation.errors import ApiError
from aimcore.simulation.settings import WorldSettings

Json = dict[str, Any]
NONE: dict[str, Any] = {}


class Watcher(Protocol):
    """Someone who is told of changes."""

    def notice(self, key: Key, old: Json | None, new: Json | None) -> None: ...


def key_of(obj: Json) -> Key:
    metadata = obj["metadata"]
    return Key(obj["kind"], metadata.get("namespace") or "", metadata["name"])


def owners_of(obj: Json) -> tuple[Json, ...]:
    return tuple(obj["metadata"].get("ownerReferences") or ())


def controller_of(obj: Json) -> Mapping[str, Any]:
    return next((o for o in owners_of(obj) if o.get("controller") is True), NONE)


def is_deleting(obj: Json) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def part(obj: Mapping[str, Any], *path: str) -> Any:
    """The member at `path`, or None."""
    value: Any = obj
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def mapping(obj: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    value = part(obj, *path)
    return value if isinstance(value, dict) else NONE


def sequence(obj: Mapping[str, Any], *path: str) -> list[Any]:
    """The mappings of the list at `path`."""
    value = part(obj, *path)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def number(value: object, default: int = 0) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def written_number(text: object, digits: int = 9) -> int | None:
    """The whole number that a text of at most so many digits writes; None for any other value."""
    if not isinstance(text, str) or len(text) > digits or not (text.isascii() and text.isdecimal()):
        return None
    return int(text)


def text_of(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: object) -> datetime | None:
    """The moment of a Kubernetes time stamp, with or without fractions."""
    if not isinstance(text, str):
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not MINYEAR < read.year < MAXYEAR:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def hashed(*parts: str, length: int = 10) -> str:
    """A stable short text without vowels, as in the names of pods."""
    digest = hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).digest()
    return "".join("bcdfghjklmnpqrstvwxz2456789"[b % 27] for b in digest[:length])


class Stage:
    def __init__(self, cluster: Cluster, settings: WorldSettings) -> None:
        self.cluster = cluster
        self.settings = settings
        self.objects: dict[str, dict[Key, Json]] = {}
        self.by_uid: dict[str, Key] = {}
        self._by_owner: dict[str, dict[Key, None]] = {}
        self._by_namespace: dict[tuple[str, str], dict[Key, None]] = {}
        self._watches: dict[str, Watch] = {}
        self._watchers: dict[str, list[Watcher]] = {}
        self.writes = 0
        self._drained: Mark | None = None

    def attach(self, actors: Iterable[tuple[Watcher, tuple[str, ...]]]) -> None:
        """Tell each actor of the kinds that it watches; no kinds means all."""
        self._watchers = {}
        for actor, kinds in actors:
            for kind in kinds or ("*",):
                self._watchers.setdefault(kind, []).append(actor)

    def fork(self, cluster: Cluster) -> Stage:
        """An equal stage before a copy of the cluster. Nobody watches it yet."""
        self.drain()
        twin = Stage(cluster, self.settings)
        twin.objects = {kind: dict(known) for kind, known in self.objects.items()}
        twin.by_uid = dict(self.by_uid)
        twin._by_owner = {uid: dict(keys) for uid, keys in self._by_owner.items()}
        twin._by_namespace = {place: dict(keys) for place, keys in self._by_namespace.items()}
        version = str(cluster.resource_version)
        twin._drained = cluster.mark
        twin._watches = {kind: cluster.watch(kind, resource_version=version) for kind in self._watches}
        return twin

    # ---- seeing -----------------------------------------------------------------------------------------------------
    @property
    def now(self) -> datetime:
        return self.cluster.clock.now

    def drain(self) -> None:
        """Learn all changes since the last time."""
        mark, drained = self.cluster.mark, self._drained
        if mark == drained:
            return
        self._drained = mark
        news = None if drained is None else self.cluster.changed_since(drained)
        changed = set(self._watches if news is None else news)
        served = {type_.name: type_ for type_ in self.cluster.types()}
        for kind in served:
            if kind not in self._watches:
                self._watches[kind] = self.cluster.watch(kind)
                changed.add(kind)
        for kind in [k for k in self._watches if k not in served]:
            del self._watches[kind]
            for key in list(self.objects.get(kind, ())):
                self._forget(key)
        for kind, watch in list(self._watches.items()):
            if kind not in changed:
                continue
            self._follow(kind, watch.take())
            if watch.ended:
                self._relist(kind)

    def _follow(self, kind: str, events: list[Json]) -> None:
        for event in events:
            obj = event["object"]
            if event["type"] == "DELETED":
                known = self.objects.get(kind, {}).get(key_of(obj))
                if known is not None and known["metadata"]["uid"] == obj["metadata"]["uid"]:
                    self._forget(key_of(obj))
            elif event["type"] in ("ADDED", "MODIFIED"):
                self._learn(obj)

    def _relist(self, kind: str) -> None:
        """The history was lost (410): look at everything anew, and notice what is gone."""
        watch = self._watches[kind] = self.cluster.watch(kind)
        events = watch.take()
        present = {key_of(event["object"]) for event in events}
        for key in [k for k in self.objects.get(kind, ()) if k not in present]:
            self._forget(key)
        self._follow(kind, events)

    def serves(self, kind: str) -> bool:
        return kind in self._watches

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        return self.objects.get(kind, {}).get(Key(kind, namespace, name))

    def at(self, key: Key) -> Json | None:
        return self.objects.get(key.kind, {}).get(key)

    def all(self, kind: str) -> Iterable[Json]:
        return list(self.objects.get(kind, {}).values())

    def in_namespace(self, namespace: str, kind: str = "") -> Iterator[Json]:
        for each in [kind] if kind else list(self._watches):
            for key in list(self._by_namespace.get((namespace, each), ())):
                yield self.objects[each][key]

    def owned(self, uid: str, kind: str = "") -> list[Json]:
        """The objects that name this owner, in the order in which they came."""
        return [self.objects[k.kind][k] for k in self._by_owner.get(uid, ()) if not kind or k.kind == kind]

    def since(self, obj: Mapping[str, Any], seconds: float, *path: str) -> datetime:
        """The moment `seconds` after the time stamp at `path`; after now, if there is none."""
        return (moment_of(part(obj, *path)) or self.now) + timedelta(seconds=seconds)

    def fresh_name(self, kind: str, owner: Json, *parts: str) -> str:
        """The owner's name with a short text that no object of the kind ever bore. It follows from owner and parts."""
        metadata = owner["metadata"]
        for again in count():
            name = f"{metadata['name'][:57]}-{hashed(metadata['uid'], *parts, str(again), length=5)}"
            if not self.cluster.was_born(Key(kind, metadata.get("namespace") or "", name)):
                return name
        raise AssertionError("counting has no end")

    # ---- doing ------------------------------------------------------------------------------------------------------
    def create(self, obj: Json, manager: str) -> Json:
        """Create, raising `ApiError` as the server does."""
        self.writes += 1
        return self._learn(self.cluster.create(obj, manager=manager).object)

    def replace(self, obj: Json, manager: str) -> Json:
        self.writes += 1
        return self._learn_or_forget(self.cluster.update(obj, manager=manager).object)

    def set_status(self, obj: Json, status: Json, manager: str) -> Json:
        """Make `status` the whole status. No write if it is already."""
        if obj.get("status") == status:
            return obj
        self.writes += 1
        return self._learn(self.cluster.update({**obj, "status": status}, subresource="status", manager=manager).object)

    def merge(self, obj: Json, patch: Json, manager: str, *, subresource: str = "") -> Json:
        self.writes += 1
        done = self.cluster.patch(key_of(obj), patch, PatchType.MERGE, subresource=subresource, manager=manager)
        return self._learn_or_forget(done.object)

    def delete(self, obj: Json, propagation: str = "Background") -> None:
        """Delete this incarnation. One that is gone is gone."""
        key = key_of(obj)
        self.writes += 1
        try:
            left = self.cluster.delete(key, uid=obj["metadata"]["uid"], propagation=propagation)
        except ApiError as error:
            if error.code != 404:
                raise
            left = {}
        if "metadata" in left and left["metadata"].get("uid"):
            self._learn(left)
        else:
            self._forget(key)

    def drop_finalizer(self, obj: Json, finalizer: str, manager: str) -> None:
        left = [f for f in obj["metadata"].get("finalizers", ()) if f != finalizer]
        if len(left) != len(obj["metadata"].get("finalizers", ())):
            self.merge(obj, {"metadata": {"finalizers": left or None}}, manager)

    def finish_namespace(self, namespace: Json) -> None:
        """Take the namespace's own finalizer away, which removes it."""
        spec = {**mapping(namespace, "spec"), "finalizers": []}
        self.writes += 1
        self.cluster.update({**namespace, "spec": spec}, subresource="finalize", manager="kube-controller-manager")
        self._forget(key_of(namespace))

    def tell(
        self,
        about: Json,
        kind: str,
        reason: str,
        message: str,
        source: str,
        *,
        series: bool = False,
        once: bool = False,
    ) -> None:
        """Write an event; a repeated one is counted, or with `once` left alone: it tells of a state that lasts.

        `series`: written by the newer events API (no lastTimestamp).
        """
        metadata = about["metadata"]
        namespace = metadata.get("namespace") or "default"
        name = f"{metadata['name']}.{hashed(metadata['uid'], kind, reason, message, source, length=16)}"
        now = text_of(self.now)
        known = self.get("Event", namespace, name)
        try:
            if known is not None and once:
                return
            if known is not None:
                self.merge(known, _again(known, now, series=series), source)
                return
            event: Json = {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name, "namespace": namespace},
                "involvedObject": {
                    "apiVersion": about["apiVersion"],
                    "kind": about["kind"],
                    "name": metadata["name"],
                    **({"namespace": namespace} if metadata.get("namespace") else {}),
                    "uid": metadata["uid"],
                },
                "type": kind,
                "reason": reason,
                "message": message,
                "source": {"component": source},
                "reportingComponent": source,
            }
            moment = self.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            times = {"eventTime": moment} if series else {"firstTimestamp": now, "lastTimestamp": now, "count": 1}
            self.create({**event, **times}, source)
        except ApiError as error:
            if error.code not in (403, 404, 409):  # events are best effort: a namespace that goes takes none
                raise

    # ---- learning ---------------------------------------------------------------------------------------------------
    def _learn_or_forget(self, obj: Json) -> Json:
        """An object that is being deleted and has no finalizer left is gone with the write that took the last one."""
        if is_deleting(obj) and not obj["metadata"].get("finalizers"):
            self._forget(key_of(obj))
            return obj
        return self._learn(obj)

    def _learn(self, obj: Json) -> Json:
        key = key_of(obj)
        known = self.objects.setdefault(key.kind, {})
        old = known.get(key)
        metadata = obj["metadata"]
        if old is not None:
            if int(old["metadata"]["resourceVersion"]) >= int(metadata["resourceVersion"]):
                return obj
            if old["metadata"]["uid"] != metadata["uid"]:
                self._forget(key)
                old = None
            elif old["metadata"].get("ownerReferences") != metadata.get("ownerReferences"):
                self._unown(key, old)
        known[key] = obj
        self.by_uid[metadata["uid"]] = key
        if old is None and key.namespace:
            self._by_namespace.setdefault((key.namespace, key.kind), {})[key] = None
        for owner in owners_of(obj):
            self._by_owner.setdefault(owner["uid"], {})[key] = None
        self._spread(key, old, obj)
        return obj

    def _forget(self, key: Key) -> None:
        old = self.objects.get(key.kind, {}).pop(key, None)
        if old is None:
            return
        del self.by_uid[old["metadata"]["uid"]]
        self._unown(key, old)
        if key.namespace:
            place = (key.namespace, key.kind)
            known = self._by_namespace[place]
            del known[key]
            if not known:
                del self._by_namespace[place]
        self._spread(key, old, None)

    def _unown(self, key: Key, obj: Json) -> None:
        for owner in owners_of(obj):
            keys = self._by_owner.get(owner["uid"])
            if keys is not None:
                keys.pop(key, None)
                if not keys:
                    del self._by_owner[owner["uid"]]

    def _spread(self, key: Key, old: Json | None, new: Json | None) -> None:
        for watcher in self._watchers.get(key.kind, ()):
            watcher.notice(key, old, new)
        for watcher in self._watchers.get("*", ()):
            watcher.notice(key, old, new)


def _again(event: Json, now: str, *, series: bool) -> Json:
    if series:
        count = number(part(event, "series", "count"), 1) + 1
        return {"series": {"count": count, "lastObservedTime": now}}
    return {"count": number(event.get("count"), 1) + 1, "lastTimestamp": now}


def api_version(kind: str) -> str:
    """The apiVersion of a kind of the table, for objects that actors create."""
    return KINDS[kind].api_version if kind in KINDS else "v1"
