"""The kinds that the signpost controller knows: its own, the one that it makes, and those that it only reads."""

from __future__ import annotations

from aimcore.api.crd import crd_from
from aimcore.api.kinds import Kind
from aimcore.cluster.kinds import KINDS
from aimcore.dispatch import KnownKind, vocabulary_of
from signpost.api import SIGNPOST, Signpost
from signpost.planning import plan_signpost

VOCABULARY = vocabulary_of(
    KnownKind(SIGNPOST, planner=plan_signpost, crd=crd_from(SIGNPOST, Signpost)),
    KnownKind(Kind("ConfigMap", "", "v1", "configmaps"), is_child=True),
    KnownKind(KINDS["AIMService"]),
    KnownKind(KINDS["Namespace"]),
)
