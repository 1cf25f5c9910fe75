"""What a model source's filters find (S-10 to S-15, S-23, D-8).

1. A filter with a tag names its image; the registry is not asked. The others ask for repositories and tags.
2. An answer is asked for anew after the sync interval, a "no" sooner if its kind can mend itself.
3. A filter that fails is named with its cause; the others go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aimcore.api.duration import parse as parse_duration
from aimcore.asking import ask_again
from aimcore.cluster.reading import named, text
from aimcore.conditions import STATE_OF_CATEGORY, Category, Health, State
from aimcore.facts import Answer, Failure, FailureKind, RepositoryTags
from aimcore.kinds.model_source.filters import Filter, FoundImage, matching
from aimcore.resource import Resource
from aimcore.snapshot import Snapshot

COMPONENT = "Filters"
DEFAULT_INTERVAL = timedelta(hours=1)

_CATEGORY: Mapping[FailureKind, tuple[Category, timedelta]] = {
    FailureKind.AUTH: (Category.AUTH, timedelta(seconds=30)),
    FailureKind.FORBIDDEN: (Category.AUTH, timedelta(seconds=30)),
    FailureKind.NOT_FOUND: (Category.MISSING_UPSTREAM, timedelta(minutes=10)),
    FailureKind.SECRET_NOT_FOUND: (Category.MISSING_UPSTREAM, timedelta(seconds=30)),
    FailureKind.MALFORMED: (Category.INVALID_SPEC, timedelta(minutes=10)),
    FailureKind.UNREACHABLE: (Category.INFRASTRUCTURE, timedelta(seconds=10)),
    FailureKind.RATE_LIMITED: (Category.INFRASTRUCTURE, timedelta(minutes=1)),
}


@dataclass(frozen=True, slots=True)
class FoundByFilter:
    """What one filter gave: images, or a failure, or nothing yet (`at` is None)."""

    filter: Filter
    images: tuple[FoundImage, ...] = ()
    category: Category | None = None
    cause: str = ""
    at: datetime | None = None
    is_pending: bool = False


def search(snapshot: Snapshot, resource: Resource, filters: Sequence[Filter]) -> tuple[FoundByFilter, ...]:
    """What each filter finds."""
    secrets = tuple(text(s, "name") for s in named(resource.spec, "imagePullSecrets"))
    interval = parse_duration(text(resource.spec, "syncInterval")) or DEFAULT_INTERVAL
    return tuple(_search(snapshot, f, secrets, interval) for f in filters)


def _search(snapshot: Snapshot, filter_: Filter, secrets: tuple[str, ...], interval: timedelta) -> FoundByFilter:
    if filter_.problem:
        return FoundByFilter(filter_, category=Category.INVALID_SPEC, cause=filter_.problem)
    if filter_.tag:
        return FoundByFilter(filter_, (FoundImage(filter_.registry, filter_.repository, filter_.tag),))
    want = RepositoryTags(filter_.registry, filter_.repository, snapshot.settings.operator_namespace, secrets)
    answer = snapshot.fact(want)
    if answer is None:
        return FoundByFilter(filter_, is_pending=True)
    if isinstance(answer.value, Failure):
        category, patience = _CATEGORY[answer.value.kind]
        ask_again(snapshot, want, answer, min(patience, interval))
        return FoundByFilter(filter_, category=category, cause=answer.value.message, at=answer.at)
    ask_again(snapshot, want, answer, interval)
    return FoundByFilter(filter_, matching(filter_, _pairs(answer)), at=answer.at)


def _pairs(answer: Answer) -> list[tuple[str, str]]:
    """The repositories and tags of an answer; anything else is left out."""
    value = answer.value if isinstance(answer.value, (list, tuple)) else ()
    return [
        (p[0], p[1])
        for p in value
        if isinstance(p, (list, tuple)) and len(p) == 2 and isinstance(p[0], str) and isinstance(p[1], str)
    ]


def filters_health(found: Sequence[FoundByFilter], overlaps: Sequence[str]) -> Health:
    """The health of the component `Filters` (S-23)."""
    total = len(found)
    if not total:
        return Health(COMPONENT, State.PROGRESSING, "NoFilters", "No filters configured")
    failing = [f for f in found if f.category is not None]
    notes = "".join(f"; {o}" for o in overlaps)
    if failing:
        causes = "; ".join(f'filter "{f.filter.written}": {f.cause}' for f in failing)
        category = next((f.category for f in failing if f.category is not Category.INFRASTRUCTURE), failing[0].category)
        if len(failing) == total:
            state = State.FAILED if category is None else STATE_OF_CATEGORY[category]
            message = f"All {total} filters failed: {causes}"
            return Health(COMPONENT, state, "AllFiltersFailed", message + notes, category=category)
        message = f"{len(failing)} of {total} filters had errors: {causes}"
        return Health(COMPONENT, State.DEGRADED, "SomeFiltersFailed", message + notes, category=category)
    if any(f.is_pending for f in found):
        message = "Waiting for the registry's answer"
        return Health(COMPONENT, State.PROGRESSING, "AwaitingRegistry", message, unknown=True)
    return Health(COMPONENT, State.READY, "AllFiltersSucceeded", f"All {total} filters succeeded{notes}")
