"""KServe: children, roll rule, status in both flavours, autoscaler classes."""

from __future__ import annotations

import dataclasses

import pytest

from aimcore.simulation.errors import ApiError
from aimcore.simulation.settings import Gateway, Image, KServe
from simulation.world.plays import CLASS, IMAGE, NS, Play, isvc, pod_metric, route

P = "qwen-predictor"
OLD, NEW = KServe(flavour="old"), KServe(flavour="new")


def ready(play: Play, type_: str = "Ready") -> tuple[str, str]:
    return play.condition("InferenceService", "qwen", type_)


def started(kserve: KServe = NEW, obj: dict | None = None, **changes: object) -> Play:
    play = Play(kserve=kserve, **changes)
    play.create(obj or isvc())
    play.run()
    return play


def edit(play: Play, patch: dict) -> None:
    play.merge("InferenceService", "qwen", patch)
    play.run()


def pod_names(play: Play) -> list[str]:
    return [p["metadata"]["name"] for p in play.pods()]


@pytest.mark.rule("F-14", "F-22", "F-25")
def test_a_service_gets_its_children_and_becomes_ready() -> None:
    play = started()
    made = play.get("InferenceService", "qwen")
    for kind in ("Service", "Deployment"):
        owner = play.get(kind, P)["metadata"]["ownerReferences"][0]
        assert (owner["uid"], owner["controller"], owner["blockOwnerDeletion"]) == (made["metadata"]["uid"], True, True)
    assert made["metadata"]["finalizers"] == ["inferenceservice.finalizers"]
    assert ready(play)[0] == "True"
    assert made["status"]["deploymentMode"] == "Standard"
    assert made["status"]["url"] == "http://qwen-ml-team.example.com"
    assert made["status"]["address"]["url"] == "http://qwen-predictor.ml-team.svc.cluster.local"
    assert made["status"]["modelStatus"]["transitionStatus"] == "UpToDate"
    assert play.get("Service", P)["spec"]["ports"][0]["targetPort"] == 8000
    assert "InferenceServiceReady" in play.events("InferenceService")
    assert [c["type"] for c in made["status"]["conditions"]] == ["IngressReady", "PredictorReady", "Ready", "Stopped"]


@pytest.mark.rule("F-22", "F-20")
def test_the_first_status_says_that_the_ingress_is_not_created() -> None:
    play = Play()
    play.create(isvc())
    play.run(2)
    assert ready(play, "IngressReady") == ("False", "Predictor ingress not created")
    assert ready(play)[0] == "False"
    assert play.get("InferenceService", "qwen")["status"]["modelStatus"]["states"]["targetModelState"] == "Pending"
    assert "url" not in play.get("InferenceService", "qwen")["status"]


@pytest.mark.rule("F-9", "F-12")
def test_labels_and_annotations_reach_the_pods_and_a_probe_is_added() -> None:
    play = started()
    (pod,) = play.pods()
    assert pod["metadata"]["labels"]["team"] == "research"
    assert pod["metadata"]["annotations"][CLASS] == "none"
    assert pod["metadata"]["labels"]["app"] == "isvc.qwen-predictor"
    container = pod["spec"]["containers"][0]
    assert container["readinessProbe"]["tcpSocket"] == {"port": 8000}
    assert {"name": "INFERENCE_SERVICE_NAME", "value": "qwen"} in container["env"]


@pytest.mark.rule("F-10")
def test_the_older_line_adds_no_environment() -> None:
    play = started(OLD)
    assert [e["name"] for e in play.pods()[0]["spec"]["containers"][0]["env"]] == ["A"]


@pytest.mark.rule("F-10")
@pytest.mark.parametrize(
    "patch",
    [
        {"metadata": {"labels": {"team": "sales"}}},
        {"metadata": {"annotations": {"x": "y"}}},
        {"spec": {"predictor": {"serviceAccountName": "default"}}},
    ],
)
def test_what_reaches_the_template_rolls_the_pods(patch: dict) -> None:
    play = started()
    before = pod_names(play)
    edit(play, patch)
    assert len(pod_names(play)) == 1
    assert pod_names(play) != before


