"""The health of the pods behind an InferenceService.

1. Only the newest pod template's pods decide: those with the `pod-template-hash` of the youngest pod. Pods that are
   being deleted count only if there are no others, and so do failed ones, which the ReplicaSet replaces.
2. What keeps a container from starting, and a container that does not stay up, is a failure at once.
3. The first failed pull is not yet a failure; the back-off after it is, whatever its class. It is no infrastructure
   error: nothing of ours would go better for waiting.
4. While pods of an older template serve, a failure makes the component Degraded and blocks nothing, and new pods that
   nothing hinders are merely starting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aimcore.conditions import Category, Health, State, demoted
from aimcore.health.containers import Container, read_pod
from aimcore.health.events import newest_event
from aimcore.health.failed_pods import log_of
from aimcore.health.logs import find_cause, last_lines, with_excerpt
from aimcore.health.pod_rules import (
    NOT_STARTABLE,
    Rule,
    Scene,
    first_waiting,
    judge_by,
    no_pods,
    pod_failed,
    pod_pending,
    pod_ready,
    pod_starting,
    pull_failure,
    waiting_text,
)
from aimcore.resource import Resource
from aimcore.snapshot import Snapshot

_ENOUGH_RESTARTS = 3


def predictor_health(
    snapshot: Snapshot, component: str, pods: Sequence[Resource], *, read_events: bool, read_logs: bool
) -> Health:
    """How an InferenceService's pods fare, given all pods of all its templates."""
    newest, older = _split(pods)
    scene = Scene.of(snapshot, component, newest, read_events=read_events, read_logs=read_logs)
    health = judge_by(_RULES, scene)
    milder = (
        State.DEGRADED if health.state is State.FAILED else State.STARTING if health.reason == "PodsPending" else None
    )
    if milder is not None and any(_serves(pod) for pod in older):
        return demoted(health, milder)
    return health


def _split(pods: Sequence[Resource]) -> tuple[list[Resource], list[Resource]]:
    """The pods of the newest template that count, and those of older templates."""
    staying = [pod for pod in pods if not pod.is_deleting] or list(pods)
    if not staying:
        return [], []
    newest = _template(max(staying, key=lambda pod: (pod.created, pod.name)))
    of_newest = [pod for pod in staying if _template(pod) == newest]
    alive = [pod for pod in of_newest if pod.read_as(read_pod).phase != "Failed"]
    return alive or of_newest, [pod for pod in staying if _template(pod) != newest]


def _template(pod: Resource) -> str:
    return pod.labels.get("pod-template-hash", "")


def _serves(pod: Resource) -> bool:
    reading = pod.read_as(read_pod)
    return reading.phase == "Running" and reading.is_ready


# ---- rules ----------------------------------------------------------------------------------------------------------
def _image_not_pulled(scene: Scene) -> Health | None:
    backing_off = first_waiting(scene, frozenset({"ImagePullBackOff"})) or _known_to_back_off(scene)
    if backing_off is not None:
        text, (category, reason) = pull_failure(scene, *backing_off)
        blamed = None if category is Category.INFRASTRUCTURE else category
        return Health(scene.component, State.FAILED, reason, text, category=blamed)
    first = first_waiting(scene, frozenset({"ErrImagePull"}))
    if first is None:
        return None
    return Health(scene.component, State.STARTING, "ErrImagePull", pull_failure(scene, *first)[0])


def _known_to_back_off(scene: Scene) -> tuple[Resource, Container] | None:
    """A container between two tries: the kubelet alternates the two reasons, and the status must not."""
    trying = first_waiting(scene, frozenset({"ErrImagePull"}))
    if trying is None or not scene.read_events:
        return None
    return trying if newest_event(scene.snapshot, trying[0], ("BackOff",)) is not None else None


def _container_not_startable(scene: Scene) -> Health | None:
    waiting = first_waiting(scene, NOT_STARTABLE)
    if waiting is None:
        return None
    _, container = waiting
    return Health(scene.component, State.FAILED, container.waiting, waiting_text(container))


def _container_crash_looping(scene: Scene) -> Health | None:
    for pod, reading in scene.pods:
        for container in reading.containers:
            if _is_crash_looping(container):
                return _crash_health(scene, pod, container)
    return None


def _is_crash_looping(container: Container) -> bool:
    if container.waiting == "CrashLoopBackOff":
        return True
    is_done = container.terminated is not None and container.terminated.exit_code == 0
    return container.restarts >= _ENOUGH_RESTARTS and not container.is_ready and not is_done


def _crash_health(scene: Scene, pod: Resource, container: Container) -> Health:
    ended = container.last_terminated or container.terminated
    message = f"Container {container.name} does not stay up"
    if ended is not None:
        how = f"exit code {ended.exit_code}"
        message = f"{message}: {how} (OOMKilled)" if ended.reason == "OOMKilled" else f"{message}: {how}"
    health = Health(scene.component, State.FAILED, "PodCrashLooping", message)
    log = log_of(scene.snapshot, pod, container.name, previous=True) if scene.read_logs else None
    if not log:
        return health
    cause = find_cause(log, message)
    return replace(health, message=cause.message if cause else with_excerpt(message, last_lines(log)))


_RULES: tuple[Rule, ...] = (
    no_pods,
    _image_not_pulled,
    pod_failed,
    _container_not_startable,
    _container_crash_looping,
    pod_ready,
    pod_starting,
    pod_pending,
)
