"""Automatic selection among the templates of a model (R-5.4 … R-5.11, D-4, D-17, D-18).

1. The stages run in a fixed order; each removes candidates and says why; an empty result ends the selection.
2. What remains is ranked by profile type, GPU, metric and precision, lexicographically; unknown values rank last.
3. A tie at the top is ambiguous: no template is used.
4. The verdict on every candidate is kept, for the notes and for `status.templateSelection.candidates`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    fallen: list[Verdict] = []

    def keep(remaining: Sequence[Candidate], objections: Sequence[Verdict | None]) -> Sequence[Candidate]:
        fallen.extend([o for o in objections if o is not None])
        return [c for c, objection in zip(remaining, objections, strict=True) if objection is None]

    eligible = keep(candidates, [c.ineligible for c in candidates])
    if not eligible:
        return NoneFits(f'No templates found for model "{model}"', tuple(fallen))
    ready = keep(eligible, [c.unavailable for c in eligible])
    if not ready:
        waiting = sorted(f"{v.template.name} {v.detail}" for v in fallen if v.reason.startswith("Template"))
        return NotYet(f"Templates exist but are not ready yet: {'; '.join(waiting[:_SHOWN])}", tuple(fallen))
    optimal = ready if spec.allow_unoptimized else keep(ready, [c.unoptimized for c in ready])
    if not optimal:
        hint = f"{len(ready)} filtered out because they are not optimized. Set allowUnoptimized to use them."
        return NoneFits(f'No optimized templates for model "{model}": {hint}', tuple(fallen))
    overrides = spec.overrides
    matching = optimal if overrides is None else keep(optimal, [_mismatch(c, overrides) for c in optimal])
    missing = _missing_gpus(snapshot, matching)
    present = keep(matching, [c.no_gpu if c.gpu in missing else None for c in matching]) if missing else matching
    if not present:
        clauses = "; ".join(sorted({v.detail for v in fallen if v.reason in _REQUIREMENTS})[:_SHOWN])
        return NoneFits(f'No available templates match requirements for model "{model}": {clauses}', tuple(fallen))
    shadowed = [c.shadowed for c in present]
    scoped = keep(present, shadowed) if None in shadowed else present
    return _best(scoped, model, fallen)


def _mismatch(candidate: Candidate, overrides: Mapping[str, Any]) -> Verdict | None:
    detail = override_mismatch(candidate.template, overrides)
    return None if detail is None else verdict_on(candidate.template, NOT_MATCHED, detail)


def _missing_gpus(snapshot: Snapshot, candidates: Sequence[Candidate]) -> set[str]:
    """The GPU models that are needed and that no node has."""
    models = {c.gpu for c in candidates if c.gpu}
    return models - snapshot.view(gpu_models) if models else models


def _best(scoped: Sequence[Candidate], model: str, fallen: Sequence[Verdict]) -> Selection:
    placed = sorted([(c.rank, number) for number, c in enumerate(scoped)])  # equals stay in (scope, name) order
    ranked = [scoped[number] for _, number in placed]
    best = sum([place == placed[0][0] for place, _ in placed])
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
