"""Long listings: parts that fail, registries that have enough of us, and how far it is."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import aiohttp
import anyio
import pytest
from aiohttp import web

from aimcore.facts import Answer, Failure, FailureKind, ListingUnderWay, RepositoryListing, RepositoryTags
from aimctl_runtime.clock import SystemClock, VirtualClock
from aimctl_runtime.observe import catalogues
from aimctl_runtime.observe.catalogues import Catalogues
from aimctl_runtime.observe.desk import AnsweringDesk, Telling
from aimctl_runtime.observe.listing import NEWS_EVERY, TagLister
from aimctl_runtime.observe.page import RegistryError
from aimctl_runtime.observe.secrets import Credentials, Keychain, SecretReader

from .doubles import START, Lines, ScriptedClient, log_into, run
from .web import serving


class Harbour:
    """A registry with so many repositories, each with two tags. Each request takes a while on its clock."""

    def __init__(self, count: int, clock: VirtualClock, seconds: float = 0.0) -> None:
        self.names = [f"org/aim-{number:03}" for number in range(count)]
        self.refusals: dict[str, int] = {}
        self.retry_after = ""
        self.seen: Counter[str] = Counter()
        self._clock = clock
        self._seconds = seconds

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self._clock.advance(self._seconds)
        self.seen[request.path] += 1
        if request.path == "/v2/_catalog":
            return web.json_response({"repositories": self.names})
        name = request.path.removeprefix("/v2/").removesuffix("/tags/list")
        if name in self.refusals:
            headers = {"Retry-After": self.retry_after} if self.retry_after else {}
            return web.Response(status=self.refusals[name], headers=headers)
        return web.json_response({"name": name, "tags": ["2.0.0", "1.0.0"]})


def listing(harbour: Harbour, clock: VirtualClock, news: list[ListingUnderWay] | None = None) -> Any:
    async def claim() -> Any:
        async with serving(harbour) as host, aiohttp.ClientSession() as session:
            lister = TagLister(session, SecretReader(ScriptedClient()), clock)
            tell = news.append if news is not None else (lambda _: None)
            return await lister.tags(RepositoryTags(host, "org/aim-*", "ns"), tell)

    return run(claim())


@pytest.mark.rule("S-13", "S-14")
def test_repositories_that_cannot_be_listed_make_the_listing_partial():
    clock = VirtualClock(START)
    harbour = Harbour(5, clock)
    harbour.refusals = {"org/aim-001": 403, "org/aim-002": 404}
    found = listing(harbour, clock)
    assert isinstance(found, RepositoryListing)
    assert {name for name, _ in found.images} == {"org/aim-000", "org/aim-003", "org/aim-004"}
    (problem,) = found.problems
    assert problem.kind is FailureKind.AUTH
    assert problem.message.startswith("failed to fetch tags for org/aim-001: ")


@pytest.mark.rule("S-13")
def test_a_registry_that_has_enough_of_us_is_left_alone():
    clock = VirtualClock(START)
    harbour = Harbour(60, clock)
    harbour.refusals = dict.fromkeys(harbour.names[20:], 429)
    harbour.retry_after = "900"
    found = listing(harbour, clock)
    assert isinstance(found, RepositoryListing)
    assert {p.kind for p in found.problems} == {FailureKind.RATE_LIMITED}
    assert max(p.retry_after or timedelta(0) for p in found.problems) == timedelta(minutes=15)
    assert "repositories were not asked for any more" in found.problems[0].message
    assert sum(harbour.seen.values()) < 45


@pytest.mark.rule("S-15")
def test_a_long_listing_tells_every_few_seconds_how_far_it_is():
    clock, news = VirtualClock(START), list[ListingUnderWay]()
    harbour = Harbour(30, clock, seconds=1.0)
    assert len(listing(harbour, clock, news).images) == 60
    assert 3 <= len(news) <= 31 / NEWS_EVERY + 1
    assert [n.listed for n in news] == sorted(n.listed for n in news)
    assert {n.repositories for n in news} == {30}
    quick = list[ListingUnderWay]()
    listing(Harbour(30, clock), clock, quick)
    assert quick == []


def test_news_are_answers_until_the_last_one_comes():
    async def claim() -> list[Any]:
        learnt: list[tuple[Any, Answer]] = []

        async def observe(_want: Any, tell: Any) -> Any:
            tell(ListingUnderWay(1, 2, 3))
            return RepositoryListing(())

        def learn(want: Any, answer: Answer) -> None:
            learnt.append((want, answer))

        desk = AnsweringDesk({RepositoryTags: Telling(observe)}, learn, VirtualClock(START), log_into(Lines()))
        async with anyio.create_task_group() as tasks:
            await tasks.start(desk.run)
            desk.ask(RepositoryTags("r", "a", "ns"))
            while not desk.is_idle:
                await anyio.sleep(0)
            await anyio.sleep(0)
            tasks.cancel_scope.cancel()
        return [answer.value for _, answer in learnt]

    assert run(claim()) == [ListingUnderWay(1, 2, 3), RepositoryListing(())]


def test_a_telling_observer_that_raises_gives_a_failure():
    async def claim() -> Any:
        learnt: list[Any] = []

        async def observe(_want: Any, _tell: Any) -> Any:
            raise ValueError("oops")

        desk = AnsweringDesk(
            {RepositoryTags: Telling(observe)},
            lambda _, answer: learnt.append(answer.value),
            VirtualClock(START),
            log_into(Lines()),
        )
        async with anyio.create_task_group() as tasks:
            await tasks.start(desk.run)
            desk.ask(RepositoryTags("r", "a", "ns"))
            while not learnt:
                await anyio.sleep(0)
            tasks.cancel_scope.cancel()
        return learnt

    (failure,) = run(claim())
    assert isinstance(failure, Failure)


# ---- catalogues -----------------------------------------------------------------------------------------------------
def names_of(handler: Any, registry: str = "docker.io", *, port: str = "") -> Any:
    """The repositories that Docker Hub's catalogue has, or the error."""

    async def claim() -> Any:
        async with serving(handler) as host, aiohttp.ClientSession() as session:
            reader = Catalogues(session, SystemClock(), docker_hub=f"http://{port or host}", github=f"http://{host}")
            want = RepositoryTags(registry, "acme/aim-*", "ns")
            try:
                return [name async for name in reader.names(want, Keychain((("ghcr.io", Credentials("u", "t")),)))]
            except RegistryError as error:
                return error

    return run(claim())


