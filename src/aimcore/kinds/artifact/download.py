"""Whether the files are there: the download Job, its progress, and the latch (A8, A10).

1. The latch is "verified for this claim's uid". Once set, Jobs are neither made nor looked at.
2. An artifact that another operator left Ready, or with a verified download, counts as verified for the live claim.
3. A Complete Job verifies only a claim that is not younger than the Job; an older one is deleted and made again.
4. `progress` and `download` are the pod's; they are touched only at the end, good or bad.
5. A claim, a Job or pods that cannot be read now change nothing: what was verified is presumed to be, what is stored
   stays. So an outage never leads to a second download.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcore.cluster.reading import mapping, text, whole
from aimcore.cluster.storage import Claim, JobReading, phase_of, read_claim
from aimcore.condition import Condition, condition
from aimcore.conditions import stored_condition
from aimcore.resource import Resource
from aimcore.snapshot import Found, Lookup, Unreadable, moment

DOWNLOAD_COMPLETE = "DownloadComplete"
_COMPLETE = "Download and verification complete"
_RUNNING = condition(DOWNLOAD_COMPLETE, False, "Downloading", "Download in progress")


def is_verified(resource: Resource, found: Lookup, job: JobReading | None) -> bool:
    """Whether the complete download was verified on this very claim."""
    if isinstance(found, Unreadable):
        return _was_verified(resource)
    claim = found.resource.read_as(read_claim) if isinstance(found, Found) else None
    if claim is None or claim.is_deleting:
        return False
    recorded = text(resource.status, "verifiedClaimUID")
    if recorded == claim.uid or (not recorded and _was_verified(resource)):
        return True
    return job is not None and job.is_complete and is_for(job, claim)


def _was_verified(resource: Resource) -> bool:
    stored = stored_condition(resource.status.get("conditions"), DOWNLOAD_COMPLETE)
    verified = text(stored, "status") == "True" and text(stored, "reason") == "Verified"
    return verified or text(resource.status, "status") == "Ready"


def is_for(job: JobReading, claim: Claim) -> bool:
    """Whether the Job is not older than the claim."""
    made, claimed = moment(job.created), moment(claim.created)
    return made is None or claimed is None or made >= claimed


@dataclass(frozen=True, slots=True)
class Progress:
    """The `DownloadComplete` condition, and the members of the status that change with it."""

    condition: Condition | None
    status: Mapping[str, Any]


def read_progress(
    resource: Resource, *, verified: bool, job: JobReading | None, pods: Sequence[Resource] | Unreadable, size: int,
    readable: bool = True,
) -> Progress:  # fmt: skip
    """How far the download is. First match wins. `readable`: claim and Job could be read."""
    status = resource.status
    if verified:
        is_new = job is not None and job.is_complete
        complete = condition(DOWNLOAD_COMPLETE, True, "Verified", _COMPLETE)
        return Progress(complete, _all_there(status, size) if is_new else {})
    if not readable or isinstance(pods, Unreadable):
        return Progress(_as_stored(resource), {})
    if job is None:
        return Progress(_without_job(resource), {})
    if job.is_complete:
        return Progress(_RUNNING, {})
    reached = whole(status, "progress", "percentage")
    if job.is_failed or any(phase_of(p) == "Failed" for p in pods):
        return Progress(_failed(reached), {"progress": {**mapping(status, "progress"), "displayPercentage": "N/A"}})
    if reached >= 100:
        verifying = "Download complete, verifying integrity..."
        return Progress(condition(DOWNLOAD_COMPLETE, True, "Verifying", verifying), {})
    return Progress(_RUNNING, {})


def _without_job(resource: Resource) -> Condition | None:
    """The condition outlives its Job, unless it says that the files are there."""
    stored = _as_stored(resource)
    return _RUNNING if stored is not None and stored.status != "False" else stored


def _as_stored(resource: Resource) -> Condition | None:
    stored = stored_condition(resource.status.get("conditions"), DOWNLOAD_COMPLETE)
    if stored is None:
        return None
    is_true, reason = text(stored, "status") == "True", text(stored, "reason") or "Downloading"
    return condition(DOWNLOAD_COMPLETE, is_true, reason, text(stored, "message"))


def _failed(reached: int) -> Condition:
    if reached >= 100:
        message = "Download completed but verification failed"
        return condition(DOWNLOAD_COMPLETE, False, "VerificationFailed", message, at_fault=True)
    return condition(DOWNLOAD_COMPLETE, False, "Downloading", "Download failed before completion", at_fault=True)


def _all_there(status: Mapping[str, Any], size: int) -> Mapping[str, Any]:
    progress: dict[str, Any] = {**mapping(status, "progress"), "percentage": 100, "displayPercentage": "100 %"}
    progress |= {"totalBytes": size, "downloadedBytes": size} if size else {}
    told = mapping(status, "download")
    return {"progress": progress, "download": {**told, "message": "Complete"}} if told else {"progress": progress}
