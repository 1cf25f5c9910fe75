"""What is known of a model's image (M-1 to M-5, D-1, D-2, D-3, D-8).

1. Extraction off: nothing is asked. Metadata in the spec: that is it. Metadata in the status that belongs to the image:
   that is it; without a remembered image it belongs to the present one. Else the registry is asked.
2. The image is remembered in the status, with its digest if a registry told it; so is that metadata came from the spec.
3. Of a custom model's image only its existence counts; its labels are not read.
4. A registry's "no" has a kind, and the kind decides state, reason and remedy. It is asked again at doubling intervals.
   Who has just started has no answers: until the registry speaks again, its last "no" to this very spec stands.
5. While nothing is settled, no template is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aimcore.asking import ask_again
from aimcore.cluster.reading import text
from aimcore.conditions import Category, Health, State, failing, stored_condition
from aimcore.errors import REGISTRY_FAILURES, patience_with
from aimcore.facts import Failure, FailureKind, ImageLabels, InspectedImage
from aimcore.kinds.model.image_labels import MalformedLabel, read_image_labels
from aimcore.kinds.model.inputs import Model
from aimcore.resource import Json, Resource
from aimcore.snapshot import Snapshot

COMPONENT = "ImageMetadata"
FROM_SPEC = "spec.imageMetadata"
"""What is remembered instead of an image when the metadata came from the spec."""


@dataclass(frozen=True, slots=True)
class Image:
    """What is known of the image. `is_settled`: templates may be made. `metadata` is None if there is none.

    `status`: members of the status that change.
    """

    health: Health
    is_settled: bool
    metadata: Json | None = None
    status: Mapping[str, Any] = field(default_factory=dict)


def look_at_image(snapshot: Snapshot, resource: Resource, model: Model, *, extracts: bool) -> Image:
    """What is known of the model's image."""
    if not model.image:
        health = failing(
            COMPONENT, Category.INVALID_SPEC, "ImageNotSpecified", "spec.image: required", model.scope.depends
        )
        return Image(health, is_settled=False)
    stored = _stored(resource, model)
    if not extracts:
        return _known(model, model.given_metadata or stored, {})
    if model.given_metadata is not None:
        return _known(model, model.given_metadata, _mirrored(model.given_metadata))
    if stored is not None and not text(resource.status, "inspectedImage"):
        return _known(model, stored, {"inspectedImage": model.image})
    if stored is not None or (model.is_custom and text(resource.status, "inspectedImage") == model.image):
        return _known(model, stored, {})
    return _ask(snapshot, resource, model)


def _mirrored(metadata: Json) -> Json:
    return {"imageMetadata": metadata, "inspectedImage": FROM_SPEC, "inspectedDigest": None}


def _stored(resource: Resource, model: Model) -> Json | None:
    """The stored metadata, if it belongs to the present image."""
    metadata = resource.status.get("imageMetadata")
    if not isinstance(metadata, dict):
        return None
    return metadata if text(resource.status, "inspectedImage") in ("", model.image) else None


def _known(model: Model, metadata: Json | None, status: Mapping[str, Any]) -> Image:
    is_named = not model.is_custom and bool(text(metadata, "model", "canonicalName"))
    reason = "ImageMetadataFound" if is_named else "ImageFound"
    return Image(Health(COMPONENT, State.READY, reason, "", model.scope.depends), True, metadata, status)


def _ask(snapshot: Snapshot, resource: Resource, model: Model) -> Image:
    secrets = tuple(text(s, "name") for s in model.pull_secrets)
    want = ImageLabels(model.image, model.secrets_namespace, secrets)
    answer = snapshot.fact(want)
    if answer is None:
        return Image(_last_failure(resource, model) or _awaiting(model), is_settled=False)
    found = _read(model, answer.value)
    if isinstance(found, Failure):
        ask_again(snapshot, want, answer, patience_with(found))
        return Image(_failure(model, found), is_settled=False)
    return _known(model, found.get("imageMetadata"), found)


def _read(model: Model, value: object) -> Json | Failure:
    """The members of the status that an answer gives, or why it gives none."""
    if isinstance(value, Failure):
        return value
    if not isinstance(value, InspectedImage):
        return Failure(FailureKind.MALFORMED, f"the answer about image {model.image} makes no sense")
    seen: Json = {"inspectedImage": model.image, "inspectedDigest": value.digest or None}
    if model.is_custom:
        return seen
    metadata = read_image_labels(value.labels)
    if isinstance(metadata, MalformedLabel):
        return Failure(FailureKind.MALFORMED, metadata.message)
    return {**seen, "imageMetadata": metadata}


def _awaiting(model: Model) -> Health:
    message = f"Waiting for the registry's answer about image {model.image}"
    return Health(COMPONENT, State.PROGRESSING, "AwaitingMetadata", message, model.scope.depends, unknown=True)


# ---- a registry's "no" ----------------------------------------------------------------------------------------------
def _failure(model: Model, failure: Failure) -> Health:
    row = REGISTRY_FAILURES[failure.kind]
    return _failing(model, failure.kind, f"{failure.message}; {row.remedy}")


def _last_failure(resource: Resource, model: Model) -> Health | None:
    """The registry's last "no" to the present spec, from the stored condition."""
    stored = stored_condition(resource.status.get("conditions"), f"{COMPONENT}Ready")
    if stored is None or not resource.generation or stored.get("observedGeneration") != resource.generation:
        return None
    reasons = {_reason(model, kind): kind for kind in REGISTRY_FAILURES}
    kind = reasons.get(text(stored, "reason"))
    return None if kind is None else _failing(model, kind, text(stored, "message"))


def _failing(model: Model, kind: FailureKind, message: str) -> Health:
    row, reason = REGISTRY_FAILURES[kind], _reason(model, kind)
    health = failing(COMPONENT, row.category, reason, message, model.scope.depends)
    return replace(health, config_reason=reason) if row.category is Category.INVALID_SPEC else health


def _reason(model: Model, kind: FailureKind) -> str:
    return model.scope.secret_reason if kind is FailureKind.SECRET_NOT_FOUND else REGISTRY_FAILURES[kind].reason
