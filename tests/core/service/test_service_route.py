"""The HTTPRoute: path, conflicts, health, and taking it away."""

from __future__ import annotations

from typing import Any

import pytest
from service_world import (
    IMAGE,
    ISVC,
    NOW,
    NS,
    UID,
    child,
    condition,
    isvc_ready,
    kinds,
    lives,
    obj,
    owner_ref,
    plan_of,
    ready_world,
    resolved,
    route_live,
    running_world,
    runtime_config,
    said,
    service,
    types,
)

from aimcore.facts import Outcome, Refusal
from aimcore.resource import Key
from aimcore.snapshot import NotInstalled, Unreadable

GATEWAY = {"name": "inference-gateway", "namespace": "gateways"}
REVISION = "aim.eai.amd.com/render-revision"


def routed(*, status: dict | None = None, meta: dict | None = None, **routing: Any) -> dict:
    spec = {"model": {"image": IMAGE}, "routing": {"enabled": True, "gatewayRef": GATEWAY, **routing}}
    return service(spec, status=status, **(meta or {}))


def live(service_: dict | None = None, **changes: Any) -> dict:
    return route_live(child(plan_of(service_ or routed()), "HTTPRoute"), **changes)


def at_path(route: dict, path: str) -> dict:
    route["spec"]["rules"][0]["matches"][0]["path"]["value"] = path
    return route


def path_of(plan: Any) -> str:
    return child(plan, "HTTPRoute")["spec"]["rules"][0]["matches"][0]["path"]["value"]


@pytest.mark.rule("R-10.1", "R-2.7")
def test_the_route_waits_for_nothing() -> None:
    plan = plan_of(routed())
    assert kinds(plan) == ["AIMModel", "HTTPRoute"]
    assert said(plan, "HTTPRoute") == ("False", "HTTPRouteCreating")


@pytest.mark.rule("R-3.6")
@pytest.mark.parametrize(
    ("own", "config", "enabled"),
    [
        ({}, {"enabled": True, "gatewayRef": GATEWAY}, True),
        ({"enabled": False}, {"enabled": True, "gatewayRef": GATEWAY}, False),
        ({"enabled": True}, {"gatewayRef": GATEWAY}, True),
        ({"gatewayRef": GATEWAY}, {}, False),
        ({"gatewayRef": GATEWAY}, {"enabled": True}, True),
    ],
)
def test_the_service_decides_before_the_config(own: dict, config: dict, enabled: bool) -> None:
    plan = plan_of(service({"model": {"image": IMAGE}, "routing": own}), runtime_config(routing=config))
    assert ("HTTPRoute" in kinds(plan)) == enabled
    assert ("HTTPRouteReady" in types(plan)) == enabled


@pytest.mark.rule("R-3.6")
def test_the_gateway_of_the_service_is_taken_whole() -> None:
    config = runtime_config(
        routing={
            "gatewayRef": {"name": "other", "sectionName": "https"},
            "requestTimeout": "1h",
            "pathTemplate": "/config",
        }
    )
    assert child(plan_of(routed(), config), "HTTPRoute")["spec"]["parentRefs"] == [GATEWAY]
    assert child(plan_of(routed(), config), "HTTPRoute")["spec"]["rules"][0]["timeouts"] == {"request": "1h0m0s"}
    assert path_of(plan_of(routed(), config)) == "/config"
    assert path_of(plan_of(routed(pathTemplate=""), config)) == "/ml-team/qwen-chat"


@pytest.mark.rule("D-6")
def test_annotations_are_merged_at_revision_2_and_the_service_wins() -> None:
    config = runtime_config(routing={"annotations": {"a": "config", "b": "config"}})
    own = routed(annotations={"b": "service"})
    assert child(plan_of(own, config), "HTTPRoute")["metadata"]["annotations"] == {"a": "config", "b": "service"}
    pinned = routed(annotations={"b": "service"}, meta={"annotations": {REVISION: "1"}})
    assert child(plan_of(pinned, config), "HTTPRoute")["metadata"]["annotations"] == {"a": "config", "b": "config"}
    assert "annotations" not in child(plan_of(routed()), "HTTPRoute")["metadata"]


@pytest.mark.rule("D-8", "D-7")
def test_without_a_gateway_only_the_route_is_missing() -> None:
    objects = ready_world(routing={"enabled": True})
    plan = plan_of(*objects)
    assert said(plan, "HTTPRoute") == ("False", "GatewayNotConfigured")
    assert plan.status["status"] == "Degraded"
    assert kinds(plan) == ["InferenceService"]
    assert condition(plan, "ConfigValid")["status"] == "True"


