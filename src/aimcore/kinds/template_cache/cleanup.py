"""What a template cache leaves behind when it is deleted (B7).

1. In a namespace that is being deleted, or whose Namespace may not be read, nothing is cleaned: the finalizer goes.
2. Else the artifacts that carry the cache's label and are not Ready are deleted, whoever owns them; then the finalizer
   goes. What may not be listed or deleted is left.
3. Spared are artifacts that another live cache records or needs, and artifacts whose claim an InferenceService mounts.
   Where that cannot be read now they are spared too.
4. No status is written.
"""

from __future__ import annotations

from collections.abc import Iterable

from aimcore import naming
from aimcore.cluster.caches import (
    ArtifactReading,
    TemplateCacheReading,
    read_artifact,
    read_template_cache,
)
from aimcore.conclusion import is_gone_or_terminating
from aimcore.facts import Refusal
from aimcore.indexes import in_namespace
from aimcore.kinds.template_cache.matching import serves
from aimcore.kinds.template_cache.template import find_template
from aimcore.layering import merge_env
from aimcore.plan import Deletion, Plan
from aimcore.resource import Resource
from aimcore.snapshot import Listed, Snapshot, Unreadable

FINALIZER = "aim.eai.amd.com/artifactcleanup"


def plan_cleanup(snapshot: Snapshot, resource: Resource) -> Plan:
    """The plan of a template cache that is being deleted."""
    if FINALIZER not in resource.finalizers:
        return Plan.made_from(snapshot, resource.key)
    release = (FINALIZER,)
    availability = snapshot.availability("Namespace")
    if isinstance(availability, Unreadable) and availability.reason != "Forbidden":
        return Plan.made_from(snapshot, resource.key, retry=True)
    if availability is not None or is_gone_or_terminating(snapshot, resource.namespace):
        return Plan.made_from(snapshot, resource.key, remove_finalizers=release)
    label = in_namespace(resource.namespace, naming.label_value(resource.name))
    listing = snapshot.index("AIMArtifact", "template-cache", label)
    if isinstance(listing, Unreadable) and listing.reason != "Forbidden":
        return Plan.made_from(snapshot, resource.key, retry=True)
    labelled = listing.resources if isinstance(listing, Listed) else ()
    deletions = tuple(_deletions(snapshot, resource, labelled))
    return Plan.made_from(snapshot, resource.key, deletions=deletions, remove_finalizers=() if deletions else release)


def _deletions(snapshot: Snapshot, cache: Resource, artifacts: Iterable[Resource]) -> Iterable[Deletion]:
    for resource in artifacts:
        artifact = resource.read_as(read_artifact)
        if artifact.is_ready or artifact.is_deleting or _may_not_delete(snapshot, cache, resource):
            continue
        if is_mounted(snapshot, resource.namespace, artifact) or is_needed(snapshot, cache, resource):
            continue
        yield Deletion(
            key=resource.key,
            uid=resource.uid,
            reason=f"its template cache {cache.name} is being deleted and it is not Ready",
            component="Artifacts",
            resource_version=resource.resource_version or None,
        )


def _may_not_delete(snapshot: Snapshot, cache: Resource, artifact: Resource) -> bool:
    outcome = snapshot.outcome(cache.key, artifact.key)
    return outcome is not None and outcome.refusal is Refusal.FORBIDDEN


def is_mounted(snapshot: Snapshot, namespace: str, artifact: ArtifactReading) -> bool:
    """Whether an InferenceService mounts the artifact's claim."""
    claim = artifact.claim or naming.artifact_child_name(artifact.name, "cache", artifact.uid)
    mounting = snapshot.index("InferenceService", "claim", in_namespace(namespace, claim))
    return bool(mounting.resources) if isinstance(mounting, Listed) else isinstance(mounting, Unreadable)


def is_needed(snapshot: Snapshot, cache: Resource, artifact: Resource) -> bool:
    """Whether another live template cache of the namespace records this artifact, or would match it."""
    others = snapshot.index("AIMTemplateCache", "namespace", cache.namespace)
    reading = artifact.read_as(read_artifact)
    return isinstance(others, Listed) and any(
        _uses(snapshot, other.read_as(read_template_cache), reading)
        for other in others.resources
        if other.uid != cache.uid and not other.is_deleting
    )


def _uses(snapshot: Snapshot, other: TemplateCacheReading, artifact: ArtifactReading) -> bool:
    recorded = {a.name for a in other.artifacts}
    if artifact.name in recorded:
        return True
    template = find_template(snapshot, other)
    if template.is_unreadable:
        return True
    sources = [s for s in template.sources if s.uri == artifact.source_uri]
    return any(serves(artifact, other, tuple(merge_env(other.env, s.env)), recorded) for s in sources)


__all__ = ["FINALIZER", "plan_cleanup"]
