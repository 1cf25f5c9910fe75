"""The plan of an AIMService, as a table of contents.

1. Deletion first: it needs no live dependency (`deletion`). A paused service only gets its finalizer.
2. Look up and resolve everything once (`situation`).
3. Each stage reports its components and says what it wants: model, template, runtime config (`catalogue_part`),
   InferenceService, pods and autoscaling (`runtime_part`), cache (`catalogue_part`), route (`route_part`).
4. An invalid spec and a refused write replace the health of their component.
5. Components become conditions and the overall status. While the service serves, trouble makes it Degraded at worst
   (D-32).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aimcore.condition import Condition
from aimcore.conditions import Category, Depends, Health, State, Verdict, failing, judge, replaced, stored_condition
from aimcore.errors import health_of_outcome
from aimcore.kinds.service.catalogue_part import plan_cache, plan_model, plan_runtime_config, plan_template
from aimcore.kinds.service.deletion import FINALIZER, plan_deletion
from aimcore.kinds.service.inputs import HPA, MODEL, PODS, RUNTIME_CONFIG, TEMPLATE
from aimcore.kinds.service.part import joined
from aimcore.kinds.service.route_part import plan_route
from aimcore.kinds.service.runtime_part import plan_runtime, plan_scaling
from aimcore.kinds.service.situation import Situation, assess
from aimcore.kinds.service.status import STATUS_TEXT
from aimcore.labels import is_paused
from aimcore.plan import Child, Plan
from aimcore.resource import Resource
from aimcore.snapshot import Snapshot, Unreadable

_WORSE_THAN_DEGRADED = frozenset({State.FAILED, State.NOT_AVAILABLE, State.PENDING})
_UPSTREAM = frozenset({MODEL, TEMPLATE, RUNTIME_CONFIG})


def plan_service(snapshot: Snapshot, resource: Resource) -> Plan:
    """What one AIMService wants the cluster to look like. Never raises."""
    if resource.is_deleting:
        return plan_deletion(snapshot, resource)
    if is_paused(resource):
        return Plan.made_from(snapshot, resource.key, add_finalizers=(FINALIZER,))
    s = assess(snapshot, resource)
    parts = (
        plan_model(s),
        plan_template(s),
        plan_runtime_config(s),
        plan_cache(snapshot, s),
        plan_runtime(snapshot, s),
        plan_route(snapshot, s),
        plan_scaling(snapshot, s),
    )
    whole = joined(parts)
    components = _with_refusals(snapshot, resource, _with_problems(s, whole.components), whole.children)
    verdict = _judged(snapshot, s, components)
    return Plan.made_from(
        snapshot,
        resource.key,
        children=whole.children,
        deletions=whole.deletions,
        status=_status(resource, whole.status, verdict),
        add_finalizers=(FINALIZER,),
        events=(*verdict.events, *whole.events),
        notes=whole.notes,
        retry=verdict.retry,
    )


def _with_problems(s: Situation, components: Sequence[Health]) -> Sequence[Health]:
    """What is wrong with the spec is said by the component whose children it stops."""
    for component, sentence in s.problems.items():
        depends = Depends.UPSTREAM if component in _UPSTREAM else Depends.DOWNSTREAM
        invalid = failing(component, Category.INVALID_SPEC, "InvalidSpec", sentence, depends)
        components = replaced(components, invalid)
    return components


def _with_refusals(
    snapshot: Snapshot, resource: Resource, components: Sequence[Health], children: Sequence[Child]
) -> Sequence[Health]:
    """A refused write is what its component has to say, with the child's name and the server's message."""
    for child in children:
        key = child.key
        outcome = snapshot.outcome(resource.key, key)
        if outcome is not None:
            components = replaced(components, health_of_outcome(child.component, key, outcome))
    return components


def _judged(snapshot: Snapshot, s: Situation, components: Sequence[Health]) -> Verdict:
    stored, generation = s.resource.status.get("conditions"), s.resource.generation
    others = _not_looked_up(s, stored)
    verdict = judge(snapshot, components, stored, generation, others=others)
    if s.is_serving and verdict.state in _WORSE_THAN_DEGRADED:
        return judge(snapshot, components, stored, generation, others=others, held=State.DEGRADED)
    return verdict


def _not_looked_up(s: Situation, stored: object) -> list[Condition]:
    """Behind an InferenceService that cannot be read nothing is looked up: its conditions stay as they are (D-34)."""
    if not isinstance(s.own_inference_service, Unreadable):
        return []
    kept = (stored_condition(stored, f"{component}Ready") for component in (PODS, HPA))
    return [
        Condition(str(c["type"]), str(c.get("status")), str(c.get("reason") or "Unknown"), str(c.get("message") or ""))
        for c in kept
        if c is not None
    ]


def _status(resource: Resource, members: Mapping[str, Any], verdict: Verdict) -> Mapping[str, Any]:
    status: dict[str, Any] = {"status": STATUS_TEXT[verdict.state], "conditions": list(verdict.conditions)}
    if resource.generation:
        status["observedGeneration"] = resource.generation
    status.update(members)
    return status
