"""The stages Model, Template, RuntimeConfig and Cache: what they report, and what they make when it is missing."""

from __future__ import annotations

from operator import attrgetter

from aimcore.cluster.catalogue import TemplateReading
from aimcore.cluster.reading import objects, text
from aimcore.conditions import Health
from aimcore.kinds.service.cache_retry import attempts, retry_deletions
from aimcore.kinds.service.candidate import Verdict
from aimcore.kinds.service.choose_template import (
    NoTemplate,
    TemplateAmbiguous,
    TemplateFound,
    TemplateNotYet,
    TemplateToCreate,
)
from aimcore.kinds.service.conditions import (
    allowed_type,
    cache_health,
    model_health,
    runtime_config_health,
    template_health,
)
from aimcore.kinds.service.inputs import CACHE, MODEL, TEMPLATE
from aimcore.kinds.service.part import Part
from aimcore.kinds.service.resolve_model import ModelFound, ModelToCreate
from aimcore.kinds.service.situation import Situation
from aimcore.kinds.service.status import cache_status, reference, selection_status
from aimcore.kinds.service.template_cache import CacheToCreate, desired_cache
from aimcore.labels import stamp
from aimcore.plan import Child, PlannedEvent, Write
from aimcore.resource import Json, Resource
from aimcore.snapshot import Snapshot


def plan_model(s: Situation) -> Part:
    """The model: report it; make it when it is to be made."""
    health = model_health(s.model_resolution)
    match s.model_resolution:
        case ModelToCreate(manifest) if MODEL not in s.stops:
            return Part((health,), (_child(s, manifest, MODEL, owned=False),))
        case ModelFound(model, differs) if model.is_ready:
            is_new = text(s.resource.status, "resolvedModel", "name") != model.name
            events = (PlannedEvent("Warning", "HardwareDiffers", health.message),) if differs and is_new else ()
            return Part((health,), events=events, status={"resolvedModel": reference(model)})
        case _:
            return Part((health,))


_NOTE = attrgetter("note")


def plan_template(s: Situation) -> Part:
    """The template: report it, with the reason for every candidate; derive it when it is to be derived."""
    health = template_health(s.template_resolution, s.spec)
    verdicts = _verdicts(s)
    status: Json = {}
    if verdicts or not isinstance(s.template_resolution, TemplateFound) or s.spec.template_name:
        status["templateSelection"] = selection_status(verdicts) if verdicts else None
    elif not _is_told_as_chosen(s.resource, s.template_resolution.template.name):
        status["templateSelection"] = None  # what an earlier choice said no longer holds
    notes = tuple(map(_NOTE, verdicts))
    match s.template_resolution:
        case TemplateToCreate(manifest) if TEMPLATE not in s.stops:
            return Part((health,), (_child(s, manifest, TEMPLATE, owned=True),), notes=notes, status=status)
        case TemplateFound(template) if template.is_ready:
            is_new = text(s.resource.status, "resolvedTemplate", "name") != template.name
            events: tuple[PlannedEvent, ...] = ()
            if is_new and allowed_type(template, s.spec):
                events = (PlannedEvent("Normal", "UnoptimizedTemplate", health.message),)
            return Part(
                (health,), events=events, notes=notes, status={**status, "resolvedTemplate": reference(template)}
            )
        case _:
            return Part((health,), notes=notes, status=status)


def _verdicts(s: Situation) -> tuple[Verdict, ...]:
    match s.template_resolution:
        case TemplateFound() | TemplateNotYet() | NoTemplate() | TemplateAmbiguous():
            return s.template_resolution.verdicts
        case _:
            return ()


def plan_runtime_config(s: Situation) -> Part:
    """The runtime config: report it, and name it in the status."""
    health = runtime_config_health(s.config)
    status: Json = {} if s.config.unreadable is not None else {"resolvedRuntimeConfig": s.config.reference}
    return Part(() if health is None else (health,), status=status)


def plan_cache(snapshot: Snapshot, s: Situation) -> Part:
    """The cache: report it, make it when there is none, retry it once when it failed."""
    mounted = () if s.predictor is None else s.predictor.live.claims
    lost = () if s.predictor is None else tuple(claim.name for claim in s.predictor.lost)
    retry = () if s.cache is None or CACHE in s.stops else retry_deletions(snapshot, s.resource, s.cache)
    health: Health = cache_health(s.cache_resolution, s.spec, lost, mounted, retried=_retried(s, bool(retry)))
    recorded = cache_status(s.resource, s.cache, retries=bool(retry))
    return Part(
        (health,),
        children=_new_cache(s),
        deletions=retry,
        status={} if recorded is None else {"cache": recorded},
    )


def _retried(s: Situation, retries: bool) -> str:
    if retries:
        return "; it is retried once"
    if attempts(s.resource) > 0:
        return "; it was retried once and is not retried again by this service"
    return ""


def _new_cache(s: Situation) -> tuple[Child, ...]:
    if not isinstance(s.cache_resolution, CacheToCreate) or CACHE in s.stops or s.template is None:
        return ()
    if s.cache_resolution.blocked_by or not _is_recorded(s.resource, s.template):
        return ()
    manifest = desired_cache(s.resource, s.spec, s.config, s.template)
    return (_child(s, manifest, CACHE, owned=not s.spec.is_shared),)


def _is_recorded(resource: Resource, template: TemplateReading) -> bool:
    """Whether the status names the template: else a crash might lead to another choice, and leave this cache behind."""
    return text(resource.status, "resolvedTemplate", "name") == template.name


def _is_told_as_chosen(resource: Resource, name: str) -> bool:
    """Whether the status tells that this template was chosen."""
    candidates = objects(resource.status, "templateSelection", "candidates")
    return any(text(c, "name") == name and text(c, "result") == "chosen" for c in candidates)


def _child(s: Situation, manifest: Json, component: str, *, owned: bool) -> Child:
    """A child that is made once and never written again."""
    stamped = stamp(manifest, s.resource, s.config.label_patterns, owned=owned)
    return Child(stamped, component, Write.CREATE)
