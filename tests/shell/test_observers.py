"""Observers: registries, secrets and logs, and every way in which they can say no."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from aimcore.facts import (
    Answer,
    Failure,
    FailureKind,
    ImageLabels,
    InspectedImage,
    PodLog,
    RepositoryListing,
    RepositoryTags,
    SecretExists,
    Want,
)
from aimctl_runtime.clock import SystemClock, VirtualClock
from aimctl_runtime.observe import distribution, page
from aimctl_runtime.observe.catalogues import Catalogues as CatalogueReader
from aimctl_runtime.observe.desk import AnsweringDesk
from aimctl_runtime.observe.listing import TagLister, glob
from aimctl_runtime.observe.pod_logs import PodLogReader
from aimctl_runtime.observe.reference import BadReference, Reference, may_be_plain, read_reference
from aimctl_runtime.observe.registry import ImageInspector
from aimctl_runtime.observe.secrets import Credentials, Keychain, SecretReader, credentials_of
from aimctl_runtime.scopes import background
from aimctl_runtime.transport import UnreachableError

from .doubles import START, Lines, ScriptedClient, answer, log_into, run, settle, status
from .web import serving


# ---- references -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("image", "registry", "repository", "version"),
    [
        ("ubuntu", "index.docker.io", "library/ubuntu", "latest"),
        ("docker.io/ubuntu:22.04", "index.docker.io", "library/ubuntu", "22.04"),
        ("amd/aim-base:0.9", "index.docker.io", "amd/aim-base", "0.9"),
        ("ghcr.io/silogen/aim:1.0", "ghcr.io", "silogen/aim", "1.0"),
        ("host:5000/a/b", "host:5000", "a/b", "latest"),
        ("localhost/x", "index.docker.io", "localhost/x", "latest"),
        ("ghcr.io/a/b:", "ghcr.io", "a/b", "latest"),
        ("ghcr.io/a/b:1@sha256:" + "a" * 64, "ghcr.io", "a/b", "sha256:" + "a" * 64),
    ],
)
@pytest.mark.rule("M-10")
def test_references_are_read_leniently(image: str, registry: str, repository: str, version: str):
    assert read_reference(image) == Reference(registry, repository, version)


@pytest.mark.parametrize("image", ["", "UPPER/case", "ghcr.io/a b", "a/b:ta g", "a/b@sha256:zz", "ghcr.io/"])
@pytest.mark.rule("M-10")
def test_what_is_no_reference_is_told(image: str):
    bad = read_reference(image)
    assert isinstance(bad, BadReference)
    assert bad.message.startswith(f'failed to parse image reference "{image}"')


@given(st.text(max_size=30))
@pytest.mark.rule("M-10")
def test_reading_a_reference_never_raises(image: str):
    assert isinstance(read_reference(image), Reference | BadReference)


@pytest.mark.parametrize(
    ("host", "plain"),
    [("localhost:5000", True), ("127.0.0.1", True), ("10.1.2.3:80", True), ("172.20.0.1", True), ("192.168.1.1", True),
     ("reg.local", True), ("[::1]", True), ("ghcr.io", False), ("8.8.8.8", False), ("172.32.0.1", False)],
)  # fmt: skip
@pytest.mark.rule("M-15")
def test_plain_http_is_only_for_near_hosts(host: str, plain: bool):
    assert may_be_plain(host) is plain


# ---- secrets --------------------------------------------------------------------------------------------------------
def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def auth(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def pull_secret(auths: Any) -> dict[str, Any]:
    return {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": encoded({"auths": auths})}}


@pytest.mark.rule("M-13")
def test_both_types_of_pull_secrets_are_read_and_others_skipped():
    old = {"type": "kubernetes.io/dockercfg", "data": {".dockercfg": encoded({"a.io": auth("u", "p")})}}
    assert credentials_of(old) == [("a.io", Credentials("u", "p"))]
    plain = pull_secret({"b.io": {"username": "u", "password": "p"}, "c.io": "junk", "d.io": {"auth": "!"}, "e": {}})
    assert credentials_of(plain) == [("b.io", Credentials("u", "p"))]
    assert credentials_of({"type": "Opaque", "data": {"x": "y"}}) == []
    assert credentials_of({"type": "kubernetes.io/dockerconfigjson", "data": {}}) == []
    for junk in ("###", encoded("text"), encoded({"auths": 3}), 7):
        broken = {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": junk}}
        assert credentials_of(broken) is None


def test_credentials_never_show_themselves():
    assert "hunter2" not in repr(Keychain((("a", Credentials("hunter2", "hunter2")),)))
    assert "hunter2" not in repr(Credentials("hunter2", "hunter2"))


@pytest.mark.parametrize(
    ("key", "registry", "repository", "matches"),
    [
        ("https://index.docker.io/v1/", "index.docker.io", "library/x", True),
        ("docker.io", "index.docker.io", "library/x", False),
        ("ghcr.io", "ghcr.io", "a/b", True),
        ("ghcr.io/a", "ghcr.io", "a/b", True),
        ("ghcr.io/c", "ghcr.io", "a/b", False),
        ("*.amd.com", "reg.amd.com", "a/b", True),
        ("*.amd.com", "x.reg.amd.com", "a/b", False),
        ("host:5000", "host", "a/b", False),
        ("http://host:5000/v2/", "host:5000", "a/b", True),
        ("host:5000/v2", "host:5000", "a/b", True),
    ],
)
@pytest.mark.rule("M-14")
def test_keys_match_by_port_labels_and_path(key: str, registry: str, repository: str, matches: bool):
    found = Keychain(((key, Credentials("u", "p")),)).find(registry, repository)
    assert (found is not None) is matches


@pytest.mark.rule("M-14")
def test_longer_paths_and_earlier_secrets_win():
    chain = Keychain(
        (
            ("ghcr.io", Credentials("short", "")),
            ("ghcr.io/a", Credentials("first", "")),
            ("ghcr.io/a", Credentials("second", "")),
        )
    )
    found = chain.find("ghcr.io", "a/b")
    assert found is not None
    assert found.user == "first"
    assert chain.exactly("ghcr.io") == Credentials("short", "")
    assert chain.exactly("x") is None


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (status(404, "NotFound"), FailureKind.SECRET_NOT_FOUND),
        (status(403, "Forbidden"), FailureKind.FORBIDDEN),
        (status(500, "InternalError"), FailureKind.UNREACHABLE),
        (UnreachableError("down", sent=False), FailureKind.UNREACHABLE),
        (answer(200, {"type": "kubernetes.io/dockercfg", "data": {".dockercfg": "?"}}), FailureKind.MALFORMED),
    ],
)
@pytest.mark.rule("M-12", "D-8")
def test_a_pull_secret_that_cannot_be_used_is_named(reply: Any, kind: FailureKind):
    async def claim() -> None:
        failure = await SecretReader(ScriptedClient(reply)).keychain("ns", ["creds"])
        assert isinstance(failure, Failure)
        assert failure.kind is kind
        assert "creds" in failure.message

    run(claim())


def test_whether_a_secret_exists_is_answered():
    async def claim() -> None:
        client = ScriptedClient(answer(200, {"data": {"x": "c2VjcmV0"}}), status(404, "NotFound"), status(403, "x"))
        reader = SecretReader(client)
        assert await reader.exists(SecretExists("ns", "a")) is True
        assert await reader.exists(SecretExists("ns", "a")) is False
        denied = await reader.exists(SecretExists("ns", "a"))
        assert isinstance(denied, Failure)
        assert denied.kind is FailureKind.FORBIDDEN

    run(claim())


# ---- image labels ---------------------------------------------------------------------------------------------------
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


class VirtualClockThatRuns(VirtualClock):
    """A clock on which pauses cost nothing."""

    def __init__(self) -> None:
        super().__init__(START)

    async def sleep_until(self, moment: float) -> None:
        self.advance(max(0.0, moment - self.monotonic()))
        await asyncio.sleep(0)


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


# ---- tags -----------------------------------------------------------------------------------------------------------
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
    assert bool(glob(pattern).fullmatch(name)) is matches


# ---- pod logs -------------------------------------------------------------------------------------------------------
LOG = PodLog("ns", "p", "u1", "main", lines=50, previous=True)
POD = answer(200, {"metadata": {"uid": "u1"}})


def test_the_log_of_exactly_that_pod_is_read():
    async def claim() -> None:
        client = ScriptedClient(POD, answer(200, "last words\n"), POD, answer(200, '{"json": 1}'))
        reader = PodLogReader(client)
        assert await reader.read(LOG) == "last words\n"
        assert dict(client.requests[1].query) == {
            "container": "main", "tailLines": "50", "previous": "true", "limitBytes": str(16 * 1024 * 1024)
        }  # fmt: skip
        assert await reader.read(PodLog("ns", "p", "u1", "main", lines=None)) == '{"json": 1}'
        assert "tailLines" not in dict(client.requests[3].query)

    run(claim())


@pytest.mark.parametrize(
    ("replies", "kind"),
    [
        ([answer(200, {"metadata": {"uid": "successor"}})], FailureKind.NOT_FOUND),
        ([answer(200, [])], FailureKind.NOT_FOUND),
        ([status(404, "NotFound")], FailureKind.NOT_FOUND),
        ([POD, status(400, "BadRequest", "container is waiting to start")], FailureKind.NOT_FOUND),
        ([POD, status(403, "Forbidden")], FailureKind.FORBIDDEN),
        ([POD, answer(429, "busy")], FailureKind.RATE_LIMITED),
        ([POD, answer(502, "proxy")], FailureKind.UNREACHABLE),
        ([UnreachableError("down", sent=True)], FailureKind.UNREACHABLE),
    ],
)
def test_a_log_that_cannot_be_had_says_why(replies: list[Any], kind: FailureKind):
    async def claim() -> None:
        failure = await PodLogReader(ScriptedClient(*replies)).read(LOG)
        assert isinstance(failure, Failure)
        assert failure.kind is kind
        assert "ns/p" in failure.message

    run(claim())


# ---- the desk -------------------------------------------------------------------------------------------------------
def test_equal_questions_are_answered_once_and_only_so_many_at_a_time():
    async def claim() -> None:
        learnt: list[tuple[Want, Answer]] = []
        running, most = 0, 0
        gate = asyncio.Event()

        async def observe(want: SecretExists) -> bool:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await gate.wait()
            running -= 1
            return want.name == "0"

        desk = AnsweringDesk(
            {SecretExists: observe}, lambda *pair: learnt.append(pair), VirtualClock(START), log_into(Lines()),
            at_once=2,
        )  # fmt: skip
        async with background() as tasks:
            desk.ask(SecretExists("ns", "0"))
            await tasks.start(desk.run)
            for number in range(5):
                desk.ask(SecretExists("ns", str(number)))
                desk.ask(SecretExists("ns", str(number)))
            await settle()
            assert not desk.is_idle
            gate.set()
            await settle()
            assert desk.is_idle
            assert most == 2
            assert [pair[1].value for pair in learnt] == [True, False, False, False, False]
            assert learnt[0][1].at == START
            desk.ask(SecretExists("ns", "0"))
            await settle()
            assert len(learnt) == 6

    run(claim())


def test_an_observer_that_raises_and_one_that_is_missing_give_failures():
    async def claim() -> None:
        learnt: list[Any] = []
        lines = Lines()

        async def observe(_want: Any) -> None:
            raise RuntimeError("boom")

        desk = AnsweringDesk(
            {SecretExists: observe}, lambda _, found: learnt.append(found.value), VirtualClock(START), log_into(lines)
        )
        async with background() as tasks:
            await tasks.start(desk.run)
            desk.ask(SecretExists("ns", "x"))
            desk.ask(LOG)
            await settle()
        assert {failure.kind for failure in learnt} == {FailureKind.UNREACHABLE}
        assert "boom" in lines.text

    run(claim())


def test_the_end_gives_up_what_is_open():
    async def claim() -> None:
        async def observe(_want: Any) -> None:
            await asyncio.Event().wait()

        learnt: list[Any] = []
        desk = AnsweringDesk(
            {SecretExists: observe}, lambda *pair: learnt.append(pair), VirtualClock(START), log_into(Lines())
        )
        async with background() as tasks:
            await tasks.start(desk.run)
            desk.ask(SecretExists("ns", "x"))
            await settle()
            assert not desk.is_idle
        assert desk.is_idle
        assert learnt == []

    run(claim())
