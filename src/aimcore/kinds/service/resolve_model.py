"""Which model a service serves (R-4.1 … R-4.9, D-2, D-13, D-14).

1. A resolved model that is Ready stays; while an InferenceService exists it stays as long as it exists.
2. By name: the namespaced model, then the cluster model.
3. By image: models without sources of their own; a namespaced match beats cluster matches; two in one scope are
   ambiguous; none means that one is made.
4. Custom: namespaced models with the same image and sources; the lowest name wins; none means that one is made.
5. What cannot be read is never treated as absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from aimcore import labels, naming
from aimcore.api.kinds import AIM_KINDS
from aimcore.cluster.catalogue import CLUSTER_SCOPE, NAMESPACE_SCOPE, ModelReading, read_model
from aimcore.cluster.reading import mapping, objects, text
from aimcore.indexes import in_namespace
from aimcore.kinds.service.inputs import ByImage, ByName, Custom, ServiceSpec, Unchosen
from aimcore.resource import Json, Resource
from aimcore.snapshot import Found, Listed, Snapshot, Unreadable

MODEL, CLUSTER_MODEL = "AIMModel", "AIMClusterModel"
_ENDPOINT = "AWS_ENDPOINT_URL"


@dataclass(frozen=True, slots=True)
class ModelFound:
    """The model exists, Ready or not. `differs`: a custom model whose hardware is not what the service describes."""

    model: ModelReading
    differs: bool = False


@dataclass(frozen=True, slots=True)
class ModelToCreate:
    """No model fits and one is to be made. `subject` says for what."""

    manifest: Json
    subject: str


@dataclass(frozen=True, slots=True)
class ModelMissing:
    """No such model."""

    message: str


@dataclass(frozen=True, slots=True)
class ModelAmbiguous:
    """Several models fit."""

    message: str


@dataclass(frozen=True, slots=True)
class ModelInvalid:
    """What the service says cannot lead to a model."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class ModelNameTaken:
    """The model to be made has the name of another one that does not fit."""

    message: str


ModelResolution = (
    ModelFound | ModelToCreate | ModelMissing | ModelAmbiguous | ModelInvalid | ModelNameTaken | Unreadable
)


def resolve_model(snapshot: Snapshot, resource: Resource, spec: ServiceSpec, *, is_deployed: bool) -> ModelResolution:
    """The model of a service. `is_deployed`: its InferenceService exists, or may exist."""
    kept = _resolved_before(snapshot, resource, is_deployed)
    if kept is not None:
        return _described(kept, spec) if isinstance(kept, ModelReading) else kept
    match spec.model:
        case ByName(name):
            return _by_name(snapshot, name, resource.namespace)
        case ByImage(image):
            return _by_image(snapshot, resource, spec, image)
        case Custom() as custom:
            return _by_sources(snapshot, resource, spec, custom)
        case Unchosen():
            return ModelInvalid("ModelNotFound", "no model specified in service spec")
    assert_never(spec.model)


def _resolved_before(snapshot: Snapshot, resource: Resource, is_deployed: bool) -> ModelReading | Unreadable | None:
    """The model that the status names, if it is still the one."""
    reference = mapping(resource.status, "resolvedModel")
    name, scope = text(reference, "name"), text(reference, "scope")
    if not name or scope not in (NAMESPACE_SCOPE, CLUSTER_SCOPE):
        return None
    is_namespaced = scope == NAMESPACE_SCOPE
    namespace = (text(reference, "namespace") or resource.namespace) if is_namespaced else ""
    match snapshot.view(model_seen, MODEL if is_namespaced else CLUSTER_MODEL, namespace, name):
        case ModelReading() as model:
            return model if model.is_ready or is_deployed else None
        case why:
            return why


def model_seen(snapshot: Snapshot, kind: str, namespace: str, name: str) -> ModelReading | Unreadable | None:
    """A view: a model as services see it, None if it is absent. What else stands in its status wakes no service."""
    match snapshot.object(kind, namespace, name):
        case Found(found):
            return found.read_as(read_model)
        case Unreadable() as why:
            return why
        case _:
            return None


def _described(model: ModelReading, spec: ServiceSpec) -> ModelFound:
    return ModelFound(model, isinstance(spec.model, Custom) and _hardware_differs(model, spec.model.hardware))


def _by_name(snapshot: Snapshot, name: str, namespace: str) -> ModelResolution:
    for kind, where in ((MODEL, namespace), (CLUSTER_MODEL, "")):
        match snapshot.view(model_seen, kind, where, name):
            case ModelReading() as model:
                return ModelFound(model)
            case Unreadable() as why:
                return why
    return ModelMissing(f'model "{name}" not found in namespace {namespace} or cluster scope')


