"""The desk: takes the questions of plans to whoever can answer them.

1. A question that is being answered is not asked a second time.
2. So many at once (`AT_ONCE`); the others wait in the order of asking.
3. Nothing raises: a fault of an observer becomes a Failure, and a line in the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aimcore.facts import Answer, Failure, FailureKind, Want
from aimctl_runtime.clock import Clock
from aimctl_runtime.log import Log

AT_ONCE = 8
Observe = Callable[[Any], Awaitable[Any]]


class AnsweringDesk:
    """See the rules above. `learn` is the door of the store."""

    def __init__(
        self,
        observers: Mapping[type, Observe],
        learn: Callable[[Want, Answer], None],
        clock: Clock,
        log: Log,
        *,
        at_once: int = AT_ONCE,
    ) -> None:
        self._observers = observers
        self._learn = learn
        self._clock = clock
        self._log = log.named("observe")
        self._free = asyncio.Semaphore(at_once)
        self._asked: dict[Want, asyncio.Task[None]] = {}

    def ask(self, want: Want) -> None:
        """Have a question answered, some time."""
        if want not in self._asked:
            self._asked[want] = asyncio.get_running_loop().create_task(self._answer(want))

    @property
    def is_idle(self) -> bool:
        """Whether no question is open."""
        return not self._asked

    async def close(self) -> None:
        """Give up what is open."""
        tasks = list(self._asked.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, want: Want) -> None:
        try:
            async with self._free:
                value = await self._observe(want)
        finally:
            del self._asked[want]
        self._learn(want, Answer(value, self._clock.now()))

    async def _observe(self, want: Want) -> Any:
        observe = self._observers.get(type(want))
        if observe is None:
            return Failure(FailureKind.UNREACHABLE, f"nobody here can answer {type(want).__name__}")
        try:
            return await observe(want)
        # Rule 3: an observer meets the whole world; whatever it did not foresee is a failed answer.
        except Exception as problem:  # noqa: BLE001
            self._log.error("an observer failed; this is a fault of the controller", error=repr(problem))
            return Failure(FailureKind.UNREACHABLE, f"{type(want).__name__} could not be answered")
