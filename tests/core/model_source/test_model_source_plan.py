"""AIMClusterModelSource: models from a registry."""

from datetime import timedelta

import pytest

from aimcore.facts import Failure, FailureKind, ListingUnderWay, RepositoryListing, RepositoryTags
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
    rounds.answer(tags_of("org/aim-*"), RepositoryListing(pairs))
    rounds.settle()
    assert images(rounds) == ["org/aim-a:1", "org/aim-b:1"]
    assert condition_of(source(rounds), "MaxModelsLimitReached") == ("False", "WithinLimit")
    rounds.answer(tags_of("org/aim-*"), RepositoryListing((*pairs, ("org/aim-c", "1"))))
    rounds.settle()
    assert images(rounds) == ["org/aim-a:1", "org/aim-b:1"]
    status = source(rounds)["status"]
    assert (status["discoveredModels"], status["availableModels"], status["modelsLimitReached"]) == (2, 3, True)
    assert message_of(source(rounds), "MaxModelsLimitReached") == "Limit reached: 2 created, 3 available"
    assert status["status"] == "Ready"


@pytest.mark.rule("S-22")
def test_models_are_only_added():
    rounds = world({"image": "org/a"})
    rounds.answer(tags_of("org/a"), RepositoryListing((("org/a", "1"),)))
    rounds.settle()
    rounds.answer(tags_of("org/a"), RepositoryListing((("org/a", "2"),)))
    rounds.settle()
    assert images(rounds) == ["org/a:1", "org/a:2"]


@pytest.mark.rule("D-9", "S-25")
def test_the_registry_is_asked_again_after_the_sync_interval_and_not_before():
    rounds = world({"image": "org/a"}, syncInterval="30m")
    rounds.answer(tags_of("org/a"), RepositoryListing(()))
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


@pytest.mark.rule("S-13", "S-23")
def test_a_partial_listing_creates_what_it_found_and_names_what_failed():
    rounds = world({"image": "org/a-*"}, syncInterval="1h")
    problems = tuple(Failure(FailureKind.UNREACHABLE, f"org/a-{i} cannot be listed") for i in range(5))
    rounds.answer(tags_of("org/a-*"), RepositoryListing((("org/a-x", "1"),), problems))
    rounds.settle()
    assert images(rounds) == ["org/a-x:1"]
    assert condition_of(source(rounds), "FiltersReady") == ("False", "SomeFiltersFailed")
    assert source(rounds)["status"]["status"] == "Degraded"
    message = message_of(source(rounds), "FiltersReady")
    assert "1 of 1 filters had errors" in message
    assert "partial results: org/a-0 cannot be listed" in message
    assert "and 2 more" in message
    assert rounds.plans[KEY].check_again_at <= rounds.now + timedelta(seconds=10)


@pytest.mark.rule("S-13", "S-23")
def test_a_partial_listing_in_which_nothing_matches_has_failed():
    rounds = world({"image": "org/a-*"})
    problem = Failure(FailureKind.AUTH, "org/a-x: access denied")
    rounds.answer(tags_of("org/a-*"), RepositoryListing((("org/b", "1"),), (problem,)))
    rounds.settle()
    assert condition_of(source(rounds), "FiltersReady") == ("False", "AllFiltersFailed")
    assert condition_of(source(rounds), "AuthValid") == ("False", "AuthError")
    assert "imagePullSecrets" in message_of(source(rounds), "FiltersReady")


@pytest.mark.rule("S-15", "S-23")
def test_the_progress_of_a_long_listing_is_in_the_status_and_nothing_is_chosen_meanwhile():
    rounds = world({"image": "org/a-*"})
    rounds.answer(tags_of("org/a-*"), ListingUnderWay(200, None, 0))
    rounds.settle()
    assert message_of(source(rounds), "FiltersReady") == 'Listing "org/a-*": 200 repositories found so far'
    rounds.answer(tags_of("org/a-*"), ListingUnderWay(40, 120, 3200))
    rounds.settle()
    assert message_of(source(rounds), "FiltersReady") == 'Listing "org/a-*": 40 of 120 repositories, 3200 tags'
    assert condition_of(source(rounds), "FiltersReady") == ("Unknown", "AwaitingRegistry")
    assert source(rounds)["status"]["status"] == "Progressing"
    assert images(rounds) == []
    assert rounds.plans[KEY].wants == ()
    rounds.pass_time(minutes=3)
    assert rounds.plan(KEY).wants == (tags_of("org/a-*"),)
    rounds.answer(tags_of("org/a-*"), RepositoryListing((("org/a-x", "1"),)))
    rounds.settle()
    assert images(rounds) == ["org/a-x:1"]
    rounds.answer(tags_of("org/a-*"), ListingUnderWay(1, 2, 1))
    assert rounds.settle() == 0
    assert source(rounds)["status"]["status"] == "Ready"


