"""One round of discovery: from the newest Job of a template to a result, a failed attempt, or a new Job.

1. A Job is ours only by its controller reference (O-13). One of our name with another owner is waited for (O-14).
2. A Job made for other inputs is deleted. So is one whose image could not be pulled for five minutes (O-11).
3. A Complete Job gives a result or a failed attempt; while its log is not there yet, it is waited for.
4. Pull secrets that do not exist are named, in the namespace where the Job runs (D-7).
5. A failed Job stays until its time to live has passed; then the next attempt's moment and a slot are waited for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from aimcore.asking import ask_again, heard
from aimcore.cluster.reading import objects, text
from aimcore.cluster.storage import JobReading, pod_in_phase, read_job
from aimcore.conclusion import yield_to_pods
from aimcore.condition import Condition, condition
from aimcore.conditions import Depends, Health, State
from aimcore.facts import Answer, Failure, PodLog, SecretExists
from aimcore.health.jobs import job_health, podless_health
from aimcore.health.pods import pods_health
from aimcore.indexes import in_namespace
from aimcore.kinds.template.attempts import Attempts, failed, read_attempts
from aimcore.kinds.template.discovery_output import DiscoveryResult, UnreadableOutput, read_discovery_output
from aimcore.kinds.template.inputs import Template
from aimcore.kinds.template.job import CONTAINER, Run, desired_job
from aimcore.kinds.template.result import AWAITING, DISCOVERED, FAILED
from aimcore.kinds.template.slots import has_slot, own_jobs, waiting_for_discovery
from aimcore.plan import Child, Deletion
from aimcore.resource import Resource
from aimcore.snapshot import Found, Listed, Snapshot, moment, timestamp

JOB, PODS = "DiscoveryJob", "DiscoveryPods"
PULL_PATIENCE = timedelta(minutes=5)
SECRET_PATIENCE = timedelta(seconds=30)
LOG_PATIENCE = timedelta(seconds=45)
"""The Job, and its pod with it, goes a minute after its end."""
_PULLING = frozenset({"ErrImagePull", "ImagePullBackOff"})


@dataclass(frozen=True, slots=True)
class Discovery:
    """How discovery fares this round. `result` is set in the round that reads it."""

    condition: Condition
    components: tuple[Health, ...] = ()
    result: DiscoveryResult | None = None
    status: Mapping[str, Any] = field(default_factory=dict)
    children: tuple[Child, ...] = ()
    deletions: tuple[Deletion, ...] = ()


def discover(
    snapshot: Snapshot, resource: Resource, template: Template, run: Run, patterns: Sequence[str]
) -> Discovery:
    """One round of discovery for a template without a result that holds."""
    attempts = read_attempts(resource)
    jobs = own_jobs(snapshot, template)
    if not jobs:
        found = _without_job(snapshot, resource, template, run, attempts, patterns)
        return _with_missing_secrets(snapshot, template, run, found)
    job = jobs[0]
    seen = {"discoveryJob": {"name": job.name, "namespace": job.namespace}}
    if job.name not in (run.name, run.former_name):
        health = Health(JOB, State.PENDING, "JobNotCreated", f"Job {job.name} of other inputs is being removed", _DOWN)
        gone = () if job.is_deleting else (_delete(job, "it was made for other inputs"),)
        return Discovery(awaiting(attempts), (health,), status=seen, deletions=gone)
    found = _with_job(snapshot, job, job.read_as(read_job), run, attempts)
    found = _with_missing_secrets(snapshot, template, run, found)
    return replace(found, status={**seen, **found.status})


def _with_missing_secrets(snapshot: Snapshot, template: Template, run: Run, found: Discovery) -> Discovery:
    """Name the pull secrets that do not exist beside an unready Job. It runs all the same: the image may be public."""
    if all(h.is_ready for h in found.components):
        return found
    missing = [name for s in run.pull_secrets if not _exists(snapshot, template.job_namespace, name := text(s, "name"))]
    if not missing:
        return found
    note = f"pull secret {', '.join(missing)} not found in namespace {template.job_namespace}"
    named = tuple(
        replace(h, message=f"{h.message}; {note}") if h.component == JOB and not h.is_ready else h
        for h in found.components
    )
    return replace(found, components=named)


def _exists(snapshot: Snapshot, namespace: str, secret: str) -> bool:
    """Whether a Secret exists, as far as is known. One that is missing is asked for again."""
    want = SecretExists(namespace, secret)
    answer = snapshot.fact(want)
    if answer is None or answer.value is not False:
        return True
    ask_again(snapshot, want, answer, SECRET_PATIENCE)
    return False


_DOWN = Depends.DOWNSTREAM


def awaiting(attempts: Attempts) -> Condition:
    """The condition of a template without a result."""
    if attempts.number > 0:
        return condition(DISCOVERED, False, FAILED, attempts.reason or "Unknown failure", at_fault=True)
    return condition(DISCOVERED, False, AWAITING, "Waiting for discovery to complete")


# ---- without a Job --------------------------------------------------------------------------------------------------
def _without_job(
    snapshot: Snapshot,
    resource: Resource,
    template: Template,
    run: Run,
    attempts: Attempts,
    patterns: Sequence[str],
) -> Discovery:
    waiting = snapshot.view(waiting_for_discovery, resource.kind, resource.namespace, resource.name)
    if waiting is None:
        health = _blocked_health(snapshot, template, run)
        return Discovery(awaiting(attempts), () if health is None else (health,))
    if has_slot(snapshot, waiting):
        child = desired_job(resource, template, run, snapshot.settings.discovery_deadline, patterns)
        health = _not_created("Discovery job has not been created yet")
        return Discovery(awaiting(attempts), (health,), children=(child,))
    if waiting.not_before is not None and not snapshot.is_past(waiting.not_before):
        message = f"The next discovery attempt is due at {timestamp(waiting.not_before)}"
    else:
        message = f"Waiting for one of the {snapshot.settings.discovery_limit} discovery slots"
    return Discovery(awaiting(attempts), (_not_created(message),))


def _blocked_health(snapshot: Snapshot, template: Template, run: Run) -> Health | None:
    """The health of the Job when something other than time or a slot is in the way; None if others say so."""
    match snapshot.object("Job", template.job_namespace, run.name):
        case Found(job):
            return _not_created(f"Job {job.namespace}/{job.name} belongs to another owner and is waited for")
        case _:
            return None


def _not_created(message: str) -> Health:
    return Health(JOB, State.PENDING, "JobNotCreated", message, _DOWN)


# ---- with a Job -----------------------------------------------------------------------------------------------------
def _with_job(snapshot: Snapshot, job: Resource, reading: JobReading, run: Run, attempts: Attempts) -> Discovery:
    listing = snapshot.index("Pod", "job", in_namespace(job.namespace, job.name))
    pods = listing.resources if isinstance(listing, Listed) else ()
    health = job_health(JOB, job, _DOWN)
    if reading.is_complete:
        return _from_log(snapshot, job, pods, run, attempts)
    refused = None if pods else podless_health(snapshot, PODS, job)
    seen = (pods_health(snapshot, PODS, pods),) if pods else (refused,) if refused is not None else ()
    components = (yield_to_pods(health, seen[0]), seen[0]) if seen else (health,)
    if reading.is_failed:
        cause = seen[0].message if seen and components[0] is not health else ""
        reason = cause or reading.message or reading.reason or "Unknown failure"
        return _failed(snapshot, reading, run, attempts, reason, components)
    if _cannot_pull(snapshot, pods):
        cause = seen[0].message if seen else "the image cannot be pulled"
        found = _failed(snapshot, reading, run, attempts, cause, components)
        gone = () if job.is_deleting else (_delete(job, "its image could not be pulled for five minutes"),)
        return replace(found, deletions=gone)
    return Discovery(awaiting(attempts), components)


def _from_log(snapshot: Snapshot, job: Resource, pods: tuple[Resource, ...], run: Run, attempts: Attempts) -> Discovery:
    pod = pod_in_phase(pods, "Succeeded")
    answer = None if pod is None else _log_of(snapshot, job, pod)
    if answer is None:
        reading_log = Health(JOB, State.PROGRESSING, "JobRunning", "Waiting for the discovery's output", _DOWN)
        return Discovery(awaiting(attempts), (reading_log,))
    found = _read(answer.value)
    if isinstance(found, DiscoveryResult):
        done = condition(DISCOVERED, True, "DiscoveryComplete", "Discovery job completed successfully")
        health = Health(JOB, State.READY, "Ready", "", _DOWN)
        return Discovery(done, (health,), result=found, status={"discovery": {"specHash": run.spec_hash}})
    unreadable = Health(JOB, State.FAILED, "DiscoveryOutputUnreadable", found.message, _DOWN)
    return _failed(snapshot, job.read_as(read_job), run, attempts, found.message, (unreadable,))


def _log_of(snapshot: Snapshot, job: Resource, pod: Resource) -> Answer | None:
    """What is known of the log. That nobody can be reached is taken for an answer once time runs out."""
    want = PodLog(pod.namespace, pod.name, pod.uid, CONTAINER, lines=None)
    ended = moment(job.status.get("completionTime"))
    is_late = ended is not None and snapshot.is_past(ended + LOG_PATIENCE)
    return snapshot.fact(want) if is_late else heard(snapshot, want)


def _read(value: object) -> DiscoveryResult | UnreadableOutput:
    if isinstance(value, str):
        return read_discovery_output(value)
    why = value.message if isinstance(value, Failure) else "no text"
    return UnreadableOutput(f"the discovery log cannot be read: {why}")


def _failed(
    snapshot: Snapshot,
    reading: JobReading,
    run: Run,
    attempts: Attempts,
    reason: str,
    components: Iterable[Health],
) -> Discovery:
    counted = failed(attempts, snapshot, reading.created, run.spec_hash, reason)
    return Discovery(awaiting(counted), tuple(components), status={"discovery": counted.written()})


def _cannot_pull(snapshot: Snapshot, pods: Sequence[Resource]) -> bool:
    """Whether the image of a pod could not be pulled for five minutes."""
    for pod in pods:
        if not _PULLING & set(_waiting_reasons(pod)):
            continue
        since = _first_pull_failure(snapshot, pod)
        if since is not None and snapshot.is_past(since + PULL_PATIENCE):
            return True
    return False


def _waiting_reasons(pod: Resource) -> Iterable[str]:
    for member in ("containerStatuses", "initContainerStatuses"):
        for container in objects(pod.status, member):
            yield text(container, "state", "waiting", "reason")


def _first_pull_failure(snapshot: Snapshot, pod: Resource) -> datetime | None:
    """When pulling first failed: its earliest event, else the pod's creation."""
    listing = snapshot.index("Event", "involved", pod.uid)
    events = listing.resources if isinstance(listing, Listed) else ()
    times = [
        at
        for e in events
        if e.raw.get("reason") in ("Failed", "BackOff")
        and (at := moment(e.raw.get("firstTimestamp")) or moment(e.raw.get("eventTime")))
    ]
    return min(times, default=None) or moment(pod.created)


def _delete(job: Resource, reason: str) -> Deletion:
    return Deletion(job.key, job.uid, reason, JOB)
