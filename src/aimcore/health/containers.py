"""Readings of a pod: its phase, its readiness and the states of its containers.

1. Regular containers come before init containers, each in the order of the status.
2. Total: a status of any shape gives containers with empty members, never an exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aimcore.resource import EMPTY, Resource


@dataclass(frozen=True, slots=True)
class Terminated:
    """How a container's run ended."""

    reason: str
    message: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod. `waiting` is the reason why it does not run, "" if it does not wait."""

    name: str
    is_init: bool
    is_ready: bool
    restarts: int
    waiting: str
    waiting_message: str
    terminated: Terminated | None
    last_terminated: Terminated | None


@dataclass(frozen=True, slots=True)
class PodReading:
    """What of a pod its health depends on."""

    phase: str
    is_ready: bool
    reason: str
    message: str
    containers: tuple[Container, ...]


def read_pod(pod: Resource) -> PodReading:
    """The reading of a pod, for `Resource.read_as`."""
    status = pod.status
    conditions = status.get("conditions")
    is_ready = any(
        isinstance(c, dict) and c.get("type") == "Ready" and c.get("status") == "True"
        for c in (conditions if isinstance(conditions, list) else ())
    )
    regular = _containers(status.get("containerStatuses"), is_init=False)
    init = _containers(status.get("initContainerStatuses"), is_init=True)
    return PodReading(
        _text(status, "phase"), is_ready, _text(status, "reason"), _text(status, "message"), (*regular, *init)
    )


def _containers(statuses: object, *, is_init: bool) -> list[Container]:
    return [_container(s, is_init) for s in (statuses if isinstance(statuses, list) else ()) if isinstance(s, dict)]


def _container(status: Mapping[str, Any], is_init: bool) -> Container:
    state, last = _mapping(status, "state"), _mapping(status, "lastState")
    waiting = _mapping(state, "waiting")
    return Container(
        name=_text(status, "name"),
        is_init=is_init,
        is_ready=status.get("ready") is True,
        restarts=_number(status, "restartCount"),
        waiting=_text(waiting, "reason"),
        waiting_message=_text(waiting, "message"),
        terminated=_terminated(state),
        last_terminated=_terminated(last),
    )


def _terminated(state: Mapping[str, Any]) -> Terminated | None:
    ended = state.get("terminated")
    if not isinstance(ended, dict):
        return None
    return Terminated(_text(ended, "reason"), _text(ended, "message"), _number(ended, "exitCode"))


def _mapping(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else EMPTY


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _number(value: Mapping[str, Any], name: str) -> int:
    found = value.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0
