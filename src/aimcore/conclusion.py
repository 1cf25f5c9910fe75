"""The end of every plan but a service's: refused writes into components, components into conditions, all into a plan.

1. A child whose last write was refused fails its component, with the child's name and the server's message.
2. Nothing is created in a namespace that is being deleted. What is there stays.
3. `status` carries `status`, `conditions`, `observedGeneration` and what the kind adds; a member that is not named is
   left alone, None removes it.
4. A component that misses something upstream, has an invalid spec or no access blocks its kind's children
   (`is_blocking`); what is observed below never does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aimcore.api.kinds import AIM_KINDS
from aimcore.cluster.reading import text
from aimcore.condition import Condition
from aimcore.conditions import Category, Health, State, judge, replaced
from aimcore.errors import health_of_outcome
from aimcore.plan import Child, Deletion, Edit, Note, Plan
from aimcore.resource import Json, Resource
from aimcore.snapshot import Absent, Found, Snapshot

_BLOCKING = frozenset({Category.AUTH, Category.INVALID_SPEC, Category.MISSING_UPSTREAM, Category.INFRASTRUCTURE})


def is_blocking(health: Health | None) -> bool:
    """Whether a component in this health stops the children that depend on it."""
    return health is not None and health.category in _BLOCKING


def is_terminating(snapshot: Snapshot, namespace: str) -> bool:
    """Whether a namespace is being deleted. An unknown one is not: the server will say that it is missing."""
    if not namespace:
        return False
    match snapshot.object("Namespace", "", namespace):
        case Found(resource):
            return resource.read_as(_is_going)
        case _:
            return False


def _is_going(namespace: Resource) -> bool:
    return namespace.is_deleting or text(namespace.status, "phase") == "Terminating"


def is_gone_or_terminating(snapshot: Snapshot, namespace: str) -> bool:
    """As `is_terminating`, and true of a namespace that does not exist (finalizers, B7)."""
    return isinstance(snapshot.object("Namespace", "", namespace), Absent) or is_terminating(snapshot, namespace)


def conclude(
    snapshot: Snapshot,
    resource: Resource,
    *,
    components: Sequence[Health],
    children: Sequence[Child] = (),
    status: Mapping[str, Any] | None = None,
    others: Sequence[Condition] = (),
    held: State | None = None,
    deletions: Sequence[Deletion] = (),
    edits: Sequence[Edit] = (),
    notes: Sequence[Note] = (),
) -> Plan:
    """Make the plan of `resource` from the health of its components and what it wants.

    `others` are conditions that are no components; `held` overrides the overall state (see `conditions.judge`).
    """
    wanted = tuple(c for c in children if not is_terminating(snapshot, c.key.namespace))
    judged = _with_refusals(snapshot, resource, components, wanted)
    verdict = judge(snapshot, judged, resource.status.get("conditions"), resource.generation, others=others, held=held)
    written: dict[str, Any] = {"status": verdict.state.text, "conditions": list(verdict.conditions), **(status or {})}
    if resource.generation:
        written["observedGeneration"] = resource.generation
    return Plan.made_from(
        snapshot,
        resource.key,
        children=wanted,
        deletions=tuple(deletions),
        edits=tuple(edits),
        status=written,
        events=verdict.events,
        notes=tuple(notes),
        retry=verdict.retry,
    )


def _with_refusals(
    snapshot: Snapshot, resource: Resource, components: Sequence[Health], children: Iterable[Child]
) -> Sequence[Health]:
    """The components, with those of refused children replaced by the refusal."""
    judged = components
    for child in children:
        outcome = snapshot.outcome(resource.key, child.key)
        if outcome is not None:
            judged = replaced(judged, health_of_outcome(child.component, child.key, outcome))
    return judged


_USED_UP = "JobBackoffLimitExceeded"


def yield_to_pods(job: Health, pods: Health) -> Health:
    """A failed Job's health gives way to a pod failure whose cause is known: that cause decides (engine 5).

    A failure without a category still says more, with the end of its log, than that all tries are used up. Of a Job
    that ran out of time it is not the cause.
    """
    categorised = pods.category is not None and pods.category is not Category.MISSING_DOWNSTREAM
    is_cause = pods.reason != "PodFailed" or job.reason == _USED_UP
    if job.state is State.FAILED and categorised and is_cause:
        return Health(job.component, State.PROGRESSING, job.reason, job.message, job.depends)
    return job


def reference_to(resource: Resource) -> Json:
    """How one of our objects is named in a status (D-1)."""
    where: Json = (
        {"namespace": resource.namespace, "scope": "Namespace"} if resource.namespace else {"scope": "Cluster"}
    )
    kind = f"{AIM_KINDS[resource.kind].api_version}/{resource.kind}"
    return {"name": resource.name, **where, "kind": kind, "uid": resource.uid}


__all__ = ["conclude", "is_blocking", "is_gone_or_terminating", "is_terminating", "reference_to", "yield_to_pods"]
