"""The doorway of aimcore.testing, its builders, and the small things that every law uses."""

from __future__ import annotations

import ast
import inspect

import pytest

from aimcore import AIM, Key, KnownKind, Plan, testing, vocabulary_of
from aimcore.api.kinds import AIM_KINDS, Kind
from aimcore.cluster.kinds import KINDS
from aimcore.plan import Child
from aimcore.reads import IndexRead, ObjectRead
from aimcore.simulation.cluster import Cluster
from aimcore.testing import Broken, Effort, Play, Put, Tally, builders, check_known, differences, new_cluster
from aimctl_runtime.local.validation import SchemaValidator


@pytest.fixture(scope="module")
def empty() -> Cluster:
    return new_cluster(SchemaValidator())


# ---- doorway --------------------------------------------------------------------------------------------------------
def test_every_name_of_the_doorway_is_there_and_nothing_else():
    for name in testing.__all__:
        assert getattr(testing, name) is not None
    assert set(testing.__all__) <= set(dir(testing))
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        testing.nothing_of_the_kind  # noqa: B018


def test_type_checkers_see_the_same_names_as_programs():
    tree = ast.parse(inspect.getsource(testing))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert imported == set(testing.__all__)


# ---- builders -------------------------------------------------------------------------------------------------------
BUILT = [
    builders.service("chat", image="example.com/chat:1", minReplicas=2),
    builders.service("chat", model="qwen"),
    builders.model("qwen", image="example.com/chat:1"),
    builders.model("qwen", image="example.com/chat:1", namespace=""),
    builders.template("tuned", model="qwen", metric="latency"),
    builders.template("tuned", model="qwen", namespace=""),
    builders.template_cache("warm", template="tuned"),
    builders.artifact("weights", uri="hf://Qwen/Qwen3-32B", size="8Gi"),
    builders.runtime_config(),
    builders.runtime_config("team", namespace="", routing={"enabled": True}),
    builders.model_source("catalogue", images=["amdenterpriseai/aim-*"]),
]


@pytest.mark.parametrize("obj", BUILT, ids=lambda obj: obj["kind"])
def test_what_a_builder_makes_is_admitted(obj, empty):
    play = Play(cluster=empty.fork())
    play.act([Put(obj)])
    assert not play.refused
    assert play.cluster.peek(*builders.key_of(obj)) is not None


def test_there_is_a_builder_for_every_kind():
    assert {obj["kind"] for obj in BUILT} == set(AIM_KINDS)


@pytest.mark.parametrize("given", [{}, {"image": "a", "model": "b"}])
def test_a_service_is_made_of_an_image_or_of_a_model(given):
    with pytest.raises(ValueError, match="an image or of a model"):
        builders.service("chat", **given)


def test_an_object_of_any_kind_has_what_is_given():
    lamp = Kind("Lamp", "example.com", "v1", "lamps", namespaced=False)
    assert builders.an_object(lamp, "l", labels={"a": "b"}, status={"on": True}) == {
        "apiVersion": "example.com/v1",
        "kind": "Lamp",
        "metadata": {"name": "l", "labels": {"a": "b"}},
        "status": {"on": True},
    }


# ---- known kinds ----------------------------------------------------------------------------------------------------
LAMPS = vocabulary_of(KnownKind(Kind("Lamp", "example.com", "v1", "lamps")), KnownKind(KINDS["Secret"]))
KEY = Key("Lamp", "ns", "l")


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (Plan(KEY, look_ups=(ObjectRead(Key("Bulb", "ns", "b")),)), "it reads Bulb"),
        (Plan(KEY, look_ups=(IndexRead("Socket", "all", ""),)), "it reads Socket"),
        (Plan(KEY, look_ups=(ObjectRead(Key("Secret", "ns", "s")),)), "it reads Secret"),
        (Plan(KEY, children=(Child({"kind": "Lamp", "metadata": {"name": "x"}}, "C"),)), "it makes Lamp"),
    ],
)
def test_a_kind_that_nobody_watches_breaks_a_law(plan, said):
    with pytest.raises(Broken, match=said):
        check_known(plan, LAMPS)


def test_plans_of_ours_know_their_kinds(empty):
    play = Play(cluster=empty.fork())
    play.act([Put(builders.service("chat", image="amdenterpriseai/aim-qwen-qwen3-32b:0.8.5"))])
    play.converge()
    for plan in play.driver.plans.values():
        check_known(plan, AIM)


# ---- small things ---------------------------------------------------------------------------------------------------
def test_a_budget_scales_the_examples_and_the_short_run_is_the_same_every_time():
    assert Effort().scaled(10) == 10
    assert Effort(12).scaled(10) == 100
    assert Effort().settings(10).derandomize
    assert not Effort(12).settings(10).derandomize
    assert Effort(12).settings(10).max_examples == 100


def test_tallies_of_processes_add_up():
    one, other = Tally(), Tally()
    one.tried["plans"] += 1
    one.reasons["Ready"] += 2
    other.add(one.numbers())
    other.add(one.numbers())
    assert list(other.lines()) == ["tried: 2 plans", "reasons reached (1): Ready 4"]
    assert list(Tally().lines()) == []


def test_differences_of_lists_name_what_only_one_has():
    assert list(differences([1, 2], [2], "a")) == ["a: only in the one: 1"]
    assert list(differences([1], [1, 3], "a")) == ["a: only in the other: 3"]
    assert list(differences([1], [1, 1], "a")) == ["a: [1] != [1, 1]"]
