"""The queue, on a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from aimcore.resource import Key
from aimctl_runtime.clock import VirtualClock
from aimctl_runtime.queue import ClosedError, Queue, backoff
from aimctl_runtime.scopes import background

from .doubles import START, run, settle

A, B, C = (Key("AIMService", "ns", name) for name in "abc")


@asynccontextmanager
async def make() -> AsyncIterator[tuple[VirtualClock, Queue]]:
    clock = VirtualClock(START)
    queue = Queue(clock)
    async with background() as tasks:
        tasks.start_soon(queue.keep_time)
        yield clock, queue


def test_a_key_added_twice_runs_once():
    async def claim() -> None:
        async with make() as (_, queue):
            queue.add(A)
            queue.add(A)
            queue.add(A, low=True)
            assert await queue.take() == A
            queue.done(A)
            assert queue.is_idle

    run(claim())


def test_a_key_never_runs_twice_at_once_and_runs_again_when_added_meanwhile():
    async def claim() -> None:
        async with make() as (_, queue):
            queue.add(A)
            await queue.take()
            queue.add(A)
            taker = asyncio.create_task(queue.take())
            await settle()
            assert not taker.done()
            queue.done(A)
            assert await taker == A

    run(claim())


def test_of_two_moments_the_earlier_wins_and_the_later_is_forgotten():
    async def claim() -> None:
        async with make() as (clock, queue):
            queue.add_at(A, START + timedelta(seconds=10))
            queue.add_at(A, START + timedelta(seconds=5))
            queue.add_at(A, START + timedelta(seconds=20))
            taker = asyncio.create_task(queue.take())
            await settle()
            clock.advance(4.9)
            await settle()
            assert not taker.done()
            clock.advance(0.2)
            assert await taker == A
            queue.done(A)
            clock.advance(60)
            await settle()
            assert queue.is_idle

    run(claim())


def test_the_run_that_starts_supersedes_what_was_scheduled():
    async def claim() -> None:
        async with make() as (clock, queue):
            queue.add_after(A, 5)
            queue.add(A)
            await queue.take()
            queue.done(A)
            assert queue.next_due() is None
            clock.advance(10)
            await settle()
            assert queue.is_idle

    run(claim())


def test_what_is_due_while_its_key_runs_runs_afterwards():
    async def claim() -> None:
        async with make() as (clock, queue):
            queue.add(A)
            await queue.take()
            queue.add_after(A, 1)
            clock.advance(2)
            await settle()
            queue.done(A)
            assert await queue.take() == A

    run(claim())


def test_a_moment_that_has_passed_is_now():
    async def claim() -> None:
        async with make() as (_, queue):
            queue.add_at(A, START - timedelta(seconds=1))
            assert await queue.take() == A

    run(claim())


def test_back_off_doubles_from_5_ms_to_1000_s_and_starts_anew():
    assert [backoff(n) for n in (1, 2, 3)] == [0.005, 0.01, 0.02]
    assert backoff(18) < 1000.0 == backoff(19) == backoff(1000)

    async def claim() -> None:
        async with make() as (_, queue):
            assert [queue.retry(A) for _ in range(3)] == [0.005, 0.01, 0.02]
            assert queue.retry(B, at_least=7.0) == 7.0
            queue.forget(A)
            assert queue.retry(A) == 0.005

    run(claim())


def test_low_priority_waits_but_never_starves():
    async def claim() -> None:
        async with make() as (_, queue):
            queue.add(C, low=True)
            queue.add(A)
            assert await queue.take() == A
            for turn in range(10):
                queue.done(A)
                queue.add(A)
                if await queue.take() == C:
                    assert turn < 8
                    return
            pytest.fail("the idle key never ran")

    run(claim())


def test_a_key_wanted_by_anyone_in_haste_is_not_low():
    async def claim() -> None:
        async with make() as (_, queue):
            queue.add(A, low=True)
            queue.add(B, low=True)
            queue.add(B)
            assert await queue.take() == B

    run(claim())


def test_a_key_added_low_while_it_runs_stays_low_unless_somebody_is_in_haste():
    async def claim() -> None:
        async with make() as (_, queue):
            queue.add(A)
            await queue.take()
            queue.add(A, low=True)
            queue.done(A)
            queue.add(B)
            assert [await queue.take(), await queue.take()] == [B, A]

    run(claim())


def test_a_taker_that_is_cancelled_loses_nothing():
    async def claim() -> None:
        async with make() as (_, queue):
            first, second = asyncio.create_task(queue.take()), asyncio.create_task(queue.take())
            await settle()
            queue.add(A)
            first.cancel()
            await settle()
            assert await second == A

    run(claim())


def test_closing_tells_everybody_who_waits():
    async def claim() -> None:
        async with make() as (_, queue):
            takers = [asyncio.create_task(queue.take()) for _ in range(3)]
            queue.add_after(A, 5)
            await settle()
            queue.close()
            results = await asyncio.gather(*takers, return_exceptions=True)
            assert all(isinstance(result, ClosedError) for result in results)

    run(claim())


def test_many_keys_reach_many_workers():
    async def claim() -> None:
        async with make() as (clock, queue):
            keys = [Key("AIMService", "ns", str(number)) for number in range(50)]
            for number, key in enumerate(keys):
                queue.add_after(key, number % 7)
            seen: list[Key] = []

            async def work() -> None:
                while True:
                    key = await queue.take()
                    seen.append(key)
                    queue.done(key)

            workers = [asyncio.create_task(work()) for _ in range(4)]
            for _ in range(8):
                clock.advance(1)
                await settle(200)
            assert sorted(seen) == sorted(keys)
            for worker in workers:
                worker.cancel()

    run(claim())


def test_a_virtual_clock_says_when_somebody_next_wakes():
    async def claim() -> None:
        clock = VirtualClock(START)
        assert clock.next_wake() is None
        sleepers = [asyncio.create_task(clock.sleep_until(moment)) for moment in (5.0, 3.0)]
        await settle()
        assert clock.next_wake() == 3.0
        sleepers[1].cancel()
        await settle()
        assert clock.next_wake() == 5.0
        clock.advance(5)
        await sleepers[0]
        assert clock.now() == START + timedelta(seconds=5)
        assert clock.next_wake() is None

    run(claim())


def test_kinds_take_turns():
    async def claim() -> None:
        async with make() as (_, queue):
            others = [Key("AIMModel", "ns", "m"), Key("Job", "ns", "j")]
            for key in (A, B, C, *others):
                queue.add(key)
            assert [await queue.take() for _ in range(5)] == [A, *others, B, C]

    run(claim())


def test_a_key_that_waits_alone_in_the_slow_lane_changes_lanes_whole():
    async def claim() -> None:
        async with make() as (_, queue):
            queue.add(A, low=True)
            queue.add(A, low=True)
            queue.add(A)
            assert len(queue) == 1
            assert await queue.take() == A
            queue.done(A)
            assert queue.is_idle

    run(claim())


def test_a_moment_of_a_virtual_clock_that_has_passed_is_not_waited_for():
    async def claim() -> None:
        clock = VirtualClock(START)
        clock.advance(5)
        await clock.sleep_until(5.0)
        assert clock.next_wake() is None

    run(claim())
