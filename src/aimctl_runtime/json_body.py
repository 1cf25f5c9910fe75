"""JSON that a server sent, with a bound on how deep it may be nested.

1. What lies deeper than `LEVELS` levels is read as null: an API server stores objects of any depth below members that
   it does not know, and one such object must not make a whole list unreadable.
2. Most bodies are flat. That is told by taking pairs of brackets away, level by level, in C; only what looks deep is
   looked at bracket by bracket.
"""

from __future__ import annotations

import json
import re
from typing import Any

LEVELS = 100
_OTHERS = bytes(sorted(set(range(256)) - set(b"[]{}")))
_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[{]|[\]}]', re.DOTALL)


def read_json(body: bytes) -> Any:
    """The value of a JSON text. Raises ValueError."""
    return json.loads(body if is_flat(body) else _cut(body.decode(json.detect_encoding(body))))


def is_flat(body: bytes) -> bool:
    """Whether a JSON text is surely nested no deeper than `LEVELS`."""
    brackets = body.translate(None, _OTHERS)
    for level in range(LEVELS):
        inner = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(inner) == len(brackets):  # what is left are brackets in texts, or no JSON
            return level + len(brackets) <= LEVELS
        brackets = inner
    return not brackets


def is_deep(value: Any) -> bool:
    """Whether a decoded value is nested deeper than `LEVELS`."""
    here = [value]
    for _ in range(LEVELS + 1):
        lists = [v for v in here if isinstance(v, list)]
        here = [v for mapping in here if isinstance(mapping, dict) for v in mapping.values()]
        here += [v for inner in lists for v in inner]
    return bool(here)


def _cut(text: str) -> str:
    """The text with null in place of everything below `LEVELS`."""
    kept: list[str] = []
    begun, level = 0, 0
    for found in _BRACKET.finditer(text):
        match found[0]:
            case "[" | "{":
                level += 1
                if level == LEVELS + 1:
                    kept += (text[begun : found.start()], "null")
            case "]" | "}":
                if level == LEVELS + 1:
                    begun = found.end()
                level -= 1
            case _:
                pass
    if level > LEVELS:
        raise ValueError("the text ends within a value")
    return "".join([*kept, text[begun:]])
