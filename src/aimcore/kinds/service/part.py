"""What one stage adds to the plan of a service, and the stages together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aimcore.conditions import Health
from aimcore.plan import Child, Deletion, Note, PlannedEvent
from aimcore.records import quickly_made
from aimcore.resource import EMPTY, Json


@quickly_made
@dataclass(frozen=True, slots=True)
class Part:
    """The components that a stage reports, the writes it wants, and its members of the status."""

    components: tuple[Health, ...] = ()
    children: tuple[Child, ...] = ()
    deletions: tuple[Deletion, ...] = ()
    events: tuple[PlannedEvent, ...] = ()
    notes: tuple[Note, ...] = ()
    status: Mapping[str, Any] = field(default_factory=lambda: EMPTY)


def joined(parts: Sequence[Part]) -> Part:
    """All parts as one, in their order."""
    components: tuple[Health, ...] = ()
    children: tuple[Child, ...] = ()
    deletions: tuple[Deletion, ...] = ()
    events: tuple[PlannedEvent, ...] = ()
    notes: tuple[Note, ...] = ()
    status: Json = {}
    for part in parts:  # most parts lack most of these
        components += part.components
        if part.children:
            children += part.children
        if part.deletions:
            deletions += part.deletions
        if part.events:
            events += part.events
        if part.notes:
            notes += part.notes
        status.update(part.status)
    return Part(components, children, deletions, events, notes, status)
