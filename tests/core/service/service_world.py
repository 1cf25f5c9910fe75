"""Small builders for worlds around one AIMService, and the plan of it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from aimcore.facts import Outcome, OutcomeOf
from aimcore.kinds.service import plan_service
from aimcore.plan import Child, Plan
from aimcore.resource import Key
from aimcore.settings import Settings
from aimcore.snapshot import Availability, Found, Snapshot
from aimcore.table import Table

Json = dict[str, Any]
NOW = datetime(2026, 11, 23, 15, 33, tzinfo=UTC)
FINALIZER = "aim.eai.amd.com/template-cache-cleanup"
UID = "3f1c2a5e-0d3b-4a57-9b0e-2f3f5c1f9a10"
NS, NAME, ISVC = "ml-team", "qwen-chat", "qwen-chat-a04542d9"
IMAGE = "amdenterpriseai/aim-qwen-qwen3-32b:0.8.5"
MODEL_NAME = "aim-qwen-qwen3-32b-0-8-5-cdc1fb22"
KEY = Key("AIMService", NS, NAME)
IS = "InferenceService"
V = "aim.eai.amd.com/v1alpha1"
AFFINITY = {
    "requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [
            {
                "matchExpressions": [
                    {
                        "key": "amd.com/gpu.device-id",
                        "operator": "In",
                        "values": ["74a1", "74a9", "74b5", "74bd"],
                    }
                ]
            }
        ]
    }
}


def obj(api: str, kind: str, name: str, namespace: str = "", **members: Any) -> Json:
    metadata: Json = {"name": name, "uid": f"uid-{kind}-{name}", "resourceVersion": "1", "generation": 1}
    metadata["creationTimestamp"] = "2026-11-23T12:00:00Z"
    if namespace:
        metadata["namespace"] = namespace
    metadata.update(members.pop("metadata", {}))
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": metadata,
        **{k: v for k, v in members.items() if v is not None},
    }


def service(
    spec: Json | None = None, *, status: Json | None = None, name: str = NAME, namespace: str = NS, **meta: Any
) -> Json:
    metadata = {"uid": UID, "finalizers": [FINALIZER], **meta}
    return obj(
        V,
        "AIMService",
        name,
        namespace,
        spec={"model": {"image": IMAGE}} if spec is None else spec,
        status=status,
        metadata=metadata,
    )


def model(
    name: str = MODEL_NAME, *, status: str = "Ready", namespace: str = NS, image: str = IMAGE, **spec: Any
) -> Json:
    kind = "AIMModel" if namespace else "AIMClusterModel"
    return obj(V, kind, name, namespace, spec={"image": image, **spec}, status={"status": status} if status else {})


def template(
    name: str = "qwen3-32b-latency",
    *,
    status: str = "Ready",
    namespace: str = NS,
    of: str = MODEL_NAME,
    metric: str = "latency",
    precision: str = "fp16",
    kind: str = "optimized",
    gpus: int = 1,
    sources: bool = True,
    affinity: Json | None = None,
    spec: Json | None = None,
    labels: Json | None = None,
    gpu_model: str = "",
) -> Json:
    body: Json = {"modelName": of, "metric": metric, "precision": precision, **(spec or {})}
    if gpu_model:
        body["hardware"] = {"gpu": {"model": gpu_model, "requests": gpus}}
    found: Json = {
        "status": status,
        "profile": {"metadata": {"type": kind, "metric": metric, "precision": precision}},
        "resolvedHardware": {"gpu": {"requests": gpus, "resourceName": "amd.com/gpu"}},
    }
    if affinity is not None:
        found["resolvedNodeAffinity"] = affinity
    if sources:
        found["modelSources"] = [{"modelId": "Qwen/Qwen3-32B", "sourceUri": "hf://Qwen/Qwen3-32B"}]
    which = "AIMServiceTemplate" if namespace else "AIMClusterServiceTemplate"
    return obj(V, which, name, namespace, spec=body, status=found, metadata={"labels": labels or {}})


def cache(
    name: str = "qwen3-32b-latency-a04542d9",
    *,
    status: str = "Ready",
    mode: str = "Shared",
    of: str = "qwen3-32b-latency",
    scope: str = "Namespace",
    owner: str = "",
    artifacts: Mapping[str, str] | None = None,
    **meta: Any,
) -> Json:
    entries = {
        a: {
            "uid": f"uid-AIMArtifact-{a}",
            "name": a,
            "model": "Qwen/Qwen3-32B",
            "status": s,
            "persistentVolumeClaim": f"{a}-cache",
        }
        for a, s in (artifacts if artifacts is not None else {"art-1": "Ready"}).items()
    }
    metadata: Json = {"labels": {"aim.eai.amd.com/service": NAME, "aim.eai.amd.com/service.name": NAME}, **meta}
    if owner:
        metadata["ownerReferences"] = [owner_ref(uid=owner)]
    spec = {"templateName": of, "templateScope": scope, "mode": mode}
    return obj(
        V, "AIMTemplateCache", name, NS, spec=spec, status={"status": status, "artifacts": entries}, metadata=metadata
    )


def owner_ref(*, uid: str = UID, kind: str = "AIMService", name: str = NAME) -> Json:
    return {"apiVersion": V, "kind": kind, "name": name, "uid": uid, "controller": True}


def claim(name: str = "art-1-cache") -> Json:
    return obj("v1", "PersistentVolumeClaim", name, NS, status={"phase": "Bound"})


def node(model_label: str = "74a1", name: str = "node-1") -> Json:
    return obj("v1", "Node", name, metadata={"labels": {"amd.com/gpu.device-id": model_label}})


def runtime_config(name: str = "default", *, namespace: str = NS, **spec: Any) -> Json:
    kind = "AIMRuntimeConfig" if namespace else "AIMClusterRuntimeConfig"
    return obj(V, kind, name, namespace, spec=spec)


def ready_world(**spec: Any) -> list[Json]:
    """A service whose model, template and cache are Ready. Extra members go into the spec."""
    return [
        service({"model": {"image": IMAGE}, **spec}),
        model(),
        template(affinity=AFFINITY),
        cache(),
        claim(),
    ]


def table_of(objects: Iterable[Json], *, settings: Settings | None = None) -> Table:
    return Table(objects, settings=settings)


def plan_from(table: Table, key: Key = KEY, *, now: datetime = NOW, settings: Settings | None = None) -> Plan:
    snapshot = Snapshot(table, now, settings)
    match snapshot.object(*key):
        case Found(resource):
            return plan_service(snapshot, resource)
    raise AssertionError(f"no {key}")


def plan_of(
    *objects: Json,
    key: Key = KEY,
    unavailable: Mapping[str, Availability] | None = None,
    outcomes: Mapping[Key, Outcome] | None = None,
    settings: Settings | None = None,
) -> Plan:
    table = table_of(objects, settings=settings)
    for kind, why in (unavailable or {}).items():
        table.learn_availability(kind, why)
    for child, outcome in (outcomes or {}).items():
        table.learn_outcome(OutcomeOf(key, child), outcome)
    return plan_from(table, key, settings=settings)


def child(plan: Plan, kind: str) -> Json:
    found = [c.manifest for c in plan.children if c.key.kind == kind]
    assert len(found) == 1, [str(c.key) for c in plan.children]
    return found[0]


def kinds(plan: Plan) -> list[str]:
    return sorted(c.key.kind for c in plan.children)


def condition(plan: Plan, type_: str) -> Json:
    return next(dict(c) for c in plan.status["conditions"] if c["type"] == type_)


def said(plan: Plan, component: str) -> tuple[str, str]:
    """Status and reason of a component's condition."""
    entry = condition(plan, f"{component}Ready")
    return entry["status"], entry["reason"]


