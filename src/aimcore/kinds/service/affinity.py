"""Node affinity of the predictor (R-8.12, D-22): compared as a set, extended at revision 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aimcore.cluster.reading import at, mapping, objects, text, texts
from aimcore.resource import Json

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_DEVICE, _BETA_DEVICE = "amd.com/gpu.device-id", "beta.amd.com/gpu.device-id"


def same_affinity(left: Mapping[str, Any] | None, right: Mapping[str, Any] | None) -> bool:
    """Whether two node affinities mean the same nodes: the order of terms, expressions and values is nothing."""
    return left == right or _as_sets(left) == _as_sets(right)


def _as_sets(affinity: Mapping[str, Any] | None) -> object:
    if affinity is None:
        return None
    rest = {k: v for k, v in affinity.items() if k != _REQUIRED}
    terms = frozenset(_term(t) for t in objects(affinity, _REQUIRED, "nodeSelectorTerms"))
    return terms, repr(sorted(rest.items(), key=lambda item: str(item[0])))


def _term(term: Mapping[str, Any]) -> object:
    rest = {k: v for k, v in term.items() if k != "matchExpressions"}
    expressions = frozenset(
        (text(e, "key"), text(e, "operator"), frozenset(texts(e, "values"))) for e in objects(term, "matchExpressions")
    )
    return expressions, repr(sorted(rest.items(), key=lambda item: str(item[0])))


def beside(affinity: Mapping[str, Any]) -> Json:
    """The affinity with a second term for nodes that carry only the beta device-id label."""
    terms = objects(affinity, _REQUIRED, "nodeSelectorTerms")
    if any(text(e, "key") == _BETA_DEVICE for t in terms for e in objects(t, "matchExpressions")):
        return dict(affinity)
    beta = [_with_beta(t) for t in terms if any(text(e, "key") == _DEVICE for e in objects(t, "matchExpressions"))]
    if not beta:
        return dict(affinity)
    required = {**mapping(at(affinity, _REQUIRED)), "nodeSelectorTerms": [*terms, *beta]}
    return {**affinity, _REQUIRED: required}


def _with_beta(term: Mapping[str, Any]) -> Json:
    expressions = [
        {**e, "key": _BETA_DEVICE} if text(e, "key") == _DEVICE else e for e in objects(term, "matchExpressions")
    ]
    return {**term, "matchExpressions": expressions}
