"""Law 10: what came of a history in the last release comes of it in this one."""

from __future__ import annotations

import pytest

from aimcore.simulation.cluster import Cluster
from laws.journeys import JOURNEYS, PAGES, page, path_of, played
from laws.tally import Tally


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey_ends_as_it_always_did(name: str, cluster: Cluster, tally: Tally) -> None:
    play = played(name, cluster)
    assert page(play).splitlines() == path_of(name).read_text(encoding="utf-8").splitlines()
    tally.note(play)
    tally.tried["journeys"] += 1


def test_every_page_is_compared() -> None:
    assert {path.name for path in PAGES.iterdir()} == {path_of(name).name for name in JOURNEYS}


def test_the_pages_are_told_apart() -> None:
    pages = [path.read_text(encoding="utf-8") for path in sorted(PAGES.iterdir())]
    assert len(set(pages)) > len(pages) * 0.8
