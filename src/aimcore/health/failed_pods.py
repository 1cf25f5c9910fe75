"""Why a pod failed: by the end of its containers and by the last lines of their logs.

1. The first terminated container tells; init containers only if the regular ones gave no reason; else the pod itself.
2. The log is read for an exit code other than 0, unless the container ran out of memory.
3. While a log has been asked for and not been answered the condition is Unknown. A log that cannot be had any more
   changes nothing: then the reason of the end decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aimcore.conditions import Category, Health, State, failing
from aimcore.facts import PodLog
from aimcore.health.containers import Container, PodReading, Terminated, read_pod
from aimcore.health.logs import find_cause, last_lines, with_excerpt
from aimcore.resource import Resource
from aimcore.snapshot import Snapshot

LOG_LINES = 50
_BY_REASON: Mapping[str, tuple[Category, str]] = {
    "OOMKilled": (Category.EXHAUSTION, "PodOOMKilled"),
    "DeadlineExceeded": (Category.INVALID_SPEC, "PodDeadlineExceeded"),
    "Evicted": (Category.INFRASTRUCTURE, "PodEvicted"),
}
_OTHERWISE = (Category.INVALID_SPEC, "PodFailed")


@dataclass(frozen=True, slots=True)
class _End:
    """How a pod ended. `log_of` is the container whose log may say more."""

    reason: str
    message: str
    log_of: str | None = None


def failed_pod_health(snapshot: Snapshot, component: str, pod: Resource, *, read_logs: bool) -> Health:
    """How a component fares whose pod failed."""
    end = _end_of(pod.read_as(read_pod))
    message = end.message
    if read_logs and end.log_of is not None:
        log = log_of(snapshot, pod, end.log_of)
        if log is None:
            return Health(component, State.FAILED, "PodFailed", message, unknown=True)
        cause = find_cause(log, message)
        if cause is not None:
            return failing(component, cause.category, cause.reason, cause.message)
        message = with_excerpt(message, last_lines(log))
    category, reason = _BY_REASON.get(end.reason, _OTHERWISE)
    return failing(component, category, reason, message)


def log_of(snapshot: Snapshot, pod: Resource, container: str, *, previous: bool = False) -> str | None:
    """The last lines of a container's log: "" if they cannot be had, None while nobody has answered."""
    want = PodLog(pod.namespace, pod.name, pod.uid, container, LOG_LINES, previous)
    answer = snapshot.fact(want)
    if answer is None:
        return None
    return answer.value if isinstance(answer.value, str) else ""


def _end_of(pod: PodReading) -> _End:
    regular = _first_end(c for c in pod.containers if not c.is_init)
    if regular.reason:
        return regular
    init = _first_end(c for c in pod.containers if c.is_init)
    if init.reason:
        return init
    return _End(
        pod.reason, regular.message or init.message or pod.message or "Pod failed", regular.log_of or init.log_of
    )


def _first_end(containers: Iterable[Container]) -> _End:
    for container in containers:
        if container.terminated is not None:
            return _end_of_container(container, container.terminated)
    return _End("", "")


def _end_of_container(container: Container, ended: Terminated) -> _End:
    subject = f"{'Init container' if container.is_init else 'Container'} {container.name}"
    if ended.exit_code != 0:
        message = f"{subject} failed with exit code {ended.exit_code}"
        message = f"{message}: {ended.message}" if ended.message else message
        return _End(ended.reason, message, None if ended.reason == "OOMKilled" else container.name)
    message = "" if container.is_init else ended.message
    return _End(ended.reason, message or f"{subject} terminated with reason: {ended.reason}")
