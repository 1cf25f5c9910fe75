"""The garbage collector.

1. An object all of whose owners are absent is deleted; owners are judged by uid (F-141). Also right after its creation.
2. If some owner lives, only the dead entries are removed. A namespaced owner in another namespace counts as absent.
3. Foreground deletion waits for dependents that block; orphaning takes the owner entries off (F-140, F-71).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aimcore.resource import Key
from aimcore.simulation.actors.actor import Actor
from aimcore.simulation.actors.stage import Json, is_deleting, owners_of

_MANAGER = "kube-controller-manager"
_JOB_TRACKING = "batch.kubernetes.io/job-tracking"


class GarbageCollector(Actor):
    name = "garbage-collector"
    watches = ()

    def notice(self, key: Key, old: Json | None, new: Json | None) -> None:
        if new is None:
            if old is not None:
                self._gone(old)
        elif self._waits(new):
            self.wake(key)
        elif new["metadata"].get("ownerReferences") and (
            old is None or old["metadata"].get("ownerReferences") != new["metadata"]["ownerReferences"]
        ):
            self._soon(new)

    def wake_all(self) -> None:
        """Settings change nothing for the garbage collector."""

    def act(self, key: Key) -> None:
        obj = self.stage.at(key)
        if obj is None:
            return
        finalizers = obj["metadata"].get("finalizers", ())
        if is_deleting(obj) and "orphan" in finalizers:
            self._orphan(obj)
        elif is_deleting(obj) and "foregroundDeletion" in finalizers:
            self._delete_dependents(obj)
        elif owners_of(obj):
            self._judge(obj)

    def _gone(self, obj: Json) -> None:
        for dependent in self.stage.owned(obj["metadata"]["uid"]):
            self._soon(dependent)
        for owner in owners_of(obj):
            owner_key = self.stage.by_uid.get(owner["uid"])
            if owner_key is not None and self._waits(self.stage.at(owner_key)):
                self.wake(owner_key)

    def _soon(self, obj: Json) -> None:
        metadata = obj["metadata"]
        key = Key(obj["kind"], metadata.get("namespace") or "", metadata["name"])
        self.wake_at(key, self.now + timedelta(seconds=self.settings.delays.collect))

    @staticmethod
    def _waits(obj: Json | None) -> bool:
        if obj is None or not is_deleting(obj):
            return False
        finalizers = obj["metadata"].get("finalizers", ())
        return "orphan" in finalizers or "foregroundDeletion" in finalizers

    def _judge(self, obj: Json) -> None:
        owners = owners_of(obj)
        alive = [owner for owner in owners if self._lives(owner, obj["metadata"].get("namespace") or "")]
        if not alive:
            if not is_deleting(obj):
                self.stage.delete(obj)
        elif len(alive) < len(owners):
            self.stage.merge(obj, {"metadata": {"ownerReferences": alive}}, _MANAGER)

    def _lives(self, owner: Mapping[str, Any], namespace: str) -> bool:
        if not self.stage.serves(owner["kind"]):
            return True  # a kind that nobody serves cannot be looked up, so nothing is deleted for it
        key = self.stage.by_uid.get(owner["uid"])
        return key is not None and key.kind == owner["kind"] and key.namespace in ("", namespace)

    def _orphan(self, obj: Json) -> None:
        uid = obj["metadata"]["uid"]
        for dependent in self.stage.owned(uid):
            metadata: Json = {"ownerReferences": [o for o in owners_of(dependent) if o["uid"] != uid] or None}
            finalizers = dependent["metadata"].get("finalizers", ())
            if obj["kind"] == "Job" and _JOB_TRACKING in finalizers:
                metadata["finalizers"] = [f for f in finalizers if f != _JOB_TRACKING] or None
            self.stage.merge(dependent, {"metadata": metadata}, _MANAGER)
        self.stage.drop_finalizer(obj, "orphan", _MANAGER)

    def _delete_dependents(self, obj: Json) -> None:
        uid = obj["metadata"]["uid"]
        for dependent in self.stage.owned(uid):
            if not is_deleting(dependent):
                self.stage.delete(dependent, "Foreground" if _blocks(dependent, uid) else "Background")
        if not any(_blocks(dependent, uid) for dependent in self.stage.owned(uid)):
            self.stage.drop_finalizer(obj, "foregroundDeletion", _MANAGER)


def _blocks(dependent: Json, uid: str) -> bool:
    return any(o["uid"] == uid and o.get("blockOwnerDeletion") is True for o in owners_of(dependent))
