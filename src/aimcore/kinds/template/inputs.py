"""What a template's plan knows of the template itself. The namespaced kind and its twin differ in values alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aimcore import naming
from aimcore.api import quantity
from aimcore.cluster.reading import at, mapping, named, objects, text, whole
from aimcore.resource import EMPTY, Json, Resource
from aimcore.settings import Settings

KINDS = ("AIMServiceTemplate", "AIMClusterServiceTemplate")


@dataclass(frozen=True, slots=True)
class Template:
    """One template. `gpu` and `cpu` are the blocks of `spec.hardware`, empty if absent.

    `job_namespace`: where its discovery runs. `label`: its name as a label value. `inline`: model sources as written.
    """

    kind: str
    name: str
    namespace: str
    uid: str
    job_namespace: str
    label: str
    model_name: str
    metric: str
    precision: str
    gpu: Mapping[str, Any]
    cpu: Mapping[str, Any]
    profile_id: str
    type: str
    env: tuple[Json, ...]
    pull_secrets: tuple[Json, ...]
    service_account: str
    runtime_config: str
    inline: tuple[Json, ...]
    caches: bool
    caching_env: tuple[Json, ...]

    @property
    def is_namespaced(self) -> bool:
        return self.kind == "AIMServiceTemplate"

    @property
    def gpu_model(self) -> str:
        return text(self.gpu, "model").strip()

    @property
    def gpu_requests(self) -> int:
        return whole(self.gpu, "requests")

    @property
    def min_vram(self) -> int:
        """Bytes, 0 if there is no minimum."""
        return max(quantity.whole_bytes(self.gpu.get("minVram")) or 0, 0)

    @property
    def needs_gpu(self) -> bool:
        """G-1: a block with only `minVram` does not."""
        return self.gpu_requests > 0 or bool(self.gpu_model)


def read_inputs(resource: Resource, settings: Settings) -> Template:
    """The inputs that come from the template itself."""
    spec, namespace = resource.spec, resource.namespace
    is_namespaced = resource.kind == "AIMServiceTemplate"
    caching = mapping(spec, "caching") if is_namespaced else EMPTY
    return Template(
        kind=resource.kind,
        name=resource.name,
        namespace=namespace,
        uid=resource.uid,
        job_namespace=namespace or settings.operator_namespace,
        label=naming.child_label(resource.name),
        model_name=text(spec, "modelName"),
        metric=text(spec, "metric"),
        precision=text(spec, "precision"),
        gpu=mapping(spec, "hardware", "gpu"),
        cpu=mapping(spec, "hardware", "cpu"),
        profile_id=text(spec, "profileId"),
        type=text(spec, "type"),
        env=named(spec, "env"),
        pull_secrets=named(spec, "imagePullSecrets"),
        service_account=text(spec, "serviceAccountName"),
        runtime_config=text(spec, "runtimeConfigName"),
        inline=objects(spec, "modelSources"),
        caches=at(caching, "enabled") is True,
        caching_env=named(caching, "env"),
    )
