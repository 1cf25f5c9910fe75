"""Automatic selection among the templates of a model."""

from __future__ import annotations

import pytest
from service_world import (
    IMAGE,
    MODEL_NAME,
    condition,
    model,
    node,
    plan_of,
    said,
    service,
    template,
)

LATENCY = {"model": {"image": IMAGE}, "overrides": {"metric": "latency"}}


def explicit(name: str = "t", **spec: object) -> dict:
    return service({"model": {"image": IMAGE}, "template": {"name": name}, **spec})


def reasons(plan: object) -> dict[str, str]:
    return {n.subject: n.message for n in plan.notes if n.stage == "template"}


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
    assert (
        condition(plan, "TemplateReady")["message"] == "AIMServiceTemplate t is ready; it is not optimal: unoptimized"
    )
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
