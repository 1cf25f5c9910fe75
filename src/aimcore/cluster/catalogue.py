"""Narrow readings of models and service templates, for every kind that looks at them. All readers are total.

1. A reading says what was written, not what it means: choosing and judging belong to the kinds.
2. `scope` is "Namespace" or "Cluster", as in the references of a status.
3. Members that are copied into other objects (environment, hardware, resources) stay raw JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aimcore.cluster.affinity import beside
from aimcore.cluster.caches import Message, ready_condition
from aimcore.cluster.reading import at, mapping, named, objects, text, whole
from aimcore.records import quickly_made
from aimcore.resource import Json, Resource

READY = "Ready"
NAMESPACE_SCOPE = "Namespace"
CLUSTER_SCOPE = "Cluster"


@dataclass(frozen=True, slots=True)
class ModelReading:
    """An AIMModel or AIMClusterModel. `status` is "" until its first status."""

    kind: str
    name: str
    namespace: str
    uid: str
    image: str
    sources: tuple[Json, ...]
    hardware: Mapping[str, Any]
    default_template: str
    pull_secrets: tuple[Json, ...]
    service_account: str
    resources: Mapping[str, Any]
    status: str
    ready: Message | None
    is_deleting: bool

    @property
    def is_ready(self) -> bool:
        return self.status == READY


def read_model(resource: Resource) -> ModelReading:
    """The reading of a model of either scope."""
    spec = resource.spec
    return ModelReading(
        kind=resource.kind,
        name=resource.name,
        namespace=resource.namespace,
        uid=resource.uid,
        image=text(spec, "image").strip(),
        sources=objects(spec, "modelSources"),
        hardware=mapping(spec, "custom", "hardware"),
        default_template=text(spec, "defaultServiceTemplate").strip(),
        pull_secrets=named(spec, "imagePullSecrets"),
        service_account=text(spec, "serviceAccountName"),
        resources=mapping(spec, "resources"),
        status=text(resource.status, "status"),
        ready=ready_condition(resource),
        is_deleting=resource.is_deleting,
    )


@quickly_made
@dataclass(frozen=True, slots=True)
class TemplateReading:
    """An AIMServiceTemplate or AIMClusterServiceTemplate.

    `profile_type`, `metric`, `precision`, `gpu_model`, `gpu_count` are the effective ones (R-5.6): what discovery found
    or what the spec says. `profile_metric` and `profile_precision` come from the discovered profile alone.
    `sources` are those of the status, `spec_model_id` is the first of the spec. `affinity` is None when unset;
    `affinity_beside` has a second term for nodes with the beta labels alone.
    """

    kind: str
    name: str
    namespace: str
    uid: str
    model_name: str
    status: str
    ready: Message | None
    has_profile: bool
    profile_type: str
    profile_metric: str
    profile_precision: str
    metric: str
    precision: str
    gpu_model: str
    gpu_count: int
    min_vram: str
    profile_id: str
    spec_metric: str
    spec_precision: str
    spec_model_id: str
    env: tuple[Json, ...]
    cache_env: tuple[Json, ...]
    resources: Mapping[str, Any]
    pull_secrets: tuple[Json, ...]
    service_account: str
    sources: tuple[Json, ...]
    gpu_requests: int
    gpu_resource: str
    cpu: Mapping[str, Any]
    affinity: Mapping[str, Any] | None
    affinity_beside: Mapping[str, Any] | None
    is_derived: bool
    is_obsolete: bool
    is_deleting: bool

    @property
    def scope(self) -> str:
        return NAMESPACE_SCOPE if self.namespace else CLUSTER_SCOPE

    @property
    def is_ready(self) -> bool:
        return self.status == READY


def read_template(resource: Resource) -> TemplateReading:
    """The reading of a service template of either scope."""
    spec, status, labels = resource.spec, resource.status, resource.labels
    profile = at(status, "profile")
    found = mapping(profile, "metadata")
    gpu, resolved = mapping(spec, "hardware", "gpu"), mapping(status, "resolvedHardware", "gpu")
    affinity = mapping(status, "resolvedNodeAffinity") or None
    sources = objects(spec, "modelSources")
    return TemplateReading(
        kind=resource.kind,
        name=resource.name,
        namespace=resource.namespace,
        uid=resource.uid,
        model_name=text(spec, "modelName"),
        status=text(status, "status"),
        ready=ready_condition(resource),
        has_profile=isinstance(profile, Mapping),
        profile_type=text(found, "type"),
        profile_metric=text(found, "metric"),
        profile_precision=text(found, "precision"),
        metric=text(found, "metric") or text(spec, "metric"),
        precision=text(found, "precision") or text(spec, "precision"),
        gpu_model=text(gpu, "model").strip() or text(found, "gpu").strip(),
        gpu_count=max(whole(gpu, "requests"), 0) or max(whole(found, "gpuCount"), 0),
        min_vram=text(gpu, "minVram"),
        profile_id=text(spec, "profileId"),
        spec_metric=text(spec, "metric"),
        spec_precision=text(spec, "precision"),
        spec_model_id=text(sources[0], "modelId") if sources else "",
        env=named(spec, "env"),
        cache_env=named(spec, "caching", "env"),
        resources=mapping(spec, "resources"),
        pull_secrets=named(spec, "imagePullSecrets"),
        service_account=text(spec, "serviceAccountName"),
        sources=objects(status, "modelSources"),
        gpu_requests=max(whole(resolved, "requests"), 0),
        gpu_resource=text(resolved, "resourceName"),
        cpu=mapping(status, "resolvedHardware", "cpu"),
        affinity=affinity,
        affinity_beside=None if affinity is None else beside(affinity),
        is_derived=labels.get("aim.eai.amd.com/origin") == "derived",
        is_obsolete=labels.get("aim.eai.amd.com/obsolete") == "true",
        is_deleting=resource.is_deleting,
    )


@dataclass(frozen=True, slots=True)
class ServiceReading:
    """An AIMService as other services see it: which cache and template it lives on."""

    name: str
    uid: str
    cache_name: str
    template_name: str
    mode: str
    is_deleting: bool


def read_service(resource: Resource) -> ServiceReading:
    """The reading of an AIMService. `mode` is the effective caching mode (R-6.1)."""
    return ServiceReading(
        name=resource.name,
        uid=resource.uid,
        cache_name=text(resource.status, "cache", "templateCacheRef", "name"),
        template_name=text(resource.status, "resolvedTemplate", "name"),
        mode=caching_mode(text(resource.spec, "caching", "mode")),
        is_deleting=resource.is_deleting,
    )


def caching_mode(written: str) -> str:
    """The effective caching mode (R-6.1): "Shared" or "Dedicated"."""
    return "Dedicated" if written in ("Dedicated", "Never") else "Shared"


__all__ = [
    "CLUSTER_SCOPE",
    "NAMESPACE_SCOPE",
    "READY",
    "ModelReading",
    "ServiceReading",
    "TemplateReading",
    "caching_mode",
    "read_model",
    "read_service",
    "read_template",
]
