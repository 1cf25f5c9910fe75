"""How often the status of one object is written.

1. The first status of an object is written at once.
2. What somebody may act on – Ready turned, a new cause, a new generation, a reference – waits until `NEWS` have passed
   since the last write, so that what happens at the same moment is one write.
3. Mere progress waits until `PROGRESS` have passed. It is never lost: the key is looked at again then.
4. A status that rests on questions nobody has answered yet waits for the answers, at most `ANSWERS`: after a restart
   nothing is known of logs and registries, and what stands in the status was right.
5. Children never wait.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from aimcore.changes import PatchStatus
from aimcore.resource import Key
from aimctl_runtime.clock import Clock

NEWS = timedelta(seconds=1)
PROGRESS = timedelta(seconds=10)
ANSWERS = timedelta(seconds=5)


class Pace:
    """Remembers when each object's status was last written. See the rules above."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._written: dict[Key, datetime] = {}
        self._asking: dict[Key, datetime] = {}

    def next_write(self, change: PatchStatus, *, is_asking: bool = False) -> datetime | None:
        """None if the status may be written now, else the moment from which it may.

        `is_asking`: the plan has open questions, and the object has a status already.
        """
        now = self._clock.now()
        moments = []
        if is_asking:
            moments.append(self._asking.setdefault(change.key, now) + ANSWERS)
        else:
            self._asking.pop(change.key, None)
        last = self._written.get(change.key)
        if last is not None:
            moments.append(last + (PROGRESS if change.is_progress else NEWS))
        latest = max(moments, default=now)
        return latest if now < latest else None

    def wrote(self, key: Key) -> None:
        """The status of this object was written just now."""
        self._written[key] = self._clock.now()

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self._written.pop(key, None)
        self._asking.pop(key, None)
