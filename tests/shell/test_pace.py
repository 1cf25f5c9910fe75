"""How often the status of one object is written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aimcore.changes import PatchStatus
from aimcore.resource import Key
from aimctl_runtime.clock import VirtualClock
from aimctl_runtime.pace import ANSWERS, NEWS, PROGRESS, Pace

KEY = Key("AIMService", "ns", "a")
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def status(*, is_progress):
    return PatchStatus(KEY, {}, "1", "m", is_progress)


def test_the_first_status_is_written_at_once():
    pace = Pace(VirtualClock(NOW))
    assert pace.next_write(status(is_progress=True)) is None


@pytest.mark.parametrize(("is_progress", "rest"), [(False, NEWS), (True, PROGRESS)])
def test_the_next_waits_for_its_rest(is_progress, rest):
    clock = VirtualClock(NOW)
    pace = Pace(clock)
    pace.wrote(KEY)
    assert pace.next_write(status(is_progress=is_progress)) == NOW + rest
    clock.advance(rest.total_seconds())
    assert pace.next_write(status(is_progress=is_progress)) is None


def test_a_status_with_open_questions_waits_for_the_answers_but_not_for_ever():
    clock = VirtualClock(NOW)
    pace = Pace(clock)
    change = status(is_progress=False)
    assert pace.next_write(change, is_asking=True) == NOW + ANSWERS
    clock.advance(ANSWERS.total_seconds() - 1)
    assert pace.next_write(change, is_asking=True) == NOW + ANSWERS
    assert pace.next_write(change) is None
    assert pace.next_write(change, is_asking=True) == clock.now() + ANSWERS
    clock.advance(ANSWERS.total_seconds())
    assert pace.next_write(change, is_asking=True) is None


def test_an_object_that_is_gone_is_forgotten():
    pace = Pace(VirtualClock(NOW))
    pace.wrote(KEY)
    pace.forget(KEY)
    assert pace.next_write(status(is_progress=True)) is None
