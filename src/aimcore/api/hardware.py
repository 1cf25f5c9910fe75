"""What hardware a model needs: the requirement that models, templates and services share (models 3.3).

1. A requirement asks for GPUs, for CPUs or for both; an empty one is refused.
2. GPUs are chosen by model or by least memory, never by both.
"""

from __future__ import annotations

from pydantic import ConfigDict, Field

from aimcore.api.shape import Int32, Quantity, Shape, rule, rules
from aimcore.api.words import DEFAULT_GPU_RESOURCE

_MODEL_OR_VRAM = rule(
    '!(has(self.model) && self.model != "" && has(self.minVram))',
    "model and minVram are mutually exclusive; specify either a specific GPU model OR a minimum VRAM requirement, "
    "not both",
)
_GPU_OR_CPU = rule("has(self.gpu) || has(self.cpu)", "at least one of gpu or cpu must be specified")


class GpuRequirement(Shape):
    """The GPUs that one replica needs."""

    model_config = ConfigDict(json_schema_extra=rules(_MODEL_OR_VRAM))

    requests: Int32 | None = Field(None, ge=0, description="Number of GPUs for each replica.")
    model: str | None = Field(None, max_length=64, description="GPU model that is needed, such as `MI300X`.")
    min_vram: Quantity | None = Field(None, description="Least memory that each GPU must have, such as `64Gi`.")
    resource_name: str = Field(
        DEFAULT_GPU_RESOURCE, description="Name of the extended resource under which the device plugin offers the GPUs."
    )


class CpuRequirement(Shape):
    """The CPU cores that one replica needs."""

    requests: Quantity = Field(description="CPU cores that are set aside for each replica, such as `4` or `500m`.")
    limits: Quantity | None = Field(None, description="Most CPU cores that each replica may use.")


class HardwareRequirements(Shape):
    """The hardware that one replica needs."""

    model_config = ConfigDict(json_schema_extra=rules(_GPU_OR_CPU))

    gpu: GpuRequirement | None = Field(None, description="GPUs that are needed.")
    cpu: CpuRequirement | None = Field(None, description="CPU cores that are needed.")