@pytest.mark.rule("S-12")
@pytest.mark.parametrize("document", [[], {"results": 3}, {"results": [None, {"name": 7}]}, {"next": 3}])
def test_a_catalogue_of_another_shape_has_no_names(document: Any):
    async def handler(_request: web.Request) -> web.Response:
        return web.json_response(document)

    assert names_of(handler) == []


@pytest.mark.rule("S-13")
def test_packages_of_another_shape_have_no_names():
    async def handler(_request: web.Request) -> web.Response:
        return web.json_response([{"name": "aim-x"}, {"name": None}, 3])

    assert names_of(handler, "ghcr.io") == ["acme/aim-x"]


@pytest.mark.rule("S-12", "D-8")
def test_a_catalogue_that_points_elsewhere_or_is_not_there_is_told():
    async def handler(_request: web.Request) -> web.Response:
        return web.json_response({"results": [], "next": "http://evil.example/"})

    assert names_of(handler).failure_kind is FailureKind.MALFORMED
    gone = names_of(handler, port="127.0.0.1:1")
    assert gone.failure_kind is FailureKind.UNREACHABLE
    assert str(gone).startswith("failed to fetch repos for namespace acme: ")


@pytest.mark.rule("S-12")
def test_a_catalogue_without_end_is_not_followed_for_ever(monkeypatch):
    monkeypatch.setattr(catalogues, "MAX_PAGES", 3)

    async def endless(request: web.Request) -> web.Response:
        if "packages" in request.path:
            return web.json_response([{"name": f"aim-{n}"} for n in range(catalogues.GITHUB_PAGE)])
        return web.json_response({"results": [{"name": "aim-x"}], "next": f"http://{request.host}/v2/more"})

    for registry in ("docker.io", "ghcr.io"):
        assert str(names_of(endless, registry)).endswith("sends more than 3 pages")
