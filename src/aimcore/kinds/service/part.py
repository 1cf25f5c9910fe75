"""What one stage adds to the plan of a service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aimcore.conditions import Health
from aimcore.plan import Child, Deletion, Note, PlannedEvent
from aimcore.records import quickly_made
from aimcore.resource import EMPTY


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
