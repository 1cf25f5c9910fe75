"""Rules that concern the plan as a whole: events, labels, what is applied how, and corners of look-ups."""

from __future__ import annotations

import pytest
from service_world import (
    IMAGE,
    ISVC,
    KEY,
    NOW,
    NS,
    cache,
    child,
    condition,
    isvc_ready,
    kinds,
    model,
    next_plan_of,
    obj,
    plan_of,
    ready_world,
    resolved,
    route_live,
    running_world,
    runtime_config,
    said,
    service,
    template,
)

from aimcore.diff import changes_needed
from aimcore.kinds.service import plan_service
from aimcore.plan import Write
from aimcore.resource import Key
from aimcore.snapshot import Found, NotInstalled, Snapshot, Unreadable
from aimcore.table import Table

SOURCE = {"modelId": "a/b", "sourceUri": "hf://a/b"}


@pytest.mark.rule("R-3.1", "R-3.2", "R-3.4", "R-3.5")
def test_the_config_is_looked_up_by_its_name_in_both_scopes() -> None:
    objects = ready_world(runtimeConfigName="team")
    configs = [
        runtime_config(
            "team", namespace="", env=[{"name": "A", "value": "cluster"}, {"name": "B", "value": "cluster"}]
        ),
        runtime_config("team", env=[{"name": "A", "value": "namespace"}], defaultStorageClassName="old"),
        runtime_config("default", env=[{"name": "A", "value": "default"}]),
    ]
    env = child(plan_of(*objects, *configs), "InferenceService")["spec"]["predictor"]["containers"][0]["env"]
    assert {"name": "A", "value": "namespace"} in env
    assert {"name": "B", "value": "cluster"} in env
    unready = [service({"model": {"image": IMAGE}, "runtimeConfigName": "team"}), model(), template(), *configs]
    assert child(next_plan_of(*unready), "AIMTemplateCache")["spec"]["storageClassName"] == "old"


@pytest.mark.rule("R-11.12", "R-11.5")
def test_events_mark_transitions_and_are_not_repeated() -> None:
    objects = [service({"model": {"name": "m"}})]
    first = plan_of(*objects)
    assert {(e.type, e.reason) for e in first.events} >= {
        ("Warning", "ModelNotFound"),
        ("Warning", "ReferenceNotFound"),
    }
    objects[0] = resolved(objects[0], first)
    assert plan_of(*objects).events == ()
    recovered = plan_of(*objects, model("m"))
    assert ("Normal", "ModelResolved") in {(e.type, e.reason) for e in recovered.events}


@pytest.mark.rule("R-12.1", "R-12.4", "R-4.5", "R-6.7")
def test_what_runs_is_applied_and_what_is_shared_is_made_once() -> None:
    routing = {"enabled": True, "gatewayRef": {"name": "gw"}}
    running = plan_of(*ready_world(routing=routing))
    assert {c.key.kind: c.write for c in running.children} == {
        "InferenceService": Write.APPLY,
        "HTTPRoute": Write.APPLY,
    }
    fresh = plan_of(service())
    assert {c.key.kind: c.write for c in fresh.children} == {"AIMModel": Write.CREATE}
    owned = [c for c in running.children if c.manifest["metadata"].get("ownerReferences")]
    assert len(owned) == 2


@pytest.mark.rule("R-12.2", "D-35", "R-12.5")
def test_labels_propagate_by_patterns_that_do_not_cross_a_slash() -> None:
    config = runtime_config(labelPropagation={"enabled": True, "match": ["team-*", "cost-center", "*"]})
    objects = ready_world()
    objects[0]["metadata"]["labels"] = {
        "team-alpha": "1", "cost-center": "2", "org.example/team": "3", "aim.eai.amd.com/own": "4",
    }  # fmt: skip
    marks = child(plan_of(*objects, config), "InferenceService")["metadata"]["labels"]
    assert (marks["team-alpha"], marks["cost-center"], marks["aim.eai.amd.com/own"]) == ("1", "2", "4")
    assert "org.example/team" not in marks
    assert marks["app.kubernetes.io/managed-by"] == "aim-engine"
    without = child(plan_of(*objects), "InferenceService")["metadata"]["labels"]
    assert "team-alpha" not in without
    assert without["aim.eai.amd.com/own"] == "4"


@pytest.mark.rule("D-33", "R-9.1", "R-9.7b")
def test_reasons_are_those_of_the_guide() -> None:
    plan = plan_of(*running_world())
    assert [condition(plan, f"{c}Ready")["reason"] for c in ("Model", "Template", "Cache", "InferenceService")] == [
        "ModelResolved", "Resolved", "CacheReady", "RuntimeReady",
    ]  # fmt: skip


@pytest.mark.rule("R-9.4b")
def test_a_custom_model_without_sources_still_has_a_name() -> None:
    spec = {"model": {"custom": {"baseImage": "img", "hardware": {"cpu": {"requests": "1"}}}}}
    made = child(plan_of(service(spec)), "AIMModel")
    assert made["metadata"]["name"].startswith("custom-model-")
    assert made["spec"]["modelSources"] == []


@pytest.mark.rule("D-34")
def test_a_name_that_cannot_be_looked_up_is_not_free() -> None:
    occupied = model("x", modelSources=[SOURCE])
    plan = plan_of(service(), occupied, unavailable={"AIMModel": Unreadable("AIMModel", "Timeout", "x")})
    assert said(plan, "Model")[1] == "Timeout"
    assert "AIMModel" not in kinds(plan)


