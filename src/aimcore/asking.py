"""Questions that are asked again: an answer grows old, and a "no" may become a "yes".

1. An answer is asked for anew once its interval has passed.
2. If nobody answers, the next looks come at doubling distances: none is ever the last.
3. That nobody could be reached is no answer (`heard`): it is asked again soon.
"""

from __future__ import annotations

from datetime import timedelta

from aimcore.facts import Answer, Failure, FailureKind, Want
from aimcore.snapshot import Snapshot

_LOOKS = 16
_LONGEST = timedelta(days=1)
_SOON = timedelta(seconds=10)
_PASSING = frozenset({FailureKind.UNREACHABLE, FailureKind.RATE_LIMITED})


def heard(snapshot: Snapshot, want: Want) -> Answer | None:
    """The answer to a question; None while there is none, and while nobody could be reached. Rule 3."""
    answer = snapshot.fact(want)
    if answer is not None and isinstance(answer.value, Failure) and answer.value.kind in _PASSING:
        ask_again(snapshot, want, answer, _SOON)
        return None
    return answer


def ask_again(snapshot: Snapshot, want: Want, answer: Answer, interval: timedelta) -> None:
    """Ask once more when `answer` is older than `interval`, and be called when that time comes."""
    pause = min(max(interval, timedelta(seconds=1)), _LONGEST)
    due = answer.at + pause
    for _ in range(_LOOKS):
        if not snapshot.is_past(due):
            return
        snapshot.fact(want, not_older_than=due)
        pause *= 2
        due += pause
