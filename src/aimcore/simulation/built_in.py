"""What the server itself does to built-in kinds at birth and on changes, beyond their schemas.

1. Namespace: label with its name, finalizer `kubernetes`, phase Active; only `/finalize` changes its spec.
2. Pod: phase Pending and a QoS class. Containers without a pull policy get one from their tag.
3. Job: generated selector and pod labels; template, selector, completions and completion mode are immutable; the name
   is a label value. Without labels of its own it takes those of its template.
4. Claim: protection finalizer, phase Pending, the default class if the class is absent; the spec is immutable, but for
   a bound claim that grows in an expandable class.
5. HPA: an empty status. Deployment and ReplicaSet: the selector must match the template. Secret: `stringData` becomes
   data. An immutable Secret or ConfigMap keeps its data.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from aimcore.cluster.kinds import FOREIGN_KINDS
from aimcore.simulation import errors
from aimcore.simulation.causes import Cause, forbidden, invalid, not_supported, required
from aimcore.simulation.resource_type import Json, Lookup
from aimcore.simulation.storage_classes import default_class, is_expandable

PROTECTION = "kubernetes.io/pvc-protection"
NAMESPACE_LABEL = "kubernetes.io/metadata.name"
_ROLLING_UPDATE = {"maxUnavailable": "25%", "maxSurge": "25%"}


def _part(value: Any, *path: str) -> Json:
    """The object at a path; {} where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


# ---- Namespace ------------------------------------------------------------------------------------------------------
def namespace_born(obj: Json, _lookup: Lookup) -> Json:
    metadata = obj["metadata"]
    labels = {**(metadata.get("labels") or {}), NAMESPACE_LABEL: metadata["name"]}
    spec = {**_part(obj, "spec"), "finalizers": ["kubernetes"]}
    return {**obj, "metadata": {**metadata, "labels": labels}, "spec": spec, "status": {"phase": "Active"}}


# ---- pods and their templates ---------------------------------------------------------------------------------------
def pull_policy(image: str) -> str:
    """`Always` for `:latest` or no tag, else `IfNotPresent`."""
    name = image.rpartition("/")[2]
    if "@" in name:
        return "IfNotPresent"
    return "Always" if ":" not in name or name.endswith(":latest") else "IfNotPresent"


def with_pull_policies(spec: Json) -> Json:
    """A pod spec in which every container has a pull policy; the spec itself if all had one."""
    out = spec
    for key in ("containers", "initContainers"):
        items = spec.get(key)
        if not isinstance(items, list):
            continue
        new = [_with_policy(c) for c in items]
        if any(a is not b for a, b in zip(new, items, strict=True)):
            out = {**out, key: new}
    return out


def _with_policy(container: Any) -> Any:
    if not isinstance(container, dict) or container.get("imagePullPolicy"):
        return container
    return {**container, "imagePullPolicy": pull_policy(str(container.get("image", "")))}


