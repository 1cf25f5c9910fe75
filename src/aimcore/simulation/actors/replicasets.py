"""ReplicaSets: as many pods as asked for; the least ready and youngest go first."""

from __future__ import annotations

from aimcore.resource import Key
from aimcore.simulation.actors.actor import Actor
from aimcore.simulation.actors.stage import (
    Json,
    controller_of,
    is_deleting,
    mapping,
    number,
    part,
    sequence,
    text_of,
)
from aimcore.simulation.errors import ApiError

_MANAGER = "kube-controller-manager"
_SOURCE = "replicaset-controller"


MOST_PODS = 500
"""Pods of one ReplicaSet. More replicas are not made: a real cluster would be full long before."""


class ReplicaSets(Actor):
    name = "replicaset-controller"
    watches = ("ReplicaSet", "Pod")

    def notice(self, key: Key, old: Json | None, new: Json | None) -> None:
        if key.kind == "ReplicaSet":
            self.wake(key)
            return
        if new is None or not _counts(new):
            self.wake_refused(key.namespace)
        owner = controller_of(new or old or {"metadata": {}})
        if owner.get("kind") == "ReplicaSet":
            self.wake(Key("ReplicaSet", key.namespace, str(owner["name"])))

    def act(self, key: Key) -> None:
        replica_set = self.stage.at(key)
        if replica_set is None or is_deleting(replica_set):
            return
        pods = [p for p in self.stage.owned(replica_set["metadata"]["uid"], "Pod") if _counts(p)]
        wanted = min(number(part(replica_set, "spec", "replicas"), 1), MOST_PODS)
        refused: ApiError | None = None
        for i in range(wanted - len(pods)):
            try:
                pods.append(self._create(replica_set, i))
            except ApiError as error:
                refused = error
                break
        if len(pods) > wanted:
            ranked = sorted(pods, key=_worth)
            for pod in ranked[: len(pods) - wanted]:
                self.stage.delete(pod)
                pods.remove(pod)
        self._report(replica_set, pods, refused)
        if refused is not None:
            raise refused

    def _create(self, replica_set: Json, ordinal: int) -> Json:
        metadata = replica_set["metadata"]
        template = mapping(replica_set, "spec", "template")
        owner = {
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": metadata["name"], "uid": metadata["uid"],
            "controller": True, "blockOwnerDeletion": True,
        }  # fmt: skip
        pod: Json = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                **{k: dict(v) for k, v in mapping(template, "metadata").items() if k in ("labels", "annotations")},
                "name": self.stage.fresh_name("Pod", replica_set, str(ordinal)),
                "namespace": metadata["namespace"],
                "ownerReferences": [owner],
            },
            "spec": dict(mapping(template, "spec")),
            "status": {"phase": "Pending", "qosClass": "Burstable"},
        }
        try:
            created = self.stage.create(pod, _MANAGER)
        except ApiError as error:
            text = stable_refusal(error, pod)
            self.stage.tell(replica_set, "Warning", "FailedCreate", f"Error creating: {text}", _SOURCE)
            raise
        name = created["metadata"]["name"]
        self.stage.tell(replica_set, "Normal", "SuccessfulCreate", f"Created pod: {name}", _SOURCE)
        return created

    def _report(self, replica_set: Json, pods: list[Json], refused: ApiError | None) -> None:
        ready = sum(map(is_ready, pods))
        status: Json = {
            "observedGeneration": replica_set["metadata"].get("generation", 1),
            "replicas": len(pods),
            **({"readyReplicas": ready, "availableReplicas": ready} if ready else {}),
        }
        if refused is not None:
            failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": refused.message}
            known = sequence(replica_set, "status", "conditions")  # kept while the reason stays, as the real one does
            status["conditions"] = known or [{**failure, "lastTransitionTime": text_of(self.now)}]
        self.stage.set_status(replica_set, status, _MANAGER)


def stable_refusal(error: ApiError, pod: Json) -> str:
    """The server's sentence without the random end of the pod's name, so that repeated events are counted."""
    name = str(pod["metadata"]["name"])
    return error.message.replace(name, name.rpartition("-")[0] + "-")


def is_ready(pod: Json) -> bool:
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in sequence(pod, "status", "conditions"))


def _counts(pod: Json) -> bool:
    return not is_deleting(pod) and part(pod, "status", "phase") not in ("Succeeded", "Failed")


def _worth(pod: Json) -> tuple[bool, bool, bool, str]:
    """Pods that are worth least come first: unassigned, not running, not ready; then by name."""
    return (
        bool(part(pod, "spec", "nodeName")),
        part(pod, "status", "phase") == "Running",
        is_ready(pod),
        pod["metadata"]["name"],
    )
