"""AIMModel and AIMClusterModel: switches, templates, and how they sum up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.facts import ImageLabels, InspectedImage
from aimcore.kinds.model.templates import merged_hardware
from aimcore.resource import Key
from aimcore.snapshot import Unreadable
from core.kind_rounds import aim, condition_of, message_of
from core.model_world import DIGEST, KEY, ONE, SOURCE, labelled, model, templates, world


# ---- switches ----
@pytest.mark.rule("D-3", "M-36", "M-38")
def test_without_extraction_only_custom_templates_are_made():
    off = {"extractMetadata": False, "createServiceTemplates": True}
    rounds = world(discovery=off)
    rounds.settle()
    assert model(rounds)["status"]["status"] == "Ready"
    assert condition_of(model(rounds), "ServiceTemplatesReady") == ("True", "NoTemplatesExpected")
    rounds = world(discovery=off, customTemplates=[{"name": "c"}])
    rounds.settle()
    assert len(templates(rounds)) == 1
    rounds = world(discovery={"createServiceTemplates": False}, customTemplates=[{"name": "c"}])
    rounds.answer(ImageLabels("img:1", "ns"), InspectedImage(labelled(ONE), DIGEST))
    rounds.settle()
    assert templates(rounds) == {}
    assert model(rounds)["status"]["status"] == "Ready"


@pytest.mark.rule("D-7")
def test_auto_discovery_speaks_only_to_new_models_without_a_discovery_block():
    config = aim("AIMClusterRuntimeConfig", "default", spec={"model": {"autoDiscovery": False}})
    rounds = world()
    rounds.put(config)
    rounds.settle()
    assert rounds.plans[KEY].wants == ()
    assert model(rounds)["status"]["status"] == "Ready"
    for other in (world(discovery={}), world(status={"imageMetadata": {"model": {"recommendedDeployments": [ONE]}}})):
        other.put(config)
        other.settle()
        assert other.plans[KEY].wants or templates(other)


# ---- templates ----
@pytest.mark.rule("M-20", "M-21", "M-25", "N-4", "N-5")
def test_each_recommended_deployment_becomes_a_template():
    bad = {"metric": "speed"}
    rounds = world(
        name="test-model", image="llama-3-1-70b-instruct", serviceAccountName="sa", runtimeConfigName="default",
        imageMetadata={
            "model": {"recommendedDeployments": [{**ONE, "gpuModel": "mi300x"}, bad, {"precision": "fp16"}]}
        },
    )  # fmt: skip
    rounds.settle()
    found = templates(rounds)
    assert len(found) == 2
    spec = found["llama-3-1-70b-instruct-2x-mi300x-lat-fp8-cce6"]["spec"]
    assert spec["hardware"]["gpu"] == {"requests": 2, "model": "mi300x", "resourceName": "amd.com/gpu"}
    assert (spec["metric"], spec["precision"], spec["profileId"]) == ("latency", "fp8", "p")
    assert (spec["serviceAccountName"], spec["runtimeConfigName"]) == ("sa", "default")
    metadata = found["llama-3-1-70b-instruct-2x-mi300x-lat-fp8-cce6"]["metadata"]
    assert metadata["labels"]["aim.eai.amd.com/model"] == "test-model"
    assert metadata["labels"]["aim.eai.amd.com/origin"] == "auto-generated"
    assert metadata["ownerReferences"][0]["uid"] == model(rounds)["metadata"]["uid"]
    assert 'metric "speed" is none of latency, throughput' in message_of(model(rounds), "ServiceTemplatesReady")


@pytest.mark.rule("M-23", "M-24", "M-26", "M-27", "M-28", "N-6", "N-7", "D-6")
@pytest.mark.parametrize("namespace", ["ns", ""])
def test_custom_templates_inherit_what_they_do_not_say(namespace):
    rounds = world(
        name="custom-model-test", namespace=namespace, modelSources=[SOURCE], env=[{"name": "A", "value": "1"}],
        custom={"hardware": {"gpu": {"requests": 1, "model": "MI300X"}, "cpu": {"requests": "2", "limits": "4"}}},
        customTemplates=[
            {"name": "default-hardware"},
            {"name": "multi-gpu", "hardware": {"gpu": {"requests": 2, "model": "MI300X"}},
             "env": [{"name": "A", "value": "2"}], "type": "optimized"},
        ],
    )  # fmt: skip
    rounds.answer(ImageLabels("img:1", namespace or "aim-system"), InspectedImage({}, DIGEST))
    rounds.settle()
    found = templates(rounds)
    first = found["custom-model-test-custom-default-hardware-7689ffdb"]
    second = found["custom-model-test-custom-multi-gpu-mi300x-e999d587"]["spec"]
    assert first["metadata"]["labels"]["aim.eai.amd.com/template.alias"] == "default-hardware"
    assert first["spec"]["modelSources"] == [SOURCE]
    assert first["spec"]["type"] == "unoptimized"
    assert first["spec"]["resources"] == {"requests": {"cpu": "2"}, "limits": {"cpu": "4"}}
    assert second["env"] == [{"name": "A", "value": "2"}]
    assert second["type"] == "optimized"
    assert second["hardware"]["gpu"]["requests"] == 2
    assert model(rounds)["status"]["sourceType"] == "Custom"
    assert condition_of(model(rounds), "ImageMetadataReady") == ("True", "ImageFound")


@pytest.mark.rule("M-21", "N-6", "M-2", "D-2")
def test_a_custom_model_without_custom_templates_gets_one():
    rounds = world(name="my-custom-qwen", modelSources=[SOURCE], custom={"hardware": {"gpu": {"requests": 1}}})
    rounds.answer(
        ImageLabels("img:1", "ns"),
        InspectedImage({"com.amd.aim.model.recommendedDeployments": "junk is not read"}, DIGEST),
    )
    rounds.settle()
    assert list(templates(rounds)) == ["my-custom-qwen-custom-4a20e66e"]
    assert "imageMetadata" not in model(rounds)["status"]
    assert rounds.plans[Key("AIMModel", "ns", "my-custom-qwen")].wants == ()


@pytest.mark.rule("D-4", "D-5", "M-29")
@pytest.mark.parametrize(
    ("default", "own", "merged"),
    [
        ({}, {"gpu": {"requests": 1}}, {"gpu": {"requests": 1}}),
        ({"gpu": {"requests": 1, "model": "A"}}, {}, {"gpu": {"requests": 1, "model": "A"}}),
        (
            {"gpu": {"requests": 1, "model": "A", "resourceName": "x.com/g"}},
            {"gpu": {"requests": 2, "minVram": "64Gi", "resourceName": "amd.com/gpu"}},
            {"gpu": {"requests": 2, "minVram": "64Gi", "resourceName": "x.com/g"}},
        ),
        ({"gpu": {"minVram": "1Gi"}}, {"gpu": {"model": "B"}}, {"gpu": {"model": "B"}}),
        (
            {"cpu": {"requests": "1", "limits": "2"}},
            {"cpu": {"requests": "4"}},
            {"cpu": {"requests": "4", "limits": "2"}},
        ),
        ({}, {}, {}),
    ],
)
def test_a_custom_templates_hardware_wins_over_the_default(default, own, merged):
    assert merged_hardware(default, own) == merged


@given(st.dictionaries(st.sampled_from(["gpu", "cpu"]), st.dictionaries(st.text(max_size=3), st.integers())))
def test_merging_hardware_with_itself_changes_nothing(hardware):
    once = merged_hardware(hardware, {})
    assert merged_hardware(once, once) == once


@pytest.mark.rule("M-30", "D-4")
def test_an_existing_template_keeps_what_cannot_change_and_the_model_says_so():
    rounds = world(discovery={"extractMetadata": False}, customTemplates=[{"hardware": {"cpu": {"requests": "1"}}}])
    rounds.settle()
    rounds.patch(KEY, {"spec": {"customTemplates": [{"hardware": {"cpu": {"requests": "2"}}}]}})
    rounds.settle()
    (template,) = templates(rounds).values()
    assert template["spec"]["hardware"] == {"cpu": {"requests": "1"}}
    assert template["spec"]["resources"] == {"requests": {"cpu": "2"}}
    assert "keeps its hardware (immutable)" in message_of(model(rounds), "ServiceTemplatesReady")


@pytest.mark.rule("D-6", "M-26")
def test_a_template_of_former_rules_keeps_its_env_and_config():
    spec = {"customTemplates": [{"name": "c"}], "env": [{"name": "A", "value": "1"}], "runtimeConfigName": "default"}
    rounds = world(namespace="", discovery={"extractMetadata": False}, **spec)
    rounds.settle()
    ((name, made),) = templates(rounds).items()
    assert made["spec"]["env"] == [{"name": "A", "value": "1"}]
    former = {k: v for k, v in made["spec"].items() if k not in ("env", "runtimeConfigName")}
    taken = {**made, "spec": former, "metadata": {k: v for k, v in made["metadata"].items() if k != "annotations"}}
    rounds.put(taken)
    rounds.settle()
    assert templates(rounds)[name]["spec"] == former
    assert "annotations" not in templates(rounds)[name]["metadata"]


# ---- aggregation ----
@pytest.mark.rule("M-36")
@pytest.mark.parametrize(
    ("states", "status", "reason"),
    [
        (["Ready", "Ready"], "Ready", "AllTemplatesReady"),
        (["Failed", "Degraded"], "Failed", "AllTemplatesFailed"),
        (["NotAvailable"], "NotAvailable", "NoTemplatesAvailable"),
        (["Ready", "Failed"], "Degraded", "SomeTemplatesDegraded"),
        (["Ready", "Pending"], "Progressing", "TemplatesProgressing"),
        (["Ready", "NotAvailable"], "Ready", "SomeTemplatesReady"),
        (["Ready", ""], "Progressing", "TemplatesProgressing"),
    ],
)
def test_the_model_sums_up_all_templates_that_name_it(states, status, reason):
    rounds = world(discovery={"extractMetadata": False, "createServiceTemplates": False})
    for i, state in enumerate(states):
        rounds.put(aim("AIMServiceTemplate", f"t{i}", "ns", spec={"modelName": "m"}, status={"status": state}))
    obsolete = {"labels": {"aim.eai.amd.com/obsolete": "true"}}
    rounds.put(
        aim("AIMServiceTemplate", "o", "ns", metadata=obsolete, spec={"modelName": "m"}, status={"status": "Failed"})
    )
    rounds.settle()
    assert model(rounds)["status"]["status"] == status
    assert condition_of(model(rounds), "ServiceTemplatesReady")[1] == reason


@pytest.mark.rule("M-33")
@pytest.mark.parametrize(("namespace", "reason"), [("ns", "ConfigNotFound"), ("", "ReferenceNotFound")])
def test_a_missing_config_fails_the_model_until_it_exists(namespace, reason):
    off = {"extractMetadata": False, "createServiceTemplates": False}
    rounds = world(namespace=namespace, runtimeConfigName="gone", discovery=off)
    rounds.settle()
    assert model(rounds)["status"]["status"] == "Failed"
    assert condition_of(model(rounds), "RuntimeConfigReady") == ("False", reason)
    assert condition_of(model(rounds), "ConfigValid") == ("False", "ReferenceNotFound")
    rounds.put(aim("AIMClusterRuntimeConfig", "gone", spec={}))
    rounds.settle()
    assert model(rounds)["status"]["status"] == "Ready"
    assert condition_of(model(rounds), "ConfigValid") == ("True", "ConfigurationValid")


def test_a_paused_or_deleted_model_is_left_alone():
    for change in (
        {"annotations": {"aim.eai.amd.com/reconciliation-paused": "true"}},
        {"deletionTimestamp": "2026-11-23T12:00:00Z"},
    ):
        rounds = world()
        rounds.patch(KEY, {"metadata": change})
        assert rounds.settle() == 0


@pytest.mark.rule("M-36")
def test_templates_that_cannot_be_read_are_not_missing():
    rounds = world(imageMetadata={"model": {}})
    rounds.table.learn_availability("AIMServiceTemplate", Unreadable("AIMServiceTemplate", "Timeout", "no answer"))
    plan = rounds.plan(KEY)
    assert {c["type"]: c["reason"] for c in plan.status["conditions"]}["ServiceTemplatesReady"] == "Timeout"


def test_a_gpu_name_that_is_too_long_is_left_out():
    rounds = world(imageMetadata={"model": {"recommendedDeployments": [{"gpuModel": "x" * 65}]}})
    rounds.settle()
    assert templates(rounds) == {}
    assert "more than 64 characters" in message_of(model(rounds), "ServiceTemplatesReady")
