"""Node affinity by GPU: nodes of older labellers carry only the beta device-id label (D-22)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aimcore.cluster.reading import at, mapping, objects, text
from aimcore.resource import Json

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_DEVICE, _BETA_DEVICE = "amd.com/gpu.device-id", "beta.amd.com/gpu.device-id"


def beside(affinity: Mapping[str, Any]) -> Json:
    """The affinity with a second term for nodes that carry only the beta device-id label."""
    terms = objects(affinity, REQUIRED, "nodeSelectorTerms")
    if any(text(e, "key") == _BETA_DEVICE for t in terms for e in objects(t, "matchExpressions")):
        return dict(affinity)
    beta = [_with_beta(t) for t in terms if any(text(e, "key") == _DEVICE for e in objects(t, "matchExpressions"))]
    if not beta:
        return dict(affinity)
    required = {**mapping(at(affinity, REQUIRED)), "nodeSelectorTerms": [*terms, *beta]}
    return {**affinity, REQUIRED: required}


def _with_beta(term: Mapping[str, Any]) -> Json:
    expressions = [
        {**e, "key": _BETA_DEVICE} if text(e, "key") == _DEVICE else e for e in objects(term, "matchExpressions")
    ]
    return {**term, "matchExpressions": expressions}
