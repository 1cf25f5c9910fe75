"""The simulated world's answers to the questions of plans, as the observers of a shell would give them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import assert_never

from aimcore.facts import (
    Failure,
    FailureKind,
    ImageLabels,
    InspectedImage,
    PodLog,
    RepositoryListing,
    RepositoryTags,
    SecretExists,
    Want,
)
from aimcore.simulation.world import Denial, World


def answer_of(world: World, want: Want) -> object:
    """What the world says to a question: the value, or a `Failure`."""
    match want:
        case ImageLabels(image, namespace, secrets):
            return _inspected(image, world.image_labels(image, namespace, secrets))
        case RepositoryTags(registry, repository, namespace, secrets):
            return _listed(world.repository_tags(registry, repository, namespace, secrets))
        case PodLog(namespace, pod, _, container, lines, previous):
            return _read(world.pod_log(namespace, pod, container, previous=previous, lines=lines))
        case SecretExists(namespace, name):
            return world.cluster.peek("Secret", namespace, name) is not None
        case _:
            assert_never(want)


def _inspected(image: str, said: Mapping[str, str] | Denial) -> InspectedImage | Failure:
    """An image always has the same digest here: its content never changes."""
    if isinstance(said, Denial):
        return _no(said)
    return InspectedImage(said, f"sha256:{hashlib.sha256(image.encode()).hexdigest()}")


def _listed(said: tuple[tuple[str, str], ...] | Denial) -> RepositoryListing | Failure:
    return _no(said) if isinstance(said, Denial) else RepositoryListing(said)


def _read(said: object) -> object:
    return _no(said) if isinstance(said, Denial) else said


def _no(denial: Denial) -> Failure:
    return Failure(FailureKind(denial.kind), denial.message)
