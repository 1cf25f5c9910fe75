"""The HTTPRoute of a service: its path, its manifest, its conflicts, its health (§10, D-3, D-6, D-8, D-24, D-26).

1. The route waits for neither model, template nor InferenceService.
2. A path in force that equals the reference's rendering stays in force, unless the owner asked for a newer revision.
3. A path template that cannot be rendered: no new route, an existing one is left as it is, Degraded.
4. A route of our name that belongs to an InferenceService is KServe's: never forced over.
5. Of two routes with the same path on the same gateway the younger is Degraded; its existing route is left, a new one
   is not created. A route with hostnames is more specific, no rival.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aimcore import labels
from aimcore.api import duration
from aimcore.cluster.gateway import RouteReading, read_parent_ref, read_route, slashless
from aimcore.cluster.reading import text
from aimcore.conditions import Depends, Health, State
from aimcore.kinds.service.inputs import HTTP_ROUTE, ServiceSpec
from aimcore.kinds.service.revisions import Revision
from aimcore.naming import label_value, predictor_name, route_name
from aimcore.paths import PathProblem, RenderedPath, render_path
from aimcore.records import quickly_made
from aimcore.resource import EMPTY, Json, Resource
from aimcore.runtime_config import RuntimeConfig
from aimcore.snapshot import Listed, Snapshot

ROUTE = "HTTPRoute"


@quickly_made
@dataclass(frozen=True, slots=True)
class Routing:
    """What the service and its runtime config say about routing, together (R-3.6)."""

    enabled: bool
    gateway: Mapping[str, Any] | None
    path_template: str | None
    timeout: object
    annotations: Mapping[str, str]


def combined_routing(spec: ServiceSpec, config: RuntimeConfig, *, revision: int) -> Routing:
    """The routing of a service: its own members first, then the runtime config's."""
    own, base = spec.routing, config.routing
    gateway = own.get("gatewayRef")
    if not isinstance(gateway, dict) or not text(gateway, "name"):
        gateway = base.get("gatewayRef")
    template = own.get("pathTemplate")
    timeout = own.get("requestTimeout")
    annotations = dict(base.get("annotations", EMPTY))
    if revision >= 2 and isinstance(own.get("annotations"), dict):
        annotations |= {k: v for k, v in own["annotations"].items() if isinstance(v, str)}
    enabled = own.get("enabled")
    return Routing(
        enabled=enabled if isinstance(enabled, bool) else base.get("enabled") is True,
        gateway=gateway if isinstance(gateway, dict) and text(gateway, "name") else None,
        path_template=template if isinstance(template, str) else base.get("pathTemplate"),
        timeout=base.get("requestTimeout") if timeout is None else timeout,
        annotations=annotations,
    )


def route_names(resource: Resource) -> tuple[str, ...]:
    """What the route of a service may be called. A reading: the stages share it."""
    return (route_name(resource.name, resource.namespace),)


# ---- the path -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class PathInForce:
    """The path to publish. `problem` is set when it is an old one, and today's template cannot be rendered."""

    path: str
    problem: PathProblem | None = None


def choose_path(
    resource: Resource, template: str | None, revision: Revision, live: RouteReading | None
) -> PathInForce | PathProblem:
    """The path of a service's route."""
    present = live.path if live is not None else text(resource.status, "routing", "path")
    rendered = render_path(template, resource.raw, revision=revision.number)
    if isinstance(rendered, RenderedPath) and rendered.path == present:
        return PathInForce(present)
    moved_on = revision.asked is not None and revision.asked >= 2
    keeps = bool(present) and not moved_on and present == reference_path(resource, template)
    if isinstance(rendered, PathProblem):
        return PathInForce(present, rendered) if keeps else rendered
    return PathInForce(present if keeps else rendered.path)


def reference_path(resource: Resource, template: str | None) -> str:
    """The path as the reference renders it, with its silent fall-back to the default path (R-10.6)."""
    for attempt in (template, None):
        rendered = render_path(attempt, resource.raw, revision=1)
        if isinstance(rendered, RenderedPath):
            return rendered.path
    return ""


def carries_reference_path(resource: Resource, template: str | None, live: RouteReading | None) -> bool:
    """Whether the live route carries the reference's path and not that of the newest rendering."""
    if live is None or not live.path or live.path != reference_path(resource, template):
        return False
    newest = render_path(template, resource.raw, revision=2)
    return not isinstance(newest, RenderedPath) or newest.path != live.path


# ---- the manifest ---------------------------------------------------------------------------------------------------
def desired_route(resource: Resource, name: str, routing: Routing, path: str, inference_service: str) -> Json:
    """The HTTPRoute that publishes a service under `path`. `routing.gateway` is set."""
    metadata: Json = {
        "name": name,
        "namespace": resource.namespace,
        "labels": {
            labels.COMPONENT: "routing",
            labels.MANAGED_BY: labels.AIM_ENGINE,
            labels.SERVICE: label_value(resource.name),
        },
    }
    if routing.annotations:
        metadata["annotations"] = dict(routing.annotations)
    rewrite = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}
    target = predictor_name(inference_service)
    backend = {"kind": "Service", "name": target, "namespace": resource.namespace, "port": 80}
    rule: Json = {
        "matches": [{"path": {"type": "PathPrefix", "value": path}}],
        "filters": [{"type": "URLRewrite", "urlRewrite": rewrite}],
        "backendRefs": [backend],
    }
    timeout = duration.gateway_text(routing.timeout)
    if timeout is not None:
        rule["timeouts"] = {"request": timeout}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": ROUTE,
        "metadata": metadata,
        "spec": {"parentRefs": [dict(routing.gateway or EMPTY)], "rules": [rule]},
    }


