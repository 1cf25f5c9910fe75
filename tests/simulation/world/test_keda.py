"""KEDA, its webhook, and the HPA controller."""

from __future__ import annotations

import pytest

from aimcore.simulation.errors import ApiError
from aimcore.simulation.settings import Keda
from simulation.world.plays import NS, Play, deployment, scaled_object

HPA = "keda-hpa-so"


def scaled(settings: Keda | None = None, obj: dict | None = None) -> Play:
    play = Play(keda=settings or Keda())
    play.create(deployment(), obj or scaled_object())
    play.run()
    return play


def ready(play: Play) -> tuple[str, str]:
    return play.condition("ScaledObject", "so", "Ready")


def replicas(play: Play) -> int:
    return play.get("Deployment", "app")["spec"]["replicas"]


@pytest.mark.rule("F-41", "F-42", "F-45", "F-47")
def test_keda_marks_the_object_and_reports_without_times() -> None:
    play = scaled()
    found = play.get("ScaledObject", "so")
    assert found["metadata"]["finalizers"] == ["finalizer.keda.sh"]
    assert found["metadata"]["labels"] == {"ours": "yes", "scaledobject.keda.sh/name": "so"}
    assert found["metadata"]["generation"] == 1
    conditions = found["status"]["conditions"]
    assert {c["type"]: (c["status"], c.get("reason", "")) for c in conditions} == {
        "Ready": ("True", "ScaledObjectReady"),
        "Active": ("False", "ScalerNotActive"),
        "Fallback": ("False", "NoFallbackFound"),
        "Paused": ("False", ""),
    }
    assert not any("lastTransitionTime" in c for c in conditions)
    assert found["status"]["hpaName"] == HPA
    assert found["status"]["scaleTargetKind"] == "apps/v1.Deployment"
    assert play.events("ScaledObject") == ["ScaledObjectReady"]


@pytest.mark.rule("F-48", "F-49", "F-50", "F-52")
def test_the_hpa_carries_all_labels_of_the_scaled_object() -> None:
    hpa = scaled().get("HorizontalPodAutoscaler", HPA)
    labels = hpa["metadata"]["labels"]
    assert labels["ours"] == "yes"
    assert labels["app.kubernetes.io/managed-by"] == "keda-operator"
    assert hpa["metadata"]["ownerReferences"][0]["kind"] == "ScaledObject"
    assert "generation" not in hpa["metadata"]
    assert hpa["spec"]["scaleTargetRef"]["name"] == "app"
    assert (hpa["spec"]["minReplicas"], hpa["spec"]["maxReplicas"]) == (1, 3)
    external = hpa["spec"]["metrics"][0]["external"]
    assert external["metric"]["selector"]["matchLabels"] == {"scaledobject.keda.sh/name": "so"}
    assert external["target"] == {"type": "AverageValue", "averageValue": "2"}


@pytest.mark.rule("F-41")
def test_a_foreign_edit_of_the_hpa_is_taken_back() -> None:
    play = scaled()
    play.merge("HorizontalPodAutoscaler", HPA, {"spec": {"maxReplicas": 9}})
    play.run()
    assert play.get("HorizontalPodAutoscaler", HPA)["spec"]["maxReplicas"] == 3
    play.delete("HorizontalPodAutoscaler", HPA)
    play.run()
    assert play.has("HorizontalPodAutoscaler", HPA)


@pytest.mark.rule("F-42")
def test_a_missing_target_is_a_failed_check() -> None:
    play = Play()
    play.create(scaled_object())
    play.run()
    assert ready(play) == ("False", "ScaledObjectCheckFailed")
    assert not play.has("HorizontalPodAutoscaler", HPA)
    play.create(deployment())
    play.run()
    assert ready(play)[0] == "True"


@pytest.mark.rule("F-43")
def test_an_unreachable_scaler_at_first_means_no_hpa() -> None:
    play = scaled(Keda(scaler_reachable=False))
    assert ready(play) == ("False", "ScaledObjectCheckFailed")
    message = play.get("ScaledObject", "so")["status"]["conditions"][0]["message"]
    assert message.endswith("no metric specs returned from scalers for ScaledObject ml-team/so")
    assert not play.has("HorizontalPodAutoscaler", HPA)


@pytest.mark.rule("F-43")
def test_older_keda_writes_an_hpa_that_scales_on_cpu() -> None:
    play = scaled(Keda(scaler_reachable=False, version="2.19"))
    assert play.get("HorizontalPodAutoscaler", HPA)["spec"]["metrics"][0]["type"] == "Resource"


@pytest.mark.rule("F-43", "F-53")
def test_a_scaler_that_stops_answering_later_leaves_the_hpa() -> None:
    play = scaled()
    play.change(keda=Keda(scaler_reachable=False))
    play.run()
    assert ready(play) == ("False", "TriggerError")
    active = play.condition("HorizontalPodAutoscaler", HPA, "ScalingActive")
    assert active == ("False", "FailedGetExternalMetric")


