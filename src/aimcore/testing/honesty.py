"""Law 7, honest status: what a status says is so, and it says why.

1. Ready=True: every component is True, the observed generation is the object's, and a replica of the newest pod
   template is ready, as far as the controller had learnt when it wrote.
2. Not ready: Ready repeats what the lowest component says.
3. The conditions are well made (`condition_lint`). No secret stands in a plan, an event, a note or a status.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aimcore.changes import Change, Changes, PatchStatus
from aimcore.plan import Plan
from aimcore.resource import EMPTY, Json, Key
from aimcore.snapshot import Snapshot
from aimcore.testing.condition_lint import lint_conditions
from aimcore.testing.driver import Driver
from aimcore.testing.laws import Broken, parts_of
from aimcore.wire import Done


class Auditor:
    """Watches a driver and checks every status it writes. `statuses` counts them, `ready` those that said Ready.

    `secrets`: texts that stand in Secrets of the cluster and must be seen nowhere.
    """

    def __init__(self, driver: Driver, *, secrets: Iterable[str] = ()) -> None:
        self.driver = driver
        self.statuses = self.ready = 0
        self._secrets = tuple(secrets)
        self._before: dict[Key, Any] = {}
        driver.on_plan = self._on_plan
        driver.before_write = self._before_write
        driver.after_write = self._after_write

    def _on_plan(self, plan: Plan, _changes: Changes, _snapshot: Snapshot) -> None:
        told = json.dumps(parts_of(plan), default=str)
        leaked = [secret for secret in self._secrets if secret in told]
        if leaked:
            raise Broken("No secret anywhere", plan.key, [f"its plan has {leaked}"])

    def _before_write(self, change: Change) -> None:
        if isinstance(change, PatchStatus):
            self._before[change.key] = self.driver.cluster.peek(*change.key)

    def _after_write(self, change: Change) -> None:
        if not isinstance(change, PatchStatus) or not isinstance(self.driver.log[-1][1], Done):
            return
        before, live = self._before.pop(change.key), self.driver.cluster.peek(*change.key)
        if before is None or live is None:
            return
        self.statuses += 1
        lines = list(self._lies(before, live))
        if lines:
            raise Broken("Honest status", change.key, [*lines, json.dumps(live["status"])[:2000]])

    def _lies(self, before: Json, live: Json) -> Iterator[str]:
        generation, status = live["metadata"]["generation"], live["status"]
        conditions = status.get("conditions", [])
        old = before.get("status", EMPTY).get("conditions", [])
        yield from lint_conditions(conditions, old, generation, self.driver.clock.now)
        ready = next((c for c in conditions if c["type"] == "Ready"), None)
        if ready is None:
            yield "there is no Ready"
            return
        components = [c for c in conditions if c["type"].endswith("Ready") and c["type"] != "Ready"]
        if ready["status"] == "True":
            self.ready += 1
            yield from (f"Ready, but {c['type']} is {c['status']}" for c in components if c["status"] != "True")
            if status.get("observedGeneration") != generation:
                yield f"Ready, but of generation {status.get('observedGeneration')}, not {generation}"
            if live["kind"] == "AIMService":
                yield from unserved(self.driver, live)
        else:
            yield from unexplained(ready, conditions)
        if live["kind"] == "AIMService" and (status.get("status") == "Running") != (ready["status"] == "True"):
            yield f"status is {status.get('status')}, Ready is {ready['status']}"


def unexplained(ready: Mapping[str, Any], conditions: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Whether a Ready that is not True repeats what a component or the framework says."""
    causes = [c for c in conditions if c["type"] != "Ready" and c["status"] != "True"]
    if not causes:
        yield "not Ready, and nothing else is at fault"
    elif not any((c["message"] or c["reason"]) in ready["message"] for c in causes):
        yield f"Ready says {ready['message']!r}, which no component says"


def unserved(driver: Driver, service: Json) -> Iterator[str]:
    """What is missing of a replica that is made of the newest pod template and ready, by all that the driver knows."""
    table = driver.memory.table
    namespace, uid = service["metadata"]["namespace"], service["metadata"]["uid"]
    owned = [r for key in table.keys("InferenceService") if (r := table.find(key)) is not None and _owner(r.raw) == uid]
    if len(owned) != 1:
        yield f"Ready with {len(owned)} InferenceServices"
        return
    deployment = table.find(Key("Deployment", namespace, f"{owned[0].name}-predictor"))
    if deployment is None:
        yield "Ready without a Deployment"
        return
    if _containers(owned[0].spec.get("predictor")) != _containers(deployment.spec.get("template", EMPTY).get("spec")):
        yield "Ready, but the Deployment is not made of what the InferenceService says"
    newest = _served(deployment.spec.get("template", EMPTY).get("spec"))
    pods = [r for key in table.keys("Pod") if (r := table.find(key)) is not None and r.namespace == namespace]
    if not any(_is_ready(p.raw) and not p.is_deleting and _served(p.spec) == newest for p in pods):
        yield "Ready, but no pod of the newest template is"


def _owner(raw: Mapping[str, Any]) -> str:
    return next((o["uid"] for o in raw["metadata"].get("ownerReferences", ()) if o.get("controller")), "")


def _containers(spec: Any) -> list[Any]:
    """Image and environment of each container, without what KServe adds."""
    containers = spec.get("containers", []) if isinstance(spec, dict) else []
    return [
        [c.get("image"), [e for e in c.get("env", []) if e.get("name") != "INFERENCE_SERVICE_NAME"]] for c in containers
    ]


def _served(spec: Any) -> list[Any]:
    containers = spec.get("containers", []) if isinstance(spec, dict) else []
    return [[c.get("image"), c.get("env", [])] for c in containers]


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", EMPTY).get("conditions", ())
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
