"""Several sources over one image: the first one, oldest, then by name, gets its model (D-14).

1. A source claims the images that its filters accept, whether it has listed them yet or not; so two sources that start
   in the same moment agree without looking at each other's listings.
2. It claims nothing while it cannot make models: deleted, paused, failing, or at its limit.
"""

from __future__ import annotations

from aimcore.cluster.reading import text
from aimcore.kinds.model_source.filters import FoundImage, read_filters
from aimcore.labels import is_paused
from aimcore.resource import Resource
from aimcore.snapshot import Listed, Snapshot

SOURCE = "AIMClusterModelSource"
_UNABLE = frozenset({"Degraded", "Failed"})


def older_sources(snapshot: Snapshot, resource: Resource) -> tuple[Resource, ...]:
    """The sources that go before this one and can make models, the oldest first."""
    listing = snapshot.index(SOURCE, "all", "")
    resources = listing.resources if isinstance(listing, Listed) else ()
    return tuple(sorted((r for r in resources if _age(r) < _age(resource) and _is_able(r)), key=_age))


def _age(source: Resource) -> tuple[str, str]:
    return source.created, source.name


def _is_able(source: Resource) -> bool:
    at_limit = source.status.get("modelsLimitReached") is True
    failing = text(source.status, "status") in _UNABLE
    return not (source.is_deleting or is_paused(source) or at_limit or failing)


def claims(source: Resource, image: FoundImage) -> bool:
    """Whether a filter of the source accepts the image."""
    return any(
        f.registry == image.registry and not f.problem and f.accepts(image.repository, image.tag)
        for f in source.read_as(read_filters)
    )
