"""Plain tables and what a service waits for, in words that fit a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, width: int = 80) -> str:
    """Columns aligned as kubectl does it; the last column is cut to fit `width`."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head) - 1)]
    room = max(width - sum(widths) - 3 * len(widths), 20)
    return "\n".join(
        "   ".join([*(cell.ljust(w) for cell, w in zip(line, widths, strict=False)), _cut(line[-1], room)]).rstrip()
        for line in lines
    )


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"


_WAITING = "Waiting for components to become ready: "


def phase(service: Mapping[str, Any]) -> str:
    """`status.status`, or "New" for a service that nobody has looked at."""
    return str(service.get("status", {}).get("status") or "New")


def waits_for(service: Mapping[str, Any]) -> str:
    """The first thing that keeps a service from being Ready; "" when nothing does."""
    for condition in service.get("status", {}).get("conditions", ()):
        if condition.get("type") == "Ready":
            if condition.get("status") == "True":
                return ""
            return " ".join(str(condition.get("message", "")).removeprefix(_WAITING).split())
    return "the controller has not looked at it yet"


def is_running(service: Mapping[str, Any]) -> bool:
    """Running, Ready, and the status speaks of the newest spec."""
    status = service.get("status", {})
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions", ()))
    current = status.get("observedGeneration") == service["metadata"].get("generation")
    return bool(phase(service) == "Running" and ready and current)


def full_name(obj: Mapping[str, Any]) -> str:
    """`<namespace>/<name>`."""
    return f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"
