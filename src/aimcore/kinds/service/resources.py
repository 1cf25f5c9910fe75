"""The resources of the serving container (R-8.6 … R-8.8, D-21, D-31).

1. Revision 1: GPU defaults, the template, the service; each overlays the one before, key by key.
2. Revision 2: GPU defaults, the template's CPU need, the model, the template, the service.
3. Revision 2: within one key the higher layer wins over the other side too. A request from a lower layer than the
   limit is lowered to it, a limit from a lower layer than the request is raised to it, so that the API server takes
   the pods whatever the template says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aimcore.api import quantity
from aimcore.cluster.catalogue import ModelReading, TemplateReading
from aimcore.kinds.service.inputs import ServiceSpec
from aimcore.layering import merge_resources
from aimcore.resource import EMPTY, Json

_GPU = "amd.com/gpu"


def desired_resources(
    spec: ServiceSpec, template: TemplateReading, model: ModelReading | None, *, revision: int
) -> Json:
    """Requests and limits with canonical quantities; empty parts are left out."""
    defaults = gpu_defaults(template.gpu_requests, template.gpu_resource or _GPU)
    if revision < 2:
        return merge_resources(defaults, template.resources, spec.resources)
    layers: tuple[Mapping[str, Any], ...] = (
        defaults,
        _cpu_need(template.cpu),
        EMPTY if model is None else model.resources,
        template.resources,
        spec.resources,
    )
    return _reconciled(merge_resources(*layers), layers)


def gpu_defaults(count: int, name: str) -> Json:
    """The built-in resources of a container with that many GPUs; none without a GPU."""
    if count <= 0:
        return {}
    gpus = str(count)
    return {
        "requests": {"cpu": str(4 * count), "memory": f"{32 * count}Gi", name: gpus},
        "limits": {"memory": f"{48 * count}Gi", name: gpus},
    }


def _cpu_need(cpu: Mapping[str, Any]) -> Json:
    return {side: {"cpu": cpu[side]} for side in ("requests", "limits") if side in cpu}


def _reconciled(merged: Json, layers: Sequence[Mapping[str, Any]]) -> Json:
    requests, limits = merged.get("requests", {}), merged.get("limits", {})
    for name in requests.keys() & limits.keys():
        if requests[name] == limits[name]:
            continue
        if not quantity.exceeds(requests[name], limits[name]):
            continue
        if _highest(layers, "requests", name) > _highest(layers, "limits", name):
            limits[name] = requests[name]
        else:
            requests[name] = limits[name]
    return merged


def _highest(layers: Sequence[Mapping[str, Any]], side: str, name: str) -> int:
    """The number of the highest layer that sets this value."""
    found = -1
    for number, layer in enumerate(layers):
        values = layer.get(side)
        if isinstance(values, dict) and quantity.is_quantity(values.get(name)):
            found = number
    return found
