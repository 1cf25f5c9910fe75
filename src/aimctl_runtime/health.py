"""The HTTP servers of the process: probes, and metrics with their guard.

1. `/healthz` and `/readyz` answer 200 while the loop turns; leaders and candidates alike.
2. Secure metrics are HTTPS, and each request carries a bearer token that passes a TokenReview and a
   SubjectAccessReview for `get` on `/metrics`. A verdict is kept for a minute, under a hash of the token.
3. Certificate files are read again when they change on disk.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from aimcore.wire import JSON, Request
from aimctl_runtime.clock import Clock
from aimctl_runtime.log import Log
from aimctl_runtime.transport import Client, UnreachableError

VERDICT_SECONDS = 60.0
VERDICTS = 1024
REVIEW_TIMEOUT = 10.0


class Served:
    """A running server. `port` is the real one, also when 0 was asked for."""

    def __init__(self, runner: web.AppRunner, port: int) -> None:
        self._runner = runner
        self.port = port

    async def close(self) -> None:
        await self._runner.cleanup()


async def serve_probes(address: str) -> Served:
    """Serve `/healthz` and `/readyz`."""
    application = web.Application()
    application.router.add_get("/healthz", _ok)
    application.router.add_get("/readyz", _ok)
    return await _serve(application, address, None)


async def serve_metrics(
    address: str, exposition: Callable[[], bytes], guard: Guard | None = None, certificate: ssl.SSLContext | None = None
) -> Served:
    """Serve `/metrics`; with a guard, only to those whom it lets in."""

    async def metrics(request: web.Request) -> web.Response:
        if guard is not None:
            code = await guard.admit(request.headers.get("Authorization", ""))
            if code != 200:
                return web.Response(status=code, text="Unauthorized" if code == 401 else "Forbidden")
        return web.Response(body=exposition(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    application = web.Application()
    application.router.add_get("/metrics", metrics)
    return await _serve(application, address, certificate)


async def _ok(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


async def _serve(application: web.Application, address: str, certificate: ssl.SSLContext | None) -> Served:
    host, _, port = address.rpartition(":")
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host.strip("[]") or None, int(port), ssl_context=certificate)
    await site.start()
    addresses: list[Any] = list(runner.addresses)
    return Served(runner, int(addresses[0][1]))


def tls_context() -> ssl.SSLContext:
    """A TLS context for servers, without HTTP/2 (CVE-2023-44487) and as yet without a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def self_signed_context(host: str, clock: Clock) -> ssl.SSLContext:
    """A TLS context with a certificate made now."""
    from aimctl_runtime.self_signed import load_certificate, make_certificate

    context = tls_context()
    load_certificate(context, *make_certificate(host, clock.now()))
    return context


class CertificateFiles:
    """Keeps a TLS context in step with its files. Rule 3; call `refresh` now and then. Raises OSError if they cannot
    be read at first.
    """

    def __init__(self, directory: str, name: str, key: str, log: Log) -> None:
        self._paths = (Path(directory, name), Path(directory, key))
        self._log = log
        self.context = tls_context()
        self.context.load_cert_chain(*map(str, self._paths))
        self._stamp = self._stamped()

    def refresh(self) -> bool:
        """Load the files again if they changed. Whether they did."""
        stamp = self._stamped()
        if stamp == self._stamp:
            return False
        try:
            self.context.load_cert_chain(str(self._paths[0]), str(self._paths[1]))
        except OSError as problem:  # half-written: the next look finds it whole
            self._log.error("the metrics certificate cannot be read; the old one stays", error=str(problem))
            return False
        self._stamp = stamp
        return True

    def _stamped(self) -> tuple[float, ...]:
        return tuple(path.stat().st_mtime if path.exists() else 0.0 for path in self._paths)


class Guard:
    """Asks the API server who a token belongs to, and whether it may read metrics. Rule 2."""

    def __init__(self, client: Client, clock: Clock, log: Log) -> None:
        self._client = client
        self._clock = clock
        self._log = log.named("metrics")
        self._verdicts: dict[str, tuple[float, int]] = {}

    async def admit(self, authorization: str) -> int:
        """200, 401 or 403 for an Authorization header; 500 when nobody could be asked."""
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return 401
        known = hashlib.sha256(token.encode()).hexdigest()
        now = self._clock.monotonic()
        verdict = self._verdicts.get(known)
        if verdict is not None and verdict[0] > now:
            return verdict[1]
        code = await self._judge(token)
        if code != 500:
            if len(self._verdicts) >= VERDICTS:
                self._verdicts.clear()
            self._verdicts[known] = (now + VERDICT_SECONDS, code)
        return code

    async def _judge(self, token: str) -> int:
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
        status = await self._ask("/apis/authentication.k8s.io/v1/tokenreviews", review)
        if status is None:
            return 500
        if status.get("authenticated") is not True:
            return 401
        user = status.get("user")
        user = user if isinstance(user, dict) else {}
        access = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": user.get("username", ""),
                "uid": user.get("uid", ""),
                "groups": user.get("groups") or [],
                "extra": user.get("extra") or {},
                "nonResourceAttributes": {"path": "/metrics", "verb": "get"},
            },
        }
        status = await self._ask("/apis/authorization.k8s.io/v1/subjectaccessreviews", access)
        if status is None:
            return 500
        return 200 if status.get("allowed") is True else 403

    async def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        try:
            response = await self._client.request(
                Request("create", "POST", path, (), JSON, body), timeout=REVIEW_TIMEOUT
            )
        except UnreachableError as problem:
            self._log.error("metrics access could not be judged", error=str(problem))
            return None
        decoded = response.decoded()
        status = decoded.get("status") if isinstance(decoded, dict) else None
        if response.code not in (200, 201) or not isinstance(status, dict):
            self._log.error(
                "metrics access could not be judged: grant create on tokenreviews and subjectaccessreviews",
                code=response.code,
            )
            return None
        return status