@pytest.mark.rule("F-10", "F-18")
@pytest.mark.parametrize(
    "patch",
    [
        {"metadata": {"finalizers": ["inferenceservice.finalizers", "x.io/y"]}},
        {"spec": {"predictor": {"maxReplicas": 5}}},
    ],
)
def test_what_does_not_reach_the_template_leaves_the_pods_alone(patch: dict) -> None:
    play = started()
    before = pod_names(play)
    edit(play, patch)
    assert pod_names(play) == before


@pytest.mark.rule("F-11")
def test_a_restart_annotation_on_the_template_is_taken_back() -> None:
    play = started()
    play.merge("Deployment", P, {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/x": "1"}}}}})
    play.run()
    annotations = play.get("Deployment", P)["spec"]["template"]["metadata"]["annotations"]
    assert "kubectl.kubernetes.io/x" not in annotations
    assert play.get("Deployment", P)["metadata"]["generation"] == 3


@pytest.mark.rule("F-20", "F-21")
@pytest.mark.parametrize(("kserve", "during"), [(OLD, "Unknown"), (NEW, "True")])
def test_during_a_rollout_the_older_line_is_unknown_and_the_newer_stays_true(kserve: KServe, during: str) -> None:
    play = started(kserve)
    play.merge("InferenceService", "qwen", {"metadata": {"labels": {"team": "sales"}}})
    play.run(8)
    assert len(play.pods()) == 2
    assert ready(play, "PredictorReady")[0] == during
    play.run()
    assert ready(play)[0] == "True"


@pytest.mark.rule("F-18", "F-22")
def test_a_service_that_crashes_later_is_no_longer_ready_and_keeps_its_url() -> None:
    play = started()
    play.change(images=(Image(IMAGE, runs="crash"),))
    for pod in play.pods():
        play.delete("Pod", pod["metadata"]["name"])
    play.run(30)
    assert ready(play)[0] == "False"
    assert ready(play, "PredictorReady") == ("False", "MinimumReplicasUnavailable")
    assert play.get("InferenceService", "qwen")["status"]["url"]
    assert "InferenceServiceNotReady" in play.events("InferenceService")


@pytest.mark.rule("F-7", "F-8")
@pytest.mark.parametrize("flavour", ["old", "new"])
def test_a_mode_that_the_cluster_cannot_serve_is_rejected(flavour: str) -> None:
    play = started(KServe(flavour=flavour, default_mode="Knative"))
    assert play.events("InferenceService") == ["ServerlessModeRejected"]
    status = play.get("InferenceService", "qwen").get("status", {})
    assert status.get("deploymentMode") == (None if flavour == "old" else "Knative")
    assert not play.has("Deployment", P)
    play.change(kserve=KServe(flavour=flavour))
    play.run()
    assert play.has("Deployment", P) is (flavour == "old")


@pytest.mark.rule("F-16", "F-17")
@pytest.mark.parametrize("flavour", ["old", "new"])
def test_a_name_too_long_for_its_domain_has_no_child_at_all(flavour: str) -> None:
    name = "a" * 46
    play = started(KServe(flavour=flavour), isvc(name))
    assert play.events("InferenceService") == ["InternalError"]
    assert "must be no more than 63 characters" in play.message("InternalError")
    assert not play.has("Service", f"{name}-predictor")
    expected = ("False", "ReconcileFailed") if flavour == "new" else ("", "")
    assert play.condition("InferenceService", name, "PredictorReady") == expected


@pytest.mark.rule("F-17", "F-4")
def test_stock_resource_defaults_make_the_deployment_impossible_and_only_an_event_says_so() -> None:
    play = started(KServe(flavour="old", webhook_fills_resources=True))
    made = play.get("InferenceService", "qwen")
    assert made["spec"]["predictor"]["containers"][0]["resources"]["limits"]["cpu"] == "1"
    assert "must be less than or equal to cpu limit of 1" in play.message("InternalError")
    assert not play.has("Deployment", P)
    assert "conditions" not in made.get("status", {})


@pytest.mark.rule("F-17", "F-30")
def test_without_the_collector_kind_there_is_no_deployment() -> None:
    metrics = {"autoScaling": {"metrics": [pod_metric()]}}
    play = started(KServe(collector_installed=False), isvc(class_="keda", **metrics))
    assert 'no matches for kind "OpenTelemetryCollector"' in play.message("InternalError")
    assert play.has("Service", P)
    assert not play.has("Deployment", P)


@pytest.mark.rule("F-17", "F-28")
def test_class_keda_without_metrics_leaves_a_running_deployment_and_a_service_that_never_gets_ready() -> None:
    play = started(obj=isvc(class_="keda"))
    assert play.has("Deployment", P)
    assert not play.has("ScaledObject", P)
    assert "InternalError" in play.events("InferenceService")
    assert ready(play, "PredictorReady") == ("False", "ReconcileFailed")


@pytest.mark.rule("F-17")
def test_without_keda_installed_the_autoscaler_step_fails() -> None:
    play = Play()
    play.cluster.remove_type("ScaledObject")
    play.create(isvc(class_="keda", autoScaling={"metrics": [pod_metric()]}))
    play.run()
    assert 'no matches for kind "ScaledObject"' in play.message("InternalError")
    assert play.has("Deployment", P)


@pytest.mark.rule("F-15", "F-23")
def test_with_the_gateway_option_kserve_makes_routes_of_its_own() -> None:
    play = started(KServe(gateway_api=True))
    assert play.get("HTTPRoute", "qwen")["metadata"]["ownerReferences"][0]["kind"] == "InferenceService"
    assert play.has("HTTPRoute", P)
    assert ready(play, "IngressReady") == ("False", "ParentStatusNotAvailable")


@pytest.mark.rule("F-15")
def test_kserve_replaces_a_route_of_the_same_name() -> None:
    play = Play(kserve=KServe(gateway_api=True))
    play.create(route("qwen"), isvc())
    play.run()
    found = play.get("HTTPRoute", "qwen")
    assert found["metadata"]["ownerReferences"][0]["kind"] == "InferenceService"
    assert found["spec"]["hostnames"] == ["qwen-ml-team.example.com"]


@pytest.mark.rule("F-22")
def test_without_an_ingress_the_ingress_is_ready_from_the_start() -> None:
    play = Play(kserve=KServe(ingress=False))
    play.create(isvc())
    play.run(2)
    assert ready(play, "IngressReady")[0] == "True"


@pytest.mark.rule("F-18")
def test_a_stopped_service_loses_its_children() -> None:
    play = started()
    edit(play, {"metadata": {"annotations": {"serving.kserve.io/stop": "true"}}})
    assert ready(play, "Stopped") == ("True", "Stopped")
    assert not play.has("Deployment", P)
    assert play.pods() == []


@pytest.mark.rule("F-25")
@pytest.mark.parametrize("running", [True, False])
def test_a_service_goes_only_while_kserve_runs(running: bool) -> None:
    play = started()
    play.change(kserve=KServe(running=running))
    play.delete("InferenceService", "qwen")
    play.run()
    assert play.has("InferenceService", "qwen") is not running
    assert bool(play.pods()) is not running


# ---- autoscaler classes ----------------------------------------------------------------------------------------------
def keda_service(**more: object) -> dict:
    return isvc(class_="keda", replicas=1, maxReplicas=3, autoScaling={"metrics": [pod_metric()]}, **more)


@pytest.mark.rule("F-26")
def test_the_scaled_object_is_translated_field_by_field() -> None:
    play = started(obj=keda_service())
    found = play.get("ScaledObject", P)
    spec = found["spec"]
    assert spec["scaleTargetRef"] == {"name": P}
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (1, 3)
    assert spec["triggers"] == [
        {
            "type": "external",
            "metadata": {
                "metricQuery": 'sum(vllm:num_requests_running{namespace="ml-team", deployment="qwen-predictor"})',
                "targetValue": "1",
                "scalerAddress": "keda-otel-scaler.keda.svc:4318",
                "operationOverTime": "avg",
            },
        }
    ]
    windows = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert windows["scaleDown"]["stabilizationWindowSeconds"] == 300
    assert windows["scaleUp"]["stabilizationWindowSeconds"] == 0
    assert found["metadata"]["labels"]["team"] == "research"


@pytest.mark.rule("F-26")
def test_resource_and_external_metrics_become_triggers_of_their_own() -> None:
    source = {"backend": "prometheus", "serverAddress": "a", "query": "q"}
    metrics = [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}},
        {"type": "External", "external": {"metric": source, "target": {"value": "3"}}},
    ]
    play = started(obj=isvc(class_="keda", autoScaling={"metrics": metrics}))
    assert play.get("ScaledObject", P)["spec"]["triggers"] == [
        {"type": "cpu", "metadata": {"value": "80"}, "metricType": "Utilization"},
        {"type": "prometheus", "metadata": {"serverAddress": "a", "query": "q", "threshold": "3"}},
    ]


