"""Which template a service runs with (R-5.1 … R-5.14, D-4, D-5, D-15, D-18, D-32).

1. While an InferenceService exists, its template stays as long as it exists; without a status it is recovered from the
   InferenceService's label. Before that, a resolved template stays while it is Ready.
2. A named template is looked up in the namespace, then in the cluster; overrides derive a template of it.
3. Else the model's default template, if it exists and meets the overrides; else automatic selection.
4. What cannot be read is never treated as absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from aimcore import labels, naming
from aimcore.api.kinds import AIM_KINDS
from aimcore.cluster.catalogue import (
    CLUSTER_SCOPE,
    NAMESPACE_SCOPE,
    ModelReading,
    TemplateReading,
    read_template,
)
from aimcore.cluster.reading import mapping, text
from aimcore.indexes import in_namespace
from aimcore.kinds.service.candidate import Candidate, Verdict, override_mismatch, read_candidate
from aimcore.kinds.service.candidates import NoneFits, NotYet, Picked, Tie, select
from aimcore.kinds.service.inputs import ServiceSpec
from aimcore.resource import Json, Resource
from aimcore.snapshot import Found, Listed, Snapshot, Unreadable

TEMPLATE, CLUSTER_TEMPLATE = "AIMServiceTemplate", "AIMClusterServiceTemplate"


@dataclass(frozen=True, slots=True)
class TemplateFound:
    """The template exists, Ready or not. `verdicts` are there when it was selected among candidates this round."""

    template: TemplateReading
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateToCreate:
    """The template is to be derived from `base` for the service's overrides."""

    manifest: Json
    base: str


@dataclass(frozen=True, slots=True)
class TemplateMissing:
    """The named template does not exist."""

    message: str


@dataclass(frozen=True, slots=True)
class TemplateNotYet:
    """Selection found templates, and none is ready."""

    message: str
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class NoTemplate:
    """Selection found nothing, or there is no model to select for."""

    message: str
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateAmbiguous:
    """Selection found several equally good templates."""

    message: str
    verdicts: tuple[Verdict, ...]


TemplateResolution = (
    TemplateFound | TemplateToCreate | TemplateMissing | TemplateNotYet | NoTemplate | TemplateAmbiguous | Unreadable
)


def choose_template(
    snapshot: Snapshot,
    resource: Resource,
    spec: ServiceSpec,
    model: ModelReading | None,
    inference_service: Resource | None,
    *,
    is_deployed: bool,
) -> TemplateResolution:
    """The template of a service. `is_deployed`: its InferenceService exists, or may exist."""
    kept = _resolved_before(snapshot, resource)
    if kept is None and inference_service is not None:
        kept = _recovered(snapshot, resource, inference_service, model)
    if isinstance(kept, Unreadable):
        return kept
    if kept is not None and (is_deployed or (kept.is_ready and not spec.template_name)):
        return TemplateFound(kept)
    if spec.template_name:
        return _explicit(snapshot, resource, spec)
    if model is None:
        return NoTemplate("No template found for service: the model is not resolved yet")
    if model.default_template:
        default = _either_scope(snapshot, resource.namespace, model.default_template)
        if isinstance(default, Unreadable):
            return default
        if default is not None and (spec.overrides is None or override_mismatch(default, spec.overrides) is None):
            return TemplateFound(default)
    return _selected(snapshot, resource, spec, model)


# ---- what was resolved before ---------------------------------------------------------------------------------------
def _resolved_before(snapshot: Snapshot, resource: Resource) -> TemplateReading | Unreadable | None:
    reference = mapping(resource.status, "resolvedTemplate")
    name, scope = text(reference, "name"), text(reference, "scope")
    if not name or scope not in (NAMESPACE_SCOPE, CLUSTER_SCOPE):
        return None
    if scope == CLUSTER_SCOPE:
        return _one(snapshot, CLUSTER_TEMPLATE, "", name)
    return _one(snapshot, TEMPLATE, text(reference, "namespace") or resource.namespace, name)


def _recovered(
    snapshot: Snapshot, resource: Resource, inference_service: Resource, model: ModelReading | None
) -> TemplateReading | Unreadable | None:
    """The template named by the InferenceService's label, which holds the label form of the name."""
    label = inference_service.labels.get(labels.TEMPLATE, "")
    if not label:
        return None
    named = _either_scope(snapshot, resource.namespace, label)
    if named is not None or model is None:
        return named
    found = _of_model(snapshot, resource.namespace, model.name)
    return found if isinstance(found, Unreadable) else _labelled(found, label)


