"""The reflector against a scripted server: what the API server may do to a list-and-watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import pytest

from aimcore.cluster.kinds import KINDS
from aimcore.snapshot import NotInstalled, Unreadable
from aimcore.wire import Request
from aimctl_runtime.clock import VirtualClock, pause
from aimctl_runtime.reflector import ABSENT, FIRST_PAUSE, FORBIDDEN_PAUSE, SILENCE, Reflector
from aimctl_runtime.store import Store
from aimctl_runtime.transport import Stream, UnreachableError
from aimctl_runtime.watched import Watched, watched_kinds

from .doubles import START, Lines, ScriptedClient, answer, event, listing, log_into, run, settle, status, thing

PODS = Watched(KINDS["Pod"], labels="a")


class Scene:
    """A reflector at work."""

    def __init__(self, *replies: Any, streams: Any = (), codes: Any = (), watched: Watched = PODS) -> None:
        self.clock = VirtualClock(START)
        self.client = ScriptedClient(*replies)
        self.client.streams, self.client.stream_codes = list(streams), list(codes)
        self.lines = Lines()
        self.store = Store(lambda *_, **__: None, planned=())
        self.reflector = Reflector(watched, self.client, self.store, self.clock, log_into(self.lines, self.clock))

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.reflector.run())
        await settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert not self.task.done(), self.task
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def wait(self, seconds: float) -> None:
        for _ in range(10):
            self.clock.advance(seconds / 10)
            await settle()

    @property
    def names(self) -> list[str]:
        return [key.name for key in self.store.table.keys("Pod")]

    @property
    def availability(self) -> Any:
        return self.store.table.availability("Pod")

    @property
    def verbs(self) -> list[str]:
        return [request.verb for request in self.client.requests]


def bare(name: str, version: int = 1) -> dict[str, Any]:
    """An item of a built-in kind's list: without kind and apiVersion."""
    whole = thing("Pod", name, version)
    return {"metadata": whole["metadata"]}


@pytest.mark.rule("F-130", "F-136")
def test_pages_are_followed_and_the_watch_begins_at_their_version():
    async def claim() -> None:
        async with Scene(listing(bare("a"), version=7, token="t"), listing(bare("b"), version=7)) as scene:
            assert scene.names == ["a", "b"]
            first, second, watch = scene.client.requests
            assert ("limit", "500") in first.query
            assert ("labelSelector", "a") in first.query
            assert ("continue", "t") in second.query
            assert dict(watch.query)["resourceVersion"] == "7"
            assert dict(watch.query)["allowWatchBookmarks"] == "true"
            assert "timeoutSeconds" in dict(watch.query)
            assert scene.availability is None

    run(claim())


@pytest.mark.rule("F-133", "F-135")
def test_events_are_learnt_and_a_resumed_watch_begins_after_the_last_one():
    async def claim() -> None:
        lines = [
            event("ADDED", thing("Pod", "a", 8)),
            event("ADDED", thing("Pod", "b", 9)),
            event("DELETED", thing("Pod", "a", 10)),
            b"",
            event("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": "55"}}),
        ]
        async with Scene(listing(version=7), streams=[lines]) as scene:
            await scene.wait(1)
            assert scene.names == ["b"]
            assert scene.verbs == ["list", "watch", "watch"]
            assert dict(scene.client.requests[-1].query)["resourceVersion"] == "55"

    run(claim())


@pytest.mark.parametrize("gone", ["event", "code"])
@pytest.mark.rule("F-103", "F-137")
def test_a_version_that_is_too_old_means_a_new_list_which_finds_missed_deletions(gone: str):
    async def claim() -> None:
        expired = status(410, "Expired", "too old resource version: 1 (357)").body
        line = b'{"type":"ERROR","object":' + expired + b"}"
        streams, codes = ([[line]], []) if gone == "event" else ([[expired]], [410])
        replies = (listing(bare("a"), bare("b")), listing(bare("b", 9), version=9))
        async with Scene(*replies, streams=streams, codes=codes) as scene:
            await scene.wait(1)
            assert scene.verbs[:3] == ["list", "watch", "list"]
            assert scene.names == ["b"]

    run(claim())


