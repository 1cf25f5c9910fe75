"""The InferenceService at update, its health, its pods, and an honest Ready."""

from __future__ import annotations

import copy

import pytest
from service_world import (
    IMAGE,
    ISVC,
    KEY,
    NOW,
    NS,
    UID,
    child,
    condition,
    deployment,
    kinds,
    lives,
    model,
    obj,
    owner_ref,
    plan_of,
    pod,
    ready_world,
    resolved,
    running_world,
    runtime_config,
    said,
    service,
    template,
    types,
)

from aimcore.facts import Outcome, Refusal
from aimcore.resource import Key
from aimcore.snapshot import NotInstalled, Unreadable

IS = "InferenceService"


def part(objects: list[dict], kind: str) -> dict:
    return next(o for o in objects if o["kind"] == kind)


def swapped(objects: list[dict], kind: str, new: dict | None) -> list[dict]:
    return [o for o in objects if o["kind"] != kind] + ([new] if new else [])


@pytest.mark.rule("R-7.1", "R-2.7")
def test_the_runtime_waits_for_model_template_and_cache() -> None:
    assert IS in kinds(plan_of(*ready_world()))
    for kind in ("AIMModel", "AIMServiceTemplate", "AIMTemplateCache"):
        objects = ready_world()
        part(objects, kind)["status"]["status"] = "Progressing"
        assert IS not in kinds(plan_of(*objects))


@pytest.mark.rule("R-7.2", "R-5.12")
def test_an_update_waits_only_for_the_template() -> None:
    objects = running_world()
    for kind in ("AIMModel", "AIMTemplateCache"):
        broken = copy.deepcopy(objects)
        part(broken, kind)["status"]["status"] = "Failed"
        assert IS in kinds(plan_of(*broken))


@pytest.mark.rule("R-7.2", "R-8.10")
def test_mutable_fields_reach_the_running_object() -> None:
    objects = running_world()
    objects[0]["spec"].update(
        replicas=3,
        resources={"limits": {"cpu": "0.5"}},
        env=[{"name": "A", "value": "1"}],
        imagePullSecrets=[{"name": "p"}],
        serviceAccountName="sa",
    )
    predictor = child(plan_of(*objects), IS)["spec"]["predictor"]
    assert (predictor["minReplicas"], predictor["maxReplicas"]) == (3, 3)
    assert predictor["containers"][0]["resources"]["limits"]["cpu"] == "500m"
    assert {"name": "A", "value": "1"} in predictor["containers"][0]["env"]
    assert predictor["imagePullSecrets"] == [{"name": "p"}]
    assert predictor["serviceAccountName"] == "sa"


def test_an_unchanged_running_service_renders_what_is_there() -> None:
    objects = running_world()
    live = part(objects, IS)
    again = child(plan_of(*objects), IS)
    assert again["spec"] == live["spec"]
    assert again["metadata"]["labels"] == live["metadata"]["labels"]


@pytest.mark.rule("D-30")
@pytest.mark.parametrize("case", ["gone", "without an image"])
def test_an_empty_image_is_never_applied(case: str) -> None:
    objects = running_world()
    if case == "gone":
        objects = swapped(objects, "AIMModel", None)
    else:
        part(objects, "AIMModel")["spec"]["image"] = ""
    assert child(plan_of(*objects), IS)["spec"]["predictor"]["containers"][0]["image"] == IMAGE
    part(objects, IS)["spec"]["predictor"]["containers"][0]["image"] = ""
    if case == "gone":
        assert IS not in kinds(plan_of(*objects))


def test_no_runtime_is_made_from_a_model_without_an_image() -> None:
    objects = ready_world()
    objects[0]["spec"]["model"] = {"name": "m"}
    objects[1] = model("m", image="")
    assert IS not in kinds(plan_of(*objects))


@pytest.mark.rule("R-12.3", "R-12.5")
def test_the_labels_metric_and_precision_are_frozen_at_creation() -> None:
    objects = running_world()
    shape = part(objects, "AIMServiceTemplate")
    shape["status"]["profile"]["metadata"].update(metric="throughput", precision="fp8")
    marks = child(plan_of(*objects), IS)["metadata"]["labels"]
    assert (marks["aim.eai.amd.com/metric"], marks["aim.eai.amd.com/precision"]) == ("latency", "fp16")
    del part(objects, IS)["metadata"]["labels"]["aim.eai.amd.com/metric"]
    assert "aim.eai.amd.com/metric" not in child(plan_of(*objects), IS)["metadata"]["labels"]
    assert marks["aim.eai.amd.com/service.name"] == "qwen-chat"


