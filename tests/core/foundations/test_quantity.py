"""Quantities are read and written as the API server does."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.api import quantity

NUMBERS = st.from_regex(r"[+-]?[0-9]{1,20}(\.[0-9]{0,12})?([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@pytest.mark.rule("R-8.8")
@pytest.mark.parametrize(
    ("given_", "canonical"),
    [
        ("0.5", "500m"),
        ("1000m", "1"),
        ("1024Mi", "1Gi"),
        (4, "4"),
        ("1.125", "1.125"),
        ("0", "0"),
        ("00", "0"),
        ("1Gi", "1Gi"),
        ("1536Mi", "1536Mi"),
        ("1.5Gi", "1536Mi"),
        ("2.2Gi", "2362232012800m"),
        ("1.5G", "1500M"),
        ("1000M", "1G"),
        ("1e3", "1e3"),
        ("1000e3", "1e6"),
        ("10e2", "1e3"),
        ("100e-2", "1"),
        (".001Ki", "1024m"),
        (".000000000001Ki", "2n"),
        ("512", "512"),
        ("1000Ki", "1000Ki"),
        ("-0.5", "-500m"),
        ("-.0000000000001", "-1n"),
        (" 5Gi ", "5Gi"),
        (0.1, "100m"),
        ("1048576Ei", "9223372036854775807"),
        ("-1048576Ei", "-9223372036854775807"),
        ("1000E", "1000E"),
    ],
)
def test_a_quantity_has_the_canonical_text_of_the_api_server(given_, canonical):
    assert quantity.canonical(given_) == canonical


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "Ki",
        "5 Gi",
        "1K",
        "NaN",
        "1e1000",
        "1e",
        "--1",
        "1" * 200,
        "٣",
        True,
        None,
        [],
        {},
        float("nan"),
        10**400,
    ],
)
def test_what_is_no_quantity_is_none(value):
    assert quantity.canonical(value) is None
    assert quantity.parse(value) is None
    assert quantity.whole_bytes(value) is None
    assert quantity.display_size(value) is None


@given(NUMBERS)
def test_the_canonical_text_keeps_the_amount_and_is_stable(text):
    canonical = quantity.canonical(text)
    assert canonical is not None
    assert quantity.canonical(canonical) == canonical
    rounded, exact = quantity.parse(canonical), quantity.parse(text)
    assert abs(rounded - exact) <= Decimal("1e-9") or exact > quantity.MAX or exact < -quantity.MAX


@given(JSON, JSON)
def test_no_json_value_raises(left, right):
    quantity.canonical(left)
    quantity.whole_bytes(left)
    quantity.display_size(left)
    assert quantity.equal(left, left) or left != left
    assert quantity.equal(left, right) == quantity.equal(right, left)


@pytest.mark.parametrize(("left", "right"), [("1", 1), ("1000m", "1"), ("1Gi", "1024Mi"), ("0", "0.0"), ("x", "x")])
def test_equal_amounts_are_equal(left, right):
    assert quantity.equal(left, right)


@pytest.mark.parametrize(("left", "right"), [("1", "2"), ("1", "x"), ("x", "y"), (None, "0"), ("1G", "1Gi")])
def test_unequal_amounts_are_not(left, right):
    assert not quantity.equal(left, right)


@pytest.mark.parametrize(
    ("text", "whole"),
    [("2.2Gi", 2362232013), ("100Mi", 104857600), ("1m", 1), ("-1m", -1), ("1e3", 1000), ("99E", 2**63 - 1), ("0", 0)],
)
def test_whole_bytes_round_up_and_stop_at_the_largest_integer(text, whole):
    assert quantity.whole_bytes(text) == whole


@pytest.mark.rule("P-5")
@pytest.mark.parametrize(
    ("gibibytes", "text"),
    [(0.5, "512Mi"), (1.5, "1536Mi"), (16, "16Gi"), (0, "0"), (16.06, "17244293693"), (61.2, "65712999628")],
)
def test_bytes_are_written_with_the_largest_suffix_that_divides(gibibytes, text):
    assert quantity.binary(int(gibibytes * 2**30)) == text


@pytest.mark.rule("P-5")
def test_below_1024_bytes_the_notation_is_decimal():
    assert quantity.binary(1000) == "1k"
    assert quantity.binary(1023) == "1023"


@pytest.mark.rule("A6.3")
@pytest.mark.parametrize(
    ("size", "percent", "claim"),
    [
        ("100Mi", 10, "1Gi"),
        ("2.2Gi", 10, "3Gi"),
        ("5Gi", 10, "6Gi"),
        (9094593249, 10, "10Gi"),
        (10737418240, 0, "10Gi"),
        (10737418240, 10, "11Gi"),
        (150000000000, 15, "161Gi"),
        ("1Ti", 10, "1127Gi"),
        ("100Ti", 10, "110Ti"),
        (0, 10, "0"),
    ],
)
def test_a_claim_is_enlarged_and_rounded_up_to_whole_gibibytes(size, percent, claim):
    assert quantity.with_headroom(quantity.whole_bytes(size), percent) == claim


@pytest.mark.rule("A6.4")
@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ("100Mi", "100 MiB"),
        ("5Gi", "5 GiB"),
        ("99Ti", "99 TiB"),
        ("500M", "477 MiB"),
        ("1.5G", "1.4 GiB"),
        ("2.2Gi", "2362232012800m"),
        ("1.5Gi", "1536Mi"),
        ("100Ti", "100Ti"),
        ("1Pi", "1Pi"),
        ("1.0", "1"),
        ("1000m", "1"),
        ("-5Gi", "-5Gi"),
        ("9000P", "9E"),
    ],
)
def test_a_declared_size_is_shown_for_people(size, shown):
    assert quantity.display_size(size) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (1023, "1023 B"),
        (2**20 - 1, "1024 KiB"),
        (1280 * 2**20, "1.3 GiB"),
        (int(99.5 * 2**30), "99.5 GiB"),
        (102349 * 2**20, "100 GiB"),
        (2**40 - 1, "1024 GiB"),
        (7 * 2**60, "7 EiB"),
        (0, "0 B"),
        (1, "1 B"),
        (-1, ""),
        (7 * 2**60 + 1, ""),
    ],
)
def test_bytes_are_shown_for_people(number, shown):
    assert quantity.human_bytes(number) == shown


QUANTITIES = NUMBERS | JSON | st.from_regex(r"[0-9]{1,4}(|m|k|M|G|T|Ki|Mi|Gi|Ti)", fullmatch=True)


@given(QUANTITIES)
def test_a_quantity_is_what_can_be_read_as_one(value):
    assert quantity.is_quantity(value) == (quantity.parse(value) is not None)


@given(QUANTITIES, QUANTITIES)
def test_one_amount_exceeds_another_as_numbers_do(left, right):
    a, b = quantity.parse(left), quantity.parse(right)
    assert quantity.exceeds(left, right) == (a is not None and b is not None and a > b)


def test_common_texts_and_others_are_compared_alike():
    assert quantity.exceeds("1500m", "1")
    assert quantity.exceeds("1Gi", "999Mi")
    assert not quantity.exceeds("1Gi", "1.5Gi")
    assert not quantity.exceeds("x", "1")
