"""Namespaces: the default ServiceAccount of a new one, the emptying of a dying one (F-143)."""

from __future__ import annotations

from datetime import timedelta

from aimcore.resource import Key
from aimcore.simulation.actors.actor import Actor
from aimcore.simulation.actors.stage import Json, Stage, is_deleting, part

_MANAGER = "kube-controller-manager"


class Namespaces(Actor):
    name = "namespace-controller"
    watches = ()

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._emptied: dict[Key, float] = {}

    def notice(self, key: Key, old: Json | None, new: Json | None) -> None:
        if key.kind == "Namespace":
            self.wake(key)
        elif key.namespace and (new is None or old is None):
            namespace = self.stage.get("Namespace", "", key.namespace)
            if namespace is not None and is_deleting(namespace):
                self.wake(Key("Namespace", "", key.namespace))

    def wake_all(self) -> None:
        for key in self.stage.objects.get("Namespace", {}):
            self.wake(key)

    def act(self, key: Key) -> None:
        namespace = self.stage.at(key)
        if namespace is None:
            self._emptied.pop(key, None)
        elif is_deleting(namespace):
            self._empty(key, namespace)
        elif self.stage.serves("ServiceAccount") and self.stage.get("ServiceAccount", key.name, "default") is None:
            account = {"apiVersion": "v1", "kind": "ServiceAccount"}
            self.stage.create({**account, "metadata": {"name": "default", "namespace": key.name}}, _MANAGER)

    def _empty(self, key: Key, namespace: Json) -> None:
        if part(namespace, "status", "phase") != "Terminating":
            namespace = self.stage.set_status(
                namespace, {**namespace.get("status", {}), "phase": "Terminating"}, _MANAGER
            )
        left = list(self.stage.in_namespace(key.name))
        for obj in left:
            if not is_deleting(obj):
                self.stage.delete(obj)
        if any(True for _ in self.stage.in_namespace(key.name)):
            self._emptied.pop(key, None)
            return
        now = self.now.timestamp()
        since = self._emptied.setdefault(key, now)
        wait = self.settings.delays.namespace - (now - since)
        if wait > 0:
            self.wake_at(key, self.now + timedelta(seconds=wait))
            return
        self.stage.finish_namespace(namespace)