def qos_class(spec: Json) -> str:
    """Guaranteed, Burstable or BestEffort, by the containers' requests and limits of cpu and memory."""
    containers = [c for c in (*_items(spec, "initContainers"), *_items(spec, "containers")) if isinstance(c, dict)]
    resources = [(_part(c, "resources", "requests"), _part(c, "resources", "limits")) for c in containers]
    counted = ("cpu", "memory")
    if not any(k in side for pair in resources for side in pair for k in counted):
        return "BestEffort"
    guaranteed = all(
        k in limits and requests.get(k, limits[k]) == limits[k] for requests, limits in resources for k in counted
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _items(value: Json, key: str) -> list[Any]:
    found = value.get(key)
    return found if isinstance(found, list) else []


def pod_born(obj: Json, _lookup: Lookup) -> Json:
    spec = with_pull_policies(_part(obj, "spec"))
    return {**obj, "spec": spec, "status": {"phase": "Pending", "qosClass": qos_class(spec)}}


def pod_causes(new: Json, _old: Json | None, _lookup: Lookup) -> list[Cause]:
    if not _items(_part(new, "spec"), "containers"):
        return [required("spec.containers")]
    return []


def with_template_policies(obj: Json) -> Json:
    spec = _part(obj, "spec")
    pod = _part(spec, "template", "spec")
    new = with_pull_policies(pod)
    if new is pod:
        return obj
    return {**obj, "spec": {**spec, "template": {**spec["template"], "spec": new}}}


def with_rolling_update(obj: Json) -> Json:
    out = with_template_policies(obj)
    strategy = _part(out, "spec", "strategy")
    if strategy.get("type") != "RollingUpdate" or strategy.get("rollingUpdate"):
        return out
    return {**out, "spec": {**out["spec"], "strategy": {**strategy, "rollingUpdate": _ROLLING_UPDATE}}}


def workload_causes(new: Json, old: Json | None, _lookup: Lookup) -> list[Cause]:
    wanted = _part(new, "spec", "selector", "matchLabels")
    labels = _part(new, "spec", "template", "metadata", "labels")
    causes: list[Cause] = []
    if any(labels.get(k) != v for k, v in wanted.items()):
        causes.append(invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"))
    if old is not None and _part(new, "spec", "selector") != _part(old, "spec", "selector"):
        causes.append(invalid("spec.selector", _part(new, "spec", "selector"), "field is immutable"))
    return causes


# ---- Job ------------------------------------------------------------------------------------------------------------
def job_born(obj: Json, _lookup: Lookup) -> Json:
    metadata, spec = obj["metadata"], _part(obj, "spec")
    uid, name = metadata["uid"], metadata["name"]
    generated = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    template = _part(spec, "template")
    labels = {**_part(template, "metadata", "labels"), **generated}
    if not metadata.get("labels"):
        metadata = {**metadata, "labels": labels}
    template = {**template, "metadata": {**_part(template, "metadata"), "labels": labels}}
    selector = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    return with_template_policies(
        {**obj, "metadata": metadata, "spec": {**spec, "selector": selector, "template": template}}
    )


def job_changed(new: Json, old: Json) -> Json:
    """A PUT or apply that leaves out what was generated keeps it."""
    spec, before = _part(new, "spec"), _part(old, "spec")
    generated = _part(before, "selector", "matchLabels").get("batch.kubernetes.io/controller-uid")
    if not generated or spec is before:
        return new
    had = _part(before, "template", "metadata", "labels")
    labels = {**_part(spec, "template", "metadata", "labels")}
    for key in ("batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"):
        if key in had:
            labels.setdefault(key, had[key])
    template = _part(spec, "template")
    template = {**template, "metadata": {**_part(template, "metadata"), "labels": labels}}
    return with_template_policies(
        {**new, "spec": {**spec, "selector": spec.get("selector") or before["selector"], "template": template}}
    )


def job_causes(new: Json, old: Json | None, _lookup: Lookup) -> list[Cause]:
    name, spec = new["metadata"]["name"], _part(new, "spec")
    causes: list[Cause] = []
    if old is None:
        if len(name) > 63:
            causes.append(invalid("spec.template.labels", name, "must be no more than 63 bytes"))
        policy = _part(spec, "template", "spec").get("restartPolicy")
        if policy not in ("Never", "OnFailure"):
            causes.append(not_supported("spec.template.spec.restartPolicy", policy, ("OnFailure", "Never")))
        if not _items(_part(spec, "template", "spec"), "containers"):
            causes.append(required("spec.template.spec.containers"))
        return causes
    before = _part(old, "spec")
    causes.extend(
        invalid(f"spec.{field}", spec.get(field), "field is immutable")
        for field in ("selector", "template", "completions", "completionMode", "podFailurePolicy")
        if spec.get(field) != before.get(field)
    )
    return causes


# ---- PersistentVolumeClaim ------------------------------------------------------------------------------------------
def claim_born(obj: Json, lookup: Lookup) -> Json:
    metadata, spec = obj["metadata"], _part(obj, "spec")
    finalizers = [*(metadata.get("finalizers") or ()), PROTECTION]
    if "storageClassName" not in spec and (name := default_class(lookup)):
        spec = {**spec, "storageClassName": name}
    return {
        **obj,
        "metadata": {**metadata, "finalizers": list(dict.fromkeys(finalizers))},
        "spec": spec,
        "status": {"phase": "Pending"},
    }


_MUTABLE_CLAIM = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)


def claim_causes(new: Json, old: Json | None, lookup: Lookup) -> list[Cause]:
    spec = _part(new, "spec")
    if old is None:
        return [] if spec.get("accessModes") else [required("spec.accessModes", "at least 1 access mode is required")]
    before = _part(old, "spec")
    if spec == before:
        return []
    bound = _part(old, "status").get("phase") == "Bound"
    if _fixed_part(spec, before, bound=bound) != _fixed_part(before, before, bound=bound):
        return [forbidden("spec", _MUTABLE_CLAIM)]
    return _resize_causes(new, old, lookup)


def _fixed_part(spec: Json, before: Json, *, bound: bool) -> Json:
    out = {k: v for k, v in spec.items() if k != "volumeAttributesClassName" or not bound}
    if bound:
        resources = _part(spec, "resources")
        out["resources"] = {k: v for k, v in resources.items() if k != "requests"}
    # The controllers may fill in what was open: the volume, and a class that comes late.
    for key in ("volumeName", "storageClassName"):
        if key not in before:
            out.pop(key, None)
    return out


def _resize_causes(new: Json, old: Json, lookup: Lookup) -> list[Cause]:
    wanted = _part(new, "spec", "resources", "requests").get("storage")
    had = _part(old, "spec", "resources", "requests").get("storage")
    capacity = _part(old, "status", "capacity").get("storage", had)
    if wanted == had:
        return []
    if _amount(wanted) < _amount(capacity):
        field = "spec.resources.requests.storage"
        return [forbidden(field, "field can not be less than status.capacity")]
    if not is_expandable(lookup, _part(new, "spec").get("storageClassName")):
        why = (
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
            "support resize"
        )
        raise errors.forbidden(FOREIGN_KINDS["PersistentVolumeClaim"], new["metadata"]["name"], why)
    return []


_UNITS = {"": 0, "Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMALS = {"k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def _amount(text: Any) -> Decimal:
    """A storage quantity as a number; 0 for anything else."""
    if not isinstance(text, str | int) or (isinstance(text, int) and text.bit_length() > 256):
        return Decimal(0)
    digits = str(text).rstrip("KMGTPEik")
    unit = str(text)[len(digits) :]
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return Decimal(0)
    if not number.is_finite() or abs(number.adjusted()) > 1000:
        return Decimal(0)
    return number * (Decimal(10) ** _DECIMALS[unit] if unit in _DECIMALS else Decimal(1024) ** _UNITS.get(unit, 0))


# ---- others ---------------------------------------------------------------------------------------------------------
def volume_born(obj: Json, _lookup: Lookup) -> Json:
    return {**obj, "status": {"phase": "Pending"}}


def autoscaler_born(obj: Json, _lookup: Lookup) -> Json:
    return {**obj, "status": {"desiredReplicas": 0, "currentMetrics": None}}


def with_data(obj: Json) -> Json:
    texts = obj.get("stringData")
    if not isinstance(texts, dict):
        return obj
    out = {k: v for k, v in obj.items() if k != "stringData"}
    encoded = {k: base64.b64encode(str(v).encode("utf-8", "replace")).decode() for k, v in texts.items()}
    return {**out, "data": {**_part(obj, "data"), **encoded}}


def data_causes(new: Json, old: Json | None, _lookup: Lookup) -> list[Cause]:
    if old is None or old.get("immutable") is not True:
        return []
    return [
        forbidden(field, "field is immutable when `immutable` is set")
        for field in ("immutable", "data", "binaryData")
        if new.get(field) != old.get(field)
    ]


def binding_causes(new: Json, old: Json | None, _lookup: Lookup) -> list[Cause]:
    if old is not None and new.get("roleRef") != old.get("roleRef"):
        return [invalid("roleRef", new.get("roleRef"), "cannot change roleRef")]
    return []


def at_birth(complete: Callable[[Json], Json]) -> Callable[[Json, Lookup], Json]:
    return lambda obj, _lookup: complete(obj)


def on_change(complete: Callable[[Json], Json]) -> Callable[[Json, Json], Json]:
    return lambda new, _old: complete(new)
