"""Repositories and tags of a registry, for one filter of a model source (rules S-11 to S-17).

1. Without a `*`: all tags of that repository.
2. With a `*`: Docker Hub and GitHub have catalogues of their own; elsewhere the distribution catalogue is read.
3. A repository found by a pattern whose tags cannot be listed is left out; if none can be listed, that is a failure.
4. Results are sorted, whatever order the registry has: two looks at the same registry give equal answers.
5. A pull secret that is missing is no failure here; one that cannot be read is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp

from aimcore.facts import Failure, FailureKind, RepositoryTags
from aimctl_runtime.clock import Clock
from aimctl_runtime.observe.distribution import (
    MAX_PAGES,
    TIMEOUT,
    Distribution,
    RegistryError,
    failure_kind,
)
from aimctl_runtime.observe.reference import canonical_registry
from aimctl_runtime.observe.secrets import Keychain, SecretReader

TAG_LISTINGS_AT_ONCE = 10
GITHUB_PAGE = 100
DOCKER_HUB_CATALOGUE = "https://hub.docker.com"
GITHUB_CATALOGUE = "https://api.github.com"

Found = tuple[tuple[str, str], ...]


class TagLister:
    """Lists repositories and tags. The two catalogue addresses are parameters for tests and mirrors."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        secrets: SecretReader,
        clock: Clock,
        *,
        docker_hub: str = DOCKER_HUB_CATALOGUE,
        github: str = GITHUB_CATALOGUE,
    ) -> None:
        self._session = session
        self._secrets = secrets
        self._clock = clock
        self._docker_hub = docker_hub
        self._github = github

    async def tags(self, want: RepositoryTags) -> Found | Failure:
        """Answer a `RepositoryTags`."""
        keychain = await self._secrets.keychain(want.namespace, want.secrets, missing_is_failure=False)
        if isinstance(keychain, Failure):
            return keychain
        if "*" not in want.repository:
            return await self._of_one(want, keychain)
        try:
            pattern = glob(want.repository)
            names = sorted({name async for name in self._names(want, keychain) if pattern.fullmatch(name)})
        except RegistryError as error:
            return Failure(error.failure_kind, str(error))
        return await self._of_many(want, names, keychain)

    async def _of_one(self, want: RepositoryTags, keychain: Keychain) -> Found | Failure:
        try:
            return tuple(await self._tags(want.registry, want.repository, keychain))
        except RegistryError as error:
            return error.failure(f"failed to fetch tags for {want.repository}")

    async def _of_many(self, want: RepositoryTags, names: Iterable[str], keychain: Keychain) -> Found | Failure:
        free = asyncio.Semaphore(TAG_LISTINGS_AT_ONCE)
        problems: list[RegistryError] = []

        async def one(name: str) -> list[tuple[str, str]]:
            try:
                async with free:
                    return await self._tags(want.registry, name, keychain)
            except RegistryError as error:
                problems.append(error)
                return []

        lists = await asyncio.gather(*(one(name) for name in names))
        found = tuple(sorted(pair for pairs in lists for pair in pairs))
        if problems and not found:
            worst = min(problems, key=str)
            return Failure(worst.failure_kind, f"no images found: {worst}")
        return found

    async def _tags(self, registry: str, repository: str, keychain: Keychain) -> list[tuple[str, str]]:
        registry = canonical_registry(registry)
        credentials = keychain.find(registry, repository)
        scope = f"repository:{repository}:pull"
        distribution = Distribution(self._session, registry, scope, credentials, self._clock)
        tags: set[str] = set()
        async for page in distribution.pages(f"/v2/{repository}/tags/list?n=1000"):
            tags.update(_texts(page.json(), "tags"))
        return [(repository, tag) for tag in sorted(tags)]

    # ---- catalogues ---------------------------------------------------------------------------------------------
    def _names(self, want: RepositoryTags, keychain: Keychain) -> AsyncIterator[str]:
        if want.registry in ("", "docker.io") or "hub.docker.com" in want.registry:
            return self._docker_hub_names(want)
        if "ghcr.io" in want.registry:
            return self._github_names(want, keychain)
        return self._catalogue_names(want, keychain)

    async def _docker_hub_names(self, want: RepositoryTags) -> AsyncIterator[str]:
        namespace = want.repository.split("/", 1)[0].rstrip("*")
        if not namespace:
            raise RegistryError(FailureKind.MALFORMED, f"cannot extract namespace from pattern: {want.repository}")
        url = f"{self._docker_hub}/v2/namespaces/{namespace}/repositories"
        for _ in range(MAX_PAGES):
            page = await self._document(url, {}, f"failed to fetch repos for namespace {namespace}")
            results = page.get("results") if isinstance(page, dict) else None
            for entry in results if isinstance(results, list) else ():
                if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                    yield f"{namespace}/{entry['name']}"
            following = page.get("next") if isinstance(page, dict) else None
            if not isinstance(following, str) or not following:
                return
            address = urljoin(url, following)
            if urlsplit(address).netloc != urlsplit(url).netloc:
                raise RegistryError(FailureKind.MALFORMED, "Docker Hub points to another host for its next page")
            url = address

    async def _github_names(self, want: RepositoryTags, keychain: Keychain) -> AsyncIterator[str]:
        organisation = want.repository.removeprefix("/").split("/", 1)[0].rstrip("*")
        if not organisation or "." in organisation:
            raise RegistryError(
                FailureKind.MALFORMED, f"cannot extract GitHub organization from pattern: {want.repository}"
            )
        credentials = keychain.exactly("ghcr.io")
        if credentials is None:
            why = (
                "no ghcr.io credentials found in image pull secrets"
                if want.secrets
                else ("no image pull secrets configured")
            )
            raise RegistryError(FailureKind.AUTH, f"failed to extract GitHub token: {why}")
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {credentials.password}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        for number in range(1, MAX_PAGES + 1):
            query = urlencode({"package_type": "container", "per_page": GITHUB_PAGE, "page": number})
            url = f"{self._github}/orgs/{organisation}/packages?{query}"
            page = await self._document(url, headers, f"failed to fetch packages for org {organisation}")
            entries = page if isinstance(page, list) else []
            for entry in entries:
                if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                    yield f"{organisation}/{entry['name']}"
            if len(entries) < GITHUB_PAGE:
                return

    async def _catalogue_names(self, want: RepositoryTags, keychain: Keychain) -> AsyncIterator[str]:
        registry = canonical_registry(want.registry)
        credentials = keychain.find(registry, "")
        distribution = Distribution(self._session, registry, "registry:catalog:*", credentials, self._clock)
        try:
            async for page in distribution.pages("/v2/_catalog?n=1000"):
                for name in _texts(page.json(), "repositories"):
                    yield name
        except RegistryError as error:
            message = f"failed to list catalog for {want.registry}: {error}"
            raise RegistryError(error.failure_kind, message) from error

    async def _document(self, url: str, headers: dict[str, str], prefix: str) -> Any:
        try:
            async with self._session.get(url, headers=headers, timeout=TIMEOUT) as answer:
                if answer.status != 200:
                    raise RegistryError(failure_kind(answer.status), f"{prefix}: unexpected status {answer.status}")
                return await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise RegistryError(FailureKind.UNREACHABLE, f"{prefix}: {problem or type(problem).__name__}") from problem
        except ValueError as problem:
            raise RegistryError(FailureKind.MALFORMED, f"{prefix}: the answer is no JSON") from problem


def glob(pattern: str) -> re.Pattern[str]:
    """A pattern in which `*` stands for any run of characters, `/` included; everything else for itself."""
    return re.compile(".*".join(re.escape(piece) for piece in pattern.split("*")), re.DOTALL)


def _texts(document: Any, member: str) -> list[str]:
    values = document.get(member) if isinstance(document, dict) else None
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
