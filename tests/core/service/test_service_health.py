"""How the InferenceService fares, and an honest Ready."""

from __future__ import annotations

import copy
from datetime import timedelta

import pytest
from service_world import (
    IS,
    NS,
    child,
    condition,
    deployment,
    event,
    kinds,
    lives,
    owner_ref,
    part,
    plan_of,
    pod,
    ready_world,
    resolved,
    running_world,
    runtime_config,
    said,
    swapped,
    types,
    unready,
)

from aimcore.snapshot import NotInstalled, Unreadable


@pytest.mark.rule("R-11.5", "R-11.6", "R-11.9", "R-11.10", "D-1")
def test_a_running_service_says_so_as_the_guide_shows() -> None:
    plan = plan_of(*running_world())
    assert plan.status["status"] == "Running"
    assert types(plan) == [
        "ModelReady", "TemplateReady", "CacheReady", "InferenceServiceReady", "InferenceServicePodsReady",
        "DependenciesReachable", "AuthValid", "ConfigValid", "Ready",
    ]  # fmt: skip
    assert all(c["status"] == "True" for c in plan.status["conditions"])
    assert condition(plan, "InferenceServiceReady")["reason"] == "RuntimeReady"
    assert condition(plan, "CacheReady")["message"] == "Template cache is ready"
    assert condition(plan, "Ready")["reason"] == "AllComponentsReady"
    assert plan.status["observedGeneration"] == 1
    assert plan.status["runtime"] == {
        "currentReplicas": 1, "desiredReplicas": 1, "minReplicas": 1, "maxReplicas": 1, "replicas": "1",
        "renderRevision": 2,
    }  # fmt: skip
    assert plan.status["resolvedRuntimeConfig"] is None


@pytest.mark.rule("D-1")
def test_the_runtime_config_is_named_as_the_guide_shows() -> None:
    plan = plan_of(*running_world(runtime_config()))
    assert plan.status["resolvedRuntimeConfig"] == {
        "name": "default", "namespace": NS, "scope": "Namespace", "uid": "uid-AIMRuntimeConfig-default",
        "kind": "aim.eai.amd.com/v1alpha1/AIMRuntimeConfig",
    }  # fmt: skip
    assert said(plan, "RuntimeConfig") == ("True", "RuntimeConfigResolved")


@pytest.mark.rule("D-28", "D-41", "R-3.3", "D-7")
def test_a_missing_named_config_makes_the_service_and_its_children_wait() -> None:
    objects = ready_world(runtimeConfigName="team", routing={"enabled": True, "gatewayRef": {"name": "gw"}})
    plan = plan_of(*objects)
    assert said(plan, "RuntimeConfig") == ("False", "ConfigNotFound")
    assert "team" in condition(plan, "RuntimeConfigReady")["message"]
    assert plan.status["status"] == "Pending"
    assert plan.children == ()
    assert plan.status["resolvedRuntimeConfig"] is None
    assert "RuntimeConfigReady" not in types(plan_of(*ready_world()))


@pytest.mark.rule("D-34")
def test_a_config_that_cannot_be_read_stops_its_dependents_and_keeps_the_status() -> None:
    down = {"AIMRuntimeConfig": Unreadable("AIMRuntimeConfig", "Timeout", "timed out")}
    plan = plan_of(*ready_world(), unavailable=down)
    assert said(plan, "RuntimeConfig")[1] == "Timeout"
    assert plan.children == ()
    assert "resolvedRuntimeConfig" not in plan.status


@pytest.mark.rule("R-11.2")
def test_no_runtime_yet_is_creating_runtime() -> None:
    plan = plan_of(*ready_world())
    assert said(plan, IS) == ("False", "CreatingRuntime")
    assert condition(plan, "InferenceServiceReady")["message"] == "InferenceService not found"
    assert "InferenceServicePodsReady" not in types(plan)
    assert "renderRevision" not in plan.status["runtime"]


@pytest.mark.rule("R-11.2")
@pytest.mark.parametrize("ready", ["False", "Unknown", ""])
def test_a_runtime_that_is_not_ready_is_starting(ready: str) -> None:
    objects = running_world()
    part(objects, IS)["status"]["conditions"] = [{"type": "Ready", "status": ready, "message": "m"}] if ready else []
    objects = swapped(swapped(objects, "Deployment", deployment(available=0)), "Pod", pod(ready=False))
    plan = plan_of(*objects)
    assert said(plan, IS) == ("False", "CreatingRuntime")
    assert plan.status["status"] == "Starting"


READY_RULES = [
    ("deployment behind", [deployment(observed=0)], [pod()], "RolloutInProgress"),
    ("no updated replica", [deployment(updated=0)], [pod()], "RolloutInProgress"),
    (
        "only old pods ready",
        [deployment()],
        [pod(), pod("new", ready=False, template_hash="h2", creationTimestamp="2026-11-23T15:00:00Z")],
        "RolloutInProgress",
    ),
    ("no deployment", [], [], "CreatingRuntime"),
    ("no pod", [deployment()], [], "CreatingRuntime"),
]


@pytest.mark.rule("R-11.2")
@pytest.mark.parametrize(("case", "deployments", "pods", "reason"), READY_RULES, ids=[r[0] for r in READY_RULES])
def test_ready_needs_a_ready_pod_of_the_newest_template(case: str, deployments: list, pods: list, reason: str) -> None:
    objects = [o for o in running_world() if o["kind"] not in ("Deployment", "Pod")]
    plan = plan_of(*objects, *deployments, *pods)
    assert said(plan, IS) == ("False", reason)
    assert condition(plan, "Ready")["status"] == "False"
    if reason == "RolloutInProgress":
        assert "old replicas still serve" in condition(plan, "InferenceServiceReady")["message"]
        assert plan.status["status"] in ("Starting", "Degraded")
    assert case


