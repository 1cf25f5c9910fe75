"""What a service must not say, and what that stops; render revisions."""

from __future__ import annotations

import copy

import pytest
from service_world import (
    IMAGE,
    ISVC,
    NS,
    child,
    condition,
    kinds,
    lives,
    model,
    plan_of,
    ready_world,
    route_live,
    running_world,
    runtime_config,
    said,
    service,
)

from aimcore.resource import Key
from aimcore.settings import Settings

REVISION = "aim.eai.amd.com/render-revision"
GATEWAY = {"name": "inference-gateway"}


def scaled(**podmetric: object) -> dict:
    return {"autoScaling": {"metrics": [{"type": "PodMetric", "podmetric": podmetric}]}}


MEASURED = {"query": "q"}
VALUE = {"type": "Value", "value": "1"}
REFUSED = [
    ({"replicas": 0}, "spec.replicas is 0", "scale to zero is not supported"),
    ({"replicas": -1}, "spec.replicas is -1", "allowed are 1 and more"),
    ({"replicas": "three"}, 'spec.replicas is "three"', "a whole number"),
    ({"replicas": True}, "spec.replicas is true", "a whole number"),
    ({"minReplicas": 3, "maxReplicas": 2}, "spec.minReplicas is 3", "at most spec.maxReplicas, which is 2"),
    ({"minReplicas": 0}, "spec.minReplicas is 0", "1 and more"),
    ({"maxReplicas": 0}, "spec.maxReplicas is 0", "1 and more"),
    (
        {"resources": {"requests": {"cpu": "8"}, "limits": {"cpu": "4"}}},
        'spec.resources.requests.cpu is "8"',
        "spec.resources.limits.cpu",
    ),
    ({"resources": {"limits": {"cpu": "many"}}}, 'spec.resources.limits.cpu is "many"', "a quantity"),
    ({"resources": []}, "spec.resources is []", "an object"),
    ({"env": [{"name": "PROTOCOL", "value": "v3"}]}, 'spec.env PROTOCOL is "v3"', "v1 and v2"),
    ({"env": [{"name": "PYTHONPATH", "value": "x"}]}, "PYTHONPATH", "KServe refuses"),
    ({"env": [{"value": "x"}]}, "spec.env", "without a name"),
    ({"env": "x"}, 'spec.env is "x"', "a list"),
    ({"autoScaling": {"metrics": {}}}, "spec.autoScaling.metrics is {}", "a list of metrics"),
    ({"autoScaling": {"metrics": ["x"]}}, "spec.autoScaling.metrics", "no metric"),
    ({"autoScaling": {"metrics": [{"type": "Resource"}]}}, "spec.autoScaling.metrics[0].type", "PodMetric"),
    ({"autoScaling": {"metrics": [{"type": "PodMetric"}]}}, "podmetric is missing", "podmetric.target"),
    (scaled(metric={}, target=VALUE), "metric.query is missing", "exactly one metric name"),
    (scaled(metric={"metricNames": ["a", "b"]}, target=VALUE), "metric.query is missing", "exactly one metric name"),
    (
        scaled(metric=MEASURED, target={"type": "Utilization", "averageUtilization": 80}),
        "Utilization",
        "Value and AverageValue",
    ),
    (scaled(metric=MEASURED, target={"type": "Value"}), "no target value", "averageValue"),
    (scaled(metric=MEASURED, target={"type": "Value", "value": "much"}), "no target value", "a quantity"),
    ({"imagePullSecrets": [{}]}, "spec.imagePullSecrets", "without a name"),
    ({"serviceAccountName": 5}, "spec.serviceAccountName is 5", "a name"),
]


@pytest.mark.rule("D-31", "D-38", "R-1.2", "R-11.3")
@pytest.mark.parametrize(("spec", "named", "allowed"), REFUSED)
def test_what_is_not_allowed_is_named_with_its_value_and_stops_the_runtime(
    spec: dict, named: str, allowed: str
) -> None:
    plan = plan_of(*ready_world(**spec))
    assert said(plan, "InferenceService") == ("False", "InvalidSpec")
    assert condition(plan, "ConfigValid")["reason"] == "InvalidSpec"
    message = condition(plan, "ConfigValid")["message"]
    assert named in message
    assert allowed in message
    assert "InferenceService" not in kinds(plan)
    assert plan.status["status"] == "Failed"


