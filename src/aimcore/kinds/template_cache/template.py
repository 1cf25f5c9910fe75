"""The template behind a template cache (B3).

1. The scope decides where it is looked for: Cluster, Namespace, or (Unknown, unset) the namespace first.
2. Its model sources count whatever its state. Its health is that of its Ready condition; a template without any status
   is still on its way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from aimcore.cluster.caches import Source, TemplateCacheReading, read_sources, ready_condition
from aimcore.cluster.reading import text
from aimcore.conditions import Category, Depends, Health, State, failing
from aimcore.errors import health_of_unreadable
from aimcore.resource import Resource
from aimcore.snapshot import Absent, Found, Lookup, NotInstalled, Snapshot, Unreadable

COMPONENT = "ServiceTemplate"
NAMESPACED, CLUSTER = "AIMServiceTemplate", "AIMClusterServiceTemplate"


@dataclass(frozen=True, slots=True)
class CachedTemplate:
    """What a cache knows of its template: where it was found, its sources, its health. `kind` is "" if not found."""

    kind: str
    sources: tuple[Source, ...]
    health: Health
    is_unreadable: bool = False

    @property
    def is_ready(self) -> bool:
        return self.health.is_ready


def find_template(snapshot: Snapshot, cache: TemplateCacheReading) -> CachedTemplate:
    """Look the template up by the cache's scope."""
    found = _look_up(snapshot, cache)
    match found:
        case Found(resource):
            return CachedTemplate(resource.kind, read_sources(resource.status, "modelSources"), _health(resource))
        case Unreadable() as unreadable:
            return CachedTemplate(
                "", (), health_of_unreadable(COMPONENT, unreadable, Depends.UPSTREAM), is_unreadable=True
            )
        case Absent() | NotInstalled():
            message = f"Service template {cache.template_name} not found (scope {cache.template_scope or 'Unknown'})"
            missing = failing(COMPONENT, Category.MISSING_UPSTREAM, "ReferenceNotFound", message, Depends.UPSTREAM)
            return CachedTemplate("", (), missing)
    assert_never(found)


def _look_up(snapshot: Snapshot, cache: TemplateCacheReading) -> Lookup:
    in_cluster = (CLUSTER, "", cache.template_name)
    in_namespace = (NAMESPACED, cache.namespace, cache.template_name)
    match cache.template_scope:
        case "Cluster":
            return snapshot.object(*in_cluster)
        case "Namespace":
            return snapshot.object(*in_namespace)
        case _:
            found = snapshot.object(*in_namespace)
            return found if isinstance(found, Found | Unreadable) else snapshot.object(*in_cluster)


def _health(template: Resource) -> Health:
    status, ready = text(template.status, "status"), ready_condition(template)
    if ready is None:
        state = State.of(status) if status else State.PROGRESSING
        message = "Resource found but no Ready condition present"
        return Health(COMPONENT, state, "ResourceFound", message, Depends.UPSTREAM)
    if ready.status == "True":
        state = State.READY
    elif ready.status == "False":
        state = min(State.of(status), State.PROGRESSING)
    else:
        state = State.PROGRESSING
    return Health(COMPONENT, state, ready.reason, ready.message, Depends.UPSTREAM)
