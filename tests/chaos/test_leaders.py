"""Two replicas with leader election: whatever becomes of the leader, only one of the two writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from aimcore.resource import Key
from aimctl_runtime import scopes
from aimctl_runtime.leader import LEASE
from aimctl_runtime.scopes import joined

from .program import Program
from .proxy import Proxy
from .registry import registry
from .run import COUNTS, LOST_LEASE, Scene, scene, until, when
from .schedule import Effect, Schedule, Sort, Strike

PLOT = "one"
TURNS_AT = 12
"""The write of the leader after which it is no more."""
LOCK = Key("Lease", "aim-system", LEASE)


def holder(stage: Scene) -> object:
    lease = stage.backend.cluster.peek(*LOCK)
    return lease["spec"]["holderIdentity"] if lease is not None else None


async def tell_of_two(folder: Path, fate: Callable[[Program], None], effect: Effect, then: str) -> int:
    """The leader meets its fate in the middle of the plot; the other one finishes it. Answers with all writes."""
    turn = Schedule.of([Strike(Sort.WRITE, TURNS_AT, effect)])
    async with (
        registry() as images,
        scene(PLOT, images, folder) as stage,
        stage.controller("first", turn, elects=True, fate=fate) as leader,
    ):
        await until(when(lambda: holder(stage) == "first"), lambda: "nobody leads")
        async with stage.controller("second", Schedule.of([]), elects=True) as other:
            await stage.tell()
            assert [strike.effect for strike in turn.struck] == [effect]
            assert holder(stage) == "second"
            one, two = stage.proxies
            await _until_ended(leader, then, one)
            assert one.written_at[-1] < two.written_at[0], "two replicas have written at the same time"
            await stage.check_rest(other)
            stage.check_ends()
            stage.check_words()
            return len(stage.witness.writes)


async def _until_ended(leader: Program, then: str, proxy: Proxy) -> None:
    """A leader that was frozen wakes up, finds its lease lost, and ends before it writes anything."""
    if then == "frozen":
        written = len(proxy.written_at)
        leader.resume()
        await until(when(lambda: bool(leader.ends)), lambda: "the old leader works on")
        assert leader.ends == [LOST_LEASE]
        assert len(proxy.written_at) == written, "the old leader has written once more"


@pytest.mark.timeout(300)
@pytest.mark.rule("D-16")
def test_a_leader_that_dies_or_is_frozen_is_followed_by_the_other_and_never_writes_beside_it(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    counts: Counter[str] = Counter()

    async def tell(fate: Callable[[Program], None], effect: Effect, then: str) -> None:
        folder = tmp_path / then
        folder.mkdir()
        written = await tell_of_two(folder, fate, effect, then)
        counts.update({f"leader {then}": 1, "writes of controllers": written})

    async def claim() -> None:
        async with joined() as tasks:
            tasks.start_soon(tell, Program.hold, Effect.KILLED_UNANSWERED, "killed")
            tasks.start_soon(tell, Program.pause, Effect.KILLED_AFTER, "frozen")

    scopes.run(claim)
    record_property(COUNTS, dict(counts))
