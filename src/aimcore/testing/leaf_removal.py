"""Law 2 for single leaves: whoever wants one leaf less writes once, and is silent ever after.

1. A leaf is a member with a plain value, or an item of a list, anywhere in an applied child. An owner reference is
   one leaf.
2. The server says whether the removal makes a difference: an apply in a dry run, compared with what is there.
3. A refused write is silent too: it is not tried again.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from aimcore.changes import Apply
from aimcore.diff import changes_needed
from aimcore.plan import Child, Plan, Write
from aimcore.resource import Json
from aimcore.simulation.cluster import ApiError, PatchType
from aimcore.snapshot import Snapshot
from aimcore.testing.histories import Play
from aimcore.testing.laws import Broken

Step = str | int
_IDENTITY = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}


def leaves_of(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """The paths of all leaves, without those that name the object."""
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from leaves_of(inner, (*path, member))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield (*path, position)
            if path != ("metadata", "ownerReferences"):
                yield from leaves_of(inner, (*path, position))
    elif path not in _IDENTITY and not isinstance(path[-1], int):
        yield path


def without(manifest: Json, path: tuple[Step, ...]) -> Json:
    """A copy of a manifest without one leaf."""
    found = copy.deepcopy(manifest)
    inner: Any = found
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return found


def check_leaves(play: Play) -> int:
    """Remove each leaf of each applied child of a play that has converged. Answers with the leaves tried."""
    tried = 0
    for key in play.driver.planned_keys():
        plan = play.driver.plans[key]
        for child in plan.children:
            if child.write is Write.APPLY and play.cluster.peek(*child.key) is not None:
                for path in leaves_of(child.manifest):
                    _check_leaf(play, plan, child, path)
                    tried += 1
    return tried


def _check_leaf(play: Play, plan: Plan, child: Child, path: tuple[Step, ...]) -> None:
    wanted = replace(child, manifest=without(child.manifest, path))
    fork = play.fork()
    fork.driver.observe()
    changed = replace(plan, children=(wanted,), deletions=(), edits=(), status={})
    writes = _writes(fork, changed)
    expected = 1 if _makes_a_difference(fork, wanted, plan) else 0
    leaf = f"{child.key} without {'.'.join(map(str, path))}"
    if len(writes) < expected or len(writes) > 1:
        raise Broken("One leaf, one write", leaf, [f"{len(writes)} writes instead of {expected}"])
    for write in writes:
        fork.driver.send(plan.key, write)
        fork.driver.observe()
    again = _writes(fork, changed)
    if again:
        raise Broken("One leaf, one write", leaf, ["it is written once more"])


def _writes(play: Play, plan: Plan) -> list[Apply]:
    snapshot = Snapshot(play.driver.memory.table, play.clock.now, play.driver.settings)
    return [c for c in changes_needed(plan, snapshot).children if isinstance(c, Apply)]


def _makes_a_difference(play: Play, wanted: Child, plan: Plan) -> bool:
    """Whether the server would store something else; a refused apply makes a difference, for it must be seen."""
    manager = play.driver.vocabulary.field_manager_of(plan.key.kind)
    live = play.cluster.peek(*wanted.key)
    try:
        stored = play.cluster.patch(
            wanted.key, wanted.manifest, PatchType.APPLY, manager=manager, force=True, dry_run=True
        ).object
    except ApiError:
        return True
    return _content(stored) != _content(live or {})


def _content(obj: Json) -> Json:
    kept = {k: v for k, v in obj["metadata"].items() if k in ("labels", "annotations", "ownerReferences", "finalizers")}
    return {**{k: v for k, v in obj.items() if k not in ("metadata", "status")}, "metadata": kept}
