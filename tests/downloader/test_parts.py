"""The small parts: protocols, progress, reports, scrubbing, events."""

from __future__ import annotations

import io
import itertools
import json
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimctl_runtime.downloader import reporter as reporter_module
from aimctl_runtime.downloader.bucket import endpoint_of
from aimctl_runtime.downloader.events import Failed, Fetched, Held, Listed, Started, Verified, read_event, tell
from aimctl_runtime.downloader.failures import Cause, cause_of_code, storage_is_full
from aimctl_runtime.downloader.progress import Progress, percentage_of
from aimctl_runtime.downloader.protocols import attempts_of
from aimctl_runtime.downloader.reporter import Reporter, status_address
from aimctl_runtime.downloader.screen import Screen, size_text
from aimctl_runtime.downloader.scrub import Scrubber


# ---- protocols ------------------------------------------------------------------------------------------------------
@pytest.mark.rule("A7.3")
@pytest.mark.parametrize(
    ("sequence", "tried", "total"),
    [
        ("XET", ["XET"], 1),
        ("XET,HF_TRANSFER", ["XET", "HF_TRANSFER"], 2),
        ("HTTP,HTTP", ["HTTP", "HTTP"], 2),
        ("XET,", ["XET"], 2),
        (",XET", ["", "XET"], 2),
        ("XET,,HTTP", ["XET", "", "HTTP"], 3),
        (" XET", [" XET"], 1),
    ],
)
def test_a_sequence_is_split_at_commas_and_not_trimmed(sequence, tried, total):
    attempts = list(attempts_of(sequence))
    assert [a.protocol for a in attempts] == tried
    assert {a.total for a in attempts} == {total}
    assert [a.number for a in attempts] == list(range(1, len(tried) + 1))


@pytest.mark.rule("A7.3")
def test_each_protocol_has_its_switches():
    switches = {
        a.protocol: a.environment and tuple(a.environment.values()) for a in attempts_of("XET,HF_TRANSFER,HTTP,x")
    }
    assert switches == {"XET": ("0", "0"), "HF_TRANSFER": ("1", "1"), "HTTP": ("1", "0"), "x": None}


# ---- progress -------------------------------------------------------------------------------------------------------
@pytest.mark.rule("A7.4")
@given(st.integers(-5, 10**15), st.integers(-5, 10**15))
def test_the_percentage_is_rounded_down_and_at_most_99(held, total):
    percentage = percentage_of(held, total)
    assert 0 <= percentage <= 99
    assert percentage == 0 or (held * 100 >= percentage * total > 0)


class Told:
    def __init__(self):
        self.statuses = []

    def tell(self, status):
        self.statuses.append(status)


def test_the_status_is_told_once_in_an_interval_and_not_after_the_end():
    told, now = Told(), [0.0]
    screen = Screen(io.StringIO(), Scrubber({}))
    progress = Progress(200, 5, told, screen, clock=lambda: now[0])
    for at, held in [(0, 0), (1, 50), (4.9, 80), (5, 100), (9, 150)]:
        now[0] = at
        progress.held(held)
        progress.look()
    progress.complete()
    now[0] = 20
    progress.look()
    assert [s["progress"]["downloadedBytes"] for s in told.statuses] == [0, 100, 200]
    assert told.statuses[1]["progress"] == {
        "percentage": 50, "displayPercentage": "50 %", "downloadedBytes": 100, "totalBytes": 200,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1536, "1.5 KiB"), (150 << 20, "150 MiB"), (5 << 50, "5120 TiB")]
)
def test_sizes_are_written_for_people(size, text):
    assert size_text(size) == text


# ---- reports --------------------------------------------------------------------------------------------------------
@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(reporter_module, "_BETWEEN_REQUESTS", 0.02)
    monkeypatch.setattr(reporter_module, "_LONGEST_PAUSE", 0.05)


def test_what_waits_is_merged_and_the_newest_value_wins(quick):
    sent, first, go_on = [], threading.Event(), threading.Event()

    def patch(status):
        sent.append(status)
        first.set()
        go_on.wait(5)
        return 200

    reporter = Reporter(patch, lambda _line: None)
    reporter.tell({"progress": {"percentage": 1}})
    assert first.wait(5)
    for percentage in (2, 3, 4):
        reporter.tell({"progress": {"percentage": percentage}, "download": {"attempt": percentage}})
    reporter.tell({"download": {"message": "m"}})
    go_on.set()
    reporter.close(5)
    assert sent[1:] == [{"progress": {"percentage": 4}, "download": {"attempt": 4, "message": "m"}}]


@pytest.mark.rule("A7.4")
def test_reports_keep_a_bounded_rate(monkeypatch):
    monkeypatch.setattr(reporter_module, "_BETWEEN_REQUESTS", 0.1)
    times = []

    def patch(_status):
        times.append(time.monotonic())
        return 200

    reporter = Reporter(patch, lambda _line: None)
    for percentage in range(60):
        reporter.tell({"progress": {"percentage": percentage}})
        time.sleep(0.01)
    reporter.close(5)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times[:-1])]
    assert len(times) >= 3
    assert min(gaps) >= 0.09


