"""The filters of a model source: which images they name, which found ones match (S-1 to S-5, D-12). Pure and total.

1. A filter with `*` is a pattern; its registry is what stands before the first `/` if that has a `.`, a `:` or is
   `localhost`. No tag is split off a pattern.
2. A filter without `*` is an image. With a tag it names exactly one; without, all tags of its repository.
3. A filter that names its own registry wins over the source's.
4. `*` matches any run of characters, `/` too. Excluded repositories are named literally.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aimcore.cluster.reading import objects, text, texts
from aimcore.kinds.model_source.versions import Constraint, read_constraint, tag_matches
from aimcore.resource import Resource

DOCKER_HUB = "docker.io"
_HUB_NAMES = frozenset({DOCKER_HUB, "index.docker.io"})


@dataclass(frozen=True, slots=True, order=True)
class FoundImage:
    """One image in a registry."""

    registry: str
    repository: str
    tag: str

    @property
    def uri(self) -> str:
        """As a container image is written (S-19)."""
        image = f"{self.repository}:{self.tag}"
        return image if self.registry in ("", DOCKER_HUB) else f"{self.registry}/{image}"


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter, its registry resolved. `problem` says why it can create nothing."""

    written: str
    registry: str
    repository: str
    tag: str
    exclude: frozenset[str]
    constraints: tuple[Constraint, ...]
    problem: str = ""

    def accepts(self, repository: str, tag: str) -> bool:
        """Whether a repository and tag of the filter's registry match."""
        if repository in self.exclude or not glob_matches(self.repository, repository):
            return False
        return tag == self.tag if self.tag else tag_matches(tag, self.constraints)


def read_filters(resource: Resource) -> tuple[Filter, ...]:
    """The filters of a source, in order."""
    registry = text(resource.spec, "registry") or DOCKER_HUB
    versions = texts(resource.spec, "versions")
    return tuple(_filter(f, registry, versions) for f in objects(resource.spec, "filters"))


def _filter(entry: object, default_registry: str, default_versions: tuple[str, ...]) -> Filter:
    written = text(entry, "image").strip()
    registry, repository = _split_registry(written)
    effective = DOCKER_HUB if registry in _HUB_NAMES else registry or default_registry
    tag = ""
    if "*" not in written:
        repository, tag = _split_tag(repository)
        if effective == DOCKER_HUB and repository and "/" not in repository:
            repository = f"library/{repository}"
    texts_of = texts(entry, "versions") or default_versions
    read = [(t, read_constraint(t)) for t in texts_of]
    unreadable = [t for t, c in read if c is None]
    problem = f'version constraint "{unreadable[0][:80]}" cannot be parsed' if unreadable and not tag else ""
    return Filter(
        written=written,
        registry=effective,
        repository=repository,
        tag=tag,
        exclude=frozenset(texts(entry, "exclude")),
        constraints=tuple(c for _, c in read if c is not None),
        problem=problem if repository else "it names no image",
    )


def _split_registry(image: str) -> tuple[str, str]:
    first, slash, rest = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return "", image


def _split_tag(repository: str) -> tuple[str, str]:
    """Repository and tag; a digest is no tag."""
    without_digest = repository.partition("@")[0]
    head, slash, last = without_digest.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{head}{slash}{name}", "" if "@" in repository else tag


def glob_matches(pattern: str, name: str) -> bool:
    """Whether a pattern in which `*` matches any run of characters matches the whole name."""
    pieces = pattern.split("*")
    if len(pieces) == 1:
        return pattern == name
    if not name.startswith(pieces[0]) or len(name) < len(pieces[0]) + len(pieces[-1]):
        return False
    position, end = len(pieces[0]), len(name) - len(pieces[-1])
    for piece in pieces[1:-1]:
        found = name.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return name.endswith(pieces[-1])


def matching(filter_: Filter, found: Iterable[tuple[str, str]]) -> tuple[FoundImage, ...]:
    """The images that a filter accepts, sorted, each once."""
    accepted = {FoundImage(filter_.registry, r, t) for r, t in found if filter_.accepts(r, t)}
    return tuple(sorted(accepted))
