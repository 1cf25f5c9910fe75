"""Which model a service serves."""

from __future__ import annotations

import pytest
from service_world import (
    IMAGE,
    KEY,
    MODEL_NAME,
    NOW,
    NS,
    child,
    condition,
    isvc_ready,
    kinds,
    model,
    plan_of,
    ready_world,
    runtime_config,
    said,
    service,
)

from aimcore.facts import Outcome, Refusal
from aimcore.resource import Key
from aimcore.snapshot import NotInstalled, Unreadable

SOURCE = {"modelId": "inline/test-model", "sourceUri": "hf://sshleifer/tiny-gpt2"}
CUSTOM = {
    "baseImage": "ghcr.io/silogen/aim-dummy:0.1.10",
    "modelSources": [SOURCE],
    "hardware": {"gpu": {"requests": 1, "resourceName": "amd.com/gpu"}},
}
DOWN = Unreadable("AIMModel", "Timeout", "timed out")


def by_name(name: str = "m", **status: object) -> dict:
    return service({"model": {"name": name}}, status=status or None)


@pytest.mark.rule("R-4.2")
def test_a_namespaced_model_wins_over_a_cluster_model_of_the_same_name() -> None:
    plan = plan_of(by_name(), model("m"), model("m", namespace=""))
    assert plan.status["resolvedModel"] == {
        "name": "m",
        "namespace": NS,
        "scope": "Namespace",
        "kind": "aim.eai.amd.com/v1alpha1/AIMModel",
        "uid": "uid-AIMModel-m",
    }


@pytest.mark.rule("R-4.2", "D-1", "D-2")
def test_a_cluster_model_is_named_without_a_namespace() -> None:
    plan = plan_of(by_name(), model("m", namespace=""))
    assert plan.status["resolvedModel"] == {
        "name": "m",
        "scope": "Cluster",
        "kind": "aim.eai.amd.com/v1alpha1/AIMClusterModel",
        "uid": "uid-AIMClusterModel-m",
    }
    assert condition(plan, "ModelReady")["message"] == "AIMClusterModel m is ready"


@pytest.mark.rule("R-4.2", "R-11.4", "R-11.8")
def test_a_missing_model_fails_the_service_by_its_reason() -> None:
    plan = plan_of(by_name())
    assert said(plan, "Model") == ("False", "ModelNotFound")
    assert plan.status["status"] == "Failed"
    assert condition(plan, "ConfigValid")["reason"] == "ReferenceNotFound"
    assert condition(plan, "ModelReady")["message"] == f'model "m" not found in namespace {NS} or cluster scope'


@pytest.mark.rule("R-4.3", "R-4.5", "R-9.2")
def test_a_model_is_made_for_an_unknown_image() -> None:
    spec = {
        "model": {"image": f" {IMAGE} "},
        "runtimeConfigName": "team",
        "imagePullSecrets": [{"name": "p"}],
        "serviceAccountName": "a",
        "env": [{"name": "X", "value": "1"}],
    }
    plan = plan_of(service(spec), runtime_config("team"))
    made = child(plan, "AIMModel")
    assert made["metadata"]["name"] == MODEL_NAME
    assert made["metadata"]["labels"]["aim.eai.amd.com/origin"] == "auto-generated"
    assert "ownerReferences" not in made["metadata"]
    assert made["spec"] == {
        "image": IMAGE,
        "runtimeConfigName": "team",
        "imagePullSecrets": [{"name": "p"}],
        "serviceAccountName": "a",
        "resources": {},
    }
    assert said(plan, "Model") == ("False", "CreatingModel")
    assert plan.status["status"] == "Pending"


@pytest.mark.rule("R-4.6", "R-9.4", "D-15")
def test_a_custom_model_is_made_with_its_sources_and_hardware() -> None:
    plan = plan_of(service({"model": {"custom": CUSTOM}, "env": [{"name": "X", "value": "1"}]}))
    made = child(plan, "AIMModel")
    assert made["metadata"]["name"] == "inline-test-model-2cfa2a00"
    assert made["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "aim-service-controller",
        "aim.eai.amd.com/origin": "auto-generated",
        "aim.eai.amd.com/custom-model": "true",
        "aim.eai.amd.com/service": "qwen-chat",
        "aim.eai.amd.com/service.name": "qwen-chat",
    }
    assert made["spec"] == {
        "image": CUSTOM["baseImage"],
        "modelSources": [SOURCE],
        "custom": {"hardware": CUSTOM["hardware"]},
        "env": [{"name": "X", "value": "1"}],
        "resources": {},
    }
    assert condition(plan, "ModelReady")["message"] == "Custom model will be created for inline/test-model"


@pytest.mark.rule("R-4.4", "R-4.8")
def test_two_services_with_one_custom_model_share_the_lowest_name() -> None:
    base = CUSTOM["baseImage"]
    custom = {"hardware": CUSTOM["hardware"]}
    twins = [model(n, image=base, modelSources=[SOURCE], custom=custom) for n in ("b", "a")]
    plan = plan_of(service({"model": {"custom": CUSTOM}}), *twins)
    assert plan.status["resolvedModel"]["name"] == "a"
    assert kinds(plan) == []


