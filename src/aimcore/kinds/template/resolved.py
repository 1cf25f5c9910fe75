"""What a template resolves to: hardware, its summary, the profile of an inline template (T-12, T-14, T-15).

1. A discovered profile gives count and model; a model that the spec names stays the spec's (O-12).
2. `minVram` is dropped when a model is known (O-7).
3. CPU quantities are canonical, as the API server's typed clients write them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aimcore.api import quantity
from aimcore.cluster.reading import mapping, text, whole
from aimcore.kinds.template.inputs import Template
from aimcore.resource import Json


def resolved_hardware(template: Template, profile: Mapping[str, Any] | None) -> Json | None:
    """The hardware of one replica. `profile`: the discovered one, None for an inline template."""
    metadata = mapping(profile, "metadata")
    model = template.gpu_model or text(metadata, "gpu")
    requests = template.gpu_requests if profile is None else whole(metadata, "gpuCount")
    gpu: Json = {}
    if requests > 0:
        gpu["requests"] = requests
    if model:
        gpu["model"] = model
    if resource_name := text(template.gpu, "resourceName"):
        gpu["resourceName"] = resource_name
    if gpu and template.min_vram and not model:
        gpu["minVram"] = template.gpu["minVram"]
    hardware: Json = {}
    if gpu:
        hardware["gpu"] = gpu
    if template.cpu:
        hardware["cpu"] = {name: quantity.canonical(amount) or amount for name, amount in template.cpu.items()}
    return hardware or None


def hardware_summary(hardware: Mapping[str, Any] | None) -> str:
    """Hardware as short text: `2 x MI300X`, `MI300X`, `CPU`, "" for none."""
    if not hardware:
        return ""
    gpu = mapping(hardware, "gpu")
    count, model = whole(gpu, "requests"), text(gpu, "model")
    if count > 0:
        return f"{count} x {model or 'GPU'}"
    return model or "CPU"


def inline_profile(template: Template) -> Json:
    """The profile of a template that brings its own model sources."""
    metadata = {
        "gpuCount": template.gpu_requests,
        "gpu": template.gpu_model,
        "metric": template.metric,
        "precision": template.precision,
        "type": template.type,
    }
    return {"metadata": {k: v for k, v in metadata.items() if v}}
