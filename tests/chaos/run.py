"""One run: a plot is told to a controller process while a schedule disturbs it, and must end as if nothing had been.

1. Lost nothing: after each part of each story its namespace comes to what the controller in memory comes to.
2. Doubled nothing: as many incarnations of each object came and went as there, with the same uids.
3. At rest: after the last part the process is killed once more; the one that starts then writes nothing at all.
4. The process never speaks of a fault of its own, and ends by itself only if it has lost its lease.
5. Every wait is for a condition and has a limit; a failure shows the case as one line (`Case.text`).
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import anyio

from aimcore.dispatch import PLANNERS
from aimcore.testing.histories import Play
from aimcore.testing.masking import differences
from aimctl_runtime.pace import ANSWERS
from aimctl_runtime.scopes import joined

from .backend import Backend
from .program import Program
from .proxy import Proxy
from .registry import Registry
from .schedule import KILLS, Effect, Schedule, Strike, drawn, relentless
from .stories import PLOTS, States, Story, resolved, stories_of, world_of
from .witness import Witness

COUNTS = "chaos"
"""The property of a test that holds what it went through."""
SETTLED_WITHIN = 90.0
LIFE = 8.0
"""Seconds more that a kill may cost."""
LOOK = 0.25
QUIET = ANSWERS.total_seconds() + 1
"""Seconds without a write that prove rest: a status may wait so long for answers."""
LOST_LEASE = 1
RELENTLESS = 9


@dataclass(frozen=True, slots=True)
class Case:
    """A plot, whether the controller elects a leader, and what goes wrong."""

    plot: str
    elects: bool
    schedule: str

    @property
    def text(self) -> str:
        return f"{self.plot} | {'elects' if self.elects else 'alone'} | {self.schedule}"

    @property
    def replay(self) -> str:
        """The command that plays it again."""
        return f"AIM_CHAOS={shlex.quote(self.text)} python -m pytest tests/chaos/test_chaos.py"

    @classmethod
    def read(cls, text: str) -> Self:
        """A case of its text."""
        plot, election, schedule = (part.strip() for part in text.split("|"))
        return cls(plot, election == "elects", schedule)

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """The case of a seed. Every tenth is that of a controller that dies at each write."""
        if seed % 10 == RELENTLESS:
            return cls("pair", False, relentless(KILLS[seed // 10 % len(KILLS)]).text)
        names = ("crowd", "crowd", "crowd", "old KServe", "webhooks", "sick")
        elects = seed % 3 == 2
        return cls(names[seed % len(names)], elects, drawn(seed, elects=elects).text)


@dataclass(frozen=True, slots=True)
class Report:
    """What a run went through."""

    struck: Counter[str]
    lives: int
    writes: int
    births: int
    seconds: float

    @property
    def counts(self) -> Counter[str]:
        """The same by words, to be added up."""
        went = {
            "runs": 1,
            "lives of controllers": self.lives,
            "writes of controllers": self.writes,
            "objects that came or went": self.births,
        }
        return self.struck + Counter(went)


class Scene:
    """A backend with its witness, and the replicas of the controller with a proxy each."""

    def __init__(self, backend: Backend, stories: Sequence[Story], folder: Path) -> None:
        self.backend = backend
        self.stories = stories
        self.witness = Witness(backend.cluster)
        self.states = States(backend.cluster)
        self.programs: list[Program] = []
        self.proxies: list[Proxy] = []
        self.patience = SETTLED_WITHIN
        """Seconds that a part of a story may take."""
        self._folder = folder
        backend.observers.append(self.witness.observe)
        backend.before_compaction.append(self.witness.look)

    @asynccontextmanager
    async def controller(
        self, name: str, schedule: Schedule, *, elects: bool, fate: Callable[[Program], None] = Program.kill
    ) -> AsyncIterator[Program]:
        """A replica of the controller, behind a proxy that follows the schedule. `fate`: what a kill does to it."""
        program = Program(self._folder, name, elects=elects)
        proxy = Proxy(self.backend.port, schedule, kill=lambda: fate(program), stop_server=self._stop_server)
        async with proxy.running():
            self.backend.gates.append(proxy)
            self.programs.append(program)
            self.proxies.append(proxy)
            async with program.kept(proxy.url):
                yield program

    def _stop_server(self, strike: Strike) -> None:
        self.backend.stop(strike.amount, compacted=strike.effect is Effect.OUTAGE_COMPACTED)

    async def tell(self) -> None:
        """Tell all stories at the same time."""
        async with joined() as tasks:
            for story in self.stories:
                tasks.start_soon(self._tell, story)

    async def _tell(self, story: Story) -> None:
        cluster = self.backend.cluster
        for number, part in enumerate(story.parts):
            user = Play(world=self.backend.local.world)
            user.act(list(resolved(part, cluster, story.namespace)))
            assert not user.refused, f"{story.name}: the server refused {user.refused} actions of part {number}"
            await self._until_settled(story, number)

    async def _until_settled(self, story: Story, number: int) -> None:
        wanted, states = story.ends[number], self.states

        async def is_settled() -> bool:
            return states.of(story.namespace) == wanted

        def why() -> str:
            lines = list(differences(wanted, states.of(story.namespace)))
            return "\n".join([f"{story.name}, part {number}: wanted != found", *lines[:20]])

        await until(is_settled, why, self.patience)

    def calm(self) -> None:
        """Let nothing more go wrong."""
        for proxy in self.proxies:
            proxy.schedule.calm()

    async def check_rest(self, program: Program) -> None:
        """Rule 3: a controller that starts at rest looks at everything and writes nothing."""
        program.hold()
        await until(when(lambda: not program.is_alive), lambda: "the process does not end")
        before = len(self.witness.writes)
        program.go_on()
        objects = sum(1 for kind in PLANNERS for _ in self.backend.cluster.objects(kind))
        for _ in range(2):
            await until(lambda: program.is_idle(objects), lambda: "the controller never becomes idle")
            await anyio.sleep(QUIET / 2)
        written = self.witness.writes[before:]
        assert not written, f"written at rest: {written}"

    def check_ends(self) -> None:
        """Rules 1 and 2, once more and in full."""
        for story in self.stories:
            lines = list(differences(story.ends[-1], self.states.of(story.namespace)))
            assert not lines, f"{story.name}: the end is another: {lines[:20]}"
            births = self.witness.births(story.namespace)
            missing, extra = story.births - births, births - story.births
            assert (missing, extra) == (Counter(), Counter()), f"{story.name}: lost {missing}, doubled {extra}"

    def check_words(self) -> None:
        """Rule 4."""
        for program in self.programs:
            assert not program.complaints(), f"{program.name} complains: {program.complaints()[:5]}"
            allowed = {LOST_LEASE} if program.elects else set()
            assert set(program.ends) <= allowed, f"{program.name} ended by itself with {program.ends}"


def _leaves(problem: BaseException) -> Iterator[str]:
    """What went wrong, one text for each story."""
    if isinstance(problem, BaseExceptionGroup):
        for inner in problem.exceptions:
            yield from _leaves(inner)
    else:
        yield str(problem) or repr(problem)


def when(fact: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    """A plain fact as a condition to wait for."""

    async def holds() -> bool:
        return fact()

    return holds


async def until(holds: Callable[[], Awaitable[bool]], why: Callable[[], str], seconds: float = SETTLED_WITHIN) -> None:
    """Wait until something holds. Raises AssertionError with `why` if it does not after so many seconds."""
    with anyio.move_on_after(seconds):
        while not await holds():
            await anyio.sleep(LOOK)
        return
    raise AssertionError(f"after {seconds:g} s: {why()}")


@asynccontextmanager
async def scene(plot: str, images: Registry, folder: Path) -> AsyncIterator[Scene]:
    """A world for a plot, with its server."""
    stage = Scene(Backend(world_of(PLOTS[plot], images)), stories_of(plot, images), folder)
    async with stage.backend.running():
        yield stage


async def play(case: Case, images: Registry, folder: Path) -> Report:
    """Play a case to its end. Raises AssertionError, with the case as a line, if a rule does not hold."""
    began, schedule = anyio.current_time(), Schedule.read(case.schedule)
    async with scene(case.plot, images, folder) as stage:
        stage.patience += LIFE * schedule.kills
        async with stage.controller("one", schedule, elects=case.elects) as program:
            try:
                await stage.tell()
                stage.calm()
                await stage.check_rest(program)
                stage.check_ends()
                stage.check_words()
            except (AssertionError, ExceptionGroup) as broken:
                told = [*_leaves(broken), f"{program.name} said at last:", program.last_words(), case.replay]
                raise AssertionError("\n".join(told)) from broken
        struck = Counter(strike.effect.value for strike in schedule.struck)
        births = sum(sum(stage.witness.births(story.namespace).values()) for story in stage.stories)
        return Report(struck, program.lives, len(stage.witness.writes), births, anyio.current_time() - began)
