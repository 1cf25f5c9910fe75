"""Durations of Go and of the Gateway API."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.api import duration

GATEWAY = re.compile(r"([0-9]{1,5}(h|m|s|ms)){1,4}")


@pytest.mark.rule("R-10.3", "D-25")
@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("180s", "3m0s"),
        ("120s", "2m0s"),
        ("90m", "1h30m0s"),
        ("1h", "1h0m0s"),
        ("0s", "0s"),
        ("0", "0s"),
        ("500ms", "500ms"),
        ("1.5s", "1s500ms"),
        ("1h0.25s", "1h0m0s250ms"),
        ("+.5m", "30s"),
        ("1000000us", "1s"),
    ],
)
def test_a_route_timeout_has_the_canonical_compound_form(text, written):
    assert duration.gateway_text(text) == written


@pytest.mark.rule("D-25")
@pytest.mark.parametrize(
    "text", ["1us", "-1s", "100000h", "0.1ms", "", "1", "s", ".s", "1x", "1h ", "9" * 40 + "h", None, 5]
)
def test_what_the_gateway_cannot_hold_is_none(text):
    assert duration.gateway_text(text) is None


@given(st.text(alphabet="0123456789.hmsunµ+- ", max_size=20) | st.text())
def test_every_written_timeout_fits_the_gateway_pattern_and_keeps_the_duration(text):
    written = duration.gateway_text(text)
    if written is not None:
        assert GATEWAY.fullmatch(written)
        assert duration.parse(written) == duration.parse(text)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("1h30m", timedelta(minutes=90)),
        ("-1.5s", timedelta(seconds=-1.5)),
        ("10µs", timedelta(microseconds=10)),
        ("10μs", timedelta(microseconds=10)),
        ("999ns", timedelta(0)),
        ("1." + "0" * 200 + "s", None),
        ("nonsense", None),
    ],
)
def test_go_durations_are_read(text, parsed):
    assert duration.parse(text) == parsed
