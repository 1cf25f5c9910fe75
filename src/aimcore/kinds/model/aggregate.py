"""How a model's templates fare together (M-36): the first row that applies.

All templates that name the model count, made by hand or generated, but not obsolete ones and those being deleted.
Where they progress and one of them is held up, the row says by what: a model names the lowest cause.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import NamedTuple

from aimcore.cluster.caches import ready_condition
from aimcore.cluster.reading import text
from aimcore.condition import HELD_UP, TEMPLATES_HELD_UP
from aimcore.conditions import State
from aimcore.labels import OBSOLETE
from aimcore.resource import Resource


class Expectation(Enum):
    """Whether a model without templates is to have some."""

    YES = auto()
    NO = auto()
    UNKNOWN = auto()


class Counts(NamedTuple):
    """How many templates are in which state. Others are in none of these."""

    total: int
    ready: int
    moving: int
    bad: int
    unavailable: int


class Row(NamedTuple):
    """State, reason and message of the templates component."""

    state: State
    reason: str
    message: str


def count(templates: Sequence[Resource]) -> Counts:
    """Count templates by their status."""
    states = [text(t.status, "status") for t in templates if not t.is_deleting and t.labels.get(OBSOLETE) != "true"]
    return Counts(
        total=len(states),
        ready=states.count("Ready"),
        moving=states.count("Progressing") + states.count("Pending"),
        bad=states.count("Degraded") + states.count("Failed"),
        unavailable=states.count("NotAvailable"),
    )


_WITHOUT: dict[Expectation, Row] = {
    Expectation.UNKNOWN: Row(State.PROGRESSING, "AwaitingMetadata", "Waiting for the model to fetch metadata"),
    Expectation.YES: Row(State.PROGRESSING, "CreatingTemplates", "Creating templates for the model"),
    Expectation.NO: Row(State.READY, "NoTemplatesExpected", "The model does not have any recommended templates"),
}

_MOVING = Row(State.PROGRESSING, "TemplatesProgressing", "Templates are progressing")
_WITH: tuple[tuple[Callable[[Counts], bool], Row], ...] = (
    (lambda n: n.ready == n.total, Row(State.READY, "AllTemplatesReady", "All templates are ready")),
    (
        lambda n: n.bad == n.total,
        Row(State.FAILED, "AllTemplatesFailed", "All templates are degraded or failed"),
    ),
    (
        lambda n: n.unavailable == n.total,
        Row(
            State.NOT_AVAILABLE,
            "NoTemplatesAvailable",
            "None of the model's templates are available (no matching GPUs in the cluster)",
        ),
    ),
    (lambda n: n.bad > 0, Row(State.DEGRADED, "SomeTemplatesDegraded", "Some templates are degraded or failed")),
    (lambda n: n.moving > 0, _MOVING),
    (
        lambda n: n.ready + n.unavailable == n.total,
        Row(
            State.READY,
            "SomeTemplatesReady",
            "All templates have finished processing (some are not available)",
        ),
    ),
)


def _with_cause(row: Row, templates: Sequence[Resource]) -> Row:
    """What holds up the first of them, by name, that does not move by itself."""
    for template in sorted((t for t in templates if not t.is_deleting), key=lambda t: t.name):
        ready = ready_condition(template)
        if ready is not None and ready.reason in HELD_UP:
            return Row(row.state, TEMPLATES_HELD_UP, f"{row.message}; {template.name}: {ready.message}")
    return row


def aggregate(templates: Sequence[Resource], expectation: Expectation) -> Row:
    """The row of the table that applies."""
    counts = count(templates)
    if not counts.total:
        return _WITHOUT[expectation]
    for applies, row in _WITH:
        if applies(counts):
            return _with_cause(row, templates) if row is _MOVING else row
    return Row(State.PROGRESSING, "TemplatesProgressing", "Unknown status")
