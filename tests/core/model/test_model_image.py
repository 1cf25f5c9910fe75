"""The image of a model: what a registry says, how it says no, and what is remembered."""

from datetime import timedelta

import pytest

from aimcore.facts import Failure, FailureKind, ImageLabels, InspectedImage
from core.kind_rounds import condition_of, message_of
from core.model_world import DIGEST, KEY, ONE, labelled, metadata_of, model, templates, world


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
