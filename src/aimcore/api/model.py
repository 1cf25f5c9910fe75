"""AIMModel and AIMClusterModel: an image that serves a model (models 3.2 to 3.4). Both kinds have the same shape.

1. Nothing in a model is immutable; a changed image is looked at anew (D-1).
"""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from aimcore.api.condition import CONDITIONS_TEXT, OBSERVED_GENERATION_TEXT, Conditions
from aimcore.api.download import ModelSource
from aimcore.api.hardware import HardwareRequirements
from aimcore.api.image_metadata import ImageMetadata
from aimcore.api.meta import EnvVars, PullSecret, Reference, ResourceRequirements
from aimcore.api.reading import AimObject
from aimcore.api.shape import Bool, Int64, Shape, rule, rules
from aimcore.api.words import Metric, Precision, ProfileType

_HARDWARE_KNOWN = rule(
    "!has(self.modelSources) || size(self.modelSources) == 0 || (has(self.custom) && has(self.custom.hardware)) || "
    "!has(self.customTemplates) || size(self.customTemplates) == 0 || "
    "self.customTemplates.all(t, has(t.hardware))",
    "when using modelSources, hardware must be specified: set custom.hardware (inherited by all templates) or set "
    "hardware on each template individually",
)


class ModelDiscovery(Shape):
    """What is found out about the image."""

    extract_metadata: Bool = Field(True, description="Whether the labels of the image are read from its registry.")
    create_service_templates: Bool = Field(
        True, description="Whether templates are made from what the image recommends."
    )


class CustomDefaults(Shape):
    """Defaults for the custom templates of the model."""

    hardware: HardwareRequirements | None = Field(None, description="Hardware of templates that name none.")
    type: ProfileType | None = Field(None, description="Profile type of templates that name none.")


class CustomProfile(Shape):
    """Tuning of a custom template."""

    metric: Metric | None = Field(None, description="What to optimise for.")
    precision: Precision | None = Field(None, description="Numeric precision of the weights.")


class CustomTemplate(Shape):
    """A template that is made for the model."""

    name: str | None = Field(None, max_length=63, description="Alias, which becomes part of the template's name.")
    type: ProfileType = Field("unoptimized", description="Profile type of the template.")
    env: EnvVars | None = Field(None, max_length=64, description="Environment of the inference container.")
    hardware: HardwareRequirements | None = Field(
        None, description="Hardware that one replica needs; what it leaves out comes from `custom.hardware`."
    )
    profile: CustomProfile | None = Field(None, description="Tuning of the template.")


class ModelSpec(Shape):
    """An image, and what is to be made of it."""

    model_config = ConfigDict(json_schema_extra=rules(_HARDWARE_KNOWN))

    image: str = Field(min_length=1, description="Container image that serves the model.")
    discovery: ModelDiscovery | None = Field(None, description="What is found out about the image.")
    default_service_template: str | None = Field(
        None, description="Name of the template that services of the model use when they name none."
    )
    custom: CustomDefaults | None = Field(None, description="Defaults for the custom templates of the model.")
    custom_templates: tuple[CustomTemplate, ...] | None = Field(
        None, max_length=16, description="Templates that are made for the model."
    )
    model_sources: tuple[ModelSource, ...] | None = Field(
        None, max_length=1, description="The weights to download; makes this a custom model."
    )
    runtime_config_name: str | None = Field(
        None, description="Name of the runtime configuration to use; `default` when absent."
    )
    image_pull_secrets: tuple[PullSecret, ...] | None = Field(
        None, description="Secrets with which the registry is asked and the image is pulled."
    )
    env: EnvVars | None = Field(None, description="Environment that templates of the model inherit.")
    service_account_name: str | None = Field(None, description="Service account that templates of the model inherit.")
    resources: ResourceRequirements | None = Field(
        None, description="Compute resources of inference containers, unless a template or service names others."
    )
    image_metadata: ImageMetadata | None = Field(
        None, description="What is known of the image; when given, the registry is not asked."
    )


class ModelStatus(Shape):
    """What was observed of a model."""

    status: Literal["Pending", "Progressing", "Ready", "Degraded", "Failed", "NotAvailable"] = Field(
        "Pending", description="State of the model as a whole."
    )
    conditions: Conditions | None = Field(None, description=CONDITIONS_TEXT)
    observed_generation: Int64 | None = Field(None, description=OBSERVED_GENERATION_TEXT)
    resolved_runtime_config: Reference | None = Field(None, description="Runtime configuration in use.")
    source_type: Literal["Image", "Custom"] | None = Field(
        None, description="Whether the model comes with its image or with sources of its own."
    )
    image_metadata: ImageMetadata | None = Field(None, description="What the image says of itself.")
    inspected_image: str | None = Field(
        None, description="Image that `imageMetadata` was read from; `spec.imageMetadata` if that was it."
    )
    inspected_digest: str | None = Field(None, description="Digest of the image when it was read.")


class AIMModel(AimObject):
    """An image that serves a model, for one namespace."""

    spec: ModelSpec = Field(description="The image, and what is to be made of it.")
    status: ModelStatus | None = Field(None, description="What was observed of the model.")


class AIMClusterModel(AimObject):
    """An image that serves a model, for the whole cluster."""

    spec: ModelSpec = Field(description="The image, and what is to be made of it.")
    status: ModelStatus | None = Field(None, description="What was observed of the model.")