# ---- path -----------------------------------------------------------------------------------------------------------
@pytest.mark.rule("D-3", "R-10.4", "R-10.6")
def test_a_template_that_cannot_be_rendered_makes_no_route_and_leaves_the_old_one() -> None:
    bad = "/{.metadata.labels['team']}"
    plan = plan_of(routed(pathTemplate=bad), *ready_world()[1:])
    assert said(plan, "HTTPRoute") == ("False", "PathTemplateInvalid")
    assert "team" in condition(plan, "HTTPRouteReady")["message"]
    assert plan.status["status"] == "Degraded"
    assert kinds(plan) == ["InferenceService"]
    assert "routing" not in plan.status
    kept = plan_of(routed(pathTemplate=bad), at_path(live(), "/old"))
    assert "HTTPRoute" not in kinds(kept)
    assert kept.status["routing"] == {"path": "/old"}


@pytest.mark.rule("D-26", "R-10.4")
def test_revision_2_percent_encodes_and_revision_1_replaces() -> None:
    text = "/{.metadata.namespace}/V1.0 beta"
    assert path_of(plan_of(routed(pathTemplate=text))) == "/ml-team/v1.0%20beta"
    assert path_of(plan_of(routed(pathTemplate=text, meta={"annotations": {REVISION: "1"}}))) == "/ml-team/v1-0-beta"
    assert said(plan_of(routed(pathTemplate="/a/../b")), "HTTPRoute") == ("False", "PathTemplateInvalid")


@pytest.mark.rule("R-10.5", "R-10.6")
def test_a_path_of_the_reference_stays_in_force() -> None:
    taken_over = at_path(live(), f"/ml-team/{UID}")
    plan = plan_of(routed(), taken_over)
    assert path_of(plan) == f"/ml-team/{UID}"
    assert plan.status["routing"] == {"path": f"/ml-team/{UID}"}


@pytest.mark.rule("R-10.6", "D-3")
def test_the_silent_fallback_of_the_reference_stays_in_force_and_is_reported() -> None:
    bad = "/{.metadata.labels['team']}"
    plan = plan_of(routed(pathTemplate=bad), at_path(live(), f"/ml-team/{UID}"))
    assert path_of(plan) == f"/ml-team/{UID}"
    assert said(plan, "HTTPRoute") == ("False", "PathTemplateInvalid")


@pytest.mark.rule("R-10.6")
def test_the_status_remembers_the_path_of_a_route_that_was_deleted_by_accident() -> None:
    plan = plan_of(routed(status={"routing": {"path": f"/ml-team/{UID}"}}))
    assert path_of(plan) == f"/ml-team/{UID}"


def test_an_owner_who_moves_to_revision_2_gets_its_path() -> None:
    for wish in ("2", "latest"):
        moved = routed(meta={"annotations": {REVISION: wish}})
        assert path_of(plan_of(moved, at_path(live(), f"/ml-team/{UID}"))) == "/ml-team/qwen-chat"


def test_a_changed_template_moves_the_route() -> None:
    assert path_of(plan_of(routed(pathTemplate="/new"), at_path(live(), "/old"))) == "/new"


def test_while_the_write_is_refused_the_status_shows_the_path_in_force() -> None:
    refused = Outcome(Refusal.APPLY_CONFLICT, "conflict", NOW)
    route = at_path(live(), "/old")
    key = Key("HTTPRoute", NS, ISVC)
    plan = plan_of(routed(pathTemplate="/new"), route, outcomes={key: refused})
    assert plan.status["routing"] == {"path": "/old"}
    assert said(plan, "HTTPRoute") == ("False", "ApplyConflict")


# ---- health ---------------------------------------------------------------------------------------------------------
def with_conditions(*conditions: dict, **changes: Any) -> dict:
    route = live(**changes)
    route["status"]["parents"] = [{"conditions": [c]} for c in conditions]
    return route


ACCEPTED = {"type": "Accepted", "status": "True", "reason": "Accepted"}
REJECTED = {"type": "Accepted", "status": "False", "reason": "NotAllowedByListeners", "message": "no"}
UNRESOLVED = {"type": "ResolvedRefs", "status": "False", "reason": "BackendNotFound", "message": "no service"}


