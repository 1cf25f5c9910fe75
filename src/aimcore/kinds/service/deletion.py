"""Taking leave of a service (§13, D-10).

1. Caches of this service that are not Ready are deleted first; the finalizer goes when none is left to delete.
2. A namespace that is being deleted, is gone or cannot be read for want of rights needs no cleaning.
3. A Shared cache that another live service uses is spared. Ready caches and made models stay.
4. No status is written, and a pause stops none of this.
"""

from __future__ import annotations

from typing import assert_never

from aimcore import labels, naming
from aimcore.cluster.caches import TemplateCacheReading, read_template_cache
from aimcore.cluster.catalogue import ServiceReading, read_service
from aimcore.cluster.reading import text
from aimcore.facts import Refusal
from aimcore.indexes import in_namespace
from aimcore.kinds.service.inputs import CACHE as CACHE_COMPONENT
from aimcore.kinds.service.template_cache import CACHE
from aimcore.plan import Deletion, Plan
from aimcore.resource import Resource
from aimcore.snapshot import Absent, Found, Listed, NotInstalled, Snapshot, Unreadable

FINALIZER = labels.SERVICE_FINALIZER
_NO_RIGHTS = frozenset({"Forbidden", "Unauthorized"})


def plan_deletion(snapshot: Snapshot, resource: Resource) -> Plan:
    """The plan of a service that is being deleted."""
    if FINALIZER not in resource.finalizers:
        return Plan.made_from(snapshot, resource.key)
    needs = _needs_cleaning(snapshot, resource)
    if needs is None:
        return Plan.made_from(snapshot, resource.key, retry=True)
    caches = _caches_to_delete(snapshot, resource) if needs else ()
    if caches is None:
        return Plan.made_from(snapshot, resource.key, retry=True)
    if caches:
        return Plan.made_from(snapshot, resource.key, deletions=caches)
    return Plan.made_from(snapshot, resource.key, remove_finalizers=(FINALIZER,))


def _needs_cleaning(snapshot: Snapshot, resource: Resource) -> bool | None:
    """Whether caches are to be cleaned up; None when that cannot be known now."""
    found = snapshot.object("Namespace", "", resource.namespace)
    match found:
        case Found(namespace):
            return not (namespace.is_deleting or text(namespace.status, "phase") == "Terminating")
        case Unreadable(reason=reason):
            return False if reason in _NO_RIGHTS else None
        case Absent() | NotInstalled():
            return False
    assert_never(found)


def _caches_to_delete(snapshot: Snapshot, resource: Resource) -> tuple[Deletion, ...] | None:
    label = in_namespace(resource.namespace, naming.label_value(resource.name))
    match snapshot.index(CACHE, "service", label):
        case Listed(resources):
            return tuple(d for r in resources if (d := _deletion(snapshot, resource, r)) is not None)
        case Unreadable(reason=reason) if reason not in _NO_RIGHTS:
            return None
        case _:
            return ()


def _deletion(snapshot: Snapshot, resource: Resource, found: Resource) -> Deletion | None:
    cache = found.read_as(read_template_cache)
    if cache.is_ready or cache.is_deleting or not _was_made_by(found, resource):
        return None
    refused = snapshot.outcome(resource.key, found.key)
    if refused is not None and refused.refusal is Refusal.FORBIDDEN:
        return None
    if not cache.is_dedicated and _is_used_elsewhere(snapshot, resource, cache):
        return None
    reason = "its service is being deleted and it is not ready"
    return Deletion(found.key, found.uid, reason, CACHE_COMPONENT, found.resource_version or None)


def _was_made_by(found: Resource, resource: Resource) -> bool:
    """The sanitised label is not unique: the other label of a cache tells services apart."""
    name = found.labels.get(labels.SERVICE_NAME)
    return name is None or name == naming.child_label(resource.name)


def _is_used_elsewhere(snapshot: Snapshot, resource: Resource, cache: TemplateCacheReading) -> bool:
    listing = snapshot.index("AIMService", "namespace", resource.namespace)
    others = listing.resources if isinstance(listing, Listed) else ()  # we are among them: services can be read
    return any(_uses(r.read_as(read_service), cache) for r in others if r.key != resource.key)


def _uses(service: ServiceReading, cache: TemplateCacheReading) -> bool:
    if service.is_deleting:
        return False
    by_template = service.mode == "Shared" and service.template_name == cache.template_name
    return service.cache_name == cache.name or by_template
