"""From the health of components to conditions, overall status and events.

1. Conditions are positive: True is healthy (except those a kind declares informational).
2. `DependenciesReachable`, `AuthValid` and `ConfigValid` stand on every object from the first round.
3. Conditions of components that no longer report are removed.
4. The order is canonical (components as reported, other conditions, framework, Ready), so history leaves no trace.
5. Messages are stable: no counters, no countdowns.
6. An infrastructure failure leaves a component's stored status alone for ten seconds (`GRACE`). What was Ready stays
   so; nothing becomes Ready by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Any

from aimcore.condition import HELD_UP, TOLD, Condition, condition, events_of, written
from aimcore.plan import PlannedEvent
from aimcore.records import quickly_made
from aimcore.snapshot import Snapshot, moment

GRACE = timedelta(seconds=10)


class State(IntEnum):
    """How a component, or a whole object, fares. Lower is worse; the worst component decides."""

    FAILED = 0
    NOT_AVAILABLE = 1
    DEGRADED = 2
    PENDING = 3
    STARTING = 4
    PROGRESSING = 5
    READY = 6
    RUNNING = 7

    __hash__ = int.__hash__  # that of enums is a function in Python, and every plan asks sets of states

    @property
    def text(self) -> str:
        """As written in `status.status` of every kind but AIMService."""
        return _TEXT[self]

    @classmethod
    def of(cls, text: object) -> State:
        """The state that a status text names; FAILED for an empty or unknown one (rank 0 in the reference)."""
        return _STATE.get(text, cls.FAILED) if isinstance(text, str) else cls.FAILED


_TEXT = {
    State.FAILED: "Failed",
    State.NOT_AVAILABLE: "NotAvailable",
    State.DEGRADED: "Degraded",
    State.PENDING: "Pending",
    State.STARTING: "Starting",
    State.PROGRESSING: "Progressing",
    State.READY: "Ready",
    State.RUNNING: "Running",
}
_STATE = {text: state for state, text in _TEXT.items()}
_READY = State.READY
ERROR_STATES = frozenset({State.FAILED, State.NOT_AVAILABLE, State.DEGRADED})
_NAMED_STATES = ERROR_STATES | {State.PENDING}


class Depends(StrEnum):
    """Where a component stands: something we wait for (upstream), something we make (downstream), neither."""

    UPSTREAM = "Upstream"
    DOWNSTREAM = "Downstream"
    NONE = ""


class Category(StrEnum):
    """What kind of error a component met. Texts as in the reference."""

    INFRASTRUCTURE = "Infrastructure"
    AUTH = "Auth"
    MISSING_DOWNSTREAM = "MissingDependency"
    MISSING_UPSTREAM = "MissingReference"
    INVALID_SPEC = "InvalidSpec"
    EXHAUSTION = "ResourceExhaustion"

    __hash__ = str.__hash__  # as with `State`


STATE_OF_CATEGORY: Mapping[Category, State] = {
    Category.AUTH: State.FAILED,
    Category.EXHAUSTION: State.FAILED,
    Category.INVALID_SPEC: State.FAILED,
    Category.MISSING_UPSTREAM: State.DEGRADED,
    Category.INFRASTRUCTURE: State.DEGRADED,
    Category.MISSING_DOWNSTREAM: State.PROGRESSING,
}


@quickly_made
@dataclass(frozen=True, slots=True)
class Health:
    """How one component fares this round. Becomes the condition `<component>Ready`.

    `category` is set when an error stands behind it; use `failing` to get the state that belongs to a category.
    `unknown` makes the condition Unknown (a required kind is unreadable, or a fact is pending and nothing is stored).
    `config_reason`: the reason of ConfigValid, where it is not the category's own.
    """

    component: str
    state: State
    reason: str
    message: str = ""
    depends: Depends = Depends.NONE
    category: Category | None = None
    unknown: bool = False
    config_reason: str = ""

    @property
    def is_ready(self) -> bool:
        return self.state >= State.READY


def failing(component: str, category: Category, reason: str, message: str, depends: Depends = Depends.NONE) -> Health:
    """The health of a component with an error of this category."""
    return Health(component, STATE_OF_CATEGORY[category], reason, message, depends, category)


@quickly_made
@dataclass(frozen=True, slots=True)
class Verdict:
    """What the components together mean.

    `conditions`: entries for `status.conditions`, complete. `state`: the overall state before a kind renames it.
    `retry`: plan again with back-off. `events`: to be emitted once the status is written.
    """

    conditions: tuple[Mapping[str, Any], ...]
    state: State
    events: tuple[PlannedEvent, ...]
    retry: bool
    ready: bool


def judge(
    snapshot: Snapshot,
    components: Sequence[Health],
    stored: object,
    generation: int,
    *,
    others: Sequence[Condition] = (),
    held: State | None = None,
) -> Verdict:
    """Judge an object by its components.

    `stored`: `status.conditions` as read (any JSON). `others`: conditions that are no components.
    `held`: at best this overall state and Ready=False with the first unready component, whatever the rest says: used
    where a kind overrides the worst-of rule (a Ready InferenceService keeps its service at Degraded).
    """
    before = _by_type(stored)
    categories = {h.category for h in components if h.category is not None}
    unreachable = Category.INFRASTRUCTURE in categories
    graced = unreachable and _in_grace(snapshot, before.get("DependenciesReachable"))
    entries, unready = [], []
    for health in components:
        entry = _of_component(health, before, graced)
        entries.append(entry)
        if entry.status != "True":
            unready.append((health, entry))
    state = held if held is not None else _root(unready, categories, unreachable)
    framework = _FAULTLESS_FRAMEWORK
    if categories:
        framework = (_reachable(components, unreachable), _auth_valid(components), _config_valid(components))
    ready = _ready(components, unready, categories, unreachable, held)
    if unreachable and ready.is_true and not _was_ready(before.get("Ready"), generation):
        ready, state = _unreached(components), State.DEGRADED
    stored_anew, news = written(snapshot, (*entries, *others, *framework, ready), before, generation)
    return Verdict(
        conditions=tuple(stored_anew),
        state=state,
        events=tuple(events_of(news, before)) if news else (),
        retry=unreachable,
        ready=ready.is_true,
    )


def stored_condition(stored: object, type_: str) -> Mapping[str, Any] | None:
    """The stored condition of that type, or None. `stored` is any JSON."""
    return _by_type(stored).get(type_)


def _by_type(stored: object) -> dict[str, Mapping[str, Any]]:
    if not isinstance(stored, list):
        return {}
    try:
        return {c["type"]: c for c in stored if type(c) is dict}
    except (KeyError, TypeError):  # one of them is no condition
        return {type_: c for c in stored if isinstance(c, dict) and isinstance(type_ := c.get("type"), str)}


# ---- the single conditions ------------------------------------------------------------------------------------------
def _of_component(health: Health, before: Mapping[str, Mapping[str, Any]], graced: bool) -> Condition:
    type_ = health.component + "Ready"
    if health.state >= _READY and not health.unknown and health.category is None:
        return Condition(type_, "True", health.reason or "Ready", health.message)
    status = "Unknown" if health.unknown else "True" if health.state >= _READY else "False"
    if graced and health.category is Category.INFRASTRUCTURE and type_ in before:
        kept = before[type_].get("status")
        status = kept if kept in ("True", "False", "Unknown") else status
    at_fault = status != "True" and health.state in ERROR_STATES
    return Condition(type_, status, health.reason or "Ready", health.message, at_fault)


def _reachable(components: Iterable[Health], unreachable: bool) -> Condition:
    if not unreachable:
        return _REACHABLE
    cause = _first(components, Category.INFRASTRUCTURE)
    said = _because("Cannot reach dependencies", cause)
    return condition("DependenciesReachable", False, "InfrastructureError", said, at_fault=True)


def _auth_valid(components: Iterable[Health]) -> Condition:
    cause = _first(components, Category.AUTH)
    if cause is None:
        return _AUTH_VALID
    return condition("AuthValid", False, "AuthError", _because(_BLOCKING[Category.AUTH][1], cause), at_fault=True)


def _config_valid(components: Sequence[Health]) -> Condition:
    for category in (Category.INVALID_SPEC, Category.MISSING_UPSTREAM):
        cause = _first(components, category)
        if cause is not None:
            reason, message = _BLOCKING[category]
            found = cause.config_reason or reason
            return condition("ConfigValid", False, found, _because(message, cause), at_fault=True)
    return _CONFIG_VALID


_REACHABLE = condition("DependenciesReachable", True, "Reachable", "All dependencies are reachable")
_AUTH_VALID = condition("AuthValid", True, "AuthenticationValid", "Authentication and authorization successful")
_CONFIG_VALID = condition("ConfigValid", True, "ConfigurationValid", "Configuration is valid")
_FAULTLESS_FRAMEWORK = (_REACHABLE, _AUTH_VALID, _CONFIG_VALID)
_ALL_READY = condition("Ready", True, "AllComponentsReady", "All components are ready")

_BLOCKING: Mapping[Category, tuple[str, str]] = {
    Category.AUTH: ("AuthError", "Authentication or authorization failure"),
    Category.INVALID_SPEC: ("InvalidSpec", "Configuration validation failed"),
    Category.MISSING_UPSTREAM: ("ReferenceNotFound", "Referenced resource not found"),
}


def _first(components: Iterable[Health], category: Category) -> Health | None:
    for health in components:
        if health.category is category:
            return health
    return None


def _because(sentence: str, cause: Health | None) -> str:
    return f"{sentence}: {cause.message}" if cause is not None and cause.message else sentence


# ---- overall --------------------------------------------------------------------------------------------------------
def _root(unready: Sequence[tuple[Health, Condition]], categories: set[Category], unreachable: bool) -> State:
    if categories and not _BLOCKING.keys().isdisjoint(categories):
        return State.FAILED
    worst = min([_counted(h) for h, _ in unready], default=State.READY)
    return State.DEGRADED if unreachable and worst is not State.READY else worst


def _counted(health: Health) -> State:
    """What a component whose condition is not True counts in the overall status."""
    if health.state in _NAMED_STATES:
        return health.state
    return State.PENDING if health.depends is Depends.UPSTREAM else State.PROGRESSING


def _ready(
    components: Sequence[Health],
    unready: Sequence[tuple[Health, Condition]],
    categories: set[Category],
    unreachable: bool,
    held: State | None,
) -> Condition:
    if held is None and categories:
        for category, (reason, message) in _BLOCKING.items():
            if category in categories:
                return condition("Ready", False, reason, _because(message, _first(components, category)), at_fault=True)
    if not unready:
        return _ALL_READY
    for health, entry in unready:
        if health.state in ERROR_STATES:
            message = f"Component {health.component} is not ready: {health.message}"
            return condition("Ready", False, entry.reason, message, at_fault=True)
    if unreachable:
        return _unreached(components)
    waiting = [health for health, _ in unready]
    held_up = next((h for h in waiting if h.reason in HELD_UP), None)
    if held_up is not None:
        return condition("Ready", False, held_up.reason, held_up.message)
    told = next((h for h in waiting if h.reason in TOLD), None)
    lowest = told or min(waiting, key=_counted)
    message = f"Waiting for components to become ready: {lowest.component}: {lowest.message or lowest.reason}"
    return condition("Ready", False, "Progressing" if told is None else told.reason, message)


def _unreached(components: Sequence[Health]) -> Condition:
    message = _because("Infrastructure error - waiting for retry", _first(components, Category.INFRASTRUCTURE))
    return condition("Ready", False, "InfrastructureError", message, at_fault=True)


def _was_ready(ready: Mapping[str, Any] | None, generation: int) -> bool:
    """Whether this generation was Ready, as it is stored."""
    if ready is None or ready.get("status") != "True":
        return False
    return bool(ready.get("observedGeneration", generation) == generation)


def _in_grace(snapshot: Snapshot, reachable: Mapping[str, Any] | None) -> bool:
    if reachable is None or reachable.get("status") != "False":
        return True
    since = moment(reachable.get("lastTransitionTime"))
    return since is not None and not snapshot.is_past(since + GRACE)


def replaced(components: Sequence[Health], changed: Health) -> list[Health]:
    """The components with the one of that name replaced (or appended)."""
    if any(h.component == changed.component for h in components):
        return [changed if h.component == changed.component else h for h in components]
    return [*components, changed]


def demoted(health: Health, state: State) -> Health:
    """The same health in another state and without an error category that would decide the whole object."""
    return replace(health, state=state, category=None)
