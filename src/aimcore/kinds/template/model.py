"""The model behind a template (T-25, D-7).

1. A namespaced template takes the AIMModel of its namespace, else the AIMClusterModel; a cluster template the latter.
2. What a template knows of it is a view: a model whose status follows its templates wakes none of them.
3. A model that is bad only because of its templates counts as healthy: else both would wait for each other.
"""

from __future__ import annotations

from dataclasses import dataclass

from aimcore.cluster.reading import named, objects, text
from aimcore.conclusion import reference_to
from aimcore.conditions import Category, Depends, Health, State, failing
from aimcore.errors import health_of_unreadable
from aimcore.kinds.template.inputs import Template
from aimcore.resource import Json, Resource
from aimcore.snapshot import Found, Lookup, Snapshot, Unreadable

_IGNORED = frozenset({"Ready", "ServiceTemplatesReady", "ClusterServiceTemplatesReady"})


@dataclass(frozen=True, slots=True)
class Model:
    """What a template knows of its model; all empty if there is none. `reference`: as it is named in a status."""

    reference: Json | None
    health: Health
    image: str = ""
    env: tuple[Json, ...] = ()
    pull_secrets: tuple[Json, ...] = ()
    service_account: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether a template of it can do anything."""
        return bool(self.image)


def find_model(snapshot: Snapshot, template: Template) -> Model:
    """Look the template's model up."""
    return snapshot.view(model_behind, template.is_namespaced, template.namespace, template.model_name)


def model_behind(snapshot: Snapshot, is_namespaced: bool, namespace: str, name: str) -> Model:
    """A view: the model of that name, as a template of that scope sees it."""
    component = "Model" if is_namespaced else "ClusterModel"
    match _look_up(snapshot, namespace if is_namespaced else None, name):
        case Found(resource):
            return _found(component, resource)
        case Unreadable() as unreadable:
            return Model(None, health_of_unreadable(component, unreadable, Depends.UPSTREAM))
        case _:
            message = f"Upstream dependency not found: {f'model {name}' if name else 'spec.modelName names no model'}"
            missing = failing(component, Category.MISSING_UPSTREAM, "ReferenceNotFound", message, Depends.UPSTREAM)
            return Model(None, missing)


def _look_up(snapshot: Snapshot, namespace: str | None, name: str) -> Lookup:
    if namespace is not None:
        found = snapshot.object("AIMModel", namespace, name)
        if isinstance(found, Found | Unreadable):
            return found
    return snapshot.object("AIMClusterModel", "", name)


def _found(component: str, resource: Resource) -> Model:
    spec, kind = resource.spec, resource.kind
    image = text(spec, "image")
    return Model(
        reference=reference_to(resource),
        health=_health(component, resource, image, "AIMModel" if kind == "AIMModel" else "AIMClusterModel"),
        image=image,
        env=named(spec, "env"),
        pull_secrets=named(spec, "imagePullSecrets"),
        service_account=text(spec, "serviceAccountName"),
    )


def _health(component: str, resource: Resource, image: str, kind: str) -> Health:
    if not image:
        subject = "Model" if kind == "AIMModel" else "Cluster model"
        message = f"{subject} does not specify an image"
        return Health(component, State.FAILED, "ImageNotSpecified", message, Depends.UPSTREAM)
    prefix = kind.removeprefix("AIM")
    status = text(resource.status, "status")
    if status in ("Failed", "Degraded") and _has_own_trouble(resource):
        message = f"{kind} is in {status} state"
        return Health(component, State.of(status), f"{prefix}Failed", message, Depends.UPSTREAM)
    return Health(component, State.READY, f"{prefix}Found", f"{kind} found with valid image", Depends.UPSTREAM)


def _has_own_trouble(resource: Resource) -> bool:
    """Whether a component of the model other than its templates is not ready."""
    return any(
        type_.endswith("Ready") and type_ not in _IGNORED and text(c, "status") == "False"
        for c in objects(resource.status, "conditions")
        if (type_ := text(c, "type"))
    )
