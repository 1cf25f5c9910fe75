"""Automatic selection among the templates of a model (R-5.4 … R-5.11, D-4, D-17, D-18).

1. The stages run in a fixed order; each removes candidates and says why; an empty result ends the selection.
2. What remains is ranked by profile type, GPU, metric and precision, lexicographically; unknown values rank last.
3. A tie at the top is ambiguous: no template is used.
4. The verdict on every candidate is kept, for the notes and for `status.templateSelection.candidates`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from aimcore.cluster.catalogue import TemplateReading
from aimcore.hardware import gpu_models
from aimcore.kinds.service.candidate import NO_GPU, NOT_MATCHED, Candidate, Verdict, override_mismatch, verdict_on
from aimcore.kinds.service.inputs import ServiceSpec
from aimcore.snapshot import Snapshot

_SHOWN = 5
_REQUIREMENTS = (NOT_MATCHED, NO_GPU)


@dataclass(frozen=True, slots=True)
class Picked:
    """One template is better than all others."""

    template: TemplateReading
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class NotYet:
    """There are templates, and none is ready."""

    message: str
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class NoneFits:
    """No template is left. `message` says at which stage the last one fell, with a hint where there is one."""

    message: str
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Tie:
    """Several templates are equally good."""

    message: str
    verdicts: tuple[Verdict, ...]


Selection = Picked | NotYet | NoneFits | Tie


def select(snapshot: Snapshot, spec: ServiceSpec, model: str, candidates: Sequence[Candidate]) -> Selection:
    """Pick a template among the candidates of a model, given in (scope, name) order."""
    fallen = [c.ineligible for c in candidates if c.ineligible is not None]
    eligible = [c for c in candidates if c.ineligible is None] if fallen else candidates
    if not eligible:
        return NoneFits(f'No templates found for model "{model}"', tuple(fallen))
    fallen += [c.unavailable for c in eligible if c.unavailable is not None]
    ready = [c for c in eligible if c.unavailable is None]
    if not ready:
        waiting = sorted(f"{v.template.name} {v.detail}" for v in fallen if v.reason.startswith("Template"))
        return NotYet(f"Templates exist but are not ready yet: {'; '.join(waiting[:_SHOWN])}", tuple(fallen))
    optimal: Sequence[Candidate] = ready
    if not spec.allow_unoptimized:
        fallen += [c.unoptimized for c in ready if c.unoptimized is not None]
        optimal = [c for c in ready if c.unoptimized is None]
    if not optimal:
        hint = f"{len(ready)} filtered out because they are not optimized. Set allowUnoptimized to use them."
        return NoneFits(f'No optimized templates for model "{model}": {hint}', tuple(fallen))
    matching = optimal if spec.overrides is None else _matching(optimal, spec.overrides, fallen)
    present = matching
    if missing := _missing_gpus(snapshot, matching):
        fallen += [c.no_gpu for c in matching if c.gpu in missing]
        present = [c for c in matching if c.gpu not in missing]
    if not present:
        clauses = "; ".join(sorted({v.detail for v in fallen if v.reason in _REQUIREMENTS})[:_SHOWN])
        return NoneFits(f'No available templates match requirements for model "{model}": {clauses}', tuple(fallen))
    scoped = [c for c in present if c.shadowed is None]
    if 0 < len(scoped) < len(present):
        fallen += [c.shadowed for c in present if c.shadowed is not None]
    return _best(scoped or present, model, fallen)


def _matching(
    candidates: Sequence[Candidate], overrides: Mapping[str, Any], fallen: list[Verdict]
) -> Sequence[Candidate]:
    """The candidates that meet a service's overrides. The others fall."""
    kept = []
    for candidate in candidates:
        detail = override_mismatch(candidate.template, overrides)
        if detail is None:
            kept.append(candidate)
        else:
            fallen.append(verdict_on(candidate.template, NOT_MATCHED, detail))
    return kept


def _missing_gpus(snapshot: Snapshot, candidates: Sequence[Candidate]) -> set[str]:
    """The GPU models that are needed and that no node has."""
    models = {c.gpu for c in candidates if c.gpu}
    return models - snapshot.view(gpu_models) if models else models


_RANK = attrgetter("rank")


def _best(scoped: Sequence[Candidate], model: str, fallen: Sequence[Verdict]) -> Selection:
    ranked = sorted(scoped, key=_RANK)  # equals stay in (scope, name) order
    best = next((number for number, c in enumerate(ranked) if c.rank != ranked[0].rank), len(ranked))
    if best > 1:
        names = ", ".join(sorted(c.template.name for c in ranked[:best]))
        verdicts = [c.tied if number < best else c.outranked for number, c in enumerate(ranked)]
        message = f'Multiple templates ({best}) satisfy model "{model}": {names}'
        return Tie(message, (*verdicts, *fallen))
    chosen, *others = ranked
    return Picked(chosen.template, (chosen.best, *[c.outranked for c in others], *fallen))


def shown_candidates(verdicts: Sequence[Verdict]) -> list[Mapping[str, Any]]:
    """The five best candidates as they stand in `status.templateSelection.candidates`."""
    return [
        {
            "name": v.template.name,
            "scope": v.template.scope,
            "result": "chosen" if v.chosen else "rejected",
            "reason": v.reason,
        }
        for v in verdicts[:_SHOWN]
    ]