def test_after_failures_the_newest_state_arrives_and_the_log_has_one_line(quick):
    answers = iter([ConnectionRefusedError("no"), ConnectionRefusedError("no"), 200])
    sent, lines, done = [], [], threading.Event()

    def patch(status):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        sent.append(status)
        done.set()
        return answer

    reporter = Reporter(patch, lines.append)
    reporter.tell({"progress": {"percentage": 1, "totalBytes": 9}})
    time.sleep(0.01)
    reporter.tell({"progress": {"percentage": 2}})
    assert done.wait(5)
    reporter.close(5)
    assert sent == [{"progress": {"percentage": 2, "totalBytes": 9}}]
    assert len(lines) == 1


def test_an_artifact_that_is_gone_ends_the_reporting(quick):
    calls = []

    def patch(status):
        calls.append(status)
        return 404

    lines = []
    reporter = Reporter(patch, lines.append)
    reporter.tell({"progress": {"percentage": 1}})
    reporter._thread.join(5)
    reporter.tell({"progress": {"percentage": 2}})
    reporter.close(1)
    assert len(calls) == 1
    assert lines == ["The artifact is gone from the cluster; nothing more is told"]


def test_an_api_that_hangs_delays_the_end_by_no_more_than_the_patience(quick):
    release = threading.Event()
    reporter = Reporter(lambda _status: release.wait(10) and 200, lambda _line: None)
    reporter.tell({"progress": {"percentage": 1}})
    begun = time.monotonic()
    reporter.close(0.2)
    assert time.monotonic() - begun < 2
    release.set()


@pytest.mark.rule("A7.1")
@pytest.mark.parametrize("missing", ["KUBERNETES_SERVICE_HOST", "namespace", "artifact"])
def test_without_a_cluster_or_an_artifact_nothing_is_told(missing):
    environment = {"KUBERNETES_SERVICE_HOST": "h", "KUBERNETES_SERVICE_PORT": "443"}
    named = {"namespace": "n", "artifact": "a"}
    assert status_address(environment, **named) is not None
    environment.pop(missing, None)
    assert status_address(environment, **{k: "" if k == missing else v for k, v in named.items()}) is None


# ---- scrubbing ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        "token hf_abcdefghijklmnop end",
        "Authorization: Bearer abc.def.ghi end",
        "https://user:password1@host/x end",
        "https://cdn/x?X-Amz-Signature=abcdef0123&a=1 end",
        "https://cdn/x?Policy=abcdef0123&Signature=zz99 end",
    ],
)
def test_what_looks_like_a_secret_is_struck_out(text):
    scrubbed = Scrubber({}).scrub(text)
    assert "***" in scrubbed
    assert scrubbed.endswith(" end")
    for secret in ("hf_abcdef", "abc.def", "password1", "abcdef0123", "zz99"):
        assert secret not in scrubbed


@given(st.text(st.characters(codec="utf-8"), min_size=6, max_size=30).filter(lambda s: len(s.strip()) >= 6))
def test_the_values_of_secret_variables_are_struck_out_wherever_they_stand(secret):
    environment = {"MY_TOKEN": secret, "AWS_SECRET_ACCESS_KEY": secret, "HF_TOKEN_PATH": "/a/path/that/stays"}
    scrubber = Scrubber(environment)
    value = secret.strip()
    if value not in "a *** b c at /a/path/that/stays":
        assert value not in scrubber.scrub(f"a {value} b {value}c at /a/path/that/stays")
    assert "/a/path" in scrubber.scrub("/a/path/that/stays") or value in "/a/path/that/stays"


# ---- events ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("event", [Started(), Listed(5, 2), Held(3), Fetched(), Verified(2, 1), Failed("why")])
def test_events_are_read_as_they_were_told(event, capsys):
    tell(event)
    assert read_event(capsys.readouterr().out) == event


FIELDS = st.dictionaries(st.sampled_from(["event", "bytes", "x"]), st.sampled_from(["held", "fetched", 1, None]))
OTHER_JSON = st.recursive(st.none() | st.integers(), st.lists, max_leaves=3)


@given(st.text() | OTHER_JSON.map(json.dumps) | FIELDS.map(json.dumps))
def test_whatever_a_library_prints_is_an_event_or_none(line):
    assert read_event(line) is None or isinstance(read_event(line), Held | Fetched)


# ---- failures -------------------------------------------------------------------------------------------------------
def test_a_full_volume_is_seen_behind_other_errors():
    outer = RuntimeError("xet")
    outer.__cause__ = OSError(28, "No space left on device")
    assert storage_is_full(outer)
    assert storage_is_full(OSError(122, "Disk quota exceeded"))
    assert not storage_is_full(OSError(13, "Permission denied"))


def test_exit_codes_name_their_causes():
    assert [cause_of_code(int(cause)) for cause in Cause] == list(Cause)
    assert cause_of_code(-9) is Cause.OTHER


@pytest.mark.rule("A7.1")
@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ({}, None),
        ({"AWS_ENDPOINT_URL": "minio:9000"}, "https://minio:9000"),
        ({"AWS_ENDPOINT_URL": "http://minio:9000"}, "http://minio:9000"),
        ({"AWS_ENDPOINT_URL": "https://minio:9000", "S3_NO_SSL": "true"}, "http://minio:9000"),
        ({"AWS_ENDPOINT_URL": "minio:9000", "S3_NO_SSL": "yes"}, "https://minio:9000"),
    ],
)
def test_an_endpoint_may_lack_its_scheme(environment, endpoint):
    assert endpoint_of(environment) == endpoint
