"""Image labels from registries, and every way in which they can say no."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from aimcore.facts import (
    Failure,
    FailureKind,
    ImageLabels,
    InspectedImage,
)
from aimctl_runtime.clock import SystemClock
from aimctl_runtime.observe import distribution, page
from aimctl_runtime.observe.registry import ImageInspector
from aimctl_runtime.observe.secrets import Credentials, SecretReader

from .doubles import ScriptedClient, answer, run, status
from .registries import VirtualClockThatRuns, auth, pull_secret
from .web import serving


class Registry:
    """A registry with one image, and a switch for each way to fail."""

    def __init__(self, **changes: Any) -> None:
        self.config: Any = {"config": {"Labels": {"model.source": "x", "n": 3}}}
        self.blob = json.dumps(self.config).encode()
        self.digest = "sha256:" + hashlib.sha256(self.blob).hexdigest()
        self.manifest: Any = {"schemaVersion": 2, "config": {"digest": self.digest}}
        self.codes: dict[str, list[int]] = {}
        self.login = ""
        self.seen: list[tuple[str, str]] = []
        self.host = ""
        vars(self).update(changes)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        authorization = request.headers.get("Authorization", "")
        self.seen.append((request.path, authorization))
        if request.path == "/token":
            if authorization != Credentials("u", "p").basic():
                return web.Response(status=401)
            return web.json_response({"token": "t0ken"})
        for part, codes in self.codes.items():
            if part in request.path and codes:
                code = codes.pop(0)
                if code == 0:
                    assert request.transport is not None
                    request.transport.close()
                    return web.Response()
                return web.Response(status=code)
        if self.login and authorization not in ("Bearer t0ken", Credentials("u", "p").basic()):
            challenge = self.login.replace("HOST", self.host)
            return web.Response(status=401, headers={"WWW-Authenticate": challenge})
        if "/manifests/" in request.path:
            return web.json_response(self.at(request.path.rsplit("/", 1)[1]))
        return web.Response(body=self.blob)

    def at(self, version: str) -> Any:
        if version == "index":
            return {
                "manifests": [
                    "junk",
                    {"digest": "sha256:arm", "platform": {"os": "linux", "architecture": "arm64"}},
                    {"digest": "child", "platform": {"os": "linux", "architecture": "amd64"}},
                ]
            }
        return {"manifests": []} if version == "empty" else self.manifest


BEARER = 'Bearer realm="http://HOST/token",service="s",scope="repository:a/b:pull"'


def inspect(registry: Registry, version: str = "1.0", *, secret: bool = False) -> Any:
    async def claim() -> Any:
        async with serving(registry) as host, aiohttp.ClientSession() as session:
            registry.host = host
            client = ScriptedClient(answer(200, pull_secret({host: auth("u", "p")})))
            found = ImageInspector(session, SecretReader(client), VirtualClockThatRuns())
            return await found.labels(ImageLabels(f"{host}/a/b:{version}", "ns", ("creds",) if secret else ()))

    return run(claim())


@pytest.mark.parametrize("version", ["1.0", "index"])
@pytest.mark.rule("M-15")
def test_labels_are_read_through_manifest_and_index(version: str):
    found = inspect(Registry(), version)
    assert isinstance(found, InspectedImage)
    assert found.labels == {"model.source": "x"}
    assert found.digest.startswith("sha256:")


@pytest.mark.rule("M-15")
def test_an_image_without_labels_has_none():
    blob = b"{}"
    digest = "sha256:" + hashlib.sha256(blob).hexdigest()
    assert inspect(Registry(blob=blob, manifest={"config": {"digest": digest}})).labels == {}


@pytest.mark.parametrize("login", [BEARER, 'Basic realm="x"'])
@pytest.mark.rule("M-13")
def test_a_login_uses_the_pull_secret(login: str):
    assert inspect(Registry(login=login), secret=True).labels == {"model.source": "x"}


@pytest.mark.parametrize("login", [BEARER, 'Basic realm="x"', "Digest x", "Bearer x=y"])
@pytest.mark.rule("M-16", "D-8")
def test_without_credentials_a_private_image_is_an_auth_failure(login: str):
    failure = inspect(Registry(login=login))
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.AUTH
    assert failure.message.startswith('failed to fetch image "')


@pytest.mark.parametrize(
    ("code", "kind"),
    [(403, FailureKind.AUTH), (404, FailureKind.NOT_FOUND), (429, FailureKind.RATE_LIMITED),
     (418, FailureKind.UNREACHABLE)],
)  # fmt: skip
@pytest.mark.rule("M-16", "D-8")
def test_codes_of_the_registry_have_their_kinds(code: int, kind: FailureKind):
    failure = inspect(Registry(codes={"/manifests/": [code]}))
    assert isinstance(failure, Failure)
    assert failure.kind is kind


@pytest.mark.parametrize("codes", [[503, 500], [0, 0], [502]])
def test_what_may_pass_is_tried_three_times(codes: list[int]):
    assert inspect(Registry(codes={"/manifests/": codes})).labels == {"model.source": "x"}


@pytest.mark.parametrize("codes", [[503, 503, 503, 200], [0] * 9])
@pytest.mark.rule("D-8")
def test_what_does_not_pass_is_unreachable(codes: list[int]):
    failure = inspect(Registry(codes={"/manifests/": codes}))
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.UNREACHABLE


@pytest.mark.parametrize(
    ("changes", "version", "prefix"),
    [
        ({"manifest": {"schemaVersion": 1, "fsLayers": []}}, "1.0", "failed to get image from descriptor"),
        ({}, "empty", "failed to get image from descriptor"),
        ({"manifest": []}, "1.0", "failed to fetch image"),
        ({"blob": b"{} "}, "1.0", "failed to get image config"),
        ({"blob": b"no json", "digest": ""}, "1.0", "failed to get image config"),
    ],
)
@pytest.mark.rule("M-15", "M-17")
def test_documents_that_make_no_sense_are_malformed(changes: Mapping[str, Any], version: str, prefix: str):
    failure = inspect(Registry(**changes), version)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.MALFORMED
    assert failure.message.startswith(prefix)


@pytest.mark.rule("M-17")
def test_a_config_that_is_missing_is_told_as_such():
    failure = inspect(Registry(codes={"/blobs/": [404]}))
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.message[:26]) == (FailureKind.NOT_FOUND, "failed to get image config")


def test_a_password_is_not_sent_to_a_token_service_without_tls():
    async def claim() -> None:
        async with aiohttp.ClientSession() as session:
            registry = distribution.Distribution(session, "ghcr.io", "s", Credentials("u", "p"), SystemClock())
            with pytest.raises(page.RegistryError) as caught:
                await registry._log_in('Bearer realm="http://evil.example/token"', "https://ghcr.io/v2/")
            assert caught.value.failure_kind is FailureKind.AUTH

    run(claim())


@asynccontextmanager
async def speaking(handler: Any, registry: str = "") -> AsyncIterator[distribution.Distribution]:
    async with serving(handler) as host, aiohttp.ClientSession() as session:
        yield distribution.Distribution(
            session, registry or host, "scope", Credentials("u", "p"), VirtualClockThatRuns()
        )


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (web.Response(status=403), FailureKind.AUTH),
        (web.Response(text="no json"), FailureKind.MALFORMED),
        (web.json_response({"token": ""}), FailureKind.AUTH),
        (web.json_response([]), FailureKind.AUTH),
    ],
)
@pytest.mark.rule("M-16")
def test_a_token_service_that_gives_no_token_is_told(token: web.Response, kind: FailureKind):
    async def claim() -> None:
        async def handler(request: web.Request) -> web.Response:
            if request.path == "/token":
                return token
            realm = f'Bearer realm="http://{request.host}/token"'
            return web.Response(status=401, headers={"WWW-Authenticate": realm})

        async with speaking(handler) as registry:
            with pytest.raises(page.RegistryError) as caught:
                await registry.get("/v2/x")
            assert caught.value.failure_kind is kind

    run(claim())


def test_answers_that_are_too_large_or_no_json_are_malformed(monkeypatch):
    monkeypatch.setattr(page, "MAX_BODY", 10)

    async def claim() -> None:
        async def handler(request: web.Request) -> web.Response:
            return web.Response(text="x" * (100 if "large" in request.path else 5))

        async with speaking(handler) as registry:
            with pytest.raises(page.RegistryError) as caught:
                await registry.get("/large")
            assert caught.value.failure_kind is FailureKind.MALFORMED
            small = await registry.get("/small")
            with pytest.raises(page.RegistryError):
                small.json()

    run(claim())


def test_a_registry_that_is_silent_is_unreachable(monkeypatch):
    monkeypatch.setattr(page, "TIMEOUT", aiohttp.ClientTimeout(total=0.05))

    async def claim() -> None:
        async def handler(_request: web.Request) -> web.Response:
            await asyncio.sleep(5)
            return web.Response()

        async with speaking(handler) as registry:
            with pytest.raises(page.RegistryError) as caught:
                await registry.get("/v2/x")
            assert caught.value.failure_kind is FailureKind.UNREACHABLE

    run(claim())


def test_pages_without_end_are_not_followed_for_ever(monkeypatch):
    monkeypatch.setattr(distribution, "MAX_PAGES", 3)

    async def claim() -> None:
        async def handler(_request: web.Request) -> web.Response:
            return web.json_response({}, headers={"Link": '</v2/again>; rel="next"'})

        async with speaking(handler) as registry:
            pages = registry.pages("/v2/x")
            assert [(await anext(pages)).json() for _ in range(3)] == [{}, {}, {}]
            with pytest.raises(page.RegistryError) as caught:
                await anext(pages)
            assert caught.value.failure_kind is FailureKind.MALFORMED

    run(claim())


@pytest.mark.rule("M-10", "M-12")
def test_an_image_that_cannot_be_parsed_hides_a_missing_secret_and_asks_nobody():
    async def claim() -> None:
        client = ScriptedClient(status(404, "NotFound"))
        async with aiohttp.ClientSession() as session:
            images = ImageInspector(session, SecretReader(client), SystemClock())
            bad = await images.labels(ImageLabels("UPPER", "ns", ("creds",)))
            assert isinstance(bad, Failure)
            assert bad.kind is FailureKind.MALFORMED
            assert client.requests == []
            missing = await images.labels(ImageLabels("x.invalid/a/b", "ns", ("creds",)))
            assert missing == Failure(
                FailureKind.SECRET_NOT_FOUND, 'imagePullSecret "creds" not found in namespace "ns"'
            )

    run(claim())


def test_a_registry_that_is_not_there_is_unreachable():
    async def claim() -> None:
        async with aiohttp.ClientSession() as session:
            images = ImageInspector(session, SecretReader(ScriptedClient()), SystemClock())
            failure = await images.labels(ImageLabels("127.0.0.1:1/a/b", "ns"))
            assert isinstance(failure, Failure)
            assert failure.kind is FailureKind.UNREACHABLE

    run(claim())
