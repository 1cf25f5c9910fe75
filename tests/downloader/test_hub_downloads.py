"""Downloads from a hub: what arrives, what is told, what is fetched twice (nothing)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from downloader.api_server import api_server
from downloader.hub_server import COMMIT
from downloader.program import children_of, ended, eventually, is_alive

MB = 1 << 20
MODEL = "amd/tiny-model"
URI = f"hf://{MODEL}"
IN_FLIGHT = 24 * MB
"""What 16 connections may have received and not written when a process is killed."""


def differing(repository, folder):
    return [f.path for f in repository.files.values() if (folder / f.path).read_bytes() != f.local.read_bytes()]


@pytest.fixture
def target(tmp_path):
    return tmp_path / "cache"


@pytest.mark.rule("A7.1", "A7.3", "A7.4", "A7.5")
@pytest.mark.parametrize("protocol", ["XET"])
def test_a_model_of_200_mb_arrives_whole_is_verified_and_told(hub, program, api, target, protocol):
    sizes = {"config.json": 700, "a.safetensors": 130 * MB, "sub/b.safetensors": 72 * MB + 5, "empty.txt": 0}
    model = hub.repository(MODEL, sizes)
    expected = str(sum(sizes.values()))
    run = program.run(URI, AIM_DOWNLOADER_PROTOCOL=protocol, EXPECTED_SIZE_BYTES=expected, **api.environment)
    assert run.code == 0, run.log
    assert differing(model, target) == []
    assert api.problems == []
    assert api.status == {
        "progress": {
            "percentage": 100, "displayPercentage": "100 %",
            "downloadedBytes": int(expected), "totalBytes": int(expected),
        },
        "download": {
            "protocol": protocol, "attempt": 1, "totalAttempts": 1, "protocolSequence": protocol,
            "message": "Verifying integrity...",
        },
    }  # fmt: skip
    assert api.percentages == sorted(api.percentages)
    assert "Verified: 4 files" in run.log


@pytest.mark.rule("A7.3")
def test_a_run_without_a_sequence_has_one_attempt_and_no_download_status(hub, program, api, target):
    model = hub.repository(MODEL, {"a.bin": 2 * MB, "config.json": 10})
    run = program.run(URI, **api.environment)
    assert (run.code, differing(model, target)) == (0, [])
    assert set(api.status) == {"progress"}
    assert api.status["progress"]["totalBytes"] == 2 * MB + 10


@pytest.mark.rule("A7.3")
@pytest.mark.parametrize("protocol", ["HTTP", "HF_TRANSFER"])
def test_a_killed_download_is_continued_without_fetching_again_what_is_there(hub, program, target, protocol):
    model = hub.repository(MODEL, {"a.safetensors": 80 * MB, "b.safetensors": 20 * MB})
    hub.bytes_per_second = 20 * MB
    process = program.start(URI, AIM_DOWNLOADER_PROTOCOL=protocol)
    eventually(lambda: hub.sent.total() > 40 * MB, "40 MB are sent")
    (child,) = children_of(process.pid)
    process.kill()
    ended(process)
    eventually(lambda: not is_alive(child), "the child ends with its supervisor")
    before = hub.sent.total()
    hub.bytes_per_second = 0
    run = program.run(URI, AIM_DOWNLOADER_PROTOCOL=protocol)
    assert (run.code, differing(model, target)) == (0, [])
    assert before < 100 * MB
    assert hub.sent.total() <= 100 * MB + IN_FLIGHT


@pytest.mark.rule("A7.3")
def test_a_later_protocol_goes_on_where_an_earlier_one_stopped(hub, program, target):
    model = hub.repository(MODEL, {"a.safetensors": 40 * MB})
    release = threading.Event()
    file = model.files["a.safetensors"]
    file.limit, file.after = 30 * MB, lambda: release.wait(20)
    process = program.start(URI, AIM_DOWNLOADER_PROTOCOL="HTTP,HF_TRANSFER", STALL_TIMEOUT="1")
    eventually(lambda: hub.sent.total() == 30 * MB, "30 MB are sent")
    eventually(lambda: "Stalled" in process.stderr.readline(), "the first attempt is stalled")
    file.limit = None
    run = ended(process)
    release.set()
    assert (run.code, differing(model, target)) == (0, [])
    assert hub.sent.total() <= 40 * MB + 2 * MB


@pytest.mark.rule("A7.3")
def test_a_second_run_fetches_nothing(hub, program, target):
    model = hub.repository(MODEL, {"a.safetensors": 2 * MB, "config.json": 10})
    assert program.run(URI).code == 0
    hub.sent.clear()
    assert program.run(URI).code == 0
    assert hub.sent.total() == 0
    assert differing(model, target) == []


def test_the_records_are_those_of_the_hubs_own_library(hub, program, target):
    from huggingface_hub._local_folder import read_download_metadata

    model = hub.repository(MODEL, {"sub/a.safetensors": 2 * MB, "config.json": 10})
    assert program.run(URI).code == 0
    for file in model.files.values():
        record = read_download_metadata(target, file.path)
        assert (record.commit_hash, record.etag) == (COMMIT, file.etag)


def test_bookkeeping_that_was_uploaded_by_mistake_is_left_out(hub, program, target):
    record = ".cache/huggingface/download/a.safetensors.metadata"
    hub.repository(MODEL, {"a.safetensors": 2 * MB, record: 40})
    assert program.run(URI).code == 0
    assert COMMIT in (target / record).read_text()


def test_bodies_that_end_early_are_taken_up_where_they_ended(hub, program, target):
    model = hub.repository(MODEL, {"a.safetensors": 20 * MB})
    model.files["a.safetensors"].limit = 7 * MB
    run = program.run(URI, AIM_DOWNLOADER_PROTOCOL="HTTP")
    assert (run.code, differing(model, target)) == (0, [])
    assert hub.sent.total() == 20 * MB


def test_a_server_that_ignores_ranges_is_borne(hub, program, target):
    model = hub.repository(MODEL, {"a.safetensors": 70 * MB})
    hub.ranges_are_ignored = True
    run = program.run(URI, AIM_DOWNLOADER_PROTOCOL="HF_TRANSFER")
    assert (run.code, differing(model, target)) == (0, [])


def test_a_busy_hub_is_asked_again(hub, program, target):
    model = hub.repository(MODEL, {"a.safetensors": 2 * MB})
    hub.failures_left = 1
    run = program.run(URI)
    assert (run.code, differing(model, target)) == (0, [])


@pytest.mark.rule("A7.4")
def test_a_server_that_stalls_is_left_on_every_attempt_and_only_our_child_is_ended(hub, program, api, target):
    model = hub.repository(MODEL, {"a.safetensors": 8 * MB, "config.json": 10})
    release = threading.Event()
    model.files["a.safetensors"].limit = 3 * MB
    model.files["a.safetensors"].after = lambda: release.wait(30)
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        run = program.run(URI, AIM_DOWNLOADER_PROTOCOL="HTTP,HF_TRANSFER", STALL_TIMEOUT="1", **api.environment)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
        release.set()
    assert run.code == 1
    assert run.last_line == "Stalled: not one new byte in 1 s"
    assert api.status["download"] == {
        "protocol": "HF_TRANSFER", "attempt": 2, "totalAttempts": 2, "protocolSequence": "HTTP,HF_TRANSFER",
        "message": "All 2 attempts exhausted",
    }  # fmt: skip
    assert (target / "config.json").is_file()


@pytest.mark.rule("A7.3")
def test_a_file_whose_xet_storage_fails_comes_with_the_next_protocol(hub, program, api, target):
    model = hub.repository(MODEL, {"a.safetensors": 2 * MB})
    model.files["a.safetensors"].xet = True
    run = program.run(URI, AIM_DOWNLOADER_PROTOCOL="XET,HTTP", STALL_TIMEOUT="1", **api.environment)
    assert (run.code, differing(model, target)) == (0, [])
    assert api.status["download"]["protocol"] == "HTTP"
    assert api.status["download"]["attempt"] == 2
    assert "Failed with XET" in run.log


# ---- who may read what ----------------------------------------------------------------------------------------------
@pytest.mark.rule("A7.2", "A7.3", "A10")
def test_a_gated_repository_without_a_token_is_an_authentication_error(hub, program):
    hub.repository(MODEL, {"a.bin": 10}, token="hf_righttokenrighttoken")
    run = program.run(URI, AIM_DOWNLOADER_PROTOCOL="XET,HTTP")
    assert (run.code, run.reason) == (1, "AuthError")
    assert run.last_line == f"Cannot access gated repo: {MODEL} (HF_TOKEN is not set)"


@pytest.mark.rule("A7.2", "A10")
@pytest.mark.parametrize("arguments", [[URI], ["--check-size", URI]])
def test_a_wrong_token_is_an_authentication_error_and_is_not_printed(hub, program, arguments, api):
    hub.repository(MODEL, {"a.bin": 10}, token="hf_righttokenrighttoken")
    wrong = "not-shaped-like-a-token-7781"
    run = program.run(*arguments, HF_TOKEN=wrong, AIM_DOWNLOADER_PROTOCOL="HTTP", **api.environment)
    assert (run.code, run.reason) == (1, "AuthError")
    assert wrong not in run.log + run.out + json.dumps(api.patches)
    assert any(f"Bearer {wrong}" == authorization for _, _, authorization in hub.requests)


def test_a_right_token_opens_a_gated_repository_and_is_not_printed(hub, program, target):
    token = "hf_righttokenrighttoken"
    model = hub.repository(MODEL, {"a.safetensors": 2 * MB}, token=token)
    model.files["a.safetensors"].limit = MB
    run = program.run(URI, HF_TOKEN=token, HF_DEBUG="1", AIM_DOWNLOADER_PROTOCOL="HTTP")
    assert (run.code, differing(model, target)) == (0, [])
    assert token not in run.log
    assert "secretsignature" not in run.log
    assert {authorization for _, path, authorization in hub.requests if path.startswith("/cdn")} == {""}


@pytest.mark.rule("A7.2", "A10")
@pytest.mark.parametrize("arguments", [[URI], ["--check-size", URI]])
def test_a_missing_repository_is_a_source_that_is_not_found(program, arguments):
    run = program.run(*arguments)
    assert (run.code, run.reason) == (1, "SourceNotFound")
    assert run.last_line == f"Repository Not Found: {MODEL}"
    assert run.out == ""


@pytest.mark.rule("A7.2")
def test_check_size_ends_with_one_line_of_json(hub, program):
    hub.repository(MODEL, {"a.safetensors": 2 * MB, "config.json": 10})
    run = program.run("--check-size", URI)
    assert run.code == 0
    assert json.loads(run.out.splitlines()[-1]) == {"url": URI, "sizeBytes": 2 * MB + 10}
    assert hub.sent.total() == 0


# ---- what is wrong on the volume ------------------------------------------------------------------------------------
@pytest.mark.rule("A7.5", "A8")
def test_content_that_differs_fails_the_verification_and_alone_is_fetched_again(hub, program, api, target):
    model = hub.repository(MODEL, {"good.safetensors": 3 * MB, "bad.safetensors": 2 * MB})
    model.files["bad.safetensors"].lie = b"lies"
    run = program.run(URI, AIM_DOWNLOADER_PROTOCOL="HTTP,HF_TRANSFER", **api.environment)
    assert run.code == 1
    assert run.last_line == "Verification failed: 1 of 2 files differ from the source: bad.safetensors"
    assert api.status["progress"]["percentage"] == 100
    assert sorted(p.name for p in target.glob("*.safetensors")) == ["good.safetensors"]
    model.files["bad.safetensors"].lie = b""
    hub.sent.clear()
    assert program.run(URI).code == 0
    assert dict(hub.sent) == {"bad.safetensors": 2 * MB}
    assert differing(model, target) == []


@pytest.mark.rule("A7.5")
def test_a_file_that_was_damaged_after_it_was_fetched_is_found_and_mended(hub, program, target):
    model = hub.repository(MODEL, {"a.safetensors": 3 * MB})
    assert program.run(URI).code == 0
    with (target / "a.safetensors").open("r+b") as file:
        file.seek(MB)
        file.write(b"\0damage")
    assert program.run(URI).code == 1
    assert program.run(URI).code == 0
    assert differing(model, target) == []


# ---- the API server -------------------------------------------------------------------------------------------------
@pytest.mark.rule("A7.3", "A7.4")
def test_an_outage_of_the_api_costs_reports_and_no_bytes(hub, program, tmp_path, target):
    model = hub.repository(MODEL, {"a.safetensors": 80 * MB})
    hub.bytes_per_second = 25 * MB
    with api_server(tmp_path / "account") as api:
        process = program.start(
            URI, AIM_DOWNLOADER_PROTOCOL="HTTP", EXPECTED_SIZE_BYTES=str(80 * MB), **api.environment
        )
        eventually(lambda: any(0 < p < 100 for p in api.percentages), "progress is told")
    before = len(api.patches)
    at_outage = hub.sent.total()
    eventually(lambda: hub.sent.total() > at_outage + 30 * MB, "the download goes on")
    with api_server(tmp_path / "account", api.port, api):
        run = ended(process)
    assert (run.code, differing(model, target)) == (0, [])
    assert hub.sent.total() == 80 * MB
    assert len(api.patches) > before
    assert api.status["progress"]["percentage"] == 100
    assert "the download goes on" in run.log


def test_an_api_that_refuses_every_report_harms_nothing(hub, program, api, target):
    model = hub.repository(MODEL, {"a.safetensors": 2 * MB})
    api.code = 403
    run = program.run(URI, **api.environment)
    assert (run.code, differing(model, target)) == (0, [])
    assert api.refused > 0
    assert run.reason is None
    assert run.last_line == "Done"


# ---- signals --------------------------------------------------------------------------------------------------------
def test_a_stop_signal_ends_the_attempt_and_keeps_what_was_fetched(hub, program, target):
    hub.repository(MODEL, {"a.safetensors": 100 * MB})
    hub.bytes_per_second = 20 * MB
    process = program.start(URI)
    eventually(lambda: hub.sent.total() > 10 * MB, "10 MB are sent")
    (child,) = children_of(process.pid)
    os.kill(process.pid, signal.SIGTERM)
    run = ended(process, within=10)
    assert (run.code, run.last_line) == (143, "Stopped; what was fetched stays")
    assert not is_alive(child)
    assert sum(p.stat().st_size for p in (target / ".cache/aim/partial").glob("*.partial")) > 5 * MB
