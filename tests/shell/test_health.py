"""Probes and metrics over real sockets, and the guard before the metrics."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aimctl_runtime.clock import SystemClock, VirtualClock
from aimctl_runtime.health import (
    VERDICT_SECONDS,
    CertificateFiles,
    Guard,
    self_signed_context,
    serve_metrics,
    serve_probes,
)
from aimctl_runtime.self_signed import make_certificate
from aimctl_runtime.transport import UnreachableError

from .doubles import START, Lines, ScriptedClient, answer, log_into, run, status

KNOWN = answer(201, {"status": {"authenticated": True, "user": {"username": "prometheus", "groups": ["g"]}}})
UNKNOWN = answer(201, {"status": {"authenticated": False}})
ALLOWED, DENIED = (answer(201, {"status": {"allowed": value}}) for value in (True, False))


async def fetch(url: str, **headers: str) -> tuple[int, str]:
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers, ssl=unverified) as got:
        return got.status, await got.text()


def test_probes_answer():
    async def claim() -> None:
        served = await serve_probes("127.0.0.1:0")
        for path in ("healthz", "readyz"):
            assert await fetch(f"http://127.0.0.1:{served.port}/{path}") == (200, "ok")
        assert (await fetch(f"http://127.0.0.1:{served.port}/other"))[0] == 404
        await served.close()

    run(claim())


def test_secure_metrics_are_https_and_guarded():
    async def claim() -> None:
        clock = SystemClock()
        guard = Guard(ScriptedClient(KNOWN, ALLOWED, UNKNOWN), clock, log_into(Lines()))
        context = self_signed_context("localhost", clock)
        served = await serve_metrics("127.0.0.1:0", lambda: b"metric 1\n", guard, context)
        url = f"https://127.0.0.1:{served.port}/metrics"
        assert await fetch(url) == (401, "Unauthorized")
        assert await fetch(url, Authorization="Bearer good") == (200, "metric 1\n")
        assert (await fetch(url, Authorization="Bearer bad"))[0] == 401
        await served.close()

    run(claim())


def test_open_metrics_are_for_everybody():
    async def claim() -> None:
        served = await serve_metrics("127.0.0.1:0", lambda: b"metric 1\n")
        assert await fetch(f"http://127.0.0.1:{served.port}/metrics") == (200, "metric 1\n")
        await served.close()

    run(claim())


@pytest.mark.parametrize(
    ("header", "replies", "code"),
    [
        ("", [], 401),
        ("Basic abc", [], 401),
        ("Bearer ", [], 401),
        ("Bearer t", [UNKNOWN], 401),
        ("bearer t", [KNOWN, DENIED], 403),
        ("Bearer t", [KNOWN, ALLOWED], 200),
        ("Bearer t", [UnreachableError("down", sent=False)], 500),
        ("Bearer t", [status(403, "Forbidden")], 500),
        ("Bearer t", [KNOWN, answer(201, {})], 500),
    ],
)
def test_the_guard_lets_in_whom_the_api_server_knows_and_allows(header: str, replies: list[Any], code: int):
    async def claim() -> None:
        client = ScriptedClient(*replies)
        lines = Lines()
        assert await Guard(client, VirtualClock(START), log_into(lines)).admit(header) == code
        if code in (200, 403):
            assert client.requests[1].body["spec"]["nonResourceAttributes"] == {"path": "/metrics", "verb": "get"}
            assert client.requests[1].body["spec"]["user"] == "prometheus"
        assert bool(lines.text) is (code == 500)

    run(claim())


def test_a_verdict_is_kept_for_a_minute_and_trouble_not_at_all(monkeypatch):
    async def claim() -> None:
        clock = VirtualClock(START)
        down = UnreachableError("down", sent=False)
        client = ScriptedClient(down, KNOWN, ALLOWED, KNOWN, DENIED, UNKNOWN)
        guard = Guard(client, clock, log_into(Lines()))
        assert await guard.admit("Bearer t") == 500
        assert await guard.admit("Bearer t") == 200
        assert await guard.admit("Bearer t") == 200
        clock.advance(VERDICT_SECONDS + 1)
        assert await guard.admit("Bearer t") == 403
        assert not any(known == "t" for known in guard._verdicts)
        monkeypatch.setattr("aimctl_runtime.health.VERDICTS", 1)
        assert await guard.admit("Bearer u") == 401
        assert len(guard._verdicts) == 1

    run(claim())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_certificate_of_ours_is_one_by_another_opinion(tmp_path: Path):
    certificate, key = make_certificate("pod-1", START)
    path = tmp_path / "c.pem"
    path.write_bytes(certificate)
    moment = str(int(START.timestamp()))
    checked = subprocess.run(
        ["openssl", "verify", "-attime", moment, "-CAfile", str(path), str(path)], capture_output=True, check=False
    )
    assert checked.stdout.endswith(b": OK\n")
    assert key != make_certificate("pod-1", START)[1]


def test_certificate_files_are_read_again_when_they_change(tmp_path: Path):
    def write(name: str) -> None:
        certificate, key = make_certificate(name, START)
        (tmp_path / "tls.crt").write_bytes(certificate)
        (tmp_path / "tls.key").write_bytes(key)

    write("one")
    lines = Lines()
    files = CertificateFiles(str(tmp_path), "tls.crt", "tls.key", log_into(lines))
    assert not files.refresh()
    import os

    write("two")
    os.utime(tmp_path / "tls.key", (1, 1))
    assert files.refresh()
    (tmp_path / "tls.crt").write_text("half")
    os.utime(tmp_path / "tls.key", (2, 2))
    assert not files.refresh()
    assert "the old one stays" in lines.text
    with pytest.raises(OSError, match="No such file"):
        CertificateFiles(str(tmp_path / "none"), "tls.crt", "tls.key", log_into(lines))
