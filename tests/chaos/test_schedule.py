"""Fault schedules are data: they survive being written down, and strike exactly what they name."""

from __future__ import annotations

import pytest

from .run import Case
from .schedule import Effect, Schedule, Sort, Strike, drawn

SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS[:10])
def test_a_case_is_replayed_from_its_line(seed: int) -> None:
    case = Case.drawn(seed)
    assert Case.read(case.text) == case
    assert Schedule.read(case.schedule).text == case.schedule
    assert Case.drawn(seed) == case


def test_every_effect_is_drawn_by_some_seed() -> None:
    schedules = [drawn(seed, elects=True) for seed in SEEDS]
    assert {strike.effect for schedule in schedules for strike in schedule.waiting.values()} == set(Effect)
    assert {strike.sort for schedule in schedules for strike in schedule.waiting.values()} == set(Sort)


def test_a_strike_befalls_the_request_of_its_number_once() -> None:
    schedule = Schedule.of([Strike(Sort.WRITE, 2, Effect.LOST), Strike(Sort.WRITE, 2, Effect.TORN)])
    assert [schedule.strike(sort) for sort in (Sort.READ, Sort.WRITE)] == [None, None]
    assert schedule.strike(Sort.WRITE) == Strike(Sort.WRITE, 2, Effect.LOST)
    assert schedule.strike(Sort.WRITE) is None
    assert schedule.struck == [Strike(Sort.WRITE, 2, Effect.LOST)]
    assert schedule.text == "write 2: cut before it was done"


def test_after_calm_nothing_strikes() -> None:
    schedule = Schedule.read("write 1: 429; watch 1: stream cut (20)")
    schedule.calm()
    assert schedule.strike(Sort.WRITE) is None


@pytest.mark.parametrize("text", ["write one: 429", "write 1: bad luck", "nobody 1: 429", "write 1"])
def test_a_line_that_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        Schedule.read(text)
