"""Narrow readings of the Deployment and the Pods behind an InferenceService. All readers are total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aimcore.cluster.reading import objects, text, whole
from aimcore.resource import Json, Resource

TEMPLATE_HASH = "pod-template-hash"


@dataclass(frozen=True, slots=True)
class DeploymentReading:
    """A Deployment. Counts are 0 when absent. `is_observed`: its controller has seen the newest generation."""

    is_observed: bool
    updated: int
    available: int
    containers: tuple[Json, ...]

    def carries(self, wanted: Mapping[str, Any]) -> bool:
        """Whether its pods are made with this container (`is_carried_by`). True if its pod template is unknown."""
        return not self.containers or any(is_carried_by(wanted, container) for container in self.containers)


def read_deployment(resource: Resource) -> DeploymentReading:
    """The reading of a Deployment."""
    status = resource.status
    return DeploymentReading(
        is_observed=whole(status, "observedGeneration") >= resource.generation,
        updated=whole(status, "updatedReplicas"),
        available=whole(status, "availableReplicas"),
        containers=objects(resource.spec, "template", "spec", "containers"),
    )


def is_carried_by(wanted: Mapping[str, Any], container: Mapping[str, Any]) -> bool:
    """Whether a container has the image and every variable of the wanted one; it may have more."""
    if wanted.get("image") == container.get("image") and wanted.get("env") == container.get("env"):
        return True
    present = objects(container, "env")
    return text(wanted, "image") == text(container, "image") and all(e in present for e in objects(wanted, "env"))


@dataclass(frozen=True, slots=True)
class PodReading:
    """A Pod of a Deployment. `template` names the pod template it was made from; `created` is an RFC 3339 text."""

    name: str
    template: str
    created: str
    is_ready: bool
    is_deleting: bool


def read_pod(resource: Resource) -> PodReading:
    """The reading of a Pod."""
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in objects(resource.status, "conditions"))
    return PodReading(
        name=resource.name,
        template=resource.labels.get(TEMPLATE_HASH, ""),
        created=resource.created,
        is_ready=ready and text(resource.status, "phase") == "Running",
        is_deleting=resource.is_deleting,
    )
