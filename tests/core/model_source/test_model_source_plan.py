"""AIMClusterModelSource: models from a registry."""

from datetime import timedelta

import pytest

from aimcore.facts import Failure, FailureKind, RepositoryTags
from aimcore.kinds.model_source import plan_model_source
from aimcore.resource import Key
from aimcore.snapshot import Snapshot, Unreadable, timestamp
from core.kind_rounds import Rounds, aim, condition_of, message_of

KEY = Key("AIMClusterModelSource", "", "s")


def tags_of(repository, registry="docker.io", secrets=()):
    return RepositoryTags(registry, repository, "aim-system", secrets)


def world(*filters, **spec):
    rounds = Rounds({"AIMClusterModelSource": plan_model_source})
    rounds.put(aim("AIMClusterModelSource", "s", spec={"filters": list(filters), **spec}))
    return rounds


def source(rounds):
    return rounds.get(*KEY)


def images(rounds):
    return sorted(m["spec"]["image"] for m in rounds.all("AIMClusterModel"))


@pytest.mark.rule("S-10", "S-19", "S-21", "N-8")
def test_an_exact_image_needs_no_registry():
    rounds = world({"image": "ghcr.io/silogen/aim-llama:1.0.0"}, imagePullSecrets=[{"name": "r"}])
    rounds.settle()
    (model,) = rounds.all("AIMClusterModel")
    assert model["metadata"]["name"] == "silogen-aim-llama-1-0-0-201bdd"
    assert model["spec"] == {"image": "ghcr.io/silogen/aim-llama:1.0.0", "imagePullSecrets": [{"name": "r"}]}
    assert model["metadata"]["annotations"]["aim.eai.amd.com/source-tag"] == "1.0.0"
    labels = model["metadata"]["labels"]
    assert labels["aim.eai.amd.com/model-source"] == "s"
    assert labels["aim.eai.amd.com/origin"] == "auto-generated"
    assert labels["app.kubernetes.io/managed-by"] == "aim-cluster-model-source-controller"
    assert model["metadata"]["ownerReferences"][0]["kind"] == "AIMClusterModelSource"
    assert source(rounds)["status"]["status"] == "Ready"
    assert rounds.plans[KEY].wants == ()


@pytest.mark.rule("S-11", "S-18", "S-20", "S-24", "D-13")
def test_the_limit_is_reached_exactly_when_an_image_is_left_out():
    rounds = world({"image": "org/aim-*", "exclude": ["org/aim-base"]}, maxModels=2)
    rounds.settle()
    assert condition_of(source(rounds), "FiltersReady") == ("Unknown", "AwaitingRegistry")
    pairs = (("org/aim-b", "1"), ("org/aim-a", "1"), ("org/aim-base", "1"), ("org/x", "1"))
    rounds.answer(tags_of("org/aim-*"), pairs)
    rounds.settle()
    assert images(rounds) == ["org/aim-a:1", "org/aim-b:1"]
    assert condition_of(source(rounds), "MaxModelsLimitReached") == ("False", "WithinLimit")
    rounds.answer(tags_of("org/aim-*"), (*pairs, ("org/aim-c", "1")))
    rounds.settle()
    assert images(rounds) == ["org/aim-a:1", "org/aim-b:1"]
    status = source(rounds)["status"]
    assert (status["discoveredModels"], status["availableModels"], status["modelsLimitReached"]) == (2, 3, True)
    assert message_of(source(rounds), "MaxModelsLimitReached") == "Limit reached: 2 created, 3 available"
    assert status["status"] == "Ready"


@pytest.mark.rule("S-22")
def test_models_are_only_added():
    rounds = world({"image": "org/a"})
    rounds.answer(tags_of("org/a"), (("org/a", "1"),))
    rounds.settle()
    rounds.answer(tags_of("org/a"), (("org/a", "2"),))
    rounds.settle()
    assert images(rounds) == ["org/a:1", "org/a:2"]


@pytest.mark.rule("D-9", "S-25")
def test_the_registry_is_asked_again_after_the_sync_interval_and_not_before():
    rounds = world({"image": "org/a"}, syncInterval="30m")
    rounds.answer(tags_of("org/a"), ())
    rounds.settle()
    assert rounds.plans[KEY].check_again_at == rounds.now + timedelta(minutes=30)
    assert rounds.plans[KEY].wants == ()
    assert source(rounds)["status"]["lastSyncTime"] == timestamp(rounds.now)
    rounds.pass_time(minutes=31)
    assert rounds.plan(KEY).wants == (tags_of("org/a"),)


