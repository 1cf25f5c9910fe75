"""What the process tells about itself, and what it must not tell."""

from __future__ import annotations

import json

import pytest

from aimcore.resource import Key
from aimcore.wire import Request
from aimctl_runtime.clock import VirtualClock
from aimctl_runtime.log import Log, Output, masked, threshold
from aimctl_runtime.metrics import MeteredClient, PrometheusMeter, SilentMeter
from aimctl_runtime.queue import Queue
from aimctl_runtime.transport import UnreachableError

from .doubles import START, Lines, ScriptedClient, answer, log_into, run

SERVICE = Key("AIMService", "ns", "s")


# ---- log ------------------------------------------------------------------------------------------------------------
def test_a_line_is_json_with_the_published_fields():
    lines = Lines()
    log_into(lines).named("setup").about(controller="service").error("it broke", error="why")
    assert lines.messages == [
        {"level": "error", "ts": "2026-11-23T12:00:00Z", "logger": "setup", "msg": "it broke", "controller": "service",
         "error": "why"}
    ]  # fmt: skip


@pytest.mark.parametrize(("level", "shown"), [("error", 1), ("info", 2), ("debug", 3), ("5", 3), ("panic", 0)])
def test_levels_show_what_they_say(level: str, shown: int):
    lines = Lines()
    verbosity = threshold(level)
    assert verbosity is not None
    log = log_into(lines, verbosity=verbosity)
    log.error("a")
    log.info("b")
    log.debug("c")
    assert len(lines.messages) == shown


def test_a_level_that_is_none_is_found_out():
    assert threshold("loud") is None
    assert threshold("0") is None


@pytest.mark.parametrize(
    ("encoding", "ts"),
    [
        ("rfc3339nano", "2026-11-23T12:00:00.000000Z"),
        ("iso8601", "2026-11-23T12:00:00.000Z"),
        ("epoch", START.timestamp()),
        ("millis", START.timestamp() * 1e3),
        ("nano", START.timestamp() * 1e9),
    ],
)
def test_times_are_written_as_asked(encoding: str, ts: object):
    lines = Lines()
    Log(Output(stream=lines, time_encoding=encoding, clock=VirtualClock(START))).info("x")  # type: ignore[arg-type]
    assert lines.messages[0]["ts"] == ts


def test_the_console_encoder_is_for_people():
    lines = Lines()
    log = Log(Output(stream=lines, encoder="console", clock=VirtualClock(START)), "setup")  # type: ignore[arg-type]
    log.info("starting", workers=4)
    log.info("plain")
    first, second = lines.text.splitlines()
    assert first == '2026-11-23T12:00:00Z\tINFO\tsetup\tstarting\t{"workers": 4}'
    assert second.endswith("plain")


def test_secrets_never_reach_a_line():
    lines = Lines()
    log_into(lines).error(
        "failed with Bearer abcdef0123456789",
        password="hunter2",
        nested={"api_key": "hunter2", "note": "see https://user:hunter2@registry.example/v2"},
        list=["Basic aHVudGVyMjpodW50ZXIy"],
        number=3,
    )
    assert "hunter2" not in lines.text
    assert "abcdef" not in lines.text
    assert "aHVudGVyMg" not in lines.text
    assert json.loads(lines.text)["number"] == 3
    assert masked("secret huggingface-creds not found") == "secret huggingface-creds not found"


# ---- metrics --------------------------------------------------------------------------------------------------------
PUBLISHED = (
    "controller_runtime_reconcile_total",
    "controller_runtime_reconcile_errors_total",
    "controller_runtime_terminal_reconcile_errors_total",
    "controller_runtime_reconcile_panics_total",
    "controller_runtime_reconcile_time_seconds_bucket",
    "controller_runtime_max_concurrent_reconciles",
    "controller_runtime_active_workers",
    "workqueue_depth",
    "workqueue_adds_total",
    "workqueue_retries_total",
    "workqueue_queue_duration_seconds_bucket",
    "workqueue_work_duration_seconds_bucket",
    "workqueue_unfinished_work_seconds",
    "workqueue_longest_running_processor_seconds",
    "rest_client_requests_total",
    "leader_election_master_status",
)


def test_every_published_metric_is_exposed_with_its_labels():
    async def claim() -> None:
        meter = PrometheusMeter({"AIMService": "service"}, workers=4, host="api:6443")
        queue = Queue(VirtualClock(START), meter)
        queue.add(SERVICE)
        queue.add(SERVICE)
        queue.retry(SERVICE)
        await queue.take()
        queue.add(Key("AIMModel", "ns", "m"))
        with meter.round("service") as measured:
            measured.result = "requeue_after"
            during = meter.exposition().decode()
        meter.fault("service")
        meter.leading(is_leader=True)
        client = MeteredClient(ScriptedClient(answer(200, {}), UnreachableError("x", sent=False)), meter)
        await client.request(Request("get", "GET", "/x"), timeout=1)
        with pytest.raises(UnreachableError):
            await client.request(Request("get", "GET", "/x"), timeout=1)
        async with client.stream(Request("watch", "GET", "/x"), silence=1):
            pass
        await client.close()
        text = meter.exposition().decode()
        for name in PUBLISHED:
            assert f"\n{name}" in text or f"\n{name}{{" in text, name
        assert 'controller_runtime_active_workers{controller="service"} 1.0' in during
        assert 'controller_runtime_reconcile_total{controller="service",result="requeue_after"} 1.0' in text
        assert 'workqueue_adds_total{controller="service",name="service"} 1.0' in text
        assert 'workqueue_depth{controller="service",name="service",priority=""} 0.0' in text
        assert 'rest_client_requests_total{code="200",host="api:6443",method="GET"} 2.0' in text
        assert 'rest_client_requests_total{code="<error>",host="api:6443",method="GET"} 1.0' in text
        assert 'leader_election_master_status{name="3be10d2f.eai.amd.com"} 1.0' in text

    run(claim())


def test_a_round_that_raises_counts_as_an_error():
    meter = PrometheusMeter({"AIMService": "service"}, workers=1)

    def fail() -> None:
        with meter.round("service"):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert 'controller_runtime_reconcile_errors_total{controller="service"} 1.0' in meter.exposition().decode()


def test_a_silent_meter_measures_nothing_and_never_fails():
    meter = SilentMeter()
    with meter.round("x") as measured:
        measured.result = "success"
    meter.fault("x")
    meter.added(SERVICE)
    meter.retried(SERVICE)
    meter.waited(SERVICE, 1.0)
    meter.request("GET", "200")
    meter.leading(is_leader=False)
