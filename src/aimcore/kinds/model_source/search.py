"""What a model source's filters find (S-10 to S-15, S-23, D-8).

1. A filter with a tag names its image; the registry is not asked. The others ask for repositories and tags.
2. An answer is asked for anew after the sync interval, a "no" sooner if its kind can mend itself.
3. A filter that fails is named with its cause and a remedy; the others go on. One of which only some repositories could
   be listed has failed in part: what it found counts, and the causes are named (S-13).
4. While a long listing goes on, nothing is chosen from it: the order decides what becomes a model. How far it is, is
   said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aimcore.api.duration import parse as parse_duration
from aimcore.asking import ask_again
from aimcore.cluster.reading import named, text
from aimcore.conditions import STATE_OF_CATEGORY, Category, Health, State
from aimcore.errors import REGISTRY_FAILURES, patience_with
from aimcore.facts import Answer, Failure, FailureKind, ListingUnderWay, RepositoryListing, RepositoryTags
from aimcore.kinds.model_source.filters import Filter, FoundImage, matching
from aimcore.resource import Resource
from aimcore.snapshot import Snapshot

COMPONENT = "Filters"
DEFAULT_INTERVAL = timedelta(hours=1)
_SILENCE = timedelta(minutes=2)
"""How long a listing may go on without news before it is asked for again: who listed may be gone."""
_CAUSES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class FoundByFilter:
    """What one filter gave: images, or a failure, or both, or nothing yet (`pending` says what is waited for)."""

    filter: Filter
    images: tuple[FoundImage, ...] = ()
    category: Category | None = None
    cause: str = ""
    at: datetime | None = None
    pending: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether something is wrong and nothing was found."""
        return self.category is not None and not self.images


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
        return FoundByFilter(filter_, pending="Waiting for the registry's answer")
    match answer.value:
        case ListingUnderWay() as news:
            ask_again(snapshot, want, answer, _SILENCE)
            return FoundByFilter(filter_, pending=f'Listing "{filter_.written}": {_progress(news)}')
        case RepositoryListing() as listing:
            return _listed(snapshot, filter_, want, answer, listing, interval)
        case Failure() as failure:
            ask_again(snapshot, want, answer, _patience(failure, interval))
            return _failed(filter_, (failure,), (), answer.at)
        case _:
            nonsense = Failure(FailureKind.MALFORMED, "the registry's answer makes no sense")
            ask_again(snapshot, want, answer, _patience(nonsense, interval))
            return _failed(filter_, (nonsense,), (), answer.at)


def _listed(
    snapshot: Snapshot,
    filter_: Filter,
    want: RepositoryTags,
    answer: Answer,
    listing: RepositoryListing,
    interval: timedelta,
) -> FoundByFilter:
    images = matching(filter_, listing.images)
    if not listing.problems:
        ask_again(snapshot, want, answer, interval)
        return FoundByFilter(filter_, images, at=answer.at)
    ask_again(snapshot, want, answer, min(_patience(p, interval) for p in listing.problems))
    return _failed(filter_, listing.problems, images, answer.at)


def _failed(
    filter_: Filter, problems: Sequence[Failure], images: tuple[FoundImage, ...], at: datetime
) -> FoundByFilter:
    row = REGISTRY_FAILURES[problems[0].kind]
    causes = "; ".join(p.message for p in problems[:_CAUSES_SHOWN])
    more = len(problems) - _CAUSES_SHOWN
    causes += f"; and {more} more" if more > 0 else ""
    part = "partial results: " if images else ""
    return FoundByFilter(filter_, images, row.category, f"{part}{causes} ({_remedy(problems[0])})", at)


def _remedy(failure: Failure) -> str:
    """What to do; what a registry says wrongly, nobody here can correct."""
    if failure.kind is FailureKind.MALFORMED:
        return "correct the filter, or ask who runs the registry"
    return REGISTRY_FAILURES[failure.kind].remedy


def _patience(failure: Failure, interval: timedelta) -> timedelta:
    """Not longer than the sync interval, unless the registry asks for more."""
    return max(min(patience_with(failure), interval), failure.retry_after or timedelta(0))


def _progress(news: ListingUnderWay) -> str:
    if news.repositories is None:
        return f"{news.listed} repositories found so far"
    return f"{news.listed} of {news.repositories} repositories, {news.tags} tags"


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
        if sum(f.has_failed for f in failing) == total:
            state = State.FAILED if category is None else STATE_OF_CATEGORY[category]
            message = f"All {total} filters failed: {causes}"
            return Health(COMPONENT, state, "AllFiltersFailed", message + notes, category=category)
        message = f"{len(failing)} of {total} filters had errors: {causes}"
        return Health(COMPONENT, State.DEGRADED, "SomeFiltersFailed", message + notes, category=category)
    pending = [f.pending for f in found if f.pending]
    if pending:
        message = "; ".join(dict.fromkeys(pending))
        return Health(COMPONENT, State.PROGRESSING, "AwaitingRegistry", message, unknown=True)
    return Health(COMPONENT, State.READY, "AllFiltersSucceeded", f"All {total} filters succeeded{notes}")
