"""Narrow readings of ScaledObject and of the HorizontalPodAutoscaler that KEDA makes. All readers are total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aimcore.cluster.reading import objects, text, whole
from aimcore.resource import Json, Resource


@dataclass(frozen=True, slots=True)
class Said:
    """One condition: what it says."""

    status: str
    reason: str
    message: str


def said_by(resource: Resource) -> Mapping[str, Said]:
    """The conditions of an object, by type."""
    return {
        text(c, "type"): Said(text(c, "status"), text(c, "reason"), text(c, "message"))
        for c in objects(resource.status, "conditions")
    }


@dataclass(frozen=True, slots=True)
class ScaledObjectReading:
    """A ScaledObject."""

    name: str
    uid: str
    minimum: int
    maximum: int
    triggers: tuple[Json, ...]
    conditions: Mapping[str, Said]
    controller_uid: str
    is_deleting: bool


def read_scaled_object(resource: Resource) -> ScaledObjectReading:
    """The reading of a ScaledObject."""
    controller = resource.controller
    return ScaledObjectReading(
        name=resource.name,
        uid=resource.uid,
        minimum=whole(resource.spec, "minReplicaCount"),
        maximum=whole(resource.spec, "maxReplicaCount"),
        triggers=objects(resource.spec, "triggers"),
        conditions=said_by(resource),
        controller_uid=controller.uid if controller is not None else "",
        is_deleting=resource.is_deleting,
    )


@dataclass(frozen=True, slots=True)
class AutoscalerReading:
    """A HorizontalPodAutoscaler. Counts are 0 when absent; `minimum` is 0 when unset."""

    name: str
    minimum: int
    maximum: int
    current: int
    desired: int
    conditions: Mapping[str, Said]
    controller_kind: str


def read_autoscaler(resource: Resource) -> AutoscalerReading:
    """The reading of a HorizontalPodAutoscaler."""
    controller = resource.controller
    return AutoscalerReading(
        name=resource.name,
        minimum=whole(resource.spec, "minReplicas"),
        maximum=whole(resource.spec, "maxReplicas"),
        current=whole(resource.status, "currentReplicas"),
        desired=whole(resource.status, "desiredReplicas"),
        conditions=said_by(resource),
        controller_kind=controller.kind if controller is not None else "",
    )


def scaling_parameters(spec: Mapping[str, object]) -> tuple[int, int, tuple[str, ...]]:
    """Minimum, maximum and the queries of a ScaledObject's spec, for comparing two of them."""
    queries = tuple(
        text(t, "metadata", "metricQuery") or text(t, "metadata", "query") or text(t, "type")
        for t in objects(spec, "triggers")
    )
    return whole(spec, "minReplicaCount"), whole(spec, "maxReplicaCount"), queries


__all__ = [
    "AutoscalerReading",
    "Said",
    "ScaledObjectReading",
    "read_autoscaler",
    "read_scaled_object",
    "said_by",
    "scaling_parameters",
]
