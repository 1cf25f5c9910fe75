"""Which template a service runs with, and why not another."""

from __future__ import annotations

import pytest
from service_world import (
    IMAGE,
    MODEL_NAME,
    NS,
    cache,
    child,
    claim,
    condition,
    isvc_ready,
    kinds,
    model,
    plan_of,
    ready_world,
    said,
    service,
    template,
)

from aimcore.snapshot import Unreadable

LATENCY = {"model": {"image": IMAGE}, "overrides": {"metric": "latency"}}


def explicit(name: str = "t", **spec: object) -> dict:
    return service({"model": {"image": IMAGE}, "template": {"name": name}, **spec})


def reasons(plan: object) -> dict[str, str]:
    return {n.subject: n.message for n in plan.notes if n.stage == "template"}


@pytest.mark.rule("R-5.2", "D-1")
def test_a_named_template_is_looked_up_in_the_namespace_then_in_the_cluster() -> None:
    assert plan_of(explicit(), model(), template("t"), template("t", namespace="")).status["resolvedTemplate"] == {
        "name": "t",
        "namespace": NS,
        "scope": "Namespace",
        "kind": "aim.eai.amd.com/v1alpha1/AIMServiceTemplate",
        "uid": "uid-AIMServiceTemplate-t",
    }
    assert plan_of(explicit(), model(), template("t", namespace="")).status["resolvedTemplate"] == {
        "name": "t",
        "scope": "Cluster",
        "kind": "aim.eai.amd.com/v1alpha1/AIMClusterServiceTemplate",
        "uid": "uid-AIMClusterServiceTemplate-t",
    }


@pytest.mark.rule("R-5.2", "D-16")
def test_a_named_template_may_belong_to_another_model() -> None:
    plan = plan_of(explicit(), model(), template("t", of="another"))
    assert said(plan, "Template") == ("True", "Resolved")


@pytest.mark.rule("R-5.2", "R-11.8")
def test_a_named_template_that_does_not_exist_fails_the_service() -> None:
    plan = plan_of(explicit("nope"), model())
    assert said(plan, "Template") == ("False", "TemplateNotFound")
    assert condition(plan, "TemplateReady")["message"] == 'template "nope" not found'
    assert plan.status["status"] == "Failed"


@pytest.mark.rule("R-5.12", "D-5")
@pytest.mark.parametrize(
    ("status", "reason", "overall", "words"),
    [
        ("Pending", "TemplateNotReady", "Pending", "is not ready yet"),
        ("Progressing", "TemplateNotReady", "Pending", "is not ready yet"),
        ("NotAvailable", "TemplateNotReady", "Pending", "(no matching GPUs) (no node has a MI300X GPU)"),
        ("Failed", "TemplateNotReady", "Failed", "is in failed state"),
        ("Degraded", "TemplateNotReady", "Failed", "is in failed state"),
        ("", "TemplateNotReady", "Pending", "status: "),
    ],
)
def test_the_status_of_the_template_decides(status: str, reason: str, overall: str, words: str) -> None:
    plan = plan_of(explicit(), model(), template("t", status=status, gpu_model="MI300X"))
    assert said(plan, "Template") == ("False", reason)
    assert words in condition(plan, "TemplateReady")["message"]
    assert plan.status["status"] == overall


