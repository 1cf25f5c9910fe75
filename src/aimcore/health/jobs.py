"""The health of a Job.

1. The first of its conditions `Complete` and `Failed` that is True decides.
2. A Job that ran out of time or tries is the spec's fault until a pod says otherwise; an evicted one is not.
3. A Job whose pods are refused (quota, a webhook, missing rights) tries for ever without a condition; only an event on
   it tells why (F-72).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aimcore.conditions import Category, Depends, Health, State, failing
from aimcore.health.absent import absent_health
from aimcore.health.events import event_text, newest_event
from aimcore.resource import EMPTY, Resource
from aimcore.snapshot import Snapshot

_FAILURES: Mapping[str, tuple[Category, str]] = {
    "BackoffLimitExceeded": (Category.INVALID_SPEC, "JobBackoffLimitExceeded"),
    "DeadlineExceeded": (Category.INVALID_SPEC, "JobDeadlineExceeded"),
    "Evicted": (Category.INFRASTRUCTURE, "JobEvicted"),
}
_OTHER_FAILURE = (Category.INVALID_SPEC, "JobFailed")


def job_health(component: str, job: Resource | None, depends: Depends = Depends.DOWNSTREAM) -> Health:
    """How a Job fares; None means that it does not exist."""
    if job is None:
        return absent_health(component, depends, "JobNotFound", "Job not found")
    ending = _ending(job)
    if ending.get("type") == "Complete":
        return Health(component, State.READY, "Ready", "", depends)
    if ending.get("type") == "Failed":
        cause = ending.get("reason")
        category, reason = _FAILURES.get(cause, _OTHER_FAILURE) if isinstance(cause, str) else _OTHER_FAILURE
        message = ending.get("message")
        text = message if isinstance(message, str) and message else "Job failed"
        return failing(component, category, reason, text, depends)
    return Health(component, State.PROGRESSING, "JobRunning", "Job is in progress", depends)


def podless_health(snapshot: Snapshot, component: str, job: Resource) -> Health | None:
    """Why an unfinished Job without pods has none, if its controller tells; else None."""
    refused = None if is_finished(job) else newest_event(snapshot, job, ("FailedCreate",))
    return None if refused is None else Health(component, State.PENDING, "FailedCreate", event_text(refused, "message"))


def is_finished(job: Resource) -> bool:
    """Whether the Job is done, one way or the other (J-7)."""
    return bool(_ending(job))


def is_succeeded(job: Resource) -> bool:
    """Whether the Job is done and did what it should."""
    return _ending(job).get("type") == "Complete"


def is_failed(job: Resource) -> bool:
    """Whether the Job has finally failed."""
    return _ending(job).get("type") == "Failed"


def _ending(job: Resource) -> Mapping[str, Any]:
    """The first condition that ends a Job, or an empty mapping."""
    conditions = job.status.get("conditions")
    for entry in conditions if isinstance(conditions, list) else ():
        if isinstance(entry, dict) and entry.get("status") == "True" and entry.get("type") in ("Complete", "Failed"):
            return entry
    return EMPTY
