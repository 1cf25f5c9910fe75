"""How what a service depends on fares: the components Model, Template, RuntimeConfig and Cache.

1. Reasons are the published ones; a message names the object, and of a failed one its own cause.
2. Only what stops children carries an error category: a missing model or template, an invalid choice, an error of a
   look-up. Everything else is a state.
3. A service's template that is not available makes it wait (Pending), it never has the status NotAvailable (D-5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from aimcore.cluster.caches import Message, TemplateCacheReading
from aimcore.cluster.catalogue import ModelReading, TemplateReading
from aimcore.condition import HELD_UP
from aimcore.conditions import Category, Depends, Health, State, failing
from aimcore.errors import health_of_unreadable
from aimcore.kinds.service.candidate import missing_hardware, profile_type
from aimcore.kinds.service.choose_template import (
    NoTemplate,
    TemplateAmbiguous,
    TemplateFound,
    TemplateMissing,
    TemplateNotYet,
    TemplateResolution,
    TemplateToCreate,
)
from aimcore.kinds.service.inputs import CACHE, MODEL, RUNTIME_CONFIG, TEMPLATE, ServiceSpec
from aimcore.kinds.service.resolve_model import (
    ModelAmbiguous,
    ModelFound,
    ModelInvalid,
    ModelMissing,
    ModelNameTaken,
    ModelResolution,
    ModelToCreate,
)
from aimcore.kinds.service.template_cache import (
    CacheFound,
    CacheNotNeeded,
    CacheResolution,
    CacheToCreate,
    CacheWaits,
)
from aimcore.runtime_config import RuntimeConfig, config_health
from aimcore.snapshot import Unreadable

_UP = Depends.UPSTREAM
_STARTING = ("Pending", "Progressing")
_BROKEN = ("Failed", "Degraded")


# ---- model ----------------------------------------------------------------------------------------------------------
def model_health(resolution: ModelResolution) -> Health:
    """The health of the component Model (R-4.9)."""
    match resolution:
        case ModelFound(model, differs):
            return _found_model(model, differs=differs)
        case ModelToCreate(manifest, subject):
            custom = "modelSources" in manifest["spec"]
            said = f"Custom model will be created for {subject}" if custom else f"Model will be created for {subject}"
            return Health(MODEL, State.PENDING, "CreatingModel", said, Depends.DOWNSTREAM)
        case ModelMissing(message):
            return failing(MODEL, Category.MISSING_UPSTREAM, "ModelNotFound", message, _UP)
        case ModelAmbiguous(message):
            return Health(MODEL, State.FAILED, "MultipleModelsFound", message, _UP)
        case ModelInvalid(reason, message):
            return failing(MODEL, Category.INVALID_SPEC, reason, message, _UP)
        case ModelNameTaken(message):
            return Health(MODEL, State.FAILED, "ModelNameTaken", message, _UP)
        case Unreadable():
            return health_of_unreadable(MODEL, resolution, _UP)
    assert_never(resolution)


def _found_model(model: ModelReading, *, differs: bool) -> Health:
    subject = f"{model.kind} {model.name}"
    if model.is_ready:
        remark = "; its hardware differs from spec.model.custom.hardware" if differs else ""
        return Health(MODEL, State.READY, "ModelResolved", f"{subject} is ready{remark}", _UP)
    state, said = _waiting(model.status, model.ready)
    return Health(MODEL, state, "ModelNotReady", f"{subject} {said}", _UP)


def _waiting(status: str, ready: Message | None) -> tuple[State, str]:
    if status in _STARTING:
        held_up = f": {ready.message}" if ready is not None and ready.reason in HELD_UP else ""
        return State.PROGRESSING, f"is not ready yet{held_up}"
    if status in _BROKEN:
        return State.FAILED, f"is in failed state{_cause(ready)}"
    return State.PROGRESSING, f"status: {status or 'none yet'}{_cause(ready)}"


def _cause(ready: Message | None) -> str:
    """What the object says itself about not being ready."""
    if ready is None or ready.status == "True" or not (ready.reason or ready.message):
        return ""
    return f": {ready.reason}: {ready.message}" if ready.message else f": {ready.reason}"


# ---- template -------------------------------------------------------------------------------------------------------
def template_health(resolution: TemplateResolution, spec: ServiceSpec) -> Health:
    """The health of the component Template (R-5.10, R-5.12, D-4, D-5, D-40)."""
    match resolution:
        case TemplateFound(template):
            return _found_template(template, spec)
        case TemplateToCreate(manifest, base):
            name = manifest["metadata"]["name"]
            message = f"AIMServiceTemplate {name} will be derived from {base}"
            return Health(TEMPLATE, State.PENDING, "TemplateNotReady", message, _UP)
        case TemplateMissing(message):
            return failing(TEMPLATE, Category.MISSING_UPSTREAM, "TemplateNotFound", message, _UP)
        case TemplateNotYet(message):
            return Health(TEMPLATE, State.PENDING, "TemplateNotReady", message, _UP)
        case NoTemplate(message):
            return Health(TEMPLATE, State.PENDING, "TemplateNotFound", message, _UP)
        case TemplateAmbiguous(message):
            return Health(TEMPLATE, State.FAILED, "TemplateSelectionAmbiguous", message, _UP)
        case Unreadable():
            return health_of_unreadable(TEMPLATE, resolution, _UP)
    assert_never(resolution)


def _found_template(template: TemplateReading, spec: ServiceSpec) -> Health:
    subject = f"{template.kind} {template.name}"
    if template.is_ready:
        remark = f"; it is not optimal: {allowed_type(template, spec)}" if allowed_type(template, spec) else ""
        return Health(TEMPLATE, State.READY, "Resolved", f"{subject} is ready{remark}", _UP)
    if template.status == "NotAvailable":
        said = f"{subject} is not available (no matching GPUs){missing_hardware(template)}"
        return Health(TEMPLATE, State.PENDING, "TemplateNotReady", said, _UP)
    state, said = _waiting(template.status, template.ready)
    return Health(TEMPLATE, state, "TemplateNotReady", f"{subject} {said}", _UP)


def allowed_type(template: TemplateReading, spec: ServiceSpec) -> str:
    """The profile type of a template that only `allowUnoptimized` lets in, else ""."""
    kind = profile_type(template)
    return kind if spec.allow_unoptimized and not spec.template_name and kind != "optimized" else ""


# ---- runtime config -------------------------------------------------------------------------------------------------
def runtime_config_health(config: RuntimeConfig) -> Health | None:
    """The health of the component RuntimeConfig; None when the `default` config does not exist (D-28, D-41)."""
    if config.unreadable is not None:
        return health_of_unreadable(RUNTIME_CONFIG, config.unreadable, _UP)
    if config.missing:
        message = f"RuntimeConfig {config.name} not found"
        return Health(RUNTIME_CONFIG, State.PENDING, "ConfigNotFound", message, _UP)
    return config_health(config, found_reason="RuntimeConfigResolved", names_default=False)


# ---- cache ----------------------------------------------------------------------------------------------------------
def cache_health(
    resolution: CacheResolution, spec: ServiceSpec, lost: Sequence[str], mounted: Sequence[str], *, retried: str
) -> Health:
    """The health of the component Cache (6.5, D-9, D-11, D-36).

    `mounted`: claims that the live InferenceService mounts; `lost`: those of them that are gone or going; `retried`: a
    clause about the retry of a failed cache, or "".
    """
    match resolution:
        case CacheFound(cache):
            return _lost(spec, lost) if lost and not cache.is_ready else _found_cache(cache, retried)
        case CacheNotNeeded(template):
            return _cache(State.READY, "CacheReady", f"Nothing is to be cached: template {template} has no sources")
        case CacheToCreate(_, blocked_by) if blocked_by:
            return _cache(State.PROGRESSING, "CacheCreating", f"Creating template cache: {blocked_by}")
        case CacheToCreate() | CacheWaits() if mounted:
            return _lost(spec, lost or mounted)
        case CacheToCreate():
            return _cache(State.PROGRESSING, "CacheCreating", "Creating template cache")
        case CacheWaits():
            return _cache(State.PROGRESSING, "CacheCreating", "Creating template cache: waiting for a ready template")
        case Unreadable():
            return health_of_unreadable(CACHE, resolution, Depends.DOWNSTREAM)
    assert_never(resolution)


def _found_cache(cache: TemplateCacheReading, retried: str) -> Health:
    match cache.status:
        case "Ready":
            return _cache(State.READY, "CacheReady", "Template cache is ready")
        case "Progressing":
            said = f"Template cache is progressing{_named_cause(cache)}"
            return _cache(State.PROGRESSING, "CacheNotReady", said)
        case "Failed":
            said = f"Template cache failed: AIMTemplateCache {cache.name}{_cause(cache.ready)}{retried}"
            return _cache(State.FAILED, "CacheFailed", said)
        case status:
            said = f"Template cache status: {status or 'none yet'}{_named_cause(cache)}"
            return _cache(State.PROGRESSING, "CacheCreating", said)


def _named_cause(cache: TemplateCacheReading) -> str:
    cause = _cause(cache.ready)
    return f": AIMTemplateCache {cache.name}{cause}" if cause else ""


def _lost(spec: ServiceSpec, claims: Sequence[str]) -> Health:
    named = ", ".join(claims)
    if not spec.is_shared:
        return _cache(State.DEGRADED, "CacheCreating", f"Dedicated template cache is being recreated: {named}")
    said = "the shared template cache was deleted while the InferenceService still mounts"
    return _cache(State.DEGRADED, "CacheLost", f"{said} {named}; it is being recreated")


def _cache(state: State, reason: str, message: str) -> Health:
    return Health(CACHE, state, reason, message, Depends.DOWNSTREAM)
