"""Events: counted, budgeted, and never in the way."""

from __future__ import annotations

from typing import Any

import pytest

from aimcore.plan import PlannedEvent
from aimcore.resource import Resource
from aimctl_runtime.clock import VirtualClock
from aimctl_runtime.recorder import BURST, REFILL, Recorder
from aimctl_runtime.transport import UnreachableError

from .doubles import START, Lines, ScriptedClient, answer, log_into, run, status, thing

READY = PlannedEvent("Normal", "Ready", "it runs")
SOURCE = "aim-service-controller"


def resource(**members: Any) -> Resource:
    found = Resource.of(thing("AIMService", "s", **members))
    assert found is not None
    return found


def make(*replies: Any) -> tuple[Recorder, ScriptedClient, VirtualClock, Lines]:
    clock, client, lines = VirtualClock(START), ScriptedClient(*replies), Lines()
    return Recorder(client, clock, log_into(lines), "pod-1"), client, clock, lines


def test_an_equal_event_raises_the_count_of_the_one_that_stands():
    async def claim() -> None:
        recorder, client, clock, _ = make(*[answer(200, {})] * 4)
        assert await recorder.emit(resource(), SOURCE, READY)
        clock.advance(60)
        assert await recorder.emit(resource(), SOURCE, READY)
        assert await recorder.emit(resource(), SOURCE, READY)
        posted, first, second = client.requests
        assert posted.body["firstTimestamp"] == "2026-11-23T12:00:00Z"
        assert first.path.endswith(posted.body["metadata"]["name"])
        assert first.body == {"count": 2, "lastTimestamp": "2026-11-23T12:01:00Z"}
        assert second.body["count"] == 3
        await recorder.emit(resource(), SOURCE, PlannedEvent("Normal", "Ready", "something else"))
        assert client.requests[-1].verb == "create"

    run(claim())


def test_an_event_whose_object_has_expired_is_made_anew():
    async def claim() -> None:
        recorder, client, _, _ = make(answer(201, {}), status(404, "NotFound"), answer(201, {}))
        await recorder.emit(resource(), SOURCE, READY)
        assert await recorder.emit(resource(), SOURCE, READY)
        assert [request.verb for request in client.requests] == ["create", "patch", "create"]

    run(claim())


def test_events_about_cluster_scoped_objects_lie_in_default():
    async def claim() -> None:
        recorder, client, _, _ = make(answer(201, {}))
        found = Resource.of(thing("AIMClusterModel", "m", namespace=""))
        assert found is not None
        await recorder.emit(found, "aim-cluster-model-controller", READY)
        assert client.requests[0].path == "/api/v1/namespaces/default/events"
        assert "namespace" not in client.requests[0].body["involvedObject"]
        assert client.requests[0].body["metadata"]["namespace"] == "default"

    run(claim())


def test_each_object_has_its_budget_which_grows_again():
    async def claim() -> None:
        recorder, client, clock, _ = make(*[answer(201, {})] * 60)
        written = [await recorder.emit(resource(), SOURCE, PlannedEvent("Normal", "R", str(n))) for n in range(30)]
        assert written.count(True) == BURST
        assert await recorder.emit(resource(metadata={"uid": "another"}), SOURCE, READY)
        clock.advance(REFILL)
        assert await recorder.emit(resource(), SOURCE, PlannedEvent("Normal", "R", "later"))
        assert not await recorder.emit(resource(), SOURCE, PlannedEvent("Normal", "R", "too much"))
        assert len(client.requests) == BURST + 2

    run(claim())


@pytest.mark.parametrize("reply", [UnreachableError("down", sent=False), status(403, "Forbidden", "terminating")])
def test_an_event_that_cannot_be_written_harms_nothing(reply: Any):
    async def claim() -> None:
        recorder, _, _, lines = make(reply)
        assert not await recorder.emit(resource(), SOURCE, READY)
        assert [line["level"] for line in lines.messages] == ["debug"]

    run(claim())


def test_long_names_and_messages_fit():
    async def claim() -> None:
        recorder, client, _, _ = make(answer(201, {}))
        await recorder.emit(resource(metadata={"name": "n" * 253}), SOURCE, PlannedEvent("Warning", "R", "m" * 5000))
        body = client.requests[0].body
        assert len(body["metadata"]["name"]) <= 253
        assert len(body["message"]) == 1024

    run(claim())


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr("aimctl_runtime.recorder.REMEMBERED", 3)

    async def claim() -> None:
        recorder, _, _, _ = make(*[answer(201, {})] * 10)
        for number in range(10):
            assert await recorder.emit(resource(metadata={"uid": str(number)}), SOURCE, READY)
        assert len(recorder._standing) == len(recorder._budgets) == 3

    run(claim())
