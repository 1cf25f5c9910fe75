"""A narrow reading of InferenceService, as a service looks at its own. The reader is total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aimcore.cluster.reading import at, mapping, objects, text
from aimcore.resource import Json, Resource

AUTOSCALER_CLASS = "serving.kserve.io/autoscalerClass"


@dataclass(frozen=True, slots=True)
class InferenceServiceReading:
    """An InferenceService. `container` is the first one, empty if there is none; `affinity` None when unset.

    `claims`: those that its volumes name, in order.
    `ready_status` is the status of the condition `Ready` ("" without one), `ready_since` its last transition.
    """

    name: str
    uid: str
    autoscaler_class: str
    predictor: Mapping[str, Any]
    container: Mapping[str, Any]
    volumes: tuple[Json, ...]
    mounts: tuple[Json, ...]
    claims: tuple[str, ...]
    env: tuple[Json, ...]
    node_affinity: Mapping[str, Any] | None
    ready_status: str
    ready_since: str
    ready_message: str
    is_deleting: bool

    @property
    def is_ready(self) -> bool:
        return self.ready_status == "True"


def read_inference_service(resource: Resource) -> InferenceServiceReading:
    """The reading of an InferenceService."""
    predictor = mapping(resource.spec, "predictor")
    containers = objects(predictor, "containers")
    container: Mapping[str, Any] = containers[0] if containers else {}
    ready = next((c for c in objects(resource.status, "conditions") if c.get("type") == "Ready"), {})
    affinity = at(predictor, "affinity", "nodeAffinity")
    volumes = objects(predictor, "volumes")
    return InferenceServiceReading(
        name=resource.name,
        uid=resource.uid,
        autoscaler_class=resource.annotations.get(AUTOSCALER_CLASS, ""),
        predictor=predictor,
        container=container,
        volumes=volumes,
        mounts=objects(container, "volumeMounts"),
        claims=tuple([c for v in volumes if (c := text(v, "persistentVolumeClaim", "claimName"))]),
        env=objects(container, "env"),
        node_affinity=affinity if isinstance(affinity, Mapping) and affinity else None,
        ready_status=text(ready, "status"),
        ready_since=text(ready, "lastTransitionTime"),
        ready_message=text(ready, "message") or text(ready, "reason"),
        is_deleting=resource.is_deleting,
    )