@pytest.mark.rule("D-31")
@pytest.mark.parametrize(
    "spec",
    [
        {"replicas": 0, "minReplicas": 1},
        {"maxReplicas": 4},
        {"resources": {"requests": {"cpu": "4"}, "limits": {"cpu": 4, "memory": "1Gi"}}},
        {"env": [{"name": "PROTOCOL", "value": "v2"}]},
        scaled(metric={"metricNames": ["a"]}, target=VALUE),
        scaled(metric=MEASURED, target={"type": "AverageValue", "averageValue": "1500m"}),
    ],
)
def test_what_is_allowed_stops_nothing(spec: dict) -> None:
    assert "InferenceService" in kinds(plan_of(*ready_world(**spec)))


@pytest.mark.rule("D-31", "D-32", "D-7")
def test_what_already_runs_is_left_alone() -> None:
    objects = running_world()
    objects[0]["spec"]["replicas"] = 0
    plan = plan_of(*objects)
    assert "InferenceService" not in kinds(plan)
    assert plan.deletions == ()
    assert plan.status["status"] == "Degraded"
    assert condition(plan, "ConfigValid")["status"] == "False"


@pytest.mark.rule("D-31")
@pytest.mark.parametrize(("name", "valid"), [("7b-chat", False), ("my.svc", True), ("a", True)])
def test_the_name_must_give_a_name_that_kserve_takes(name: str, valid: bool) -> None:
    objects = ready_world()
    objects[0]["metadata"]["name"] = name
    plan = plan_of(*objects, key=lives_key(name))
    assert ("InferenceService" in kinds(plan)) == valid
    if not valid:
        assert f'metadata.name is "{name}"' in condition(plan, "ConfigValid")["message"]


def lives_key(name: str) -> Key:
    return Key("AIMService", NS, name)


@pytest.mark.rule("R-9.3", "R-2.6")
def test_a_namespace_that_leaves_no_room_for_a_name_is_named() -> None:
    long = "n" * 43
    ours = service(namespace=long)
    plan = plan_of(ours, key=Key("AIMService", long, "qwen-chat"))
    assert said(plan, "InferenceService") == ("False", "InvalidSpec")
    assert long in condition(plan, "InferenceServiceReady")["message"]


@pytest.mark.rule("D-25")
@pytest.mark.parametrize("timeout", ["5x", "1.5ms", "2us", "", 5, "-1s", "200000h"])
def test_a_timeout_that_the_gateway_cannot_express_stops_only_the_route(timeout: object) -> None:
    routing = {"enabled": True, "gatewayRef": GATEWAY, "requestTimeout": timeout}
    plan = plan_of(*ready_world(routing=routing))
    assert said(plan, "HTTPRoute") == ("False", "InvalidSpec")
    assert "spec.routing.requestTimeout" in condition(plan, "ConfigValid")["message"]
    assert kinds(plan) == ["InferenceService"]
    off = plan_of(*ready_world(routing={"requestTimeout": timeout}))
    assert condition(off, "ConfigValid")["status"] == "True"


@pytest.mark.rule("D-25")
def test_a_timeout_of_the_config_is_named_as_such() -> None:
    config = runtime_config(routing={"enabled": True, "gatewayRef": GATEWAY, "requestTimeout": "5x"})
    assert "RuntimeConfig default" in condition(plan_of(*ready_world(), config), "HTTPRouteReady")["message"]


@pytest.mark.rule("D-7")
@pytest.mark.parametrize(
    ("spec", "component", "made"),
    [
        ({"template": {"name": 5}}, "Template", []),
        ({"overrides": 5}, "Template", []),
        ({"runtimeConfigName": 5}, "RuntimeConfig", []),
        ({"model": {"image": 5}}, "Model", []),
        ({"storage": {"defaultStorageClassName": 5}}, "Cache", ["InferenceService"]),
        ({"routing": 5}, None, ["InferenceService"]),
        ({"routing": {"enabled": "yes"}}, None, ["InferenceService"]),
    ],
)
def test_a_field_of_the_wrong_type_stops_what_depends_on_it(spec: dict, component: str | None, made: list[str]) -> None:
    plan = plan_of(*ready_world(**spec))
    if component is not None:
        assert said(plan, component) == ("False", "InvalidSpec")
    assert kinds(plan) == made


def test_junk_in_the_path_template_stops_the_route() -> None:
    plan = plan_of(*ready_world(routing={"enabled": True, "gatewayRef": GATEWAY, "pathTemplate": 5}))
    assert said(plan, "HTTPRoute") == ("False", "InvalidSpec")


# ---- revisions ------------------------------------------------------------------------------------------------------
def wished(wish: str) -> list[dict]:
    objects = ready_world()
    objects[0]["metadata"]["annotations"] = {REVISION: wish}
    return objects


