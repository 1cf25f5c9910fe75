"""Edge: answers of registries and their catalogues. Any answers give a listing, labels or a `Failure`.

The client speaks real HTTP with a server on the loopback address that answers what Hypothesis draws.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from aimcore.facts import Failure, ImageLabels, InspectedImage, RepositoryListing, RepositoryTags
from aimctl_runtime.observe.distribution import _PARAMETER, next_address, next_page
from aimctl_runtime.observe.listing import TagLister
from aimctl_runtime.observe.page import LONGEST_WAIT, Page, RegistryError, _said, read_retry_after
from aimctl_runtime.observe.registry import ImageInspector
from aimctl_runtime.observe.secrets import Credentials, Keychain
from fuzz.bounds import answer_or, assert_linear, cpu_within
from fuzz.inputs import DEEP, NASTY_TEXTS, effort, json_bodies, json_values, texts
from shell.doubles import run
from shell.registries import VirtualClockThatRuns
from shell.web import serving

NOW = datetime(2026, 11, 23, tzinfo=UTC)
MEMBERS = ("tags", "repositories", "results", "next", "name", "manifests", "config", "digest", "platform", "os",
           "architecture", "Labels", "errors", "code", "message", "token", "access_token")  # fmt: skip
DIGEST = "sha256:" + "0" * 64
WORDS = (
    "1.0",
    "org/a",
    "linux",
    "amd64",
    DIGEST,
    "http://[",
    "//x:99999/",
    "?page=2",
    "http://HOST/v2/a?page=2",
    "/v2/_catalog",
)
DOCUMENTS = json_values(MEMBERS, WORDS).map(json.dumps).map(str.encode) | st.sampled_from(
    [json.dumps(d).encode() for d in (
        {"tags": ["1.0", "\ud800", "a" * 500]}, {"repositories": ["org/a", "org/..", "org/%2f", "org/é\ud800",
        "org/ ?#"]},
        {"manifests": [{"digest": "\ud800"}, {"digest": "../x?y#z \r\n"}]}, {"config": {"digest": "http://[/"}},
        {"results": [{"name": "a"}], "next": "http://["}, {"results": [], "next": "//evil/"}, {"token": "a\r\nb"},
        {"token": "\ud800"},
        [{"name": "a"}] * 100, {"config": {"Labels": {"a": "\ud800"}}}, {"errors": []}, {"errors": [{"code": 5}]},
    )]
)  # fmt: skip
LINKS = st.sampled_from(
    ['</v2/x?n=1>; rel="next"', '<http://[>; rel="next"', "<//evil/>; rel=next", "<" * 4000, '<>; rel="next"', ""]
)
CHALLENGES = st.sampled_from([
    'Bearer realm="http://HOST/token",service="s"', 'Bearer realm="http://["', 'Bearer realm="https://HOST:99999/"',
    "Basic", "Bearer",
    'Bearer realm="ftp://x"', 'bearer realm="http://HOST/token"', "a" * 4000, 'Bearer realm=""',
    'Bearer realm="/token"', "",
])  # fmt: skip
WAITS = st.sampled_from(["", "0", "5", "9" * 5000, "²", "-1", "Mon, 20 Nov 1995 19:12:08 +99999999999999999999",
                         "Mon, 20 Nov 99999 00:00:00 GMT", "Mon, 20 Nov 2096 00:00:00 GMT", "nonsense"])  # fmt: skip
ANSWERS = st.tuples(
    st.sampled_from([200, 200, 200, 401, 403, 404, 429, 500, 301, 418]),
    DOCUMENTS | json_bodies(MEMBERS),
    st.fixed_dictionaries({}, optional={"Link": LINKS, "WWW-Authenticate": CHALLENGES, "Retry-After": WAITS,
                                        "Content-Type": st.sampled_from(["", "a/b",
                                        "application/json; charset=\u00e9"])}),
)  # fmt: skip
CREDENTIALS = st.sampled_from([("u", "p"), ("\ud800", "p"), ("u", "p\r\nX: y"), ("é", "\x00"), ("", "")])


class Script:
    """A registry that gives one drawn answer after the other, and the last one for ever."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers
        self.host = ""
        self.asked = 0

    async def __call__(self, _request: web.Request) -> web.StreamResponse:
        code, body, headers = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        filled = {name: value.replace("HOST", self.host) for name, value in headers.items() if value}
        if code == 301:
            filled["Location"] = "http://["
        return web.Response(status=code, body=body.replace(b"HOST", self.host.encode()), headers=filled)


class Secrets:
    """Pull secrets whose credentials fit every registry."""

    def __init__(self, credentials: tuple[str, str], host: str) -> None:
        entry = Credentials(*credentials)
        self._keychain = Keychain(((host, entry), ("ghcr.io", entry)))

    async def keychain(self, *_: object, **__: object) -> Keychain:
        return self._keychain