def types(plan: Plan) -> list[str]:
    return [c["type"] for c in plan.status["conditions"]]


def lives(child_: Child | Json, **changes: Any) -> Json:
    """A planned child as the server keeps it, with changes to its metadata and status."""
    manifest = copy.deepcopy(child_.manifest if isinstance(child_, Child) else child_)
    name = manifest["metadata"]["name"]
    manifest["metadata"] = {
        "uid": f"uid-{manifest['kind']}-{name}",
        "resourceVersion": "7",
        "generation": 1,
        "creationTimestamp": "2026-11-23T13:00:00Z",
        **manifest["metadata"],
        **changes.pop("metadata", {}),
    }
    return {**manifest, **changes}


def isvc_ready(manifest: Json, *, ready: str = "True", since: str = "2026-11-23T14:00:00Z", **changes: Any) -> Json:
    status = {
        "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": since, "reason": "", "message": ""}]
    }
    return lives(manifest, status=status, **changes)


def deployment(*, observed: int = 1, updated: int = 1, available: int = 1, isvc: str = ISVC) -> Json:
    return obj(
        "apps/v1",
        "Deployment",
        f"{isvc}-predictor",
        NS,
        spec={"replicas": 1},
        status={
            "observedGeneration": observed,
            "updatedReplicas": updated,
            "availableReplicas": available,
            "readyReplicas": available,
        },
    )


