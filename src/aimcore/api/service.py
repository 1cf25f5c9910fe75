"""AIMService: one deployed model (R-1.2 to R-1.5).

1. `model`, `template`, `caching` and the overrides may not change once present; they may come and go (R-1.1).
2. Bounds that the reference's schema does not have are conditions, never rules of ours (D-31).
"""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from aimcore.api.condition import CONDITIONS_TEXT, OBSERVED_GENERATION_TEXT, Conditions
from aimcore.api.download import ModelSource
from aimcore.api.hardware import HardwareRequirements
from aimcore.api.meta import EnvVars, PullSecret, Reference, ResourceRequirements
from aimcore.api.reading import AimObject
from aimcore.api.routing import Routing
from aimcore.api.runtime_config import StorageConfig
from aimcore.api.scaling import AutoScaling
from aimcore.api.shape import Bool, Int32, Int64, Shape, immutable, rule, rules
from aimcore.api.words import Metric, Precision

_ONE_CHOICE = rule(
    "(has(self.name) ? 1 : 0) + (has(self.image) ? 1 : 0) + (has(self.custom) ? 1 : 0) == 1",
    "exactly one of name, image, or custom must be specified",
)
_SOME_SOURCE = rule("size(self.modelSources) >= 1", "at least one model source must be specified")


class CustomModel(Shape):
    """A model of one's own: a base image, and the weights it serves."""

    model_config = ConfigDict(json_schema_extra=rules(_SOME_SOURCE))

    base_image: str = Field(description="Container image that serves the model.")
    model_sources: tuple[ModelSource, ...] = Field(min_length=1, max_length=1, description="The model to download.")
    hardware: HardwareRequirements = Field(description="Hardware that one replica needs.")


class ServiceModel(Shape):
    """The model to serve; exactly one of the members is set."""

    model_config = ConfigDict(json_schema_extra=rules(_ONE_CHOICE))

    name: str | None = Field(None, description="Name of an AIMModel of the namespace, or of an AIMClusterModel.")
    image: str | None = Field(None, description="Image of an AIM container; its model is found, or made.")
    custom: CustomModel | None = Field(None, description="A model of one's own, described here.")


class ServiceTemplateChoice(Shape):
    """Which template a service runs on."""

    name: str | None = Field(None, description="Name of the template; the best one is chosen when absent.")
    allow_unoptimized: Bool = Field(
        False, description="Whether templates that are not optimised may be chosen automatically."
    )


class ServiceCaching(Shape):
    """How the service keeps downloaded models."""

    mode: Literal["Dedicated", "Shared", "Auto", "Always", "Never"] = Field(
        "Shared",
        description="`Shared` keeps models for all services of the namespace, `Dedicated` for this one only. `Auto` "
        "and `Always` are old names for `Shared`, `Never` for `Dedicated`.",
    )


class ServiceOverrides(Shape):
    """Parameters in which the service differs from its template."""

    metric: Metric | None = Field(
        None, description="What to optimise for.", json_schema_extra=immutable("metric is immutable")
    )
    precision: Precision | None = Field(
        None, description="Numeric precision of the weights.", json_schema_extra=immutable("precision is immutable")
    )
    hardware: HardwareRequirements | None = Field(
        None,
        description="Hardware that one replica needs, instead of the template's.",
        json_schema_extra=immutable("hardware is immutable"),
    )


