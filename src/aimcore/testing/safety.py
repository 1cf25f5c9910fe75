"""Law 8, safe: what no plan may ever do, judged by what stands in the cluster when a write is sent.

1. No claim is deleted that a pod mounts, and no artifact whose claim one mounts.
2. Nothing is created for an owner that the controller knows to be deleted, or in a namespace that ends.
3. A service asks for fewer replicas only when its spec does. Nobody of ours writes to what an autoscaler drives.
4. Of two routes of ours with one path on one gateway, the younger says RoutePathConflict.
5. A service makes a cache for the template that its status names: else a crash might lead to another choice, and the
   cache and its download would be nobody's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from aimcore.changes import Apply, Change, Create, Delete
from aimcore.labels import SERVICE
from aimcore.resource import EMPTY, Json, Key
from aimcore.simulation.cluster import Cluster
from aimcore.testing.driver import Driver
from aimcore.testing.laws import Broken

DRIVEN = frozenset({"Deployment", "ReplicaSet", "HorizontalPodAutoscaler", "Pod"})
"""Kinds that hold replicas which KServe or an autoscaler decides."""


class Guard:
    """Watches the writes of a driver, beside whoever else does. `writes` counts them."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.writes = 0
        self._next = driver.before_write
        driver.before_write = self._before_write

    def _before_write(self, change: Change) -> None:
        self.writes += 1
        lines = list(self._dangers(change))
        if lines:
            raise Broken("Safe", change.key, lines)
        if self._next is not None:
            self._next(change)

    def _dangers(self, change: Change) -> Iterator[str]:
        if change.key.kind in DRIVEN:
            yield f"a write to a {change.key.kind}, which others drive"
        match change:
            case Delete(key):
                yield from self._claims_in_use(key)
            case Apply(key, manifest) | Create(key, manifest):
                if self.driver.cluster.peek(*key) is None:
                    yield from self._ending_parents(manifest)
                if key.kind == "InferenceService":
                    yield from self._fewer_replicas(key, manifest)
                if key.kind == "AIMTemplateCache" and SERVICE in manifest["metadata"]["labels"]:
                    yield from self._unrecorded_choices(key, manifest)

    def _claims_in_use(self, key: Key) -> Iterator[str]:
        cluster = self.driver.cluster
        claims = {key.name} if key.kind == "PersistentVolumeClaim" else set()
        target = cluster.peek(*key)
        if key.kind == "AIMArtifact" and target is not None:
            uid = target["metadata"]["uid"]
            claims = {c["metadata"]["name"] for c in cluster.objects("PersistentVolumeClaim") if owned_by(c, uid)}
        for pod in cluster.objects("Pod"):
            if pod["metadata"]["namespace"] == key.namespace and _is_alive(pod) and not _is_of_job(pod):
                for claim in sorted(claims & _mounted(pod)):
                    yield f"claim {claim} is mounted by pod {pod['metadata']['name']}"

    def _ending_parents(self, manifest: Mapping[str, Any]) -> Iterator[str]:
        table, metadata = self.driver.memory.table, manifest["metadata"]
        namespace = table.find(Key("Namespace", "", metadata.get("namespace", "")))
        if namespace is not None and namespace.is_deleting:
            yield f"namespace {namespace.name} ends"
        for owner in metadata.get("ownerReferences", ()):
            kind = self.driver.vocabulary.kinds.get(owner["kind"])
            where = metadata.get("namespace", "") if kind is None or kind.namespaced else ""
            parent = table.find(Key(owner["kind"], where, owner["name"]))
            if parent is not None and parent.uid == owner["uid"] and parent.is_deleting:
                yield f"its owner {parent.key} is being deleted"

    def _unrecorded_choices(self, key: Key, manifest: Mapping[str, Any]) -> Iterator[str]:
        services = (o for o in self.driver.cluster.objects("AIMService") if o["metadata"]["namespace"] == key.namespace)
        named = {s.get("status", EMPTY).get("resolvedTemplate", EMPTY).get("name") for s in services}
        template = manifest["spec"]["templateName"]
        if template not in named:
            yield f"no service's status names template {template}"

    def _fewer_replicas(self, key: Key, manifest: Mapping[str, Any]) -> Iterator[str]:
        live = self.driver.cluster.peek(*key)
        if live is None:
            return
        was, now = (_number(o.get("spec", EMPTY).get("predictor"), "minReplicas") for o in (live, manifest))
        if was is None or now is None or now >= was:
            return
        owner = next(o for o in manifest["metadata"]["ownerReferences"] if o.get("controller"))
        service = self.driver.memory.table.find(Key("AIMService", key.namespace, owner["name"]))
        spec: Mapping[str, Any] = service.spec if service is not None else EMPTY
        asked = next((n for m in ("minReplicas", "replicas") if (n := _number(spec, m)) is not None), 1)
        if now < asked:
            yield f"{now} replicas instead of {was}, the spec asks for {asked}"


def check_routes(cluster: Cluster) -> int:
    """Law 8 of routes, in a cluster at rest. Answers with the number of routes of ours."""
    taken: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    services = {s["metadata"]["uid"]: s for s in cluster.objects("AIMService")}
    looked = 0
    for route in cluster.objects("HTTPRoute"):
        service = next((s for uid, s in services.items() if owned_by(route, uid)), None)
        if service is None or "deletionTimestamp" in service["metadata"]:
            continue
        looked += 1
        if any(c["reason"] == "RoutePathConflict" for c in service.get("status", EMPTY).get("conditions", ())):
            continue
        for place in set(_places(route)):
            taken[place].append(service["metadata"]["name"])
    shared = [f"{place}: {names}" for place, names in taken.items() if len(names) > 1]
    if shared:
        raise Broken("Routes are told apart", "HTTPRoute", shared)
    return looked


def _places(route: Json) -> Iterator[tuple[str, str]]:
    """Gateway and path of each match of a route that its gateway has accepted."""
    accepted = [
        parent["parentRef"]
        for parent in route.get("status", EMPTY).get("parents", ())
        if any(c["type"] == "Accepted" and c["status"] == "True" for c in parent.get("conditions", ()))
    ]
    for parent in accepted:
        gateway = f"{parent.get('namespace') or route['metadata']['namespace']}/{parent['name']}"
        for rule in route["spec"].get("rules", ()):
            for match in rule.get("matches", ()):
                yield gateway, match.get("path", EMPTY).get("value", "/")


def owned_by(obj: Mapping[str, Any], uid: str) -> bool:
    """Whether the object names that owner."""
    return any(o["uid"] == uid for o in obj["metadata"].get("ownerReferences", ()))


def _mounted(pod: Mapping[str, Any]) -> set[str]:
    volumes = pod.get("spec", EMPTY).get("volumes", ())
    return {v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v}


def _is_alive(pod: Mapping[str, Any]) -> bool:
    return pod.get("status", EMPTY).get("phase") not in ("Succeeded", "Failed")


def _is_of_job(pod: Mapping[str, Any]) -> bool:
    return any(o["kind"] == "Job" for o in pod["metadata"].get("ownerReferences", ()))


def _number(spec: Any, member: str) -> int | None:
    value = spec.get(member) if isinstance(spec, Mapping) else None
    return value if isinstance(value, int) else None
