"""How often discovery failed, and when it may be tried again (T-7, T-16, O-3).

1. The next attempt's moment is absolute and stands in the status. Waits: 60 s, doubled each time, at most an hour.
2. Each Job is counted once: when the last attempt is older than the Job. While the Job is there, its reason is kept up
   to date.
3. Other inputs (another spec hash) start afresh.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aimcore.cluster.reading import mapping, text, whole
from aimcore.resource import Json, Resource
from aimcore.snapshot import Snapshot, moment, timestamp

_FIRST = 60
_LONGEST = 3600
_MOST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Attempts:
    """The failed attempts so far. `next_at` is None if nothing has to be waited for."""

    number: int = 0
    last_at: datetime | None = None
    next_at: datetime | None = None
    reason: str = ""
    spec_hash: str = ""

    def wait_until(self, spec_hash: str) -> datetime | None:
        """The moment before which these inputs are not tried again."""
        if self.number <= 0 or (self.spec_hash and self.spec_hash != spec_hash):
            return None
        return self.next_at

    def written(self) -> Json:
        """As in `status.discovery`."""
        members = {
            "attempts": self.number,
            "lastAttemptTime": timestamp(self.last_at) if self.last_at else "",
            "nextAttemptTime": timestamp(self.next_at) if self.next_at else "",
            "lastFailureReason": self.reason,
            "specHash": self.spec_hash,
        }
        return {k: v for k, v in members.items() if v}


def backoff(number: int) -> timedelta:
    """How long to wait after that many failures."""
    return timedelta(seconds=min(_FIRST * 2 ** (min(max(number, 1), 7) - 1), _LONGEST))


def read_attempts(resource: Resource) -> Attempts:
    """The attempts in the stored status."""
    stored = mapping(resource.status, "discovery")
    number, last = max(whole(stored, "attempts"), 0), moment(stored.get("lastAttemptTime"))
    due = moment(stored.get("nextAttemptTime"))
    if due is None and last is not None:
        due = last + backoff(number)
    return Attempts(min(number, _MOST), last, due, text(stored, "lastFailureReason"), text(stored, "specHash"))


def failed(attempts: Attempts, snapshot: Snapshot, made: str, spec_hash: str, reason: str) -> Attempts:
    """The attempts after the Job made at `made` (RFC 3339) failed for `reason`."""
    created = moment(made)
    is_counted = attempts.last_at is not None and (created is None or attempts.last_at >= created)
    if is_counted and attempts.number > 0:
        return replace(attempts, reason=reason)
    before = 0 if attempts.spec_hash and attempts.spec_hash != spec_hash else attempts.number
    number, now = min(before + 1, _MOST), snapshot.now_to_write().replace(microsecond=0)
    last = now if created is None else max(now, created)  # our clock may be behind the server's: the Job counts once
    return Attempts(number, last, now + backoff(number), reason, spec_hash)