@pytest.mark.rule("F-29", "F-41")
def test_a_spec_change_replaces_the_scaled_object_with_its_metadata() -> None:
    play = started(obj=keda_service())
    play.merge("ScaledObject", P, {"metadata": {"annotations": {"foreign": "yes"}}})
    play.run(60)
    assert play.get("ScaledObject", P)["metadata"]["annotations"]["foreign"] == "yes"
    play.merge("InferenceService", "qwen", {"spec": {"predictor": {"maxReplicas": 4}}})
    play.world.stage.drain()
    play.change(keda=dataclasses.replace(play.world.settings.keda, running=False))
    play.run(60)
    metadata = play.get("ScaledObject", P)["metadata"]
    assert "foreign" not in metadata["annotations"]
    assert "finalizers" not in metadata
    play.change(keda=dataclasses.replace(play.world.settings.keda, running=True))
    play.run(60)
    assert play.get("ScaledObject", P)["metadata"]["finalizers"] == ["finalizer.keda.sh"]


@pytest.mark.rule("F-32")
def test_a_deleted_scaled_object_comes_back() -> None:
    play = started(obj=keda_service())
    before = play.get("ScaledObject", P)["metadata"]["uid"]
    play.delete("ScaledObject", P)
    play.run(60)
    assert play.get("ScaledObject", P)["metadata"]["uid"] != before


