"""Outcomes that are over: the cluster has become what a write wanted, though the write itself was not "done".

1. A time-out whose write happened after all, and a conflict that another manager gave up, leave a live child as wanted:
   then nothing is left to be written, and nobody but this function would ever take the outcome back.
2. A deletion is over when its incarnation is gone or going.
3. Whoever runs plans asks this after each plan, forgets what it names (`Table.learn_outcome(of, None)`), and if it
   named anything plans again: the old outcome may stand in the plan's status.
"""

from __future__ import annotations

from collections.abc import Iterator

from aimcore.facts import OutcomeOf
from aimcore.leaves import is_satisfied
from aimcore.plan import Child, Deletion, Plan, Write
from aimcore.snapshot import Absent, Found, Snapshot


def settled_outcomes(plan: Plan, snapshot: Snapshot) -> tuple[OutcomeOf, ...]:
    """The outcomes of this plan's writes that the cluster has overtaken."""
    return tuple(_settled(plan, snapshot))


def _settled(plan: Plan, snapshot: Snapshot) -> Iterator[OutcomeOf]:
    manager = snapshot.vocabulary.field_manager_of(plan.key.kind)
    for child in plan.children:
        if snapshot.outcome(plan.key, child.key) is not None and _is_as_wanted(child, manager, snapshot):
            yield OutcomeOf(plan.key, child.key)
    for deletion in plan.deletions:
        if snapshot.outcome(plan.key, deletion.key) is not None and _is_gone(deletion, snapshot):
            yield OutcomeOf(plan.key, deletion.key)


def _is_as_wanted(child: Child, manager: str, snapshot: Snapshot) -> bool:
    match snapshot.object(*child.key):
        case Found(live) if not live.is_deleting:
            made_once = child.write is Write.CREATE
            return made_once or is_satisfied(child.key.kind, child.manifest, live.raw, manager)
        case _:
            return False


def _is_gone(deletion: Deletion, snapshot: Snapshot) -> bool:
    match snapshot.object(*deletion.key):
        case Found(live):
            return live.uid != deletion.uid or live.is_deleting
        case Absent():
            return True
        case _:
            return False
