"""From a key to its plan: the one doorway of planning.

1. An object that is gone, or of a kind without a planner, has an empty plan.
2. Pause (`aim.eai.amd.com/reconciliation-paused: "true"`, exactly) stops everything but deletion and finalizers; the
   kind's planner decides which (`spec` R-2.3, R-2.4, R-13.5).
3. Deletion is an input, not another path: the kind's planner reads `deletionTimestamp` first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aimcore.kinds.artifact import plan_artifact
from aimcore.kinds.model import plan_model
from aimcore.kinds.model_source import plan_model_source
from aimcore.kinds.service import plan_service
from aimcore.kinds.template import plan_template
from aimcore.kinds.template_cache import plan_template_cache
from aimcore.plan import Plan
from aimcore.resource import Key, Resource
from aimcore.snapshot import Found, Snapshot

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


def make_plan(snapshot: Snapshot, key: Key) -> Plan:
    """The plan of one object. Never raises; equal snapshots give equal plans."""
    planner = PLANNERS.get(key.kind)
    match snapshot.object(*key):
        case Found(resource) if planner is not None:
            return planner(snapshot, resource)
        case _:
            return Plan.made_from(snapshot, key)
