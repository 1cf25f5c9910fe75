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
    node,
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
    base = template("my-template", namespace=namespace, spec={"runtimeConfigName": " base ", "env": [{"name": "A", "value": "1"}]})
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
    derived = template("my-template-ovr-latency-817c", status="Progressing", labels={"aim.eai.amd.com/origin": "derived"})
    spec = {**LATENCY, "template": {"name": "my-template"}}
    plan = plan_of(service(spec), model(), template("my-template"), derived)
    assert kinds(plan) == []
    assert "my-template-ovr-latency-817c is not ready yet" in condition(plan, "TemplateReady")["message"]


@pytest.mark.rule("R-5.14", "R-9.7", "D-18")
@pytest.mark.parametrize("overrides", [{}, {"hardware": {"cpu": {"requests": 1}}}, {"hardware": {"gpu": {"requests": 0}}}])
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
    made = child(plan_of(explicit(overrides={"metric": "throughput"}, caching={"mode": "Dedicated"}), model(), base), "AIMServiceTemplate")
    assert made["spec"]["caching"] == {"enabled": True, "env": []}
    assert made["spec"]["runtimeConfigName"] == "default"


@pytest.mark.rule("D-15", "R-5.3")
def test_the_default_template_of_the_model_comes_before_selection() -> None:
    objects = [model(defaultServiceTemplate="d"), template("d", of="elsewhere", precision="fp32"), template("better")]
    assert plan_of(service(), *objects).status["resolvedTemplate"]["name"] == "d"
    assert plan_of(service({**LATENCY, "overrides": {"precision": "fp16"}}), *objects).status["resolvedTemplate"]["name"] == "better"
    assert plan_of(service(), model(defaultServiceTemplate="gone"), template("t")).status["resolvedTemplate"]["name"] == "t"


@pytest.mark.rule("R-5.4")
def test_without_a_model_nothing_is_selected() -> None:
    plan = plan_of(service(), template("t"))
    assert said(plan, "Template") == ("False", "TemplateNotFound")
    assert "not resolved yet" in condition(plan, "TemplateReady")["message"]


@pytest.mark.rule("R-5.5", "R-5.10", "R-11.8")
def test_a_model_without_templates_waits() -> None:
    plan = plan_of(service(), model())
    assert said(plan, "Template") == ("False", "TemplateNotFound")
    assert condition(plan, "TemplateReady")["message"] == f'No templates found for model "{MODEL_NAME}"'
    assert plan.status["status"] == "Pending"


@pytest.mark.rule("R-5.7", "R-5.10", "D-5")
@pytest.mark.parametrize("status", ["Pending", "Progressing", "NotAvailable", "Degraded", "Failed", "", "Odd"])
def test_templates_that_are_not_ready_make_the_service_wait(status: str) -> None:
    plan = plan_of(service(), model(), template("t", status=status, gpu_model="MI300X"))
    assert said(plan, "Template") == ("False", "TemplateNotReady")
    message = condition(plan, "TemplateReady")["message"]
    assert message.startswith("Templates exist but are not ready yet: t is")
    assert ("no node has a MI300X GPU" in message) == (status == "NotAvailable")
    assert plan.status["status"] == "Pending"
    word = status if status in ("Pending", "Progressing", "NotAvailable", "Degraded", "Failed") else "NotReady"
    assert plan.status["templateSelection"]["candidates"][0]["reason"] == f"Template{word}"


@pytest.mark.rule("R-5.7", "R-5.10", "D-4")
@pytest.mark.parametrize("kind", ["preview", "unoptimized", ""])
def test_what_is_not_optimized_is_filtered_out_with_a_hint(kind: str) -> None:
    plan = plan_of(service(), model(), template("t", kind=kind))
    assert said(plan, "Template") == ("False", "TemplateNotFound")
    message = condition(plan, "TemplateReady")["message"]
    assert message.endswith("1 filtered out because they are not optimized. Set allowUnoptimized to use them.")
    assert MODEL_NAME in message
    assert plan.status["status"] == "Pending"


