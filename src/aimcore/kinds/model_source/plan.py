"""AIMClusterModelSource, from inputs to plan (S-18 to S-26, D-9, D-13, D-14).

1. Models are only added: what exists is never changed or deleted by its source.
2. Images come in the order of the filters, sorted within each, each once; at most `maxModels` become models.
3. A model that another source, or somebody else, already made for an image keeps it, and an older source goes before
   (`rivals`): the image is skipped, the next one is taken, and the overlap is reported.
4. `modelsLimitReached` is true exactly when a matching image was left out because of the limit.
5. Who has just started has no answers: what the status says of this very spec stands until the registry has spoken.
6. Part of the filters failing leaves the source Degraded; all of them failing, as bad as the cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aimcore import naming
from aimcore.api.kinds import AIM_KINDS
from aimcore.cluster.reading import named, text, whole
from aimcore.conclusion import conclude
from aimcore.condition import Condition, condition
from aimcore.conditions import Category, Health, State, stored_condition
from aimcore.errors import health_of_unreadable
from aimcore.indexes import in_namespace
from aimcore.kinds.model_source.filters import FoundImage, read_filters
from aimcore.kinds.model_source.rivals import SOURCE, claims, older_sources
from aimcore.kinds.model_source.search import FoundByFilter, filters_health, search
from aimcore.labels import AUTO_GENERATED, MODEL_SOURCE, ORIGIN, is_paused, stamp
from aimcore.plan import Child, Plan, Write
from aimcore.resource import Json, Resource
from aimcore.runtime_config import resolve_runtime_config
from aimcore.snapshot import Found, Listed, Snapshot, Unreadable, timestamp

MODEL = "AIMClusterModel"
COMPONENT = "ExistingModels"
_DEFAULT_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """Which images become models. `left_out`: whether the limit kept one away."""

    existing: int
    planned: tuple[FoundImage, ...]
    available: int
    left_out: bool
    overlaps: tuple[str, ...]

    @property
    def discovered(self) -> int:
        return self.existing + len(self.planned)


def plan_model_source(snapshot: Snapshot, resource: Resource) -> Plan:
    """The plan of one AIMClusterModelSource."""
    if resource.is_deleting or is_paused(resource):
        return Plan.made_from(snapshot, resource.key)
    found = search(snapshot, resource, read_filters(resource))
    if any(f.pending for f in found) and _was_answered(resource):
        return Plan.made_from(snapshot, resource.key)
    listing = snapshot.index(MODEL, "source", in_namespace("", naming.child_label(resource.name)))
    if isinstance(listing, Unreadable):
        existing_is = health_of_unreadable(COMPONENT, listing)
        return conclude(snapshot, resource, components=[existing_is, filters_health(found, ())])
    existing = {text(m.spec, "image") for m in listing.resources} if isinstance(listing, Listed) else set()
    choice = choose_images(snapshot, resource, found, existing)
    config = resolve_runtime_config(snapshot, "", "")
    filters_are = filters_health(found, choice.overlaps)
    message = f"Found {len(existing)} existing models"
    return conclude(
        snapshot,
        resource,
        components=[Health(COMPONENT, State.READY, "Listed", message), filters_are],
        children=[desired_model(resource, image, config.label_patterns) for image in choice.planned],
        status=_status(found, choice),
        others=(_limit(choice),),
        held=_held(filters_are),
    )


def _was_answered(resource: Resource) -> bool:
    """Whether the registry has spoken about the present spec before."""
    stored = stored_condition(resource.status.get("conditions"), "FiltersReady")
    known = stored is not None and text(stored, "reason") != "AwaitingRegistry"
    return known and resource.generation > 0 and resource.status.get("observedGeneration") == resource.generation


def choose_images(snapshot: Snapshot, resource: Resource, found: Sequence[FoundByFilter], existing: set[str]) -> Choice:
    """Walk the images in order and take those that are new, free and within the limit."""
    limit = whole(resource.spec, "maxModels") or _DEFAULT_LIMIT
    images = list(dict.fromkeys(image for f in found for image in f.images))
    planned: list[FoundImage] = []
    overlaps: list[str] = []
    left_out = False
    older = older_sources(snapshot, resource)
    for image in images:
        if image.uri in existing:
            continue
        holder = _holder(snapshot, resource, image, older)
        if holder:
            overlaps.append(f"{image.uri} is served by {holder}")
        elif len(existing) + len(planned) < limit:
            planned.append(image)
        else:
            left_out = True
            break
    return Choice(len(existing), tuple(planned), len(images), left_out, tuple(overlaps))


def _holder(snapshot: Snapshot, resource: Resource, image: FoundImage, older: Sequence[Resource]) -> str:
    """Who else has the model of this image, or will; "" if nobody has."""
    match snapshot.object(MODEL, "", _name(image)):
        case Found(model) if model.labels.get(MODEL_SOURCE) != naming.child_label(resource.name):
            owner = model.controller
            return f"{owner.kind} {owner.name}" if owner is not None else f"{MODEL} {model.name}"
        case Found():
            return ""
        case _:
            return next((f"{SOURCE} {source.name}" for source in older if claims(source, image)), "")


def _name(image: FoundImage) -> str:
    return naming.sourced_model_name(image.registry, image.repository, image.tag)


def desired_model(resource: Resource, image: FoundImage, patterns: Sequence[str]) -> Child:
    """The model of one image (S-21). It is made once."""
    spec: Json = {"image": image.uri}
    secrets = named(resource.spec, "imagePullSecrets")
    if secrets:
        spec["imagePullSecrets"] = list(secrets)
    manifest: Json = {
        "apiVersion": AIM_KINDS[MODEL].api_version,
        "kind": MODEL,
        "metadata": {
            "name": _name(image),
            "labels": {MODEL_SOURCE: naming.child_label(resource.name), ORIGIN: AUTO_GENERATED},
            "annotations": {
                "aim.eai.amd.com/source-registry": image.registry,
                "aim.eai.amd.com/source-repository": image.repository,
                "aim.eai.amd.com/source-tag": image.tag,
            },
        },
        "spec": spec,
    }
    return Child(stamp(manifest, resource, patterns, owned=True), COMPONENT, Write.CREATE)


def _limit(choice: Choice) -> Condition:
    if choice.left_out:
        message = f"Limit reached: {choice.discovered} created, {choice.available} available"
        return condition("MaxModelsLimitReached", True, "LimitReached", message)
    return condition("MaxModelsLimitReached", False, "WithinLimit", f"Created {choice.discovered} models, within limit")


def _status(found: Sequence[FoundByFilter], choice: Choice) -> dict[str, Any]:
    status: dict[str, Any] = {
        "discoveredModels": choice.discovered,
        "availableModels": choice.available,
        "modelsLimitReached": choice.left_out,
    }
    answered = [f.at for f in found if f.at is not None]
    if answered:
        status["lastSyncTime"] = timestamp(max(answered))
    return status


def _held(filters: Health) -> State | None:
    """Degraded, when only part of the filters failed for a cause that would fail the whole source."""
    partly = filters.reason == "SomeFiltersFailed" and filters.category is not Category.INFRASTRUCTURE
    return State.DEGRADED if partly else None
