"""What is known of a model's image (M-1 to M-5, D-1, D-2, D-3, D-8).

1. Extraction off: nothing is asked. Metadata in the spec: that is it. Metadata in the status that belongs to the image:
   that is it; without a remembered image it belongs to the present one. Else the registry is asked.
2. Of a custom model's image only its existence counts; its labels are not read.
3. A registry's "no" has a kind, and the kind decides the state. It is asked again at doubling intervals. Who has just
   started has no answers: until the registry speaks again, its last "no" to this very spec stands.
4. While nothing is settled, no template is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aimcore.asking import ask_again
from aimcore.cluster.reading import text
from aimcore.conditions import Category, Health, State, failing, stored_condition
from aimcore.facts import Failure, FailureKind, ImageLabels
from aimcore.kinds.model.image_labels import MalformedLabel, read_image_labels
from aimcore.kinds.model.inputs import Model
from aimcore.resource import Json, Resource
from aimcore.snapshot import Snapshot

COMPONENT = "ImageMetadata"


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
        return _known(model, model.given_metadata, {"imageMetadata": model.given_metadata})
    if stored is not None or (model.is_custom and text(resource.status, "inspectedImage") == model.image):
        return _known(model, stored, {})
    return _ask(snapshot, resource, model)


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
    if answer is None and (last := _last_failure(resource, model)) is not None:
        return Image(_failure(model, last), is_settled=False)
    if answer is None:
        message = f"Waiting for the registry's answer about image {model.image}"
        pending = Health(COMPONENT, State.PROGRESSING, "AwaitingMetadata", message, model.scope.depends, unknown=True)
        return Image(pending, is_settled=False)
    if isinstance(answer.value, Failure):
        ask_again(snapshot, want, answer, _FAILURES[answer.value.kind][2])
        return Image(_failure(model, answer.value), is_settled=False)
    if model.is_custom:
        return _known(model, None, {"inspectedImage": model.image})
    metadata = read_image_labels(answer.value)
    if isinstance(metadata, MalformedLabel):
        ask_again(snapshot, want, answer, _FAILURES[FailureKind.MALFORMED][2])
        return Image(_failure(model, Failure(FailureKind.MALFORMED, metadata.message)), is_settled=False)
    return _known(model, metadata, {"imageMetadata": metadata, "inspectedImage": model.image})


# ---- a registry's "no" ----------------------------------------------------------------------------------------------
_FAILURES: Mapping[FailureKind, tuple[Category, str, timedelta]] = {
    FailureKind.AUTH: (Category.AUTH, "AuthError", timedelta(seconds=30)),
    FailureKind.NOT_FOUND: (Category.MISSING_UPSTREAM, "ImageNotFound", timedelta(minutes=10)),
    FailureKind.UNREACHABLE: (Category.INFRASTRUCTURE, "RegistryUnreachable", timedelta(seconds=10)),
    FailureKind.RATE_LIMITED: (Category.INFRASTRUCTURE, "RateLimited", timedelta(minutes=1)),
    FailureKind.MALFORMED: (Category.INVALID_SPEC, "MetadataExtractionFailed", timedelta(minutes=10)),
    FailureKind.SECRET_NOT_FOUND: (Category.MISSING_UPSTREAM, "SecretNotFound", timedelta(seconds=30)),
    FailureKind.FORBIDDEN: (Category.AUTH, "SecretAccessFailed", timedelta(seconds=30)),
}
"""For each kind of failure: category, reason, and the first interval after which it is asked again."""


def _last_failure(resource: Resource, model: Model) -> Failure | None:
    """The registry's last "no" to the present spec, from the stored condition."""
    stored = stored_condition(resource.status.get("conditions"), f"{COMPONENT}Ready")
    if stored is None or not resource.generation or stored.get("observedGeneration") != resource.generation:
        return None
    reasons = {_reason(model, kind): kind for kind in _FAILURES}
    kind = reasons.get(text(stored, "reason"))
    return None if kind is None else Failure(kind, text(stored, "message"))


def _reason(model: Model, kind: FailureKind) -> str:
    return model.scope.secret_reason if kind is FailureKind.SECRET_NOT_FOUND else _FAILURES[kind][1]


def _failure(model: Model, failure: Failure) -> Health:
    category = _FAILURES[failure.kind][0]
    return failing(COMPONENT, category, _reason(model, failure.kind), failure.message, model.scope.depends)
