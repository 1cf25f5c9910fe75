"""Quantities: amounts as Kubernetes writes them (`500m`, `1Gi`, `1e3`, 4).

1. Read as the API server reads them: a text or a JSON number; anything else, and any text longer than 128 characters
   or with an exponent beyond three digits, is no quantity (None). Nothing here raises.
2. `canonical` gives the text that Kubernetes stores. A text that is canonical enough for the server's fast path is
   kept as it stands (`1.125`), everything else is rewritten (`0.5` → `500m`, `1024Mi` → `1Gi`).
3. Amounts smaller than 10⁻⁹ are rounded up to it; binary amounts are capped at 2⁶³ − 1.
4. All arithmetic is on integers: amount = number · 10^scale.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

MAX = 2**63 - 1
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX = ("", *_BINARY)

_TEXT = re.compile(r"([+-]?)(?=\.?[0-9])0*([0-9]*)(?:\.([0-9]*))?(?:([KMGTPE]i)|([numkMGTPE]?)|[eE]([+-]?[0-9]{1,3}))")
_COMMON = re.compile(r"([1-9][0-9]{0,6})(Ki|Mi|Gi|Ti|m|k|M|G|)")
_LONGEST = 128
_SIZES = {
    "m": 1, "": 10**3, "k": 10**6, "M": 10**9, "G": 10**12,
    "Ki": 10**3 * 2**10, "Mi": 10**3 * 2**20, "Gi": 10**3 * 2**30, "Ti": 10**3 * 2**40,
}  # fmt: skip
_SMALL = {f"{number}{unit}": number * size for unit, size in _SIZES.items() for number in range(1, 1000)}
"""Thousandths by text: what nearly everybody writes, read without parsing. All are canonical as they stand."""


class _Amount(NamedTuple):
    """`number` · 10^`scale`. `form` is how it is to be written: `binary`, `decimal` or `exponent`."""

    number: int
    scale: int
    form: str
    fast: bool
    """Read by the server's fast path, which alone gives whole numbers without rounding."""
    kept: bool
    """The text is canonical as it stands."""


def parse(value: object) -> Decimal | None:
    """The exact amount of a quantity, or None if `value` is none."""
    text = _text_of(value)
    amount = _read(text) if text else None
    return None if amount is None else Decimal(f"{amount.number}E{amount.scale}")


def is_quantity(value: object) -> bool:
    """Whether `value` is a quantity."""
    if isinstance(value, str) and value in _SMALL:
        return True
    text = _text_of(value)
    return text is not None and _TEXT.fullmatch(text) is not None


def exceeds(left: object, right: object) -> bool:
    """Whether both are quantities and `left` is the larger one."""
    if isinstance(left, str) and isinstance(right, str):
        a, b = _SMALL.get(left), _SMALL.get(right)
        if a is not None and b is not None:
            return a > b
    amount, other = parse(left), parse(right)
    return amount is not None and other is not None and amount > other


def canonical(value: object) -> str | None:
    """The canonical text of a quantity (R-8.8), or None if `value` is none."""
    if isinstance(value, str) and value in _SMALL:
        return value
    text = _text_of(value)
    if text is None:
        return None
    common = _COMMON.fullmatch(text)
    if common is not None and int(common[1]) % (1024 if common[2].endswith("i") else 1000):
        return text
    amount = _read(text)
    if amount is None:
        return None
    return text if amount.kept else _written(amount)


def equal(left: object, right: object) -> bool:
    """Whether two values are the same amount. Values that are no quantities are compared as they are."""
    if left == right:
        return True
    a, b = parse(left), parse(right)
    return a is not None and a == b


def whole_bytes(value: object) -> int | None:
    """A quantity as a whole number, rounded up and capped at 2⁶³ − 1. None if `value` is no quantity."""
    text = _text_of(value)
    amount = _read(text) if text else None
    return None if amount is None else max(-MAX, min(MAX, _rounded_up(amount)))


def binary(number: int) -> str:
    """Bytes as canonical binary text: the largest of Ki … Ei that divides exactly, else plain digits (P-5, A6.3)."""
    return _written(_Amount(number, 0, "binary", fast=True, kept=False))


