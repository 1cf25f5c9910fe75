"""One object as the snapshot holds it: its JSON, and narrow typed readings of it.

1. `raw` is the object's JSON as the API server gave it (managedFields may be dropped). It is never changed.
2. Readings (`resource.read_as(reader)`) are made once for each object and reader; a reader is a total function of the
   JSON: junk gives defaults, never an exception.
3. `metadata` is checked on entry (`Resource.of`): an object without a name is refused there and harms nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

Json = dict[str, Any]
EMPTY: Mapping[str, Any] = {}


class Key(NamedTuple):
    """The identity of an object: kind name (see `aimcore.cluster.kinds`), namespace ("" for cluster scope), name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"


class Owner(NamedTuple):
    """One entry of `metadata.ownerReferences`."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool


class Resource:
    """An object of the cluster. Immutable by convention: nobody changes `raw`."""

    # What every plan asks again and again is set once; plain slots are read in a fifth of a property's time.
    __slots__ = (
        "_readings", "annotations", "is_deleting", "key", "kind", "labels", "metadata", "name", "namespace", "raw",
        "spec", "status", "uid",
    )  # fmt: skip

    def __init__(self, key: Key, raw: Mapping[str, Any]) -> None:
        self.key = key
        self.kind, self.namespace, self.name = key
        self.raw = raw
        spec, status, metadata = raw.get("spec"), raw.get("status"), raw.get("metadata")
        self.spec: Mapping[str, Any] = spec if isinstance(spec, dict) else EMPTY
        self.status: Mapping[str, Any] = status if isinstance(status, dict) else EMPTY
        self.metadata: Mapping[str, Any] = metadata if isinstance(metadata, dict) else EMPTY
        self.labels: Mapping[str, str] = _texts(self.metadata.get("labels"))
        self.annotations: Mapping[str, str] = _texts(self.metadata.get("annotations"))
        self.uid = _text(self.metadata.get("uid"))
        self.is_deleting = bool(self.metadata.get("deletionTimestamp"))
        self._readings: dict[Callable[[Resource], Any], Any] | None = None

    @classmethod
    def of(cls, raw: object) -> Resource | None:
        """The resource of a JSON object, or None if it has no kind or no name (the API server stores no such)."""
        if not isinstance(raw, dict):
            return None
        kind, metadata = raw.get("kind"), raw.get("metadata")
        if not isinstance(kind, str) or not isinstance(metadata, dict):
            return None
        name, namespace = metadata.get("name"), metadata.get("namespace") or ""
        if not isinstance(name, str) or not name or not isinstance(namespace, str):
            return None
        return cls(Key(kind, namespace, name), raw)

    def read_as(self, reader: Callable[[Resource], T]) -> T:
        """The narrow reading of this object, made at the first call and kept with the object."""
        if self._readings is None:
            self._readings = {}
        elif reader in self._readings:
            return self._readings[reader]  # type: ignore[no-any-return]
        reading = self._readings[reader] = reader(self)
        return reading

    # ---- metadata -----------------------------------------------------------------------------------------------
    @property
    def resource_version(self) -> str:
        return _text(self.metadata.get("resourceVersion"))

    @property
    def generation(self) -> int:
        """`metadata.generation`; 0 when absent (ConfigMap, PVC, Namespace, HPA, Event have none)."""
        value = self.metadata.get("generation")
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    @property
    def created(self) -> str:
        """`metadata.creationTimestamp` as text, "" when absent."""
        return _text(self.metadata.get("creationTimestamp"))

    @property
    def finalizers(self) -> tuple[str, ...]:
        value = self.metadata.get("finalizers")
        return tuple(f for f in value if isinstance(f, str)) if isinstance(value, list) else ()

    @property
    def owners(self) -> tuple[Owner, ...]:
        value = self.metadata.get("ownerReferences")
        if not isinstance(value, list):
            return ()
        return tuple(
            Owner(
                _text(o.get("apiVersion")),
                _text(o.get("kind")),
                _text(o.get("name")),
                _text(o.get("uid")),
                o.get("controller") is True,
            )
            for o in value
            if isinstance(o, dict)
        )

    @property
    def controller(self) -> Owner | None:
        """The owner reference with `controller: true`, if any."""
        return self.read_as(_read_controller)

    def __repr__(self) -> str:
        return f"<Resource {self.key} rv={self.resource_version}>"


def _read_controller(resource: Resource) -> Owner | None:
    return next((o for o in resource.owners if o.controller), None)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict):
        return EMPTY
    if all(isinstance(v, str) for v in value.values()):
        return value
    return {k: v for k, v in value.items() if isinstance(v, str)}