def revision_of(plan: object) -> str | None:
    return child(plan, "InferenceService")["metadata"]["annotations"].get(REVISION)


def test_a_new_service_is_at_the_newest_revision_this_release_knows() -> None:
    assert revision_of(plan_of(*ready_world())) == "2"
    assert revision_of(plan_of(*ready_world(), settings=Settings(render_revision=1))) is None
    assert revision_of(plan_of(*wished("latest"))) == "2"
    assert revision_of(plan_of(*wished("1"))) is None


def taken_over() -> list[dict]:
    objects = copy.deepcopy(running_world())
    live = next(o for o in objects if o["kind"] == "InferenceService")
    del live["metadata"]["annotations"][REVISION]
    return objects


def test_a_taken_over_runtime_stays_at_revision_1_until_its_owner_moves_it() -> None:
    objects = taken_over()
    plan = plan_of(*objects)
    assert revision_of(plan) is None
    assert plan.status["runtime"]["renderRevision"] == 1
    objects[0]["metadata"]["annotations"] = {REVISION: "2"}
    moved = plan_of(*objects)
    assert revision_of(moved) == "2"
    assert moved.status["runtime"]["renderRevision"] == 2


@pytest.mark.parametrize("wish", ["0", "3", "two", "", "02", "Latest", "9" * 50])
def test_a_bad_wish_is_invalid_and_names_value_and_range(wish: str) -> None:
    plan = plan_of(*wished(wish))
    message = condition(plan, "ConfigValid")["message"]
    assert condition(plan, "ConfigValid")["reason"] == "InvalidSpec"
    assert f'"{wish[:40]}"' in message
    assert '"1" to "2"' in message
    assert plan.children == ()


def test_the_range_of_a_release_with_one_revision() -> None:
    message = condition(plan_of(*wished("2"), settings=Settings(render_revision=1)), "ConfigValid")["message"]
    assert 'allowed are "1" and "latest"' in message


@pytest.mark.parametrize("written", ["3", "x", "0"])
def test_a_revision_of_a_later_release_is_left_alone(written: str) -> None:
    objects = copy.deepcopy(running_world(routing={"enabled": True, "gatewayRef": GATEWAY}))
    live = next(o for o in objects if o["kind"] == "InferenceService")
    live["metadata"]["annotations"][REVISION] = written
    plan = plan_of(*objects)
    assert said(plan, "InferenceService") == ("False", "RenderRevisionUnknown")
    assert f'"{written}"' in condition(plan, "InferenceServiceReady")["message"]
    assert plan.children == ()
    assert plan.status["status"] == "Degraded"
    objects[0]["metadata"]["annotations"] = {REVISION: "2"}
    assert "InferenceService" in kinds(plan_of(*objects))


def test_a_service_that_lost_its_runtime_but_has_a_route_of_the_reference_is_at_revision_1() -> None:
    objects = ready_world(routing={"enabled": True, "gatewayRef": GATEWAY})
    route = child(plan_of(*objects), "HTTPRoute")
    ours = route_live(copy.deepcopy(route))
    assert revision_of(plan_of(*objects, ours)) == "2"
    ours["spec"]["rules"][0]["matches"][0]["path"]["value"] = f"/{NS}/{objects[0]['metadata']['uid']}"
    assert revision_of(plan_of(*objects, ours)) is None


@pytest.mark.rule("D-12")
def test_the_merge_of_configs_follows_the_revision() -> None:
    configs = [
        runtime_config(namespace="", routing={"enabled": True, "gatewayRef": GATEWAY}),
        runtime_config(routing={"enabled": False}),
    ]
    assert "HTTPRoute" not in kinds(plan_of(*ready_world(), *configs))
    assert "HTTPRoute" in kinds(plan_of(*wished("1"), *configs))


def test_long_names_fit_the_autoscaler_at_revision_2() -> None:
    name = "very-long-service-name-that-might-exceed-kubernetes-limits"
    objects = ready_world()
    objects[0]["metadata"].update(name=name, namespace="default")
    for o in objects[1:]:
        o["metadata"]["namespace"] = "default"
    key = Key("AIMService", "default", name)
    made = child(plan_of(*objects, key=key), "InferenceService")["metadata"]["name"]
    assert len(made) <= 44
    objects[0]["metadata"]["annotations"] = {REVISION: "1"}
    assert (
        child(plan_of(*objects, key=key), "InferenceService")["metadata"]["name"]
        == "very-long-service-name-that-might-ex-1080a608"
    )
    assert lives(model())["kind"] == "AIMModel"
    assert ISVC
    assert IMAGE
