"""AIMRuntimeConfig and AIMClusterRuntimeConfig: defaults of a namespace or of the whole cluster (engine 11.1).

1. A member that is absent says nothing; what is present in the namespaced config beats the cluster's (D-12).
2. Two defaults of the reference's schema are missing on purpose, `storage.pvcHeadroomPercent` (10) and
   `labelPropagation.enabled` (false): stored defaults cannot be told from choices. The planner supplies them (D-12).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aimcore.api.condition import CONDITIONS_TEXT, OBSERVED_GENERATION_TEXT, Conditions
from aimcore.api.meta import EnvVars
from aimcore.api.reading import AimObject
from aimcore.api.routing import Routing
from aimcore.api.shape import Bool, Int32, Int64, Shape


class StorageConfig(Shape):
    """Storage of downloaded models."""

    default_storage_class_name: str | None = Field(
        None, description="Storage class of the volumes; the cluster's default class when absent."
    )
    pvc_headroom_percent: Int32 | None = Field(
        None, ge=0, description="Space to add to the size of a model, in percent; 10 when set nowhere."
    )


class ModelConfig(Shape):
    """How new models are treated."""

    auto_discovery: Bool | None = Field(
        None,
        description="Whether new models without `spec.discovery` read their image's labels and get templates.",
    )


class LabelPropagation(Shape):
    """Which labels an object hands on to the objects made for it."""

    enabled: Bool | None = Field(None, description="Whether labels are handed on; off when set nowhere.")
    match: tuple[str, ...] | None = Field(
        None, description="Patterns of label keys to hand on, such as `team-*`; `*` stands for any text."
    )


class AutoscalingConfig(Shape):
    """How services are scaled automatically."""

    scaled_object: Literal["kserve", "aim"] | None = Field(
        None,
        description="Who writes the ScaledObject of a service that is created or that switches autoscaling on: KServe, "
        "or this operator; `kserve` when set nowhere.",
    )


class RuntimeConfigSpec(Shape):
    """Defaults for the services, models and caches that refer to the configuration."""

    storage: StorageConfig | None = Field(None, description="Storage of downloaded models.")
    routing: Routing | None = Field(None, description="HTTP exposure of services.")
    env: EnvVars | None = Field(None, description="Environment of inference containers and of downloads.")
    model: ModelConfig | None = Field(None, description="How new models are treated.")
    label_propagation: LabelPropagation | None = Field(
        None, description="Which labels an object hands on to the objects made for it."
    )
    autoscaling: AutoscalingConfig | None = Field(None, description="How services are scaled automatically.")
    default_storage_class_name: str | None = Field(
        None, description="Deprecated: use `storage.defaultStorageClassName`, which wins."
    )
    pvc_headroom_percent: Int32 | None = Field(
        None, description="Deprecated: use `storage.pvcHeadroomPercent`, which wins."
    )


class RuntimeConfigStatus(Shape):
    """What was observed of a runtime configuration."""

    observed_generation: Int64 | None = Field(None, description=OBSERVED_GENERATION_TEXT)
    conditions: Conditions | None = Field(None, description=CONDITIONS_TEXT)


class AIMRuntimeConfig(AimObject):
    """Defaults for the AIM objects of one namespace."""

    spec: RuntimeConfigSpec = Field(description="Defaults that the configuration gives.")
    status: RuntimeConfigStatus | None = Field(None, description="What was observed of the configuration.")


class AIMClusterRuntimeConfig(AimObject):
    """Defaults for the AIM objects of the whole cluster."""

    spec: RuntimeConfigSpec = Field(description="Defaults that the configuration gives.")
    status: RuntimeConfigStatus | None = Field(None, description="What was observed of the configuration.")
