"""The simulated world's answers to the questions of plans, as the observers of a shell would give them."""

from __future__ import annotations

from typing import assert_never

from aimcore.facts import Failure, FailureKind, ImageLabels, PodLog, RepositoryTags, SecretExists, Want
from aimcore.simulation.world import Denial, World


def answer_of(world: World, want: Want) -> object:
    """What the world says to a question: the value, or a `Failure`."""
    match want:
        case ImageLabels(image, namespace, secrets):
            return _read(world.image_labels(image, namespace, secrets))
        case RepositoryTags(registry, repository, namespace, secrets):
            return _read(world.repository_tags(registry, repository, namespace, secrets))
        case PodLog(namespace, pod, _, container, lines, previous):
            return _read(world.pod_log(namespace, pod, container, previous=previous, lines=lines))
        case SecretExists(namespace, name):
            return world.cluster.peek("Secret", namespace, name) is not None
        case _:
            assert_never(want)


def _read(said: object) -> object:
    return Failure(FailureKind(said.kind), said.message) if isinstance(said, Denial) else said
