"""AIMServiceTemplate and AIMClusterServiceTemplate, from inputs to plan.

1. Nothing is made for a template that is paused or being deleted.
2. Inline model sources are the result, each round anew. Else a stored result that holds is, else discovery finds one.
3. A template that is Ready while its result is looked for again stays Ready; `Discovered` says so.
4. Discovery needs a model with an image, the GPU, and the runtime config.
5. A result of this round is used in this round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aimcore.cluster.reading import objects, text
from aimcore.conclusion import conclude, is_blocking
from aimcore.condition import condition
from aimcore.conditions import Category, Depends, Health
from aimcore.kinds.template.attempts import read_attempts
from aimcore.kinds.template.cache import desired_cache, needs_cache
from aimcore.kinds.template.discovery import Discovery, awaiting, discover
from aimcore.kinds.template.gpu import gpu_health, node_affinity
from aimcore.kinds.template.inputs import Template, read_inputs
from aimcore.kinds.template.job import run_of
from aimcore.kinds.template.model import Model, find_model
from aimcore.kinds.template.resolved import hardware_summary, inline_profile, resolved_hardware
from aimcore.kinds.template.result import COMPLETE, DISCOVERED, INLINE, former_inputs, holds
from aimcore.labels import is_paused
from aimcore.plan import Plan
from aimcore.resource import Resource
from aimcore.runtime_config import RuntimeConfig, config_health, resolve_runtime_config
from aimcore.snapshot import Snapshot


def plan_template(snapshot: Snapshot, resource: Resource) -> Plan:
    """The plan of one AIMServiceTemplate or AIMClusterServiceTemplate."""
    if resource.is_deleting or is_paused(resource):
        return Plan.made_from(snapshot, resource.key)
    template = read_inputs(resource, snapshot.settings)
    config = resolve_runtime_config(snapshot, template.runtime_config, template.namespace)
    config_is = config_health(config, missing_reason="ConfigNotFound", depends=Depends.NONE)
    model = find_model(snapshot, template)
    gpu = gpu_health(snapshot, template)
    discovery = _discovery(snapshot, resource, template, model, config)
    may_create = model.is_usable and not is_blocking(config_is) and (gpu is None or gpu.is_ready)
    children = list(discovery.children)
    if _has_sources(resource, template, discovery) and needs_cache(snapshot, template):
        children.append(desired_cache(resource, template, config.label_patterns))
    stays_ready = text(resource.status, "status") == "Ready"
    searching = () if stays_ready else discovery.components
    components = [config_is, model.health, *searching, gpu]
    return conclude(
        snapshot,
        resource,
        components=[h for h in components if h is not None],
        children=children if may_create else (),
        status={
            **_status(model, config),
            **_result(snapshot, resource, template, discovery, gpu),
        },
        others=(discovery.condition,),
        deletions=discovery.deletions,
    )


def _discovery(
    snapshot: Snapshot, resource: Resource, template: Template, model: Model, config: RuntimeConfig
) -> Discovery:
    """What is known of the result, or what is done to know it."""
    if template.inline:
        return Discovery(condition(DISCOVERED, True, INLINE, "Model sources provided in-line in spec"))
    run = run_of(template, model)
    if model.is_usable and not holds(resource, run.spec_hash):
        found = discover(snapshot, resource, template, run, config.label_patterns)
        return replace(found, status={**former_inputs(resource), **found.status})
    if isinstance(resource.status.get("profile"), dict):
        done = condition(DISCOVERED, True, COMPLETE, "Discovery job completed successfully")
        return Discovery(done, status={"discovery": {"specHash": run.spec_hash}} if model.is_usable else {})
    return Discovery(awaiting(read_attempts(resource)))


def _has_sources(resource: Resource, template: Template, discovery: Discovery) -> bool:
    """Whether there is something to cache."""
    if template.inline:
        return True
    if discovery.result is not None:
        return bool(discovery.result.sources)
    return discovery.condition.is_true and bool(objects(resource.status, "modelSources"))


def _status(model: Model, config: RuntimeConfig) -> dict[str, Any]:
    status: dict[str, Any] = {"resolvedRuntimeConfig": config.reference}
    if model.reference is not None:
        status["resolvedModel"] = model.reference
    return status


def _result(
    snapshot: Snapshot, resource: Resource, template: Template, discovery: Discovery, gpu: Health | None
) -> dict[str, Any]:
    """The members of the status that hold the result. Those of a stored result are left as they are; an affinity that
    could not be known when the result came is added.
    """
    knows_nodes = gpu is None or gpu.category is not Category.INFRASTRUCTURE
    if template.inline:
        found: Sequence[Any] = template.inline
        profile, discovered = inline_profile(template), None
    elif discovery.result is not None:
        found = discovery.result.sources
        profile = discovered = discovery.result.profile
    else:
        is_late = knows_nodes and "profile" in resource.status and "resolvedNodeAffinity" not in resource.status
        affinity = node_affinity(snapshot, template, resource) if is_late else None
        return dict(discovery.status) if affinity is None else {**discovery.status, "resolvedNodeAffinity": affinity}
    hardware = resolved_hardware(template, discovered)
    status: dict[str, Any] = {
        "discovery": None,
        **discovery.status,
        "modelSources": list(found),
        "profile": profile,
        "resolvedHardware": hardware,
        "hardwareSummary": hardware_summary(hardware) or None,
    }
    if knows_nodes:
        status["resolvedNodeAffinity"] = node_affinity(snapshot, template, resource)
    return status