@pytest.mark.rule("S-23", "D-8")
@pytest.mark.parametrize(
    ("kind", "status", "framework"),
    [
        (FailureKind.AUTH, "Failed", ("AuthValid", "AuthError")),
        (FailureKind.NOT_FOUND, "Failed", ("ConfigValid", "ReferenceNotFound")),
        (FailureKind.MALFORMED, "Failed", ("ConfigValid", "InvalidSpec")),
        (FailureKind.UNREACHABLE, "Degraded", ("DependenciesReachable", "InfrastructureError")),
    ],
)
def test_all_filters_failing_is_classified_and_some_failing_is_degraded(kind, status, framework):
    rounds = world({"image": "org/a-*"})
    rounds.answer(tags_of("org/a-*"), Failure(kind, "no way"))
    rounds.settle()
    assert source(rounds)["status"]["status"] == status
    assert condition_of(source(rounds), "FiltersReady") == ("False", "AllFiltersFailed")
    assert condition_of(source(rounds), framework[0]) == ("False", framework[1])
    assert 'filter "org/a-*": no way' in message_of(source(rounds), "FiltersReady")
    assert rounds.all("AIMClusterModel") == []
    partly = world({"image": "org/a-*"}, {"image": "org/b:1"})
    partly.answer(tags_of("org/a-*"), Failure(kind, "no way"))
    partly.settle()
    assert source(partly)["status"]["status"] == "Degraded"
    assert condition_of(source(partly), "FiltersReady") == ("False", "SomeFiltersFailed")
    assert images(partly) == ["org/b:1"]


@pytest.mark.rule("D-10")
def test_a_constraint_that_cannot_be_parsed_is_named_and_its_filter_creates_nothing():
    rounds = world({"image": "org/a", "versions": ["newest"]}, {"image": "org/b:1"})
    rounds.answer(tags_of("org/a"), (("org/a", "1.0.0"),))
    rounds.settle()
    assert images(rounds) == ["org/b:1"]
    assert condition_of(source(rounds), "ConfigValid") == ("False", "InvalidSpec")
    assert '"newest" cannot be parsed' in message_of(source(rounds), "ConfigValid")


@pytest.mark.rule("D-14")
def test_the_first_source_keeps_a_model_and_the_next_image_is_taken():
    rounds = world({"image": "org/a"}, maxModels=1)
    rounds.put(aim("AIMClusterModelSource", "older", spec={"filters": [{"image": "org/a:1"}]}))
    rounds.round(Key("AIMClusterModelSource", "", "older"))
    rounds.answer(tags_of("org/a"), (("org/a", "1"), ("org/a", "2")))
    rounds.settle()
    owners = {m["spec"]["image"]: m["metadata"]["ownerReferences"][0]["name"] for m in rounds.all("AIMClusterModel")}
    assert owners == {"org/a:1": "older", "org/a:2": "s"}
    assert "org/a:1 is served by AIMClusterModelSource older" in message_of(source(rounds), "FiltersReady")


@pytest.mark.rule("S-23")
def test_a_source_without_filters_progresses():
    rounds = world()
    rounds.settle()
    assert condition_of(source(rounds), "FiltersReady") == ("False", "NoFilters")
    assert source(rounds)["status"]["status"] == "Progressing"


def test_models_that_cannot_be_read_are_not_missing():
    rounds = world({"image": "org/a:1"})
    rounds.table.learn_availability("AIMClusterModel", Unreadable("AIMClusterModel", "Timeout", "no answer"))
    plan = plan_model_source(Snapshot(rounds.table, rounds.now), rounds.table.find(KEY))
    assert {c["type"]: c["reason"] for c in plan.status["conditions"]}["ExistingModelsReady"] == "Timeout"
    assert plan.children == ()


def test_a_paused_or_deleted_source_is_left_alone():
    for change in (
        {"annotations": {"aim.eai.amd.com/reconciliation-paused": "true"}},
        {"deletionTimestamp": "2026-11-23T12:00:00Z"},
    ):
        rounds = world({"image": "org/a:1"})
        rounds.patch(KEY, {"metadata": change})
        assert rounds.settle() == 0
