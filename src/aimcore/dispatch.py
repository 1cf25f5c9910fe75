"""From a key to its plan: the one doorway of planning. And vocabularies: ours, and those of other people.

1. An object that is gone, or of a kind without a planner, has an empty plan.
2. Pause (`aim.eai.amd.com/reconciliation-paused: "true"`, exactly) stops everything but deletion and finalizers; the
   kind's planner decides which (`spec` R-2.3, R-2.4, R-13.5).
3. Deletion is an input, not another path: the kind's planner reads `deletionTimestamp` first.
4. Who plans is said by the snapshot's vocabulary; one without planners is planned for by ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from aimcore.api.kinds import Kind
from aimcore.cluster.slices import Slice, with_managed_fields
from aimcore.indexes import Index
from aimcore.kinds.artifact import plan_artifact
from aimcore.kinds.model import plan_model
from aimcore.kinds.model_source import plan_model_source
from aimcore.kinds.service import plan_service
from aimcore.kinds.template import plan_template
from aimcore.kinds.template_cache import plan_template_cache
from aimcore.plan import Plan
from aimcore.resource import Json, Key, Resource
from aimcore.snapshot import Found, Snapshot
from aimcore.vocabulary import OURS, Controller, Vocabulary

T = TypeVar("T")

Planner = Callable[[Snapshot, Resource], Plan]

PLANNERS: Mapping[str, Planner] = {
    "AIMArtifact": plan_artifact,
    "AIMClusterModel": plan_model,
    "AIMClusterModelSource": plan_model_source,
    "AIMClusterServiceTemplate": plan_template,
    "AIMModel": plan_model,
    "AIMService": plan_service,
    "AIMServiceTemplate": plan_template,
    "AIMTemplateCache": plan_template_cache,
}
"""Runtime configs are data only: nobody plans for them."""

AIM = replace(OURS, planners=PLANNERS)
"""The vocabulary of AIM, complete."""


def make_plan(snapshot: Snapshot, key: Key) -> Plan:
    """The plan of one object. Never raises; equal snapshots give equal plans."""
    planner: Planner | None = (snapshot.vocabulary.planners or PLANNERS).get(key.kind)
    match snapshot.object(*key):
        case Found(resource) if planner is not None:
            return planner(snapshot, resource)
        case _:
            return Plan.made_from(snapshot, key)


@dataclass(frozen=True, slots=True)
class KnownKind:
    """One kind of a vocabulary: what it is, and what is done with it.

    `planner`: plans its objects; without one they are only read. `controller`: as whom it writes, by default named
    after the kind. `slice`: what is kept of an object, by default all; managed fields only of children, where they tell
    what is ours. `indexes`: what objects are filed under, beside `all`, `namespace` and `owner`. `is_child`: plans make
    objects of it. `crd`: its CustomResourceDefinition
    (`aimcore.api.crd.crd_from`), where the simulated cluster is to serve it and does not of itself.
    """

    kind: Kind
    planner: Planner | None = None
    controller: Controller | None = None
    slice: Slice | None = None
    indexes: Mapping[str, Index] = field(default_factory=dict)
    is_child: bool = False
    crd: Json | None = None


def vocabulary_of(*known: KnownKind, beside: Vocabulary | None = None) -> Vocabulary:
    """The vocabulary of these kinds, beside those of another one such as `AIM`; a kind that stands in both is replaced.

    Raises ValueError if two of the kinds have one name, or if one has a controller and no planner.
    """
    rows = {row.kind.kind: row for row in known}
    if len(rows) != len(known):
        raise ValueError(f"a kind stands twice among {[row.kind.kind for row in known]}")
    unplanned = [name for name, row in rows.items() if row.controller is not None and row.planner is None]
    if unplanned:
        raise ValueError(f"a controller without a planner: {unplanned}")
    old = beside or Vocabulary({})
    return Vocabulary(
        kinds={**old.kinds, **{n: r.kind for n, r in rows.items()}},
        slices={**_without(old.slices, rows), **{n: s for n, r in rows.items() if (s := _slice_of(r)) is not None}},
        indexes={**_without(old.indexes, rows), **{n: r.indexes for n, r in rows.items() if r.indexes}},
        planners={**_without(old.planners, rows), **{n: r.planner for n, r in rows.items() if r.planner is not None}},
        controllers={
            **_without(old.controllers, rows),
            **{n: r.controller or _named_after(r.kind) for n, r in rows.items() if r.planner is not None},
        },
        children=(old.children - rows.keys()) | {n for n, r in rows.items() if r.is_child},
        crds={**_without(old.crds, rows), **{n: r.crd for n, r in rows.items() if r.crd is not None}},
    )


def _without(table: Mapping[str, T], rows: Mapping[str, KnownKind]) -> Mapping[str, T]:
    return {name: value for name, value in table.items() if name not in rows}


def _slice_of(row: KnownKind) -> Slice | None:
    return row.slice or (with_managed_fields if row.is_child else None)


def _named_after(kind: Kind) -> Controller:
    return Controller(kind.singular, f"{kind.singular}-controller", f"{kind.group}/{kind.singular}.name")
