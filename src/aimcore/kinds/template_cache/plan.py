"""AIMTemplateCache, from inputs to plan.

1. Deletion comes first (`cleanup`). The finalizer is added before anything else, also to a paused cache.
2. The sources come from the template's status. Each needs an artifact: one that matches, or a new one.
3. Nothing is made while the runtime config is missing or unreadable.
4. `status.artifacts` is rebuilt when every source has an artifact, left alone while one is missing, removed when there
   is nothing to track.
5. The cache of a Ready template without sources is Ready: nothing is to be cached (D-11).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aimcore.cluster.caches import read_template_cache
from aimcore.cluster.reading import text
from aimcore.conclusion import conclude, is_blocking
from aimcore.conditions import Depends, Health, State
from aimcore.errors import health_of_unreadable
from aimcore.kinds.template_cache.artifact import desired_artifact
from aimcore.kinds.template_cache.cleanup import FINALIZER, plan_cleanup
from aimcore.kinds.template_cache.matching import Match, Matched, Missing, match_sources, state_of
from aimcore.kinds.template_cache.template import CachedTemplate, find_template
from aimcore.labels import is_paused
from aimcore.plan import Plan
from aimcore.resource import Resource
from aimcore.runtime_config import RuntimeConfig, config_health, resolve_runtime_config
from aimcore.snapshot import NotInstalled, Snapshot, Unreadable

COMPONENT = "Artifacts"


def plan_template_cache(snapshot: Snapshot, resource: Resource) -> Plan:
    """The plan of one AIMTemplateCache."""
    if resource.is_deleting:
        return plan_cleanup(snapshot, resource)
    if FINALIZER not in resource.finalizers:
        return Plan.made_from(snapshot, resource.key, add_finalizers=(FINALIZER,))
    if is_paused(resource):
        return Plan.made_from(snapshot, resource.key)
    cache = resource.read_as(read_template_cache)
    config = resolve_runtime_config(snapshot, cache.runtime_config, cache.namespace)
    config_is = config_health(config)
    template = find_template(snapshot, cache)
    matches = match_sources(snapshot, cache, template.sources)
    children = []
    if isinstance(matches, tuple) and not is_blocking(config_is):
        missing = (m for m in matches if isinstance(m, Missing))
        children = [desired_artifact(resource, cache, m, config.label_patterns) for m in missing]
    components = [config_is, template.health, _artifacts_health(template, matches)]
    return conclude(
        snapshot,
        resource,
        components=[h for h in components if h is not None],
        children=children,
        status=_status(resource, config, template, matches),
    )


def _artifacts_health(template: CachedTemplate, matches: tuple[Match, ...] | Unreadable | NotInstalled) -> Health:
    if isinstance(matches, Unreadable):
        return health_of_unreadable(COMPONENT, matches, Depends.DOWNSTREAM)
    if isinstance(matches, NotInstalled):
        return _health(State.PENDING, "CreatingCaches", "The kind AIMArtifact is not installed")
    if not matches:
        return _nothing_to_track(template)
    if any(isinstance(m, Missing) for m in matches):
        return _health(State.PROGRESSING, "CreatingCaches", "Waiting for the AIM artifacts to be created")
    return _worst([m for m in matches if isinstance(m, Matched)])


def _nothing_to_track(template: CachedTemplate) -> Health:
    state = State.READY if template.is_ready else State.PROGRESSING
    message = (
        "The template has no model sources: nothing is to be cached" if template.is_ready else "No artifacts to track"
    )
    return _health(state, "NoCaches", message)


def _worst(matches: Sequence[Matched]) -> Health:
    """The health of the artifact that fares worst; among equals, of the lowest name."""
    worst = min((m.artifact for m in matches), key=lambda a: (state_of(a), a.name))
    if worst.is_ready:
        return _health(State.READY, "AllCachesReady", "All caches are ready")
    state = state_of(worst) if worst.status else State.PROGRESSING
    if worst.ready is None:
        return _health(state, "CachesNotReady", "One or more caches are not ready")
    cause = f"AIMArtifact {worst.name}: {worst.ready.message or worst.ready.reason}"
    return _health(state, worst.ready.reason or "CachesNotReady", f"One or more caches are not ready: {cause}")


def _health(state: State, reason: str, message: str) -> Health:
    return Health(COMPONENT, state, reason, message, Depends.DOWNSTREAM)


def _status(
    resource: Resource,
    config: RuntimeConfig,
    template: CachedTemplate,
    matches: tuple[Match, ...] | Unreadable | NotInstalled,
) -> dict[str, Any]:
    status: dict[str, Any] = {
        "resolvedRuntimeConfig": _resolved(config),
        "resolvedTemplateKind": template.kind or None,
    }
    if isinstance(matches, tuple) and not any(isinstance(m, Missing) for m in matches):
        status["artifacts"] = _entries(resource, [m for m in matches if isinstance(m, Matched)]) or None
    return status


def _resolved(config: RuntimeConfig) -> dict[str, Any] | None:
    """The config in force. Two merged ones are named by the namespaced one, with scope Merged."""
    if config.reference is None:
        return None
    return {**config.reference, "scope": "Merged"} if config.merged else dict(config.reference)


def _entries(resource: Resource, matches: Sequence[Matched]) -> dict[str, Any]:
    """`status.artifacts`, by artifact name. An artifact that serves several models is entered for the first."""
    entries: dict[str, Any] = {}
    for match in matches:
        artifact = match.artifact
        entry = {
            "uid": artifact.uid,
            "name": artifact.name,
            "model": match.source.model_id,
            "status": artifact.status or State.PENDING.text,
        }
        if artifact.claim:
            entry["persistentVolumeClaim"] = artifact.claim
        mount = text(resource.status, "artifacts", artifact.name, "mountPoint")
        if mount:
            entry["mountPoint"] = mount
        entries.setdefault(artifact.name, entry)
    return entries


__all__ = ["plan_template_cache"]
