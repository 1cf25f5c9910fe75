"""How a model's templates fare together (M-36): the first row that applies.

All templates that name the model count, made by hand or generated, but not obsolete ones and those being deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import NamedTuple

from aimcore.cluster.reading import text
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
    (lambda n: n.moving > 0, Row(State.PROGRESSING, "TemplatesProgressing", "Templates are progressing")),
    (
        lambda n: n.ready + n.unavailable == n.total,
        Row(
            State.READY,
            "SomeTemplatesReady",
            "All templates have finished processing (some are not available)",
        ),
    ),
)


def aggregate(templates: Sequence[Resource], expectation: Expectation) -> Row:
    """The row of the table that applies."""
    counts = count(templates)
    if not counts.total:
        return _WITHOUT[expectation]
    for applies, row in _WITH:
        if applies(counts):
            return row
    return Row(State.PROGRESSING, "TemplatesProgressing", "Unknown status")
