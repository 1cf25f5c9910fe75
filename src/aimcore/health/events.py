"""Events about an object: which is the newest (F-75).

1. Events are found by the uid of the object they are about, so those of an earlier incarnation do not count.
2. The moment of an event is the latest of its four times; among equals the higher name counts.
3. Where events cannot be read there are none: they only ever explain.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from aimcore.resource import Resource
from aimcore.snapshot import Listed, Snapshot, moment

_NEVER = datetime.min.replace(tzinfo=UTC)


def newest_event(
    snapshot: Snapshot, about: Resource, reasons: Collection[str], *, begins: str = "", container: str = ""
) -> Resource | None:
    """The newest event about this incarnation of an object with one of the reasons, or None.

    `begins`: how its message must begin. `container`: the container of a pod that it must be about, if it names one.
    """
    listing = snapshot.index("Event", "involved", about.uid) if about.uid else None
    events = listing.resources if isinstance(listing, Listed) else ()
    fitting = (
        e
        for e in events
        if event_text(e, "reason") in reasons
        and event_text(e, "message").startswith(begins)
        and _is_about(e, container)
    )
    return max(fitting, key=lambda e: (e.read_as(last_occurred), e.name), default=None)


def _is_about(event: Resource, container: str) -> bool:
    """Whether an event is about that container: its field path reads `spec.containers{name}`, if there is any."""
    involved = event.raw.get("involvedObject")
    path = involved.get("fieldPath") if isinstance(involved, dict) else None
    return not container or not isinstance(path, str) or path.endswith(f"{{{container}}}")


def last_occurred(event: Resource) -> datetime:
    """The latest moment that an event names; the beginning of time if it names none."""
    series = event.raw.get("series")
    named = [event.raw.get(field) for field in ("eventTime", "lastTimestamp", "firstTimestamp")]
    named.append(series.get("lastObservedTime") if isinstance(series, dict) else None)
    return max((found for text in named if (found := moment(text)) is not None), default=_NEVER)


def event_text(event: Resource, field: str) -> str:
    """A text member of an event (`reason`, `message`, `type`), "" if it has none."""
    value = event.raw.get(field)
    return value if isinstance(value, str) else ""