@pytest.mark.rule("F-132")
def test_a_continuation_that_expires_is_made_good_by_one_whole_list():
    async def claim() -> None:
        replies = (listing(bare("a"), token="t"), status(410, "Expired"), listing(bare("a"), bare("b")))
        async with Scene(*replies) as scene:
            assert scene.names == ["a", "b"]
            assert "limit" not in dict(scene.client.requests[2].query)

    run(claim())


@pytest.mark.parametrize(
    "trouble",
    [UnreachableError("reset", sent=True), b'{"type":"ADDED","obj', b"[]", b'{"type":"ERROR","object":{"code":500}}'],
)
def test_a_watch_that_breaks_is_resumed_after_a_pause_and_the_picture_stays(trouble: Any):
    async def claim() -> None:
        streams = [[event("ADDED", thing("Pod", "a", 8)), trouble]]
        async with Scene(listing(version=7), streams=streams) as scene:
            assert scene.verbs == ["list", "watch"]
            assert scene.names == ["a"]
            await scene.wait(2)
            assert scene.verbs == ["list", "watch", "watch"]
            assert dict(scene.client.requests[-1].query)["resourceVersion"] == "8"
            assert scene.availability is None

    run(claim())


def test_a_watch_that_is_refused_for_a_moment_is_tried_again():
    async def claim() -> None:
        streams = [[b"Too many requests, please try again later."]]
        async with Scene(listing(version=7), streams=streams, codes=[429]) as scene:
            await scene.wait(2)
            assert scene.verbs == ["list", "watch", "watch"]

    run(claim())


def test_repeated_trouble_is_met_with_growing_pauses():
    async def claim() -> None:
        broken = UnreachableError("reset", sent=True)
        async with Scene(listing(version=7), streams=[[broken]] * 500) as scene:
            await scene.wait(60)
            assert 4 <= scene.verbs.count("watch") <= 12

    run(claim())


@pytest.mark.rule("F-92", "D-34")
def test_a_kind_that_is_not_served_is_a_fact_and_is_picked_up_when_it_appears():
    async def claim() -> None:
        async with Scene(answer(404, "404 page not found\n"), listing(bare("a"))) as scene:
            assert scene.availability == NotInstalled("Pod")
            assert scene.reflector.first.is_set()
            await scene.wait(ABSENT * 1.3)
            assert scene.names == ["a"]
            assert scene.availability is None
            assert any("install the CRD of Pod" in line["msg"] for line in scene.lines.messages)

    run(claim())


def test_a_kind_that_goes_takes_its_objects_with_it():
    async def claim() -> None:
        replies = (listing(bare("a")), answer(404, "404 page not found"))
        async with Scene(*replies, streams=[[b"404 page not found"]], codes=[404]) as scene:
            await scene.wait(1)
            assert scene.names == []
            assert scene.availability == NotInstalled("Pod")

    run(claim())


