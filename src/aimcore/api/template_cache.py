"""AIMTemplateCache: the downloaded models that one template needs (artifacts B1 and B2)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aimcore.api.condition import CONDITIONS_TEXT, OBSERVED_GENERATION_TEXT, Conditions
from aimcore.api.download import ModelSource
from aimcore.api.meta import EnvVars, PullSecret, Reference
from aimcore.api.reading import AimObject
from aimcore.api.shape import Int64, Shape


class TemplateCacheSpec(Shape):
    """Whose models are cached, and how."""

    template_name: str = Field(min_length=1, description="Name of the template whose models are cached.")
    template_scope: Literal["Namespace", "Cluster", "Unknown"] = Field(
        description="Where the template is: in the namespace of the cache, or in the cluster."
    )
    env: EnvVars | None = Field(None, description="Environment of the downloads.")
    image_pull_secrets: tuple[PullSecret, ...] | None = Field(
        None, description="Secrets with which the download image is pulled."
    )
    storage_class_name: str | None = Field(
        None, description="Storage class of the volumes; that of the runtime configuration when absent."
    )
    download_image: str | None = Field(None, description="Container image that downloads the files.")
    model_sources: tuple[ModelSource, ...] | None = Field(
        None, description="Ignored: the status of the template says which models it needs."
    )
    runtime_config_name: str | None = Field(
        None, description="Name of the runtime configuration to use; `default` when absent."
    )
    mode: Literal["Dedicated", "Shared"] = Field(
        "Shared", description="Whether the models serve the owner of the cache only, or the whole namespace."
    )


class CachedArtifact(Shape):
    """One downloaded model of the cache."""

    uid: str = Field(description="UID of the artifact.")
    name: str = Field(description="Name of the artifact.")
    model: str = Field(description="Identifier `organisation/name` of the model.")
    status: Literal["Pending", "Progressing", "Ready", "Degraded", "Failed", "NotAvailable"] = Field(
        description="State of the artifact."
    )
    persistent_volume_claim: str | None = Field(None, description="Name of the volume claim that holds the files.")
    mount_point: str | None = Field(None, description="Path at which containers mount the volume.")


class TemplateCacheStatus(Shape):
    """What was observed of a template cache."""

    observed_generation: Int64 | None = Field(None, description=OBSERVED_GENERATION_TEXT)
    conditions: Conditions | None = Field(None, description=CONDITIONS_TEXT)
    resolved_runtime_config: Reference | None = Field(None, description="Runtime configuration in use.")
    status: Literal["Pending", "Progressing", "Ready", "Failed", "Degraded", "NotAvailable"] = Field(
        "Pending", description="State of the cache as a whole."
    )
    resolved_template_kind: str | None = Field(None, description="Kind of the template that was found.")
    artifacts: dict[str, CachedArtifact] | None = Field(
        None, description="Downloaded models of the cache, by name of their artifact."
    )


class AIMTemplateCache(AimObject):
    """The downloaded models that a template needs."""

    spec: TemplateCacheSpec = Field(description="Whose models are cached, and how.")
    status: TemplateCacheStatus | None = Field(None, description="What was observed of the cache.")
