"""Hypothesis strategies for fault schedules (extra `testing`).

1. Numbers of requests and events are drawn without knowing the history: `fitted` maps them into one.
2. A schedule shrinks towards no fault, and each fault towards the beginning and the shortest time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from aimcore.testing.exploration.points import ANSWERS
from aimcore.testing.exploration.refusals import DENIALS, LIST_TROUBLES
from aimcore.testing.exploration.schedule import (
    Crash,
    Denied,
    Doubled,
    Expired,
    Fault,
    Frozen,
    Lagging,
    Leap,
    Lost,
    Outage,
    Refused,
    Rival,
    Schedule,
    Skewed,
    Stale,
    TimedOut,
    Trickling,
    Unanswered,
    Unlisted,
    Unserved,
)

NUMBERS = st.integers(0, 999)
SECONDS = st.sampled_from([1, 5, 20, 60, 300])
KINDS = ("InferenceService", "HTTPRoute", "ScaledObject", "Pod", "Job", "AIMArtifact", "AIMTemplateCache")
"""The kinds that lag or are not served, unless others are given."""


def faults(kinds: Sequence[str] = KINDS) -> st.SearchStrategy[Fault]:
    """One fault of any type."""
    some_kind = st.sampled_from(list(kinds))
    return st.one_of(
        st.builds(Crash, NUMBERS, st.booleans()),
        st.builds(Lost, NUMBERS),
        st.builds(Doubled, NUMBERS),
        st.builds(lambda write, answer: Refused(write, *answer), NUMBERS, st.sampled_from(ANSWERS)),
        st.builds(Denied, NUMBERS, st.sampled_from(sorted(DENIALS)), st.just(0) | SECONDS),
        st.builds(TimedOut, NUMBERS, st.booleans()),
        st.builds(Expired, NUMBERS),
        st.builds(Frozen, NUMBERS, SECONDS),
        st.builds(Trickling, NUMBERS, SECONDS, st.integers(0, 99)),
        st.builds(Lagging, NUMBERS, some_kind, st.integers(1, 30), SECONDS),
        st.builds(Stale, NUMBERS, st.integers(1, 30), SECONDS),
        st.builds(Outage, NUMBERS, SECONDS),
        st.builds(Unserved, NUMBERS, some_kind, SECONDS),
        st.builds(Unlisted, NUMBERS, some_kind, st.sampled_from(sorted(LIST_TROUBLES)), SECONDS),
        st.builds(Unanswered, NUMBERS, SECONDS),
        st.builds(Rival, NUMBERS, SECONDS),
        st.builds(Skewed, NUMBERS, st.sampled_from([-300, -30, 30, 300]), SECONDS),
        st.builds(Leap, NUMBERS, st.sampled_from([60, 600, 7200])),
    )


def fault_schedules(*, least: int = 1, most: int = 4, kinds: Sequence[str] = KINDS) -> st.SearchStrategy[Schedule]:
    """A schedule of so many faults. `fitted` makes it one for a recorded history."""
    return st.lists(faults(kinds), min_size=least, max_size=most).map(tuple)


def fitted(schedule: Schedule, writes: Sequence[int], events: Sequence[int]) -> Schedule:
    """The schedule with its numbers mapped to these requests and events (modulo their number), each at most once.

    A fault for which there is no request or no event is left out.
    """
    found: dict[tuple[str, int], Fault] = {}
    for fault in schedule:
        if isinstance(fault, Lost | Doubled):
            if events:
                number = events[fault.event % len(events)]
                found.setdefault(("event", number), replace(fault, event=number))
        elif writes:
            number = writes[fault.write % len(writes)]
            found.setdefault(("write", number), replace(fault, write=number))
    return tuple(found.values())