def test_a_rollout_with_old_replicas_serving_is_starting() -> None:
    objects = swapped(running_world(), "Deployment", deployment(observed=0))
    plan = plan_of(*objects)
    assert plan.status["status"] == "Starting"


def test_where_the_deployment_cannot_be_read_a_ready_pod_is_enough() -> None:
    down = {"Deployment": Unreadable("Deployment", "Forbidden", "no")}
    objects = swapped(running_world(), "Deployment", None)
    assert plan_of(*objects, unavailable=down).status["status"] == "Running"
    assert plan_of(*swapped(objects, "Pod", pod(ready=False)), unavailable=down).status["status"] != "Running"


@pytest.mark.rule("R-11.2", "D-29")
def test_a_complaint_of_kserve_fails_the_runtime() -> None:
    plan = plan_of(*unready(), event("InternalError", "cannot create"))
    assert said(plan, IS) == ("False", "InternalError")
    assert condition(plan, "InferenceServiceReady")["message"] == "cannot create"
    assert plan.status["status"] == "Failed"
    rejected = plan_of(*unready(), event("InternalError", "x"), event("ServerlessModeRejected", "knative", name="f"))
    assert said(rejected, IS) == ("False", "ServerlessModeRejected")
    assert "RawDeployment" in condition(rejected, "InferenceServiceReady")["message"]


@pytest.mark.rule("D-29")
def test_old_conflicting_and_normal_events_do_not_count() -> None:
    for harmless in (
        event("InternalError", "x", "2026-11-23T13:00:00Z"),
        event("InternalError", "the object has been modified"),
        event("InternalError", "Operation cannot be fulfilled on x"),
        event("InternalError", "x", kind="Normal"),
        event("Other", "x"),
    ):
        assert said(plan_of(*unready(), harmless), IS) == ("False", "CreatingRuntime")
    assert plan_of(*running_world(), event("InternalError", "x")).status["status"] == "Running"
    assert (
        said(plan_of(*unready(since=""), event("InternalError", "x", "2020-01-01T00:00:00Z")), IS)[1] == "InternalError"
    )


@pytest.mark.rule("D-31")
@pytest.mark.parametrize(("name", "limit"), [("cpu", "1"), ("memory", "2Gi")])
def test_a_limit_added_by_kserve_below_the_request_is_named_with_its_remedy(name: str, limit: str) -> None:
    objects = copy.deepcopy(unready())
    shape = part(objects, "AIMServiceTemplate")
    if name == "memory":
        shape["status"]["resolvedHardware"]["gpu"]["requests"] = 0
        shape["spec"]["resources"] = {"requests": {"memory": "32Gi"}}
    part(objects, IS)["spec"]["predictor"]["containers"][0]["resources"]["limits"][name] = limit
    plan = plan_of(*objects)
    assert said(plan, IS) == ("False", "KServeDefaultsConflict")
    assert "inferenceservice-config" in condition(plan, "InferenceServiceReady")["message"]
    assert plan.status["status"] == "Failed"
    (insisting,) = [c for c in plan.children if c.component == "InferenceService"]
    assert insisting.insists == timedelta(minutes=10), "once the configuration is mended, another write takes it out"


@pytest.mark.rule("R-2.6", "D-34")
def test_a_runtime_that_cannot_be_read_is_neither_made_nor_forgotten() -> None:
    objects = running_world(runtimeConfigName="")
    objects[0] = resolved(objects[0], plan_of(*objects))
    down = {IS: Unreadable(IS, "Timeout", "timed out")}
    plan = plan_of(*swapped(objects, IS, None), unavailable=down)
    assert said(plan, IS)[1] == "FetchError"
    assert IS not in kinds(plan)
    assert said(plan, "Model") == ("True", "ModelResolved")
    assert said(plan, "Template") == ("True", "Resolved")
    assert said(plan, "InferenceServicePods") == ("True", "PodsReady")
    assert plan.retry


def test_without_kserve_the_service_says_so() -> None:
    plan = plan_of(*ready_world(), unavailable={IS: NotInstalled(IS)})
    assert said(plan, IS) == ("False", "KindNotInstalled")
    assert IS not in kinds(plan)


def test_a_runtime_of_somebody_else_is_never_written() -> None:
    foreign = lives(child(plan_of(*ready_world()), IS))
    foreign["metadata"]["ownerReferences"] = [owner_ref(uid="other", kind="Deployment")]
    plan = plan_of(*ready_world(), foreign)
    assert said(plan, IS) == ("False", "InferenceServiceNameTaken")
    assert IS not in kinds(plan)


def test_an_object_without_a_controller_is_adopted_and_ours_is_found_under_any_name() -> None:
    made = child(plan_of(*ready_world()), IS)
    orphan = lives(made)
    orphan["metadata"]["ownerReferences"] = []
    assert child(plan_of(*ready_world(), orphan), IS)["metadata"]["ownerReferences"] == [owner_ref()]
    renamed = lives(made, metadata={"name": "long-ago"})
    renamed["metadata"]["name"] = "long-ago"
    assert child(plan_of(*ready_world(), renamed), IS)["metadata"]["name"] == "long-ago"


def test_a_runtime_that_is_being_deleted_is_waited_for() -> None:
    objects = running_world()
    part(objects, IS)["metadata"]["deletionTimestamp"] = "2026-11-23T15:00:00Z"
    plan = plan_of(*objects)
    assert IS not in kinds(plan)
    assert "being deleted" in condition(plan, "InferenceServiceReady")["message"]