@pytest.mark.rule("D-34")
def test_kinds_that_are_not_installed_hold_nothing() -> None:
    gone = {k: NotInstalled(k) for k in ("AIMServiceTemplate", "AIMClusterServiceTemplate", "AIMTemplateCache")}
    assert said(plan_of(service(), model(), unavailable=gone), "Template") == ("False", "TemplateNotFound")
    named = service({"model": {"image": IMAGE}, "template": {"name": "t"}})
    assert said(plan_of(named, model(), unavailable=gone), "Template") == ("False", "TemplateNotFound")
    caches = {"AIMTemplateCache": NotInstalled("AIMTemplateCache")}
    assert said(plan_of(service(), model(), template(), unavailable=caches), "Cache") == ("False", "CacheCreating")


def test_of_several_objects_of_ours_the_living_one_with_our_name_counts() -> None:
    made = child(plan_of(*ready_world()), "InferenceService")
    twin = isvc_ready(made)
    twin["metadata"]["name"] = "aaa"
    plan = plan_of(*ready_world(), isvc_ready(made), twin)
    assert child(plan, "InferenceService")["metadata"]["name"] == ISVC
    leaving = isvc_ready(made, metadata={"deletionTimestamp": "2026-11-23T15:00:00Z"})
    assert child(plan_of(*ready_world(), leaving, twin), "InferenceService")["metadata"]["name"] == "aaa"


def test_a_service_that_cannot_look_up_names_without_a_uid_says_so() -> None:
    objects = ready_world()
    objects[0]["metadata"].update(uid="", generation=0)
    plan = plan_of(*objects, unavailable={"InferenceService": Unreadable("InferenceService", "Timeout", "x")})
    assert said(plan, "InferenceService")[1] == "FetchError"
    assert "observedGeneration" not in plan.status


def test_a_live_runtime_without_a_template_label_has_nothing_to_recover() -> None:
    objects = [o for o in running_world() if o["kind"] != "AIMService"]
    live = next(o for o in objects if o["kind"] == "InferenceService")
    del live["metadata"]["labels"]["aim.eai.amd.com/template"]
    assert said(plan_of(service(), *objects), "Template") == ("True", "Resolved")
    other = {"AIMClusterServiceTemplate": Unreadable("AIMClusterServiceTemplate", "Timeout", "x")}
    live["metadata"]["labels"]["aim.eai.amd.com/template"] = "qwen3-32b-latency"
    renamed = [o for o in objects if o["kind"] != "AIMServiceTemplate"]
    assert said(plan_of(service(), *renamed, unavailable=other), "Template")[1] == "Timeout"


@pytest.mark.rule("R-8.11")
def test_an_invalid_metric_is_shown_as_far_as_it_goes_and_never_written() -> None:
    bare = {"type": "PodMetric", "podmetric": {"metric": {}, "target": {}}}
    plan = plan_of(*ready_world(autoScaling={"metrics": [bare]}))
    assert "InferenceService" not in kinds(plan)
    assert any("metricQuery" in n.message for n in plan.notes)


def test_a_path_too_long_even_for_the_default_has_no_reference_form() -> None:
    name, namespace = "s" * 180, "n" * 30
    routing = {"enabled": True, "gatewayRef": {"name": "gw"}}
    status = {"routing": {"path": "/kept"}}
    long = service(
        {"model": {"image": IMAGE}, "routing": routing}, name=name, namespace=namespace, status=status, uid="u" * 190
    )
    plan = plan_of(long, key=Key("AIMService", namespace, name))
    assert said(plan, "HTTPRoute") == ("False", "PathTemplateInvalid")
    assert KEY.namespace == NS
    assert cache()["kind"] == "AIMTemplateCache"
    assert obj("v1", "Pod", "p")["kind"] == "Pod"


def test_a_limit_of_somebody_else_above_the_request_is_no_conflict() -> None:
    objects = running_world()
    live = next(o for o in objects if o["kind"] == "InferenceService")
    live["spec"]["predictor"]["containers"][0]["resources"]["limits"]["cpu"] = "100"
    assert plan_of(*objects).status["status"] == "Running"


@pytest.mark.rule("R-2.5", "R-2.8", "R-11.11")
def test_a_settled_service_needs_no_change_at_all() -> None:
    routing = {"enabled": True, "gatewayRef": {"name": "gw"}}
    objects = running_world(routing=routing)
    objects.append(route_live(child(plan_of(*objects), "HTTPRoute")))
    objects[0] = resolved(objects[0], plan_of(*objects))
    table = Table(objects)
    snapshot = Snapshot(table, NOW)
    found = snapshot.object(*KEY)
    assert isinstance(found, Found)
    plan = plan_service(snapshot, found.resource)
    assert plan.status["status"] == "Running"
    assert not changes_needed(plan, snapshot)


@pytest.mark.rule("R-2.6", "D-34")
def test_what_was_not_looked_up_keeps_its_conditions() -> None:
    objects = running_world(minReplicas=1, maxReplicas=2)
    stored = [
        {"type": "HPAReady", "status": "True", "reason": "HPAOperational", "message": "m"},
        {"type": "InferenceServicePodsReady", "status": "Unknown", "reason": "Timeout", "message": "m"},
    ]
    objects[0]["status"]["conditions"] = stored
    down = {"InferenceService": Unreadable("InferenceService", "Timeout", "x")}
    plan = plan_of(*[o for o in objects if o["kind"] != "InferenceService"], unavailable=down)
    assert said(plan, "HPA") == ("True", "HPAOperational")
    assert said(plan, "InferenceServicePods") == ("Unknown", "Timeout")
