"""AIMModel and AIMClusterModel: the image, the templates, the conditions."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.facts import Failure, FailureKind, ImageLabels, InspectedImage
from aimcore.kinds.model import plan_model
from aimcore.kinds.model.templates import merged_hardware
from aimcore.resource import Key
from aimcore.snapshot import NotInstalled, Unreadable
from core.kind_rounds import Rounds, aim, condition_of, message_of

PLANNERS = {"AIMModel": plan_model, "AIMClusterModel": plan_model}
KEY = Key("AIMModel", "ns", "m")
ONE = {"gpuModel": "MI300X", "gpuCount": 2, "metric": "latency", "precision": "fp8", "profileId": "p"}
DIGEST = "sha256:" + "d" * 64
SOURCE = {"modelId": "a/b", "sourceUri": "hf://a/b"}


def world(name="m", namespace="ns", status=None, **spec):
    rounds = Rounds(PLANNERS)
    kind = "AIMModel" if namespace else "AIMClusterModel"
    rounds.put(aim(kind, name, namespace, spec={"image": "img:1", **spec}, status=status or {}))
    return rounds


def model(rounds):
    return (rounds.all("AIMModel") + rounds.all("AIMClusterModel"))[0]


def templates(rounds):
    return {
        t["metadata"]["name"]: t for t in rounds.all("AIMServiceTemplate") + rounds.all("AIMClusterServiceTemplate")
    }


def labelled(*deployments):
    return {
        "com.amd.aim.model.canonicalName": "a/b",
        "com.amd.aim.model.recommendedDeployments": json.dumps(deployments),
    }


# ---- image ----
@pytest.mark.rule("M-1", "M-4", "M-11", "M-35", "M-38", "E-4", "E-6")
@pytest.mark.parametrize(("namespace", "status"), [("ns", "Progressing"), ("", "Pending")])
def test_the_registry_is_asked_once_and_the_answer_is_used_in_the_same_round(namespace, status):
    rounds = world(namespace=namespace, imagePullSecrets=[{"name": "regcred"}])
    rounds.settle()
    assert model(rounds)["status"]["status"] == status
    assert condition_of(model(rounds), "ImageMetadataReady") == ("Unknown", "AwaitingMetadata")
    want = ImageLabels("img:1", namespace or "aim-system", ("regcred",))
    key = next(iter(rounds.plans))
    assert rounds.plans[key].wants == (want,)
    rounds.answer(want, InspectedImage(labelled(ONE), DIGEST))
    rounds.round(key)
    assert len(templates(rounds)) == 1
    rounds.settle()
    found = model(rounds)["status"]
    assert found["imageMetadata"]["model"]["canonicalName"] == "a/b"
    assert (found["inspectedImage"], found["inspectedDigest"]) == ("img:1", DIGEST)
    assert found["sourceType"] == "Image"
    assert condition_of(model(rounds), "ImageMetadataReady") == ("True", "ImageMetadataFound")
    assert rounds.plans[key].wants == ()


@pytest.mark.rule("D-1", "M-3")
def test_metadata_belongs_to_an_image():
    stored = {"imageMetadata": {"model": {"recommendedDeployments": [ONE]}}}
    rounds = world(status=stored)
    rounds.settle()
    assert len(templates(rounds)) == 1
    assert rounds.plans[KEY].wants == ()
    rounds = world(status={**stored, "inspectedImage": "img:0"})
    rounds.settle()
    assert rounds.plans[KEY].wants == (ImageLabels("img:1", "ns"),)
    assert templates(rounds) == {}


@pytest.mark.rule("M-1", "M-5", "M-35")
def test_metadata_of_the_spec_needs_no_registry_and_is_mirrored():
    metadata = {"model": {"canonicalName": "a/b", "recommendedDeployments": [ONE]}}
    rounds = world(imageMetadata=metadata)
    rounds.settle()
    assert model(rounds)["status"]["imageMetadata"] == metadata
    assert len(templates(rounds)) == 1


@pytest.mark.rule("D-8", "M-12", "M-33", "M-34")
@pytest.mark.parametrize(
    ("kind", "reason", "status", "framework"),
    [
        (FailureKind.AUTH, "AuthError", "Failed", ("AuthValid", "False", "AuthError")),
        (FailureKind.NOT_FOUND, "ImageNotFound", "Degraded", ("ConfigValid", "False", "ReferenceNotFound")),
        (
            FailureKind.MALFORMED,
            "MetadataExtractionFailed",
            "Failed",
            ("ConfigValid", "False", "MetadataExtractionFailed"),
        ),
        (FailureKind.SECRET_NOT_FOUND, "SecretNotFound", "Failed", ("ConfigValid", "False", "ReferenceNotFound")),
        (FailureKind.FORBIDDEN, "SecretAccessFailed", "Failed", ("AuthValid", "False", "AuthError")),
        (
            FailureKind.UNREACHABLE,
            "RegistryUnreachable",
            "Degraded",
            ("DependenciesReachable", "False", "InfrastructureError"),
        ),
        (
            FailureKind.RATE_LIMITED,
            "RateLimited",
            "Degraded",
            ("DependenciesReachable", "False", "InfrastructureError"),
        ),
    ],
)
def test_each_registry_failure_has_its_own_state(kind, reason, status, framework):
    rounds = world(customTemplates=[{"name": "c"}])
    rounds.answer(ImageLabels("img:1", "ns"), Failure(kind, "the registry said no"))
    rounds.settle()
    assert condition_of(model(rounds), "ImageMetadataReady") == ("False", reason)
    assert model(rounds)["status"]["status"] == status
    assert condition_of(model(rounds), framework[0]) == framework[1:]
    assert "the registry said no" in message_of(model(rounds), framework[0])
    assert condition_of(model(rounds), "Ready")[0] == "False"
    assert templates(rounds) == {}
    due = rounds.plans[KEY].check_again_at
    assert due is not None
    assert due <= rounds.now + timedelta(minutes=10)
    rounds.pass_time(minutes=12)
    again = rounds.plan(KEY)
    assert again.wants == (ImageLabels("img:1", "ns"),)
    assert again.check_again_at > rounds.now


@pytest.mark.rule("M-16", "D-8")
@pytest.mark.parametrize("kind", list(FailureKind))
def test_each_registry_failure_says_what_can_be_done_and_says_it_once(kind):
    rounds = world()
    rounds.answer(ImageLabels("img:1", "ns"), Failure(kind, "the registry said no"))
    rounds.settle()
    told = message_of(model(rounds), "ImageMetadataReady")
    assert told.startswith("the registry said no; ")
    rounds.table.forget_answer(ImageLabels("img:1", "ns"))
    assert rounds.settle() == 0
    assert message_of(model(rounds), "ImageMetadataReady") == told


@pytest.mark.rule("D-8")
def test_a_registry_that_asks_for_patience_gets_it():
    rounds = world()
    busy = Failure(FailureKind.RATE_LIMITED, "too many requests", timedelta(hours=2))
    rounds.answer(ImageLabels("img:1", "ns"), busy)
    asked = rounds.now
    rounds.settle()
    rounds.pass_time(seconds=11)
    rounds.settle()
    assert rounds.plans[KEY].check_again_at == asked + timedelta(hours=2)


@pytest.mark.rule("D-8")
def test_an_image_that_does_not_exist_is_rechecked_slowly_and_found_in_the_end():
    rounds = world(customTemplates=[{"name": "c"}])
    want = ImageLabels("img:1", "ns")
    rounds.answer(want, Failure(FailureKind.NOT_FOUND, "no such image"))
    rounds.settle()
    assert model(rounds)["status"]["status"] == "Degraded"
    assert rounds.plans[KEY].check_again_at == rounds.now + timedelta(minutes=10)
    rounds.pass_time(minutes=11)
    rounds.settle()
    assert rounds.plan(KEY).wants == (want,)
    rounds.answer(want, InspectedImage({}))
    rounds.settle()
    assert "inspectedDigest" not in model(rounds)["status"]
    assert condition_of(model(rounds), "ImageMetadataReady") == ("True", "ImageFound")
    assert len(templates(rounds)) == 1


@pytest.mark.rule("D-1", "M-4")
def test_what_the_metadata_came_from_is_remembered():
    stored = {"imageMetadata": metadata_of(ONE)}
    rounds = world(status=stored)
    rounds.settle()
    assert model(rounds)["status"]["inspectedImage"] == "img:1"
    rounds.patch(KEY, {"spec": {"image": "img:2"}})
    rounds.settle()
    assert rounds.plans[KEY].wants == (ImageLabels("img:2", "ns"),)
    rounds = world(imageMetadata=metadata_of(ONE))
    rounds.settle()
    rounds.patch(KEY, {"spec": {"imageMetadata": None}})
    rounds.settle()
    assert rounds.plans[KEY].wants == (ImageLabels("img:1", "ns"),)


def test_an_answer_of_another_shape_fails_the_extraction():
    rounds = world()
    rounds.answer(ImageLabels("img:1", "ns"), "junk")
    rounds.settle()
    assert condition_of(model(rounds), "ConfigValid") == ("False", "MetadataExtractionFailed")


@pytest.mark.rule("M-34")
def test_a_missing_secret_of_a_cluster_model_is_a_missing_reference():
    rounds = world(namespace="")
    rounds.answer(ImageLabels("img:1", "aim-system"), Failure(FailureKind.SECRET_NOT_FOUND, "no"))
    rounds.settle()
    assert condition_of(model(rounds), "ImageMetadataReady") == ("False", "ReferenceNotFound")


@pytest.mark.rule("M-9", "D-8")
def test_a_malformed_label_is_named():
    rounds = world()
    rounds.answer(
        ImageLabels("img:1", "ns"), InspectedImage({"com.amd.aim.model.recommendedDeployments": "oops"}, DIGEST)
    )
    rounds.settle()
    assert condition_of(model(rounds), "ImageMetadataReady") == ("False", "MetadataExtractionFailed")
    assert "com.amd.aim.model.recommendedDeployments" in message_of(model(rounds), "ConfigValid")


def test_a_model_without_an_image_says_so():
    rounds = world(image="")
    rounds.settle()
    assert condition_of(model(rounds), "ImageMetadataReady") == ("False", "ImageNotSpecified")


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


def with_an_obsolete_template(namespace="ns", **spec):
    """A model whose only deployment is asked for with other GPUs; its template is used by something. And its name."""
    rounds = world(namespace=namespace, imageMetadata=metadata_of(ONE), **spec)
    rounds.settle()
    (made,) = templates(rounds).values()
    manager = "aim-model-controller" if namespace else "aim-cluster-model-controller"
    fields = [{"manager": manager, "operation": "Apply"}]
    rounds.put({**made, "metadata": {**made["metadata"], "managedFields": fields}})
    return rounds, made["metadata"]["name"]


def metadata_of(*deployments):
    return {"model": {"recommendedDeployments": list(deployments)}}


def derive_another(rounds):
    (key,) = rounds.plans
    rounds.patch(key, {"spec": {"imageMetadata": metadata_of({**ONE, "gpuCount": 8})}})
    rounds.settle()


OBSOLETE = "aim.eai.amd.com/obsolete"


@pytest.mark.rule("D-18", "M-22")
def test_templates_no_longer_derived_are_marked_and_copies_never():
    rounds, name = with_an_obsolete_template()
    rounds.put(aim("AIMService", "s", "ns", spec={}, status={"resolvedTemplate": {"name": name}}))
    made = templates(rounds)[name]
    copied = {k: v for k, v in made["metadata"].items() if k not in ("uid", "resourceVersion", "managedFields")}
    rounds.put({**made, "metadata": {**copied, "name": "copy"}})
    derive_another(rounds)
    found = {n: t["metadata"]["labels"].get(OBSOLETE) for n, t in templates(rounds).items()}
    assert len(found) == 3
    assert found[name] == "true"
    assert found["copy"] is None
    rounds.patch(KEY, {"spec": {"imageMetadata": metadata_of(ONE)}})
    rounds.settle()
    assert OBSOLETE not in templates(rounds)[name]["metadata"]["labels"]


@pytest.mark.rule("D-18", "M-22")
@pytest.mark.parametrize("namespace", ["ns", ""])
@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("AIMService", {"spec": {"template": {"name": "NAME"}}}),
        ("AIMService", {"status": {"resolvedTemplate": {"name": "NAME"}}}),
        ("AIMTemplateCache", {"spec": {"templateName": "NAME"}}),
        ("InferenceService", {"metadata": {"labels": {"aim.eai.amd.com/template": "NAME"}}}),
    ],
)
def test_an_obsolete_template_goes_once_nothing_refers_to_it(namespace, kind, members):
    rounds, name = with_an_obsolete_template(namespace)
    user = rounds.put(aim(kind, "user", "ns", **json.loads(json.dumps(members).replace("NAME", name))))
    derive_another(rounds)
    assert templates(rounds)[name]["metadata"]["labels"][OBSOLETE] == "true"
    (key,) = rounds.plans
    assert rounds.plan(key).deletions == ()
    rounds.remove(Key(user["kind"], "ns", "user"))
    (deletion,) = rounds.plan(key).deletions
    assert (deletion.uid, deletion.resource_version) == tuple(
        templates(rounds)[name]["metadata"][m] for m in ("uid", "resourceVersion")
    )
    rounds.settle()
    assert list(templates(rounds)) != [name]
    assert len(templates(rounds)) == 1


@pytest.mark.rule("D-18")
def test_an_obsolete_template_that_is_the_default_or_may_be_used_stays():
    rounds, name = with_an_obsolete_template()
    rounds.patch(KEY, {"spec": {"defaultServiceTemplate": name}})
    derive_another(rounds)
    assert name in templates(rounds)
    rounds, name = with_an_obsolete_template()
    rounds.table.learn_availability("AIMTemplateCache", Unreadable("AIMTemplateCache", "Timeout", "no answer"))
    derive_another(rounds)
    assert name in templates(rounds)
    rounds.table.learn_availability("AIMTemplateCache", NotInstalled("AIMTemplateCache"))
    rounds.settle()
    assert name not in templates(rounds)


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
