"""Nothing outlives its block, and whatever ends a controller, the write that is under way is finished."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from aimcore.simulation.clock import Clock
from aimcore.simulation.settings import WorldSettings
from aimctl_runtime.apply import NotLeadingError
from aimctl_runtime.client import connect
from aimctl_runtime.controller import Controller
from aimctl_runtime.local.faults import Effect, Fault
from aimctl_runtime.local.kubeconfig import write_kubeconfig
from aimctl_runtime.local.server import LocalCluster
from aimctl_runtime.scopes import background, closing, joined
from aimctl_runtime.settings import RuntimeSettings

from .doubles import START, Lines, log_into, run
from .test_on_local_cluster import ROWS, make_plan, service

SLOW = Fault(Effect.SLOW, resources=frozenset({"serviceaccounts"}), verbs=frozenset({"patch"}), seconds=0.4, times=1)


@asynccontextmanager
async def busy(folder: Path, **members: Any) -> AsyncIterator[tuple[LocalCluster, Controller]]:
    """A controller whose first write will take a while, not yet running."""
    lines = Lines()
    settings = WorldSettings.read({"nodes": [{"name": "n"}]})
    async with LocalCluster(settings, clock=Clock(START), speed=0) as local:
        local.cluster.create(service("s"))
        local.faults.inject(SLOW)
        write_kubeconfig(folder / "kubeconfig", local.url)
        async with closing(await connect(str(folder / "kubeconfig"))) as client:
            yield local, Controller(
                client, RuntimeSettings(), log=log_into(lines), watched=ROWS, planned=("AIMService",),
                make_plan=make_plan, **members,
            )  # fmt: skip
    assert "fault of the controller" not in lines.text


async def writing(local: LocalCluster) -> None:
    """Return once the slow write has begun."""
    with anyio.fail_after(10):
        while not local.faults.struck:
            await anyio.sleep(0.005)


def has_written(local: LocalCluster) -> bool:
    return local.cluster.peek("ServiceAccount", "default", "s") is not None


async def by_stopping(controller: Controller, local: LocalCluster) -> None:
    async with joined() as tasks:
        tasks.start_soon(controller.run)
        await writing(local)
        controller.stop()


async def by_the_end_of_a_block(controller: Controller, local: LocalCluster) -> None:
    async with controller.running():
        await writing(local)


async def by_cancelling_the_scope(controller: Controller, local: LocalCluster) -> None:
    async with background() as tasks:
        tasks.start_soon(controller.run)
        await writing(local)
        tasks.cancel_scope.cancel()


async def by_cancelling_the_task(controller: Controller, local: LocalCluster) -> None:
    task = asyncio.create_task(controller.run())
    await writing(local)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


End = Callable[[Controller, LocalCluster], Awaitable[None]]
ENDS: list[End] = [by_stopping, by_the_end_of_a_block, by_cancelling_the_scope, by_cancelling_the_task]


@pytest.mark.parametrize("end", ENDS)
def test_a_write_under_way_is_finished_and_no_task_is_left(tmp_path: Path, end: End):
    async def claim() -> None:
        async with busy(tmp_path) as (local, controller):
            before = asyncio.all_tasks()
            await end(controller, local)
            assert has_written(local)
            assert {task for task in asyncio.all_tasks() - before if "aimctl_runtime" in repr(task)} == set()

    run(claim())


@pytest.mark.parametrize("end", ENDS)
def test_patience_has_an_end(tmp_path: Path, end: End):
    async def claim() -> None:
        async with busy(tmp_path, patience=0.1) as (local, controller):
            await end(controller, local)
            assert not has_written(local)

    run(claim())


def test_a_controller_that_does_not_work_yet_leaves_at_once(tmp_path: Path):
    async def claim() -> None:
        async with busy(tmp_path, patience=60.0) as (local, controller):
            async with joined() as tasks:
                tasks.start_soon(controller.run, anyio.sleep_forever)
                await controller.has_synced()
                controller.stop()
            assert not has_written(local)

    run(claim())


def test_what_ends_a_worker_is_raised_as_it_is(tmp_path: Path):
    async def claim() -> None:
        async with busy(tmp_path, deadline=lambda: 0.0) as (_, controller):
            with pytest.raises(NotLeadingError):
                async with controller.running():
                    await anyio.sleep_forever()

    run(claim())


# ---- blocks and their tasks -----------------------------------------------------------------------------------------
def test_what_a_block_raises_comes_out_unwrapped_with_its_cause():
    async def claim() -> None:
        cause, problem = KeyError("cause"), ValueError("block")

        async def block() -> None:
            async with background() as tasks:
                tasks.start_soon(anyio.sleep_forever)
                raise problem from cause

        with pytest.raises(ValueError, match="block") as caught:
            await block()
        assert caught.value is problem
        assert caught.value.__cause__ is cause

    run(claim())


def test_a_task_that_fails_ends_the_block_and_several_failures_are_a_group():
    async def fail(problem: Exception) -> None:
        raise problem

    async def claim() -> None:
        async def block(*problems: Exception) -> None:
            async with background() as tasks:
                for problem in problems:
                    tasks.start_soon(fail, problem)
                await anyio.sleep_forever()

        with pytest.raises(ValueError, match="one"):
            await block(ValueError("one"))
        with pytest.raises(ExceptionGroup) as caught:
            await block(ValueError("one"), KeyError("two"))
        assert caught.group_contains(ValueError)
        assert caught.group_contains(KeyError)

    run(claim())


class Connection:
    def __init__(self, seconds: float) -> None:
        self.seconds, self.is_closed = seconds, False

    async def close(self) -> None:
        await anyio.sleep(self.seconds)
        self.is_closed = True


@pytest.mark.parametrize(("seconds", "is_closed"), [(0.01, True), (60.0, False)])
def test_a_connection_is_closed_although_its_block_was_cancelled_but_not_for_ever(monkeypatch, seconds, is_closed):
    monkeypatch.setattr("aimctl_runtime.scopes.CLOSING_SECONDS", 0.1)

    async def claim() -> None:
        connection = Connection(seconds)
        with anyio.CancelScope() as scope:
            async with closing(connection):
                scope.cancel()
                await anyio.sleep_forever()
        assert connection.is_closed is is_closed

    run(claim())