@pytest.mark.rule("F-44")
@pytest.mark.parametrize(
    ("annotation", "value", "paused"),
    [("paused", "true", True), ("paused", "yes", True), ("paused", "false", False), ("paused-replicas", "2", True)],
)
def test_a_paused_object_has_no_hpa_and_keeps_its_replicas(annotation: str, value: str, paused: bool) -> None:
    play = scaled()
    play.merge("ScaledObject", "so", {"metadata": {"annotations": {f"autoscaling.keda.sh/{annotation}": value}}})
    play.run()
    assert play.has("HorizontalPodAutoscaler", HPA) is not paused
    assert (play.condition("ScaledObject", "so", "Paused")[0] == "True") is paused
    assert replicas(play) == (2 if annotation == "paused-replicas" else 1)
    play.merge("ScaledObject", "so", {"metadata": {"annotations": {f"autoscaling.keda.sh/{annotation}": None}}})
    play.run()
    assert play.has("HorizontalPodAutoscaler", HPA)
    assert play.condition("ScaledObject", "so", "Paused")[0] == "False"


@pytest.mark.rule("F-46")
@pytest.mark.parametrize("running", [True, False])
def test_a_scaled_object_goes_only_while_keda_runs(running: bool) -> None:
    play = scaled()
    play.change(keda=Keda(running=running))
    play.delete("ScaledObject", "so")
    play.run()
    assert play.has("ScaledObject", "so") is not running
    assert play.has("HorizontalPodAutoscaler", HPA) is not running


@pytest.mark.rule("F-42")
def test_an_hpa_of_that_name_that_is_not_its_own_is_a_failed_check() -> None:
    play = Play(keda=Keda(webhook="off"))
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "other"}
    hpa = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": HPA, "namespace": NS},
    }
    play.create({**hpa, "spec": {"scaleTargetRef": target, "maxReplicas": 9}}, deployment(), scaled_object())
    play.run()
    assert ready(play) == ("False", "ScaledObjectCheckFailed")
    assert play.get("HorizontalPodAutoscaler", HPA)["spec"]["maxReplicas"] == 9


@pytest.mark.rule("F-48", "F-49")
def test_cpu_triggers_become_resource_metrics() -> None:
    average = {"type": "memory", "metadata": {"value": "1Gi"}, "metricType": "AverageValue"}
    obj = scaled_object(triggers=[{"type": "cpu", "metadata": {"value": "80"}}, average])
    play = scaled(obj=obj)
    targets = [m["resource"]["target"] for m in play.get("HorizontalPodAutoscaler", HPA)["spec"]["metrics"]]
    assert targets == [
        {"type": "Utilization", "averageUtilization": 80},
        {"type": "AverageValue", "averageValue": "1Gi"},
    ]


# ---- webhook ---------------------------------------------------------------------------------------------------------
def cpu(**more: object) -> dict:
    trigger = {"type": "cpu", "metadata": {"value": "80"}, "metricType": "Utilization"}
    return scaled_object(triggers=[trigger], **more)


NAMED = [{"type": "x", "name": "n", "metadata": {}}, {"type": "x", "name": "n", "metadata": {}}]


@pytest.mark.rule("F-39", "F-40")
@pytest.mark.parametrize(
    ("obj", "said"),
    [
        (scaled_object("o"), "workload 'app' of type 'apps/v1.Deployment' is already managed by the ScaledObject 'so'"),
        (
            scaled_object("o", "b", advanced={"horizontalPodAutoscalerConfig": {"name": HPA}}),
            f"the HPA '{HPA}' is already managed by the ScaledObject 'so'",
        ),
        (scaled_object("x" * 64, "b"), "is 64 characters long"),
        (scaled_object("x" * 60, "b"), "derived from scaledobject is 69 characters long"),
        (scaled_object("o", "b", minReplicaCount=4), "MinReplicaCount=4 must be less than MaxReplicaCount=3"),
        (scaled_object("o", "b", idleReplicaCount=1), "IdleReplicaCount=1 must be less than MinReplicaCount=1"),
        (cpu(minReplicaCount=0), "scaledobject has only cpu/memory triggers AND minReplica is 0"),
        (cpu(fallback={"failureThreshold": 1, "replicas": 1}), "has to have the AverageValue type"),
        (scaled_object("o", "b", triggers=NAMED), 'triggerName "n" is defined multiple times'),
    ],
)
def test_the_webhook_refuses(obj: dict, said: str) -> None:
    play = scaled()
    with pytest.raises(ApiError) as caught:
        play.create(obj)
    assert said in caught.value.message


