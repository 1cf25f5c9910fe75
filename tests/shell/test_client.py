"""The real transport, against real sockets."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey

from aimcore.errors import NETWORK_REASONS
from aimcore.wire import APPLY, JSON, Request
from aimctl_runtime import client as module
from aimctl_runtime.client import ConfigurationError, KubernetesClient, connect
from aimctl_runtime.transport import UnreachableError, decode

from .doubles import run
from .web import serving

GET = Request("get", "GET", "/api/v1/pods", (("limit", "5"), ("labelSelector", "a in (b,c)")), JSON)
PLACE = ConnectionKey("api", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)


def kubeconfig(folder: Path, server: str) -> str:
    path = folder / "config"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "c",
                "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
                "clusters": [{"name": "k", "cluster": {"server": server}}],
                "users": [{"name": "u", "user": {"token": "t0ken"}}],
            }
        )
    )
    return str(path)


async def with_client(folder: Path, host: str) -> KubernetesClient:
    return await connect(kubeconfig(folder, f"http://{host}"))


def test_requests_reach_the_server_as_they_are_meant(tmp_path: Path):
    async def claim() -> None:
        seen: list[Any] = []

        async def handler(request: web.Request) -> web.Response:
            seen.append((request.method, dict(request.query), dict(request.headers), await request.text()))
            return web.json_response({"kind": "Pod"}, status=201, headers={"Retry-After": "3"})

        async with serving(handler) as host:
            client = await with_client(tmp_path, host)
            response = await client.request(GET, timeout=5)
            assert (response.code, response.decoded(), response.retry_after) == (201, {"kind": "Pod"}, 3.0)
            body = {"spec": {"n": None, "camelCase": [1, {"x_y": 2}]}}
            await client.request(Request("apply", "PATCH", "/a%2Fb", (("force", "true"),), APPLY, body), timeout=5)
            await client.close()
        assert seen[0][1] == {"limit": "5", "labelSelector": "a in (b,c)"}
        assert seen[0][2]["Authorization"] == "Bearer t0ken"
        assert seen[1][0] == "PATCH"
        assert seen[1][2]["Content-Type"] == APPLY
        assert json.loads(seen[1][3]) == body

    run(claim())


def test_errors_are_answers_and_silence_is_unreachable(tmp_path: Path):
    async def claim() -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            if request.path == "/slow":
                await asyncio.sleep(30)
            if request.path == "/cut":
                response = web.StreamResponse(headers={"Content-Length": "100"})
                await response.prepare(request)
                await response.write(b'{"half":')
                assert request.transport is not None
                request.transport.close()
                return response
            return web.Response(status=404, text="404 page not found\n")

        async with serving(handler) as host:
            client = await with_client(tmp_path, host)
            missing = await client.request(Request("get", "GET", "/none"), timeout=5)
            assert (missing.code, missing.decoded(), missing.retry_after) == (404, "404 page not found\n", None)
            for path, limit, reason in (("/slow", 0.2, "NetworkTimeout"), ("/cut", 5.0, "NetworkError")):
                with pytest.raises(UnreachableError) as caught:
                    await client.request(Request("create", "POST", path, (), JSON, {}), timeout=limit)
                assert (caught.value.sent, caught.value.reason) == (True, reason), path
            await client.close()
        gone = await with_client(tmp_path, host)
        with pytest.raises(UnreachableError) as caught:
            await gone.request(GET, timeout=5)
        assert (caught.value.sent, caught.value.reason) == (False, "ConnectionRefused")
        with pytest.raises(UnreachableError):
            async with gone.stream(GET, silence=1):
                pytest.fail("nobody is there")
        await gone.close()

    run(claim())


@pytest.mark.rule("R-11.3")
@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (aiohttp.ClientConnectorDNSError(PLACE, OSError(-2, "Name or service not known")), "DNSFailure"),
        (aiohttp.ClientConnectorError(PLACE, ConnectionRefusedError(111, "refused")), "ConnectionRefused"),
        (aiohttp.ClientConnectorError(PLACE, TimeoutError(110, "timed out")), "NetworkTimeout"),
        (aiohttp.ClientConnectorError(PLACE, OSError(113, "no route to host")), "NetworkError"),
        (aiohttp.ConnectionTimeoutError("slow"), "NetworkTimeout"),
        (TimeoutError(), "NetworkTimeout"),
        (aiohttp.ClientOSError(104, "reset"), "ConnectionReset"),
        (ConnectionResetError(104, "reset"), "ConnectionReset"),
        (BrokenPipeError(32, "broken pipe"), "ConnectionReset"),
        (aiohttp.ServerDisconnectedError(), "ConnectionReset"),
        (aiohttp.ClientPayloadError("half"), "NetworkError"),
    ],
)
def test_what_kept_the_server_from_answering_has_a_reason_of_its_own(problem: Exception, reason: str):
    assert module._unreachable(problem, "https://api", 5).reason == reason
    assert reason in NETWORK_REASONS


def test_a_stream_gives_whole_lines_however_they_arrive(tmp_path: Path):
    async def claim() -> None:
        big = b'{"x": "' + b"y" * 300_000 + b'"}'

        async def handler(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            for piece in (b'{"a"', b": 1}\n{}\n", big, b"\n", b'{"cut'):
                await response.write(piece)
                await asyncio.sleep(0.01)
            return response

        async with serving(handler) as host:
            client = await with_client(tmp_path, host)
            async with client.stream(GET, silence=5) as stream:
                assert stream.code == 200
                lines = [line async for line in stream.lines]
            await client.close()
        assert lines == [b'{"a": 1}', b"{}", big, b'{"cut']

    run(claim())


def test_a_silent_stream_is_dropped_and_many_watches_block_no_call(tmp_path: Path):
    async def claim() -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            if request.path == "/call":
                return web.json_response({})
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"{}\n")
            await asyncio.sleep(30)
            return response

        async with serving(handler) as host:
            client = await with_client(tmp_path, host)

            async def watch() -> int:
                seen = 0
                try:
                    async with client.stream(GET, silence=0.5) as stream:
                        async for _ in stream.lines:
                            seen += 1
                except UnreachableError:
                    return seen
                return -1

            watches = [asyncio.create_task(watch()) for _ in range(60)]
            await asyncio.sleep(0.1)
            call = await client.request(Request("get", "GET", "/call"), timeout=5)
            assert call.code == 200
            assert await asyncio.gather(*watches) == [1] * 60
            await client.close()

    run(claim())


def test_leaving_a_stream_closes_its_connection(tmp_path: Path):
    async def claim() -> None:
        closed = asyncio.Event()

        async def handler(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            try:
                while True:
                    await response.write(b"{}\n")
                    await asyncio.sleep(0.01)
            except (ConnectionError, asyncio.CancelledError):
                closed.set()
                raise

        async with serving(handler) as host:
            client = await with_client(tmp_path, host)
            async with client.stream(GET, silence=5) as stream:
                async for _ in stream.lines:
                    break
            await asyncio.wait_for(closed.wait(), 5)
            await client.close()

    run(claim())


def test_a_line_without_end_is_not_collected_for_ever(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(module, "MAX_LINE", 1000)

    async def claim() -> None:
        async def handler(_request: web.Request) -> web.Response:
            return web.Response(text="x" * 100_000)

        async with serving(handler) as host:
            client = await with_client(tmp_path, host)
            async with client.stream(GET, silence=5) as stream:
                with pytest.raises(UnreachableError):
                    await anext(stream.lines)
            await client.close()

    run(claim())


@pytest.mark.parametrize("content", [None, "junk: [", "{}", '{"clusters": 3}'])
def test_a_configuration_that_cannot_be_used_is_one_sentence_with_the_remedy(
    tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        run(connect(str(path)))
    assert "Give --kubeconfig" in str(caught.value)
    assert str(path) in str(caught.value)
    assert capsys.readouterr() == ("", "")


def test_a_service_account_without_its_environment_is_told(tmp_path: Path, monkeypatch):
    token = tmp_path / "token"
    token.write_text("t")
    monkeypatch.setattr(module.kube_config.incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ConfigurationError) as caught:
        run(connect())
    assert "service account" in str(caught.value)


def test_in_a_pod_the_service_account_is_used(tmp_path: Path, monkeypatch):
    token, authority = tmp_path / "token", tmp_path / "ca.crt"
    token.write_text("t")
    from aimctl_runtime.self_signed import make_certificate

    from .doubles import START

    authority.write_bytes(make_certificate("ca", START)[0])
    monkeypatch.setattr(module.kube_config.incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(module.kube_config.incluster_config, "SERVICE_CERT_FILENAME", str(authority))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")

    async def claim() -> None:
        client = await connect()
        assert client.host == "https://[::1]:6443"
        await client.close()

    run(claim())


def test_bodies_are_decoded_as_what_they_are():
    assert decode(b"") is None
    assert decode(b"[1]") == [1]
    assert decode(b"plain \xff") == "plain \ufffd"
