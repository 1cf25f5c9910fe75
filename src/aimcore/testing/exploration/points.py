"""Every point of a reference run at which something can go wrong, as schedules of one fault each.

1. *Crash points*: the process ends after each request, and before the first.
2. *Losses*: each watch event that was news. An event that told nothing new can be lost without anybody noticing.
3. *Old states*: around each deletion, the state before and the state after it is served to a process that starts at the
   next request.
4. *Answers*: each request with each refusal, and unanswered, done or not. One denial each: those who may say no take
   turns.
5. *Silences*: each kind of which there are objects, and questions for the world outside, from the beginning. Troubles
   take turns, from history to history with another one first; for Secrets it is the right to read that is missing.
6. The rest begins at every so many requests (`spacing`), at each with its own salt.
7. In a world without rest nothing goes wrong in its last half hour, which is what the end is compared with.
"""

from __future__ import annotations

from collections.abc import Iterator

from aimcore.testing.exploration.refusals import LIST_TROUBLES, denials_of
from aimcore.testing.exploration.schedule import (
    Crash,
    Denied,
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
    Unanswered,
    Unlisted,
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
    yield from silences(trunk)
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
        deniers = denials_of(trunk.sent[write].change)
        yield (Denied(write, deniers[write % len(deniers)]),)


def silences(trunk: Trunk) -> Iterator[Schedule]:
    """Rule 5."""
    troubles = sorted(LIST_TROUBLES)
    for turn, kind in enumerate(kinds_there(trunk), start=len(trunk.sent)):
        why = "permission" if kind == "Secret" else troubles[turn % len(troubles)]
        yield (Unlisted(-1, kind, why, 2 * MINUTE),)
    yield (Unanswered(-1, 2 * MINUTE),)


def disturbances(trunk: Trunk, spacing: int) -> Iterator[Schedule]:
    """Rule 6."""
    troubles = sorted(LIST_TROUBLES)
    kinds = custom_kinds(trunk)
    for number in _news(trunk)[::spacing]:
        yield (Doubled(number),)
    for kind in kinds:
        yield (Unserved(-1, kind, 2 * MINUTE),)
    for turn, write in enumerate(_writes(trunk)[::spacing]):
        change = trunk.sent[write].change
        kind, deniers = change.key.kind, denials_of(change)
        yield (Expired(write),)
        yield (Trickling(write, MINUTE, salt=write),)
        yield (Frozen(write, 20),)
        yield (Lagging(write, kind, 9, 2 * MINUTE),)
        yield (Outage(write, 45),)
        yield (Denied(write, deniers[turn % len(deniers)], 2 * MINUTE),)
        yield (Unlisted(write, kind, troubles[turn % len(troubles)], MINUTE),)
        yield (Unanswered(write, MINUTE),)
        for pause in (0, 20, 5 * MINUTE):
            yield (Rival(write, pause),)
        for by in (5 * MINUTE, 3 * HOUR):
            yield (Leap(write, by),)
        for by in (-5 * MINUTE, 5 * MINUTE):
            yield (Skewed(write, by, MINUTE),)
        yield (Stale(write, 7, 20),)
        if kind in kinds:
            yield (Unserved(write, kind, MINUTE),)


def kinds_there(trunk: Trunk) -> list[str]:
    """The kinds that a controller reads, of which there are objects in the end."""
    cluster = trunk.end.play.cluster
    return [kind for kind in sorted(trunk.end.driver.vocabulary.kinds) if any(True for _ in cluster.objects(kind))]


def custom_kinds(trunk: Trunk) -> list[str]:
    """The kinds that have a CRD, of which the reference run wrote objects: such a CRD may be late."""
    types = {type_.name for type_ in trunk.end.play.cluster.types() if type_.custom}
    return sorted(types & {sent.change.key.kind for sent in trunk.sent})
