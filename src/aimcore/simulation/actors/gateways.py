"""The gateway controller: the status of HTTPRoutes.

1. A Gateway that does not exist gives no entry at all; other controllers' entries are left alone (F-59, F-60).
2. Accepted and ResolvedRefs are independent: the Service may come later (F-61).
3. Listeners let routes of other namespaces in only by `allowedRoutes` (F-62).
4. The status is written a moment after the change, with the generation that was looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aimcore.resource import Key
from aimcore.simulation.actors.actor import Actor
from aimcore.simulation.actors.nodes import labels_of
from aimcore.simulation.actors.stage import NONE, Json, Stage, is_deleting, mapping, number, part, sequence, text_of
from aimcore.simulation.settings import CONTROLLER, Gateway, Listener

_MANAGER = "gateway-controller"
GROUP = "gateway.networking.k8s.io"


class Gateways(Actor):
    name = "gateway-controller"
    watches = ("HTTPRoute", "Service", "Namespace", "Gateway")

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._routes: dict[Key, tuple[Key, ...]] = {}

    def notice(self, key: Key, old: Json | None, new: Json | None) -> None:
        if key.kind == "HTTPRoute":
            if new is not None:
                self._file(key, new)
            if old is None or new is None or old["metadata"].get("generation") != new["metadata"].get("generation"):
                self._soon(key)
        elif key.kind == "Gateway":
            if old is None or new is None or old.get("spec") != new.get("spec"):
                self.wake_all()
        elif key.kind == "Service":
            if old is None or new is None:
                for route_key in self._routes.get(key, ()):
                    self._soon(route_key)
        elif old is not None and new is not None and labels_of(old) != labels_of(new):
            for route in self.stage.in_namespace(key.name, "HTTPRoute"):
                self._soon(Key("HTTPRoute", key.name, route["metadata"]["name"]))

    def wake_all(self) -> None:
        for key in self.stage.objects.get("HTTPRoute", {}):
            self._soon(key)

    def act(self, key: Key) -> None:
        route = self.stage.at(key)
        if route is None or is_deleting(route):
            return
        known = sequence(route, "status", "parents")
        ours = {CONTROLLER, *(g.controller for g in self.settings.gateways)}
        parents = [p for p in known if p.get("controllerName") not in ours]
        for ref in sequence(route, "spec", "parentRefs"):
            gateway = self._gateway(ref, key.namespace)
            if gateway is not None:
                parents.append(self._entry(route, dict(ref), gateway, known))
        if parents or known:
            self.stage.set_status(route, {**route.get("status", {}), "parents": parents}, _MANAGER)

    def _file(self, key: Key, route: Json) -> None:
        """Remember which Services a route asks for."""
        for rule in sequence(route, "spec", "rules"):
            for backend in sequence(rule, "backendRefs"):
                service = Key("Service", key.namespace, str(backend.get("name")))
                known = self._routes.get(service, ())
                if key not in known:
                    self._routes[service] = (*known, key)

    def _soon(self, key: Key) -> None:
        self.wake_at(key, self.now + timedelta(seconds=self.settings.delays.gateway))

    def _gateway(self, ref: Mapping[str, Any], namespace: str) -> Json | None:
        if ref.get("kind", "Gateway") != "Gateway" or ref.get("group", GROUP) != GROUP:
            return None
        return self.stage.get("Gateway", str(ref.get("namespace") or namespace), str(ref.get("name")))

    def _settings_of(self, gateway: Json) -> Gateway:
        """What the settings say of a Gateway; one that a user made has the usual controller."""
        name, namespace = gateway["metadata"]["name"], gateway["metadata"]["namespace"]
        known = (g for g in self.settings.gateways if (g.name, g.namespace) == (name, namespace))
        return next(known, Gateway(name, namespace))

    def _entry(self, route: Json, ref: Json, gateway: Json, known: list[Any]) -> Json:
        ref = {"group": GROUP, "kind": "Gateway", **ref}
        controller = self._settings_of(gateway).controller
        old = next((p for p in known if p.get("parentRef") == ref and p.get("controllerName") == controller), NONE)
        generation = number(route["metadata"].get("generation"), 1)
        conditions = []
        for kind, (status, reason, message) in (
            ("Accepted", self._acceptance(route, ref, gateway)),
            ("ResolvedRefs", self._resolution(route)),
        ):
            was = next((c for c in sequence(old, "conditions") if c.get("type") == kind), NONE)
            since = was["lastTransitionTime"] if was.get("status") == status else text_of(self.now)
            conditions.append(
                {
                    "type": kind, "status": status, "reason": reason, "message": message,
                    "observedGeneration": generation, "lastTransitionTime": since,
                }
            )  # fmt: skip
        return {"parentRef": ref, "controllerName": controller, "conditions": conditions}

    def _acceptance(self, route: Json, ref: Json, gateway: Json) -> tuple[str, str, str]:
        rejects = self._settings_of(gateway).rejects
        if rejects:
            return "False", rejects, f"Route is refused: {rejects}"
        section, port = ref.get("sectionName"), ref.get("port")
        matching = [
            listener
            for listener in sequence(gateway, "spec", "listeners")
            if section in (None, listener.get("name")) and port in (None, listener.get("port"))
        ]
        if not matching:
            return "False", "NoMatchingParent", "No listener of the Gateway matches sectionName and port"
        allowed = [listener for listener in matching if self._is_allowed(route, gateway, listener)]
        if not allowed:
            text = "Route is not allowed to attach to any listener of the Gateway"
            return "False", "NotAllowedByListeners", text
        hostnames = part(route, "spec", "hostnames") or []
        if hostnames and not any(not item.get("hostname") or item["hostname"] in hostnames for item in allowed):
            return "False", "NoMatchingListenerHostname", "No listener has a matching hostname"
        return "True", "Accepted", "Route is accepted"

    def _is_allowed(self, route: Json, gateway: Json, listener: Mapping[str, Any]) -> bool:
        namespace = route["metadata"]["namespace"]
        allowed = part(listener, "allowedRoutes", "namespaces", "from") or "Same"
        if allowed == "Selector":
            labels = labels_of(self.stage.get("Namespace", "", namespace) or {})
            wanted = mapping(listener, "allowedRoutes", "namespaces", "selector", "matchLabels")
            return all(labels.get(k) == v for k, v in wanted.items())
        return bool(allowed == "All" or namespace == gateway["metadata"]["namespace"])

    def _resolution(self, route: Json) -> tuple[str, str, str]:
        namespace = route["metadata"]["namespace"]
        for rule in sequence(route, "spec", "rules"):
            for backend in sequence(rule, "backendRefs"):
                name, home = str(backend.get("name")), backend.get("namespace") or namespace
                if backend.get("kind", "Service") != "Service":
                    return "False", "InvalidKind", f"Kind {backend.get('kind')} is not supported"
                if home != namespace:
                    return (
                        "False",
                        "RefNotPermitted",
                        f"Backend ref to Service {home}/{name} not permitted by any ReferenceGrant",
                    )
                if self.stage.get("Service", home, name) is None:
                    return "False", "BackendNotFound", f"Service {home}/{name} not found"
        return "True", "ResolvedRefs", "Resolved all the Object references for the Route"


def desired_gateway(gateway: Gateway) -> Json:
    """The Gateway object that the settings describe."""
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Gateway",
        "metadata": {"name": gateway.name, "namespace": gateway.namespace},
        "spec": {"gatewayClassName": "simulated", "listeners": [_listener(item) for item in gateway.listeners]},
    }


def _listener(listener: Listener) -> Json:
    namespaces: Json = {"from": listener.allowed_from}
    if listener.allowed_from == "Selector":
        namespaces["selector"] = {"matchLabels": dict(listener.allowed_labels)}
    hostname = {"hostname": listener.hostname} if listener.hostname else {}
    allowed = {"allowedRoutes": {"namespaces": namespaces}}
    return {"name": listener.name, "port": listener.port, "protocol": "HTTP", **hostname, **allowed}
