"""A node that changes wakes whom it concerns, and nobody else: counted in plans."""

from __future__ import annotations

import pytest

from aimcore.resource import Json

from .stage import BASE, NAMESPACE, Stage

SOURCES = [{"modelId": "acme/dummy", "sourceUri": "hf://acme/dummy", "size": "1Gi"}]
HARDWARE: dict[str, Json] = {
    "mi300x": {"gpu": {"requests": 1, "model": "MI300X"}},
    "mi355x": {"gpu": {"requests": 1, "model": "MI355X"}},
    "cpu": {"cpu": {"requests": "1"}},
}
EACH = 20


@pytest.fixture(scope="module")
def settled() -> Stage:
    """Twenty templates for each of two GPU models and for none, on one model, with a service each, and two services
    that choose among the templates of another model. One GPU model is there."""
    stage = Stage({"nodes": [{"name": "one", "deviceId": "74a1"}, {"name": "plain", "gpus": 0}]})
    off = {"extractMetadata": False, "createServiceTemplates": False}
    stage.put("AIMModel", "model", spec={"image": BASE, "discovery": off})
    for kind, hardware in HARDWARE.items():
        for number in range(EACH):
            spec = {"modelName": "model", "modelSources": SOURCES, "hardware": hardware}
            stage.put("AIMServiceTemplate", f"{kind}-{number:02}", spec=spec)
        stage.put("AIMService", f"on-{kind}", spec={"model": {"name": "model"}, "template": {"name": f"{kind}-00"}})
    stage.put("AIMModel", "other", spec={"image": "acme/other:1", "discovery": off})
    for gpus in (1, 2):
        hardware = {"gpu": {"requests": gpus, "model": "MI300X"}}
        spec = {"modelName": "other", "modelSources": SOURCES, "hardware": hardware, "type": "optimized"}
        stage.put("AIMServiceTemplate", f"other-{gpus}", spec=spec)
    for replicas in (1, 2):
        stage.put("AIMService", f"chooses-{replicas}", spec={"model": {"name": "other"}, "replicas": replicas})
    stage.run()
    return stage


def planned(stage: Stage, kind: str) -> set[str]:
    return {key.name for key in stage.plans if key.kind == kind}


def node(stage: Stage, name: str) -> Json:
    return next(n for n in stage.play.cluster.objects("Node") if n["metadata"]["name"].startswith(name))


def relabel(stage: Stage, name: str, **labels: str) -> None:
    found = node(stage, name)
    metadata = {**found["metadata"], "labels": {**found["metadata"].get("labels", {}), **labels}}
    stage.forget()
    stage.play.cluster.update({**found, "metadata": metadata})
    stage.run(5)


@pytest.mark.rule("W-1", "G-11", "T-33")
def test_a_gpu_that_comes_wakes_only_the_templates_and_services_that_need_it(settled: Stage):
    assert settled.statuses("AIMServiceTemplate") == {"Ready": 2 * EACH + 2, "NotAvailable": EACH}
    relabel(settled, "plain", **{"amd.com/gpu.device-id": "75a3"})
    assert planned(settled, "AIMServiceTemplate") == {f"mi355x-{n:02}" for n in range(EACH)}
    assert planned(settled, "AIMService") == {"on-mi355x"}
    assert settled.statuses("AIMServiceTemplate") == {"Ready": 3 * EACH + 2}


@pytest.mark.rule("W-3", "G-11")
def test_heartbeats_and_labels_of_others_wake_nobody(settled: Stage):
    relabel(settled, "one", team="research")
    assert settled.plans == {}
    found = node(settled, "one")
    conditions = [{"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-11-23T16:00:00Z"}]
    settled.play.cluster.update(
        {**found, "status": {**found.get("status", {}), "conditions": conditions}}, subresource="status"
    )
    settled.run(5)
    assert settled.plans == {}


@pytest.mark.rule("G-3", "G-11")
def test_a_second_node_of_a_model_that_is_there_wakes_no_template(settled: Stage):
    labels = {"amd.com/gpu.device-id": "74a1", "amd.com/gpu.vram": "192G"}
    second = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "second", "labels": labels}}
    settled.forget()
    settled.play.cluster.create(second)
    settled.run(5)
    assert planned(settled, "AIMServiceTemplate") == set()


@pytest.mark.rule("T-34", "W-1")
def test_a_gpu_that_goes_makes_its_templates_unavailable_and_leaves_the_others_alone(settled: Stage):
    relabel(settled, "plain", **{"amd.com/gpu.device-id": ""})
    assert planned(settled, "AIMServiceTemplate") == {f"mi355x-{n:02}" for n in range(EACH)}
    assert settled.statuses("AIMServiceTemplate")["NotAvailable"] == EACH
    assert NAMESPACE in {key.namespace for key in settled.plans}