def _labelled(candidates: Sequence[Candidate], label: str) -> TemplateReading | None:
    return next((c.template for c in candidates if naming.label_value(c.template.name) == label), None)


# ---- a named template -----------------------------------------------------------------------------------------------
def _explicit(snapshot: Snapshot, resource: Resource, spec: ServiceSpec) -> TemplateResolution:
    name = spec.template_name
    derived = name if spec.overrides is None else naming.override_template_name(name, spec.overrides)
    if derived != name:
        existing = _one(snapshot, TEMPLATE, resource.namespace, derived)
        if existing is not None:
            return existing if isinstance(existing, Unreadable) else TemplateFound(existing)
    for kind, where in ((TEMPLATE, resource.namespace), (CLUSTER_TEMPLATE, "")):
        match snapshot.object(kind, where, name):
            case Found(base):
                template = base.read_as(read_template)
                if derived == name or template.is_derived:
                    return TemplateFound(template)
                return TemplateToCreate(desired_derived_template(resource, spec, derived, base), name)
            case Unreadable() as why:
                return why
    return TemplateMissing(f'template "{name}" not found')


def desired_derived_template(resource: Resource, spec: ServiceSpec, name: str, base: Resource) -> Json:
    """The template derived from `base` for the service's overrides (R-5.13). Owned by the service."""
    body: Json = dict(base.spec)
    overrides = spec.overrides or {}
    body["runtimeConfigName"] = (
        spec.runtime_config_written.strip() or text(base.spec, "runtimeConfigName").strip() or "default"
    )
    for member in ("metric", "precision", "hardware"):
        if overrides.get(member):
            body[member] = overrides[member]
    if spec.pull_secrets:
        body["imagePullSecrets"] = list(spec.pull_secrets)
    if spec.resources:
        body["resources"] = dict(spec.resources)
    if spec.is_shared:
        body["caching"] = {"enabled": True}
    return {
        "apiVersion": AIM_KINDS[TEMPLATE].api_version,
        "kind": TEMPLATE,
        "metadata": {
            "name": name,
            "namespace": resource.namespace,
            "labels": {labels.MANAGED_BY: labels.AIM_ENGINE, labels.ORIGIN: labels.DERIVED},
        },
        "spec": body,
    }


# ---- selection ------------------------------------------------------------------------------------------------------
def _selected(snapshot: Snapshot, resource: Resource, spec: ServiceSpec, model: ModelReading) -> TemplateResolution:
    candidates = _of_model(snapshot, resource.namespace, model.name)
    if isinstance(candidates, Unreadable):
        return candidates
    nodes = snapshot.availability("Node")
    if isinstance(nodes, Unreadable) and any(c.gpu and c.template.is_ready for c in candidates):
        return nodes
    selection = select(snapshot, spec, model.name, candidates)
    match selection:
        case Picked(template, verdicts):
            return TemplateFound(template, verdicts)
        case NotYet(message, verdicts):
            return TemplateNotYet(message, verdicts)
        case NoneFits(message, verdicts):
            return NoTemplate(message, verdicts)
        case Tie(message, verdicts):
            return TemplateAmbiguous(message, verdicts)
    assert_never(selection)


def _of_model(snapshot: Snapshot, namespace: str, model: str) -> list[Candidate] | Unreadable:
    """All templates of a model: the namespaced ones, then the cluster ones, each sorted by name."""
    found: list[Candidate] = []
    for kind, where in ((TEMPLATE, namespace), (CLUSTER_TEMPLATE, "")):
        match snapshot.index(kind, "model", in_namespace(where, model)):
            case Listed(resources):
                found += [r.read_as(read_candidate) for r in resources]
            case Unreadable() as why:
                return why
    return found


def _either_scope(snapshot: Snapshot, namespace: str, name: str) -> TemplateReading | Unreadable | None:
    for kind, where in ((TEMPLATE, namespace), (CLUSTER_TEMPLATE, "")):
        found = _one(snapshot, kind, where, name)
        if found is not None:
            return found
    return None


def _one(snapshot: Snapshot, kind: str, namespace: str, name: str) -> TemplateReading | Unreadable | None:
    match snapshot.object(kind, namespace, name):
        case Found(found):
            return found.read_as(read_template)
        case Unreadable() as why:
            return why
        case _:
            return None
