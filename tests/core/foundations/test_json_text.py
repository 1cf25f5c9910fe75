"""JSON text as the reference's writer makes it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.api.json_text import compact_json, json_number, json_string, well_formed


@pytest.mark.rule("R-8.5", "N-3")
@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (1e16, "10000000000000000"),
        (1e21, "1e+21"),
        (1e-7, "1e-7"),
        (1e-6, "0.000001"),
        (1.5e-5, "0.000015"),
        (-1.25e-5, "-0.0000125"),
        (0.95, "0.95"),
        (-0.0, "-0"),
        (0, "0"),
        (2**53 + 1, "9007199254740992"),
        (1.5e300, "1.5e+300"),
        (-2, "-2"),
        (float("inf"), "null"),
        (10**400, "null"),
    ],
)
def test_numbers_pass_through_doubles(number, text):
    assert json_number(number) == text


@pytest.mark.rule("N-3", "R-8.5")
@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", '"plain"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("a&b<c>", '"a\\u0026b\\u003cc\\u003e"'),
        ("\u2028\u2029", '"\\u2028\\u2029"'),
        ("\n\r\t\b\f\x01", '"\\n\\r\\t\\b\\f\\u0001"'),
        ("ünï", '"ünï"'),
        ("\ud800x", '"\ufffdx"'),
    ],
)
def test_strings_are_escaped_as_the_reference_does(text, written):
    assert json_string(text) == written


@given(st.text())
def test_every_text_survives_and_can_be_encoded(text):
    written = json_string(text)
    written.encode()
    assert json.loads(written) == well_formed(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_survives(number):
    assert float(json_number(number)) == number


def test_values_are_compact_with_sorted_keys():
    value = {"b": [1, None, True, (2,)], "a": {"z": "x"}, 3: "dropped"}
    assert compact_json(value) == '{"a":{"z":"x"},"b":[1,null,true,[2]]}'
    assert compact_json(object).startswith('"')
