"""AIMServiceTemplate and AIMClusterServiceTemplate: one way to run a model (templates 1.2 and 1.3).

1. `modelName`, `metric`, `precision` and `hardware` may not change once present; adding or removing them is allowed.
2. Only namespaced templates have `caching`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aimcore.api.affinity import NodeAffinity
from aimcore.api.condition import CONDITIONS_TEXT, OBSERVED_GENERATION_TEXT, Conditions
from aimcore.api.download import ModelSource
from aimcore.api.hardware import HardwareRequirements
from aimcore.api.meta import EnvVars, PullSecret, Reference, ResourceRequirements
from aimcore.api.reading import AimObject
from aimcore.api.shape import NULLABLE, Bool, FreeJson, Int32, Int64, Shape, StringMap, Timestamp, immutable
from aimcore.api.words import Metric, Precision, ProfileType


class ClusterServiceTemplateSpec(Shape):
    """One way to run a model."""

    model_name: str = Field(
        min_length=1,
        description="Name of the model; it cannot be changed later.",
        json_schema_extra=immutable("model name is immutable"),
    )
    metric: Metric | None = Field(
        None, description="What to optimise for.", json_schema_extra=immutable("metric is immutable")
    )
    precision: Precision | None = Field(
        None, description="Numeric precision of the weights.", json_schema_extra=immutable("precision is immutable")
    )
    hardware: HardwareRequirements | None = Field(
        None,
        description="Hardware that one replica needs; found out when absent.",
        json_schema_extra=immutable("hardware is immutable"),
    )
    runtime_config_name: str | None = Field(
        None, description="Name of the runtime configuration to use; `default` when absent."
    )
    image_pull_secrets: tuple[PullSecret, ...] | None = Field(
        None, description="Secrets with which the image is pulled."
    )
    service_account_name: str | None = Field(None, description="Service account of discovery and inference pods.")
    resources: ResourceRequirements | None = Field(
        None,
        description="Compute resources of inference containers, unless a service names others.",
        json_schema_extra=NULLABLE,
    )
    model_sources: tuple[ModelSource, ...] | None = Field(
        None, description="Models to download; when given, nothing is discovered."
    )
    profile_id: str | None = Field(None, description="Identifier of the profile in the image.")
    type: ProfileType | None = Field(
        None, description="Profile type of a template with model sources of its own.", json_schema_extra=NULLABLE
    )
    env: EnvVars | None = Field(None, description="Environment of discovery and inference containers.")


class TemplateCaching(Shape):
    """Whether and how the models of the template are cached ahead."""

    enabled: Bool = Field(False, description="Whether a template cache is made for the template.")
    env: EnvVars | None = Field(None, description="Environment of the downloads; that of the template when absent.")


class ServiceTemplateSpec(ClusterServiceTemplateSpec):
    """One way to run a model, for one namespace."""

    caching: TemplateCaching | None = Field(
        None, description="Whether and how the models of the template are cached ahead."
    )


class ProfileMetadata(Shape):
    """What the profile is made for."""

    engine: str | None = Field(None, description="Inference engine.")
    gpu: str | None = Field(None, description="GPU model.")
    gpu_count: Int32 | None = Field(None, description="Number of GPUs for each replica.")
    metric: Metric | None = Field(None, description="What the profile is optimised for.")
    precision: Precision | None = Field(None, description="Numeric precision of the weights.")
    type: ProfileType | None = Field(None, description="How well the profile is optimised.")


class Profile(Shape):
    """The profile that the image chose."""

    engine_args: FreeJson = Field(
        None, alias="engine_args", description="Arguments of the engine, as the image has them."
    )
    env_vars: StringMap | None = Field(None, alias="env_vars", description="Environment that the profile sets.")
    metadata: ProfileMetadata | None = Field(None, description="What the profile is made for.")
    original_discovery_output: FreeJson = Field(None, description="Output of the discovery; no longer written.")


class DiscoveryStatus(Shape):
    """How the discovery went so far, after a failure."""

    attempts: Int32 | None = Field(None, description="Number of attempts that failed.")
    last_attempt_time: Timestamp | None = Field(None, description="Time of the last failed attempt.")
    last_failure_reason: str | None = Field(None, description="Why the last attempt failed.")
    next_attempt_time: Timestamp | None = Field(None, description="Time before which no new attempt is made.")
    spec_hash: str | None = Field(None, description="Hash of the inputs of the attempts; other inputs start afresh.")


class ServiceTemplateStatus(Shape):
    """What was observed of a template."""

    status: Literal["Pending", "Progressing", "Ready", "Degraded", "Failed", "NotAvailable"] = Field(
        "Pending", description="State of the template as a whole."
    )
    conditions: Conditions | None = Field(None, description=CONDITIONS_TEXT)
    observed_generation: Int64 | None = Field(None, description=OBSERVED_GENERATION_TEXT)
    resolved_runtime_config: Reference | None = Field(None, description="Runtime configuration in use.")
    resolved_model: Reference | None = Field(None, description="Model of the template.")
    resolved_cache: Reference | None = Field(None, description="Cache of the template.")
    resolved_hardware: HardwareRequirements | None = Field(
        None, description="Hardware that one replica needs, from the spec and the discovery."
    )
    resolved_node_affinity: NodeAffinity | None = Field(None, description="Nodes on which the template can run.")
    hardware_summary: str | None = Field(None, description="Hardware as short text, such as `2 x MI300X`.")
    model_sources: tuple[ModelSource, ...] | None = Field(None, description="Models that the template needs.")
    profile: Profile | None = Field(None, description="Profile that the image chose.")
    discovery_job: Reference | None = Field(None, description="Latest discovery job.")
    discovery: DiscoveryStatus | None = Field(None, description="How the discovery went so far, after a failure.")


class AIMServiceTemplate(AimObject):
    """One way to run a model, for one namespace."""

    spec: ServiceTemplateSpec = Field(description="How the model is run.")
    status: ServiceTemplateStatus | None = Field(None, description="What was observed of the template.")


class AIMClusterServiceTemplate(AimObject):
    """One way to run a model, for the whole cluster."""

    spec: ClusterServiceTemplateSpec = Field(description="How the model is run.")
    status: ServiceTemplateStatus | None = Field(None, description="What was observed of the template.")
