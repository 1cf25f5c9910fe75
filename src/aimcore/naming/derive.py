"""The rules that names, hashes and label values follow.

Byte-identical to the reference: a changed name would recreate an object.

1. A DNS label: lower-case, each other character one `-`, trimmed, at most 63 characters (N-1, R-9.1).
2. A derived name: its parts as DNS labels, the longest shortened until all fit, and the first digits of a SHA-256
   over the JSON texts of its inputs, joined by `|` (N-2, N-3, R-9.1).
3. A label value: lower-case, each run of other characters one `_`, trimmed, at most 63 characters (R-9.8).
4. Texts come from foreign JSON: nothing here raises for a text. Lone surrogates count as U+FFFD.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from aimcore.api.json_text import compact_json, json_string, well_formed

_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LABEL_FORM = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")
"""Texts that are their own label form, as nearly all are."""
_NOT_DNS = re.compile(r"[^a-z0-9-]")
_NOT_LABEL_RUN = re.compile(r"[^a-z0-9._-]+")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
_MOST = 63


class JsonText(str):
    """A hash input that is JSON text already."""

    __slots__ = ()


def lowered(text: str) -> str:
    """Lower-case, one character for one character."""
    return text.lower() if text.isascii() else text.replace("İ", "i").lower()


def dns_label(text: str) -> str:
    """The DNS label form of a text; "" if nothing is left."""
    if _DNS_LABEL.fullmatch(text):
        return text
    return _NOT_DNS.sub("-", lowered(text)).strip("-")[:_MOST].rstrip("-")


def label_value(text: str) -> str:
    """The label value form of a text; "" if nothing is left (R-9.8)."""
    if _LABEL_FORM.fullmatch(text):
        return text
    return _NOT_LABEL_RUN.sub("_", lowered(text)).strip("_.-")[:_MOST].rstrip("_.-")


def child_label(text: str) -> str:
    """A text as a label value: itself when valid, else its label form, cut, with 8 digits of its hash (D-15)."""
    if _LABEL_VALUE.fullmatch(text):
        return text
    digits = sha256(text)[:8]
    kept = label_value(text)[: _MOST - 9].rstrip("_.-")
    return f"{kept}-{digits}" if kept else digits


def derived_name(parts: Sequence[str], inputs: Sequence[object] = (), *, length: int = 8, limit: int = _MOST) -> str:
    """Join `parts` and `length` digits of the hash of `inputs` to a name of at most `limit` characters.

    Without inputs there is no hash. Raises ValueError for an empty list of parts or a limit outside 1 … 63: both are
    mistakes of the calling code, never of an object.
    """
    if not parts:
        raise ValueError("a derived name needs at least one part")
    if not 1 <= limit <= _MOST:
        raise ValueError(f"maxLength must be between 1 and 63, got {limit}")
    labels = [dns_label(part) or "part" for part in parts]
    digits = sha256("|".join([json_hash_text(i) for i in inputs]))[:length] if inputs and length > 0 else ""
    tail = [digits] if digits else []
    excess = sum(map(len, labels)) + len(labels) + len(digits) - (not digits) - limit
    if excess > 0:
        _shorten(labels, excess)
    return "-".join(labels + tail)


def _shorten(labels: list[str], excess: int) -> None:
    """Take characters off the longest label, the first among equals, until `excess` are gone or all have one."""
    while excess > 0:
        lengths = [len(label) for label in labels]
        longest = max(lengths)
        if longest <= 1:
            return
        at = lengths.index(longest)
        labels[at] = labels[at][:-1].rstrip("-")
        excess -= longest - len(labels[at])


# ---- hashes ---------------------------------------------------------------------------------------------------------
def sha256(text: str) -> str:
    """The SHA-256 of a text in lower-case hexadecimal digits."""
    return hashlib.sha256(well_formed(text).encode()).hexdigest()


def json_hash_text(value: object) -> str:
    """The JSON text of one hash input: as `compact_json`, but maps as flat lists of sorted keys and values."""
    if isinstance(value, JsonText):
        return value
    if isinstance(value, str):
        return json_string(value)
    if isinstance(value, Mapping):
        flat: list[Any] = []
        for key in sorted(k for k in value if isinstance(k, str)):
            flat += (key, value[key])
        return json_hash_text(flat)
    if isinstance(value, (list, tuple)):
        return f"[{','.join([json_hash_text(v) for v in value])}]"
    return compact_json(value)