@pytest.mark.rule("S-17", "D-8")
def test_a_registry_that_asks_for_patience_gets_it():
    rounds = world({"image": "org/a"}, syncInterval="10m")
    busy = Failure(FailureKind.RATE_LIMITED, "too many requests", timedelta(minutes=45))
    rounds.answer(tags_of("org/a"), busy)
    asked = rounds.now
    rounds.settle()
    rounds.pass_time(seconds=11)
    rounds.settle()
    assert rounds.plans[KEY].check_again_at == asked + timedelta(minutes=45)
    assert "when the registry allows" in message_of(source(rounds), "FiltersReady")


def test_an_answer_of_another_shape_is_a_failed_filter():
    rounds = world({"image": "org/a"})
    rounds.answer(tags_of("org/a"), "junk")
    rounds.settle()
    assert condition_of(source(rounds), "FiltersReady") == ("False", "AllFiltersFailed")


@pytest.mark.rule("D-13", "S-20")
def test_beyond_the_limit_nothing_more_is_looked_up():
    rounds = world({"image": "org/a"}, maxModels=3)
    rounds.answer(tags_of("org/a"), RepositoryListing(tuple(("org/a", f"1.0.{i}") for i in range(1000))))
    plan = rounds.plan(KEY)
    assert len(plan.children) == 3
    assert len(plan.reads) < 20
    assert plan.status["availableModels"] == 1000


@pytest.mark.rule("D-10")
def test_a_constraint_that_cannot_be_parsed_is_named_and_its_filter_creates_nothing():
    rounds = world({"image": "org/a", "versions": ["newest"]}, {"image": "org/b:1"})
    rounds.answer(tags_of("org/a"), RepositoryListing((("org/a", "1.0.0"),)))
    rounds.settle()
    assert images(rounds) == ["org/b:1"]
    assert condition_of(source(rounds), "ConfigValid") == ("False", "InvalidSpec")
    assert '"newest" cannot be parsed' in message_of(source(rounds), "ConfigValid")


@pytest.mark.rule("D-14")
def test_the_first_source_keeps_a_model_and_the_next_image_is_taken():
    rounds = world({"image": "org/a"}, maxModels=1)
    rounds.put(aim("AIMClusterModelSource", "older", spec={"filters": [{"image": "org/a:1"}]}))
    rounds.round(Key("AIMClusterModelSource", "", "older"))
    rounds.answer(tags_of("org/a"), RepositoryListing((("org/a", "1"), ("org/a", "2"))))
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


def two_sources(**older):
    """A source `a` beside our `s`, both over one repository; `older` are members of a's object."""
    rounds = world({"image": "org/aim-*"})
    metadata = {"creationTimestamp": "2026-01-01T00:00:00Z", **older.pop("metadata", {})}
    first = aim(
        "AIMClusterModelSource", "a", spec={"filters": [{"image": "org/aim-x"}], **older.pop("spec", {})}, **older
    )
    first["metadata"] |= metadata
    second = rounds.get(*KEY)
    rounds.put({**second, "metadata": {**second["metadata"], "creationTimestamp": "2026-01-01T00:00:01Z"}})
    rounds.put(first)
    rounds.answer(tags_of("org/aim-*"), RepositoryListing((("org/aim-x", "1"), ("org/aim-y", "1"))))
    rounds.settle()
    return rounds


@pytest.mark.rule("D-14")
def test_an_image_that_an_older_source_accepts_is_left_to_it_before_it_has_listed_anything():
    rounds = two_sources()
    assert images(rounds) == ["org/aim-y:1"]
    assert "org/aim-x:1 is served by AIMClusterModelSource a" in message_of(source(rounds), "FiltersReady")


@pytest.mark.rule("D-14")
@pytest.mark.parametrize(
    "unable",
    [
        {"metadata": {"deletionTimestamp": "2026-01-02T00:00:00Z"}},
        {"metadata": {"annotations": {"aim.eai.amd.com/reconciliation-paused": "true"}}},
        {"metadata": {"creationTimestamp": "2026-01-01T00:00:02Z"}},
        {"spec": {"registry": "ghcr.io"}},
        {"spec": {"versions": ["nonsense"]}},
    ],
    ids=["deleting", "paused", "younger", "another registry", "a filter that creates nothing"],
)
def test_a_source_that_cannot_make_the_model_claims_nothing(unable):
    assert "org/aim-x:1" in images(two_sources(**unable))


def test_a_model_of_ours_whose_image_somebody_changed_is_neither_doubled_nor_given_away():
    rounds = world({"image": "org/a:1"})
    rounds.settle()
    (model,) = rounds.all("AIMClusterModel")
    rounds.put({**model, "spec": {"image": "org/b:2"}})
    rounds.settle()
    assert images(rounds) == ["org/b:2"]
    assert condition_of(source(rounds), "FiltersReady") == ("True", "AllFiltersSucceeded")
