"""Lifetimes: which task and which connection ends with which block.

1. Every task of the shell belongs to a task group, every group to a block: nothing outlives the code that started it.
2. What a block raises comes out as it is, not wrapped in a group, although the block has tasks.
3. What must be closed is closed although the block was cancelled, within `CLOSING_SECONDS`.
4. The library is anyio. Its backend is asyncio, because kubernetes-asyncio and aiohttp know no other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol, TypeVar

import anyio
from anyio.abc import TaskGroup

BACKEND: Final = "asyncio"
CLOSING_SECONDS = 5.0


class Closable(Protocol):
    """Something with a connection."""

    def close(self) -> Awaitable[Any]: ...


T = TypeVar("T", bound=Closable)
Result = TypeVar("Result")


def run(main: Callable[[], Awaitable[Result]]) -> Result:
    """Run the main function of a program in an event loop of its own."""
    return anyio.run(main, backend=BACKEND)


@asynccontextmanager
async def joined() -> AsyncIterator[TaskGroup]:
    """Tasks for which the end of the block waits.

    A task that fails cancels the block and the other tasks. One failure, of the block or of a task, is raised as it
    is; several come as an ExceptionGroup.
    """
    alone: BaseException | None = None
    try:
        async with anyio.create_task_group() as tasks:
            yield tasks
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        alone = group.exceptions[0]
    if alone is not None:
        raise alone


@asynccontextmanager
async def background() -> AsyncIterator[TaskGroup]:
    """Tasks that run while the block runs: at its end they are cancelled. Failures are raised as by `joined`."""
    async with joined() as tasks:
        yield tasks
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def closing(resource: T) -> AsyncIterator[T]:
    """Close something at the end of the block, also when the block was cancelled. Rule 3."""
    try:
        yield resource
    finally:
        with anyio.move_on_after(CLOSING_SECONDS, shield=True):
            await resource.close()
