"""Law 4 of the snapshot itself: the next look is the earliest moment read, and what changes no value wakes nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.facts import Outcome, OutcomeOf, Refusal
from aimcore.hardware import any_gpu, gpu_models
from aimcore.reads import FactRead, IndexRead, TimeRead
from aimcore.resource import Json, Key
from aimcore.simulation.cluster import Cluster
from aimcore.snapshot import Snapshot
from aimcore.table import Table
from aimcore.testing.histories import START, Play
from laws.scenarios import ALL
from laws.tally import effort


def test_the_next_look_is_at_the_earliest_moment_ahead_in_whatever_order_they_are_read() -> None:
    @effort(50)
    @given(st.lists(st.integers(-5, 5), max_size=5))
    def is_earliest(seconds: list[int]) -> None:
        moments = [START + timedelta(seconds=s) for s in seconds]
        snapshot = Snapshot(Table(), START)
        assert [snapshot.is_past(m) for m in moments] == [m <= START for m in moments]
        assert snapshot.check_again_at == min((m for m in moments if m > START), default=None)
        assert set(snapshot.reads) == {TimeRead(m) for m in moments}

    is_earliest()


@pytest.mark.parametrize("name", ["quick start", "everything at once", "children deleted by hand"])
def test_whoever_has_listed_objects_is_woken_by_each_that_changes_comes_or_leaves(name: str, cluster: Cluster) -> None:
    """Each object in turn loses a part, and then goes: a list that is not the same as before has been touched."""
    play = Play(ALL[name].world, cluster=cluster.fork())
    play.act(ALL[name].actions)
    play.converge(timedelta(hours=1))
    known = play.driver.memory.table
    kinds = known.vocabulary.kinds
    objects = [known.find(key) for kind in kinds for key in known.keys(kind)]
    lists = {
        IndexRead(found.kind, index, value)
        for found in objects if found is not None
        for index, values in known.vocabulary.indexes_of(found.kind).items() for value in values(found)
    }  # fmt: skip
    for found in filter(None, objects):
        mine = [read for read in lists if read.kind == found.kind]
        for part in ("labels", "ownerReferences", "spec", "status", "involvedObject", ""):
            table = known.fork()
            before = {read: _listed(table, read) for read in mine}
            touched = table.learn(_without(found.raw, part)) if part else table.forget(found.key)
            assert {read for read in mine if _listed(table, read) != before[read]} <= touched


def _listed(table: Table, read: IndexRead) -> list[Json]:
    """What a list shows; a version alone is no news."""
    return [_without(found.raw, "") for found in table.bucket(*read)]


def _without(raw: Mapping[str, Any], part: str) -> Json:
    """The object in another version, without a part of it."""
    metadata = {k: v for k, v in raw["metadata"].items() if k != part}
    return {**{k: v for k, v in raw.items() if k != part}, "metadata": {**metadata, "resourceVersion": "999999"}}


def test_whoever_has_read_what_came_of_a_write_is_woken_by_other_news_of_it() -> None:
    of = OutcomeOf(Key("AIMService", "a", "b"), Key("Job", "a", "c"))
    no = Outcome(Refusal.FORBIDDEN, "no", START)
    table = Table()
    for news, is_news in (
        (no, True),
        (no, False),
        (replace(no, message="still no"), True),
        (None, True),
        (None, False),
    ):
        assert table.learn_outcome(of, news) == ({FactRead(of)} if is_news else set())


def test_a_node_that_changes_without_changing_what_gpus_there_are_wakes_nobody(cluster: Cluster) -> None:
    play = Play({}, cluster=cluster.fork())
    play.act(ALL["quick start"].actions)
    play.converge()
    table = play.driver.memory.table
    seen = {(view, snapshot.view(view)) for snapshot in [Snapshot(table, START)] for view in (gpu_models, any_gpu)}
    readers = {read for reads in play.driver.memory.reads.values() for read in reads}
    for node in list(play.cluster.objects("Node")):
        metadata = {**node["metadata"], "labels": {**node["metadata"]["labels"], "amd.com/heartbeat": "1"}}
        assert not table.learn({**node, "metadata": metadata}) & readers
    assert {(view, Snapshot(table, START).view(view)) for view in (gpu_models, any_gpu)} == seen