@pytest.mark.rule("R-4.4")
@pytest.mark.parametrize("scope", ["cluster", "other endpoint", "other order"])
def test_a_custom_model_matches_only_namespaced_models_with_equal_sources(scope: str) -> None:
    endpoint = {**SOURCE, "env": [{"name": "AWS_ENDPOINT_URL", "value": "https://minio"}]}
    other = {
        "cluster": model("x", namespace="", image=CUSTOM["baseImage"], modelSources=[SOURCE]),
        "other endpoint": model("x", image=CUSTOM["baseImage"], modelSources=[endpoint]),
        "other order": model("x", image=CUSTOM["baseImage"], modelSources=[SOURCE, SOURCE]),
    }[scope]
    assert kinds(plan_of(service({"model": {"custom": CUSTOM}}), other)) == ["AIMModel"]


@pytest.mark.rule("D-14")
def test_other_hardware_is_said_in_the_message_and_once_as_an_event() -> None:
    shared = model("a", image=CUSTOM["baseImage"], modelSources=[SOURCE], custom={"hardware": {"gpu": {"requests": 2}}})
    plan = plan_of(service({"model": {"custom": CUSTOM}}), shared)
    assert "hardware differs" in condition(plan, "ModelReady")["message"]
    assert [e.reason for e in plan.events].count("HardwareDiffers") == 1
    again = plan_of(service({"model": {"custom": CUSTOM}}, status=dict(plan.status)), shared)
    assert "hardware differs" in condition(again, "ModelReady")["message"]
    assert "HardwareDiffers" not in [e.reason for e in again.events]


@pytest.mark.rule("D-13", "R-4.3")
def test_two_models_with_one_image_fail_without_a_retry() -> None:
    plan = plan_of(service(), model("b"), model("a"))
    assert said(plan, "Model") == ("False", "MultipleModelsFound")
    assert f"{NS}/a (namespace), {NS}/b (namespace)" in condition(plan, "ModelReady")["message"]
    assert plan.status["status"] == "Failed"
    assert not plan.retry


@pytest.mark.rule("D-13")
def test_a_namespaced_match_beats_cluster_matches_and_models_with_sources_do_not_match() -> None:
    with_sources = model("custom", modelSources=[SOURCE])
    plan = plan_of(service(), model("one"), with_sources, model("c1", namespace=""), model("c2", namespace=""))
    assert plan.status["resolvedModel"]["name"] == "one"
    plan = plan_of(service(), with_sources, model("c2", namespace=""))
    assert plan.status["resolvedModel"]["name"] == "c2"
    plan = plan_of(service(), model("c1", namespace=""), model("c2", namespace=""))
    assert "c1 (cluster), c2 (cluster)" in condition(plan, "ModelReady")["message"]


@pytest.mark.rule("R-4.1", "D-2", "D-32")
@pytest.mark.parametrize("namespace", [NS, None], ids=["with namespace", "taken over without namespace"])
def test_a_ready_resolved_model_stays_when_a_duplicate_appears(namespace: str | None) -> None:
    ref = {"name": "b", "scope": "Namespace", "uid": "u"} | ({"namespace": namespace} if namespace else {})
    plan = plan_of(service(status={"resolvedModel": ref}), model("a"), model("b"))
    assert plan.status["resolvedModel"]["name"] == "b"
    assert said(plan, "Model") == ("True", "ModelResolved")


@pytest.mark.rule("R-4.1")
@pytest.mark.parametrize("scope", ["Cluster", "Namespace", "Merged"])
def test_a_resolved_model_that_is_gone_or_not_ready_is_resolved_anew(scope: str) -> None:
    ref = {"name": "old", "scope": scope, "uid": "u"}
    objects = [service(status={"resolvedModel": ref}), model("new")]
    if scope != "Merged":
        objects.append(model("old", status="Failed", image="other", namespace=NS if scope == "Namespace" else ""))
    assert plan_of(*objects).status["resolvedModel"]["name"] == "new"


@pytest.mark.rule("R-4.9")
@pytest.mark.parametrize(
    ("status", "ready", "reason", "overall", "message"),
    [
        ("Ready", "True", "ModelResolved", "Pending", "AIMModel m is ready"),
        ("Pending", "False", "ModelNotReady", "Pending", "AIMModel m is not ready yet"),
        ("Progressing", "False", "ModelNotReady", "Pending", "AIMModel m is not ready yet"),
        ("Failed", "False", "ModelNotReady", "Failed", "AIMModel m is in failed state"),
        ("Degraded", "False", "ModelNotReady", "Failed", "AIMModel m is in failed state"),
        ("NotAvailable", "False", "ModelNotReady", "Pending", "AIMModel m status: NotAvailable"),
        ("", "False", "ModelNotReady", "Pending", "AIMModel m status: none yet"),
    ],
)
def test_the_status_of_the_model_decides(status: str, ready: str, reason: str, overall: str, message: str) -> None:
    plan = plan_of(by_name(), model("m", status=status))
    assert said(plan, "Model") == (ready, reason)
    assert condition(plan, "ModelReady")["message"] == message
    assert plan.status["status"] == overall


