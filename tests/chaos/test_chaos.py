"""Laws 2, 3 and 5 through the real process and real HTTP: killed, cut off, refused, delayed, and nothing shows.

Some cases run in each test run, always the same. With AIM_LAWS_MINUTES as many run as fit into a quarter of that time.
AIM_CHAOS plays one case, given as the line that a failure shows.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from aimctl_runtime import scopes
from laws.tally import MINUTES

from .registry import Registry, registry
from .run import COUNTS, Case, play

SEEDS = (0, 3, 5)
"""One for each of three plots, one of them with leader election."""
AT_ONCE = 3
SHARE = 15 * MINUTES
"""Seconds."""
GIVEN = os.environ.get("AIM_CHAOS", "")


@pytest.mark.timeout(300 + SHARE)
def test_whatever_happens_to_process_server_and_wire_nothing_is_lost_and_nothing_doubled(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    broken: list[str] = []
    counts: Counter[str] = Counter()

    async def claim() -> None:
        cases, began = _cases(), anyio.current_time()
        places = anyio.Semaphore(AT_ONCE)
        async with registry() as images, anyio.create_task_group() as tasks:
            for number, case in enumerate(cases):
                await places.acquire()
                if number >= len(SEEDS) and (broken or anyio.current_time() - began > SHARE):
                    places.release()
                    break
                folder = tmp_path / str(number)
                folder.mkdir()
                tasks.start_soon(_played, case, images, folder, places, broken, counts)

    scopes.run(claim)
    record_property(COUNTS, dict(counts))
    assert not broken, "\n\n".join(broken)


def _cases() -> Iterator[Case]:
    """The case that was asked for; else those of every run, and after them new ones without end."""
    if GIVEN:
        yield Case.read(GIVEN)
        return
    yield from map(Case.drawn, SEEDS)
    if MINUTES:
        chance = random.SystemRandom()
        while True:
            yield Case.drawn(chance.randrange(1_000_000))


async def _played(
    case: Case, images: Registry, folder: Path, places: anyio.Semaphore, broken: list[str], counts: Counter[str]
) -> None:
    try:
        counts.update((await play(case, images, folder)).counts)
    except AssertionError as problem:
        broken.append(str(problem))
    finally:
        places.release()
