"""Which templates may run a discovery Job now (T-5, T-6, O-5).

1. Jobs that run keep their slots, whoever started them. What is free goes to the oldest waiting templates (creation
   time, then kind, namespace, name), so any two planners agree without a lock.
2. A template waits when nothing but time or a slot is missing: it has no result that holds, its model and runtime
   config are there, its GPU is available, and it has no Job.
3. One that has to wait after a failure, or whose Job the server refused, does not stand in the way of the others.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from aimcore.cluster.storage import read_job
from aimcore.conclusion import is_blocking, is_terminating
from aimcore.indexes import in_namespace
from aimcore.kinds.template.attempts import read_attempts
from aimcore.kinds.template.gpu import gpu_health
from aimcore.kinds.template.inputs import KINDS, Template, read_inputs
from aimcore.kinds.template.job import run_of
from aimcore.kinds.template.model import find_model
from aimcore.kinds.template.result import holds
from aimcore.labels import is_paused
from aimcore.resource import Key, Resource
from aimcore.runtime_config import config_health, resolve_runtime_config
from aimcore.snapshot import Absent, Found, Listed, Snapshot


class Waiting(NamedTuple):
    """A template that waits for discovery. Sorts by age. `not_before` is None if it need not wait for a moment."""

    created: str
    kind: str
    namespace: str
    name: str
    job: Key
    not_before: datetime | None


def own_jobs(snapshot: Snapshot, template: Template) -> tuple[Resource, ...]:
    """The discovery Jobs that this template controls, the newest first."""
    listing = snapshot.index("Job", "template", in_namespace(template.job_namespace, template.label))
    jobs = listing.resources if isinstance(listing, Listed) else ()
    own = [j for j in jobs if j.controller is not None and j.controller.uid == template.uid]
    return tuple(sorted(own, key=lambda j: (j.created, j.name), reverse=True))


def waiting_for_discovery(snapshot: Snapshot, kind: str, namespace: str, name: str) -> Waiting | None:
    """A view: the template's place among those that wait, None if it does not wait."""
    match snapshot.object(kind, namespace, name):
        case Found(resource):
            return _waiting(snapshot, resource)
        case _:
            return None


def _waiting(snapshot: Snapshot, resource: Resource) -> Waiting | None:
    template = read_inputs(resource, snapshot.settings)
    if resource.is_deleting or is_paused(resource) or template.inline:
        return None
    if own_jobs(snapshot, template) or is_terminating(snapshot, template.job_namespace):
        return None
    model = find_model(snapshot, template)
    run = run_of(template, model)
    if not model.is_usable or holds(resource, run.spec_hash):
        return None
    gpu = gpu_health(snapshot, template)
    config = resolve_runtime_config(snapshot, template.runtime_config, template.namespace)
    if (gpu is not None and not gpu.is_ready) or is_blocking(config_health(config)):
        return None
    job = Key("Job", template.job_namespace, run.name)
    if not isinstance(snapshot.object(*job), Absent):
        return None
    not_before = read_attempts(resource).wait_until(run.spec_hash)
    return Waiting(resource.created, resource.kind, resource.namespace, resource.name, job, not_before)


def discovery_queue(snapshot: Snapshot) -> tuple[Waiting, ...]:
    """A view: all templates that wait for discovery, the oldest first."""
    waiting = []
    for kind in KINDS:
        listing = snapshot.index(kind, "all", "")
        for template in listing.resources if isinstance(listing, Listed) else ():
            found = snapshot.view(waiting_for_discovery, kind, template.namespace, template.name)
            if found is not None:
                waiting.append(found)
    return tuple(sorted(waiting, key=_age))


def _age(waiting: Waiting) -> tuple[str, str, str, str]:
    return (waiting.created, waiting.kind, waiting.namespace, waiting.name)


def running_discoveries(snapshot: Snapshot) -> int:
    """A view: how many discovery Jobs of the cluster are not finished."""
    listing = snapshot.index("Job", "discovery", "")
    jobs = listing.resources if isinstance(listing, Listed) else ()
    return sum(not j.read_as(read_job).is_finished for j in jobs)


def has_slot(snapshot: Snapshot, waiting: Waiting) -> bool:
    """Whether this template may run its Job now."""
    if waiting.not_before is not None and not snapshot.is_past(waiting.not_before):
        return False
    free = snapshot.settings.discovery_limit - snapshot.view(running_discoveries)
    ahead = (w for w in snapshot.view(discovery_queue) if _age(w) < _age(waiting))
    for other in ahead:
        if free <= 0:
            return False
        free -= _is_in_the_way(snapshot, other)
    return free > 0


def _is_in_the_way(snapshot: Snapshot, other: Waiting) -> bool:
    if snapshot.outcome(Key(other.kind, other.namespace, other.name), other.job) is not None:
        return False
    return other.not_before is None or snapshot.is_past(other.not_before)
