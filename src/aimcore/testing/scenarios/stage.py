"""How a scenario is played.

1. First the given objects are there and the world lives with them, without a controller.
2. Then the controller starts, and each step is done: what its `when` file says, then time until nothing is left to
   happen or `within` is over, then what its `then` file expects.
3. The API server checks every object of ours as a real one would. A refusal that no `then` file expects is a failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import yaml

from aimcore.dispatch import AIM
from aimcore.resource import Key
from aimcore.simulation.cluster import ApiError, Cluster, PatchType
from aimcore.simulation.resource_type import ResourceType
from aimcore.simulation.settings import WorldSettings
from aimcore.testing.histories import USER, Play
from aimcore.testing.scenarios.folder import WITHIN, Json, Scenario, Step, merged_world
from aimcore.testing.scenarios.matching import matches, mismatches, with_uids
from aimcore.vocabulary import Vocabulary


class Stage:
    """One scenario being played. `cluster` is empty, and taken over: pass a fork to keep it."""

    def __init__(self, scenario: Scenario, cluster: Cluster, *, vocabulary: Vocabulary = AIM) -> None:
        self.scenario = scenario
        self.play = Play(scenario.world, cluster=cluster, vocabulary=vocabulary)
        self.removed: dict[str, ResourceType] = {}
        self.refusals: list[str] = []
        self.failures: list[str] = []

    @property
    def cluster(self) -> Cluster:
        return self.play.cluster

    def perform(self) -> list[str]:
        """Play it. Answers with what is not as expected."""
        for given in self.scenario.given:
            self._do(given)
        self.failures += [f"given: {text}" for text in self.refusals]
        self.play.world.run_until(self.play.clock.now + timedelta(seconds=WITHIN))
        for step in self.scenario.steps:
            if step.orders and step.number == 1:
                self.play.pass_time(timedelta(seconds=WITHIN))
            self._take(step)
            if self.failures:
                break
        return self.failures

    def _take(self, step: Step) -> None:
        before, seen = self._state(step), self._watches(step)
        told, written = len(self.play.driver.events), len(self.play.driver.log)
        self.refusals = []
        for order in step.orders:
            self._do(order)
        self.play.pass_time(timedelta(seconds=step.checks.get("within", WITHIN)))
        checks = with_uids(step.checks, self._uid)
        versions = {place: self._versions(watch) for place, watch in seen.items()}
        found = [
            *self._unexpected(checks),
            *(line for item in checks.get("seen", ()) for line in _unseen(item, versions[_watched(item)])),
            *(line for item in checks.get("never", ()) for line in _forbidden(item, versions[_watched(item)])),
            *self._changed(before),
            *(f"the controller wrote {change}" for change, _ in self.play.driver.log[written:] if checks.get("quiet")),
            *self._silent(checks.get("events", ()), told),
            *self._refused(checks.get("refused", ())),
        ]
        self.failures += [f"step {step.number}: {line}" for line in found]

    # ---- when -------------------------------------------------------------------------------------------------------
    def _do(self, order: Json) -> None:
        match order:
            case {"kind": _}:
                self._apply(order, USER)
            case {"apply": manifest, "by": manager}:
                self._apply(manifest, manager)
            case {"wait": seconds}:
                self.play.pass_time(timedelta(seconds=seconds))
            case {"world": settings}:
                self.play.world.change(WorldSettings.read(merged_world(self.scenario.common, settings)))
            case {"restart": True}:
                self.play.driver.restart()
            case {"uninstall": kind}:
                self.removed[kind] = self.cluster.type_of(kind)
                self.cluster.remove_type(kind)
            case {"install": kind}:
                self.cluster.add_type(self.removed.pop(kind))
            case {"patch": target}:
                self._guarded(lambda: self._patch(with_uids(target, self._uid)))
            case {"delete": target}:
                self._guarded(
                    lambda: [self.cluster.delete(key, propagation="Background") for key in self._keys(target)]
                )
            case _:
                raise ValueError(f"no such order: {order}")

    def _apply(self, manifest: Json, manager: str) -> None:
        obj = with_uids({k: v for k, v in manifest.items() if k != "status"}, self._uid)
        key = self._key(obj)

        def write() -> None:
            self.cluster.patch(key, obj, PatchType.APPLY, manager=manager, force=True)
            if "status" in manifest:
                status = with_uids(manifest["status"], self._uid)
                self.cluster.patch(key, {"status": status}, PatchType.MERGE, subresource="status", manager=manager)

        self._guarded(write)

    def _patch(self, target: Json) -> None:
        keys = self._keys(target)
        part = "status" if set(target["with"]) == {"status"} else ""
        for key in keys:
            self.cluster.patch(key, target["with"], PatchType.MERGE, subresource=part, manager=USER)

    def _guarded(self, write: Callable[[], object]) -> None:
        try:
            write()
        except ApiError as error:
            self.refusals.append(str(error.body["message"] if isinstance(error.body, dict) else error.body))

    # ---- looking ----------------------------------------------------------------------------------------------------
    def _key(self, obj: Json) -> Key:
        kind = self.cluster.type_of(obj["kind"]).kind
        metadata = obj["metadata"]
        return Key(obj["kind"], metadata.get("namespace", "ml-team") if kind.namespaced else "", metadata["name"])

    def _keys(self, target: Json) -> list[Key]:
        found = [_key_of(o) for o in self._objects(target)]
        if not found:
            raise ValueError(f"{self.scenario.name}: nothing to act on: {target}")
        return found

    def _objects(self, pattern: Json) -> list[Json]:
        """The objects with the kind, name, namespace and labels of a pattern."""
        identity = {k: v for k, v in pattern.get("metadata", {}).items() if k in ("name", "namespace", "labels")}
        return [o for o in self.cluster.objects(pattern["kind"]) if matches({"metadata": identity}, o)]

    def _uid(self, bearer: str) -> str:
        kind, _, name = bearer.partition("/")
        found = self._objects({"kind": kind, "metadata": {"name": name}})
        if not found:
            raise ValueError(f"{self.scenario.name}: {bearer} is not there, so it has no uid")
        return str(found[0]["metadata"]["uid"])

    def _watches(self, step: Step) -> dict[str, Any]:
        patterns = [*step.checks.get("seen", ()), *step.checks.get("never", ())]
        since = str(self.cluster.resource_version)
        return {_watched(p): self.cluster.watch(p["kind"], resource_version=since) for p in patterns}

    def _versions(self, watch: Any) -> list[Json]:
        return [event["object"] for event in watch.take() if event["type"] in ("ADDED", "MODIFIED")]

    def _state(self, step: Step) -> dict[Key, Json]:
        patterns = step.checks.get("unchanged", ())
        found = {_key_of(o): _substance(o) for p in patterns for o in self._objects(p)}
        missing = [p for p in patterns if not self._objects(p)]
        self.failures += [f"nothing is there that could stay unchanged: {p}" for p in missing]
        return found

    # ---- then -------------------------------------------------------------------------------------------------------
    def _unexpected(self, checks: Json) -> Iterator[str]:
        for pattern in checks.get("expect", ()):
            wanted = {k: v for k, v in pattern.items() if k != "count"}
            found = self._objects(wanted)
            if "count" in pattern and len(found) != pattern["count"]:
                yield f"expected {pattern['count']} of {_title(wanted)}, there are {[_title(o) for o in found]}"
            elif not found and pattern.get("count") != 0:
                there = [_title(o) for o in self.cluster.objects(pattern["kind"])]
                yield f"{_title(wanted)} is not there; there are {there}"
            for obj in found:
                lines = [f"{_title(obj)}: {line}" for line in mismatches(wanted, obj)]
                yield from [*lines, _shown(obj)] if lines else []
        for pattern in checks.get("absent", ()):
            yield from (f"{_title(o)} should not be there" for o in self._objects(pattern) if matches(pattern, o))

    def _changed(self, before: dict[Key, Json]) -> Iterator[str]:
        for key, old in before.items():
            new = next((_substance(o) for o in self.cluster.objects(key.kind) if _key_of(o) == key), {})
            yield from (f"{key} changed: {line}" for line in (*mismatches(old, new), *mismatches(new, old)))

    def _silent(self, wanted: Any, told: int) -> Iterator[str]:
        events = [
            {"object": f"{key.kind}/{key.name}", "type": e.type, "reason": e.reason, "message": e.message}
            for key, e in self.play.driver.events[told:]
        ]
        for pattern in wanted:
            if not any(matches(pattern, event) for event in events):
                yield f"no event like {pattern}; there were:\n" + "\n".join(f"    {e}" for e in events)

    def _refused(self, wanted: Any) -> Iterator[str]:
        for pattern in wanted:
            if not any(re.search(pattern, text) for text in self.refusals):
                yield f"the API server was expected to refuse with {pattern!r}; it refused: {self.refusals}"
        if not wanted:
            yield from (f"the API server refused: {text}" for text in self.refusals)


def _key_of(obj: Json) -> Key:
    return Key(obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def _watched(pattern: Json) -> str:
    return str(pattern["kind"])


def _identity(pattern: Json) -> Json:
    return {k: v for k, v in pattern.items() if k in ("kind", "metadata")}


def _unseen(item: Json, versions: list[Json]) -> Iterator[str]:
    rest = iter([v for v in versions if matches(_identity(item), v)])
    for wanted in item["versions"]:
        if not any(matches(wanted, version) for version in rest):
            states = [v.get("status", {}).get("status") for v in versions if matches(_identity(item), v)]
            yield f"{_title(item)} was never seen with {wanted} (in this order); its states were {states}"
            return


def _forbidden(item: Json, versions: list[Json]) -> Iterator[str]:
    bad = [v for v in versions if matches(item, v)]
    yield from (f"{_title(item)} should never have been so:\n{_shown(v)}" for v in bad[:1])


def _substance(obj: Json) -> Json:
    """What of an object is its author's: no status, no bookkeeping. The uid stays, so that nothing is made anew."""
    kept = ("name", "namespace", "labels", "annotations", "ownerReferences", "finalizers", "uid", "generation")
    metadata = {k: v for k, v in obj["metadata"].items() if k in kept}
    return {**{k: v for k, v in obj.items() if k != "status"}, "metadata": metadata}


def _title(obj: Json) -> str:
    metadata = obj.get("metadata", {})
    place = "/".join(str(metadata[k]) for k in ("namespace", "name") if k in metadata)
    return f"{obj['kind']} {place or metadata.get('labels', '')}".strip()


def _shown(obj: Json) -> str:
    return "    " + yaml.safe_dump(
        {"spec": obj.get("spec"), "status": obj.get("status")}, sort_keys=False, width=200
    ).replace("\n", "\n    ")
