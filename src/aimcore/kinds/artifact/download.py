"""Whether the files are there: the download Job, its progress, and the latch (A8, A10).

1. The latch is "verified for this claim's uid". Once set, Jobs are neither made nor looked at.
2. An artifact that another operator left Ready, or with a verified download, counts as verified for the live claim.
3. A Complete Job verifies only a claim that is not younger than the Job; an older one is deleted and made again.
4. `progress` and `download` are the pod's; they are touched only at the end, good or bad.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcore.cluster.reading import mapping, text, whole
from aimcore.cluster.storage import Claim, JobReading, phase_of
from aimcore.conditions import Condition, condition, stored_condition
from aimcore.resource import Resource
from aimcore.snapshot import moment

DOWNLOAD_COMPLETE = "DownloadComplete"
_COMPLETE = "Download and verification complete"
_RUNNING = condition(DOWNLOAD_COMPLETE, False, "Downloading", "Download in progress")


def is_verified(resource: Resource, claim: Claim | None, job: JobReading | None) -> bool:
    """Whether the complete download was verified on this very claim."""
    if claim is None or claim.is_deleting:
        return False
    recorded = text(resource.status, "verifiedClaimUID")
    if recorded:
        if recorded == claim.uid:
            return True
    elif _was_verified(resource):
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
    resource: Resource, *, verified: bool, job: JobReading | None, pods: Sequence[Resource], size: int
) -> Progress:
    """How far the download is. First match wins."""
    status = resource.status
    if job is None:
        return Progress(_without_job(resource, verified), {})
    if job.is_complete:
        complete = condition(DOWNLOAD_COMPLETE, True, "Verified", _COMPLETE)
        return Progress(complete if verified else _RUNNING, _all_there(status, size) if verified else {})
    if verified:
        return Progress(condition(DOWNLOAD_COMPLETE, True, "Verified", _COMPLETE), {})
    reached = whole(status, "progress", "percentage")
    if job.is_failed or any(phase_of(p) == "Failed" for p in pods):
        return Progress(_failed(reached), {"progress": {**mapping(status, "progress"), "displayPercentage": "N/A"}})
    if reached >= 100:
        verifying = "Download complete, verifying integrity..."
        return Progress(condition(DOWNLOAD_COMPLETE, True, "Verifying", verifying), {})
    return Progress(_RUNNING, {})


def _without_job(resource: Resource, verified: bool) -> Condition | None:
    """The condition outlives its Job."""
    if verified:
        return condition(DOWNLOAD_COMPLETE, True, "Verified", _COMPLETE)
    stored = stored_condition(resource.status.get("conditions"), DOWNLOAD_COMPLETE)
    if stored is None:
        return None
    if text(stored, "status") != "False":
        return _RUNNING
    return condition(DOWNLOAD_COMPLETE, False, text(stored, "reason") or "Downloading", text(stored, "message"))


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