@pytest.mark.rule("F-39")
@pytest.mark.parametrize(
    ("annotations", "so", "refused"),
    [
        ({}, {}, True),
        ({"validations.keda.sh/hpa-ownership": "false"}, {}, False),
        ({}, {"scaledobject.keda.sh/transfer-hpa-ownership": "true"}, True),
    ],
)
def test_an_hpa_of_somebody_else_on_the_same_workload_is_in_the_way(annotations: dict, so: dict, refused: bool) -> None:
    play = Play()
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"}
    metadata = {"name": "own", "namespace": NS, "annotations": annotations}
    hpa = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata}
    play.create(deployment(), {**hpa, "spec": {"scaleTargetRef": target, "maxReplicas": 3}})
    wanted = scaled_object()
    wanted["metadata"]["annotations"] = so
    if not refused:
        play.create(wanted)
        return
    with pytest.raises(ApiError) as caught:
        play.create(wanted)
    said = "must be specified by name in advanced settings" if so else "is already managed by the hpa 'own'"
    assert said in caught.value.message


@pytest.mark.rule("F-38")
@pytest.mark.parametrize("webhook", ["off", "failing"])
def test_a_dead_webhook_lets_everything_pass(webhook: str) -> None:
    play = Play(keda=Keda(webhook=webhook))
    play.create(deployment(), scaled_object(), scaled_object("other"))
    play.run()
    active = play.condition("HorizontalPodAutoscaler", HPA, "ScalingActive")
    assert active == ("False", "AmbiguousSelector")


@pytest.mark.rule("F-38")
def test_a_finalizer_can_be_removed_from_an_object_that_would_be_refused_now() -> None:
    play = scaled()
    play.change(keda=Keda(webhook="off", running=False))
    play.create(scaled_object("other"))
    play.change(keda=Keda(running=False))
    play.merge("ScaledObject", "so", {"metadata": {"finalizers": None}})
    assert "finalizers" not in play.get("ScaledObject", "so")["metadata"]


# ---- the HPA controller ----------------------------------------------------------------------------------------------
@pytest.mark.rule("F-51", "F-53")
def test_load_scales_up_to_the_maximum_and_idleness_down_to_the_minimum() -> None:
    play = scaled()
    assert play.condition("HorizontalPodAutoscaler", HPA, "ScalingLimited") == ("True", "TooFewReplicas")
    play.change(keda=Keda(loads={f"{NS}/so": 4.0}))
    play.run()
    assert replicas(play) == 2
    assert play.condition("HorizontalPodAutoscaler", HPA, "ScalingLimited") == ("False", "DesiredWithinRange")
    assert play.condition("HorizontalPodAutoscaler", HPA, "AbleToScale") == ("True", "ReadyForNewScale")
    play.change(keda=Keda(loads={f"{NS}/so": 400.0}))
    play.run()
    assert replicas(play) == 3
    assert play.condition("HorizontalPodAutoscaler", HPA, "ScalingLimited") == ("True", "TooManyReplicas")
    assert play.condition("ScaledObject", "so", "Active") == ("True", "ScalerActive")
    play.change(keda=Keda())
    play.run()
    assert replicas(play) == 1
    assert "SuccessfulRescale" in play.events("HorizontalPodAutoscaler")


@pytest.mark.rule("F-53", "F-51")
def test_the_bounds_are_enforced_before_any_metric_is_read() -> None:
    play = scaled()
    play.change(keda=Keda(scaler_reachable=False))
    play.run()
    play.merge("Deployment", "app", {"spec": {"replicas": 5}})
    play.run(15)
    assert replicas(play) == 3
    conditions = play.get("HorizontalPodAutoscaler", HPA)["status"]["conditions"]
    assert [(c["type"], c["reason"]) for c in conditions] == [("AbleToScale", "SucceededRescale")]


@pytest.mark.rule("F-53")
def test_a_target_at_zero_is_not_scaled() -> None:
    play = scaled()
    play.merge("Deployment", "app", {"spec": {"replicas": 0}})
    play.run()
    active = play.condition("HorizontalPodAutoscaler", HPA, "ScalingActive")
    assert active == ("False", "ScalingDisabled")


@pytest.mark.rule("F-53")
def test_a_rescale_that_is_refused_is_told_and_done_when_nothing_refuses_it() -> None:
    play = scaled()
    play.change(keda=Keda(loads={f"{NS}/so": 6.0}), failing_webhooks=("Deployment",))
    play.run()
    able, active = (play.condition("HorizontalPodAutoscaler", HPA, t) for t in ("AbleToScale", "ScalingActive"))
    assert (able, active) == (("False", "FailedUpdateScale"), ("True", "ValidMetricFound"))
    assert "FailedRescale" in play.events("HorizontalPodAutoscaler")
    assert play.world.next_wake() is None
    play.change(failing_webhooks=())
    play.run()
    assert play.condition("HorizontalPodAutoscaler", HPA, "AbleToScale")[0] == "True"
    assert play.get("Deployment", "app")["spec"]["replicas"] == 3


@pytest.mark.rule("F-53")
def test_without_its_target_an_hpa_says_only_that_it_cannot_scale() -> None:
    play = scaled()
    play.delete("Deployment", "app")
    play.run()
    conditions = play.get("HorizontalPodAutoscaler", HPA)["status"]["conditions"]
    assert [(c["type"], c["reason"]) for c in conditions] == [("AbleToScale", "FailedGetScale")]
