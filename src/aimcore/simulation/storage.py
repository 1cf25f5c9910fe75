"""The store behind the simulated server: objects, one version counter, and the history of each kind.

1. One counter gives every change its resourceVersion. Stored objects are never changed in place.
2. History holds references to old and new states, so that watches and old lists cost no copies.
3. A fork shares everything; the first write to a bucket or a log on either side copies that one (copy-on-write by
   owner token).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Json = dict[str, Any]
ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"


class Change(NamedTuple):
    """One step of a kind's history. Of a deletion `new` is the last state with the version of the deletion."""

    version: int
    event: str
    old: Json | None
    new: Json


class _Bucket:
    """The objects of one kind in one namespace, with their sorted names."""

    __slots__ = ("objects", "order", "owner")

    def __init__(self, owner: object, objects: dict[str, Json]) -> None:
        self.owner = owner
        self.objects = objects
        self.order: list[str] | None = None

    def sorted_names(self) -> list[str]:
        if self.order is None:
            self.order = sorted(self.objects)
        return self.order


class _Shelf:
    __slots__ = ("buckets", "owner")

    def __init__(self, owner: object, buckets: dict[str, _Bucket]) -> None:
        self.owner = owner
        self.buckets = buckets


class _Log:
    """An append-only history in segments; only the last one grows, and only by its owner."""

    __slots__ = ("owner", "segments", "tail")

    def __init__(self, owner: object, segments: tuple[list[Change], ...]) -> None:
        self.owner = owner
        self.segments = segments
        self.tail: list[Change] = []

    def last(self) -> int:
        """The version of the newest change; 0 if there is none."""
        if self.tail:
            return self.tail[-1].version
        return next((s[-1].version for s in reversed(self.segments) if s), 0)

    def after(self, version: int) -> list[Change]:
        """All changes above a version, oldest first."""
        found: list[list[Change]] = []
        for segment in (self.tail, *reversed(self.segments)):
            if not segment or segment[-1].version <= version:
                if segment:
                    break
                continue
            start = len(segment)
            while start and segment[start - 1].version > version:
                start -= 1
            found.append(segment[start:])
            if start:
                break
        return [change for part in reversed(found) for change in part]


class Store:
    """All objects by kind, namespace and name."""

    __slots__ = ("_logs", "_shelves", "_token", "compacted", "forgotten", "version")

    def __init__(self) -> None:
        self.version = 1
        self.compacted = 0  # new requests may not ask for anything older
        self.forgotten = 0  # running watches cannot get anything older
        self._token = object()
        self._shelves: dict[str, _Shelf] = {}
        self._logs: dict[str, _Log] = {}

    # ---- read -----------------------------------------------------------------------------------------------------
    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        shelf = self._shelves.get(kind)
        bucket = shelf.buckets.get(namespace) if shelf else None
        return bucket.objects.get(name) if bucket else None

    def objects(self, kind: str, namespace: str = "") -> Iterator[Json]:
        """The objects of a kind, of all namespaces if none is given, ordered by namespace and name."""
        shelf = self._shelves.get(kind)
        if shelf is None:
            return
        if namespace:
            chosen = [shelf.buckets[namespace]] if namespace in shelf.buckets else []
        else:
            chosen = [shelf.buckets[n] for n in sorted(shelf.buckets)]
        for bucket in chosen:
            for name in list(bucket.sorted_names()):
                found = bucket.objects.get(name)
                if found is not None:
                    yield found

    def changes(self, kind: str, after: int) -> list[Change]:
        log = self._logs.get(kind)
        return log.after(after) if log else []

    def changed_since(self, version: int) -> list[str]:
        """The kinds of which something changed after a version, in no order that matters."""
        if version >= self.version:
            return []
        return [kind for kind, log in self._logs.items() if log.last() > version]

    def objects_at(self, kind: str, version: int) -> list[Json]:
        """The objects of a kind as they were at an earlier version (which must not be compacted), in order."""
        state = {_place(o): o for o in self.objects(kind)}
        for change in reversed(self.changes(kind, version)):
            if change.old is None:
                state.pop(_place(change.new), None)
            else:
                state[_place(change.old)] = change.old
        return [state[place] for place in sorted(state)]

    # ---- write ----------------------------------------------------------------------------------------------------
    def put(self, kind: str, namespace: str, name: str, obj: Json) -> Json:
        """Store an object under the next version and return what was stored."""
        self.version += 1
        metadata = obj["metadata"]
        new = {**obj, "metadata": {**metadata, "resourceVersion": str(self.version)}}
        bucket = self._bucket(kind, namespace)
        old = bucket.objects.get(name)
        if old is None:
            bucket.order = None
        bucket.objects[name] = new
        self._log(kind).append(Change(self.version, MODIFIED if old else ADDED, old, new))
        return new

    def remove(self, kind: str, namespace: str, name: str) -> Json | None:
        """Take an object out; returns its last state with the version of the deletion."""
        bucket = self._bucket(kind, namespace)
        old = bucket.objects.pop(name, None)
        if old is None:
            return None
        bucket.order = None
        self.version += 1
        last = {**old, "metadata": {**old["metadata"], "resourceVersion": str(self.version)}}
        self._log(kind).append(Change(self.version, DELETED, old, last))
        return last

    def compact(self) -> None:
        """Refuse new requests for all versions before now, and forget what the last compaction refused."""
        self.forgotten, self.compacted = self.compacted, self.version
        for kind, log in self._logs.items():
            self._logs[kind] = _Log(self._token, (log.after(self.forgotten),))

    def fork(self) -> Store:
        other = Store()
        other.version, other.compacted, other.forgotten = self.version, self.compacted, self.forgotten
        other._shelves, other._logs = dict(self._shelves), dict(self._logs)
        self._token = object()  # nothing that both hold belongs to either any more
        return other

    def _bucket(self, kind: str, namespace: str) -> _Bucket:
        shelf = self._shelves.get(kind)
        if shelf is None or shelf.owner is not self._token:
            shelf = self._shelves[kind] = _Shelf(self._token, dict(shelf.buckets) if shelf else {})
        bucket = shelf.buckets.get(namespace)
        if bucket is None or bucket.owner is not self._token:
            bucket = shelf.buckets[namespace] = _Bucket(self._token, dict(bucket.objects) if bucket else {})
        return bucket

    def _log(self, kind: str) -> list[Change]:
        log = self._logs.get(kind)
        if log is None:
            log = self._logs[kind] = _Log(self._token, ())
        elif log.owner is not self._token:
            segments = (*log.segments, log.tail) if log.tail else log.segments
            if len(segments) > 16:  # a long line of forks: join, so that reading stays cheap
                segments = ([change for segment in segments for change in segment],)
            log = self._logs[kind] = _Log(self._token, segments)
        return log.tail


def _place(obj: Json) -> tuple[str, str]:
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
