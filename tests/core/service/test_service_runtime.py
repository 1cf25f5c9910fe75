"""The InferenceService at update, its health, its pods, and an honest Ready."""

from __future__ import annotations

import copy

import pytest
from service_world import (
    IMAGE,
    IS,
    child,
    kinds,
    model,
    part,
    plan_of,
    ready_world,
    running_world,
    runtime_config,
    swapped,
    template,
)


@pytest.mark.rule("R-7.1", "R-2.7")
def test_the_runtime_waits_for_model_template_and_cache() -> None:
    assert IS in kinds(plan_of(*ready_world()))
    for kind in ("AIMModel", "AIMServiceTemplate", "AIMTemplateCache"):
        objects = ready_world()
        part(objects, kind)["status"]["status"] = "Progressing"
        assert IS not in kinds(plan_of(*objects))


@pytest.mark.rule("R-7.2", "R-5.12")
def test_an_update_waits_only_for_the_template() -> None:
    objects = running_world()
    for kind in ("AIMModel", "AIMTemplateCache"):
        broken = copy.deepcopy(objects)
        part(broken, kind)["status"]["status"] = "Failed"
        assert IS in kinds(plan_of(*broken))


@pytest.mark.rule("R-7.2", "R-8.10")
def test_mutable_fields_reach_the_running_object() -> None:
    objects = running_world()
    objects[0]["spec"].update(
        replicas=3,
        resources={"limits": {"cpu": "0.5"}},
        env=[{"name": "A", "value": "1"}],
        imagePullSecrets=[{"name": "p"}],
        serviceAccountName="sa",
    )
    predictor = child(plan_of(*objects), IS)["spec"]["predictor"]
    assert (predictor["minReplicas"], predictor["maxReplicas"]) == (3, 3)
    assert predictor["containers"][0]["resources"]["limits"]["cpu"] == "500m"
    assert {"name": "A", "value": "1"} in predictor["containers"][0]["env"]
    assert predictor["imagePullSecrets"] == [{"name": "p"}]
    assert predictor["serviceAccountName"] == "sa"


def test_an_unchanged_running_service_renders_what_is_there() -> None:
    objects = running_world()
    live = part(objects, IS)
    again = child(plan_of(*objects), IS)
    assert again["spec"] == live["spec"]
    assert again["metadata"]["labels"] == live["metadata"]["labels"]


@pytest.mark.rule("D-30")
@pytest.mark.parametrize("case", ["gone", "without an image"])
def test_an_empty_image_is_never_applied(case: str) -> None:
    objects = running_world()
    if case == "gone":
        objects = swapped(objects, "AIMModel", None)
    else:
        part(objects, "AIMModel")["spec"]["image"] = ""
    assert child(plan_of(*objects), IS)["spec"]["predictor"]["containers"][0]["image"] == IMAGE
    part(objects, IS)["spec"]["predictor"]["containers"][0]["image"] = ""
    if case == "gone":
        assert IS not in kinds(plan_of(*objects))


def test_no_runtime_is_made_from_a_model_without_an_image() -> None:
    objects = ready_world()
    objects[0]["spec"]["model"] = {"name": "m"}
    objects[1] = model("m", image="")
    assert IS not in kinds(plan_of(*objects))


@pytest.mark.rule("R-12.3", "R-12.5")
def test_the_labels_metric_and_precision_are_frozen_at_creation() -> None:
    objects = running_world()
    shape = part(objects, "AIMServiceTemplate")
    shape["status"]["profile"]["metadata"].update(metric="throughput", precision="fp8")
    marks = child(plan_of(*objects), IS)["metadata"]["labels"]
    assert (marks["aim.eai.amd.com/metric"], marks["aim.eai.amd.com/precision"]) == ("latency", "fp16")
    del part(objects, IS)["metadata"]["labels"]["aim.eai.amd.com/metric"]
    assert "aim.eai.amd.com/metric" not in child(plan_of(*objects), IS)["metadata"]["labels"]
    assert marks["aim.eai.amd.com/service.name"] == "qwen-chat"


def values(affinity: dict) -> list[list[str]]:
    terms = affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    return [e["values"] for t in terms for e in t["matchExpressions"]]