async def observed(script: Script, credentials: tuple[str, str]) -> Iterator[Any]:
    async with serving(script) as host, aiohttp.ClientSession() as session:
        script.host = host
        secrets: Any = Secrets(credentials, host)
        clock = VirtualClockThatRuns()
        lister = TagLister(session, secrets, clock, docker_hub=f"http://{host}", github=f"http://{host}")
        found: list[Any] = [
            await lister.tags(RepositoryTags(registry, repository, "ns", ("s",)))
            for registry, repository in ((host, "org/a"), (host, "org/*"), ("docker.io", "org/*"), ("ghcr.io", "org/*"))
        ]
        inspector = ImageInspector(session, secrets, clock)
        found.append(await inspector.labels(ImageLabels(f"{host}/org/a:1", "ns", ("s",))))
        return iter(found)


@effort(40)
@given(st.lists(ANSWERS, min_size=1, max_size=5), CREDENTIALS)
def test_any_answers_of_a_registry_give_an_answer_or_a_failure(
    answers: list[Any], credentials: tuple[str, str]
) -> None:
    with cpu_within():
        found = list(run(observed(Script(answers), credentials)))
    assert all(isinstance(one, RepositoryListing | Failure) for one in found[:4])
    assert isinstance(found[4], InspectedImage | Failure)
    for failure in (one for one in found if isinstance(one, Failure)):
        assert failure.message
        assert "p\r\nX" not in failure.message, "no password in a message"


@pytest.mark.parametrize(
    "credentials", [("\ud800", "p"), ("u", "p\r\nX: y"), ("u", "\x00")], ids=["half", "lines", "NUL"]
)
def test_credentials_that_cannot_be_sent_are_a_failure_that_says_so(credentials: tuple[str, str]) -> None:
    challenge = (401, b"", {"WWW-Authenticate": "Basic"})
    found = list(run(observed(Script([challenge]), credentials)))
    assert all(isinstance(one, Failure) for one in found)


@pytest.mark.parametrize(
    "image", [*NASTY_TEXTS, "[.x/a/b", "[::1]:5000/a/b", "a.b:99999/c/d", "a b.c/d/e", "x.y\r\n/d/e", "é.local/d/e"]
)
def test_any_text_as_an_image_is_a_failure_that_names_it(image: str) -> None:
    async def inspect() -> Any:
        async with aiohttp.ClientSession() as session:
            secrets: Any = Secrets(("u", "p"), "h")
            return await ImageInspector(session, secrets, VirtualClockThatRuns()).labels(ImageLabels(image, "ns", ()))

    if not _is_real(image):
        assert isinstance(run(inspect()), Failure)


def _is_real(image: str) -> bool:
    """Whether the text names an image of a registry that may exist: nobody is asked from here."""
    from aimctl_runtime.observe.reference import Reference, read_reference

    found = read_reference(image)
    return isinstance(found, Reference) and found.registry == "index.docker.io"


@effort(120)
@given(texts() | st.text(alphabet='<>;rel="nxt ,/\\[]:', max_size=60), texts())
def test_any_link_is_an_address_on_the_same_host_or_an_error(link: str, url: str) -> None:
    following = next_page(link)
    for base in ("https://r.io/v2/a", url):
        answer_or((RegistryError,), lambda base=base: next_address(base, following, "r.io"))


@effort(150)
@given(texts() | st.text(alphabet="0123456789 ,:+-MonJaGT", max_size=50) | WAITS)
def test_any_retry_after_is_a_bounded_wait_or_none(header: str) -> None:
    wait = read_retry_after(header, NOW)
    assert wait is None or 0 <= wait.total_seconds() <= LONGEST_WAIT.total_seconds()


@effort(150)
@given(json_bodies(MEMBERS))
def test_any_body_is_a_document_or_an_error(body: bytes) -> None:
    answer_or((RegistryError,), Page(body).json)
    assert len(_said(body)) <= 200


@pytest.mark.parametrize(
    "body", [b"[" * DEEP, b'{"errors":' * DEEP, b"9" * 5000, b"\xff", b"", b'{"errors":[{"message":' + b"[" * DEEP]
)
def test_a_hostile_body_is_an_error(body: bytes) -> None:
    with cpu_within(), pytest.raises(RegistryError):
        Page(body).json()
    assert _said(body) == ""


@pytest.mark.parametrize(("read", "made"), [
    (next_page, lambda n: "<" * n), (next_page, lambda n: "<a>;" * n), (next_page, lambda n: "<a>" + " " * n),
    (lambda text: dict(_PARAMETER.findall(text)), lambda n: "a" * n), (lambda text: _PARAMETER.findall(text),
    lambda n: 'a="' * n),
    (lambda text: read_retry_after(text, NOW), lambda n: "1 " * n), (lambda text: read_retry_after(text, NOW),
    lambda n: "9" * n),
    (lambda text: read_retry_after(text, NOW), lambda n: "Mon, " + "20 " * n), (lambda text: _said(text.encode()),
    lambda n: "[" + "1," * n),
], ids=range(9))  # fmt: skip
def test_work_grows_with_the_header(read: Any, made: Any) -> None:
    assert_linear(read, made, 5_000)
