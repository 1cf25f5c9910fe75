"""One condition: what it says, how it is written, and what is told when it turns.

1. `lastTransitionTime` moves only when the *status* of a condition changes, judged once against the stored condition.
2. A stored condition that says the same is written as it stands.
3. Events mark transitions that matter to a person: Ready turns, a condition is lost or recovers from a fault, or it
   is at fault for a new reason. The steps on the way up are progress, and progress is in the status.
4. What is written fits the schema: messages and reasons may hold what others said, of any length and in any signs.
   Blanks at the end are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcore.plan import PlannedEvent
from aimcore.records import quickly_made
from aimcore.snapshot import Snapshot, moment

LONGEST_MESSAGE, LONGEST_REASON = 32_768, 1024
_NO_REASON = re.compile(r"[^A-Za-z0-9_,:]")
TOLD = frozenset({"RolloutInProgress"})
"""Reasons of a component on its way that Ready takes over: they say that the object still serves."""
TEMPLATES_HELD_UP = "TemplatesHeldUp"
HELD_UP = frozenset({"FailedCreate", TEMPLATES_HELD_UP})
"""Reasons of a component on its way that somebody has to do something about, such as raising a quota. Ready takes over
reason and message, so that whoever waits for the object can pass the cause on."""


@quickly_made
@dataclass(frozen=True, slots=True)
class Condition:
    """One entry of `status.conditions`. `at_fault` makes its events Warnings."""

    type: str
    status: str
    reason: str
    message: str = ""
    at_fault: bool = False

    @property
    def is_true(self) -> bool:
        return self.status == "True"


def condition(type_: str, is_true: bool, reason: str, message: str = "", *, at_fault: bool = False) -> Condition:
    """A condition that is no component (`Discovered`, `DownloadComplete`, …)."""
    return Condition(type_, "True" if is_true else "False", reason, message, at_fault)


def written(
    snapshot: Snapshot, final: Sequence[Condition], before: Mapping[str, Mapping[str, Any]], generation: int
) -> tuple[list[Mapping[str, Any]], list[Condition]]:
    """The JSON of the conditions, and those that are news: the stored JSON stands where it says the same.

    The time is kept while the status is.
    """
    entries: list[Mapping[str, Any]] = []
    news: list[Condition] = []
    members = 6 if generation else 5
    now, sound = "", None  # most conditions turned at the same moment: a time that was read is not read again
    for entry in final:
        old, since = before.get(entry.type), None
        message = entry.message.rstrip() if len(entry.message) <= LONGEST_MESSAGE else _shortened(entry.message)
        if old is not None and old.get("status") == entry.status:
            since = old.get("lastTransitionTime")
            if since != sound and moment(since) is None:
                since = None
            sound = since
            if (
                since is not None
                and old.get("reason") == entry.reason
                and old.get("message") == message
                and old.get("observedGeneration", 0) == generation
                and len(old) == members
            ):
                entries.append(old)
                continue
        made = {
            "type": entry.type,
            "status": entry.status,
            "reason": written_reason(entry.reason),
            "message": message,
            "lastTransitionTime": since or now or (now := snapshot.timestamp()),
        }
        if generation:
            made["observedGeneration"] = generation
        if made == old:  # what was said had to be made fit to be written, then as now
            entries.append(old)
        else:
            entries.append(made)
            news.append(entry)
    return entries, news


def written_reason(reason: str) -> str:
    """The reason without the signs that a reason may not hold, and not too long."""
    if len(reason) < LONGEST_REASON and reason.isascii() and reason.isalpha():
        return reason
    kept = _NO_REASON.sub("", reason).lstrip("0123456789_,:")[:LONGEST_REASON].rstrip(",:")
    return kept or "Unknown"


def _shortened(message: str) -> str:
    return message[: LONGEST_MESSAGE - 1].rstrip() + "…"


# ---- events ---------------------------------------------------------------------------------------------------------
def events_of(news: Iterable[Condition], before: Mapping[str, Mapping[str, Any]]) -> Iterable[PlannedEvent]:
    """The events of conditions that are news, by what was stored."""
    was_at_fault = before.get("Ready", {}).get("reason") not in (None, *_FAULTLESS)
    for entry in news:
        old = before.get(entry.type)
        if old is None and not entry.at_fault:
            continue  # how things begin is no news
        was = None if old is None else old.get("status")
        turned = old is not None and was != entry.status
        matters = turned and (entry.type == "Ready" or was_at_fault or was == "True")
        new_fault = entry.at_fault and (old is None or old.get("reason") != entry.reason)
        if matters or new_fault:
            yield PlannedEvent("Warning" if entry.at_fault else "Normal", entry.reason, entry.message or _said(entry))


_FAULTLESS = ("Progressing", "AllComponentsReady", *TOLD, *sorted(HELD_UP))
"""Reasons of Ready that speak of no fault."""


def _said(entry: Condition) -> str:
    subject = entry.type.removesuffix("Ready") or entry.type
    verdict = {"True": "is ready", "False": "is not ready"}.get(entry.status, "status unknown")
    return f"{subject} {verdict}: {entry.reason}"