def with_headroom(number: int, percent: int) -> str:
    """The size of a claim for that many bytes: plus the headroom, in whole Gi (A6.3), at most 8 Ei − 1 Gi."""
    gibibyte = 2**30
    largest = MAX // gibibyte * gibibyte
    try:
        enlarged = min(int(float(number) * (1.0 + float(percent) / 100.0)), largest)
    except OverflowError:
        enlarged = largest
    return binary(-(-enlarged // gibibyte) * gibibyte)


def display_size(value: object) -> str | None:
    """A declared size for people (A6.4): `5 GiB`; amounts off the server's fast path stay canonical text."""
    text = _text_of(value)
    amount = _read(text) if text else None
    if amount is None:
        return None
    if amount.fast and amount.scale >= 0:
        shown = human_bytes(_rounded_up(amount))
        if shown:
            return shown
    return canonical(value)


_LARGEST_SHOWN = 7 * 2**60


def human_bytes(number: int) -> str:
    """Bytes for people: `1.3 GiB`, `477 MiB`, `0 B`. "" for what has no such form (negative, above 7 EiB)."""
    if not 0 <= number <= _LARGEST_SHOWN:
        return ""
    exponent = min((number.bit_length() - 1) // 10, 6) if number else 0
    unit = 1 << (10 * exponent)
    name = "B" if exponent == 0 else f"{_BINARY_SUFFIX[exponent]}B"
    if number >= 100 * unit:
        return f"{(2 * number + unit) // (2 * unit)} {name}"
    whole, tenth = divmod((20 * number + unit) // (2 * unit), 10)
    return f"{whole}.{tenth} {name}" if tenth else f"{whole} {name}"


# ---- reading --------------------------------------------------------------------------------------------------------
def _text_of(value: object) -> str | None:
    """The text of a JSON value that may be a quantity."""
    if isinstance(value, str):
        return value.strip() if len(value) <= _LONGEST else None
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int) and -(10**_LONGEST) < value < 10**_LONGEST:
        return str(value)
    return None


def _read(text: str) -> _Amount | None:
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    sign, digits, decimals, binary_suffix, decimal_suffix, exponent = found.groups()
    digits, decimals = digits or "0", decimals or ""
    shifted = digits + decimals
    number = -int(shifted) if sign == "-" else int(shifted)
    if binary_suffix is not None:
        power = _BINARY[binary_suffix]
        fast = not decimals and 14 - len(digits) - power * 3 // 10 >= 0
        kept = fast and int(digits) & 7 != 0
        return _bounded(_Amount(number << power, -len(decimals), "binary", fast, kept))
    power = _DECIMAL[decimal_suffix] if decimal_suffix is not None else int(exponent)
    scale = power - len(decimals)
    fast = len(shifted) <= 18 and scale >= -9
    kept = fast and scale % 3 == 0 and not shifted.endswith("000") and not shifted.startswith("0")
    return _bounded(_Amount(number, scale, "decimal" if exponent is None else "exponent", fast, kept or text == "0"))


def _bounded(amount: _Amount) -> _Amount:
    """Within 10⁻⁹ … and, for binary amounts off the fast path, 2⁶³ − 1."""
    number, scale, form, fast, _ = amount
    if fast:
        return amount
    if scale < -9:
        number, scale = _away_from_zero(number, 10 ** (-9 - scale)), -9
    if form == "binary" and abs(number) > MAX * 10**-scale:
        number, scale = (MAX if number > 0 else -MAX), 0
    return amount._replace(number=number, scale=scale)


def _away_from_zero(number: int, divisor: int) -> int:
    return -(-number // divisor) if number > 0 else number // divisor


def _rounded_up(amount: _Amount) -> int:
    if amount.scale >= 0:
        return int(amount.number * 10**amount.scale)
    return _away_from_zero(amount.number, 10**-amount.scale)


# ---- writing --------------------------------------------------------------------------------------------------------
def _written(amount: _Amount) -> str:
    number, scale, form, _, _ = amount
    if number == 0:
        return "0"
    while number % 10 == 0 and (scale < 0 or form != "binary"):
        number, scale = number // 10, scale + 1
    if form == "binary" and scale == 0 and abs(number) >= 1024:
        return _written_binary(number)
    while number % 10 == 0:
        number, scale = number // 10, scale + 1
    number, scale = number * 10 ** (scale % 3), scale - scale % 3
    if form == "exponent":
        return f"{number}e{scale}" if scale else str(number)
    if scale > 18:
        number, scale = number * 10 ** (scale - 18), 18
    return f"{number}{_DECIMAL_SUFFIX[scale]}"


def _written_binary(number: int) -> str:
    exponent = 0
    while number % 1024 == 0 and exponent < 6:
        number, exponent = number // 1024, exponent + 1
    return f"{number}{_BINARY_SUFFIX[exponent]}"
