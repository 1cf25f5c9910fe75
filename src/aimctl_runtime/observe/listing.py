"""Repositories and tags of a registry, for one filter of a model source (rules S-11 to S-17).

1. Without a `*`: all tags of that repository. With one: those of all repositories of the catalogue that match.
2. A repository of a pattern that has no tags (404) is left out. Others that cannot be listed make the listing partial;
   if nothing at all is found, that is a failure.
3. A registry that has enough of us (429) is left alone: what is not listed yet is given up.
4. Results are sorted, whatever order the registry has: two looks at the same registry give equal answers.
5. A pull secret that is missing is no failure here; one that cannot be read is.
6. Who waits for a long listing is told every few seconds how far it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import aiohttp
import anyio

from aimcore.facts import Failure, FailureKind, ListingUnderWay, RepositoryListing, RepositoryTags
from aimctl_runtime.clock import Clock
from aimctl_runtime.observe.catalogues import DOCKER_HUB, GITHUB, Catalogues, texts
from aimctl_runtime.observe.distribution import Distribution
from aimctl_runtime.observe.page import RegistryError
from aimctl_runtime.observe.reference import canonical_registry
from aimctl_runtime.observe.secrets import Keychain, SecretReader

TAG_LISTINGS_AT_ONCE = 10
NEWS_EVERY = 5.0

Tell = Callable[[ListingUnderWay], None]


class Progress:
    """How far a listing is. Speaks at most every `NEWS_EVERY` seconds."""

    def __init__(self, clock: Clock, tell: Tell) -> None:
        self._clock = clock
        self._tell = tell
        self._due = clock.monotonic() + NEWS_EVERY
        self._listed, self._tags = 0, 0
        self._repositories: int | None = None

    def begin(self, repositories: int) -> None:
        """The catalogue is read; so many repositories are to be listed."""
        self._listed, self._repositories = 0, repositories

    def move(self, *, listed: int = 0, tags: int = 0) -> None:
        """So much more is known."""
        self._listed += listed
        self._tags += tags
        now = self._clock.monotonic()
        if now >= self._due:
            self._due = now + NEWS_EVERY
            self._tell(ListingUnderWay(self._listed, self._repositories, self._tags))


class TagLister:
    """Lists repositories and tags. The two catalogue addresses are parameters for tests and mirrors."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        secrets: SecretReader,
        clock: Clock,
        *,
        docker_hub: str = DOCKER_HUB,
        github: str = GITHUB,
    ) -> None:
        self._session = session
        self._secrets = secrets
        self._clock = clock
        self._catalogues = Catalogues(session, clock, docker_hub=docker_hub, github=github)

    async def tags(self, want: RepositoryTags, tell: Tell = lambda _news: None) -> RepositoryListing | Failure:
        """Answer a `RepositoryTags`. `tell` hears how far a long listing is."""
        keychain = await self._secrets.keychain(want.namespace, want.secrets, missing_is_failure=False)
        if isinstance(keychain, Failure):
            return keychain
        progress = Progress(self._clock, tell)
        if "*" not in want.repository:
            return await self._of_one(want, keychain, progress)
        try:
            names = await self._names(want, keychain, progress)
        except RegistryError as error:
            return error.failure()
        return await self._of_many(want, names, keychain, progress)

    async def _names(self, want: RepositoryTags, keychain: Keychain, progress: Progress) -> list[str]:
        matches = glob(want.repository)
        found = set()
        async for name in self._catalogues.names(want, keychain):
            progress.move(listed=1)
            if matches(name):
                found.add(name)
        return sorted(found)

    async def _of_one(
        self, want: RepositoryTags, keychain: Keychain, progress: Progress
    ) -> RepositoryListing | Failure:
        progress.begin(1)
        try:
            return RepositoryListing(tuple(await self._tags(want.registry, want.repository, keychain, progress)))
        except RegistryError as error:
            return error.failure(f"failed to fetch tags for {want.repository}")

    async def _of_many(
        self, want: RepositoryTags, names: Iterable[str], keychain: Keychain, progress: Progress
    ) -> RepositoryListing | Failure:
        free = anyio.CapacityLimiter(TAG_LISTINGS_AT_ONCE)
        found: list[tuple[str, str]] = []
        problems: list[Failure] = []
        asked = list(names)
        given_up = 0

        async def one(name: str) -> None:
            nonlocal given_up
            async with free:
                if any(p.kind is FailureKind.RATE_LIMITED for p in problems):
                    given_up += 1
                    return
                try:
                    found.extend(await self._tags(want.registry, name, keychain, progress))
                except RegistryError as error:
                    problems.append(error.failure(f"failed to fetch tags for {name}"))
                progress.move(listed=1)

        progress.begin(len(asked))
        async with anyio.create_task_group() as listings:
            for name in asked:
                listings.start_soon(one, name)
        if given_up:
            problems.append(Failure(FailureKind.RATE_LIMITED, f"{given_up} repositories were not asked for any more"))
        return _concluded(found, sorted(problems, key=lambda p: p.message))

    async def _tags(
        self, registry: str, repository: str, keychain: Keychain, progress: Progress
    ) -> list[tuple[str, str]]:
        registry = canonical_registry(registry)
        credentials = keychain.find(registry, repository)
        scope = f"repository:{repository}:pull"
        distribution = Distribution(self._session, registry, scope, credentials, self._clock)
        tags: set[str] = set()
        async for page in distribution.pages(f"/v2/{repository}/tags/list?n=1000"):
            fresh = texts(page.json(), "tags")
            tags.update(fresh)
            progress.move(tags=len(fresh))
        return [(repository, tag) for tag in sorted(tags)]


def _concluded(found: list[tuple[str, str]], problems: list[Failure]) -> RepositoryListing | Failure:
    """Rule 2."""
    if problems and not found:
        first = problems[0]
        return Failure(first.kind, f"no images found: {first.message}", first.retry_after)
    return RepositoryListing(tuple(sorted(found)), tuple(p for p in problems if p.kind is not FailureKind.NOT_FOUND))


def glob(pattern: str) -> Callable[[str], object]:
    """A pattern in which `*` stands for any run of characters, `/` included; everything else for itself.

    Each piece is taken where it first fits, and never tried again: no pattern takes long.
    """
    first, *rest = map(re.escape, pattern.split("*"))
    if not rest:
        return re.compile(first).fullmatch
    *between, last = rest
    return re.compile(first + "".join(f"(?>.*?{piece})" for piece in between) + f".*{last}", re.DOTALL).fullmatch
