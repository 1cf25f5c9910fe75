"""Rules about a list of pods, each a small function that speaks or does not.

1. `RULES` hold for pods of Jobs and all others; predictors have some of their own (`aimcore.health.predictor`).
2. Events and logs are read through the snapshot, only where a rule needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aimcore.conditions import Category, Health, State, failing
from aimcore.errors import registry_failure_kind
from aimcore.facts import FailureKind
from aimcore.health.containers import Container, PodReading, read_pod
from aimcore.health.events import event_text, newest_event
from aimcore.health.failed_pods import failed_pod_health
from aimcore.resource import Resource
from aimcore.snapshot import Snapshot

NOT_STARTABLE = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "InvalidImageName"}
)
PULL_PROBLEMS = frozenset({"ImagePullBackOff", "ErrImagePull"})
_PULL_FAILURES: Mapping[FailureKind, tuple[Category, str]] = {
    FailureKind.AUTH: (Category.AUTH, "ImagePullAuthFailure"),
    FailureKind.NOT_FOUND: (Category.MISSING_UPSTREAM, "ImageNotFound"),
    FailureKind.UNREACHABLE: (Category.INFRASTRUCTURE, "ImagePullBackOff"),
}
_HINDRANCES = frozenset({"FailedScheduling", "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"})


@dataclass(frozen=True, slots=True)
class Scene:
    """The pods that a rule looks at, each with its reading, and what the rule may ask for."""

    snapshot: Snapshot
    component: str
    pods: tuple[tuple[Resource, PodReading], ...]
    read_events: bool
    read_logs: bool

    @classmethod
    def of(
        cls, snapshot: Snapshot, component: str, pods: Sequence[Resource], *, read_events: bool, read_logs: bool
    ) -> Scene:
        """The scene of these pods, in their order."""
        return cls(snapshot, component, tuple((p, p.read_as(read_pod)) for p in pods), read_events, read_logs)


Rule = Callable[[Scene], Health | None]


def judge_by(rules: Sequence[Rule], scene: Scene) -> Health:
    """The health that the first speaking rule gives."""
    for rule in rules:
        health = rule(scene)
        if health is not None:
            return health
    return Health(scene.component, State.PROGRESSING, "PodsProgressing", "Pods are progressing")


# ---- rules ----------------------------------------------------------------------------------------------------------
def no_pods(scene: Scene) -> Health | None:
    if scene.pods:
        return None
    return failing(scene.component, Category.MISSING_DOWNSTREAM, "NoPods", "No pods found")


def image_not_pulled(scene: Scene) -> Health | None:
    waiting = first_waiting(scene, PULL_PROBLEMS)
    if waiting is None:
        return None
    text, (category, reason) = pull_failure(scene, *waiting)
    return failing(scene.component, category, reason, text)


def pod_failed(scene: Scene) -> Health | None:
    for pod, reading in scene.pods:
        if reading.phase == "Failed":
            return failed_pod_health(scene.snapshot, scene.component, pod, read_logs=scene.read_logs)
    return None


def pod_ready(scene: Scene) -> Health | None:
    for _, reading in scene.pods:
        if reading.phase == "Succeeded" or (reading.phase == "Running" and reading.is_ready):
            return Health(scene.component, State.READY, "PodsReady", "Pods are ready")
    return None


def pod_starting(scene: Scene) -> Health | None:
    if not any(reading.phase == "Running" for _, reading in scene.pods):
        return None
    return Health(scene.component, State.STARTING, "PodsStarting", "Pods are running, waiting for readiness")


def pod_pending(scene: Scene) -> Health | None:
    pending = [pod for pod, reading in scene.pods if reading.phase == "Pending"]
    hindered = first_waiting(scene, NOT_STARTABLE)
    if pending and hindered is not None:
        message = f"Pods are pending: {waiting_text(hindered[1])}"
        return Health(scene.component, State.PENDING, "PodsPending", message)
    for pod in pending if scene.read_events else ():
        for reasons, state in ((_HINDRANCES, State.PENDING), (("Pulling",), State.PROGRESSING)):
            event = newest_event(scene.snapshot, pod, reasons)
            if event is not None:
                return Health(scene.component, state, event_text(event, "reason"), event_text(event, "message"))
    return Health(scene.component, State.PENDING, "PodsPending", "Pods are pending") if pending else None


RULES: tuple[Rule, ...] = (no_pods, image_not_pulled, pod_failed, pod_ready, pod_starting, pod_pending)


# ---- containers that wait -------------------------------------------------------------------------------------------
def first_waiting(scene: Scene, reasons: frozenset[str]) -> tuple[Resource, Container] | None:
    """The first container of the first pod that waits for one of the reasons."""
    for pod, reading in scene.pods:
        for container in reading.containers:
            if container.waiting in reasons:
                return pod, container
    return None


def waiting_text(container: Container) -> str:
    """Why a container waits, for people."""
    return f"Container {container.name}: {container.waiting_message or container.waiting}"


def pull_failure(scene: Scene, pod: Resource, container: Container) -> tuple[str, tuple[Category, str]]:
    """Why an image is not pulled, for people, and what kind of failure that is.

    The kubelet alternates `ErrImagePull`, with the cause, and `ImagePullBackOff`, often without; its event keeps the
    cause, so the text stays the same.
    """
    event = (
        newest_event(scene.snapshot, pod, ("Failed",), begins="Failed to pull image", container=container.name)
        if scene.read_events
        else None
    )
    said = container.waiting_message if event is None else event_text(event, "message")
    kind = registry_failure_kind(said)
    return f"Container {container.name}: {said or container.waiting}", _PULL_FAILURES[kind]
