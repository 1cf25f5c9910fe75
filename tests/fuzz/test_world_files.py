"""Edge: the file of a world. Any value is a world or one sentence for each mistake (`WorldSettingsError`)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.simulation.clock import Clock
from aimcore.simulation.settings import WorldSettings, WorldSettingsError
from aimcore.simulation.world import World
from aimctl_runtime.local.server import new_cluster
from fuzz.bounds import answer_or, assert_linear, cpu_within
from fuzz.inputs import NASTY_NUMBERS, NASTY_TEXTS, effort, json_values, nested

MEMBERS = (
    "namespaces", "nodes", "images", "sources", "storageClasses", "gateways", "kserve", "keda", "delays", "podQuota",
    "failingWebhooks", "defaultCatalogue", "name", "count", "gpus", "deviceId", "vram", "cpu", "memory", "labels",
    "image",
    "fault", "runs", "profiles", "uri", "sizeBytes", "seconds", "default", "binding", "listeners", "port",
    "allowedFrom",
    "webhook", "loads", "schedule", "pull", "namespace", "pullSeconds", "exitCode", "log", "version", "controller",
)  # fmt: skip
ENTRIES = {
    "nodes": {"name": "n", "count": 2}, "images": {"image": "a/b:1"}, "sources": {"uri": "hf://a/b"},
    "storageClasses": {"name": "fast"}, "gateways": {"name": "g", "namespace": "gateways"},
}  # fmt: skip
WORDS = ("serve", "crash", "on", "off", "old", "new", "All", "Immediate", "not-found", "128", "1Ti", "*", "hf://a/b")
JSON = json_values(MEMBERS, WORDS)
EMPTY = new_cluster(WorldSettings.read({}), Clock(datetime(2026, 11, 23, tzinfo=UTC)))


def read(value: Any) -> WorldSettings | None:
    """The settings of a value; None if it was told what is wrong with it."""
    return answer_or((WorldSettingsError,), lambda: WorldSettings.read(value))


def run(settings: WorldSettings) -> None:
    """The world of these settings, for a while, unless they name what no API server stores."""
    cluster = EMPTY.fork()
    world = answer_or((WorldSettingsError,), lambda: World(cluster, settings))
    for _ in range(3 if world is not None else 0):
        assert world is not None
        world.step()
        wake = world.next_wake()
        if wake is not None:
            cluster.clock.advance(max(wake - cluster.clock.now, wake - wake))


@effort(150)
@given(st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=5) | JSON)
def test_any_value_is_a_world_or_a_list_of_mistakes(value: Any) -> None:
    read(value)


@effort(100)
@given(st.sampled_from(sorted(ENTRIES)), st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=3))
def test_an_entry_with_any_member_is_read_and_then_runs(part: str, more: dict[str, Any]) -> None:
    members = {m: v for m, v in more.items() if m in ("count", "gpus", "cpu", "memory", "labels", "port", "vram")}
    settings = read({part: [{**ENTRIES[part], **members}]})
    if settings is not None:
        with cpu_within():
            run(settings)


@pytest.mark.parametrize("part", ["delays", "kserve", "keda", "podQuota"])
def test_numbers_that_no_world_can_have_are_refused(part: str) -> None:
    for number in NASTY_NUMBERS:
        for member in ("schedule", "pull", "ready", "hpa", "running", "version", "default"):
            settings = read({part: {member: number}})
            if settings is not None:
                run(settings)


@pytest.mark.parametrize("text", NASTY_TEXTS)
def test_any_text_as_a_name_is_a_mistake_that_is_told_or_a_world_that_runs(text: str) -> None:
    for part, entry in ENTRIES.items():
        member = next(iter(entry))
        settings = read({part: [{**entry, member: text}]})
        if settings is not None:
            run(settings)
    settings = read({"namespaces": [text]})
    if settings is not None:
        run(settings)
    for member in ("cpu", "memory", "vram", "deviceId"):
        settings = read({"nodes": [{"name": "n", member: text}]})
        if settings is not None:
            run(settings)


def test_work_grows_with_the_file() -> None:
    assert_linear(read, lambda n: {"images": [{"image": f"a/b:{i}"} for i in range(n)]}, 500)
    assert_linear(read, lambda n: {f"x{i}": i for i in range(n)}, 500)
    assert_linear(read, lambda n: {"images": [{"image": "a", "profiles": [nested(n)]}]}, 10_000)
