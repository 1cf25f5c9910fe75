"""The stage HTTPRoute: publish the service, leave the route alone, or take it away."""

from __future__ import annotations

from dataclasses import replace

from aimcore.cluster.gateway import RouteReading, read_route
from aimcore.conditions import Depends, Health, State, stored_condition
from aimcore.errors import health_of_unreadable
from aimcore.kinds.service.http_route import (
    choose_path,
    desired_route,
    find_rival,
    gateway_missing,
    name_taken,
    path_invalid,
    path_taken,
    route_health,
    route_names,
)
from aimcore.kinds.service.inputs import HTTP_ROUTE
from aimcore.kinds.service.ownership import Taken
from aimcore.kinds.service.part import Part
from aimcore.kinds.service.situation import Situation
from aimcore.labels import stamp
from aimcore.paths import PathProblem
from aimcore.plan import Child, Deletion, PlannedEvent
from aimcore.snapshot import NotInstalled, Snapshot, Unreadable


def plan_route(snapshot: Snapshot, s: Situation) -> Part:
    """The route of a service."""
    if not s.routing.enabled:
        return _switched_off(s)
    live = None if s.route is None else s.route.read_as(read_route)
    match s.own_route:
        case Unreadable() as why:
            return Part(
                (replace(health_of_unreadable(HTTP_ROUTE, why, Depends.DOWNSTREAM), reason="HTTPRouteFetchError"),)
            )
        case NotInstalled():
            message = "the Gateway API (HTTPRoute) is not installed in this cluster"
            return Part((Health(HTTP_ROUTE, State.DEGRADED, "KindNotInstalled", message, Depends.DOWNSTREAM),))
        case Taken(name, owner):
            return Part((name_taken(name, owner),))
        case _:
            return _published(snapshot, s, live)


def _switched_off(s: Situation) -> Part:
    """Routing is off: the route goes, if the owner or a config that we know said so (D-24)."""
    route = s.route
    if route is None:
        return Part(status={"routing": None})
    live = route.read_as(read_route)
    if not s.knows_config and s.spec.routing.get("enabled") is not False:
        return Part((route_health(route),))
    if live.controller_uid != s.resource.uid:
        return Part(status={"routing": None})
    deletion = Deletion(route.key, route.uid, "routing is switched off", HTTP_ROUTE)
    is_news = stored_condition(s.resource.status.get("conditions"), "HTTPRouteReady") is not None
    event = PlannedEvent("Normal", "HTTPRouteDeleted", f"HTTPRoute {route.name} is deleted: routing is switched off")
    return Part(
        deletions=() if route.is_deleting else (deletion,),
        events=(event,) if is_news else (),
        status={"routing": None},
    )


def _published(snapshot: Snapshot, s: Situation, live: RouteReading | None) -> Part:
    if s.routing.gateway is None:
        return _left_alone(gateway_missing(), live)
    path = choose_path(s.resource, s.routing.path_template, s.revision, live)
    if isinstance(path, PathProblem):
        return _left_alone(path_invalid(path), live)
    health = route_health(s.route) if path.problem is None else path_invalid(path.problem)
    rival = find_rival(snapshot, s.resource, s.route, s.routing.gateway, path.path)
    if rival is not None:
        return _left_alone(path_taken(rival, s.resource.namespace, path.path), live)
    unknown_target = isinstance(s.own_inference_service, Unreadable) or not s.inference_service_name
    if HTTP_ROUTE in s.stops or unknown_target or (live is not None and live.is_deleting):
        return _left_alone(health, live)
    name = s.route.name if s.route is not None else s.resource.read_as(route_names)[0]
    manifest = desired_route(s.resource, name, s.routing, path.path, s.inference_service_name)
    child = Child(stamp(manifest, s.resource, s.config.label_patterns, owned=True), HTTP_ROUTE)
    was_refused = live is not None and snapshot.outcome(s.resource.key, child.key) is not None
    in_force = live.path if live is not None and was_refused and live.path else path.path
    return Part((health,), (child,), status={"routing": {"path": in_force}})


def _left_alone(health: Health, live: RouteReading | None) -> Part:
    """No write. What the live route says stays in the status; without one, what is stored stays."""
    return Part((health,), status={"routing": {"path": live.path}} if live is not None and live.path else {})
