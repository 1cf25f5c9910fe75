"""The suite of API semantics. It speaks to an `Api`, so that the same tests can be pointed at a real API server."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from aimcore.api.kinds import Kind
from aimcore.resource import Key
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import ApiError, Cluster, PatchType, ResourceType, Result, Watch
from aimcore.simulation.types import RESOURCE_TYPES

Json = dict[str, Any]
NAMESPACE = "t1"
FOO_SCHEMA: Json = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "n": {"type": "integer", "default": 1},
                "free": {"type": "integer"},
                "img": {"type": "string"},
                "at": {"type": "array", "items": {"type": "string"}},
                "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
                "map": {"type": "object", "additionalProperties": {"type": "string"}},
                "boxed": {
                    "type": "object",
                    "x-kubernetes-map-type": "atomic",
                    "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                },
                "opt": {"type": "object", "properties": {"mode": {"type": "string", "default": "auto"}}},
                "env": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
                    },
                },
                "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        },
        "status": {
            "type": "object",
            "properties": {
                "status": {"type": "string", "default": "Pending"},
                "seen": {"type": "integer"},
            },
        },
    },
}
FOO = ResourceType(Kind("Foo", "ex.io", "v1", "foos"), FOO_SCHEMA, selectable_fields=("spec.n",))


class Api(Protocol):
    """What the suite asks of a server. Objects are the caller's own copies; refusals are `ApiError`."""

    def create(self, obj: Mapping[str, Any], **options: Any) -> Result: ...
    def update(self, obj: Mapping[str, Any], **options: Any) -> Result: ...
    def apply(self, obj: Mapping[str, Any], manager: str = "m1", **options: Any) -> Result: ...
    def merge(self, key: Key, patch: object, **options: Any) -> Result: ...
    def patch(self, key: Key, patch: object, patch_type: PatchType, **options: Any) -> Result: ...
    def delete(self, key: Key, **options: Any) -> Json: ...
    def get(self, key: Key) -> Json: ...
    def list(self, kind: str, namespace: str = "", **options: Any) -> Json: ...
    def watch(self, kind: str, namespace: str = "", **options: Any) -> Watch: ...
    def wait(self, seconds: float) -> None: ...


def own(value: Any) -> Any:
    return json.loads(json.dumps(value))


class InMemoryApi:
    """The simulated cluster as an `Api`."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def _copied(self, result: Result) -> Result:
        return Result(own(result.object), result.created, result.warnings)

    def create(self, obj: Mapping[str, Any], **options: Any) -> Result:
        return self._copied(self.cluster.create(obj, **options))

    def update(self, obj: Mapping[str, Any], **options: Any) -> Result:
        return self._copied(self.cluster.update(obj, **options))

    def apply(self, obj: Mapping[str, Any], manager: str = "m1", **options: Any) -> Result:
        metadata = obj["metadata"]
        key = Key(obj.get("kind", "Foo"), metadata.get("namespace", ""), metadata["name"])
        return self._copied(self.cluster.patch(key, obj, PatchType.APPLY, manager=manager, **options))

    def merge(self, key: Key, patch: object, **options: Any) -> Result:
        return self.patch(key, patch, PatchType.MERGE, **options)

    def patch(self, key: Key, patch: object, patch_type: PatchType, **options: Any) -> Result:
        return self._copied(self.cluster.patch(key, patch, patch_type, **options))

    def delete(self, key: Key, **options: Any) -> Json:
        return own(self.cluster.delete(key, **options))

    def get(self, key: Key) -> Json:
        return own(self.cluster.get(key))

    def list(self, kind: str, namespace: str = "", **options: Any) -> Json:
        return own(self.cluster.list(kind, namespace, **options))

    def watch(self, kind: str, namespace: str = "", **options: Any) -> Watch:
        return self.cluster.watch(kind, namespace, **options)

    def wait(self, seconds: float) -> None:
        self.cluster.clock.advance(timedelta(seconds=seconds))


@pytest.fixture
def cluster() -> Cluster:
    clock = Clock(datetime(2026, 1, 1, tzinfo=UTC))
    return Cluster((*RESOURCE_TYPES, FOO), clock=clock, namespaces=("default", NAMESPACE))


@pytest.fixture
def api(cluster: Cluster) -> Api:
    return InMemoryApi(cluster)


@pytest.fixture
def foo() -> Callable[..., Json]:
    """A Foo body: `foo("a", spec={…}, labels={…})`."""

    def body(name: str = "a", *, spec: Json | None = None, **metadata: Any) -> Json:
        obj: Json = {
            "apiVersion": "ex.io/v1",
            "kind": "Foo",
            "metadata": {"name": name, "namespace": NAMESPACE, **metadata},
        }
        return obj if spec is None else {**obj, "spec": spec}

    return body


@pytest.fixture
def key() -> Key:
    return Key("Foo", NAMESPACE, "a")


@pytest.fixture
def refused() -> Callable[..., ApiError]:
    """The refusal that a call meets: `refused(api.create, body)`."""

    def meet(call: Callable[..., Any], *args: Any, **options: Any) -> ApiError:
        with pytest.raises(ApiError) as caught:
            call(*args, **options)
        return caught.value

    return meet


@pytest.fixture
def owned() -> Callable[..., Any]:
    """The fields of a manager in an object: `owned(obj, "m1", "Apply", "status")`; None without an entry."""

    def fields(obj: Json, manager: str, operation: str = "Apply", subresource: str = "") -> Any:
        for entry in obj["metadata"].get("managedFields", ()):
            if (entry["manager"], entry["operation"], entry.get("subresource", "")) == (
                manager,
                operation,
                subresource,
            ):
                return entry["fieldsV1"]
        return None

    return fields
