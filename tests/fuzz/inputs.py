"""What hostile inputs are made of, and how many of them are tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

T = TypeVar("T")

DEEP = 100_000
"""Levels of brackets. The stack of a process ends far above."""


def effort(examples: int) -> Callable[[T], T]:
    """So many examples in the default run, in proportion more where the profile asks for more."""
    return settings(  # type: ignore[return-value]
        max_examples=max(1, examples * settings.default.max_examples // 100),  # type: ignore[union-attr]
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    )


NASTY_TEXTS = (
    "", " ", "\n", "\x00", "\ud800", "\udfff", "\u2028", "é" * 300, "İ", "ſ", "٣", "²", "-", "+", ".", "..", "/", "//",
    "0", "-0", "00", "1e999999", "9" * 5000, "-1", "0x" + "f" * 40, "NaN", "Infinity", "null", "true", "[", "{", '"',
    "'", "\\", "\\'", "%", "%2f", "*", "?", "a" * 5000, "://", "http://[", "@", ":", "#", "&", "<", ">", "~", "`",
    "2001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "10Gi", "1h", "MI300X", "a/b:c@d",
)  # fmt: skip
NASTY_NUMBERS = (
    0, -1, 1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**40, 10**400, 10**4000,
    1e300, -1e300, 1e-300, 0.1, -0.0, float("inf"), float("-inf"), float("nan"),
)  # fmt: skip


def texts() -> st.SearchStrategy[str]:
    """Any text, those that hurt first. Lone surrogates and NUL are among them."""
    anything = st.text(st.characters(exclude_categories=()), max_size=12)
    return st.sampled_from(NASTY_TEXTS) | anything | st.lists(st.sampled_from(NASTY_TEXTS), max_size=4).map("".join)


def json_values(members: tuple[str, ...] = (), words: tuple[str, ...] = ()) -> st.SearchStrategy[Any]:
    """Any JSON, and what decoders let through beyond it: NaN, infinities, whole numbers of any size."""
    names = st.sampled_from(members) | texts() if members else texts()
    said = st.sampled_from(words) | texts() if words else texts()
    numbers = st.sampled_from(NASTY_NUMBERS) | st.integers() | st.floats()
    return st.recursive(
        st.none() | st.booleans() | numbers | said,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
        max_leaves=12,
    )


def json_bodies(members: tuple[str, ...] = ()) -> st.SearchStrategy[bytes]:
    """What a server may send as a body: JSON, JSON cut off, JSON with bytes changed, and no JSON at all."""
    import json

    whole = json_values(members).map(lambda v: json.dumps(v).encode())
    cut = st.builds(lambda body, at: body[: at % (len(body) + 1)], whole, st.integers(0, 400))
    return whole | cut | st.binary(max_size=40) | texts().map(lambda t: t.encode("utf-8", "surrogatepass"))


def nested(levels: int, leaf: Any = 1, *, lists: bool = False) -> Any:
    """A value so many levels deep, built without recursion."""
    value = leaf
    for _ in range(levels):
        value = [value] if lists else {"a": value}
    return value
