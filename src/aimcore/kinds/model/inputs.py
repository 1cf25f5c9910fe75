"""What a model's plan knows of the model itself. The namespaced kind and its cluster twin differ in `Scope` alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aimcore.cluster.reading import at, mapping, named, text
from aimcore.conditions import Depends
from aimcore.resource import Json, Resource
from aimcore.settings import Settings


@dataclass(frozen=True, slots=True)
class Scope:
    """What differs between the two kinds of models.

    `templates`: the component. `secret_reason` and `config_reason`: reasons for a missing secret or config.
    """

    template_kind: str
    templates: str
    depends: Depends
    secret_reason: str
    config_reason: str


NAMESPACED = Scope("AIMServiceTemplate", "ServiceTemplates", Depends.NONE, "SecretNotFound", "ConfigNotFound")
CLUSTER = Scope(
    "AIMClusterServiceTemplate", "ClusterServiceTemplates", Depends.UPSTREAM, "ReferenceNotFound", "ReferenceNotFound"
)


@dataclass(frozen=True, slots=True)
class Model:
    """One AIMModel or AIMClusterModel. `custom_templates` hold their position in the list; junk entries are left out.

    `secrets_namespace`: where its pull secrets lie. `extracts` and `creates` are None where the spec does not say.
    """

    scope: Scope
    name: str
    namespace: str
    secrets_namespace: str
    image: str
    sources: tuple[Any, ...]
    custom_hardware: Json | None
    custom_type: str
    custom_templates: tuple[tuple[int, Json], ...]
    env: tuple[Json, ...]
    pull_secrets: tuple[Json, ...]
    service_account: str
    runtime_config: str
    default_template: str
    given_metadata: Json | None
    says_discovery: bool
    extracts: bool | None
    creates: bool | None

    @property
    def is_custom(self) -> bool:
        """Whether the model comes with sources of its own."""
        return bool(self.sources)


def read_inputs(resource: Resource, settings: Settings) -> Model:
    """The inputs that come from the model itself."""
    spec, namespace = resource.spec, resource.namespace
    templates, discovery = spec.get("customTemplates"), spec.get("discovery")
    sources = spec.get("modelSources")
    return Model(
        scope=NAMESPACED if resource.kind == "AIMModel" else CLUSTER,
        name=resource.name,
        namespace=namespace,
        secrets_namespace=namespace or settings.operator_namespace,
        image=text(spec, "image"),
        sources=tuple(sources) if isinstance(sources, list) else (),
        custom_hardware=_object(at(spec, "custom", "hardware")),
        custom_type=text(spec, "custom", "type"),
        custom_templates=tuple((i, t) for i, t in enumerate(templates) if isinstance(t, dict))
        if isinstance(templates, list)
        else (),
        env=named(spec, "env"),
        pull_secrets=named(spec, "imagePullSecrets"),
        service_account=text(spec, "serviceAccountName"),
        runtime_config=text(spec, "runtimeConfigName"),
        default_template=text(spec, "defaultServiceTemplate").strip(),
        given_metadata=_object(spec.get("imageMetadata")),
        says_discovery=isinstance(discovery, dict),
        extracts=_switch(mapping(discovery).get("extractMetadata")),
        creates=_switch(mapping(discovery).get("createServiceTemplates")),
    )


def _object(value: object) -> Json | None:
    return value if isinstance(value, dict) else None


def _switch(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
