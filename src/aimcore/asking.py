"""Questions that are asked again: an answer grows old, and a "no" may become a "yes".

1. An answer is asked for anew once its interval has passed.
2. If nobody answers, the next looks come at doubling distances: none is ever the last.
"""

from __future__ import annotations

from datetime import timedelta

from aimcore.facts import Answer, Want
from aimcore.snapshot import Snapshot

_LOOKS = 16
_LONGEST = timedelta(days=1)


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
