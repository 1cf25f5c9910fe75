"""Automatic selection among the templates of a model (R-5.4 … R-5.11, D-4, D-17, D-18).

1. The stages run in a fixed order; each removes candidates and says why; an empty result ends the selection.
2. What remains is ranked by profile type, GPU, metric and precision, lexicographically; unknown values rank last.
3. A tie at the top is ambiguous: no template is used.
4. The verdict on every candidate is kept, for the notes and for `status.templateSelection.candidates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcore.cluster.catalogue import NAMESPACE_SCOPE, TemplateReading
from aimcore.cluster.reading import mapping, text, whole
from aimcore.hardware import gpu_present, gpu_rank, normalize_model
from aimcore.kinds.service.inputs import ServiceSpec
from aimcore.snapshot import Snapshot

BEST, OUTRANKED, TIED = "BestMatch", "LowerPreferenceRank", "TiedForBest"
_TYPES = ("OPTIMIZED", "PREVIEW", "UNOPTIMIZED")
_METRICS = ("LATENCY", "THROUGHPUT")
_PRECISIONS = ("FP4", "INT4", "FP8", "INT8", "FP16", "BF16", "FP32")
_UNKNOWN = 1000
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one candidate. `chosen` for the pick alone; `reason` is a word, `detail` a clause for people."""

    template: TemplateReading
    chosen: bool
    reason: str
    detail: str = ""


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
_Removed = tuple[TemplateReading, str, str]


def select(snapshot: Snapshot, spec: ServiceSpec, model: str, candidates: Sequence[TemplateReading]) -> Selection:
    """Pick a template among the candidates of a model, given in (scope, name) order."""
    fallen: list[Verdict] = []

    def keep(
        templates: Sequence[TemplateReading], why: Callable[[TemplateReading], tuple[str, str] | None]
    ) -> list[TemplateReading]:
        kept = []
        for template in templates:
            objection = why(template)
            if objection is None:
                kept.append(template)
            else:
                fallen.append(Verdict(template, False, *objection))
        return kept

    eligible = keep(candidates, _ineligible)
    if not eligible:
        return NoneFits(f'No templates found for model "{model}"', tuple(fallen))
    ready = keep(eligible, _unavailable)
    if not ready:
        waiting = sorted(f"{v.template.name} {v.detail}" for v in fallen if v.reason.startswith("Template"))
        return NotYet(f"Templates exist but are not ready yet: {'; '.join(waiting[:_SHOWN])}", tuple(fallen))
    optimal = ready if spec.allow_unoptimized else keep(ready, _unoptimized)
    if not optimal:
        hint = f"{len(ready)} filtered out because they are not optimized. Set allowUnoptimized to use them."
        return NoneFits(f'No optimized templates for model "{model}": {hint}', tuple(fallen))
    overrides = spec.overrides
    matching = optimal if overrides is None else keep(optimal, lambda t: override_mismatch(t, overrides))
    present = keep(matching, lambda t: _gpu_missing(snapshot, t))
    if not present:
        clauses = "; ".join(sorted({v.detail for v in fallen if v.reason in _REQUIREMENTS})[:_SHOWN])
        return NoneFits(f'No available templates match requirements for model "{model}": {clauses}', tuple(fallen))
    namespaced = any(t.scope == NAMESPACE_SCOPE for t in present)
    scoped = keep(present, _shadowed) if namespaced else present
    return _best(scoped, model, fallen)


_REQUIREMENTS = ("ServiceOverridesNotMatched", "RequiredGPUNotInCluster")