# ---- rivals ---------------------------------------------------------------------------------------------------------
def find_rival(
    snapshot: Snapshot, resource: Resource, live: Resource | None, gateway: Mapping[str, Any], path: str
) -> Resource | None:
    """An older route of somebody else with the same path on the same gateway, the oldest if there are several."""
    listing = snapshot.index(ROUTE, "path", slashless(path))
    routes = listing.resources if isinstance(listing, Listed) else ()
    rivals = [r for r in routes if _is_rival(r, resource, live, path)]
    if not rivals:
        return None
    parent = read_parent_ref(gateway, resource.namespace)
    oldest = min([r for r in rivals if _shares(r, parent)], key=_age, default=None)
    return None if oldest is None or (live is not None and _age(live) < _age(oldest)) else oldest


def _is_rival(route: Resource, resource: Resource, live: Resource | None, path: str) -> bool:
    reading = route.read_as(read_route)
    own = reading.controller_uid == resource.uid if resource.uid else False
    is_ours = own or (live is not None and route.key == live.key)
    plain = slashless(path) in reading.prefixes and not reading.has_hostnames and not reading.is_deleting
    return plain and not is_ours


def _shares(route: Resource, parent: Any) -> bool:
    return any(p.overlaps(parent) for p in route.read_as(read_route).parents)


def _age(route: Resource) -> tuple[str, str, str]:
    return route.created or "9999", route.namespace, route.name


# ---- health ---------------------------------------------------------------------------------------------------------
def route_health(route: Resource | None) -> Health:
    """How the gateway took the route (R-10.8, D-8)."""
    if route is None:
        return _health(State.PROGRESSING, "HTTPRouteCreating", "HTTPRoute is being created")
    return route.read_as(_read_health)


def _read_health(route: Resource) -> Health:
    live = route.read_as(read_route)
    for entry in live.said:
        kind, status, reason = text(entry, "type"), text(entry, "status"), text(entry, "reason")
        message = text(entry, "message")
        if kind == "Accepted" and status == "True":
            return _health(State.READY, "HTTPRouteAccepted", "HTTPRoute is accepted by gateway")
        if kind == "Accepted" and status == "False":
            return _health(State.DEGRADED, reason or "HTTPRouteRejected", f"HTTPRoute rejected: {message}")
        if kind == "ResolvedRefs" and status == "False":
            said = f"HTTPRoute backend not resolved: {message}"
            return _health(State.PROGRESSING, reason or "HTTPRoutePending", said)
    waiting = "HTTPRoute is waiting for gateway acceptance"
    asked = ", ".join(f"{parent.namespace}/{parent.name}" for parent in live.parents)
    said = f"{waiting}: no controller has answered for {asked}; check that it exists" if asked else waiting
    return _health(State.PROGRESSING, "HTTPRoutePending", said)


def gateway_missing() -> Health:
    """Routing is on and nobody says through which gateway."""
    return _health(
        State.DEGRADED,
        "GatewayNotConfigured",
        "routing is enabled, but neither spec.routing.gatewayRef nor the runtime config names a gateway",
    )


def path_invalid(problem: PathProblem) -> Health:
    """The path template cannot be rendered."""
    said = f"{problem.expression}: {problem.message}" if problem.expression else problem.message
    return _health(State.DEGRADED, "PathTemplateInvalid", f"path template cannot be rendered: {said}")


def name_taken(name: str, owner: str) -> Health:
    """Another controller owns the route of our name."""
    if owner == "InferenceService":
        remedy = (
            f"HTTPRoute {name} belongs to KServe, which makes routes of its own; "
            "switch off KServe's ingress option enableGatewayApi, or set disableIngressCreation"
        )
    else:
        remedy = f"HTTPRoute {name} belongs to another {owner}; delete or rename it"
    return _health(State.DEGRADED, "RouteNameTaken", remedy)


def path_taken(rival: Resource, namespace: str, path: str) -> Health:
    """An older route has the same path. Its name is shown only within the namespace."""
    whose = f"HTTPRoute {rival.name}" if rival.namespace == namespace else "an HTTPRoute of another namespace"
    return _health(
        State.DEGRADED, "RoutePathConflict", f"path {path} on this gateway is taken by {whose}, which is older"
    )


def _health(state: State, reason: str, message: str) -> Health:
    return Health(HTTP_ROUTE, state, reason, message, Depends.DOWNSTREAM)


__all__ = [
    "PathInForce",
    "Routing",
    "carries_reference_path",
    "choose_path",
    "combined_routing",
    "desired_route",
    "find_rival",
    "gateway_missing",
    "name_taken",
    "path_invalid",
    "path_taken",
    "reference_path",
    "route_health",
    "route_names",
]