def pod(
    name: str = "pod-1",
    *,
    ready: bool = True,
    phase: str = "Running",
    isvc: str = ISVC,
    template_hash: str = "h1",
    **meta: Any,
) -> Json:
    status: Json = {"phase": phase, "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}
    status["containerStatuses"] = [
        {"name": "kserve-container", "ready": ready, "restartCount": 0, "state": {"running": {}}}
    ]
    metadata = {
        "labels": {"serving.kserve.io/inferenceservice": isvc, "pod-template-hash": template_hash},
        **meta,
    }
    return obj(
        "v1", "Pod", name, NS, spec={"containers": [{"name": "kserve-container"}]}, status=status, metadata=metadata
    )


def route_live(manifest: Json, *, accepted: str = "True", **changes: Any) -> Json:
    conditions = [
        {"type": "Accepted", "status": accepted, "reason": "Accepted", "message": "m", "observedGeneration": 1}
    ]
    status = {"parents": [{"parentRef": {"name": "gw"}, "controllerName": "c", "conditions": conditions}]}
    return lives(manifest, **{"status": status, **changes})


def resolved(service_: Json, plan: Plan) -> Json:
    """The service with the planned status written."""
    status = {**service_.get("status", {}), **{k: v for k, v in plan.status.items() if v is not None}}
    return {**service_, "status": {k: v for k, v in status.items() if plan.status.get(k, v) is not None}}


def next_plan_of(service_: Json, *objects: Json) -> Plan:
    """The plan of a service whose status tells of the plan before it."""
    return plan_of(resolved(service_, plan_of(service_, *objects)), *objects)


def running_world(*extra: Json, **spec: Any) -> list[Json]:
    """A service that runs: its InferenceService is Ready, rolled out, with one Ready pod."""
    objects = ready_world(**spec)
    plan = plan_of(*objects, *extra)
    live = isvc_ready(child(plan, "InferenceService"))
    first = [resolved(objects[0], plan), *objects[1:], live, deployment(), pod()]
    return [*first, *extra]


def part(objects: list[Json], kind: str) -> Json:
    """The first object of a kind."""
    return next(o for o in objects if o["kind"] == kind)


def swapped(objects: list[Json], kind: str, new: Json | None) -> list[Json]:
    """The objects with another one of that kind, or none."""
    return [o for o in objects if o["kind"] != kind] + ([new] if new else [])


def event(
    reason: str, message: str, at: str = "2026-11-23T15:00:00Z", *, kind: str = "Warning", name: str = "e"
) -> Json:
    """An event about the InferenceService."""
    body = obj("v1", "Event", name, NS)
    involved = {"kind": IS, "name": ISVC, "uid": f"uid-{IS}-{ISVC}"}
    return {**body, "type": kind, "reason": reason, "message": message, "lastTimestamp": at, "involvedObject": involved}


def unready(*, since: str = "2026-11-23T14:00:00Z") -> list[Json]:
    """A service whose InferenceService is not ready since then."""
    objects = running_world()
    ready = [{"type": "Ready", "status": "False", "lastTransitionTime": since}] if since else []
    part(objects, IS)["status"]["conditions"] = ready
    return swapped(swapped(objects, "Deployment", deployment(available=0)), "Pod", pod(ready=False))
