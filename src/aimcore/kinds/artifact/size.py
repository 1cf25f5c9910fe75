"""How large an artifact is (A6.1): declared, found out earlier, or read from the check-size Job this round.

1. A declared size needs no Job, a discovered one is never looked for again.
2. An empty or unreadable log is not an error: the size is still missing (`NoSizeOutput`), and the Job comes again when
   its time to live has passed. A log that nobody could be reached for is asked for again. A line that is no size fails
   the artifact (`InvalidSizeOutput`).
"""

from __future__ import annotations

from dataclasses import dataclass

from aimcore.asking import heard
from aimcore.cluster.storage import pod_in_phase, read_job
from aimcore.conclusion import yield_to_pods
from aimcore.conditions import Depends, Health, State
from aimcore.errors import health_of_unreadable
from aimcore.facts import PodLog
from aimcore.health.jobs import job_health, podless_health
from aimcore.health.pods import pods_health
from aimcore.indexes import in_namespace
from aimcore.kinds.artifact.inputs import Artifact
from aimcore.kinds.artifact.size_output import InvalidSize, read_size_output
from aimcore.resource import Resource
from aimcore.snapshot import Found, Listed, Snapshot, Unreadable

JOB, PODS, OUTPUT = "CheckSizeJob", "CheckSizeJobPods", "CheckSizeOutput"
CONTAINER = "check-size"


@dataclass(frozen=True, slots=True)
class KnownSize:
    """The size in bytes. `is_new`: it was read this round and is not in the status yet."""

    number: int
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class UnknownSize:
    """The size is still to be found out. `needs_job`: the check-size Job is to be made."""

    components: tuple[Health, ...]
    needs_job: bool = False


def find_size(snapshot: Snapshot, artifact: Artifact) -> KnownSize | UnknownSize:
    """The size of an artifact, or how the search for it fares."""
    if artifact.declared:
        return KnownSize(artifact.declared)
    if artifact.discovered:
        return KnownSize(artifact.discovered)
    match snapshot.object("Job", artifact.namespace, artifact.check_size_name):
        case Found(job):
            return _from_job(snapshot, job)
        case Unreadable() as unreadable:
            return UnknownSize((health_of_unreadable(JOB, unreadable, Depends.DOWNSTREAM),))
        case _:
            return UnknownSize((job_health(JOB, None, Depends.DOWNSTREAM),), needs_job=True)


def pods_of(snapshot: Snapshot, job: Resource) -> tuple[Resource, ...] | Unreadable:
    """The pods of a Job, by name; or why they cannot be listed now."""
    listing = snapshot.index("Pod", "job", in_namespace(job.namespace, job.name))
    if isinstance(listing, Unreadable):
        return listing
    return listing.resources if isinstance(listing, Listed) else ()


def health_of_pods(
    snapshot: Snapshot, component: str, pods: tuple[Resource, ...] | Unreadable, job: Resource
) -> Health:
    """How the pods of a Job fare. What cannot be listed is not absent."""
    if isinstance(pods, Unreadable):
        return health_of_unreadable(component, pods)
    refused = None if pods else podless_health(snapshot, component, job)
    return refused or pods_health(snapshot, component, pods)


def _from_job(snapshot: Snapshot, job: Resource) -> KnownSize | UnknownSize:
    health = job_health(JOB, job, Depends.DOWNSTREAM)
    pods = pods_of(snapshot, job)
    if isinstance(pods, Unreadable) or not job.read_as(read_job).is_complete:
        seen = health_of_pods(snapshot, PODS, pods, job)
        return UnknownSize((yield_to_pods(health, seen), seen))
    line, is_pending = _last_line(snapshot, pods)
    if not line:
        message = "The check-size Job printed no size yet"
        missing = Health(OUTPUT, State.PROGRESSING, "NoSizeOutput", message, Depends.DOWNSTREAM, unknown=is_pending)
        return UnknownSize((health, missing))
    found = read_size_output(line)
    if isinstance(found, InvalidSize):
        invalid = Health(OUTPUT, State.FAILED, "InvalidSizeOutput", found.message, Depends.DOWNSTREAM)
        return UnknownSize((health, invalid))
    return KnownSize(found, is_new=True)


def _last_line(snapshot: Snapshot, pods: tuple[Resource, ...]) -> tuple[str, bool]:
    """The last line of the check-size log, trimmed; and whether nobody has answered yet."""
    pod = pod_in_phase(pods, "Succeeded", "Running")
    if pod is None:
        return "", False
    answer = heard(snapshot, PodLog(pod.namespace, pod.name, pod.uid, CONTAINER, lines=1))
    if answer is None:
        return "", True
    return (answer.value.strip() if isinstance(answer.value, str) else ""), False


__all__ = ["KnownSize", "UnknownSize", "find_size", "health_of_pods", "pods_of"]
