"""The bounds can fail: what breaks them is caught, what keeps them is not."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fuzz.bounds import TooMuchWorkError, answer_or, assert_linear, calls_of, cpu_within, peak_of


def squared(items: list[int]) -> int:
    return sum(len(items[:3]) for _ in items for _ in items)


def test_a_square_law_in_python_is_caught_by_its_calls() -> None:
    with pytest.raises(AssertionError, match="calls"):
        assert_linear(squared, lambda n: [0] * n, 100)


def test_a_square_law_within_one_c_function_is_caught_by_its_time() -> None:
    slow = re.compile("a*a*b")
    with pytest.raises(AssertionError, match="CPU"):
        assert_linear(slow.match, lambda n: "a" * n, 6_000)


def test_memory_that_grows_faster_than_the_input_is_caught() -> None:
    with pytest.raises(AssertionError, match="bytes"):
        assert_linear(lambda text: bytes(len(text) ** 2), lambda n: "a" * n, 2_000)


def test_what_is_linear_passes() -> None:
    assert_linear(lambda items: [str(i) for i in items], lambda n: list(range(n)), 2_000)
    assert_linear(sorted, lambda n: [str(i) for i in range(n)], 2_000)


def test_a_call_without_end_is_ended_within_the_expression_that_it_is_in() -> None:
    with pytest.raises(TooMuchWorkError), cpu_within(0.1):
        re.match("(a+)+$", "a" * 60 + "!")


def test_only_the_errors_of_the_edge_are_let_through_and_only_with_words() -> None:
    def failing(error: Exception) -> Any:
        raise error

    assert answer_or((ValueError,), lambda: 5) == 5
    assert answer_or((ValueError,), lambda: failing(ValueError("this is why"))) is None
    with pytest.raises(TypeError):
        answer_or((ValueError,), lambda: failing(TypeError("no")))
    with pytest.raises(AssertionError, match="says nothing"):
        answer_or((ValueError,), lambda: failing(ValueError("")))


def test_calls_and_memory_are_counted_the_same_each_time() -> None:
    assert len({calls_of(lambda: squared([0] * 10)) for _ in range(3)}) == 1
    assert peak_of(lambda: bytes(1_000_000)) >= 1_000_000
