"""Claims: binding, default class, protection, growth, loss (F-76 … F-81).

1. A claim without a class waits; it gets the default class as soon as there is one (F-77). `""` means none, for ever.
2. Immediate classes bind after the provisioning delay; the others when the scheduler has chosen a node.
3. A claim that a pod uses is not removed before the pod is gone (F-81).
4. A lost claim never comes back (F-78).
"""

from __future__ import annotations

from aimcore.resource import Key
from aimcore.simulation.actors.actor import Actor
from aimcore.simulation.actors.nodes import amount
from aimcore.simulation.actors.scheduler import SELECTED_NODE, waits_for_consumer
from aimcore.simulation.actors.stage import Json, Stage, is_deleting, part, sequence
from aimcore.simulation.settings import StorageClass
from aimcore.simulation.storage_classes import DEFAULT_CLASS, default_class

PROTECTION = "kubernetes.io/pvc-protection"
_MANAGER = "kube-controller-manager"
_SOURCE = "persistentvolume-controller"


class Claims(Actor):
    name = "persistentvolume-controller"
    watches = ("PersistentVolumeClaim", "Pod", "StorageClass")

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._users: dict[tuple[Key, Key], None] = {}

    def notice(self, key: Key, old: Json | None, new: Json | None) -> None:
        if key.kind == "PersistentVolumeClaim":
            self.wake(key)
            return
        if key.kind == "StorageClass":
            for claim_key in self.stage.objects.get("PersistentVolumeClaim", {}):
                self.wake(claim_key)
            return
        for claim in _claims_of(new or old):
            if new is None or part(new, "status", "phase") in ("Succeeded", "Failed"):
                self._users.pop((claim, key), None)
                self._wake_if_deleting(claim)
            else:
                self._users[claim, key] = None

    def act(self, key: Key) -> None:
        claim = self.stage.at(key)
        if claim is None:
            return
        if is_deleting(claim):
            if not any(used == key for used, _ in self._users):
                self.stage.drop_finalizer(claim, PROTECTION, _MANAGER)
            return
        match part(claim, "status", "phase"):
            case "Bound":
                self._grow(claim)
            case "Lost":
                return
            case _:
                self._bind(key, claim)

    def _wake_if_deleting(self, claim: Key) -> None:
        known = self.stage.at(claim)
        if known is not None and is_deleting(known):
            self.wake(claim)

    def _bind(self, key: Key, claim: Json) -> None:
        name = part(claim, "spec", "storageClassName")
        default = default_class(self.stage.cluster)
        if name is None and default:
            claim = self.stage.merge(claim, {"spec": {"storageClassName": default}}, _MANAGER)
            name = default
        if not name:
            text = "no persistent volumes available for this claim and no storage class is set"
            self.stage.tell(claim, "Normal", "FailedBinding", text, _SOURCE, once=True)
            return
        known = self.stage.get("StorageClass", "", str(name))
        if known is None:
            self.stage.tell(
                claim,
                "Warning",
                "ProvisioningFailed",
                f'storageclass.storage.k8s.io "{name}" not found',
                _SOURCE,
                once=True,
            )
        elif waits_for_consumer(known) and not part(claim, "metadata", "annotations", SELECTED_NODE):
            text = "waiting for first consumer to be created before binding"
            self.stage.tell(claim, "Normal", "WaitForFirstConsumer", text, _SOURCE, once=True)
        else:
            settings = next((c for c in self.settings.storage_classes if c.name == name), StorageClass(str(name)))
            self._provision(key, claim, settings)

    def _provision(self, key: Key, claim: Json, storage_class: StorageClass) -> None:
        modes = part(claim, "spec", "accessModes") or []
        wrong = [m for m in modes if m not in storage_class.access_modes]
        if wrong or not storage_class.provisions:
            trouble = f"unsupported access mode {wrong[0]}" if wrong else "rpc error: code = ResourceExhausted"
            text = f'failed to provision volume with StorageClass "{storage_class.name}": {trouble}'
            self.stage.tell(claim, "Warning", "ProvisioningFailed", text, _SOURCE, once=True)
            return
        due = self.stage.since(claim, self.settings.delays.provision, "metadata", "creationTimestamp")
        if due > self.now:
            self.wake_at(key, due)
            return
        volume = f"pvc-{claim['metadata']['uid']}"
        self.stage.tell(
            claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {volume}", _SOURCE, once=True
        )
        bound = self.stage.merge(claim, {"spec": {"volumeName": volume}}, _MANAGER)
        capacity = {"storage": part(claim, "spec", "resources", "requests", "storage")}
        self.stage.set_status(bound, {"phase": "Bound", "accessModes": modes, "capacity": capacity}, _MANAGER)

    def _grow(self, claim: Json) -> None:
        wanted = part(claim, "spec", "resources", "requests", "storage")
        if amount(wanted) > amount(part(claim, "status", "capacity", "storage")):
            self.stage.set_status(claim, {**claim["status"], "capacity": {"storage": wanted}}, _MANAGER)


def _claims_of(pod: Json | None) -> list[Key]:
    if pod is None:
        return []
    names = [part(v, "persistentVolumeClaim", "claimName") for v in sequence(pod, "spec", "volumes")]
    return [Key("PersistentVolumeClaim", pod["metadata"]["namespace"], n) for n in names if isinstance(n, str)]


def desired_class(storage_class: StorageClass) -> Json:
    """The StorageClass object that the settings describe."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": storage_class.name,
            "annotations": {DEFAULT_CLASS: "true" if storage_class.default else "false"},
        },
        "provisioner": "simulated.example.com",
        "volumeBindingMode": storage_class.binding,
        "allowVolumeExpansion": storage_class.expansion,
    }