@pytest.mark.rule("F-95", "D-34")
def test_a_kind_that_may_not_be_read_is_told_once_with_the_remedy():
    async def claim() -> None:
        refused = status(403, "Forbidden", 'pods is forbidden: User "x" cannot list resource "pods"')
        async with Scene(refused, refused, listing(bare("a"))) as scene:
            assert isinstance(scene.availability, Unreadable)
            assert scene.availability.reason == "Forbidden"
            assert scene.reflector.first.is_set()
            await scene.wait(FORBIDDEN_PAUSE * 1.3)
            errors = [line for line in scene.lines.messages if line["level"] == "error"]
            assert len(errors) == 1
            assert "grant list and watch on pods" in errors[0]["msg"]
            await scene.wait(FORBIDDEN_PAUSE * 1.3)
            assert scene.names == ["a"]

    run(claim())


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (UnreachableError("connection refused", sent=False, reason="ConnectionRefused"), "ConnectionRefused"),
        (UnreachableError("no such host", sent=False, reason="DNSFailure"), "DNSFailure"),
        (answer(429, "Too many requests, please try again later.", Retry_After="1"), "RateLimited"),
        (status(429, "TooManyRequests"), "RateLimited"),
        (status(500, "InternalError"), "ServiceUnavailable"),
        (status(503, "ServiceUnavailable"), "ServiceUnavailable"),
        (status(504, "Timeout"), "Timeout"),
        (answer(502, "<html>Bad gateway</html>"), "ServerError"),
        (answer(400, "<html>Bad request</html>"), "ClientError"),
        (answer(200, '{"items": [{"meta'), "UnknownError"),
        (answer(200, {"items": "junk"}), "UnknownError"),
        (answer(200, "<html>Log in</html>"), "UnknownError"),
    ],
)
@pytest.mark.rule("F-99", "F-100", "R-11.3")
def test_a_first_list_that_fails_makes_the_kind_unreadable_by_a_reason_of_ours_until_it_succeeds(
    trouble: Any, reason: str
):
    async def claim() -> None:
        async with Scene(trouble, listing(bare("a"))) as scene:
            assert isinstance(scene.availability, Unreadable)
            assert scene.availability.reason == reason
            await scene.wait(2)
            assert scene.names == ["a"]
            assert scene.availability is None

    run(claim())


def test_a_later_list_that_fails_leaves_the_picture_until_the_third_time():
    async def claim() -> None:
        trouble = UnreachableError("connection refused", sent=False)
        expired = [[status(410, "Expired").body]]
        replies = (listing(bare("a")), trouble, trouble, trouble, listing(bare("a")))
        async with Scene(*replies, streams=expired, codes=[410]) as scene:
            await scene.wait(0.4)
            assert scene.availability is None
            while scene.verbs.count("list") < 4:
                await scene.wait(0.4)
            assert isinstance(scene.availability, Unreadable)
            assert scene.names == ["a"]
            await scene.wait(10)
            assert scene.availability is None

    run(claim())


def test_a_server_that_ends_every_watch_at_once_is_not_asked_without_pause():
    async def claim() -> None:
        async with Scene(listing(version=7), streams=[[]] * 1000) as scene:
            await scene.wait(1)
            assert scene.verbs.count("watch") <= 101

    run(claim())


def test_pods_jobs_and_events_are_never_watched_whole_and_secrets_not_at_all():
    rows = watched_kinds(dedicated_accounts=True)
    for row in rows:
        assert row.kind.kind not in ("Secret", "Lease")
        if row.kind.kind in ("Pod", "Job", "Event"):
            assert row.labels or row.fields
    assert len({row.source for row in rows}) == len(rows)
    assert "Role" not in {row.kind.kind for row in watched_kinds()}


class SilentClient(ScriptedClient):
    """A server that takes every watch and then says nothing, not even bookmarks."""

    def __init__(self, clock: VirtualClock, *replies: Any) -> None:
        super().__init__(*replies)
        self.clock = clock

    @asynccontextmanager
    async def stream(self, request: Request, *, silence: float) -> AsyncIterator[Stream]:
        self.requests.append(request)
        yield Stream(200, self._nothing(silence))

    async def _nothing(self, silence: float) -> AsyncIterator[bytes]:
        await pause(self.clock, silence)
        raise UnreachableError("no byte came", sent=True)
        yield b""


@pytest.mark.rule("F-136")
def test_a_watch_that_is_silent_again_and_again_is_resumed_without_delay_each_time():
    async def claim() -> None:
        clock = VirtualClock(START)
        client = SilentClient(clock, listing(version=7))
        store = Store(lambda *_, **__: None, planned=())
        task = asyncio.create_task(Reflector(PODS, client, store, clock, log_into(Lines())).run())
        await settle()
        for resumed in range(1, 10):
            clock.advance(SILENCE)
            await settle()
            clock.advance(FIRST_PAUSE)
            await settle()
            assert [r.verb for r in client.requests] == ["list", "watch", *["watch"] * resumed]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(claim())
