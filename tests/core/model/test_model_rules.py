"""Models: components, conditions and what stands behind them, rule by rule."""

import pytest

from aimcore.errors import READ_ERRORS
from aimcore.facts import Failure, FailureKind, ImageLabels, Outcome, Refusal
from aimcore.kinds.model import plan_model
from aimcore.resource import Key
from aimcore.snapshot import Unreadable
from core.kind_rounds import Rounds, aim, condition_of, message_of

METADATA = {"model": {"recommendedDeployments": [{"metric": "latency"}]}}
FRAMEWORK = ["DependenciesReachable", "AuthValid", "ConfigValid", "Ready"]
KINDS = pytest.mark.parametrize("namespace", ["ns", ""])


def world(namespace="ns", **spec):
    rounds = Rounds({"AIMModel": plan_model, "AIMClusterModel": plan_model})
    kind = "AIMModel" if namespace else "AIMClusterModel"
    rounds.put(aim(kind, "m", namespace, spec={"image": "img:1", **spec}))
    return rounds


def model(rounds):
    return (rounds.all("AIMModel") + rounds.all("AIMClusterModel"))[0]


def key(rounds):
    found = model(rounds)
    return Key(found["kind"], found["metadata"].get("namespace", ""), "m")


@pytest.mark.rule("M-31", "E-5")
@KINDS
def test_the_components_stand_in_order(namespace):
    rounds = world(namespace, imageMetadata=METADATA)
    rounds.put(aim("AIMClusterRuntimeConfig", "default", spec={}))
    rounds.settle()
    templates = "ServiceTemplatesReady" if namespace else "ClusterServiceTemplatesReady"
    types = [c["type"] for c in model(rounds)["status"]["conditions"]]
    assert types == ["RuntimeConfigReady", "ImageMetadataReady", templates, *FRAMEWORK]


@pytest.mark.rule("M-32")
@KINDS
def test_a_default_config_that_is_missing_is_no_trouble(namespace):
    rounds = world(namespace, imageMetadata=METADATA)
    rounds.settle()
    assert condition_of(model(rounds), "RuntimeConfigReady") == ("True", "DefaultConfigNotFound")
    rounds.put(aim("AIMClusterRuntimeConfig", "default", spec={}))
    rounds.settle()
    assert condition_of(model(rounds), "RuntimeConfigReady") == ("True", "ConfigFound")


@pytest.mark.rule("E-2", "E-3")
@pytest.mark.parametrize(
    ("reason", "status"), [("Forbidden", "Failed"), ("Timeout", "Degraded"), ("NotFound", "Progressing")]
)
def test_what_cannot_be_read_has_the_state_of_its_category(reason, status):
    rounds = world(imageMetadata={"model": {}})
    rounds.table.learn_availability("AIMServiceTemplate", Unreadable("AIMServiceTemplate", reason, "no answer"))
    plan = rounds.plan(key(rounds))
    conditions = {c["type"]: c["reason"] for c in plan.status["conditions"]}
    assert reason in READ_ERRORS
    assert conditions["ServiceTemplatesReady"] == reason
    assert plan.status["status"] == status


@pytest.mark.rule("E-7")
def test_ready_names_the_first_component_in_trouble():
    rounds = world(imageMetadata=METADATA)
    rounds.settle()
    rounds.put(aim("AIMServiceTemplate", "t", "ns", spec={"modelName": "m"}, status={"status": "Failed"}))
    rounds.settle()
    assert condition_of(model(rounds), "Ready")[1] == "SomeTemplatesDegraded"
    assert message_of(model(rounds), "Ready").startswith("Component ServiceTemplates is not ready: ")
    (made,) = (t for t in rounds.all("AIMServiceTemplate") if t["metadata"]["name"] != "t")
    for name in ("t", made["metadata"]["name"]):
        rounds.patch(Key("AIMServiceTemplate", "ns", name), {"status": {"status": "Ready"}})
    rounds.settle()
    assert condition_of(model(rounds), "Ready") == ("True", "AllComponentsReady")


@pytest.mark.rule("E-10", "E-2")
@pytest.mark.parametrize(
    ("refusal", "status"),
    [(Refusal.ADMISSION_DENIED, "Failed"), (Refusal.QUOTA_EXCEEDED, "Failed"), (Refusal.APPLY_CONFLICT, "Degraded")],
)
def test_a_template_that_the_server_refuses_is_named_in_its_component(refusal, status):
    rounds = world(imageMetadata=METADATA)
    (child,) = rounds.plan(key(rounds)).children
    rounds.refuse(key(rounds), child.key, Outcome(refusal, "the server said no", rounds.now))
    plan = rounds.plan(key(rounds))
    (component,) = (c for c in plan.status["conditions"] if c["type"] == "ServiceTemplatesReady")
    assert component["reason"] == refusal.value
    assert child.key.name in component["message"]
    assert "the server said no" in component["message"]
    assert plan.status["status"] == status
    assert plan.children == (child,)


@pytest.mark.rule("E-2", "M-20")
def test_a_look_up_that_fails_blocks_the_making_of_templates():
    rounds = world(customTemplates=[{"name": "c"}])
    rounds.answer(ImageLabels("img:1", "ns"), Failure(FailureKind.UNREACHABLE, "no route to host"))
    rounds.settle()
    assert rounds.all("AIMServiceTemplate") == []
    assert rounds.plans[key(rounds)].retry
