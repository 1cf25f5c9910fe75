"""Law 4 of the snapshot itself: the next look is the earliest moment read, and what changes no value wakes nobody."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from aimcore.hardware import any_gpu, gpu_models
from aimcore.reads import TimeRead
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