@pytest.mark.rule("R-4.9")
def test_a_failed_model_is_named_with_its_own_cause() -> None:
    broken = model("m", status="Failed")
    broken["status"]["conditions"] = [
        {"type": "Ready", "status": "False", "reason": "ImageNotFound", "message": "no such tag"}
    ]
    message = condition(plan_of(by_name(), broken), "ModelReady")["message"]
    assert message == "AIMModel m is in failed state: ImageNotFound: no such tag"
    broken["status"]["conditions"][0]["message"] = ""
    assert condition(plan_of(by_name(), broken), "ModelReady")["message"].endswith("state: ImageNotFound")


@pytest.mark.rule("R-4.9")
def test_a_model_on_its_way_is_named_with_what_holds_it_up() -> None:
    held_up = model("m", status="Progressing")
    held_up["status"]["conditions"] = [
        {"type": "Ready", "status": "False", "reason": "TemplatesHeldUp", "message": "exceeded quota"}
    ]
    plan = plan_of(by_name(), held_up)
    assert condition(plan, "ModelReady")["message"] == "AIMModel m is not ready yet: exceeded quota"
    assert "exceeded quota" in condition(plan, "Ready")["message"]


@pytest.mark.rule("R-4.3", "R-4.7")
@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"model": {"image": ":::invalid"}}, "InvalidImageReference"),
        ({"model": {"name": "  "}}, "ModelNotFound"),
        ({}, "ModelNotFound"),
    ],
)
def test_a_choice_that_can_never_lead_to_a_model_is_invalid(spec: dict, reason: str) -> None:
    plan = plan_of(service(spec))
    assert said(plan, "Model") == ("False", reason)
    assert condition(plan, "ConfigValid")["reason"] == "InvalidSpec"
    assert plan.children == ()


@pytest.mark.rule("R-4.8")
def test_a_made_model_of_another_image_under_our_name_is_not_overwritten() -> None:
    plan = plan_of(service(), model(MODEL_NAME, image="edited"))
    assert said(plan, "Model") == ("False", "ModelNameTaken")
    assert plan.children == ()


@pytest.mark.rule("D-34")
@pytest.mark.parametrize("kind", ["AIMModel", "AIMClusterModel"])
@pytest.mark.parametrize("spec", [{"model": {"name": "m"}}, {"model": {"image": IMAGE}}, {"model": {"custom": CUSTOM}}])
def test_a_model_that_cannot_be_read_is_an_error_and_never_absent(kind: str, spec: dict) -> None:
    plan = plan_of(service(spec), unavailable={kind: Unreadable(kind, "Timeout", "timed out")})
    if kind == "AIMClusterModel" and "custom" in spec["model"]:
        assert kinds(plan) == ["AIMModel"]
        return
    assert said(plan, "Model")[1] == "Timeout"
    assert plan.retry
    assert plan.children == ()


@pytest.mark.rule("D-34")
def test_a_resolved_model_that_cannot_be_read_is_an_error() -> None:
    ref = {"resolvedModel": {"name": "m", "scope": "Namespace"}}
    plan = plan_of(service(status=ref), unavailable={"AIMModel": DOWN})
    assert said(plan, "Model")[1] == "Timeout"


@pytest.mark.rule("D-34")
def test_kinds_that_are_not_installed_hold_no_objects() -> None:
    plan = plan_of(service(), unavailable={"AIMModel": NotInstalled("AIMModel"), "AIMClusterModel": NotInstalled("x")})
    assert said(plan, "Model") == ("False", "CreatingModel")


@pytest.mark.rule("R-4.9")
def test_a_refused_model_says_so_in_its_component() -> None:
    refused = Outcome(Refusal.QUOTA_EXCEEDED, "exceeded quota", NOW)
    plan = plan_of(service(), outcomes={Key("AIMModel", NS, MODEL_NAME): refused})
    assert said(plan, "Model") == ("False", "QuotaExceeded")
    assert MODEL_NAME in condition(plan, "ModelReady")["message"]
    assert KEY.kind == "AIMService"


@pytest.mark.rule("D-32")
def test_a_deployed_service_stays_on_its_model_also_when_it_is_not_ready() -> None:
    ref = {"name": "old", "scope": "Namespace", "uid": "u"}
    here = [service(status={"resolvedModel": ref}), model("old", status="Failed", image="other"), model("new")]
    running = isvc_ready(child(plan_of(*ready_world()), "InferenceService"))
    assert plan_of(*here).status["resolvedModel"]["name"] == "new"
    assert "AIMModel old is in failed state" in condition(plan_of(*here, running), "ModelReady")["message"]
