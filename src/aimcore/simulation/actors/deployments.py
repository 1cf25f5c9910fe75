"""Deployments: rolling updates by way of ReplicaSets.

1. A template has one ReplicaSet `<deployment>-<hash>`. A roll-out surges by 25 % (up) and lets 25 % (down) be missing:
   with one replica the new pod must be ready before the old one goes (F-12).
2. Conditions come in the observed order: Progressing `NewReplicaSetCreated`, Available=False, `ReplicaSetUpdated`,
   then Available=True with `NewReplicaSetAvailable` (F-21). They stay in place; nothing is written twice.
3. No progress for `progressDeadlineSeconds` (600): Progressing=False `ProgressDeadlineExceeded`.
4. A pod that cannot be created shows as ReplicaFailure=True `FailedCreate` (F-13).
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from aimcore.resource import Key
from aimcore.simulation.actors.actor import Actor
from aimcore.simulation.actors.stage import (
    Json,
    controller_of,
    hashed,
    is_deleting,
    mapping,
    moment_of,
    number,
    part,
    sequence,
    text_of,
)

HASH_LABEL = "pod-template-hash"
_MANAGER = "kube-controller-manager"


class Deployments(Actor):
    name = "deployment-controller"
    watches = ("Deployment", "ReplicaSet")

    def notice(self, key: Key, old: Json | None, new: Json | None) -> None:
        if key.kind == "Deployment":
            self.wake(key)
        else:
            owner = controller_of(new or old or {"metadata": {}})
            if owner.get("kind") == "Deployment":
                self.wake(Key("Deployment", key.namespace, str(owner["name"])))

    def act(self, key: Key) -> None:
        deployment = self.stage.at(key)
        if deployment is None or is_deleting(deployment):
            return
        sets = self.stage.owned(deployment["metadata"]["uid"], "ReplicaSet")
        digest = template_hash(mapping(deployment, "spec", "template"))
        newest = next((s for s in sets if s["metadata"]["labels"].get(HASH_LABEL) == digest), None)
        if newest is None:
            created = self.stage.create(_replica_set(deployment, digest), _MANAGER)
            progress = ("True", "NewReplicaSetCreated", f'Created new replica set "{created["metadata"]["name"]}"')
            self._report(key, deployment, [*sets, created], created, progress)
            return
        self._scale(deployment, sets, newest)
        sets = self.stage.owned(deployment["metadata"]["uid"], "ReplicaSet")
        newest = next(s for s in sets if s["metadata"]["labels"].get(HASH_LABEL) == digest)
        self._report(key, deployment, sets, newest, None)

    # ---- scaling ----------------------------------------------------------------------------------------------------
    def _scale(self, deployment: Json, sets: list[Json], newest: Json) -> None:
        wanted = _replicas(deployment)
        surge, missing = -(-wanted // 4), wanted // 4
        old = [s for s in sets if s is not newest]
        total = sum(map(_replicas, sets))
        have = _replicas(newest)
        if have > wanted or not any(map(_replicas, old)):
            self._set_replicas(newest, wanted)
        elif have < wanted and total < wanted + surge:
            self._set_replicas(newest, have + min(wanted - have, wanted + surge - total))
        available = sum(number(part(s, "status", "availableReplicas")) for s in sets)
        spare = available - (wanted - missing)
        for replica_set in old:
            size = _replicas(replica_set)
            alive = number(part(replica_set, "status", "availableReplicas"))
            broken = max(min(size - alive, size), 0) if number(part(replica_set, "status", "replicas")) == size else 0
            cut = min(size, broken + max(min(spare, alive), 0))
            if cut:
                self._set_replicas(replica_set, size - cut)
                spare -= max(cut - broken, 0)

    def _set_replicas(self, replica_set: Json, count: int) -> None:
        if _replicas(replica_set) != count:
            self.stage.merge(replica_set, {"spec": {"replicas": count}}, _MANAGER)

    # ---- status -----------------------------------------------------------------------------------------------------
    def _report(
        self, key: Key, deployment: Json, sets: list[Json], newest: Json, progress: tuple[str, str, str] | None
    ) -> None:
        wanted, missing = _replicas(deployment), _replicas(deployment) // 4
        count = {
            field: sum(number(part(s, "status", field)) for s in sets)
            for field in ("replicas", "readyReplicas", "availableReplicas")
        }
        updated = number(part(newest, "status", "replicas"))
        available = count["availableReplicas"]
        is_complete = (
            number(part(newest, "status", "availableReplicas")) >= wanted and updated == count["replicas"] == wanted
        )
        conditions = _Conditions(sequence(deployment, "status", "conditions"), text_of(self.now))
        is_first_report = not sequence(deployment, "status", "conditions")
        if not is_first_report:
            if available >= wanted - missing:
                conditions.set("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
            else:
                text = "Deployment does not have minimum availability."
                conditions.set("Available", "False", "MinimumReplicasUnavailable", text)
        failure = next((c for c in sequence(newest, "status", "conditions") if c.get("type") == "ReplicaFailure"), None)
        if failure is None:
            conditions.drop("ReplicaFailure")
        else:
            conditions.set("ReplicaFailure", "True", str(failure.get("reason")), str(failure.get("message")))
        name = newest["metadata"]["name"]
        known = conditions.get("Progressing")
        counted = {"replicas": count["replicas"], "updatedReplicas": updated, "availableReplicas": available}
        moved = any(number(part(deployment, "status", field)) != value for field, value in counted.items())
        if progress is not None:
            conditions.set("Progressing", *progress, touch=True)
        elif is_complete:
            done = f'ReplicaSet "{name}" has successfully progressed.'
            conditions.set("Progressing", "True", "NewReplicaSetAvailable", done)
        elif known.get("reason") != "NewReplicaSetAvailable" or name not in str(known.get("message")):
            self._judge_progress(key, deployment, conditions, name, moved=moved)
        status: Json = {
            "observedGeneration": deployment["metadata"].get("generation", 1),
            **{k: v for k, v in (*count.items(), ("updatedReplicas", updated)) if v},
            "conditions": conditions.items(),
        }
        if wanted > available:
            status["unavailableReplicas"] = wanted - available
        self.stage.set_status(deployment, status, _MANAGER)

    def _judge_progress(self, key: Key, deployment: Json, conditions: _Conditions, name: str, *, moved: bool) -> None:
        known = conditions.get("Progressing")
        if moved or known.get("status") != "False":
            if moved:
                text = f'ReplicaSet "{name}" is progressing.'
                conditions.set("Progressing", "True", "ReplicaSetUpdated", text, touch=True)
            seconds = number(part(deployment, "spec", "progressDeadlineSeconds"), 600)
            since = moment_of(conditions.get("Progressing").get("lastUpdateTime")) or self.now
            due = since + timedelta(seconds=seconds)
            if due > self.now:
                self.wake_at(key, due)
            else:
                text = f'ReplicaSet "{name}" has timed out progressing.'
                conditions.set("Progressing", "False", "ProgressDeadlineExceeded", text)


class _Conditions:
    """The conditions of a Deployment, in their order."""

    def __init__(self, known: list[Any], now: str) -> None:
        self._by_type = {str(c.get("type")): dict(c) for c in known}
        self._now = now

    def get(self, kind: str) -> Json:
        return self._by_type.get(kind, {})

    def set(self, kind: str, status: str, reason: str, message: str, *, touch: bool = False) -> None:
        old = self._by_type.get(kind, {})
        same = (old.get("status"), old.get("reason"), old.get("message")) == (status, reason, message)
        if same and not touch:
            return
        self._by_type[kind] = {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastUpdateTime": self._now,
            "lastTransitionTime": old["lastTransitionTime"] if old.get("status") == status else self._now,
        }

    def drop(self, kind: str) -> None:
        self._by_type.pop(kind, None)

    def items(self) -> list[Json]:
        return list(self._by_type.values())


def template_hash(template: object) -> str:
    return hashed(json.dumps(template, sort_keys=True), length=10)


def _replicas(obj: Json) -> int:
    return number(part(obj, "spec", "replicas"), 1)


def _replica_set(deployment: Json, digest: str) -> Json:
    metadata = deployment["metadata"]
    template = mapping(deployment, "spec", "template")
    labels = {**mapping(template, "metadata", "labels"), HASH_LABEL: digest}
    selector = {**mapping(deployment, "spec", "selector", "matchLabels"), HASH_LABEL: digest}
    owner = {
        "apiVersion": "apps/v1", "kind": "Deployment", "name": metadata["name"], "uid": metadata["uid"],
        "controller": True, "blockOwnerDeletion": True,
    }  # fmt: skip
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "ownerReferences": [owner],
        },
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": selector},
            "template": {**template, "metadata": {**mapping(template, "metadata"), "labels": labels}},
        },
    }