@pytest.mark.rule("D-40", "R-5.6")
def test_what_allow_unoptimized_let_in_is_said_in_the_message_and_once_as_an_event() -> None:
    spec = {"model": {"image": IMAGE}, "template": {"allowUnoptimized": True}}
    bare = template("t")
    del bare["status"]["profile"]
    plan = plan_of(service(spec), model(), bare)
    assert said(plan, "Template") == ("True", "Resolved")
    assert condition(plan, "TemplateReady")["message"] == "AIMServiceTemplate t is ready; it is not optimal: unoptimized"
    assert "UnoptimizedTemplate" in [e.reason for e in plan.events]
    again = plan_of(service(spec, status=dict(plan.status)), model(), bare)
    assert "UnoptimizedTemplate" not in [e.reason for e in again.events]
    assert again.status["status"] != "Degraded"


@pytest.mark.rule("R-5.7")
@pytest.mark.parametrize(
    ("overrides", "fits"),
    [
        ({"metric": "LATENCY"}, True),
        ({"metric": "throughput"}, False),
        ({"precision": "fp16"}, True),
        ({"precision": "fp8"}, False),
        ({"hardware": {"gpu": {"model": "Instinct-MI300X"}}}, True),
        ({"hardware": {"gpu": {"model": "MI325X"}}}, False),
        ({"hardware": {"gpu": {"requests": 1}}}, True),
        ({"hardware": {"gpu": {"requests": 2}}}, False),
        ({"hardware": {"cpu": {"requests": "4"}, "gpu": {"minVram": "1Ti", "resourceName": "x"}}}, True),
    ],
)
def test_overrides_filter_candidates(overrides: dict, fits: bool) -> None:
    spec = {"model": {"image": IMAGE}, "overrides": overrides}
    plan = plan_of(service(spec), model(), template("t", gpu_model="MI300X"), node())
    assert said(plan, "Template") == (("True", "Resolved") if fits else ("False", "TemplateNotFound"))
    if not fits:
        assert plan.status["templateSelection"]["candidates"][0]["reason"] == "ServiceOverridesNotMatched"


@pytest.mark.rule("R-5.7")
def test_a_candidate_without_the_overridden_value_fails() -> None:
    plan = plan_of(service(LATENCY), model(), template("t", metric=""))
    assert said(plan, "Template") == ("False", "TemplateNotFound")


@pytest.mark.rule("R-5.7", "R-5.9")
@pytest.mark.parametrize(("device", "fits"), [("74a1", True), ("0x74A9", True), ("74a5", False), (None, False)])
def test_the_gpu_must_be_in_the_cluster(device: str | None, fits: bool) -> None:
    nodes = [node(device)] if device else []
    plan = plan_of(service(), model(), template("t", gpu_model="MI300X"), *nodes)
    assert said(plan, "Template") == (("True", "Resolved") if fits else ("False", "TemplateNotFound"))
    if not fits:
        assert "no node has a MI300X GPU" in condition(plan, "TemplateReady")["message"]
        assert reasons(plan)["Namespace t"] == "rejected: RequiredGPUNotInCluster (no node has a MI300X GPU)"


@pytest.mark.rule("R-5.7")
def test_a_namespaced_candidate_drops_all_cluster_ones() -> None:
    plan = plan_of(service(), model(), template("ns", precision="fp32"), template("cl", namespace="", precision="fp4"))
    assert plan.status["resolvedTemplate"]["name"] == "ns"
    assert "NamespacedTemplatePreferred" in reasons(plan)["Cluster cl"]