@pytest.mark.rule("R-10.8", "D-8")
@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([ACCEPTED], ("True", "HTTPRouteAccepted")),
        ([ACCEPTED, UNRESOLVED], ("True", "HTTPRouteAccepted")),
        ([REJECTED], ("False", "NotAllowedByListeners")),
        ([REJECTED, ACCEPTED], ("False", "NotAllowedByListeners")),
        ([UNRESOLVED], ("False", "BackendNotFound")),
        ([{"type": "Accepted", "status": "Unknown", "reason": "Pending"}], ("False", "HTTPRoutePending")),
        ([], ("False", "HTTPRoutePending")),
        ([{**ACCEPTED, "observedGeneration": 9}], ("False", "HTTPRoutePending")),
        ([{"type": "Accepted", "status": "False"}], ("False", "HTTPRouteRejected")),
        ([{"type": "ResolvedRefs", "status": "False"}], ("False", "HTTPRoutePending")),
        ([{"type": "PartiallyInvalid", "status": "True"}, ACCEPTED], ("True", "HTTPRouteAccepted")),
    ],
)
def test_what_the_gateway_says_decides(conditions: list[dict], expected: tuple[str, str]) -> None:
    plan = plan_of(routed(), with_conditions(*conditions))
    assert said(plan, "HTTPRoute") == expected
    assert condition(plan, "ConfigValid")["status"] == "True"


@pytest.mark.rule("R-10.8")
def test_a_route_that_nobody_answers_names_its_gateway() -> None:
    told = condition(plan_of(routed(), with_conditions()), "HTTPRouteReady")["message"]
    gateway = f"{GATEWAY['namespace']}/{GATEWAY['name']}"
    assert told.endswith(f": no controller has answered for {gateway}; check that it exists")


@pytest.mark.rule("D-8", "D-7")
def test_a_rejected_route_degrades_and_blocks_nothing() -> None:
    plan = plan_of(*ready_world(routing={"enabled": True, "gatewayRef": GATEWAY}), with_conditions(REJECTED))
    assert condition(plan, "HTTPRouteReady")["message"] == "HTTPRoute rejected: no"
    assert plan.status["status"] == "Degraded"
    assert kinds(plan) == ["HTTPRoute", "InferenceService"]


def test_routes_that_cannot_be_read_or_do_not_exist_are_different_things() -> None:
    down = plan_of(routed(), unavailable={"HTTPRoute": Unreadable("HTTPRoute", "Timeout", "x")})
    assert said(down, "HTTPRoute") == ("False", "HTTPRouteFetchError")
    assert down.retry
    missing = plan_of(routed(), unavailable={"HTTPRoute": NotInstalled("HTTPRoute")})
    assert said(missing, "HTTPRoute") == ("False", "KindNotInstalled")
    assert "HTTPRoute" not in kinds(down) + kinds(missing)


# ---- conflicts ------------------------------------------------------------------------------------------------------
def rival(
    path: str = "/ml-team/qwen-chat/",
    *,
    namespace: str = NS,
    gateway: dict | None = None,
    created: str = "2026-11-01T00:00:00Z",
    **spec: Any,
) -> dict:
    rules = [{"matches": [{"path": {"type": "PathPrefix", "value": path}}]}]
    return obj(
        "gateway.networking.k8s.io/v1", "HTTPRoute", "theirs", namespace, metadata={"creationTimestamp": created},
        spec={"parentRefs": [gateway or GATEWAY], "rules": rules, **spec},
    )  # fmt: skip


def test_an_older_route_with_the_same_path_keeps_ours_from_being_made() -> None:
    plan = plan_of(routed(), rival())
    assert said(plan, "HTTPRoute") == ("False", "RoutePathConflict")
    assert "HTTPRoute theirs" in condition(plan, "HTTPRouteReady")["message"]
    assert "HTTPRoute" not in kinds(plan)
    assert plan.status["status"] in ("Degraded", "Pending")


def test_the_name_of_a_rival_in_another_namespace_is_not_shown() -> None:
    message = condition(plan_of(routed(), rival(namespace="secret-team")), "HTTPRouteReady")["message"]
    assert "theirs" not in message
    assert "secret-team" not in message


def test_the_younger_of_two_existing_routes_is_left_and_the_older_goes_on() -> None:
    younger = plan_of(routed(), live(), rival())
    assert said(younger, "HTTPRoute") == ("False", "RoutePathConflict")
    assert "HTTPRoute" not in kinds(younger)
    assert younger.status["routing"] == {"path": "/ml-team/qwen-chat"}
    older = plan_of(routed(), live(), rival(created="2026-11-23T14:00:00Z"))
    assert said(older, "HTTPRoute") == ("True", "HTTPRouteAccepted")


@pytest.mark.parametrize(
    "other",
    [
        rival("/ml-team/qwen-chat/deeper"),
        rival(gateway={"name": "another"}),
        rival(gateway={**GATEWAY, "kind": "Service"}),
        rival(hostnames=["a.example.com"]),
    ],
    ids=["longer path", "another gateway", "another kind", "own hostname"],
)
def test_routes_that_do_not_overlap_are_no_rivals(other: dict) -> None:
    assert "HTTPRoute" in kinds(plan_of(routed(), other))


