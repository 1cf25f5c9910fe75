"""JSON text as the reference's writer makes it, byte for byte: it goes into hashes and environment variables.

1. No spaces; keys sorted; `<`, `>`, `&`, U+2028 and U+2029 escaped, other non-ASCII characters raw.
2. Numbers pass through IEEE doubles: whole ones below 10²¹ are plain, beyond 10²¹ and below 10⁻⁶ there is an exponent.
3. Lone surrogates, which UTF-8 cannot hold, become U+FFFD.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

_PLAIN = re.compile(r"[ !#-%'-;=?-\[\]-~]*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_ESCAPED = re.compile("[<>&\u2028\u2029]")


def well_formed(text: str) -> str:
    """The text with lone surrogates replaced by U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def json_string(text: str) -> str:
    """A text as JSON."""
    if _PLAIN.fullmatch(text):
        return f'"{text}"'
    return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], json.dumps(well_formed(text), ensure_ascii=False))


def json_number(number: float) -> str:
    """A number as JSON: the shortest text of its double. What no double holds is written `null`."""
    try:
        double = float(number)
    except OverflowError:
        return "null"
    if not math.isfinite(double):
        return "null"
    size = abs(double)
    if size and not 1e-6 <= size < 1e21:
        digits, _, exponent = repr(double).partition("e")
        return f"{digits}e{int(exponent):+d}"
    if double == int(double):
        return str(int(double)) if double else "-0" if math.copysign(1, double) < 0 else "0"
    return _plain(double)


def _plain(double: float) -> str:
    """A fraction of at least 10⁻⁶ without an exponent."""
    digits, _, exponent = repr(double).partition("e")
    if not exponent:
        return digits
    sign = "-" if digits.startswith("-") else ""
    figures = digits.lstrip("-").replace(".", "")
    return f"{sign}0.{'0' * (-int(exponent) - 1)}{figures}"


def compact_json(value: object) -> str:
    """Any JSON value as compact text with sorted keys."""
    if isinstance(value, str):
        return json_string(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return json_number(value)
    if isinstance(value, Mapping):
        members = sorted((k, v) for k, v in value.items() if isinstance(k, str))
        return f"{{{','.join([f'{json_string(k)}:{compact_json(v)}' for k, v in members])}}}"
    if isinstance(value, (list, tuple)):
        return f"[{','.join([compact_json(v) for v in value])}]"
    return json_string(str(value))
