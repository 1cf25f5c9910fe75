"""Every point of a reference run at which something can go wrong, as schedules of one fault each.

1. *Crash points*: the process ends after each request, and before the first.
2. *Losses*: each watch event that was news. An event that told nothing new can be lost without anybody noticing.
3. *Old states*: around each deletion, the state before and the state after it is served to a process that starts at the
   next request.
4. *Answers*: each request with each refusal, and unanswered, done or not.
5. The rest begins at every so many requests (`spacing`), at each with its own salt.
6. In a world without rest nothing goes wrong in its last half hour, which is what the end is compared with.
"""

from __future__ import annotations

from collections.abc import Iterator

from aimcore.testing.exploration.schedule import (
    Crash,
    Doubled,
    Expired,
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
    Unserved,
)
from aimcore.testing.exploration.trunk import Trunk

ANSWERS = ((409, 0), (429, 0), (429, 7), (500, 0), (503, 0), (504, 0))
"""Codes, and the seconds of their Retry-After."""
MINUTE, HOUR = 60, 3600


def every_point(trunk: Trunk, *, spacing: int = 5) -> Iterator[Schedule]:
    """All schedules of one fault, in the order of the rules above."""
    yield from crash_points(trunk)
    yield from losses(trunk)
    yield from old_states(trunk)
    yield from answers(trunk)
    yield from disturbances(trunk, spacing)


def _writes(trunk: Trunk) -> list[int]:
    return [write for write in range(len(trunk.sent)) if trunk.leaves_time(trunk.sent[write].at)]


def _news(trunk: Trunk) -> list[int]:
    return [number for number, seen in enumerate(trunk.seen) if seen.is_news and trunk.leaves_time(seen.at)]


def crash_points(trunk: Trunk) -> Iterator[Schedule]:
    """Rule 1."""
    if trunk.sent:
        yield (Crash(0, done=False),)
    for write in _writes(trunk):
        yield (Crash(write, done=True),)


def losses(trunk: Trunk) -> Iterator[Schedule]:
    """Rule 2."""
    for number in _news(trunk):
        yield (Lost(number),)


def old_states(trunk: Trunk) -> Iterator[Schedule]:
    """Rule 3. A deletion is asked for (`deletionTimestamp`) and done: both count."""
    for version in sorted(_deletions(trunk)):
        after = next((n for n, sent in enumerate(trunk.sent) if sent.after >= version), None)
        if after is not None:
            for shown in (version - 1, version):
                yield (Stale(after, trunk.sent[after].after - shown, 20),)


def _deletions(trunk: Trunk) -> Iterator[int]:
    cluster = trunk.end.play.cluster
    for kind in trunk.end.driver.vocabulary.kinds:
        for change in cluster.store.changes(kind, trunk.saves[0].version):
            was_asked = change.old is not None and "deletionTimestamp" in change.old["metadata"]
            if change.event == "DELETED" or (not was_asked and "deletionTimestamp" in change.new["metadata"]):
                yield change.version


def answers(trunk: Trunk) -> Iterator[Schedule]:
    """Rule 4."""
    for write in _writes(trunk):
        for code, wait in ANSWERS:
            yield (Refused(write, code, wait),)
        for done in (True, False):
            yield (TimedOut(write, done),)


def disturbances(trunk: Trunk, spacing: int) -> Iterator[Schedule]:
    """Rule 5."""
    kinds = custom_kinds(trunk)
    for number in _news(trunk)[::spacing]:
        yield (Doubled(number),)
    for kind in kinds:
        yield (Unserved(-1, kind, 2 * MINUTE),)
    for write in _writes(trunk)[::spacing]:
        kind = trunk.sent[write].change.key.kind
        yield (Expired(write),)
        yield (Trickling(write, MINUTE, salt=write),)
        yield (Frozen(write, 20),)
        yield (Lagging(write, kind, 9, 2 * MINUTE),)
        yield (Outage(write, 45),)
        for pause in (0, 20, 5 * MINUTE):
            yield (Rival(write, pause),)
        for by in (5 * MINUTE, 3 * HOUR):
            yield (Leap(write, by),)
        for by in (-5 * MINUTE, 5 * MINUTE):
            yield (Skewed(write, by, MINUTE),)
        yield (Stale(write, 7, 20),)
        if kind in kinds:
            yield (Unserved(write, kind, MINUTE),)


def custom_kinds(trunk: Trunk) -> list[str]:
    """The kinds that have a CRD, of which the reference run wrote objects: such a CRD may be late."""
    types = {type_.name for type_ in trunk.end.play.cluster.types() if type_.custom}
    return sorted(types & {sent.change.key.kind for sent in trunk.sent})
