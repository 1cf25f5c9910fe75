"""Edge: what users store in the simulated cluster. The world's actors bear every object that the server took."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.resource import Key
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import ApiError, Cluster, PatchType
from aimcore.simulation.settings import WorldSettings
from aimcore.simulation.world import World
from aimctl_runtime.local.server import new_cluster
from fuzz.bounds import cpu_within
from fuzz.inputs import NASTY_NUMBERS, NASTY_TEXTS, effort, json_values

SETTINGS = WorldSettings.read({})
CLUSTER = new_cluster(SETTINGS, Clock(datetime(2026, 11, 23, tzinfo=UTC)))
FURNISHED = World(CLUSTER, SETTINGS)
CONTAINER = {"name": "c", "image": "docker.io/amdenterpriseai/aim-qwen3:1", "env": [{"name": "EXPECTED_SIZE_BYTES",
    "value": "1"}],
             "resources": {"requests": {"cpu": "1", "amd.com/gpu": "1"}, "limits": {"amd.com/gpu": "1"}},
             "args": ["hf://a/b"], "command": ["x"]}  # fmt: skip
POD = {
    "containers": [CONTAINER],
    "restartPolicy": "Never",
    "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "p"}}],
}
LABELS = {"matchLabels": {"a": "b"}}
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": POD}
OBJECTS: dict[str, dict[str, Any]] = {
    "Pod": {"apiVersion": "v1", "spec": POD},
    "Deployment": {"apiVersion": "apps/v1", "spec": {"replicas": 1, "selector": LABELS, "template": TEMPLATE}},
    "ReplicaSet": {"apiVersion": "apps/v1", "spec": {"replicas": 1, "selector": LABELS, "template": TEMPLATE}},
    "Job": {"apiVersion": "batch/v1", "spec": {"template": {"spec": POD}, "backoffLimit": 1}},
    "PersistentVolumeClaim": {"apiVersion": "v1", "spec": {"accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}}}},
    "InferenceService": {"apiVersion": "serving.kserve.io/v1beta1",
    "spec": {"predictor": {"model": {"modelFormat": {"name": "x"}},
        "containers": [CONTAINER], "minReplicas": 1, "maxReplicas": 3}}},
    "ScaledObject": {"apiVersion": "keda.sh/v1alpha1", "spec": {"scaleTargetRef": {"name": "x"}, "minReplicaCount": 1,
        "triggers": [{"type": "external", "metadata": {"scalerAddress": "a:1", "targetValue": "1"}}]}},
    "HTTPRoute": {"apiVersion": "gateway.networking.k8s.io/v1", "spec": {"parentRefs": [{"name": "inference-gateway",
        "namespace": "gateways"}], "rules": [{"matches": [{"path": {"value": "/x"}}], "backendRefs": [{"name": "s",
        "port": 80}]}]}},
    "Service": {"apiVersion": "v1", "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]}},
    "Node": {"apiVersion": "v1", "spec": {}, "status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "9"}}},
    "Gateway": {"apiVersion": "gateway.networking.k8s.io/v1", "spec": {"gatewayClassName": "envoy",
        "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}},
    "StorageClass": {"apiVersion": "storage.k8s.io/v1", "provisioner": "x"},
    "AIMService": {"apiVersion": "aim.eai.amd.com/v1alpha1", "spec": {"model": {"name": "m"}}},
}  # fmt: skip
JSON = json_values(
    ("name", "value", "cpu", "storage", "replicas", "containers", "env", "resources", "limits", "phase", "conditions"),
    ("1e999999999", "1.2.3", "²", "٣", "-1Gi", "1e-999999999", "b", "c", "Always", "999999999999999999999999"),
)
AMOUNTS = (
    "1e999999999",
    "1e-999999999",
    "1.2.3",
    ".",
    "²",
    "٣",
    "-1Gi",
    "9" * 200,
    "1E18Gi",
    "",
    "0x1",
    "inf",
    "nan",
    "1e5000",
)


def paths_of(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for step, inner in steps for found in paths_of(inner, (*path, step)))]


def spoilt(value: Any, path: tuple[str | int, ...], junk: Any) -> Any:
    changed = copy.deepcopy(value)
    if not path:
        return junk
    here = changed
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = junk
    return changed


def made(kind: str) -> dict[str, Any]:
    namespaced = kind not in ("Node", "StorageClass")
    metadata = {"name": "x", "labels": {"a": "b"}} | ({"namespace": "default"} if namespaced else {})
    return {"kind": kind, "metadata": metadata, **OBJECTS[kind]}


def store(cluster: Cluster, obj: Any) -> bool:
    """Whether the server took it; a status goes in by the subresource, as actors and users do."""
    key = Key(obj["kind"], obj["metadata"].get("namespace", ""), "x")
    try:
        cluster.create(obj)
        if "status" in obj:
            cluster.patch(key, {"status": obj["status"]}, PatchType.MERGE, subresource="status")
    except ApiError:
        return cluster.peek(*key) is not None
    return True


def live(cluster: Cluster, rounds: int = 25) -> None:
    """The world for ten minutes of its time, at most so many rounds."""
    world = World(cluster, SETTINGS)
    end = cluster.clock.now + timedelta(minutes=10)
    for _ in range(rounds):
        world.step()
        wake = world.next_wake()
        if wake is None or wake > end:
            return
        cluster.clock.advance(max(wake - cluster.clock.now, timedelta(0)))


@pytest.mark.parametrize("kind", sorted(OBJECTS))
def test_the_server_takes_each_object_as_it_is(kind: str) -> None:
    cluster = CLUSTER.fork()
    assert store(cluster, made(kind))
    live(cluster)


@effort(150)
@given(st.sampled_from(sorted(OBJECTS)), st.data())
def test_any_object_that_the_server_takes_leaves_the_world_alive(kind: str, data: st.DataObject) -> None:
    obj = made(kind)
    inner = [p for p in paths_of(obj) if p and p[0] in ("spec", "status", "metadata", "provisioner") and p[:2] not in (
        ("metadata", "name"), ("metadata", "namespace")) and p != ("metadata",)]  # fmt: skip
    for _ in range(data.draw(st.integers(1, 2))):
        obj = spoilt(obj, data.draw(st.sampled_from(inner)), data.draw(JSON))
        inner = [p for p in inner if p in paths_of(obj)] or inner[:1]
    if data.draw(st.booleans()):
        obj["status"] = data.draw(JSON)
    cluster = CLUSTER.fork()
    with cpu_within():
        if store(cluster, obj):
            live(cluster)


@pytest.mark.parametrize("kind", sorted(OBJECTS))
def test_each_member_of_each_object_may_be_any_scalar_that_the_server_takes(kind: str) -> None:
    for path in paths_of(made(kind)):
        if not path or path[0] in ("kind", "apiVersion", "metadata"):
            continue
        for junk in (*AMOUNTS[::4], *NASTY_NUMBERS[2::4], None, [], {}, ["a"]):
            cluster = CLUSTER.fork()
            if store(cluster, spoilt(made(kind), path, junk)):
                with cpu_within():
                    live(cluster, rounds=6)


@pytest.mark.parametrize("amount", [*AMOUNTS, *NASTY_TEXTS])
def test_any_amount_and_any_variable_is_borne(amount: str) -> None:
    for kind, path in (
        ("Pod", ("spec", "containers", 0, "resources", "requests", "cpu")),
        ("Pod", ("spec", "containers", 0, "env", 0, "value")),
        ("Pod", ("spec", "containers", 0, "image")),
        ("Job", ("spec", "template", "spec", "containers", 0, "args", 0)),
        ("PersistentVolumeClaim", ("spec", "resources", "requests", "storage")),
        ("Node", ("status", "allocatable", "cpu")),
        ("ScaledObject", ("spec", "triggers", 0, "metadata", "targetValue")),
    ):
        cluster = CLUSTER.fork()
        if store(cluster, spoilt(made(kind), path, amount)):
            with cpu_within():
                live(cluster)
    for kind in ("Deployment", "InferenceService", "ScaledObject", "Pod"):
        cluster = CLUSTER.fork()
        annotations = {"autoscaling.keda.sh/paused-replicas": amount, "serving.kserve.io/autoscalerClass": amount}
        obj = made(kind)
        if store(cluster, {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}):
            with cpu_within():
                live(cluster)
