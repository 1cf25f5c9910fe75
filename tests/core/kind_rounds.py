"""A minimal API server for tests of planners: it takes the changes of plans and stores them, nothing more."""

from __future__ import annotations

import copy
import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aimcore.changes import Apply, Create, Delete, PatchObject
from aimcore.diff import changes_needed
from aimcore.facts import Answer, Outcome, OutcomeOf, Want
from aimcore.plan import Plan
from aimcore.resource import Key, Resource
from aimcore.settings import Settings
from aimcore.snapshot import Snapshot, timestamp
from aimcore.table import Table

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
GROUP = "aim.eai.amd.com/v1alpha1"
Planner = Callable[[Snapshot, Resource], Plan]


class Rounds:
    """Objects, a clock, and planners that are run until they are quiet."""

    def __init__(self, planners: Mapping[str, Planner], *, settings: Settings | None = None) -> None:
        self.planners = planners
        self.settings = settings or Settings()
        self.table = Table(settings=self.settings)
        self.now = START
        self.objects: dict[Key, dict[str, Any]] = {}
        self.uids = itertools.count(1)
        self.versions = itertools.count(1)
        self.events: list[str] = []
        self.plans: dict[Key, Plan] = {}

    # ---- the world ----
    def put(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Create or replace an object, with the metadata that a server sets."""
        stored = copy.deepcopy(dict(raw))
        metadata = stored.setdefault("metadata", {})
        key = Key(stored["kind"], metadata.get("namespace", ""), metadata["name"])
        old = self.objects.get(key)
        metadata.setdefault("uid", f"uid-{next(self.uids)}")
        metadata.setdefault("creationTimestamp", timestamp(self.now))
        is_new_spec = old is None or old.get("spec") != stored.get("spec")
        metadata["generation"] = ((old or {}).get("metadata", {}).get("generation", 0)) + is_new_spec
        metadata["resourceVersion"] = str(next(self.versions))
        self.objects[key] = stored
        self.table.learn(stored)
        return stored

    def get(self, kind: str, namespace: str, name: str) -> dict[str, Any]:
        return self.objects[Key(kind, namespace, name)]

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [self.objects[k] for k in sorted(self.objects) if k.kind == kind]

    def remove(self, key: Key) -> None:
        self.objects.pop(key, None)
        self.table.forget(key)

    def patch(self, key: Key, change: Mapping[str, Any]) -> dict[str, Any]:
        return self.put(merged(self.objects[key], change))

    def answer(self, want: Want, value: Any) -> None:
        self.table.learn_answer(want, Answer(value, self.now))

    def refuse(self, parent: Key, child: Key, outcome: Outcome | None) -> None:
        self.table.learn_outcome(OutcomeOf(parent, child), outcome)

    def pass_time(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    # ---- planning ----
    def plan(self, key: Key) -> Plan:
        snapshot = Snapshot(self.table, self.now, self.settings)
        return self.planners[key.kind](snapshot, Resource.of(self.table.find(key).raw))

    def round(self, key: Key) -> bool:
        """Plan one object and store what the plan asks for. Whether anything was written."""
        snapshot = Snapshot(self.table, self.now, self.settings)
        plan = self.plans[key] = self.planners[key.kind](snapshot, self.table.find(key))
        changes = changes_needed(plan, snapshot)
        if not changes:
            return False
        if changes.finalizers is not None:
            self._finalizers(key, plan)
            return True
        for change in changes.children:
            match change:
                case Create() | Apply():
                    self.put(merged(self.objects.get(change.key, {}), change.manifest))
                case Delete():
                    self.remove(change.key)
                case PatchObject():
                    self.patch(change.key, change.patch)
        if changes.status is not None:
            self.patch(key, {"status": changes.status.patch})
            self.events += [e.reason for e in plan.events]
        return True

    def settle(self, limit: int = 60) -> int:
        """Run all planners until nobody writes. The number of rounds that wrote."""
        for count in range(limit):
            keys = [k for k in sorted(self.objects) if k.kind in self.planners]
            if not [k for k in keys if k in self.objects and self.round(k)]:
                return count
        raise AssertionError("the planners never came to rest")

    def _finalizers(self, key: Key, plan: Plan) -> None:
        raw = self.objects[key]
        present = [f for f in raw["metadata"].get("finalizers", []) if f not in plan.remove_finalizers]
        raw["metadata"]["finalizers"] = [*present, *plan.add_finalizers]
        if raw["metadata"].get("deletionTimestamp") and not raw["metadata"]["finalizers"]:
            self.remove(key)
        else:
            self.put(raw)


def merged(old: Any, change: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7386."""
    result = dict(old) if isinstance(old, Mapping) else {}
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            result[name] = merged(result.get(name), value)
        else:
            result[name] = value
    return result


def aim(kind: str, name: str, namespace: str = "", **members: Any) -> dict[str, Any]:
    """An object of one of our kinds."""
    metadata: dict[str, Any] = {"name": name, **members.pop("metadata", {})}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": GROUP, "kind": kind, "metadata": metadata, **members}


def condition_of(raw: Mapping[str, Any], type_: str) -> tuple[str, str]:
    """Status and reason of a stored condition."""
    for entry in raw.get("status", {}).get("conditions", ()):
        if entry["type"] == type_:
            return entry["status"], entry["reason"]
    return "", ""


def message_of(raw: Mapping[str, Any], type_: str) -> str:
    return next((c["message"] for c in raw["status"]["conditions"] if c["type"] == type_), "")


def pod(name: str, namespace: str, job: str, phase: str, **status: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"job-name": job}},
        "status": {"phase": phase, **status},
    }


def finished(type_: str = "Complete", reason: str = "", message: str = "") -> dict[str, Any]:
    """The status of a finished Job."""
    return {"conditions": [{"type": type_, "status": "True", "reason": reason, "message": message}]}


def node(name: str, device: str, **labels: str) -> dict[str, Any]:
    found = {"amd.com/gpu.device-id": device, **labels}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": found}}


def plan_shuffled(planner: Planner, objects: Sequence[Mapping[str, Any]], key: Key, seed: int) -> Plan:
    """The plan of `key` when the objects are learnt in another order."""
    shuffled = list(objects)
    random.Random(seed).shuffle(shuffled)  # noqa: S311  an order, no secret
    table = Table(shuffled)
    return planner(Snapshot(table, START), table.find(key))
