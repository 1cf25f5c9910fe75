"""Node affinity of the predictor (R-8.12): compared as a set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aimcore.cluster.affinity import REQUIRED
from aimcore.cluster.reading import objects, text, texts


def same_affinity(left: Mapping[str, Any] | None, right: Mapping[str, Any] | None) -> bool:
    """Whether two node affinities mean the same nodes: the order of terms, expressions and values is nothing."""
    return left == right or _as_sets(left) == _as_sets(right)


def _as_sets(affinity: Mapping[str, Any] | None) -> object:
    if affinity is None:
        return None
    rest = {k: v for k, v in affinity.items() if k != REQUIRED}
    terms = frozenset(_term(t) for t in objects(affinity, REQUIRED, "nodeSelectorTerms"))
    return terms, repr(sorted(rest.items(), key=lambda item: str(item[0])))


def _term(term: Mapping[str, Any]) -> object:
    rest = {k: v for k, v in term.items() if k != "matchExpressions"}
    expressions = frozenset(
        (text(e, "key"), text(e, "operator"), frozenset(texts(e, "values"))) for e in objects(term, "matchExpressions")
    )
    return expressions, repr(sorted(rest.items(), key=lambda item: str(item[0])))