def _best(scoped: Sequence[TemplateReading], model: str, fallen: Sequence[Verdict]) -> Selection:
    placed = sorted((rank(t), number) for number, t in enumerate(scoped))  # equals stay in (scope, name) order
    ranked = [scoped[number] for _, number in placed]
    best = sum(place == placed[0][0] for place, _ in placed)
    if best > 1:
        names = ", ".join(sorted(t.name for t in ranked[:best]))
        verdicts = [Verdict(t, False, TIED if number < best else OUTRANKED) for number, t in enumerate(ranked)]
        message = f'Multiple templates ({best}) satisfy model "{model}": {names}'
        return Tie(message, (*verdicts, *fallen))
    verdicts = [Verdict(t, t is ranked[0], BEST if t is ranked[0] else OUTRANKED) for t in ranked]
    return Picked(ranked[0], (*verdicts, *fallen))


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


# ---- stages: why a candidate falls, as a word and a clause, or None -------------------------------------------------
def _ineligible(template: TemplateReading) -> tuple[str, str] | None:
    if template.is_derived:
        return "DerivedForAnotherService", "is derived for one service"
    if template.is_obsolete:
        return "ObsoleteTemplate", "is obsolete"
    if template.is_deleting:
        return "TemplateDeleting", "is being deleted"
    return None


_WORDS = frozenset({"Pending", "Progressing", "NotAvailable", "Degraded", "Failed"})


def _unavailable(template: TemplateReading) -> tuple[str, str] | None:
    if template.is_ready:
        return None
    word = template.status if template.status in _WORDS else "NotReady"
    return f"Template{word}", f"is {template.status or 'not ready'}{missing_hardware(template)}"


def missing_hardware(template: TemplateReading) -> str:
    """For a template that is not available: which GPU is on no node."""
    if template.status != "NotAvailable":
        return ""
    if template.gpu_model:
        return f" (no node has a {template.gpu_model} GPU)"
    return f" (no node has a GPU with {template.min_vram} of memory)" if template.min_vram else ""


def _unoptimized(template: TemplateReading) -> tuple[str, str] | None:
    if profile_type(template) == "optimized":
        return None
    return "UnoptimizedTemplateFiltered", f"has the profile type {profile_type(template)}"


def profile_type(template: TemplateReading) -> str:
    """The profile type that the filter goes by: without a profile a template is unoptimized (R-5.6)."""
    return template.profile_type if template.has_profile and template.profile_type else "unoptimized"


def override_mismatch(template: TemplateReading, overrides: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why a template does not meet a service's overrides; None if it does."""
    for name, value in (("metric", template.metric), ("precision", template.precision)):
        asked = text(overrides, name)
        if asked and asked.lower() != value.lower():
            return "ServiceOverridesNotMatched", f'{name} "{asked}" is asked for'
    gpu = mapping(overrides, "hardware", "gpu")
    model, count = text(gpu, "model").strip(), whole(gpu, "requests")
    if model and template.gpu_model and normalize_model(model) != normalize_model(template.gpu_model):
        return "ServiceOverridesNotMatched", f"GPU {model} is asked for"
    if count > 0 and template.gpu_count > 0 and count != template.gpu_count:
        return "ServiceOverridesNotMatched", f"{count} GPUs are asked for"
    return None


def _gpu_missing(snapshot: Snapshot, template: TemplateReading) -> tuple[str, str] | None:
    if not template.gpu_model or snapshot.view(gpu_present, normalize_model(template.gpu_model)):
        return None
    return "RequiredGPUNotInCluster", f"no node has a {template.gpu_model} GPU"


def _shadowed(template: TemplateReading) -> tuple[str, str] | None:
    return None if template.scope == NAMESPACE_SCOPE else ("NamespacedTemplatePreferred", "a namespaced one fits too")


def rank(template: TemplateReading) -> tuple[int, int, int, int]:
    """How good a candidate is; lower is better, the first difference decides (R-5.8)."""
    kind = template.profile_type if template.has_profile else ""
    return (
        _place(kind, _TYPES),
        gpu_rank(template.gpu_model),
        _place(template.metric, _METRICS),
        _place(template.precision, _PRECISIONS),
    )


def _place(value: str, order: Sequence[str]) -> int:
    known = value.upper()
    return order.index(known) if known in order else len(order) + _UNKNOWN