def _by_image(snapshot: Snapshot, resource: Resource, spec: ServiceSpec, image: str) -> ModelResolution:
    for kind, where in ((MODEL, resource.namespace), (CLUSTER_MODEL, "")):
        models = snapshot.view(models_with_image, kind, where, image)
        if isinstance(models, Unreadable):
            return models
        fitting = [m for m in models if not m.sources]
        if len(fitting) > 1:
            return ModelAmbiguous(_several(image, fitting))
        if fitting:
            return ModelFound(fitting[0])
    name = naming.model_name_for_image(image)
    if isinstance(name, naming.InvalidImage):
        return ModelInvalid("InvalidImageReference", f'spec.model.image is "{image}": {name.message}')
    return _to_create(snapshot, name, desired_model(resource, spec, name, image), f"image {image}")


def models_with_image(
    snapshot: Snapshot, kind: str, namespace: str, image: str
) -> tuple[ModelReading, ...] | Unreadable:
    """A view: the models of an image as services see them, by name."""
    match snapshot.index(kind, "image", in_namespace(namespace, image)):
        case Listed(resources):
            return tuple(r.read_as(read_model) for r in resources)
        case Unreadable() as why:
            return why
        case _:
            return ()


def _several(image: str, models: Sequence[ModelReading]) -> str:
    names = ", ".join(f"{m.namespace}/{m.name} (namespace)" if m.namespace else f"{m.name} (cluster)" for m in models)
    return f'multiple models found with the same image with image "{image}": {names}'


def _by_sources(snapshot: Snapshot, resource: Resource, spec: ServiceSpec, custom: Custom) -> ModelResolution:
    models = snapshot.view(models_with_image, MODEL, resource.namespace, custom.base_image)
    if isinstance(models, Unreadable):
        return models
    wanted = _sources_compared(custom.sources)
    for model in models:  # sorted by name: the lowest wins
        if _sources_compared(model.sources) == wanted:
            return ModelFound(model, _hardware_differs(model, custom.hardware))
    name = naming.custom_model_name(custom.base_image, custom.sources)
    manifest = desired_custom_model(resource, spec, name, custom)
    return _to_create(snapshot, name, manifest, text(custom.sources[0], "modelId") if custom.sources else name)


def _sources_compared(sources: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, str, str], ...]:
    return tuple((text(s, "modelId"), text(s, "sourceUri"), _endpoint(s)) for s in sources)


def _endpoint(source: Mapping[str, Any]) -> str:
    return next((text(e, "value") for e in objects(source, "env") if e.get("name") == _ENDPOINT), "")


def _hardware_differs(model: ModelReading, hardware: Mapping[str, Any]) -> bool:
    return dict(model.hardware) != dict(hardware)


def _to_create(snapshot: Snapshot, name: str, manifest: Json, subject: str) -> ModelResolution:
    """Make it, unless another model has the name already: made models are never written again."""
    match snapshot.object(MODEL, manifest["metadata"]["namespace"], name):
        case Found():
            return ModelNameTaken(f"{MODEL} {name} exists, but it is not the model for {subject}; delete or rename it")
        case Unreadable() as why:
            return why
        case _:
            return ModelToCreate(manifest, subject)


# ---- desired objects ------------------------------------------------------------------------------------------------
def desired_model(resource: Resource, spec: ServiceSpec, name: str, image: str) -> Json:
    """The AIMModel made for an image (R-4.5)."""
    return _model(resource, name, {labels.ORIGIN: labels.AUTO_GENERATED}, {"image": image, **_passed_on(spec)})


def desired_custom_model(resource: Resource, spec: ServiceSpec, name: str, custom: Custom) -> Json:
    """The AIMModel made for a model that is described inside the service (R-4.6)."""
    marks = {
        labels.ORIGIN: labels.AUTO_GENERATED,
        labels.CUSTOM_MODEL: "true",
        labels.SERVICE: naming.child_label(resource.name),
    }
    body: Json = {
        "image": custom.base_image,
        "modelSources": list(custom.sources),
        "custom": {"hardware": dict(custom.hardware)},
        **_passed_on(spec),
    }
    if spec.env:
        body["env"] = list(spec.env)
    return _model(resource, name, marks, body)


def _passed_on(spec: ServiceSpec) -> Json:
    passed: Json = {"resources": {}}
    if spec.runtime_config_written:
        passed["runtimeConfigName"] = spec.runtime_config_written
    if spec.pull_secrets:
        passed["imagePullSecrets"] = list(spec.pull_secrets)
    if spec.service_account:
        passed["serviceAccountName"] = spec.service_account
    return passed


def _model(resource: Resource, name: str, marks: Mapping[str, str], body: Json) -> Json:
    return {
        "apiVersion": AIM_KINDS[MODEL].api_version,
        "kind": MODEL,
        "metadata": {"name": name, "namespace": resource.namespace, "labels": dict(marks)},
        "spec": body,
    }