@pytest.mark.rule("D-18", "R-5.13", "R-9.7")
@pytest.mark.parametrize("namespace", [NS, ""], ids=["namespaced base", "cluster base"])
def test_overrides_of_a_named_template_derive_one_of_it(namespace: str) -> None:
    base = template(
        "my-template", namespace=namespace, spec={"runtimeConfigName": " base ", "env": [{"name": "A", "value": "1"}]}
    )
    overrides = {"metric": "latency", "hardware": {"gpu": {"requests": 4, "model": "MI300X"}}, "precision": "fp8"}
    spec = {
        "template": {"name": "my-template"},
        "overrides": overrides,
        "imagePullSecrets": [{"name": "p"}],
        "resources": {"limits": {"cpu": "1"}},
    }
    plan = plan_of(service({"model": {"image": IMAGE}, **spec}), model(), base)
    made = child(plan, "AIMServiceTemplate")
    assert made["metadata"]["name"].startswith("my-template-ovr-mi300x-4gpu-fp8-latency-")
    assert made["metadata"]["namespace"] == NS
    assert made["metadata"]["ownerReferences"][0]["kind"] == "AIMService"
    assert made["metadata"]["labels"]["aim.eai.amd.com/origin"] == "derived"
    assert made["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "aim-engine"
    assert made["spec"] == {
        "modelName": MODEL_NAME,
        "metric": "latency",
        "precision": "fp8",
        "hardware": overrides["hardware"],
        "runtimeConfigName": "base",
        "env": [{"name": "A", "value": "1"}],
        "imagePullSecrets": [{"name": "p"}],
        "resources": {"limits": {"cpu": "1"}},
        "caching": {"enabled": True},
    }
    assert said(plan, "Template") == ("False", "TemplateNotReady")
    assert plan.status["status"] == "Pending"


@pytest.mark.rule("D-18")
def test_an_existing_derived_template_is_used_as_it_is() -> None:
    derived = template(
        "my-template-ovr-latency-817c", status="Progressing", labels={"aim.eai.amd.com/origin": "derived"}
    )
    spec = {**LATENCY, "template": {"name": "my-template"}}
    plan = plan_of(service(spec), model(), template("my-template"), derived)
    assert kinds(plan) == []
    assert "my-template-ovr-latency-817c is not ready yet" in condition(plan, "TemplateReady")["message"]


@pytest.mark.rule("R-5.14", "R-9.7", "D-18")
@pytest.mark.parametrize(
    "overrides", [{}, {"hardware": {"cpu": {"requests": 1}}}, {"hardware": {"gpu": {"requests": 0}}}]
)
def test_overrides_that_change_no_name_derive_nothing(overrides: dict) -> None:
    plan = plan_of(explicit(overrides=overrides), model(), template("t"))
    assert said(plan, "Template") == ("True", "Resolved")
    assert "AIMServiceTemplate" not in kinds(plan)


@pytest.mark.rule("R-5.13", "D-18")
def test_nothing_is_derived_from_a_derived_template_nor_by_selection() -> None:
    derived = template("t", labels={"aim.eai.amd.com/origin": "derived"})
    assert "AIMServiceTemplate" not in kinds(plan_of(explicit(overrides={"metric": "latency"}), model(), derived))
    assert "AIMServiceTemplate" not in kinds(plan_of(service(LATENCY), model(), template("t")))


@pytest.mark.rule("D-18")
def test_a_dedicated_service_keeps_the_caching_of_the_base() -> None:
    base = template("t", spec={"caching": {"enabled": True, "env": []}})
    made = child(
        plan_of(explicit(overrides={"metric": "throughput"}, caching={"mode": "Dedicated"}), model(), base),
        "AIMServiceTemplate",
    )
    assert made["spec"]["caching"] == {"enabled": True, "env": []}
    assert made["spec"]["runtimeConfigName"] == "default"


@pytest.mark.rule("D-15", "R-5.3")
def test_the_default_template_of_the_model_comes_before_selection() -> None:
    objects = [model(defaultServiceTemplate="d"), template("d", of="elsewhere", precision="fp32"), template("better")]
    assert plan_of(service(), *objects).status["resolvedTemplate"]["name"] == "d"
    assert (
        plan_of(service({**LATENCY, "overrides": {"precision": "fp16"}}), *objects).status["resolvedTemplate"]["name"]
        == "better"
    )
    assert (
        plan_of(service(), model(defaultServiceTemplate="gone"), template("t")).status["resolvedTemplate"]["name"]
        == "t"
    )


@pytest.mark.rule("R-5.1")
def test_a_ready_resolved_template_stays_without_being_checked_again() -> None:
    status = {"resolvedTemplate": {"name": "t", "namespace": NS, "scope": "Namespace"}}
    plan = plan_of(service(LATENCY, status=status), model(), template("t", metric="throughput"), template("u"))
    assert plan.status["resolvedTemplate"]["name"] == "t"


@pytest.mark.rule("R-5.1", "R-5.11")
@pytest.mark.parametrize(("result", "stays"), [("chosen", True), ("rejected", False)])
def test_an_earlier_choice_is_told_as_long_as_it_names_the_template_that_serves(result: str, stays: bool) -> None:
    selection = {"candidates": [{"name": "t", "scope": "Namespace", "result": result, "reason": "BestMatch"}]}
    status = {
        "resolvedTemplate": {"name": "t", "namespace": NS, "scope": "Namespace"},
        "templateSelection": selection,
    }
    plan = plan_of(service(LATENCY, status=status), model(), template("t", metric="throughput"), template("u"))
    assert ("templateSelection" not in plan.status) is stays
    assert plan.status.get("templateSelection") is None


@pytest.mark.rule("R-5.1")
@pytest.mark.parametrize("scope", ["Namespace", "Cluster", "Unknown"])
def test_a_resolved_template_that_is_not_ready_is_selected_anew_before_there_is_a_runtime(scope: str) -> None:
    status = {"resolvedTemplate": {"name": "t", "scope": scope}}
    old = template("t", status="Failed", namespace=NS if scope == "Namespace" else "")
    plan = plan_of(service(status=status), model(), old, template("u"))
    assert plan.status["resolvedTemplate"]["name"] == "u"


def deployed(**status: object) -> list[dict]:
    objects = ready_world()
    plan = plan_of(*objects)
    return [
        service(status=dict(status) or None),
        model(),
        cache(),
        claim(),
        isvc_ready(child(plan, "InferenceService")),
    ]


@pytest.mark.rule("D-32", "R-7.3")
def test_a_deployed_service_stays_on_its_template_also_when_it_is_not_ready() -> None:
    status = {"resolvedTemplate": {"name": "qwen3-32b-latency", "scope": "Namespace"}}
    plan = plan_of(*deployed(**status), template(status="Failed"), template("u"))
    assert "qwen3-32b-latency is in failed state" in condition(plan, "TemplateReady")["message"]
    assert plan.status["status"] == "Degraded"
    assert "InferenceService" not in kinds(plan)


@pytest.mark.rule("D-32")
def test_a_deployed_service_selects_anew_when_its_template_is_gone() -> None:
    status = {"resolvedTemplate": {"name": "gone", "scope": "Cluster"}}
    objects = deployed(**status)
    objects[-1]["metadata"]["labels"]["aim.eai.amd.com/template"] = "gone"
    assert plan_of(*objects, template("u")).status["resolvedTemplate"]["name"] == "u"


@pytest.mark.rule("D-32")
@pytest.mark.parametrize("name", ["qwen3-32b-latency", "Qwen3-32B-Latency"], ids=["the label itself", "its label form"])
def test_without_a_status_the_template_is_recovered_from_the_label(name: str) -> None:
    plan = plan_of(*deployed(), template(name), template("aaa", precision="fp4"))
    assert plan.status["resolvedTemplate"]["name"] == name


@pytest.mark.rule("D-4")
def test_a_tie_does_not_take_the_template_from_a_deployed_service() -> None:
    plan = plan_of(*deployed(), template(), template("twin"))
    assert said(plan, "Template") == ("True", "Resolved")


@pytest.mark.rule("D-34", "R-5.11")
@pytest.mark.parametrize("kind", ["AIMServiceTemplate", "AIMClusterServiceTemplate"])
@pytest.mark.parametrize("case", ["auto", "explicit", "default", "sticky", "recovered"])
def test_a_template_that_cannot_be_read_is_an_error(kind: str, case: str) -> None:
    objects = {
        "auto": [service(), model()],
        "explicit": [explicit(), model()],
        "default": [service(), model(defaultServiceTemplate="d")],
        "sticky": [
            service(
                status={"resolvedTemplate": {"name": "t", "scope": "Cluster" if "Cluster" in kind else "Namespace"}}
            ),
            model(),
        ],
        "recovered": deployed(),
    }[case]
    plan = plan_of(*objects, unavailable={kind: Unreadable(kind, "Timeout", "timed out")})
    assert said(plan, "Template")[1] == "Timeout"
    assert plan.retry


@pytest.mark.rule("D-34", "R-5.11")
def test_nodes_that_cannot_be_read_are_not_an_empty_cluster() -> None:
    down = {"Node": Unreadable("Node", "Timeout", "timed out")}
    plan = plan_of(service(), model(), template("t", gpu_model="MI300X"), unavailable=down)
    assert said(plan, "Template")[1] == "Timeout"
    assert said(plan_of(service(), model(), template("t"), unavailable=down), "Template") == ("True", "Resolved")


def test_a_template_that_needs_memory_says_how_much() -> None:
    big = template("t", status="NotAvailable", spec={"hardware": {"gpu": {"requests": 1, "minVram": "1Ti"}}})
    assert (
        "no node has a GPU with 1Ti of memory"
        in condition(plan_of(explicit(), model(), big), "TemplateReady")["message"]
    )
    big["spec"]["hardware"]["gpu"].pop("minVram")
    assert condition(plan_of(explicit(), model(), big), "TemplateReady")["message"].endswith("(no matching GPUs)")