@pytest.mark.rule("R-5.8", "D-17")
@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"kind": "optimized"}, {"kind": "preview"}),
        ({"gpu_model": "MI355X"}, {"gpu_model": "MI325X"}),
        ({"gpu_model": "Instinct MI325X"}, {"gpu_model": "MI300X"}),
        ({"gpu_model": "MI300X"}, {"gpu_model": "MI250X"}),
        ({"metric": "latency"}, {"metric": "throughput"}),
        ({"precision": "fp4"}, {"precision": "int4"}),
        ({"precision": "fp32"}, {"precision": "auto"}),
        ({"kind": "preview", "precision": "fp4"}, {"kind": "unoptimized", "precision": "fp4"}),
    ],
)
def test_candidates_are_ranked_by_type_gpu_metric_and_precision(better: dict, worse: dict) -> None:
    spec = {"model": {"image": IMAGE}, "template": {"allowUnoptimized": True}}
    nodes = [node("75a3", "n1"), node("74a5", "n2"), node("74a1", "n3"), node("740c", "n4")]
    plan = plan_of(service(spec), model(), template("z", **better), template("a", **worse), *nodes)
    assert plan.status["resolvedTemplate"]["name"] == "z"
    assert plan.status["templateSelection"] == {
        "candidates": [
            {"name": "z", "scope": "Namespace", "result": "chosen", "reason": "BestMatch"},
            {"name": "a", "scope": "Namespace", "result": "rejected", "reason": "LowerPreferenceRank"},
        ]
    }


@pytest.mark.rule("D-4", "R-5.10", "R-5.11")
def test_a_tie_is_ambiguous_and_names_the_tied_templates() -> None:
    others = [template(f"w{n}", precision="fp32") for n in range(4)]
    plan = plan_of(service(), model(), template("b"), template("a"), *others)
    assert said(plan, "Template") == ("False", "TemplateSelectionAmbiguous")
    assert condition(plan, "TemplateReady")["message"] == f'Multiple templates (2) satisfy model "{MODEL_NAME}": a, b'
    assert plan.status["status"] == "Failed"
    assert condition(plan, "ConfigValid")["status"] == "True"
    assert [c["reason"] for c in plan.status["templateSelection"]["candidates"]] == [
        "TiedForBest", "TiedForBest", "LowerPreferenceRank", "LowerPreferenceRank", "LowerPreferenceRank",
    ]  # fmt: skip
    assert len(reasons(plan)) == 6


@pytest.mark.rule("D-18")
@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        ({"labels": {"aim.eai.amd.com/origin": "derived"}}, "DerivedForAnotherService"),
        ({"labels": {"aim.eai.amd.com/obsolete": "true"}}, "ObsoleteTemplate"),
    ],
)
def test_derived_and_obsolete_templates_are_no_candidates(mark: dict, reason: str) -> None:
    plan = plan_of(service(), model(), template("t", **mark))
    assert said(plan, "Template") == ("False", "TemplateNotFound")
    assert reason in reasons(plan)["Namespace t"]


def test_a_template_that_is_being_deleted_is_no_candidate() -> None:
    leaving = template("t")
    leaving["metadata"]["deletionTimestamp"] = "2026-11-23T15:00:00Z"
    assert "TemplateDeleting" in reasons(plan_of(service(), model(), leaving))["Namespace t"]


@pytest.mark.rule("R-5.1")
def test_a_ready_resolved_template_stays_without_being_checked_again() -> None:
    status = {"resolvedTemplate": {"name": "t", "namespace": NS, "scope": "Namespace"}}
    plan = plan_of(service(LATENCY, status=status), model(), template("t", metric="throughput"), template("u"))
    assert plan.status["resolvedTemplate"]["name"] == "t"
    assert "templateSelection" not in plan.status


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
    return [service(status=dict(status) or None), model(), cache(), claim(), isvc_ready(child(plan, "InferenceService"))]


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
            service(status={"resolvedTemplate": {"name": "t", "scope": "Cluster" if "Cluster" in kind else "Namespace"}}),
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
    assert "no node has a GPU with 1Ti of memory" in condition(plan_of(explicit(), model(), big), "TemplateReady")["message"]
    big["spec"]["hardware"]["gpu"].pop("minVram")
    assert condition(plan_of(explicit(), model(), big), "TemplateReady")["message"].endswith("(no matching GPUs)")
