"""One candidate: what a template alone decides about its selection.

A reading, made once for each template and shared by all services: what can be said against it, its rank, and the
verdict for each outcome, so that a selection among many only picks from what is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcore.cluster.catalogue import NAMESPACE_SCOPE, TemplateReading, read_template
from aimcore.cluster.reading import mapping, text, whole
from aimcore.hardware import gpu_rank, normalize_model
from aimcore.plan import Note
from aimcore.records import quickly_made
from aimcore.resource import Resource

BEST, OUTRANKED, TIED = "BestMatch", "LowerPreferenceRank", "TiedForBest"
NOT_MATCHED, NO_GPU = "ServiceOverridesNotMatched", "RequiredGPUNotInCluster"
_TYPES = ("OPTIMIZED", "PREVIEW", "UNOPTIMIZED")
_METRICS = ("LATENCY", "THROUGHPUT")
_PRECISIONS = ("FP4", "INT4", "FP8", "INT8", "FP16", "BF16", "FP32")
_UNKNOWN = 1000


@quickly_made
@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one candidate. `chosen` for the pick alone; `reason` is a word, `detail` a clause for people."""

    template: TemplateReading
    chosen: bool
    reason: str
    detail: str
    note: Note


def verdict_on(template: TemplateReading, reason: str, detail: str = "", *, chosen: bool = False) -> Verdict:
    """The verdict on a template, with the note that says so."""
    said = f"{'chosen' if chosen else 'rejected'}: {reason}{f' ({detail})' if detail else ''}"
    return Verdict(template, chosen, reason, detail, Note("template", f"{template.scope} {template.name}", said))


@quickly_made
@dataclass(frozen=True, slots=True)
class Candidate:
    """A template as selection sees it.

    `gpu` is the model it needs, normalised, "" if none. `ineligible`, `unavailable`, `unoptimized`, `shadowed` are None
    where nothing stands against it; `no_gpu`, `best`, `tied`, `outranked` are the verdicts should it come to that.
    """

    template: TemplateReading
    rank: tuple[int, int, int, int]
    gpu: str
    ineligible: Verdict | None
    unavailable: Verdict | None
    unoptimized: Verdict | None
    shadowed: Verdict | None
    no_gpu: Verdict
    best: Verdict
    tied: Verdict
    outranked: Verdict


def read_candidate(resource: Resource) -> Candidate:
    """The reading of a template as a candidate."""
    template = resource.read_as(read_template)
    return Candidate(
        template=template,
        rank=_rank(template),
        gpu=normalize_model(template.gpu_model) if template.gpu_model else "",
        ineligible=_ineligible(template),
        unavailable=_unavailable(template),
        unoptimized=_unoptimized(template),
        shadowed=_shadowed(template),
        no_gpu=verdict_on(template, NO_GPU, f"no node has a {template.gpu_model} GPU"),
        best=verdict_on(template, BEST, chosen=True),
        tied=verdict_on(template, TIED),
        outranked=verdict_on(template, OUTRANKED),
    )


# ---- what stands against a candidate --------------------------------------------------------------------------------
def _ineligible(template: TemplateReading) -> Verdict | None:
    if template.is_derived:
        return verdict_on(template, "DerivedForAnotherService", "is derived for one service")
    if template.is_obsolete:
        return verdict_on(template, "ObsoleteTemplate", "is obsolete")
    if template.is_deleting:
        return verdict_on(template, "TemplateDeleting", "is being deleted")
    return None


_WORDS = frozenset({"Pending", "Progressing", "NotAvailable", "Degraded", "Failed"})


def _unavailable(template: TemplateReading) -> Verdict | None:
    if template.is_ready:
        return None
    word = template.status if template.status in _WORDS else "NotReady"
    detail = f"is {template.status or 'not ready'}{missing_hardware(template)}"
    return verdict_on(template, f"Template{word}", detail)


def missing_hardware(template: TemplateReading) -> str:
    """For a template that is not available: which GPU is on no node."""
    if template.status != "NotAvailable":
        return ""
    if template.gpu_model:
        return f" (no node has a {template.gpu_model} GPU)"
    return f" (no node has a GPU with {template.min_vram} of memory)" if template.min_vram else ""


def _unoptimized(template: TemplateReading) -> Verdict | None:
    kind = profile_type(template)
    if kind == "optimized":
        return None
    return verdict_on(template, "UnoptimizedTemplateFiltered", f"has the profile type {kind}")


def _shadowed(template: TemplateReading) -> Verdict | None:
    if template.scope == NAMESPACE_SCOPE:
        return None
    return verdict_on(template, "NamespacedTemplatePreferred", "a namespaced one fits too")


def profile_type(template: TemplateReading) -> str:
    """The profile type that the filter goes by: without a profile a template is unoptimized (R-5.6)."""
    return template.profile_type if template.has_profile and template.profile_type else "unoptimized"


def override_mismatch(template: TemplateReading, overrides: Mapping[str, Any]) -> str | None:
    """Why a template does not meet a service's overrides, as a clause; None if it does."""
    for name, value in (("metric", template.metric), ("precision", template.precision)):
        asked = text(overrides, name)
        if asked and asked.lower() != value.lower():
            return f'{name} "{asked}" is asked for'
    gpu = mapping(overrides, "hardware", "gpu")
    model, count = text(gpu, "model").strip(), whole(gpu, "requests")
    if model and template.gpu_model and normalize_model(model) != normalize_model(template.gpu_model):
        return f"GPU {model} is asked for"
    if count > 0 and template.gpu_count > 0 and count != template.gpu_count:
        return f"{count} GPUs are asked for"
    return None


# ---- rank -----------------------------------------------------------------------------------------------------------
def _rank(template: TemplateReading) -> tuple[int, int, int, int]:
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
