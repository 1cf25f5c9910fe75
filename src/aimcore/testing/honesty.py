"""Law 7, honest status: what a status says is so, and it says why.

1. Ready=True: every component is True, the observed generation is the object's, no write of a wanted child stands
   refused, and a replica of the newest pod template is ready, as far as the controller had learnt when it wrote.
2. Not ready: Ready repeats what the lowest component says.
3. The conditions are well made (`condition_lint`). No secret stands in a plan, an event, a note or a status.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aimcore.changes import Change, Changes, PatchStatus
from aimcore.dispatch import AIM
from aimcore.facts import OutcomeOf
from aimcore.plan import Plan
from aimcore.resource import EMPTY, Json, Key
from aimcore.snapshot import Snapshot, Unreadable
from aimcore.testing.condition_lint import lint_conditions
from aimcore.testing.driver import Driver
from aimcore.testing.laws import Broken, parts_of
from aimcore.testing.reasons import may_say
from aimcore.wire import Done


class Auditor:
    """Watches a driver, beside whoever else does, and checks every status it writes.

    `statuses` counts them, `ready` those that said Ready.
    `secrets`: texts that stand in Secrets of the cluster and must be seen nowhere.
    """

    def __init__(self, driver: Driver, *, secrets: Iterable[str] = ()) -> None:
        self.driver = driver
        self.statuses = self.ready = 0
        self._secrets = tuple(secrets)
        self._before: dict[Key, Any] = {}
        self._next = driver.on_plan, driver.before_write, driver.after_write
        driver.on_plan = self._on_plan
        driver.before_write = self._before_write
        driver.after_write = self._after_write

    def _on_plan(self, plan: Plan, changes: Changes, snapshot: Snapshot) -> None:
        told = json.dumps(parts_of(plan), default=str)
        leaked = [secret for secret in self._secrets if secret in told]
        if leaked:
            raise Broken("No secret anywhere", plan.key, [f"its plan has {leaked}"])
        if self._next[0] is not None:
            self._next[0](plan, changes, snapshot)

    def _before_write(self, change: Change) -> None:
        if isinstance(change, PatchStatus):
            self._before[change.key] = self.driver.cluster.peek(*change.key)
        if self._next[1] is not None:
            self._next[1](change)

    def _after_write(self, change: Change) -> None:
        if self._next[2] is not None:
            self._next[2](change)
        self._audit(change)

    def _audit(self, change: Change) -> None:
        result = self.driver.log[-1][1]
        if not isinstance(change, PatchStatus) or not isinstance(result, Done) or result.object is None:
            return  # what is not there any more, or not served, has no status
        before, live = self._before.pop(change.key), self.driver.cluster.peek(*change.key)
        if before is None or live is None:
            return
        self.statuses += 1
        lines = list(self._lies(before, live))
        if lines:
            raise Broken("Honest status", change.key, [*lines, json.dumps(live["status"])[:2000]])

    def look(self) -> int:
        """Whether what stands in the cluster at rest is honest still, though nobody wrote it again.

        Answers with the number of statuses. An object whose plan has no status, such as a paused one, is left out.
        """
        looked = 0
        for key in self.driver.planned_keys():
            plan, live = self.driver.plans.get(key), self.driver.cluster.peek(*key)
            if plan is None or not plan.status or live is None or "status" not in live:
                continue
            looked += 1
            lines = list(self._lies(live, live))
            if lines:
                raise Broken("Honest status", key, [*lines, json.dumps(live["status"])[:2000]])
        return looked

    def _lies(self, before: Json, live: Json) -> Iterator[str]:
        generation, status = live["metadata"]["generation"], live["status"]
        conditions = status.get("conditions", [])
        old = before.get("status", EMPTY).get("conditions", [])
        yield from lint_conditions(conditions, old, generation, self.driver.clock.now)
        if self.driver.vocabulary.planners.get(live["kind"]) is AIM.planners.get(live["kind"]):
            unknown = (c for c in conditions if not may_say(c["type"], c["reason"]))
            yield from (f"{c['type']}: the reason {c['reason']} is in no catalogue" for c in unknown)
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
            yield from unreported(self.driver, live)
            if live["kind"] == "AIMService":
                yield from unserved(self.driver, live)
        else:
            yield from unexplained(ready, conditions)
        if live["kind"] == "AIMService" and (status.get("status") == "Running") != (ready["status"] == "True"):
            yield f"status is {status.get('status')}, Ready is {ready['status']}"


def unreported(driver: Driver, live: Json) -> Iterator[str]:
    """The refused writes of children that an object wants, of which its status should tell."""
    key = Key(live["kind"], live["metadata"].get("namespace", ""), live["metadata"]["name"])
    for child in driver.plans[key].children:
        outcome = driver.memory.table.outcome(OutcomeOf(key, child.key))
        if outcome is not None:
            yield f"Ready, but the write of {child.key} was refused: {outcome.message}"


def unexplained(ready: Mapping[str, Any], conditions: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Whether a Ready that is not True repeats what a component or the framework says.

    A component that cannot be reached for a moment stays True and says so in its message.
    """
    conditions = tuple(conditions)
    causes = [c for c in conditions if c["type"] != "Ready" and c["status"] != "True"]
    if not causes:
        yield "not Ready, and nothing else is at fault"
    elif not any((c["message"] or c["reason"]) in ready["message"] for c in (*causes, *_held_up(conditions))):
        yield f"Ready says {ready['message']!r}, which no component says"


def _held_up(conditions: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    unreached = any(c["type"] == "DependenciesReachable" and c["status"] != "True" for c in conditions)
    return (c for c in conditions if unreached and c["status"] == "True" and c["type"] != "Ready" and c["message"])


def unserved(driver: Driver, service: Json) -> Iterator[str]:
    """What is missing of a replica that is made of the newest pod template and ready, by all that the driver knows."""
    table = driver.memory.table
    namespace, uid = service["metadata"]["namespace"], service["metadata"]["uid"]
    owned = [r for key in table.keys("InferenceService") if (r := table.find(key)) is not None and _owner(r.raw) == uid]
    if len(owned) != 1:
        yield f"Ready with {len(owned)} InferenceServices"
        return
    deployment = table.find(Key("Deployment", namespace, f"{owned[0].name}-predictor"))
    pods = [r for key in table.keys("Pod") if (r := table.find(key)) is not None and r.namespace == namespace]
    ready = [p for p in pods if _is_ready(p.raw) and not p.is_deleting]
    if deployment is None:
        if not isinstance(table.availability("Deployment"), Unreadable):
            yield "Ready without a Deployment"
        elif all(_containers(p.spec) != _containers(owned[0].spec.get("predictor")) for p in ready):
            yield "Ready, but no pod of what the InferenceService says is, and Deployments cannot be read"
        return
    if _containers(owned[0].spec.get("predictor")) != _containers(deployment.spec.get("template", EMPTY).get("spec")):
        yield "Ready, but the Deployment is not made of what the InferenceService says"
    newest = _served(deployment.spec.get("template", EMPTY).get("spec"))
    if not any(_served(p.spec) == newest for p in ready):
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
