"""The desk: takes the questions of plans to whoever can answer them.

1. A question that is being answered is not asked a second time.
2. So many at once (`AT_ONCE`); the others wait in the order of asking.
3. Nothing raises: a fault of an observer becomes a Failure, and a line in the log.
4. An observer that speaks while it works (`Telling`) is heard: its news are answers, until the last one comes.
5. Questions are answered while `run` runs; when it is cancelled, what is open is given up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
from anyio.abc import TaskGroup, TaskStatus

from aimcore.facts import Answer, Failure, FailureKind, Want
from aimctl_runtime.clock import Clock
from aimctl_runtime.log import Log

AT_ONCE = 8
Tell = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Telling:
    """An observer that is given, beside the question, whom to tell how far it is."""

    observe: Callable[[Any, Tell], Awaitable[Any]]


Observe = Callable[[Any], Awaitable[Any]] | Telling


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
        self._free = anyio.CapacityLimiter(at_once)
        self._asked: set[Want] = set()
        self._answering: TaskGroup | None = None

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Answer, for ever."""
        async with anyio.create_task_group() as self._answering:
            task_status.started()
            for want in self._asked:
                self._answering.start_soon(self._answer, want)
            await anyio.sleep_forever()

    def ask(self, want: Want) -> None:
        """Have a question answered, some time."""
        if want not in self._asked:
            self._asked.add(want)
            if self._answering is not None:
                self._answering.start_soon(self._answer, want)

    @property
    def is_idle(self) -> bool:
        """Whether no question is open."""
        return not self._asked

    async def _answer(self, want: Want) -> None:
        try:
            async with self._free:
                value = await self._observe(want)
        finally:
            self._asked.discard(want)
        self._hear(want, value)

    def _hear(self, want: Want, value: Any) -> None:
        self._learn(want, Answer(value, self._clock.now()))

    async def _observe(self, want: Want) -> Any:
        observe = self._observers.get(type(want))
        if observe is None:
            return Failure(FailureKind.UNREACHABLE, f"nobody here can answer {type(want).__name__}")
        try:
            if isinstance(observe, Telling):
                return await observe.observe(want, lambda news: self._hear(want, news))
            return await observe(want)
        # Rule 3: an observer meets the whole world; whatever it did not foresee is a failed answer.
        except Exception as problem:  # noqa: BLE001
            self._log.error("an observer failed; this is a fault of the controller", error=repr(problem))
            return Failure(FailureKind.UNREACHABLE, f"{type(want).__name__} could not be answered")
