"""Repositories and tags: of one repository, of a catalogue, of Docker Hub and of GitHub."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from aiohttp import web

from aimcore.facts import (
    Failure,
    FailureKind,
    RepositoryListing,
    RepositoryTags,
)
from aimctl_runtime.clock import SystemClock
from aimctl_runtime.observe.catalogues import Catalogues as CatalogueReader
from aimctl_runtime.observe.listing import TagLister, glob
from aimctl_runtime.observe.secrets import Credentials, Keychain, SecretReader

from .doubles import ScriptedClient, answer, run, status
from .registries import VirtualClockThatRuns, auth, pull_secret
from .web import serving


class Catalogues:
    """A registry with tags and the catalogues of Docker Hub and GitHub."""

    def __init__(self) -> None:
        self.host = ""
        self.broken: set[str] = set()
        self.next = "/v2/a/aim-x/tags/list?page=2"

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        path, query = request.path, request.query
        if any(part in path for part in self.broken):
            return web.Response(status=500 if "packages" in path else 404)
        if path == "/v2/_catalog":
            return web.json_response({"repositories": ["a/aim-x", "a/aim-y", "b/other", 3]})
        if path == "/v2/a/aim-x/tags/list" and "page" not in query:
            body = {"tags": ["1.1", "1.0"]}
            return web.json_response(body, headers={"Link": f'<{self.next}>; rel="next"'})
        if path.endswith("/tags/list"):
            return web.json_response({"tags": ["2.0"]})
        if path == "/v2/namespaces/a/repositories":
            if "page" in query:
                return web.json_response({"results": [{"name": "aim-y"}], "next": None})
            url = f"http://{self.host}/v2/namespaces/a/repositories?page=2"
            return web.json_response({"results": [{"name": "aim-x"}, {}, "junk"], "next": url})
        if path == "/orgs/a/packages":
            assert request.headers["Authorization"] == "Bearer p"
            size = 100 if query["page"] == "1" else 1
            return web.json_response([{"name": f"aim-{query['page']}-{number}"} for number in range(size)])
        return web.Response(status=404)


def tags(want: RepositoryTags, catalogues: Catalogues | None = None, *secrets: Any) -> Any:
    catalogues = catalogues or Catalogues()

    async def claim() -> Any:
        async with serving(catalogues) as host, aiohttp.ClientSession() as session:
            catalogues.host = host
            reader = SecretReader(ScriptedClient(*secrets))
            lister = TagLister(
                session, reader, VirtualClockThatRuns(), docker_hub=f"http://{host}", github=f"http://{host}"
            )
            changed = RepositoryTags(want.registry.replace("HOST", host), want.repository, want.namespace, want.secrets)
            return await lister.tags(changed)

    return run(claim())


@pytest.mark.rule("S-11", "S-15")
def test_all_pages_of_tags_are_read_and_sorted():
    assert tags(RepositoryTags("HOST", "a/aim-x", "ns")) == RepositoryListing(
        (("a/aim-x", "1.0"), ("a/aim-x", "1.1"), ("a/aim-x", "2.0"))
    )


@pytest.mark.rule("S-11")
def test_tags_that_cannot_be_listed_fail_the_filter():
    failure = tags(RepositoryTags("HOST", "a/none/x", "ns"), broken_at("a/none"))
    assert isinstance(failure, Failure)
    assert failure.message.startswith("failed to fetch tags for a/none/x: ")


def broken_at(*parts: str) -> Catalogues:
    catalogues = Catalogues()
    catalogues.broken = set(parts)
    return catalogues


@pytest.mark.rule("S-14")
def test_a_pattern_elsewhere_reads_the_catalogue():
    found = tags(RepositoryTags("HOST", "a/aim-*", "ns"))
    assert {repository for repository, _ in found.images} == {"a/aim-x", "a/aim-y"}


@pytest.mark.rule("S-14")
def test_repositories_without_tags_to_list_are_left_out_unless_all_are():
    one = tags(RepositoryTags("HOST", "a/aim-*", "ns"), broken_at("aim-x"))
    assert one == RepositoryListing((("a/aim-y", "2.0"),))
    none = tags(RepositoryTags("HOST", "a/aim-*", "ns"), broken_at("tags"))
    assert isinstance(none, Failure)
    assert (none.kind, none.message[:16]) == (FailureKind.NOT_FOUND, "no images found:")
    unlisted = tags(RepositoryTags("HOST", "a/aim-*", "ns"), broken_at("_catalog"))
    assert isinstance(unlisted, Failure)
    assert unlisted.message.startswith("failed to list catalog for ")


def test_a_next_page_on_another_host_is_not_followed():
    catalogues = Catalogues()
    catalogues.next = "http://evil.example/v2/"
    failure = tags(RepositoryTags("HOST", "a/aim-x", "ns"), catalogues)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.MALFORMED


@pytest.mark.rule("S-12")
def test_docker_hub_has_a_catalogue_of_its_own():
    async def claim() -> list[str]:
        catalogues = Catalogues()
        async with serving(catalogues) as host, aiohttp.ClientSession() as session:
            catalogues.host = host
            reader = CatalogueReader(session, SystemClock(), docker_hub=f"http://{host}")
            want = RepositoryTags("docker.io", "a/aim-*", "ns")
            return [name async for name in reader.names(want, Keychain())]

    assert run(claim()) == ["a/aim-x", "a/aim-y"]
    failure = tags(RepositoryTags("docker.io", "*/x", "ns"))
    assert failure == Failure(FailureKind.MALFORMED, "cannot extract namespace from pattern: */x")
    failed = tags(RepositoryTags("docker.io", "zz/*", "ns"))
    assert failed.message.startswith("failed to fetch repos for namespace zz: 127.0.0.1:")
    assert failed.message.endswith(" answered 404 (not found)")


@pytest.mark.rule("S-13", "S-16")
def test_github_needs_a_token_and_is_read_page_by_page():
    async def claim() -> list[str]:
        catalogues = Catalogues()
        async with serving(catalogues) as host, aiohttp.ClientSession() as session:
            reader = CatalogueReader(session, SystemClock(), github=f"http://{host}")
            want = RepositoryTags("ghcr.io", "a/aim-*", "ns", ("creds",))
            keychain = Keychain((("ghcr.io", Credentials("u", "p")),))
            return [name async for name in reader.names(want, keychain)]

    assert len(run(claim())) == 101
    none = tags(RepositoryTags("ghcr.io", "a/*", "ns"))
    assert none == Failure(FailureKind.AUTH, "failed to extract GitHub token: no image pull secrets configured")
    missing = tags(RepositoryTags("ghcr.io", "a/*", "ns", ("gone",)), None, status(404, "NotFound"))
    assert "no ghcr.io credentials found" in missing.message
    bad = tags(RepositoryTags("ghcr.io", "a.b/*", "ns"))
    assert bad.message == "cannot extract GitHub organization from pattern: a.b/*"
    secret = answer(200, pull_secret({"ghcr.io": auth("u", "p")}))
    down = tags(RepositoryTags("ghcr.io", "a/*", "ns", ("s",)), broken_at("packages"), secret)
    assert down.kind is FailureKind.UNREACHABLE
    assert down.message.startswith("failed to fetch packages for org a: 127.0.0.1:")
    unreadable = tags(RepositoryTags("ghcr.io", "a/*", "ns", ("s",)), None, status(403, "Forbidden"))
    assert unreadable.kind is FailureKind.FORBIDDEN


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [("aim-*", "aim-x/y", True), ("aim-*-aim", "aim-aim", False), ("a*b*c", "a1b2c", True), ("a.c", "abc", False)],
)
@pytest.mark.rule("S-4")
def test_a_star_stands_for_anything_and_nothing_else_does(pattern: str, name: str, matches: bool):
    assert bool(glob(pattern)(name)) is matches
