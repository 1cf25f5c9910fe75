"""Which template cache a service lives on (R-6.1 … R-6.10, D-10, D-11).

1. A Ready cache that the status names stays, if it is usable and belongs to the template of this round.
2. A Dedicated service uses only the template's cache with its own name, mode and owner; a Shared one any Shared cache
   of the template, the best by status, then the lowest name. A cache that is being deleted is none.
3. None means that one is made; an existing one is never written again.
4. A Ready template without model sources needs no cache.
"""

from __future__ import annotations

from dataclasses import dataclass

from aimcore import labels, naming
from aimcore.api.kinds import AIM_KINDS
from aimcore.cluster.caches import TemplateCacheReading, read_template_cache
from aimcore.cluster.catalogue import NAMESPACE_SCOPE, TemplateReading
from aimcore.cluster.reading import text
from aimcore.conditions import State
from aimcore.indexes import in_namespace
from aimcore.kinds.service.inputs import ServiceSpec
from aimcore.layering import merge_env
from aimcore.resource import Json, Resource
from aimcore.runtime_config import RuntimeConfig
from aimcore.snapshot import Found, Listed, Snapshot, Unreadable

CACHE = "AIMTemplateCache"


@dataclass(frozen=True, slots=True)
class CacheFound:
    """A usable cache, Ready or not."""

    cache: TemplateCacheReading


@dataclass(frozen=True, slots=True)
class CacheToCreate:
    """No usable cache, and one is to be made. `blocked_by`: why the name is not free, or ""."""

    name: str
    blocked_by: str


@dataclass(frozen=True, slots=True)
class CacheNotNeeded:
    """The template is Ready and names nothing to cache."""

    template: str


@dataclass(frozen=True, slots=True)
class CacheWaits:
    """There is no Ready template to make a cache for."""


CacheResolution = CacheFound | CacheToCreate | CacheNotNeeded | CacheWaits | Unreadable


def resolve_cache(
    snapshot: Snapshot, resource: Resource, spec: ServiceSpec, template: TemplateReading | None
) -> CacheResolution:
    """The cache of a service for the template resolved this round."""
    if template is None:
        return CacheWaits()
    kept = _resolved_before(snapshot, resource, spec, template)
    if kept is not None:
        return kept if isinstance(kept, Unreadable) else CacheFound(kept)
    found = (_shared if spec.is_shared else _dedicated)(snapshot, resource, template)
    if found is not None:
        return found if isinstance(found, Unreadable) else CacheFound(found)
    if not template.is_ready:
        return CacheWaits()
    if not template.sources:
        return CacheNotNeeded(template.name)
    name = cache_name(resource, spec, template)
    return CacheToCreate(name, _occupant(snapshot, resource, name))


def cache_name(resource: Resource, spec: ServiceSpec, template: TemplateReading) -> str:
    """The name of the cache that a service makes for a template."""
    if spec.is_shared:
        return naming.shared_cache_name(template.name, resource.namespace)
    return naming.dedicated_cache_name(template.name, resource.name, resource.uid)


def _resolved_before(
    snapshot: Snapshot, resource: Resource, spec: ServiceSpec, template: TemplateReading
) -> TemplateCacheReading | Unreadable | None:
    name = text(resource.status, "cache", "templateCacheRef", "name")
    if not name:
        return None
    match snapshot.object(CACHE, resource.namespace, name):
        case Found(found):
            cache = found.read_as(read_template_cache)
            mine = spec.is_shared or _is_own(cache, resource)
            fits = cache.is_ready and not cache.is_deleting and cache.mode == spec.mode and mine
            return cache if fits and belongs_to(cache, template) else None
        case Unreadable() as why:
            return why
        case _:
            return None


def belongs_to(cache: TemplateCacheReading, template: TemplateReading) -> bool:
    """Whether a cache is one of this template."""
    return cache.template_name == template.name and cache.template_scope in ("", "Unknown", template.scope)


def _is_own(cache: TemplateCacheReading, resource: Resource) -> bool:
    return resource.uid in cache.owner_uids


def _dedicated(
    snapshot: Snapshot, resource: Resource, template: TemplateReading
) -> TemplateCacheReading | Unreadable | None:
    name = naming.dedicated_cache_name(template.name, resource.name, resource.uid)
    match snapshot.object(CACHE, resource.namespace, name):
        case Found(found):
            cache = found.read_as(read_template_cache)
            is_mine = cache.is_dedicated and _is_own(cache, resource) and not cache.is_deleting
            return cache if is_mine and belongs_to(cache, template) else None  # long names of templates may meet
        case Unreadable() as why:
            return why
        case _:
            return None


def _shared(
    snapshot: Snapshot, resource: Resource, template: TemplateReading
) -> TemplateCacheReading | Unreadable | None:
    match snapshot.index(CACHE, "template", in_namespace(resource.namespace, template.name)):
        case Listed(resources):
            caches = [r.read_as(read_template_cache) for r in resources]
            fitting = [c for c in caches if c.is_shared and not c.is_deleting and belongs_to(c, template)]
            return max(fitting, key=lambda c: State.of(c.status), default=None)  # the first of equals: lowest name
        case Unreadable() as why:
            return why
        case _:
            return None


def _occupant(snapshot: Snapshot, resource: Resource, name: str) -> str:
    match snapshot.object(CACHE, resource.namespace, name):
        case Found(found) if found.is_deleting:
            return f"{CACHE} {name} is still being deleted"
        case Found():
            return f"{CACHE} {name} exists, but it cannot be used by this service; delete it"
        case _:
            return ""


def desired_cache(resource: Resource, spec: ServiceSpec, config: RuntimeConfig, template: TemplateReading) -> Json:
    """The AIMTemplateCache that a service makes (R-6.7 … R-6.9). Owned by the service when Dedicated."""
    storage_class = config.storage_class if spec.storage_class is None else spec.storage_class
    caching_env = template.cache_env if template.scope == NAMESPACE_SCOPE else ()
    env = merge_env(merge_env(template.env, caching_env), spec.env)
    body: Json = {"templateName": template.name, "templateScope": template.scope, "mode": spec.mode}
    if storage_class:
        body["storageClassName"] = storage_class
    if spec.runtime_config_written:
        body["runtimeConfigName"] = spec.runtime_config_written
    if env:
        body["env"] = env
    return {
        "apiVersion": AIM_KINDS[CACHE].api_version,
        "kind": CACHE,
        "metadata": {
            "name": cache_name(resource, spec, template),
            "namespace": resource.namespace,
            "labels": {labels.SERVICE: naming.label_value(resource.name)},
        },
        "spec": body,
    }
