"""The gateway controller's view of routes."""

from __future__ import annotations

import pytest

from aimcore.simulation.settings import Gateway, Listener
from simulation.world.plays import Play, route, service


def parents(play: Play) -> list[dict]:
    return play.get("HTTPRoute", "r").get("status", {}).get("parents", [])


def truths(play: Play) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c["reason"]) for p in parents(play) for c in p["conditions"]}


def at(*listeners: Listener, rejects: str = "") -> tuple[Gateway, ...]:
    return (Gateway("inference-gateway", "gateways", listeners=listeners or (Listener(),), rejects=rejects),)


@pytest.mark.rule("F-59", "F-61")
def test_a_route_is_accepted_before_its_service_exists() -> None:
    play = Play()
    play.create(route())
    play.run()
    assert truths(play) == {"Accepted": ("True", "Accepted"), "ResolvedRefs": ("False", "BackendNotFound")}
    (parent,) = parents(play)
    assert parent["parentRef"] == {
        "group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "inference-gateway", "namespace": "gateways",
    }  # fmt: skip
    assert all(c["observedGeneration"] == 1 for c in parent["conditions"])
    play.create(service())
    play.run()
    assert truths(play)["ResolvedRefs"] == ("True", "ResolvedRefs")


@pytest.mark.rule("F-60")
def test_a_gateway_that_does_not_exist_gives_no_entry_at_all() -> None:
    play = Play()
    play.create(route(gateway="typo"))
    play.run()
    assert "status" not in play.get("HTTPRoute", "r") or parents(play) == []
    play.change(gateways=(*at(), Gateway("typo", "gateways")))
    play.run()
    assert truths(play)["Accepted"] == ("True", "Accepted")


@pytest.mark.rule("F-60", "F-59")
def test_a_removed_parent_loses_its_entry_and_others_keep_theirs() -> None:
    play = Play(gateways=(*at(), Gateway("second", "gateways")))
    play.create(route())
    play.run()
    foreign = {
        "parentRef": {"name": "x"},
        "controllerName": "x.io/other",
        "conditions": [
            {
                "type": "Accepted", "status": "True", "reason": "Accepted", "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }
        ],
    }  # fmt: skip
    status = {"status": {"parents": [*parents(play), foreign]}}
    play.merge("HTTPRoute", "r", status, subresource="status")
    play.merge("HTTPRoute", "r", {"spec": {"parentRefs": [{"name": "second", "namespace": "gateways"}]}})
    play.run()
    assert [(p["controllerName"], p["parentRef"]["name"]) for p in parents(play)] == [
        ("x.io/other", "x"),
        ("gateway.envoyproxy.io/gatewayclass-controller", "second"),
    ]


@pytest.mark.rule("F-60", "F-62")
@pytest.mark.parametrize(
    ("gateways", "ref", "reason"),
    [
        (at(Listener(allowed_from="Same")), {}, "NotAllowedByListeners"),
        (at(Listener(allowed_from="Selector", allowed_labels={"team": "x"})), {}, "NotAllowedByListeners"),
        (at(), {"sectionName": "https"}, "NoMatchingParent"),
        (at(), {"port": 443}, "NoMatchingParent"),
        (at(rejects="UnsupportedValue"), {}, "UnsupportedValue"),
    ],
)
def test_a_route_is_refused_with_the_reason(gateways: tuple[Gateway, ...], ref: dict, reason: str) -> None:
    play = Play(gateways=gateways)
    play.create(route(**ref))
    play.run()
    assert truths(play)["Accepted"] == ("False", reason)


@pytest.mark.rule("F-62")
def test_a_labelled_namespace_is_let_in_by_a_selector() -> None:
    play = Play(gateways=at(Listener(allowed_from="Selector", allowed_labels={"team": "x"})))
    play.create(route())
    play.run()
    play.merge("Namespace", "ml-team", {"metadata": {"labels": {"team": "x"}}}, namespace="")
    play.run()
    assert truths(play)["Accepted"] == ("True", "Accepted")


@pytest.mark.rule("F-60")
def test_hostnames_must_match_a_listener() -> None:
    play = Play(gateways=at(Listener(hostname="a.example.com")))
    play.create({**route(), "spec": {**route()["spec"], "hostnames": ["b.example.com"]}})
    play.run()
    assert truths(play)["Accepted"] == ("False", "NoMatchingListenerHostname")


@pytest.mark.rule("F-60", "F-62")
@pytest.mark.parametrize(
    ("backend", "reason"),
    [({"kind": "Bucket", "group": "x.io"}, "InvalidKind"), ({"namespace": "default"}, "RefNotPermitted")],
)
def test_a_backend_that_cannot_be_used_is_named(backend: dict, reason: str) -> None:
    play = Play()
    wanted = route()
    wanted["spec"]["rules"][0]["backendRefs"][0] |= backend
    play.create(wanted)
    play.run()
    assert truths(play)["ResolvedRefs"] == ("False", reason)


@pytest.mark.rule("F-61")
def test_the_status_comes_a_moment_after_the_change_with_the_generation_looked_at() -> None:
    play = Play()
    play.create(route())
    play.run()
    play.merge("HTTPRoute", "r", {"spec": {"hostnames": ["x.example.com"]}})
    assert {c["observedGeneration"] for c in parents(play)[0]["conditions"]} == {1}
    play.run(2)
    assert {c["observedGeneration"] for c in parents(play)[0]["conditions"]} == {2}


def test_routes_to_other_things_than_gateways_are_left_alone() -> None:
    play = Play()
    play.create(route(kind="Service", group=""))
    play.run()
    assert parents(play) == []
