"""A linter for the conditions of a status, held against every status that a test produces.

1. A condition has a type, a status, a reason, a message, a time and an observed generation, and nothing else.
2. Types and reasons are CamelCase, each type stands once, Ready stands last.
3. A time moves exactly when the status of its condition does, never backwards, and is never in the future.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from aimcore.snapshot import moment

_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")
_MEMBERS = frozenset({"type", "status", "reason", "message", "lastTransitionTime", "observedGeneration"})
_LONGEST_REASON, _LONGEST_MESSAGE = 1024, 32768

Conditions = Sequence[Mapping[str, Any]]


def lint_conditions(new: Conditions, old: Conditions, generation: int, now: datetime) -> Iterator[str]:
    """What is wrong with `new`, as sentences. `old` stood there before; `generation` is the object's."""
    types = [c.get("type") for c in new]
    for type_ in sorted({str(t) for t in types if types.count(t) > 1}):
        yield f"{type_} stands {types.count(type_)} times"
    if "Ready" in types and types[-1] != "Ready":
        yield "Ready is not the last one"
    before = {c.get("type"): c for c in old}
    for condition in new:
        yield from (f"{condition.get('type')}: {said}" for said in _faults(condition, generation, now))
        was = before.get(condition.get("type"))
        if was is not None:
            yield from (f"{condition.get('type')}: {said}" for said in _wrong_turns(condition, was))


def _faults(condition: Mapping[str, Any], generation: int, now: datetime) -> Iterator[str]:
    if condition.keys() != _MEMBERS:
        yield f"its members are {sorted(condition)}"
        return
    for member in ("type", "reason"):
        if not isinstance(condition[member], str) or not _NAME.fullmatch(condition[member]):
            yield f"{member} {condition[member]!r} is no CamelCase name"
    if condition["status"] not in ("True", "False", "Unknown"):
        yield f"status is {condition['status']!r}"
    message = condition["message"]
    if not isinstance(message, str) or message.rstrip(" ") != message or len(message) > _LONGEST_MESSAGE:
        yield f"message is no whole sentence: {message!r}"
    if len(str(condition["reason"])) > _LONGEST_REASON:
        yield "the reason is too long"
    if condition["status"] != "True" and not message:
        yield "it is not True and says nothing"
    since = moment(condition["lastTransitionTime"])
    if since is None or since > now:
        yield f"lastTransitionTime {condition['lastTransitionTime']!r} is no time until {now}"
    if condition["observedGeneration"] != generation:
        yield f"observedGeneration is {condition['observedGeneration']!r}, the object's generation {generation}"


def _wrong_turns(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[str]:
    was, since = moment(old.get("lastTransitionTime")), moment(new.get("lastTransitionTime"))
    if was is None or since is None:
        return
    if since < was:
        yield f"lastTransitionTime went back from {was} to {since}"
    if (new.get("status") == old.get("status")) != (since == was) and since != was:
        yield "lastTransitionTime moved, its status did not"


__all__ = ["lint_conditions"]
