"""Which repositories a registry has: for the patterns of model sources (rules S-12 to S-14, S-16).

1. Docker Hub and GitHub have catalogues of their own; elsewhere the distribution catalogue is read.
2. GitHub wants a token; it is the password that a pull secret keeps under exactly `ghcr.io`.
3. A `next` page on another host is not followed: a token may go with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp

from aimcore.facts import FailureKind, RepositoryTags
from aimctl_runtime.clock import Clock
from aimctl_runtime.observe.distribution import MAX_PAGES, UNSENDABLE, Distribution, next_address
from aimctl_runtime.observe.page import RegistryError, get_once, get_patiently
from aimctl_runtime.observe.reference import canonical_registry
from aimctl_runtime.observe.secrets import Keychain

GITHUB_PAGE = DOCKER_HUB_PAGE = 100
DOCKER_HUB = "https://hub.docker.com"
GITHUB = "https://api.github.com"


class Catalogues:
    """The names of repositories. The two addresses are parameters for tests and mirrors."""

    def __init__(
        self, session: aiohttp.ClientSession, clock: Clock, *, docker_hub: str = DOCKER_HUB, github: str = GITHUB
    ) -> None:
        self._session = session
        self._clock = clock
        self._docker_hub = docker_hub
        self._github = github

    def names(self, want: RepositoryTags, keychain: Keychain) -> AsyncIterator[str]:
        """The repositories among which those of a pattern are. Raises RegistryError."""
        if want.registry in ("", "docker.io") or "hub.docker.com" in want.registry:
            return self._of_docker_hub(want)
        if "ghcr.io" in want.registry:
            return self._of_github(want, keychain)
        return self._of_catalogue(want, keychain)

    async def _of_docker_hub(self, want: RepositoryTags) -> AsyncIterator[str]:
        namespace = want.repository.split("/", 1)[0].rstrip("*")
        if not namespace:
            raise RegistryError(FailureKind.MALFORMED, f"cannot extract namespace from pattern: {want.repository}")
        url = f"{self._docker_hub}/v2/namespaces/{namespace}/repositories?page_size={DOCKER_HUB_PAGE}"
        for _ in range(MAX_PAGES):
            page = await self._document(url, {}, f"failed to fetch repos for namespace {namespace}")
            results = page.get("results") if isinstance(page, dict) else None
            for entry in results if isinstance(results, list) else ():
                if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                    yield f"{namespace}/{entry['name']}"
            following = page.get("next") if isinstance(page, dict) else None
            if not isinstance(following, str) or not following:
                return
            url = next_address(url, following, "Docker Hub")
        raise _endless("Docker Hub")

    async def _of_github(self, want: RepositoryTags, keychain: Keychain) -> AsyncIterator[str]:
        organisation = want.repository.removeprefix("/").split("/", 1)[0].rstrip("*")
        if not organisation or "." in organisation:
            raise RegistryError(
                FailureKind.MALFORMED, f"cannot extract GitHub organization from pattern: {want.repository}"
            )
        credentials = keychain.exactly("ghcr.io")
        if credentials is None:
            named = "no ghcr.io credentials found in image pull secrets"
            why = named if want.secrets else "no image pull secrets configured"
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
        raise _endless("GitHub")

    async def _of_catalogue(self, want: RepositoryTags, keychain: Keychain) -> AsyncIterator[str]:
        registry = canonical_registry(want.registry)
        credentials = keychain.find(registry, "")
        distribution = Distribution(self._session, registry, "registry:catalog:*", credentials, self._clock)
        try:
            async for page in distribution.pages("/v2/_catalog?n=1000"):
                for name in texts(page.json(), "repositories"):
                    yield name
        except RegistryError as error:
            raise error.said_of(f"failed to list catalog for {want.registry}") from error

    async def _document(self, url: str, headers: dict[str, str], prefix: str) -> Any:
        try:
            who = urlsplit(url).netloc
            page = await get_patiently(
                self._clock, lambda: get_once(self._session, url, headers, self._clock.now()), who
            )
            return page.json()
        except RegistryError as error:
            raise error.said_of(prefix) from error
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise RegistryError(FailureKind.UNREACHABLE, f"{prefix}: {problem or type(problem).__name__}") from problem
        except ValueError as problem:
            raise RegistryError(FailureKind.MALFORMED, f"{prefix}: {UNSENDABLE}") from problem


def _endless(who: str) -> RegistryError:
    return RegistryError(FailureKind.MALFORMED, f"{who} sends more than {MAX_PAGES} pages")


def texts(document: Any, member: str) -> list[str]:
    """The texts of a list in a registry's document; anything else is left out."""
    values = document.get(member) if isinstance(document, dict) else None
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
