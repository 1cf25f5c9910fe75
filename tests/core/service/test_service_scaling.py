"""Autoscaling: what the InferenceService says, who writes the ScaledObject, and how it fares."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from service_world import (
    IMAGE,
    ISVC,
    NS,
    UID,
    child,
    condition,
    kinds,
    obj,
    owner_ref,
    plan_of,
    ready_world,
    running_world,
    runtime_config,
    said,
    types,
)

from aimcore.snapshot import NotInstalled, Unreadable

CLASS = "serving.kserve.io/autoscalerClass"
ISVC_UID = f"uid-InferenceService-{ISVC}"
PREDICTOR = f"{ISVC}-predictor"


def metric(*, target: dict | None = None, **measured: Any) -> dict:
    return {
        "type": "PodMetric",
        "podmetric": {
            "metric": {"query": "vllm:num_requests_running", **measured},
            "target": target or {"type": "Value", "value": "1"},
        },
    }


def scaled(*metrics: dict, **spec: Any) -> dict:
    body: dict = {"minReplicas": 1, "maxReplicas": 3, **spec}
    return {**body, "autoScaling": {"metrics": list(metrics)}} if metrics else body


def scaled_object(owner: str = ISVC_UID, *, conditions: dict[str, tuple] | None = None, **spec: Any) -> dict:
    said_ = [
        {"type": t, "status": s, "reason": r, "message": f"{t} message"} for t, (s, r) in (conditions or {}).items()
    ]
    body = {
        "minReplicaCount": 1,
        "maxReplicaCount": 3,
        "triggers": [{"type": "cpu", "metadata": {"value": "80"}}],
        **spec,
    }
    meta = {"ownerReferences": [owner_ref(uid=owner, kind="InferenceService", name=ISVC)]} if owner else {}
    return obj(
        "keda.sh/v1alpha1", "ScaledObject", PREDICTOR, NS, spec=body, status={"conditions": said_}, metadata=meta
    )


def hpa(**conditions: str) -> dict:
    return obj(
        "autoscaling/v2", "HorizontalPodAutoscaler", f"keda-hpa-{PREDICTOR}", NS,
        spec={"minReplicas": 1, "maxReplicas": 3},
        status={
            "currentReplicas": 2, "desiredReplicas": 3,
            "conditions": [{"type": t, "status": s, "message": f"{t} message"} for t, s in conditions.items()],
        },
        metadata={"ownerReferences": [owner_ref(uid="so", kind="ScaledObject")]},
    )  # fmt: skip


def predictor(plan: Any) -> dict:
    return child(plan, "InferenceService")["spec"]["predictor"]


def classes(plan: Any) -> str:
    return child(plan, "InferenceService")["metadata"]["annotations"][CLASS]


# ---- the InferenceService -------------------------------------------------------------------------------------------
@pytest.mark.rule("R-8.9", "R-8.10", "D-37")
@pytest.mark.parametrize(
    ("spec", "bounds", "on"),
    [
        ({}, (1, 1), False),
        ({"replicas": 3}, (3, 3), False),
        ({"minReplicas": 2}, (2, 2), True),
        ({"maxReplicas": 4}, (1, 4), True),
        ({"autoScaling": {}}, (1, 1), True),
        ({"replicas": 9, "minReplicas": 2, "maxReplicas": 5}, (2, 5), True),
    ],
)
def test_bounds_and_class(spec: dict, bounds: tuple[int, int], on: bool) -> None:
    plan = plan_of(*ready_world(**spec))
    assert (predictor(plan)["minReplicas"], predictor(plan)["maxReplicas"]) == bounds
    assert classes(plan) == ("keda" if on else "none")
    notes = child(plan, "InferenceService")["metadata"]["annotations"]
    assert ("sidecar.opentelemetry.io/inject" in notes, "prometheus.kserve.io/port" in notes) == (on, on)
    if on:
        assert predictor(plan)["autoScaling"] == {
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
                }
            ]
        }
    else:
        assert "autoScaling" not in predictor(plan)


@pytest.mark.rule("D-38", "R-8.11")
def test_an_average_is_also_written_where_kserve_reads_it_and_a_query_is_found() -> None:
    plan = plan_of(
        *ready_world(
            **scaled(
                metric(
                    query="",
                    metricNames=["m"],
                    target={"type": "AverageValue", "averageValue": "2", "averageUtilization": 5},
                )
            )
        )
    )
    assert predictor(plan)["autoScaling"]["metrics"] == [
        {
            "type": "PodMetric",
            "podmetric": {
                "metric": {"backend": "opentelemetry", "metricNames": ["m"], "query": "m"},
                "target": {"type": "AverageValue", "value": "2", "averageValue": "2", "averageUtilization": 5},
            },
        }
    ]


# ---- who writes -----------------------------------------------------------------------------------------------------
def by_us() -> dict:
    return runtime_config(autoscaling={"scaledObject": "aim"})


def live_class(objects: list[dict], value: str) -> list[dict]:
    objects = copy.deepcopy(objects)
    live = next(o for o in objects if o["kind"] == "InferenceService")
    live["metadata"]["annotations"][CLASS] = value
    return objects


def test_kserve_writes_by_default_and_the_expected_object_is_a_note() -> None:
    plan = plan_of(*running_world(**scaled(metric(serverAddress="a:1", operationOverTime="avg"))))
    assert "ScaledObject" not in kinds(plan)
    note = next(n for n in plan.notes if n.stage == "autoscaling")
    expected = json.loads(note.message.removeprefix("KServe is expected to write "))
    assert expected["spec"] == {
        "scaleTargetRef": {"name": PREDICTOR},
        "minReplicaCount": 1,
        "maxReplicaCount": 3,
        "triggers": [
            {
                "type": "external",
                "metadata": {
                    "scalerAddress": "a:1",
                    "metricQuery": f'sum(vllm:num_requests_running{{namespace="{NS}", deployment="{PREDICTOR}"}})',
                    "targetValue": "1",
                    "operationOverTime": "avg",
                },
            }
        ],
    }


@pytest.mark.rule("D-39")
def test_under_the_class_external_we_write_it_with_the_right_metric_type() -> None:
    objects = running_world(
        by_us(), **scaled(metric(), metric(query="rate(x[1m])", target={"type": "AverageValue", "averageValue": "2"}))
    )
    plan = plan_of(*objects)
    assert classes(plan) == "external"
    made = child(plan, "ScaledObject")
    assert made["metadata"]["ownerReferences"] == [owner_ref()]
    first, second = made["spec"]["triggers"]
    assert first["metricType"] == "Value"
    assert first["metadata"]["operationOverTime"] == "last_one"
    assert first["metadata"]["scalerAddress"] == "keda-otel-scaler.keda.svc:4318"
    assert second["metricType"] == "AverageValue"
    assert second["metadata"]["metricQuery"] == "rate(x[1m])"


def test_without_metrics_we_scale_on_cpu() -> None:
    made = child(plan_of(*running_world(by_us(), **scaled())), "ScaledObject")
    assert made["spec"]["triggers"] == [{"type": "cpu", "metricType": "Utilization", "metadata": {"value": "80"}}]


def test_the_writer_of_a_running_service_changes_only_when_its_owner_says_so() -> None:
    kserves = running_world(**scaled())
    assert classes(plan_of(*kserves, by_us())) == "keda"
    latest = copy.deepcopy(kserves)
    latest[0]["metadata"]["annotations"] = {"aim.eai.amd.com/render-revision": "latest"}
    assert classes(plan_of(*latest, by_us())) == "external"
    ours = [o for o in running_world(by_us(), **scaled()) if o["kind"] != "AIMRuntimeConfig"]
    assert classes(plan_of(*ours)) == "external"
    switched_on = running_world()
    switched_on[0]["spec"].update(scaled())
    assert classes(plan_of(*switched_on, by_us())) == "external"


def test_ours_is_written_only_after_the_class_has_changed_and_the_old_one_is_gone() -> None:
    objects = running_world(by_us(), **scaled())
    before = plan_of(*live_class(objects, "none"))
    assert "ScaledObject" not in kinds(before)
    leftover = plan_of(*objects, scaled_object())
    assert "ScaledObject" not in kinds(leftover)
    assert [d.key.kind for d in leftover.deletions] == ["ScaledObject"]
    own = plan_of(*objects, scaled_object(UID))
    assert "ScaledObject" in kinds(own)
    assert own.deletions == ()
    leaving = scaled_object(UID)
    leaving["metadata"]["deletionTimestamp"] = "2026-11-23T15:00:00Z"
    assert "ScaledObject" not in kinds(plan_of(*objects, leaving))
    down = {"ScaledObject": Unreadable("ScaledObject", "Timeout", "x")}
    assert "ScaledObject" not in kinds(plan_of(*objects, unavailable=down))


# ---- switching off --------------------------------------------------------------------------------------------------
@pytest.mark.rule("D-39")
def test_switched_off_first_the_class_changes_then_the_leftover_is_deleted() -> None:
    objects = running_world(**scaled())
    for field in ("minReplicas", "maxReplicas"):
        del objects[0]["spec"][field]
    first = plan_of(*objects, scaled_object(), hpa(ScalingActive="True"))
    assert classes(first) == "none"
    assert first.deletions == ()
    assert said(first, "HPA") == ("False", "ScaledObjectRemoving")
    assert "class" in condition(first, "HPAReady")["message"]
    second = plan_of(*live_class(objects, "none"), scaled_object(), hpa(ScalingActive="True"))
    assert [(d.key.kind, d.uid) for d in second.deletions] == [("ScaledObject", f"uid-ScaledObject-{PREDICTOR}")]
    third = plan_of(*live_class(objects, "none"), hpa(ScalingActive="True"))
    assert said(third, "HPA") == ("False", "HPARemoving")
    assert third.deletions == ()
    assert "HPAReady" not in types(plan_of(*live_class(objects, "none")))


@pytest.mark.rule("D-39")
@pytest.mark.parametrize(("owner", "deleted"), [(ISVC_UID, True), (UID, True), ("someone", False), ("", False)])
def test_only_objects_of_ours_are_deleted(owner: str, deleted: bool) -> None:
    plan = plan_of(*running_world(), scaled_object(owner))
    assert bool(plan.deletions) == deleted
    assert ("HPAReady" in types(plan)) == deleted


@pytest.mark.rule("R-2.8")
def test_a_service_that_never_scaled_says_nothing_of_it() -> None:
    plan = plan_of(*running_world(), unavailable={"ScaledObject": NotInstalled("ScaledObject")})
    assert "HPAReady" not in types(plan)
    assert plan.status["status"] == "Running"


# ---- health ---------------------------------------------------------------------------------------------------------
READY = {"Ready": ("True", "ScaledObjectReady")}
HEALTH = [
    ("absent", [], ("False", "HPANotFound")),
    (
        "operational",
        [scaled_object(conditions=READY), hpa(ScalingActive="True", AbleToScale="True")],
        ("True", "HPAOperational"),
    ),
    ("without scaled object", [hpa(ScalingActive="True")], ("True", "HPAOperational")),
    ("no metrics", [hpa(ScalingActive="False")], ("False", "MetricsFailed")),
    ("no condition of activity", [hpa(AbleToScale="True")], ("False", "MetricsFailed")),
    ("no conditions yet", [hpa()], ("False", "WaitingForMetrics")),
    ("target", [hpa(ScalingActive="True", AbleToScale="False")], ("False", "ScaleTargetNotReady")),
    (
        "rejected",
        [scaled_object(conditions={"Ready": ("False", "ScaledObjectCheckFailed")})],
        ("False", "ScaledObjectCheckFailed"),
    ),
    ("paused", [scaled_object(conditions={"Paused": ("True", "ScaledObjectPaused")})], ("False", "ScaledObjectPaused")),
    (
        "fallback",
        [scaled_object(conditions={**READY, "Fallback": ("True", "FallbackExists")})],
        ("False", "FallbackExists"),
    ),
    (
        "idle",
        [scaled_object(conditions={**READY, "Active": ("False", "ScalerNotActive")}), hpa(ScalingActive="True")],
        ("True", "HPAOperational"),
    ),
]


@pytest.mark.rule("R-11.2", "R-11.5")
@pytest.mark.parametrize(("case", "objects", "expected"), HEALTH, ids=[h[0] for h in HEALTH])
def test_how_autoscaling_fares(case: str, objects: list[dict], expected: tuple[str, str]) -> None:
    plan = plan_of(*running_world(**scaled()), *objects)
    assert said(plan, "HPA") == expected
    assert plan.status["status"] == ("Running" if expected[0] == "True" else plan.status["status"])
    assert plan.status["status"] in ("Running", "Starting", "Degraded"), case


@pytest.mark.rule("R-11.2")
def test_before_the_runtime_is_ready_missing_metrics_are_normal() -> None:
    objects = [o for o in running_world(**scaled()) if o["kind"] not in ("Deployment", "Pod")]
    live = next(o for o in objects if o["kind"] == "InferenceService")
    live["status"]["conditions"][0]["status"] = "False"
    assert said(plan_of(*objects, hpa(ScalingActive="False")), "HPA") == ("False", "WaitingForMetrics")
    failing = scaled_object(conditions={"Ready": ("False", "ScaledObjectCheckFailed")})
    plan = plan_of(*objects, failing)
    assert said(plan, "HPA") == ("False", "ScaledObjectCheckFailed")
    assert plan.status["status"] == "Starting"
    assert said(plan_of(*ready_world(**scaled())), "HPA") == ("False", "HPANotFound")


def test_without_keda_the_service_says_so() -> None:
    plan = plan_of(*running_world(**scaled()), unavailable={"ScaledObject": NotInstalled("ScaledObject")})
    assert said(plan, "HPA") == ("False", "KindNotInstalled")
    assert plan.status["status"] == "Degraded"


@pytest.mark.parametrize("kind", ["ScaledObject", "HorizontalPodAutoscaler"])
def test_what_cannot_be_read_is_an_error_of_the_component(kind: str) -> None:
    plan = plan_of(*running_world(**scaled()), unavailable={kind: Unreadable(kind, "Timeout", "x")})
    assert said(plan, "HPA") == ("False", "HPAFetchError")
    assert plan.retry


@pytest.mark.rule("D-37")
def test_scaling_on_cpu_without_a_request_is_said() -> None:
    objects = running_world(**scaled())
    live = next(o for o in objects if o["kind"] == "InferenceService")
    live["spec"]["predictor"]["containers"][0]["resources"] = {}
    assert "without a CPU request" in condition(plan_of(*objects), "HPAReady")["message"]


def test_a_scaled_object_that_differs_is_said_and_never_false() -> None:
    other = scaled_object(conditions=READY, minReplicaCount=2, maxReplicaCount=9, triggers=[{"type": "memory"}])
    plan = plan_of(*running_world(**scaled()), other, hpa(ScalingActive="True"))
    assert said(plan, "HPA") == ("True", "HPAOperational")
    message = condition(plan, "HPAReady")["message"]
    assert "minReplicaCount is 2, expected 1" in message
    assert "maxReplicaCount is 9, expected 3" in message
    assert "queries" in message


@pytest.mark.rule("R-11.9")
def test_the_numbers_come_from_the_autoscaler() -> None:
    plan = plan_of(*running_world(**scaled()), hpa(ScalingActive="True"))
    assert plan.status["runtime"] == {
        "currentReplicas": 2, "desiredReplicas": 3, "minReplicas": 1, "maxReplicas": 3, "replicas": "2/3 (1-3)",
        "renderRevision": 2,
    }  # fmt: skip
    without = plan_of(*ready_world(replicas=3)).status["runtime"]
    assert without == {"currentReplicas": 3, "desiredReplicas": 3, "minReplicas": 3, "maxReplicas": 3, "replicas": "3"}
    assert plan_of(*ready_world(**scaled(minReplicas=2))).status["runtime"]["replicas"] == "2"
    assert IMAGE
