"""Bounds of one call: which errors it may raise, how much work it may do, how much memory it may take.

1. Work is counted in calls of functions, Python's own and those in C (`calls_of`): the same number on every machine.
2. What runs inside one C function (a regular expression, a decoder) makes no calls. There the CPU time of this thread
   counts, never the clock on the wall: a busy machine does not fail a test.
3. "Linear" is judged over sizes n, 2n and 4n: four times the input may cost four times the work, and half as much
   again for the logarithms. CPU times are noisy, so there eight times is still linear; a square law gives sixteen.
4. A call that would never end is ended by `cpu_within`, so that it fails its own test and not the whole run.
"""

from __future__ import annotations

import signal
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

LONGEST = 5.0
"""Seconds of CPU for one call, however hostile its input."""
_FEW_CALLS = 400
_SHORT = 0.04
_SMALL = 256 * 1024


class TooMuchWorkError(AssertionError):
    """A call did not end within its CPU time."""


@contextmanager
def cpu_within(seconds: float = LONGEST) -> Iterator[None]:
    """Ends the block by `TooMuchWorkError` when it has used so much CPU time. Works inside regular expressions too."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise TooMuchWorkError(f"more than {seconds:g} s of CPU time")

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def answer_or(errors: tuple[type[BaseException], ...], call: Callable[[], T], *, cpu: float = LONGEST) -> T | None:
    """What the call answers; None if it raises one of the edge's own errors, each with a sentence for people."""
    with cpu_within(cpu):
        try:
            return call()
        except errors as error:
            said = error
    assert str(said).strip(), f"{type(said).__name__} says nothing"
    return None


# ---- measures -------------------------------------------------------------------------------------------------------
def calls_of(call: Callable[[], Any]) -> int:
    """How many functions are called, those in C included."""
    counted = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        call()
    finally:
        sys.setprofile(before)
    return counted


def cpu_of(call: Callable[[], Any], *, tries: int = 3) -> float:
    """Seconds of CPU, the least of some tries."""

    def once() -> float:
        begun = time.thread_time()
        call()
        return time.thread_time() - begun

    return min(once() for _ in range(tries))


def peak_of(call: Callable[[], Any]) -> int:
    """Bytes that were allocated at once, beyond what was there before."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


# ---- claims ---------------------------------------------------------------------------------------------------------
def assert_linear(read: Callable[[Any], Any], made: Callable[[int], Any], size: int, *, memory: bool = True) -> None:
    """Work and memory of `read(made(n))` grow no faster than its input from n = `size` to 4n. `read` must not raise."""
    inputs = [made(size * factor) for factor in (1, 2, 4)]
    with cpu_within(LONGEST):
        calls = [calls_of(lambda given=given: read(given)) for given in inputs]
    assert calls[1] <= 3 * calls[0] + _FEW_CALLS, f"calls {calls} for sizes 1:2:4"
    assert calls[2] <= 6 * calls[0] + _FEW_CALLS, f"calls {calls} for sizes 1:2:4"
    with cpu_within(LONGEST):
        seconds = [cpu_of(lambda given=given: read(given)) for given in inputs]
    assert seconds[2] <= 8 * seconds[0] + _SHORT, f"CPU seconds {seconds} for sizes 1:2:4"
    if memory:
        with cpu_within(2 * LONGEST):
            peaks = [peak_of(lambda given=given: read(given)) for given in (inputs[0], inputs[2])]
        assert peaks[1] <= 6 * peaks[0] + _SMALL, f"bytes {peaks} for sizes 1:4"
