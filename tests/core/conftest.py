"""Tests of the core run behind the fence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import fence


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Raise the fence for the test's own body only."""
    if "no_fence" not in item.keywords:
        fence.put_up()
    try:
        yield
    finally:
        fence.take_down()
