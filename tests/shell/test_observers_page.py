"""One GET of a registry: kinds of refusals, patience, broken answers; and the credentials of the process itself."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from aimcore.facts import Failure, FailureKind, ImageLabels, InspectedImage
from aimctl_runtime.clock import VirtualClock
from aimctl_runtime.observe import page
from aimctl_runtime.observe.registry import ImageInspector
from aimctl_runtime.observe.secrets import Credentials, Keychain, SecretReader

from .doubles import START, ScriptedClient, run
from .registries import VirtualClockThatRuns
from .web import serving

CONFIG = json.dumps({"config": {"Labels": {"a": "b"}}}).encode()
CONFIG_DIGEST = "sha256:" + hashlib.sha256(CONFIG).hexdigest()
MANIFEST = json.dumps({"config": {"digest": CONFIG_DIGEST}}).encode()
MANIFEST_DIGEST = "sha256:" + hashlib.sha256(MANIFEST).hexdigest()


class Replies:
    """A registry that gives these replies first, and then a good image. A reply may be a function."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.logins: list[str] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.logins.append(request.headers.get("Authorization", ""))
        if self.replies:
            reply = self.replies.pop(0)
            return await reply(request) if callable(reply) else reply
        return web.Response(body=MANIFEST if "/manifests/" in request.path else CONFIG)


def inspect(replies: Replies, version: str = ":1", clock: VirtualClock | None = None, **options: Any) -> Any:
    async def claim() -> Any:
        async with serving(replies) as host, aiohttp.ClientSession() as session:
            config = options.get("docker_config")
            if config is not None:
                config.write_text(config.read_text().replace("HOST", host))
            images = ImageInspector(session, SecretReader(ScriptedClient(), config), clock or VirtualClockThatRuns())
            return await images.labels(ImageLabels(f"{host}/a/b{version}", "ns"))

    return run(claim())


def busy(wait: str) -> web.Response:
    return web.json_response({"errors": [{"code": "TOOMANYREQUESTS"}]}, status=429, headers={"Retry-After": wait})


@pytest.mark.rule("D-8", "S-17")
def test_a_short_wait_that_a_registry_asks_for_is_kept_in_place():
    clock = VirtualClockThatRuns()
    assert inspect(Replies(busy("7")), clock=clock).labels == {"a": "b"}
    assert clock.waited == [7.0]


@pytest.mark.rule("D-8", "S-17")
@pytest.mark.parametrize("wait", ["3600", "Mon, 23 Nov 2099 16:00:00 GMT"])
def test_a_long_wait_is_told_and_nobody_is_bothered_meanwhile(wait: str):
    replies, clock = Replies(busy(wait)), VirtualClockThatRuns()
    failure = inspect(replies, clock=clock)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.RATE_LIMITED
    assert "TOOMANYREQUESTS" in failure.message
    assert failure.retry_after in (timedelta(hours=1), page.LONGEST_WAIT)
    assert (len(replies.logins), clock.waited) == (1, [])


@pytest.mark.rule("S-17")
def test_a_registry_that_stays_busy_is_given_up_after_three_attempts():
    failure = inspect(Replies(*(busy("1") for _ in range(9))))
    assert isinstance(failure, Failure)
    assert failure.retry_after == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("5", timedelta(seconds=5)),
        (" 0 ", timedelta(0)),
        ("99999999999999", page.LONGEST_WAIT),
        ("Mon, 23 Nov 2020 00:00:00 GMT", timedelta(0)),
        ("Mon, 23 Nov 2020 00:00:00", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, wait: timedelta | None):
    assert page.read_retry_after(header, START) == wait


@given(st.text(max_size=40))
def test_any_retry_after_is_read_or_left(header: str):
    found = page.read_retry_after(header, START)
    assert found is None or timedelta(0) <= found <= page.LONGEST_WAIT


async def _truncated(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"{")
    assert request.transport is not None
    request.transport.close()
    return response


@pytest.mark.rule("D-8", "M-16")
def test_an_answer_that_ends_early_is_asked_for_again_and_then_unreachable():
    assert inspect(Replies(_truncated, _truncated)).labels == {"a": "b"}
    failure = inspect(Replies(*[_truncated] * 6))
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.UNREACHABLE


@pytest.mark.rule("M-17")
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]},
            "MANIFEST_UNKNOWN: manifest unknown",
        ),
        ({"message": "Bad credentials"}, "Bad credentials"),
        ({"errors": []}, "not found"),
        ({"errors": 3}, "not found"),
        ([1], "not found"),
        ("x", "not found"),
    ],
)
def test_what_a_registry_says_of_its_refusal_is_in_the_message(body: Any, said: str):
    failure = inspect(Replies(web.json_response(body, status=404)))
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.NOT_FOUND
    assert failure.message.endswith(f"answered 404 ({said})")


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_any_error_document_is_read(document: Any):
    assert isinstance(page._said(json.dumps(document).encode()), str)


@pytest.mark.rule("M-15")
def test_the_digest_is_that_of_the_document_that_the_reference_names():
    assert inspect(Replies()) == InspectedImage({"a": "b"}, MANIFEST_DIGEST)
    assert inspect(Replies(), f":1@{MANIFEST_DIGEST}").digest == MANIFEST_DIGEST
    index = json.dumps({"manifests": [{"digest": MANIFEST_DIGEST}]}).encode()
    found = inspect(Replies(web.Response(body=index)))
    assert found == InspectedImage({"a": "b"}, "sha256:" + hashlib.sha256(index).hexdigest())


@pytest.mark.rule("M-15")
def test_a_manifest_that_is_not_what_its_digest_says_is_malformed():
    failure = inspect(Replies(), "@sha256:" + "0" * 64)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.MALFORMED


# ---- the process's own docker configuration -------------------------------------------------------------------------
@pytest.mark.rule("M-13")
def test_without_a_matching_pull_secret_the_processs_own_configuration_is_used(tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"auths": {"HOST": {"username": "u", "password": "p"}}, "credsStore": "x"}))
    challenge = web.Response(status=401, headers={"WWW-Authenticate": "Basic realm=x"})
    replies = Replies(challenge)
    assert inspect(replies, docker_config=config).labels == {"a": "b"}
    assert replies.logins[1] == Credentials("u", "p").basic()


@pytest.mark.rule("M-13", "M-14")
def test_pull_secrets_come_before_the_processs_own_configuration():
    secret, own = Credentials("secret", "s"), Credentials("own", "o")
    chain = Keychain((("ghcr.io", secret),), (("ghcr.io/a", own), ("quay.io", own)))
    assert chain.find("ghcr.io", "a/b") == secret
    assert chain.find("quay.io", "a/b") == own
    assert chain.exactly("quay.io") is None
    assert "own" not in repr(chain)


@pytest.mark.rule("M-13")
@pytest.mark.parametrize("text", ["no json", "[]", '{"auths": 3}', "[" * 100_000])
def test_a_configuration_that_cannot_be_read_is_named(tmp_path, text: str):
    config = tmp_path / "config.json"
    config.write_text(text)
    failure = inspect(Replies(), docker_config=config)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.MALFORMED
    assert "config.json is no valid docker configuration" in failure.message


@pytest.mark.rule("M-13")
def test_no_configuration_is_no_failure(tmp_path):
    async def claim() -> None:
        assert await SecretReader(ScriptedClient(), tmp_path / "gone").keychain("ns", ()) == Keychain()

    run(claim())
