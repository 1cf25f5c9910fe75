"""AIMModel and AIMClusterModel, from inputs to plan.

1. Nothing is made for a model that is paused or being deleted.
2. Templates are made when the image is settled and the runtime config can be read; metadata of this round is used.
3. A runtime config's `autoDiscovery: false` speaks only to models without `spec.discovery` that have nothing yet.
4. An image that does not exist leaves the model Degraded, with ConfigValid=False (D-8).
5. Templates that are no longer derived are marked as obsolete, and deleted once nothing refers to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aimcore.cluster.reading import text
from aimcore.conclusion import conclude, is_blocking
from aimcore.conditions import Category, Health, State
from aimcore.errors import health_of_unreadable
from aimcore.indexes import in_namespace
from aimcore.kinds.model.aggregate import Expectation, aggregate
from aimcore.kinds.model.image import Image, look_at_image
from aimcore.kinds.model.inputs import Model, read_inputs
from aimcore.kinds.model.obsolete import obsolete_deletions, obsolete_edits
from aimcore.kinds.model.templates import Draft, desired_template, differences, drafts_of, left_out
from aimcore.labels import is_paused
from aimcore.plan import Plan
from aimcore.resource import Resource
from aimcore.runtime_config import RuntimeConfig, config_health, resolve_runtime_config
from aimcore.snapshot import Found, Listed, Listing, Snapshot, Unreadable

_BLOCKING = frozenset({Category.AUTH, Category.INVALID_SPEC, Category.MISSING_UPSTREAM})


def plan_model(snapshot: Snapshot, resource: Resource) -> Plan:
    """The plan of one AIMModel or AIMClusterModel."""
    if resource.is_deleting or is_paused(resource):
        return Plan.made_from(snapshot, resource.key)
    model = read_inputs(resource, snapshot.settings)
    config = resolve_runtime_config(snapshot, model.runtime_config, model.namespace)
    config_is = config_health(config, missing_reason=model.scope.config_reason, depends=model.scope.depends)
    listing = snapshot.index(model.scope.template_kind, "model", in_namespace(model.namespace, model.name))
    templates = listing.resources if isinstance(listing, Listed) else ()
    discovers = _discovers(resource, model, config, templates)
    image = look_at_image(snapshot, resource, model, extracts=discovers if model.extracts is None else model.extracts)
    drafts = _drafts(model, image, discovers=discovers)
    live = {d.name: _live(snapshot, model, d) for d in drafts}
    may_create = image.is_settled and not is_blocking(config_is)
    components = [h for h in (config_is, image.health) if h is not None]
    components.append(_templates_health(model, image, drafts, live, listing))
    return conclude(
        snapshot,
        resource,
        components=components,
        children=tuple(desired_template(resource, model, d, live[d.name], config.label_patterns) for d in drafts)
        if may_create
        else (),
        status={**image.status, **_status(model, config)},
        held=_held(components, image),
        edits=tuple(obsolete_edits(resource, model, image, drafts, templates)),
        deletions=tuple(obsolete_deletions(snapshot, resource, model, image, drafts, templates)),
    )


def _discovers(resource: Resource, model: Model, config: RuntimeConfig, templates: Sequence[Resource]) -> bool:
    """Whether this model may extract and generate where its own spec does not say."""
    if model.says_discovery or config.auto_discovery is not False:
        return True
    has_metadata = bool(resource.status.get("imageMetadata")) or bool(text(resource.status, "inspectedImage"))
    owned = any(t.controller is not None and t.controller.uid == resource.uid for t in templates)
    return has_metadata or owned


def _drafts(model: Model, image: Image, *, discovers: bool) -> tuple[Draft, ...]:
    if model.creates is False:
        return ()
    return drafts_of(model, image.metadata, discovers=discovers)


def _live(snapshot: Snapshot, model: Model, draft: Draft) -> Resource | None:
    match snapshot.object(model.scope.template_kind, model.namespace, draft.name):
        case Found(resource):
            return resource
        case _:
            return None


def _templates_health(
    model: Model, image: Image, drafts: Sequence[Draft], live: dict[str, Resource | None], listing: Listing
) -> Health:
    component, depends = model.scope.templates, model.scope.depends
    if isinstance(listing, Unreadable):
        return health_of_unreadable(component, listing, depends)
    row = aggregate(listing.resources if isinstance(listing, Listed) else (), _expectation(model, image, drafts))
    notes = [
        f"{draft.name} keeps its {' and '.join(fields)} (immutable), the model asks for other values"
        for draft in drafts
        if (fields := differences(draft, live[draft.name]))
    ]
    if model.creates is not False:
        notes += left_out(model, image.metadata)
    message = "; ".join([row.message, *notes])
    return Health(component, row.state, row.reason, message, depends)


def _expectation(model: Model, image: Image, drafts: Sequence[Draft]) -> Expectation:
    if model.creates is False:
        return Expectation.NO
    if drafts:
        return Expectation.YES
    return Expectation.NO if image.is_settled else Expectation.UNKNOWN


def _held(components: Sequence[Health], image: Image) -> State | None:
    """Degraded, when a missing image is the only thing that blocks."""
    if image.health.reason != "ImageNotFound":
        return None
    others = any(h.category in _BLOCKING for h in components if h is not image.health)
    return None if others else State.DEGRADED


def _status(model: Model, config: RuntimeConfig) -> dict[str, Any]:
    return {
        "sourceType": "Custom" if model.is_custom else "Image",
        "resolvedRuntimeConfig": config.reference,
    }
