"""Which artifacts serve which model source (B4).

1. Candidates have the source's URI and, if the cache names one, its storage class; none of them is being deleted.
2. A Shared cache takes artifacts without any owner, a Dedicated one only its own, a cache without mode any.
3. The variables of an artifact must be the ones wanted, as a map by name. A match that the cache's status already
   records is dropped for other variables only if it Failed.
4. The recorded match is kept while none is strictly better; else the best status wins, then the lowest name. An empty
   status ranks as Pending.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aimcore.cluster.caches import ArtifactReading, Source, TemplateCacheReading, env_by_name, read_artifact
from aimcore.conditions import State
from aimcore.indexes import in_namespace
from aimcore.layering import merge_env
from aimcore.resource import Json
from aimcore.snapshot import Listed, NotInstalled, Snapshot, Unreadable


@dataclass(frozen=True, slots=True)
class Matched:
    """The source at `index` of the template's list is served by `artifact`."""

    index: int
    source: Source
    artifact: ArtifactReading


@dataclass(frozen=True, slots=True)
class Missing:
    """The source at `index` of the template's list has no artifact. `env` is what its download needs."""

    index: int
    source: Source
    env: tuple[Json, ...]


Match = Matched | Missing


def state_of(artifact: ArtifactReading) -> State:
    """The state by which artifacts are ranked."""
    return State.of(artifact.status) if artifact.status else State.PENDING


def match_sources(
    snapshot: Snapshot, cache: TemplateCacheReading, sources: Sequence[Source]
) -> tuple[Match, ...] | Unreadable | NotInstalled:
    """One match for each source, in the template's order; or why artifacts cannot be listed."""
    recorded = {a.name for a in cache.artifacts}
    matches: list[Match] = []
    for index, source in enumerate(sources):
        listing = snapshot.index("AIMArtifact", "uri", in_namespace(cache.namespace, source.uri))
        if not isinstance(listing, Listed):
            return listing
        env = tuple(merge_env(cache.env, source.env))
        readings = (r.read_as(read_artifact) for r in listing.resources)
        best = _best([a for a in readings if serves(a, cache, env, recorded)], recorded)
        matches.append(Missing(index, source, env) if best is None else Matched(index, source, best))
    return tuple(matches)


def serves(
    artifact: ArtifactReading, cache: TemplateCacheReading, env: Sequence[Mapping[str, object]], recorded: set[str]
) -> bool:
    """Whether an artifact of the right URI serves this cache."""
    if artifact.is_deleting or not _is_within_mode(artifact, cache):
        return False
    if cache.storage_class and artifact.storage_class != cache.storage_class:
        return False
    if artifact.env == env_by_name(env):
        return True
    return artifact.name in recorded and artifact.status != State.FAILED.text


def _is_within_mode(artifact: ArtifactReading, cache: TemplateCacheReading) -> bool:
    if cache.is_shared:
        return not artifact.has_owner
    return not cache.is_dedicated or cache.uid in artifact.owner_uids


def _best(candidates: Iterable[ArtifactReading], recorded: set[str]) -> ArtifactReading | None:
    ranked = sorted(candidates, key=lambda a: (-state_of(a), a.name not in recorded, a.name))
    return ranked[0] if ranked else None
