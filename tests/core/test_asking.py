"""Questions that are asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aimcore.asking import ask_again
from aimcore.facts import Answer, SecretExists
from aimcore.snapshot import Snapshot
from aimcore.table import Table

NOW = datetime(2026, 11, 23, tzinfo=UTC)
WANT = SecretExists("ns", "s")
HOUR = timedelta(hours=1)


def look(age, interval=HOUR):
    answer = Answer(False, NOW - age)
    table = Table()
    table.learn_answer(WANT, answer)
    snapshot = Snapshot(table, NOW)
    ask_again(snapshot, WANT, answer, interval)
    return list(snapshot.wants), snapshot.check_again_at


def test_a_fresh_answer_is_not_asked_for_again_before_its_interval():
    assert look(timedelta(minutes=10)) == ([], NOW + timedelta(minutes=50))


@pytest.mark.parametrize(("age", "next_in"), [(1.5, 1.5), (2.9, 0.1), (3.5, 3.5)])
def test_an_old_answer_is_asked_for_at_doubling_distances(age, next_in):
    wants, again = look(HOUR * age)
    assert wants == [WANT]
    assert again == NOW + HOUR * next_in


def test_an_answer_of_another_age_of_the_world_is_asked_for_and_no_moment_is_set():
    assert look(timedelta(days=36500), timedelta(0)) == ([WANT], None)
