"""Whether the cluster has the GPU that a template needs, and on which nodes it can run (G-1 to G-14).

1. Planning and health take the same decision, `minVram` included (T-35).
2. Only the existence of a node label matters, never free capacity.
3. Lists are sorted; a stored affinity with the same set of device ids keeps its order (it is in running pods).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aimcore.cluster.reading import objects, text, texts
from aimcore.conditions import Category, Health, State, failing
from aimcore.hardware import (
    DEVICE_ID_LABEL,
    GIBIBYTE,
    best_vram,
    device_ids,
    gpu_inventory,
    gpu_present,
    ids_with_vram,
    nodes_unreadable,
    normalize_model,
)
from aimcore.kinds.template.inputs import Template
from aimcore.resource import Json, Resource
from aimcore.snapshot import Snapshot

COMPONENT = "GPU"


def gpu_health(snapshot: Snapshot, template: Template) -> Health | None:
    """The health of the component `GPU`; None if the template needs none."""
    if not template.needs_gpu:
        return None
    unreadable = nodes_unreadable(snapshot)
    if unreadable is not None:
        message = f"Failed to check GPU availability: {unreadable.message or unreadable.reason}"
        return failing(COMPONENT, Category.INFRASTRUCTURE, "GPUCheckFailed", message)
    if template.min_vram and (lacking := _lacking_vram(snapshot, template.min_vram)) is not None:
        return lacking
    if template.gpu_model:
        return _model_health(snapshot, template.gpu_model)
    if models := ", ".join(snapshot.view(present_models)):
        return Health(COMPONENT, State.READY, "GPUAvailable", f"GPU available (any model accepted): {models}")
    return _missing("GPUNotAvailable", "No GPUs available in cluster")


def _lacking_vram(snapshot: Snapshot, wanted: int) -> Health | None:
    """The health of a template that no GPU of the cluster is large enough for; read only where a minimum is set."""
    best = snapshot.view(best_vram)
    if best is not None and best.vram_bytes >= wanted:
        return None
    highest = (
        f"{best.model} ({best.vram_bytes // GIBIBYTE}Gi, read from {best.vram_text!r})" if best else "none detected"
    )
    message = f"Required minimum VRAM ({wanted // GIBIBYTE}Gi) exceeds available GPUs. Highest available: {highest}"
    return _missing("VRAMNotAvailable", message)


def _model_health(snapshot: Snapshot, model: str) -> Health:
    if snapshot.view(gpu_present, model):
        message = f"GPU model '{normalize_model(model)}' is available"
        return Health(COMPONENT, State.READY, "GPUAvailable", message)
    available = ", ".join(snapshot.view(present_models)) or "none"
    message = f"Required GPU model '{model}' not available in cluster. Available: {available}"
    return _missing("GPUNotAvailable", message)


def _missing(reason: str, message: str) -> Health:
    return Health(COMPONENT, State.NOT_AVAILABLE, reason, message)


def present_models(snapshot: Snapshot) -> tuple[str, ...]:
    """A view: the GPU models of the cluster, by name."""
    return tuple(gpu.model for gpu in snapshot.view(gpu_inventory))


def node_affinity(snapshot: Snapshot, template: Template, resource: Resource) -> Json | None:
    """The nodes that have a fitting GPU, as a node affinity; None if there is nothing to say."""
    if not template.needs_gpu:
        return None
    if template.gpu_model:
        ids = device_ids(template.gpu_model)
    elif template.min_vram:
        ids = snapshot.view(ids_with_vram, template.min_vram)
    else:
        return None
    stored = resource.status.get("resolvedNodeAffinity")
    if not ids:
        return None
    if isinstance(stored, dict) and set(_stored_ids(stored)) == set(ids):
        return stored
    expression = {"key": DEVICE_ID_LABEL, "operator": "In", "values": list(ids)}
    term = {"matchExpressions": [expression]}
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}


def _stored_ids(affinity: Mapping[str, Any]) -> tuple[str, ...]:
    """The device ids of an affinity of our form; none of any other."""
    terms = objects(affinity, "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    expressions = objects(terms[0], "matchExpressions") if len(terms) == 1 else ()
    if len(expressions) != 1 or text(expressions[0], "key") != DEVICE_ID_LABEL:
        return ()
    return texts(expressions[0], "values")
