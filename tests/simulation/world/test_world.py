"""The world as a whole: silence, restarts, forks, determinism, answers."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimcore.simulation.settings import Image
from aimcore.simulation.world import Denial, World
from simulation.world.plays import BEGIN, IMAGE, NS, Play, claim, isvc, job, pod, pod_metric, route, secret


def busy() -> Play:
    play = Play()
    play.create(isvc(), isvc("scaled", class_="keda", maxReplicas=3, autoScaling={"metrics": [pod_metric()]}))
    play.create(job(ttlSecondsAfterFinished=30), claim(), route())
    return play


def state(world: World) -> str:
    """All objects but for who wrote what, when."""
    objects = []
    for type_ in world.cluster.types():
        for obj in world.cluster.objects(type_.name):
            metadata = {k: v for k, v in obj["metadata"].items() if k not in ("managedFields", "resourceVersion")}
            objects.append({**obj, "metadata": metadata})
    return json.dumps(objects, sort_keys=True)


def test_a_settled_world_is_silent_for_ever() -> None:
    play = busy()
    play.run()
    assert play.world.next_wake() is None
    before = play.cluster.resource_version
    assert play.world.step() is False
    play.run(86_400)
    assert play.cluster.resource_version == before
    assert play.world.troubles == {}


def test_the_same_history_gives_the_same_bytes() -> None:
    one, two = busy(), busy()
    for play in (one, two):
        play.run()
    assert state(one.world) == state(two.world)


@settings(max_examples=15)
@given(st.integers(0, 60))
def test_a_restart_at_any_moment_reaches_the_same_end(seconds: int) -> None:
    play, other = Play(), Play()
    for each in (play, other):
        each.create(isvc(), job())
    play.run()
    other.run(seconds)
    other.world = other.world.restarted()
    other.run()
    ends = [
        (
            each.condition("InferenceService", "qwen", "Ready"),
            each.condition("Job", "j", "Complete"),
            sorted(p["status"]["phase"] for p in each.pods()),
        )
        for each in (play, other)
    ]
    assert ends[0] == ends[1]
    assert other.world.next_wake() is None


@settings(max_examples=15)
@given(st.integers(0, 60))
def test_a_fork_goes_the_same_way_and_leaves_the_original_alone(seconds: int) -> None:
    play = busy()
    play.run(seconds)
    before, version = state(play.world), play.cluster.resource_version
    twin = play.world.fork()
    twin.run_until(BEGIN + timedelta(hours=1), rounds=2000)
    assert (state(play.world), play.cluster.resource_version) == (before, version)
    play.world.run_until(BEGIN + timedelta(hours=1), rounds=2000)
    assert state(twin) == state(play.world)


def test_a_fork_has_its_own_settings_at_its_own_door() -> None:
    play = Play()
    twin = play.world.fork()
    twin.change(Play(pod_quota={NS: 0}).world.settings)
    play.create(pod())
    assert play.has("Pod", "p")
    assert not list(twin.cluster.objects("Pod"))


def test_a_world_that_never_settles_is_an_error() -> None:
    play = busy()
    with pytest.raises(RuntimeError, match="not silent after 3 rounds"):
        play.world.run_until(BEGIN + timedelta(hours=1), rounds=3)


def test_a_kind_that_appears_late_is_noticed() -> None:
    play = Play()
    (type_,) = (t for t in play.cluster.types() if t.name == "ScaledObject")
    play.cluster.remove_type("ScaledObject")
    play.create(isvc(class_="keda", maxReplicas=3, autoScaling={"metrics": [pod_metric()]}))
    play.run()
    assert play.condition("InferenceService", "qwen", "Ready")[0] == "False"
    play.cluster.add_type(type_)
    play.change()
    play.run()
    assert play.condition("InferenceService", "qwen", "Ready")[0] == "True"


def test_a_kind_that_goes_takes_its_objects_along() -> None:
    play = busy()
    play.run()
    play.cluster.remove_type("ScaledObject")
    play.run()
    assert not play.world.stage.serves("ScaledObject")
    assert play.world.stage.all("ScaledObject") == []


def test_the_history_of_the_cluster_may_be_compacted() -> None:
    play = Play()
    play.create(isvc())
    play.run(3)
    play.world.stage.drain()
    play.cluster.compact()
    play.cluster.compact()
    play.run()
    assert play.condition("InferenceService", "qwen", "Ready")[0] == "True"


def test_changes_that_were_compacted_before_the_world_saw_them_are_found_again() -> None:
    play = Play()
    play.create(isvc())
    play.run()
    play.create(secret("new"), claim())
    play.delete("Deployment", "qwen-predictor")
    play.delete("InferenceService", "qwen")
    play.cluster.compact()
    play.create(secret("newer"))
    play.cluster.compact()
    play.run()
    assert not play.has("InferenceService", "qwen")
    assert play.pods() == []
    assert play.world.stage.get("Deployment", NS, "qwen-predictor") is None
    assert play.world.stage.get("Secret", NS, "newer") is not None


# ---- answers ---------------------------------------------------------------------------------------------------------
@pytest.mark.rule("M-6", "M-8")
def test_the_default_image_recommends_deployments() -> None:
    labels = Play().world.image_labels(IMAGE)
    assert not isinstance(labels, Denial)
    assert labels["com.amd.aim.model.canonicalName"] == "Qwen/Qwen3-32B"
    assert "'gpuModel': 'MI300X'" in labels["com.amd.aim.model.recommendedDeployments"]


@pytest.mark.rule("M-12", "M-16")
@pytest.mark.parametrize(
    ("image", "secrets", "kind"),
    [
        (None, (), "not-found"),
        (Image(IMAGE, fault="not-found"), (), "not-found"),
        (Image(IMAGE, fault="unauthorized"), (), "auth"),
        (Image(IMAGE, fault="unreachable"), (), "unreachable"),
        (Image(IMAGE, private=True), (), "auth"),
        (Image(IMAGE), ("nosuch",), "secret-not-found"),
    ],
)
def test_a_registry_may_refuse(image: Image | None, secrets: tuple[str, ...], kind: str) -> None:
    play = Play(images=(image,) if image else ())
    answer = play.world.image_labels(IMAGE, NS, secrets)
    assert isinstance(answer, Denial)
    assert answer.kind == kind


def test_a_private_image_answers_with_a_secret() -> None:
    play = Play(images=(Image(IMAGE, {"a": "b"}, private=True),))
    play.create(secret("regcred"))
    assert play.world.image_labels(IMAGE, NS, ("regcred",)) == {"a": "b"}


def test_tags_come_from_images_with_exact_tags() -> None:
    images = (
        Image("amd/aim-a:1.0"), Image("amd/aim-a:1.1"), Image("amd/aim-b:2.0"), Image("ghcr.io/amd/aim-a:9"),
        Image("amd/aim-a:*"), Image("amd/hidden:1", private=True), Image("amd/down:1", fault="unreachable"),
    )  # fmt: skip
    world = Play(images=images).world
    assert world.repository_tags("docker.io", "amd/aim-*") == (
        ("amd/aim-a", "1.0"), ("amd/aim-a", "1.1"), ("amd/aim-b", "2.0"),
    )  # fmt: skip
    assert world.repository_tags("ghcr.io", "amd/aim-a") == (("amd/aim-a", "9"),)
    for repository, kind in (("amd/hidden", "auth"), ("amd/down", "unreachable"), ("amd/none", "not-found")):
        answer = world.repository_tags("docker.io", repository)
        assert isinstance(answer, Denial)
        assert answer.kind == kind
    missing = world.repository_tags("docker.io", "amd/aim-a", NS, ("nosuch",))
    assert isinstance(missing, Denial)
    assert missing.kind == "secret-not-found"


def test_a_log_grows_with_the_container() -> None:
    play = Play()
    play.change(images=(Image(IMAGE, log="one\ntwo\n"),))
    assert isinstance(play.world.pod_log(NS, "p"), Denial)
    play.create(pod(container={"readinessProbe": {}}))
    play.run(2)
    waiting = play.world.pod_log(NS, "p", "main")
    assert isinstance(waiting, Denial)
    assert "is waiting to start: ContainerCreating" in waiting.message
    play.run(6)
    assert play.world.pod_log(NS, "p") == "one\ntwo\n"
    assert play.world.pod_log(NS, "p", lines=1) == "two\n"
    assert play.world.pod_log(NS, "p", lines=0) == ""
    play.run()
    assert "Uvicorn running" in str(play.world.pod_log(NS, "p"))
    assert isinstance(play.world.pod_log(NS, "p", "nosuch"), Denial)
    assert isinstance(play.world.pod_log(NS, "p", "main", previous=True), Denial)
