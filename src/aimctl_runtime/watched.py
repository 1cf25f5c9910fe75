"""What the controller watches: one row for each list-and-watch.

1. Pods, Jobs and Events are never listed whole: a row has a selector.
2. Secrets are never watched. Leases are nobody's business but the leader's.
3. A kind with several rows is readable when all of them are.
"""

from __future__ import annotations

from dataclasses import dataclass

from aimcore.api.kinds import AIM_KINDS, Kind
from aimcore.cluster.kinds import KINDS

INFERENCE_SERVICE = "serving.kserve.io/inferenceservice"
TEMPLATE = "aim.eai.amd.com/template"
CACHE = "aim.eai.amd.com/cache.name"

EVENTS_ABOUT = ("Pod", "PersistentVolumeClaim", "Job", "InferenceService", "HorizontalPodAutoscaler", "ScaledObject")
WHOLE = (
    "Namespace", "Node", "InferenceService", "HTTPRoute", "ScaledObject", "HorizontalPodAutoscaler",
    "PersistentVolumeClaim", "RoleBinding",
)  # fmt: skip
DEDICATED = ("ServiceAccount", "Role")
"""Read and written only with dedicated download accounts."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One list-and-watch: the kind, and the selectors as the API server takes them ("" for all)."""

    kind: Kind
    labels: str = ""
    fields: str = ""

    @property
    def source(self) -> str:
        """A name for logs and for the store."""
        selector = " ".join(s for s in (self.labels, self.fields) if s)
        return f"{self.kind.plural}[{selector}]" if selector else self.kind.plural


def watched_kinds(*, dedicated_accounts: bool = False) -> tuple[Watched, ...]:
    """Everything to watch, ours first."""
    whole = (*AIM_KINDS, *WHOLE, *(DEDICATED if dedicated_accounts else ()))
    return (
        *(Watched(KINDS[kind]) for kind in whole),
        Watched(KINDS["Deployment"], labels=INFERENCE_SERVICE),
        Watched(KINDS["Pod"], labels=INFERENCE_SERVICE),
        Watched(KINDS["Pod"], labels=TEMPLATE),
        Watched(KINDS["Pod"], labels=CACHE),
        Watched(KINDS["Job"], labels=TEMPLATE),
        Watched(KINDS["Job"], labels=CACHE),
        *(Watched(KINDS["Event"], fields=f"involvedObject.kind={kind}") for kind in EVENTS_ABOUT),
    )