def values(affinity: dict) -> list[list[str]]:
    terms = affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    return [e["values"] for t in terms for e in t["matchExpressions"]]


def with_ids(objects: list[dict], *ids: str) -> list[dict]:
    required = part(objects, "AIMServiceTemplate")["status"]["resolvedNodeAffinity"]
    terms = required["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    terms[0]["matchExpressions"][0]["values"] = list(ids)
    return objects


@pytest.mark.rule("D-22")
def test_an_equal_affinity_keeps_the_live_order() -> None:
    objects = with_ids(copy.deepcopy(running_world()), "74bd", "74a1", "74b5", "74a9")
    assert values(child(plan_of(*objects), IS)["spec"]["predictor"]["affinity"])[0] == ["74a1", "74a9", "74b5", "74bd"]


@pytest.mark.rule("D-22")
def test_nodes_that_come_or_go_change_the_affinity_only_with_the_pod_template() -> None:
    objects = with_ids(copy.deepcopy(running_world()), "74a1", "75a0")
    assert values(child(plan_of(*objects), IS)["spec"]["predictor"]["affinity"])[0] == ["74a1", "74a9", "74b5", "74bd"]
    objects[0]["spec"]["env"] = [{"name": "A", "value": "1"}]
    assert values(child(plan_of(*objects), IS)["spec"]["predictor"]["affinity"])[0] == ["74a1", "75a0"]


@pytest.mark.rule("D-22")
def test_an_affinity_that_is_gone_is_removed() -> None:
    objects = copy.deepcopy(running_world())
    del part(objects, "AIMServiceTemplate")["status"]["resolvedNodeAffinity"]
    assert "affinity" not in child(plan_of(*objects), IS)["spec"]["predictor"]


@pytest.mark.rule("D-22")
def test_an_affinity_with_the_beta_label_or_other_keys_is_not_extended() -> None:
    for key, count in (("beta.amd.com/gpu.device-id", 1), ("zone", 1), ("amd.com/gpu.device-id", 2)):
        objects = ready_world()
        required = {"nodeSelectorTerms": [{"matchExpressions": [{"key": key, "operator": "In", "values": ["a"]}]}]}
        objects[2] = template(affinity={"requiredDuringSchedulingIgnoredDuringExecution": required})
        assert len(values(child(plan_of(*objects), IS)["spec"]["predictor"]["affinity"])) == count


@pytest.mark.rule("D-19")
def test_duplicate_variables_with_the_same_effect_are_left_alone() -> None:
    objects = copy.deepcopy(running_world())
    container = part(objects, IS)["spec"]["predictor"]["containers"][0]
    container["env"] = [{"name": "AIM_METRIC", "value": "old"}, *container["env"]]
    assert child(plan_of(*objects), IS)["spec"]["predictor"]["containers"][0]["env"] == container["env"]
    container["env"].append({"name": "AIM_METRIC", "value": "other"})
    env = child(plan_of(*objects), IS)["spec"]["predictor"]["containers"][0]["env"]
    assert [e["name"] for e in env].count("AIM_METRIC") == 1


@pytest.mark.rule("D-19", "R-8.2")
def test_each_step_replaces_what_stands_under_the_name() -> None:
    names = ("AIM_PROFILE_ID", "AIM_METRIC", "AIM_PRECISION", "AIM_MODEL_ID")
    low = [{"name": n, "value": "config"} for n in names]
    objects = ready_world(env=[{"name": "AIM_METRIC", "value": "service"}])
    source = {"modelId": "a/b", "sourceUri": "hf://a/b"}
    objects[2] = template(spec={"profileId": "p", "modelSources": [source], "env": [{"name": "AIM_PRECISION", "value": "t"}]})
    env = child(plan_of(*objects, runtime_config(env=low)), IS)["spec"]["predictor"]["containers"][0]["env"]
    assert [(e["name"], e["value"]) for e in env if e["name"] in names] == [
        ("AIM_METRIC", "service"), ("AIM_MODEL_ID", "a/b"), ("AIM_PRECISION", "t"), ("AIM_PROFILE_ID", "p"),
    ]  # fmt: skip


@pytest.mark.rule("D-20")
def test_access_comes_from_service_template_and_model_at_revision_2() -> None:
    objects = ready_world(imagePullSecrets=[{"name": "s"}, {"name": "m"}])
    objects[1] = model(imagePullSecrets=[{"name": "m"}, {"name": "m2"}], serviceAccountName="model")
    objects[2] = template(spec={"imagePullSecrets": [{"name": "t"}]})
    predictor = child(plan_of(*objects), IS)["spec"]["predictor"]
    assert [s["name"] for s in predictor["imagePullSecrets"]] == ["s", "m", "t", "m2"]
    assert predictor["serviceAccountName"] == "model"
    objects[2]["spec"]["serviceAccountName"] = "template"
    assert child(plan_of(*objects), IS)["spec"]["predictor"]["serviceAccountName"] == "template"
    objects[0]["metadata"]["annotations"] = {"aim.eai.amd.com/render-revision": "1"}
    predictor = child(plan_of(*objects), IS)["spec"]["predictor"]
    assert [s["name"] for s in predictor["imagePullSecrets"]] == ["s", "m"]
    assert "serviceAccountName" not in predictor


@pytest.mark.rule("D-21", "D-31")
def test_resource_layers_of_revision_2() -> None:
    objects = ready_world(resources={"limits": {"memory": "16Gi"}})
    objects[1] = model(resources={"requests": {"cpu": "3"}, "limits": {"cpu": "2"}})
    objects[2] = template(gpus=0, spec={"resources": {"requests": {"memory": "20Gi", "cpu": "6"}}})
    objects[2]["status"]["resolvedHardware"] = {"cpu": {"requests": "1", "limits": "4"}}
    resources = child(plan_of(*objects), IS)["spec"]["predictor"]["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "6", "memory": "16Gi"}, "limits": {"cpu": "6", "memory": "16Gi"}}


@pytest.mark.rule("R-8.7")
def test_without_a_gpu_there_are_no_default_resources() -> None:
    objects = ready_world()
    objects[2] = template(gpus=0)
    assert child(plan_of(*objects), IS)["spec"]["predictor"]["containers"][0]["resources"] == {}


# ---- health ---------------------------------------------------------------------------------------------------------
@pytest.mark.rule("R-11.5", "R-11.6", "R-11.9", "R-11.10", "D-1")
def test_a_running_service_says_so_as_the_guide_shows() -> None:
    plan = plan_of(*running_world())
    assert plan.status["status"] == "Running"
    assert types(plan) == [
        "ModelReady", "TemplateReady", "InferenceServiceReady", "InferenceServicePodsReady", "CacheReady",
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
    ("only old pods ready", [deployment()], [pod(), pod("new", ready=False, template_hash="h2", creationTimestamp="2026-11-23T15:00:00Z")], "RolloutInProgress"),
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


def event(reason: str, message: str, at: str = "2026-11-23T15:00:00Z", *, kind: str = "Warning", name: str = "e") -> dict:
    body = obj("v1", "Event", name, NS)
    involved = {"kind": IS, "name": ISVC, "uid": f"uid-{IS}-{ISVC}"}
    return {**body, "type": kind, "reason": reason, "message": message, "lastTimestamp": at, "involvedObject": involved}


def unready(*, since: str = "2026-11-23T14:00:00Z") -> list[dict]:
    objects = running_world()
    ready = [{"type": "Ready", "status": "False", "lastTransitionTime": since}] if since else []
    part(objects, IS)["status"]["conditions"] = ready
    return swapped(swapped(objects, "Deployment", deployment(available=0)), "Pod", pod(ready=False))


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
    assert said(plan_of(*unready(since=""), event("InternalError", "x", "2020-01-01T00:00:00Z")), IS)[1] == "InternalError"


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


# ---- pods and what is observed below --------------------------------------------------------------------------------
def waiting(reason: str, message: str = "m", **meta: object) -> dict:
    body = pod("new", ready=False, phase="Pending", **meta)
    body["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": reason, "message": message}}
    return body


@pytest.mark.rule("D-7", "R-7.4", "R-11.2")
@pytest.mark.parametrize("message", ["401 unauthorized", "manifest unknown", "dial tcp"])
def test_what_pods_suffer_never_stops_a_write(message: str) -> None:
    plan = plan_of(*swapped(unready(), "Pod", waiting("ImagePullBackOff", message)))
    assert plan.status["status"] == "Failed"
    assert IS in kinds(plan)


@pytest.mark.rule("D-32")
def test_a_broken_rollout_of_a_serving_service_is_degraded() -> None:
    bad = waiting("CreateContainerConfigError", 'secret "x" not found', template_hash="h2", creationTimestamp="2026-11-23T15:00:00Z")
    plan = plan_of(*running_world(), bad)
    assert plan.status["status"] == "Degraded"
    assert condition(plan, "Ready")["status"] == "False"


@pytest.mark.rule("D-32", "R-11.8")
@pytest.mark.parametrize("kind", ["AIMModel", "AIMServiceTemplate", "AIMTemplateCache"])
@pytest.mark.parametrize("status", ["Failed", "Pending", "NotAvailable", None])
def test_trouble_of_anything_else_makes_a_serving_service_degraded_at_worst(kind: str, status: str | None) -> None:
    objects = running_world()
    if status is None:
        objects = swapped(objects, kind, None)
    else:
        part(objects, kind)["status"]["status"] = status
    assert plan_of(*objects).status["status"] in ("Degraded", "Starting")


@pytest.mark.rule("D-32", "D-28")
def test_a_config_that_vanishes_under_a_serving_service_makes_it_degraded() -> None:
    objects = running_world()
    objects[0]["spec"]["runtimeConfigName"] = "gone"
    plan = plan_of(*objects)
    assert plan.status["status"] == "Degraded"
    assert condition(plan, "Ready")["reason"] != "AllComponentsReady"


@pytest.mark.rule("R-11.2")
def test_pods_that_cannot_be_read_are_an_error_of_their_component() -> None:
    plan = plan_of(*swapped(running_world(), "Pod", None), unavailable={"Pod": Unreadable("Pod", "Timeout", "x")})
    assert condition(plan, "InferenceServicePodsReady")["reason"] == "Timeout"
    assert plan.retry


@pytest.mark.rule("R-11.4", "R-11.7")
def test_a_refused_write_is_what_the_component_says() -> None:
    refused = Outcome(Refusal.ADMISSION_DENIED, "denied the request: no", NOW)
    plan = plan_of(*ready_world(), outcomes={Key(IS, NS, ISVC): refused})
    assert said(plan, IS) == ("False", "AdmissionDenied")
    assert "denied the request: no" in condition(plan, "InferenceServiceReady")["message"]
    serving = plan_of(*running_world(), outcomes={Key(IS, NS, ISVC): refused})
    assert serving.status["status"] == "Degraded"


# ---- skeleton -------------------------------------------------------------------------------------------------------
@pytest.mark.rule("R-2.3", "R-2.4")
def test_a_paused_service_only_gets_its_finalizer() -> None:
    paused = service(annotations={"aim.eai.amd.com/reconciliation-paused": "true"}, finalizers=[])
    plan = plan_of(paused, model(), template())
    assert plan.add_finalizers == ("aim.eai.amd.com/template-cache-cleanup",)
    assert (plan.children, dict(plan.status), plan.events) == ((), {}, ())
    shouting = service(annotations={"aim.eai.amd.com/reconciliation-paused": "True"})
    assert plan_of(shouting).status["status"] == "Pending"


@pytest.mark.rule("R-2.3", "R-2.5", "R-1.1")
def test_the_finalizer_is_asked_for_in_every_plan() -> None:
    assert plan_of(*ready_world()).add_finalizers == ("aim.eai.amd.com/template-cache-cleanup",)


@pytest.mark.rule("R-2.7", "R-13.1")
def test_nothing_is_made_in_a_namespace_that_is_being_deleted() -> None:
    leaving = obj("v1", "Namespace", NS, metadata={"deletionTimestamp": "2026-11-23T15:00:00Z"})
    routing = {"enabled": True, "gatewayRef": {"name": "gw"}}
    assert plan_of(*ready_world(routing=routing), leaving).children == ()
    assert plan_of(service(), leaving).children == ()
    assert (KEY.name, UID) != ("", "")
