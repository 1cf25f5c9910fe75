"""A history on its way: it can be forked between any two steps, and go on with other faults.

1. A course has a place: the action that is next, and until when it waits. After the last action it goes on for
   `HORIZON`, as long as something happens.
2. A fork is equal to its original in all that decides what comes: cluster, world, memory of the controller, counters.
   So a schedule that begins after the fork has the same effects as in a play from the beginning.
3. `overtaken` counts what users applied to objects that were still being deleted.
4. A rival is a second controller with the memory of a moment. It sees nothing new, plans every object, and is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from aimcore.dispatch import AIM
from aimcore.resource import Key
from aimcore.simulation.cluster import Cluster
from aimcore.testing.driver import Driver
from aimcore.testing.exploration.injection import Injector
from aimcore.testing.exploration.schedule import Schedule
from aimcore.testing.histories import Action, History, Play, Put, Wait
from aimcore.testing.memory import Memory
from aimcore.testing.transport import Direct
from aimcore.vocabulary import Vocabulary

HORIZON = timedelta(hours=1)
"""How long a world without rest is looked at after the last action."""
PATIENCE = 1000
"""How many plans a rival makes at most."""


class Course:
    """See the rules above. `cluster` is taken over."""

    def __init__(
        self, history: History, cluster: Cluster, schedule: Schedule = (), *, vocabulary: Vocabulary = AIM
    ) -> None:
        self.history = history
        self.play = Play(history.world, cluster=cluster, operator=history.operator, vocabulary=vocabulary)
        self.place = 0
        self.until: datetime | None = None
        self.schedule, self.overtaken = schedule, 0
        self._adopt(Injector(self.play.cluster, vocabulary, schedule))

    def _adopt(self, injector: Injector) -> None:
        self.injector = injector
        self.driver.transport = injector
        self._rival: Memory | None = None
        injector.remembers, injector.rival_wakes, injector.is_known = self._remember, self._let_rival_act, self._knows
        injector.asks_again = self.driver.ask_again
        self.driver.answers = injector.answering(self.driver.answers)

    def fork(self, schedule: Schedule = ()) -> Course:
        """The same course from here, with other faults. Only where none is running."""
        twin = object.__new__(Course)
        twin.history, twin.place, twin.until = self.history, self.place, self.until
        twin.schedule, twin.overtaken = schedule, self.overtaken
        twin.play = self.play.fork()
        twin._adopt(self.injector.fork(twin.play.cluster, schedule))
        driver, ours = twin.driver, self.driver
        driver.memory = ours.memory.fork(twin.injector)
        driver.made, driver.plans = set(ours.made), dict(ours.plans)
        return twin

    def close(self) -> None:
        """Let go of everything. Cluster, world and controller hold each other: without this a thousand courses wait for
        a collection of garbage, and the next one never finds warm memory."""
        play, world = self.play, self.play.world
        for part in (self.injector, self.driver, *world.actors, world.stage, world, self.play.cluster, play, self):
            vars(part).clear()

    @property
    def driver(self) -> Driver:
        return self.play.driver

    @property
    def now(self) -> datetime:
        return self.play.clock.now

    # ---- going on -----------------------------------------------------------------------------------------------
    def go(self, at_rest: Callable[[], bool] = lambda: False, before_action: Callable[[], None] = lambda: None) -> bool:
        """Go on to the end, or until `at_rest` says so: it is asked when nothing is left to do at a moment.

        Answers with whether `at_rest` ended it.
        """
        actions = self.history.actions
        while self.place < len(actions):
            action = actions[self.place]
            if isinstance(action, Wait):
                if self._run(timedelta(seconds=action.seconds), at_rest):
                    return True
                self.play.clock.set(max((self.until or self.now) + self.injector.leapt, self.now))
                self.until = None
            else:
                before_action()
                self.overtaken += self._is_going(action)
                self.play.act([action])
            self.place += 1
        return self._run(HORIZON, at_rest)

    def _is_going(self, action: Action) -> bool:
        """Whether a user applies to an object that is being deleted: what is applied goes with it."""
        if not isinstance(action, Put):
            return False
        metadata = action.manifest["metadata"]
        found = self.play.cluster.peek(action.manifest["kind"], metadata.get("namespace", ""), metadata["name"])
        return found is not None and "deletionTimestamp" in found["metadata"]

    def _run(self, by: timedelta, at_rest: Callable[[], bool]) -> bool:
        if self.until is None:
            self.until = self.now + by
        while True:
            end = self.until + self.injector.leapt
            if self.driver.run(self.play.world, end, done=at_rest):
                return True
            if self.until + self.injector.leapt == end:  # else time leapt meanwhile, and what was to be waited with it
                return False

    @property
    def is_silent(self) -> bool:
        """Whether nothing is left to happen by itself."""
        wakes = (self.driver.next_timer, self.play.world.next_wake(), self.injector.next_wake)
        return all(wake is None for wake in wakes)

    def is_ending(self, within: timedelta) -> bool:
        """Whether the play is in its last so many minutes, all actions done."""
        return self.place >= len(self.history.actions) and self.until is not None and self.until - self.now <= within

    # ---- for the injector ---------------------------------------------------------------------------------------
    def _remember(self) -> None:
        self._rival = self.driver.memory.fork(Direct(self.play.cluster, self.driver.vocabulary), watching=False)

    def _let_rival_act(self) -> None:
        """Rule 4."""
        memory, self._rival = self._rival, None
        if memory is None:
            return
        ours = self.driver
        rival = Driver(
            ours.cluster, ours.clock, ours.answers, settings=ours.settings, vocabulary=ours.vocabulary,
            before_write=ours.before_write,
        )  # fmt: skip
        rival.memory = memory
        rival.resync()
        for _ in range(PATIENCE):
            if not rival.work():
                return

    def _knows(self, key: Key) -> bool:
        """Whether the controller knows the newest state of an object."""
        live, known = self.play.cluster.peek(*key), self.driver.memory.table.find(key)
        if live is None or known is None:
            return live is None and known is None
        return known.resource_version == str(live["metadata"]["resourceVersion"])