def with_ids(objects: list[dict], *ids: str) -> list[dict]:
    required = part(objects, "AIMServiceTemplate")["status"]["resolvedNodeAffinity"]
    terms = required["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    terms[0]["matchExpressions"][0]["values"] = list(ids)
    return objects


@pytest.mark.rule("D-22")
def test_an_equal_affinity_keeps_the_live_order() -> None:
    objects = with_ids(copy.deepcopy(running_world()), "74bd", "74a1", "74b5", "74a9")
    assert values(child(plan_of(*objects), IS)["spec"]["predictor"]["affinity"])[0] == ["74a1", "74a9", "74b5", "74bd"]


@pytest.mark.rule("D-22")
def test_nodes_that_come_or_go_change_the_affinity_only_with_the_pod_template() -> None:
    objects = with_ids(copy.deepcopy(running_world()), "74a1", "75a0")
    assert values(child(plan_of(*objects), IS)["spec"]["predictor"]["affinity"])[0] == ["74a1", "74a9", "74b5", "74bd"]
    objects[0]["spec"]["env"] = [{"name": "A", "value": "1"}]
    assert values(child(plan_of(*objects), IS)["spec"]["predictor"]["affinity"])[0] == ["74a1", "75a0"]


@pytest.mark.rule("D-22")
def test_an_affinity_that_is_gone_is_removed() -> None:
    objects = copy.deepcopy(running_world())
    del part(objects, "AIMServiceTemplate")["status"]["resolvedNodeAffinity"]
    assert "affinity" not in child(plan_of(*objects), IS)["spec"]["predictor"]


@pytest.mark.rule("D-22")
def test_an_affinity_with_the_beta_label_or_other_keys_is_not_extended() -> None:
    for key, count in (("beta.amd.com/gpu.device-id", 1), ("zone", 1), ("amd.com/gpu.device-id", 2)):
        objects = ready_world()
        required = {"nodeSelectorTerms": [{"matchExpressions": [{"key": key, "operator": "In", "values": ["a"]}]}]}
        objects[2] = template(affinity={"requiredDuringSchedulingIgnoredDuringExecution": required})
        assert len(values(child(plan_of(*objects), IS)["spec"]["predictor"]["affinity"])) == count


@pytest.mark.rule("D-19")
def test_duplicate_variables_with_the_same_effect_are_left_alone() -> None:
    objects = copy.deepcopy(running_world())
    container = part(objects, IS)["spec"]["predictor"]["containers"][0]
    container["env"] = [{"name": "AIM_METRIC", "value": "old"}, *container["env"]]
    assert child(plan_of(*objects), IS)["spec"]["predictor"]["containers"][0]["env"] == container["env"]
    container["env"].append({"name": "AIM_METRIC", "value": "other"})
    env = child(plan_of(*objects), IS)["spec"]["predictor"]["containers"][0]["env"]
    assert [e["name"] for e in env].count("AIM_METRIC") == 1


@pytest.mark.rule("D-19", "R-8.2")
def test_each_step_replaces_what_stands_under_the_name() -> None:
    names = ("AIM_PROFILE_ID", "AIM_METRIC", "AIM_PRECISION", "AIM_MODEL_ID")
    low = [{"name": n, "value": "config"} for n in names]
    objects = ready_world(env=[{"name": "AIM_METRIC", "value": "service"}])
    source = {"modelId": "a/b", "sourceUri": "hf://a/b"}
    objects[2] = template(
        spec={"profileId": "p", "modelSources": [source], "env": [{"name": "AIM_PRECISION", "value": "t"}]}
    )
    env = child(plan_of(*objects, runtime_config(env=low)), IS)["spec"]["predictor"]["containers"][0]["env"]
    assert [(e["name"], e["value"]) for e in env if e["name"] in names] == [
        ("AIM_METRIC", "service"), ("AIM_MODEL_ID", "a/b"), ("AIM_PRECISION", "t"), ("AIM_PROFILE_ID", "p"),
    ]  # fmt: skip


@pytest.mark.rule("D-20")
def test_access_comes_from_service_template_and_model_at_revision_2() -> None:
    objects = ready_world(imagePullSecrets=[{"name": "s"}, {"name": "m"}])
    objects[1] = model(imagePullSecrets=[{"name": "m"}, {"name": "m2"}], serviceAccountName="model")
    objects[2] = template(spec={"imagePullSecrets": [{"name": "t"}]})
    predictor = child(plan_of(*objects), IS)["spec"]["predictor"]
    assert [s["name"] for s in predictor["imagePullSecrets"]] == ["s", "m", "t", "m2"]
    assert predictor["serviceAccountName"] == "model"
    objects[2]["spec"]["serviceAccountName"] = "template"
    assert child(plan_of(*objects), IS)["spec"]["predictor"]["serviceAccountName"] == "template"
    objects[0]["metadata"]["annotations"] = {"aim.eai.amd.com/render-revision": "1"}
    predictor = child(plan_of(*objects), IS)["spec"]["predictor"]
    assert [s["name"] for s in predictor["imagePullSecrets"]] == ["s", "m"]
    assert "serviceAccountName" not in predictor


@pytest.mark.rule("D-21", "D-31")
def test_resource_layers_of_revision_2() -> None:
    objects = ready_world(resources={"limits": {"memory": "16Gi"}})
    objects[1] = model(resources={"requests": {"cpu": "3"}, "limits": {"cpu": "2"}})
    objects[2] = template(gpus=0, spec={"resources": {"requests": {"memory": "20Gi", "cpu": "6"}}})
    objects[2]["status"]["resolvedHardware"] = {"cpu": {"requests": "1", "limits": "4"}}
    resources = child(plan_of(*objects), IS)["spec"]["predictor"]["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "6", "memory": "16Gi"}, "limits": {"cpu": "6", "memory": "16Gi"}}


@pytest.mark.rule("R-8.7")
def test_without_a_gpu_there_are_no_default_resources() -> None:
    objects = ready_world()
    objects[2] = template(gpus=0)
    assert child(plan_of(*objects), IS)["spec"]["predictor"]["containers"][0]["resources"] == {}
