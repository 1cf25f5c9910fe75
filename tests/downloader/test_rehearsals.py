"""Played downloads and failures, arguments and the terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from downloader.program import children_of, ended, eventually

URI = "hf://amd/tiny-model"


@pytest.mark.rule("A7.1", "A8")
def test_a_played_download_is_half_then_whole_then_verified(program, api, tmp_path):
    run = program.run(
        URI, AIM_DEBUG_SIMULATE_DOWNLOAD="true", AIM_DEBUG_DOWNLOAD_DURATION="1.3", AIM_DEBUG_VERIFY_DURATION="0.1",
        **api.environment,
    )  # fmt: skip
    assert run.code == 0, run.log
    assert 50 in api.percentages
    assert api.percentages[-1] == 100
    assert api.status["progress"]["totalBytes"] == 1048576
    assert sum(p.stat().st_size for p in (tmp_path / "cache").iterdir()) == 1048576


@pytest.mark.rule("A7.1", "A8")
def test_a_played_verification_can_fail(program, api):
    run = program.run(
        URI, AIM_DEBUG_SIMULATE_DOWNLOAD="true", AIM_DEBUG_DOWNLOAD_DURATION="0", AIM_DEBUG_VERIFY_DURATION="0",
        AIM_DEBUG_VERIFY_FAIL="true", EXPECTED_SIZE_BYTES="5000", **api.environment,
    )  # fmt: skip
    assert run.code == 1
    assert api.status["progress"]["percentage"] == 100
    assert api.status["progress"]["totalBytes"] == 5000


@pytest.mark.rule("A7.1", "A10")
def test_a_told_failure_fails_and_a_missing_account_is_not_taken_for_its_cause(program, api, tmp_path):
    account = {**api.environment, "AIM_SERVICE_ACCOUNT_DIR": str(tmp_path / "none")}
    run = program.run(URI, AIM_DEBUG_CAUSE_FAILURE="true", **account)
    assert (run.code, run.reason) == (1, None)
    assert "The status is not told for now" in run.log


@pytest.mark.rule("A7.1", "A7.4")
def test_a_told_hang_ends_at_the_stall_timeout(program):
    run = program.run(URI, AIM_DEBUG_CAUSE_HANG="true", STALL_TIMEOUT="0.5")
    assert (run.code, run.last_line) == (1, "Stalled: not one new byte in 0.5 s")


@pytest.mark.rule("A7.1", "A7.3")
@pytest.mark.parametrize(
    ("failing", "code", "message"), [("XET", 0, "Verifying integrity..."), ("XET,HTTP", 1, "All 2 attempts exhausted")]
)
def test_played_protocols_fail_as_they_are_told(program, api, failing, code, message):
    run = program.run(
        URI, AIM_DOWNLOADER_PROTOCOL="XET,HTTP", AIM_DEBUG_SIMULATE_HF_DOWNLOAD="true",
        AIM_DEBUG_SIMULATE_HF_FAIL_PROTOCOLS=failing, AIM_DEBUG_SIMULATE_HF_DURATION="0.2", **api.environment,
    )  # fmt: skip
    assert run.code == code
    assert api.status["download"] == {
        "protocol": "HTTP", "attempt": 2, "totalAttempts": 2, "protocolSequence": "XET,HTTP", "message": message,
    }  # fmt: skip


@pytest.mark.rule("A7.3")
def test_an_unknown_protocol_uses_up_an_attempt(program, api):
    run = program.run(
        URI, AIM_DOWNLOADER_PROTOCOL="HTTP,FTP,", AIM_DEBUG_SIMULATE_HF_DOWNLOAD="true",
        AIM_DEBUG_SIMULATE_HF_FAIL_PROTOCOLS="HTTP", AIM_DEBUG_SIMULATE_HF_DURATION="0", **api.environment,
    )  # fmt: skip
    assert run.code == 1
    assert api.status["download"]["protocol"] == "FTP"
    assert (api.status["download"]["attempt"], api.status["download"]["totalAttempts"]) == (2, 3)
    assert "Unknown protocol 'FTP'" in run.log


@pytest.mark.parametrize("arguments", [[], ["ftp://x/y"], ["hf://"], ["hf://a b"], [URI, "/x", "/y"], ["--check-size"]])
def test_arguments_that_cannot_be_used_are_refused(program, arguments):
    run = program.run(*arguments)
    assert run.code == 2
    assert run.last_line.startswith("aim-artifact-downloader: ")


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "1e99"])
def test_a_number_that_is_none_names_its_variable(program, text):
    run = program.run(URI, STALL_TIMEOUT=text)
    assert run.code == 2
    assert f"STALL_TIMEOUT '{text}'" in run.last_line


def test_a_terminal_shows_a_bar(hub, program):
    hub.repository("amd/tiny-model", {"a.safetensors": 8 << 20})
    hub.bytes_per_second = 8 << 20
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "aimctl_runtime.downloader", URI], env=program.environment, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        shown += piece
    os.close(ours)
    assert process.wait() == 0
    text = shown.decode()
    assert "100 %  8.0 MiB of 8.0 MiB" in text
    assert text.count("\r") > 5
    assert text.rstrip().endswith("Done")


def test_help_needs_nothing(program):
    run = program.run("--help")
    assert (run.code, run.log) == (0, "")
    assert "hf://" in run.out


def test_the_supervisor_loads_no_transfer_library(program, hub):
    hub.repository("amd/tiny-model", {"a.safetensors": 64 << 20})
    hub.bytes_per_second = 32 << 20
    process = program.start(URI)
    eventually(lambda: hub.sent.total() > 4 << 20, "the download has begun")
    (child,) = children_of(process.pid)
    loaded = {pid: Path(f"/proc/{pid}/status").read_text() for pid in (process.pid, child)}
    resident = {pid: int(text.partition("VmRSS:")[2].split()[0]) for pid, text in loaded.items()}
    process.terminate()
    ended(process)
    assert resident[process.pid] < 40_000, "KiB"