def test_listeners_and_ports_separate_routes() -> None:
    ours = routed()
    ours["spec"]["routing"]["gatewayRef"] = {**GATEWAY, "sectionName": "a", "port": 80}
    assert "HTTPRoute" in kinds(plan_of(ours, rival(gateway={**GATEWAY, "sectionName": "b"})))
    assert "HTTPRoute" in kinds(plan_of(ours, rival(gateway={**GATEWAY, "port": 443})))
    assert "HTTPRoute" not in kinds(plan_of(ours, rival(gateway={**GATEWAY, "sectionName": "a"})))


@pytest.mark.parametrize(
    ("owner", "words"), [("InferenceService", "enableGatewayApi"), ("Deployment", "another Deployment")]
)
def test_a_route_of_our_name_with_another_controller_is_never_written(owner: str, words: str) -> None:
    foreign = live()
    foreign["metadata"]["ownerReferences"] = [owner_ref(uid="other", kind=owner)]
    plan = plan_of(routed(), foreign)
    assert said(plan, "HTTPRoute") == ("False", "RouteNameTaken")
    assert words in condition(plan, "HTTPRouteReady")["message"]
    assert "HTTPRoute" not in kinds(plan)


# ---- switching off --------------------------------------------------------------------------------------------------
@pytest.mark.rule("D-24", "R-10.9", "R-11.1")
def test_switched_off_the_route_is_deleted_with_one_event() -> None:
    route = live()
    stored = [{"type": "HTTPRouteReady", "status": "True", "reason": "HTTPRouteAccepted"}]
    plan = plan_of(service(status={"conditions": stored, "routing": {"path": "/x"}}), route)
    assert [(d.key.kind, d.uid) for d in plan.deletions] == [("HTTPRoute", route["metadata"]["uid"])]
    assert "HTTPRouteDeleted" in [e.reason for e in plan.events]
    assert "HTTPRouteReady" not in types(plan)
    assert plan.status["routing"] is None
    again = plan_of(service(status=dict(plan.status)), route)
    assert "HTTPRouteDeleted" not in [e.reason for e in again.events]


@pytest.mark.rule("D-24", "D-27", "R-11.1")
def test_a_route_that_is_not_ours_or_leaving_is_not_deleted() -> None:
    adopted, leaving = live(), live(metadata={"deletionTimestamp": "2026-11-23T15:00:00Z"})
    adopted["metadata"]["ownerReferences"] = []
    assert plan_of(service(), adopted).deletions == ()
    assert plan_of(service(), leaving).deletions == ()
    assert plan_of(service()).status["routing"] is None


@pytest.mark.rule("D-28", "D-24")
def test_a_config_that_vanished_takes_no_route_away() -> None:
    spec = {"model": {"image": IMAGE}, "runtimeConfigName": "gone"}
    plan = plan_of(service(spec), live())
    assert plan.deletions == ()
    assert said(plan, "HTTPRoute") == ("True", "HTTPRouteAccepted")
    off = plan_of(service({**spec, "routing": {"enabled": False}}), live())
    assert len(off.deletions) == 1


def test_the_route_follows_the_name_of_the_live_runtime() -> None:
    objects = ready_world(routing={"enabled": True, "gatewayRef": GATEWAY})
    older = isvc_ready(child(plan_of(*objects), "InferenceService"))
    older["metadata"]["name"] = "older-name"
    backend = child(plan_of(*objects, older), "HTTPRoute")["spec"]["rules"][0]["backendRefs"][0]
    assert backend["name"] == "older-name-predictor"
    assert lives(older)["metadata"]["name"] == "older-name"


def test_the_route_is_left_alone_while_the_runtime_cannot_be_read() -> None:
    down = {"InferenceService": Unreadable("InferenceService", "Timeout", "x")}
    assert "HTTPRoute" not in kinds(plan_of(routed(), live(), unavailable=down))


@pytest.mark.rule("R-10.8", "R-11.10")
def test_a_routed_running_service_is_running() -> None:
    objects = running_world(routing={"enabled": True, "gatewayRef": GATEWAY})
    plan = plan_of(*objects, live())
    assert plan.status["status"] == "Running"
    assert condition(plan, "HTTPRouteReady")["message"] == "HTTPRoute is accepted by gateway"
    assert plan.status["routing"] == {"path": "/ml-team/qwen-chat"}
    assert resolved(objects[0], plan)["status"]["status"] == "Running"