@pytest.mark.rule("F-34", "F-10")
def test_bounds_of_class_keda_reach_the_hpa_and_roll_nothing() -> None:
    play = started(obj=keda_service())
    before = pod_names(play)
    edit(play, {"spec": {"predictor": {"maxReplicas": 7}}})
    assert play.get("HorizontalPodAutoscaler", f"keda-hpa-{P}")["spec"]["maxReplicas"] == 7
    assert pod_names(play) == before


@pytest.mark.rule("F-31", "F-34")
def test_class_none_owns_the_replicas() -> None:
    play = started(obj=isvc(replicas=2))
    assert len(play.pods()) == 2
    play.merge("Deployment", P, {"spec": {"replicas": 5}})
    play.run()
    assert len(play.pods()) == 2
    edit(play, {"spec": {"predictor": {"minReplicas": 1}}})
    assert len(play.pods()) == 1


@pytest.mark.rule("F-31")
def test_class_external_leaves_the_replicas_alone() -> None:
    play = started(obj=isvc(class_="external", replicas=2))
    assert len(play.pods()) == 1
    play.merge("Deployment", P, {"spec": {"replicas": 2}})
    play.run()
    assert len(play.pods()) == 2


@pytest.mark.rule("F-31")
def test_without_a_class_an_hpa_on_cpu_is_made_and_class_none_takes_it_away() -> None:
    play = started(obj=isvc(class_=None))
    hpa = play.get("HorizontalPodAutoscaler", P)
    assert hpa["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 80
    edit(play, {"metadata": {"annotations": {CLASS: "none"}}})
    assert not play.has("HorizontalPodAutoscaler", P)


@pytest.mark.rule("F-31")
def test_leaving_class_keda_leaves_its_objects_behind() -> None:
    play = started(obj=keda_service())
    edit(play, {"metadata": {"annotations": {CLASS: "none"}}})
    assert play.has("ScaledObject", P)
    assert play.has("HorizontalPodAutoscaler", f"keda-hpa-{P}")


@pytest.mark.rule("F-31")
def test_from_keda_to_hpa_two_autoscalers_select_the_same_pods() -> None:
    play = started(obj=keda_service())
    edit(play, {"metadata": {"annotations": {CLASS: None}}})
    assert play.condition("HorizontalPodAutoscaler", P, "ScalingActive") == ("False", "AmbiguousSelector")


@pytest.mark.rule("F-31", "F-39")
def test_from_hpa_to_keda_the_webhook_refuses_the_scaled_object() -> None:
    play = started(obj=isvc(class_="hpa"))
    patch = {"spec": {"predictor": {"autoScaling": {"metrics": [pod_metric()]}}}}
    edit(play, {"metadata": {"annotations": {CLASS: "keda"}}, **patch})
    assert f"is already managed by the hpa '{P}'" in play.message("InternalError")


@pytest.mark.rule("F-35")
def test_a_foreign_hpa_of_the_same_name_is_overwritten_not_deleted() -> None:
    play = Play()
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": P}
    hpa = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": P, "namespace": NS}}
    play.create({**hpa, "spec": {"scaleTargetRef": target, "maxReplicas": 9}}, isvc(class_="external"))
    play.run()
    found = play.get("HorizontalPodAutoscaler", P)
    assert found["spec"]["maxReplicas"] == 1
    assert "ownerReferences" not in found["metadata"]


@pytest.mark.rule("F-24")
def test_kserve_does_not_wake_on_hpas_or_on_the_status_of_scaled_objects() -> None:
    play = started(obj=isvc(class_=None))
    play.delete("HorizontalPodAutoscaler", P)
    play.run()
    assert not play.has("HorizontalPodAutoscaler", P)
    edit(play, {"metadata": {"finalizers": ["inferenceservice.finalizers", "x.io/y"]}})
    assert play.has("HorizontalPodAutoscaler", P)


@pytest.mark.rule("F-19")
def test_a_condition_moves_in_time_with_its_reason_alone() -> None:
    play = Play(images=(Image(IMAGE, runs="hang"),))
    play.create(isvc())
    times = set()
    for _ in range(8):
        play.run(1)
        conditions = play.get("InferenceService", "qwen").get("status", {}).get("conditions", [])
        times |= {
            (c["status"], c.get("reason"), c["lastTransitionTime"]) for c in conditions if c["type"] == "PredictorReady"
        }
    changes = sorted(times, key=lambda t: t[2])
    assert len({t[:2] for t in changes}) == len(changes) > 1
    assert len({t[2] for t in changes}) > 1


@pytest.mark.rule("F-13", "F-97")
def test_without_the_pod_mutator_no_pod_can_be_made() -> None:
    play = started(failing_webhooks=("Pod",))
    assert play.condition("Deployment", P, "ReplicaFailure") == ("True", "FailedCreate")
    assert play.pods() == []


@pytest.mark.rule("F-23")
def test_the_reason_of_a_refused_route_of_its_own_is_copied() -> None:
    gateway = Gateway("kserve-ingress-gateway", "kserve", rejects="UnsupportedValue")
    play = started(KServe(gateway_api=True), gateways=(gateway,))
    assert ready(play, "IngressReady") == ("False", "UnsupportedValue")


@pytest.mark.rule("F-23")
def test_an_accepted_route_of_its_own_makes_the_ingress_ready() -> None:
    play = started(KServe(gateway_api=True), gateways=(Gateway("kserve-ingress-gateway", "kserve"),))
    assert ready(play, "IngressReady") == ("True", "")


# ---- admission -------------------------------------------------------------------------------------------------------
def refusal(obj: dict, kserve: KServe = NEW, update: dict | None = None) -> str:
    play = Play(kserve=kserve)
    if update is not None:
        play.create(obj)
        play.run(30)
    with pytest.raises(ApiError) as caught:
        play.create(obj) if update is None else play.merge("InferenceService", "qwen", update)
    assert caught.value.code == 403
    assert "details" not in caught.value.body
    prefix = 'admission webhook "inferenceservice.kserve-webhook-server.validator" denied the request: '
    assert caught.value.message.startswith(prefix)
    return caught.value.message.removeprefix(prefix)


def with_env(name: str, value: str) -> dict:
    obj = isvc()
    obj["spec"]["predictor"]["containers"][0]["env"].append({"name": name, "value": value})
    return obj


def with_metric(**target: object) -> dict:
    metric = pod_metric()
    metric["podmetric"]["target"] = target
    return isvc(class_="keda", autoScaling={"metrics": [metric]})


@pytest.mark.rule("F-5", "F-6")
@pytest.mark.parametrize(
    ("obj", "said"),
    [
        (isvc("1qwen"), 'the InferenceService "1qwen" is invalid'),
        (isvc(class_="kpa"), "[kpa] is not a supported autoscaler class type"),
        (isvc(class_=""), "[] is not a supported autoscaler class type"),
        (with_env("PYTHONPATH", "x"), 'setting PYTHONPATH in container "kserve-container" is not allowed'),
        (with_env("PROTOCOL", "v3"), "invalid protocol v3. Must be one of [v1, v2]"),
        (isvc(containers=[]), "exactly one of [...] must be specified in PredictorSpec"),
        (isvc(minReplicas=-1), "'MinReplicas' cannot be less than 0"),
        (isvc(maxReplicas=-1), "'MaxReplicas' cannot be less than 0"),
        (isvc(minReplicas=3, maxReplicas=2), "'MinReplicas' cannot be greater than MaxReplicas"),
        (isvc(class_="keda", autoScaling={"metrics": [pod_metric(query="")]}), "the query should not be empty"),
        (with_metric(type="Value"), "the target threshold value should not be empty"),
        (with_metric(type="Utilization", value="1"), "the AverageUtilization type should be set"),
        (
            with_metric(type="Utilization", value="1", averageUtilization=101),
            "the target utilization percentage should be a [1-100] integer",
        ),
        (with_metric(type="AverageValue", value="1"), "the AverageValue type should be set"),
        (
            isvc(class_="hpa", autoScaling={"metrics": [pod_metric()]}),
            "invalid HPA metric source type with value [PodMetric]",
        ),
    ],
)
def test_the_validator_refuses(obj: dict, said: str) -> None:
    assert refusal(obj).startswith(said)


@pytest.mark.rule("F-5")
def test_the_mode_of_a_running_service_cannot_be_changed() -> None:
    update = {"metadata": {"annotations": {"serving.kserve.io/deploymentMode": "Serverless"}}}
    said = refusal(isvc(), update=update)
    assert said == "update rejected: deploymentMode cannot be changed from 'Standard' to 'Knative'"


@pytest.mark.rule("F-5")
def test_the_older_line_accepts_pythonpath_and_an_absent_class_takes_any_metric() -> None:
    play = Play(kserve=OLD)
    play.create(with_env("PYTHONPATH", "x"))
    play.create(isvc("other", class_=None, autoScaling={"metrics": [pod_metric()]}))


@pytest.mark.rule("F-4")
def test_the_defaulter_adds_the_mode_and_names_the_container() -> None:
    obj = isvc()
    obj["spec"]["predictor"]["containers"][0]["name"] = "mine"
    obj["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] = "RawDeployment"
    made = Play().create(obj)
    assert made["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] == "Standard"
    assert made["spec"]["predictor"]["containers"][0]["name"] == "kserve-container"
    off = Play(kserve=KServe(webhook="off")).create(obj)
    assert off["spec"]["predictor"]["containers"][0]["name"] == "mine"
    knative = Play(kserve=KServe(default_mode="Knative")).create(isvc())
    assert "serving.kserve.io/deploymentMode" not in knative["metadata"]["annotations"]


@pytest.mark.rule("F-6")
def test_a_webhook_that_is_down_refuses_every_write_with_a_500() -> None:
    play = Play(kserve=KServe(webhook="failing"))
    with pytest.raises(ApiError) as caught:
        play.create(isvc())
    assert (caught.value.code, caught.value.reason) == (500, "InternalError")


def test_a_webhook_of_somebody_else_can_fail_for_any_kind() -> None:
    play = Play(failing_webhooks=("Service",))
    play.create(isvc())
    play.run(10)
    assert "failed calling webhook" in play.message("InternalError")
    play.change(failing_webhooks=())
    play.run()
    assert ready(play)[0] == "True"
    assert play.world.troubles == {}


@pytest.mark.rule("F-21", "F-20")
def test_a_quota_shows_as_failed_create() -> None:
    play = started(pod_quota={NS: 0})
    assert ready(play, "PredictorReady") == ("False", "FailedCreate")
