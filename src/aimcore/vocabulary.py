"""The vocabulary: which kinds there are, and how each is kept, found, planned for and written.

1. A vocabulary is a value. A table is made with one, a snapshot has that of its table, and everything that gets a
   snapshot needs nothing else.
2. A kind that stands in no vocabulary is watched by nobody: a plan that reads it learns nothing of it.
3. Planners stand further up (`aimcore.dispatch`), so `OURS` has none. A vocabulary without any planner is planned for
   by ours.
4. A kind without a row in `slices` is kept whole. Every kind has the indexes of `EVERY_KIND`.
5. `Controller` texts of ours are a published contract: live objects carry them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aimcore.api.kinds import GROUP, Kind
from aimcore.cluster.kinds import KINDS
from aimcore.cluster.slices import SLICES, Slice
from aimcore.indexes import EVERY_KIND, INDEXES, Index
from aimcore.resource import Json, Resource


class Controller(NamedTuple):
    """How the controller of a kind appears on what it writes.

    `manager` is field manager, `managed-by` label and event source in one. `child_label` is the key of the label by
    which a child names its parent.
    """

    name: str
    manager: str
    child_label: str


def _controller(name: str) -> Controller:
    return Controller(name, f"aim-{name}-controller", f"{GROUP}/{name}.name")


CONTROLLERS: Mapping[str, Controller] = {
    "AIMArtifact": _controller("artifact"),
    "AIMTemplateCache": _controller("template-cache"),
    "AIMModel": _controller("model"),
    "AIMClusterModel": _controller("cluster-model"),
    "AIMClusterModelSource": _controller("cluster-model-source"),
    "AIMServiceTemplate": _controller("service-template"),
    "AIMClusterServiceTemplate": _controller("cluster-service-template"),
    "AIMService": _controller("service"),
}
"""By kind. Runtime configs have no controller."""

CHILDREN = frozenset(
    {
        "AIMArtifact", "AIMClusterModel", "AIMClusterServiceTemplate", "AIMModel", "AIMServiceTemplate",
        "AIMTemplateCache", "HTTPRoute", "InferenceService", "Job", "PersistentVolumeClaim", "Role", "RoleBinding",
        "ScaledObject", "ServiceAccount",
    }
)  # fmt: skip
"""The kinds of which our plans make objects."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The kinds that a controller knows, each by its name. `aimcore.dispatch.vocabulary_of` makes one, checked.

    `slices`: what is kept of an object. `indexes`: what it is filed under, beyond `EVERY_KIND`. `planners`: the
    function `(Snapshot, Resource) -> Plan` of each kind that is planned for; `controllers`: as whom such a kind writes.
    `children`: the kinds of which plans make objects. `crds`: the CustomResourceDefinitions of kinds that are not ours.
    """

    kinds: Mapping[str, Kind]
    slices: Mapping[str, Slice] = field(default_factory=dict)
    indexes: Mapping[str, Mapping[str, Index]] = field(default_factory=dict)
    planners: Mapping[str, Callable[[Any, Resource], Any]] = field(default_factory=dict)
    controllers: Mapping[str, Controller] = field(default_factory=dict)
    children: frozenset[str] = frozenset()
    crds: Mapping[str, Json] = field(default_factory=dict)

    def indexes_of(self, kind: str) -> Mapping[str, Index]:
        """All indexes of a kind."""
        own = self.indexes.get(kind)
        return EVERY_KIND if own is None else {**EVERY_KIND, **own}

    def field_manager_of(self, kind: str) -> str:
        """The field manager of what the plans of a kind write; "" for a kind without a controller."""
        controller = self.controllers.get(kind)
        return "" if controller is None else controller.manager


OURS = Vocabulary(kinds=KINDS, slices=SLICES, indexes=INDEXES, controllers=CONTROLLERS, children=CHILDREN)
"""AIM's own: what tables and snapshots have unless they are given another."""