class ServiceSpec(Shape):
    """What to serve, and how."""

    model: ServiceModel = Field(
        description="The model to serve; it cannot be changed later.",
        json_schema_extra=immutable("model selection is immutable after creation"),
    )
    template: ServiceTemplateChoice | None = Field(
        None,
        description="Which template to run on; it cannot be changed once set.",
        json_schema_extra=immutable("template selection is immutable after creation"),
    )
    caching: ServiceCaching | None = Field(
        None,
        description="How downloaded models are kept; shared when absent.",
        json_schema_extra=immutable("caching mode is immutable after creation"),
    )
    cache_model: Bool | None = Field(None, description="Deprecated and ignored: use `caching`.")
    replicas: Int32 = Field(1, description="Number of replicas; ignored when the service is scaled automatically.")
    min_replicas: Int32 | None = Field(
        None, ge=1, description="Fewest replicas; switches automatic scaling on. 1 when absent."
    )
    max_replicas: Int32 | None = Field(
        None, ge=1, description="Most replicas; switches automatic scaling on. `minReplicas` when absent."
    )
    auto_scaling: AutoScaling | None = Field(None, description="What drives automatic scaling; switches it on.")
    runtime_config_name: str | None = Field(
        None, description="Name of the runtime configuration to use; `default` when absent."
    )
    storage: StorageConfig | None = Field(None, description="Storage of the models downloaded for this service.")
    routing: Routing | None = Field(None, description="HTTP exposure; wins over the runtime configuration.")
    env: EnvVars | None = Field(None, description="Environment of the inference container; wins over all other layers.")
    resources: ResourceRequirements | None = Field(
        None, description="Compute resources of the inference container; they win over the template's."
    )
    overrides: ServiceOverrides | None = Field(
        None, description="Parameters in which the service differs from its template."
    )
    image_pull_secrets: tuple[PullSecret, ...] | None = Field(
        None, description="Secrets with which the pods of the service pull their image."
    )
    service_account_name: str | None = Field(None, description="Service account of the pods of the service.")


class ServiceCacheStatus(Shape):
    """What was observed of the cache."""

    template_cache_ref: Reference | None = Field(None, description="Template cache that the service uses.")
    retry_attempts: Int32 | None = Field(None, description="How often the service had its failed cache tried again.")


class ServiceRoutingStatus(Shape):
    """What was observed of the route."""

    path: str | None = Field(None, description="Path under which the service is reached.")


class ServiceRuntimeStatus(Shape):
    """What runs."""

    current_replicas: Int32 | None = Field(None, description="Number of replicas that exist.")
    desired_replicas: Int32 | None = Field(None, description="Number of replicas that should exist.")
    min_replicas: Int32 | None = Field(None, description="Fewest replicas.")
    max_replicas: Int32 | None = Field(None, description="Most replicas.")
    replicas: str | None = Field(None, description="Replicas as text for people: `2`, or `1/2 (1-5)` when scaled.")
    render_revision: Int32 | None = Field(
        None, description="Revision of the rules by which the objects of the service are rendered."
    )


class TemplateCandidate(Shape):
    """A template that was looked at, and how it fared."""

    name: str = Field(description="Name of the template.")
    namespace: str | None = Field(None, description="Namespace of the template; absent for a cluster-scoped one.")
    scope: Literal["Namespace", "Cluster"] | None = Field(None, description="Whether the template has a namespace.")
    result: Literal["chosen", "rejected"] | None = Field(None, description="Whether the template was chosen.")
    reason: str | None = Field(None, description="Why the template was chosen or fell, in one word.")


class TemplateSelectionStatus(Shape):
    """How the template was chosen."""

    candidates: tuple[TemplateCandidate, ...] | None = Field(
        None, description="The best five of the templates that were looked at, best first."
    )


class ServiceStatus(Shape):
    """What was observed of a service."""

    status: Literal["Pending", "Starting", "Running", "Degraded", "Failed"] = Field(
        "Pending", description="State of the service as a whole."
    )
    conditions: Conditions | None = Field(None, description=CONDITIONS_TEXT)
    observed_generation: Int64 | None = Field(None, description=OBSERVED_GENERATION_TEXT)
    resolved_runtime_config: Reference | None = Field(None, description="Runtime configuration in use.")
    resolved_model: Reference | None = Field(None, description="Model in use.")
    resolved_template: Reference | None = Field(None, description="Template in use.")
    template_selection: TemplateSelectionStatus | None = Field(None, description="How the template was chosen.")
    cache: ServiceCacheStatus | None = Field(None, description="What was observed of the cache.")
    routing: ServiceRoutingStatus | None = Field(None, description="What was observed of the route.")
    runtime: ServiceRuntimeStatus | None = Field(None, description="What runs.")


class AIMService(AimObject):
    """A model served on the cluster: its containers, their scaling, and the route to them."""

    spec: ServiceSpec = Field(description="What to serve, and how.")
    status: ServiceStatus | None = Field(None, description="What was observed of the service.")
