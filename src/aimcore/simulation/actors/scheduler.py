"""The scheduler.

1. A pod goes to the first node, by name, whose labels it selects and that has room. GPUs are counted like any resource.
   Taints keep all pods away: nobody here tolerates any.
2. A pod that fits nowhere carries PodScheduled=False `Unschedulable` and an event `FailedScheduling` (F-75).
3. Claims come first: a missing, dying or unbound Immediate claim stops the pod; for WaitForFirstConsumer the node is
   chosen, written on the claim, and the pod waits for the binding (F-78, F-81).
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from aimcore.resource import Key
from aimcore.simulation.actors.actor import Actor
from aimcore.simulation.actors.nodes import REASON_AFFINITY, allocatable, amount, labels_of, requests_of, selects
from aimcore.simulation.actors.stage import Json, Stage, is_deleting, part, sequence, text_of

SELECTED_NODE = "volume.kubernetes.io/selected-node"
_MANAGER = "kube-scheduler"
_SOURCE = "default-scheduler"


class Scheduler(Actor):
    name = "scheduler"
    watches = ("Pod", "Node", "PersistentVolumeClaim")

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._placed: dict[Key, tuple[str, tuple[tuple[str, Decimal], ...]]] = {}
        self._used: dict[tuple[str, str], Decimal] = {}
        self._waiting: dict[Key, None] = {}

    def notice(self, key: Key, old: Json | None, new: Json | None) -> None:
        if key.kind == "Pod":
            freed = self._account(key, new)
            if new is None:
                self._waiting.pop(key, None)
            elif not part(new, "spec", "nodeName"):
                if old is None:
                    self.wake(key)
            else:
                self._waiting.pop(key, None)
            if freed:
                self._wake_waiting()
        elif key.kind == "Node" or old is None or new is None or old.get("status") != new.get("status"):
            self._wake_waiting()

    def wake_all(self) -> None:
        self._wake_waiting()

    def act(self, key: Key) -> None:
        pod = self.stage.at(key)
        if pod is None or is_deleting(pod) or part(pod, "spec", "nodeName") or _is_over(pod):
            return
        due = self.stage.since(pod, self.settings.delays.schedule, "metadata", "creationTimestamp")
        if due > self.now:
            self.wake_at(key, due)
            return
        self._waiting[key] = None
        trouble = self._claim_trouble(pod)
        if trouble is not None:
            self._refuse(pod, trouble)
            return
        node, reasons = self._choose(pod)
        if node is None:
            self._refuse(pod, reasons)
        elif self._claims_are_bound(pod, node):
            self._bind(pod, node)

    # ---- room -------------------------------------------------------------------------------------------------------
    def _account(self, key: Key, pod: Json | None) -> bool:
        """Keep the books of a pod; whether room became free."""
        node = "" if pod is None or _is_over(pod) else part(pod, "spec", "nodeName") or ""
        known = self._placed.get(key)
        if (known[0] if known else "") == node:
            return False
        if known is not None:
            for resource, quantity in known[1]:
                self._used[known[0], resource] -= quantity
            del self._placed[key]
        if node and pod is not None:
            requests = tuple(requests_of(pod).items())
            self._placed[key] = (node, requests)
            for resource, quantity in requests:
                self._used[node, resource] = self._used.get((node, resource), Decimal(0)) + quantity
        return known is not None

    def _choose(self, pod: Json) -> tuple[str | None, str]:
        nodes = sorted(self.stage.all("Node"), key=lambda n: str(n["metadata"]["name"]))
        requests = requests_of(pod)
        reasons: Counter[str] = Counter()
        for node in nodes:
            name = node["metadata"]["name"]
            if part(node, "spec", "unschedulable") is True:
                reasons["node(s) were unschedulable"] += 1
                continue
            taint = next((t for t in sequence(node, "spec", "taints") if t.get("effect") == "NoSchedule"), None)
            if taint is not None:
                reasons[f"node(s) had untolerated taint {{{taint.get('key')}: {taint.get('value', '')}}}"] += 1
                continue
            if not selects(pod, labels_of(node)):
                reasons[REASON_AFFINITY] += 1
                continue
            room = allocatable(node)
            short = [
                resource
                for resource, wanted in requests.items()
                if amount(room.get(resource, 0)) - self._used.get((name, resource), Decimal(0)) < wanted
            ]
            if not short:
                return name, ""
            reasons.update(f"Insufficient {resource}" if resource != "pods" else "Too many pods" for resource in short)
        return None, ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))

    def _wake_waiting(self) -> None:
        for key in self._waiting:
            self.wake(key)

    # ---- claims -----------------------------------------------------------------------------------------------------
    def _claims(self, pod: Json) -> list[tuple[str, Json | None]]:
        namespace = pod["metadata"]["namespace"]
        names = [part(v, "persistentVolumeClaim", "claimName") for v in sequence(pod, "spec", "volumes")]
        return [(n, self.stage.get("PersistentVolumeClaim", namespace, n)) for n in names if isinstance(n, str)]

    def _claim_trouble(self, pod: Json) -> str | None:
        for name, claim in self._claims(pod):
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if is_deleting(claim):
                return f'persistentvolumeclaim "{name}" is being deleted'
            if part(claim, "status", "phase") == "Lost":
                return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume'
            if not _is_bound(claim) and not self._waits_for_consumer(claim):
                return "pod has unbound immediate PersistentVolumeClaims"
        return None

    def _waits_for_consumer(self, claim: Json) -> bool:
        return waits_for_consumer(self.stage.get("StorageClass", "", str(part(claim, "spec", "storageClassName"))))

    def _claims_are_bound(self, pod: Json, node: str) -> bool:
        bound = True
        for _, claim in self._claims(pod):
            if claim is None or _is_bound(claim):
                continue
            bound = False
            if not part(claim, "metadata", "annotations", SELECTED_NODE):
                self.stage.merge(claim, {"metadata": {"annotations": {SELECTED_NODE: node}}}, _MANAGER)
        return bound

    # ---- verdicts ---------------------------------------------------------------------------------------------------
    def _refuse(self, pod: Json, reasons: str) -> None:
        count = len(self.stage.objects.get("Node", {}))
        message = f"0/{count} nodes are available: {reasons}." if count else "no nodes available to schedule pods"
        if count:
            message += f" preemption: 0/{count} nodes are available: {count} Preemption is not helpful for scheduling."
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        known = next((c for c in sequence(pod, "status", "conditions") if c.get("type") == "PodScheduled"), None)
        if known is not None and known.get("message") == message:
            return
        since = known["lastTransitionTime"] if known else text_of(self.now)
        status = {**pod.get("status", {}), "conditions": [{**condition, "lastTransitionTime": since}]}
        self.stage.set_status(pod, status, _MANAGER)
        self.stage.tell(pod, "Warning", "FailedScheduling", message, _SOURCE, series=True)

    def _bind(self, pod: Json, node: str) -> None:
        bound = self.stage.merge(pod, {"spec": {"nodeName": node}}, _MANAGER)
        condition = {"type": "PodScheduled", "status": "True", "lastTransitionTime": text_of(self.now)}
        self.stage.set_status(bound, {**bound.get("status", {}), "conditions": [condition]}, _MANAGER)
        name = pod["metadata"]["name"]
        assigned = f"Successfully assigned {pod['metadata']['namespace']}/{name} to {node}"
        self.stage.tell(bound, "Normal", "Scheduled", assigned, _SOURCE, series=True)


def waits_for_consumer(storage_class: Json | None) -> bool:
    """Whether a class binds its claims only when a pod that uses them has a node."""
    return storage_class is not None and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"


def _is_over(pod: Json) -> bool:
    return part(pod, "status", "phase") in ("Succeeded", "Failed")


def _is_bound(claim: Json) -> bool:
    return bool(part(claim, "status", "phase") == "Bound")
