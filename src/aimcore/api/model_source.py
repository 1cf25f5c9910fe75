"""AIMClusterModelSource: cluster models made from what a registry holds (models 9)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aimcore.api.condition import CONDITIONS_TEXT, OBSERVED_GENERATION_TEXT, Conditions
from aimcore.api.meta import PullSecret
from aimcore.api.reading import AimObject
from aimcore.api.shape import Bool, Int32, Int64, Shape, Timestamp


class ImageFilter(Shape):
    """Images that become models."""

    image: str = Field(
        max_length=512,
        description="Image or pattern of images, such as `amdenterpriseai/aim-*`; may name its own registry.",
    )
    exclude: tuple[str, ...] | None = Field(
        None, description="Repository names to leave out, exactly and without registry."
    )
    versions: tuple[str, ...] | None = Field(
        None, description="Versions and version ranges for this filter, such as `>=1.2`; instead of the global ones."
    )


class ModelSourceSpec(Shape):
    """A registry, and which of its images become models."""

    registry: str = Field("docker.io", description="Registry of filters that name none.")
    image_pull_secrets: tuple[PullSecret, ...] | None = Field(
        None, description="Secrets, in the operator's namespace, with which the registry is asked."
    )
    filters: tuple[ImageFilter, ...] = Field(
        min_length=1, max_length=100, description="Images that become models; one match is enough."
    )
    sync_interval: str = Field("1h", description="Time between two looks at the registry, such as `30m`.")
    versions: tuple[str, ...] | None = Field(
        None, description="Versions and version ranges for filters that name none, such as `>=1.2`."
    )
    max_models: Int32 = Field(100, ge=1, le=10000, description="Most models that the source may make.")


class ModelSourceStatus(Shape):
    """What was observed of a model source."""

    status: (
        Literal["Pending", "Starting", "Progressing", "Ready", "Running", "Degraded", "NotAvailable", "Failed"] | None
    ) = Field(None, description="State of the source as a whole.")
    last_sync_time: Timestamp | None = Field(None, description="Time of the last look at the registry.")
    discovered_models: Int32 | None = Field(None, description="Number of models that exist or are being made.")
    available_models: Int32 | None = Field(None, description="Number of images that match the filters.")
    models_limit_reached: Bool | None = Field(
        None, description="Whether a matching image was left out because of `maxModels`."
    )
    conditions: Conditions | None = Field(None, description=CONDITIONS_TEXT)
    observed_generation: Int64 | None = Field(None, description=OBSERVED_GENERATION_TEXT)


class AIMClusterModelSource(AimObject):
    """A registry whose images become cluster models."""

    spec: ModelSourceSpec = Field(description="The registry, and which of its images become models.")
    status: ModelSourceStatus | None = Field(None, description="What was observed of the source.")
