"""A branch may stop where an earlier one stood, and only where that proves as much as going on."""

from __future__ import annotations

import pytest

from aimcore.resource import Key
from aimcore.testing.driver import Driver
from aimcore.testing.exploration.branches import Ending, Explorer
from aimcore.testing.exploration.points import answers
from aimcore.testing.exploration.schedule import Crash, Refused, Schedule
from aimcore.testing.exploration.trunk import Trunk, record
from laws.exploring import empty_cluster
from laws.scenarios import ALL

CRASH = (Crash(20, done=True),)


@pytest.fixture(scope="module")
def trunk() -> Trunk:
    return record(ALL["quick start"], empty_cluster())


@pytest.fixture(scope="module")
def late(trunk: Trunk) -> Schedule:
    """A schedule that does not come back to the moment of the reference run."""
    return next(s for s in list(answers(trunk))[100:] if Explorer(trunk).branch(s).ending is not Ending.EQUAL)


def delete_jobs_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Driver.restart

    def restart(self: Driver) -> None:
        honest(self)
        for job in list(self.cluster.objects("Job")):
            self.cluster.delete(Key("Job", job["metadata"]["namespace"], job["metadata"]["name"]))

    monkeypatch.setattr(Driver, "restart", restart)


def endings(explorer: Explorer, *schedules: Schedule) -> list[Ending]:
    return [explorer.branch(schedule).ending for schedule in schedules]


def test_who_comes_where_an_earlier_branch_stood_stops_there(trunk: Trunk, late: Schedule) -> None:
    first, second = endings(Explorer(trunk), late, late)
    assert (first, second) == (first, Ending.VISITED)
    assert first is not Ending.VISITED


def test_refusals_of_one_request_meet_each_other(trunk: Trunk, late: Schedule) -> None:
    number = late[0].write
    schedules = [(Refused(number, code),) for code in (500, 503, 504)]
    assert Ending.VISITED in endings(Explorer(trunk), *schedules)


def test_a_branch_that_is_watched_goes_on(trunk: Trunk, late: Schedule) -> None:
    explorer = Explorer(trunk)
    explorer.branch(late)
    assert explorer.branch(late, watched=True).ending is not Ending.VISITED


def test_one_that_is_audited_comes_to_the_end_of_the_reference(trunk: Trunk, late: Schedule) -> None:
    explorer = Explorer(trunk)
    explorer.branch(late)
    finding = explorer.branch(late, audited=True)
    assert (finding.ending, finding.lines) == (Ending.VISITED, ())


# ---- what is no proof ------------------------------------------------------------------------------------------------
def test_a_branch_that_broke_a_law_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    trunk = record(ALL["everything at once"], empty_cluster())
    delete_jobs_at_start(monkeypatch)
    explorer = Explorer(trunk)
    found = [explorer.branch(CRASH) for _ in range(2)]
    assert all(any(line.startswith("Job ADDED: ") for line in finding.lines) for finding in found)


def test_who_made_more_until_there_is_found_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    trunk = record(ALL["everything at once"], empty_cluster())
    explorer = Explorer(trunk)
    assert not explorer.branch(CRASH).lines
    delete_jobs_at_start(monkeypatch)
    assert any(line.startswith("Job ADDED: ") for line in explorer.branch(CRASH).lines)


def test_where_nobody_counted_proves_nothing_to_who_counts(trunk: Trunk, late: Schedule) -> None:
    explorer = Explorer(trunk)
    explorer.branch(late, compared=False)
    assert explorer.branch(late).ending is not Ending.VISITED


@pytest.mark.parametrize("other", ["leapt", "overtaken"])
def test_more_than_the_rest_has_to_be_the_same(other: str, trunk: Trunk, late: Schedule) -> None:
    explorer = Explorer(trunk)
    explorer.branch(late)
    for kept in explorer._visited.equal.values():
        for mark, _ in kept:
            object.__setattr__(mark, other, object())
    assert explorer.branch(late).ending is not Ending.VISITED
