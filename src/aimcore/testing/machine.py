"""A state machine that looks for what nobody thought of: users, the world and a controller's steps in any order.

1. Its rules are everything that may happen to a controller: users act, the world moves or breaks, events arrive for
   some kinds before others, one key is worked on, watches are lost, the process starts anew, time passes.
2. Whatever happens, plans are pure, their reads complete and their kinds known (`Witness`), writes are safe (`Guard`),
   statuses are honest when they are written (`Auditor`), and no wake-up is lost.
3. In the end the world is sound again: the cluster comes to rest within `fair_steps`, what it says is honest, and
   neither time nor a restart makes a controller write.
4. A subclass sets class attributes to have its own kinds explored; Hypothesis runs its `TestCase`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from aimcore.api.kinds import AIM_KINDS
from aimcore.dispatch import AIM
from aimcore.resource import Json
from aimcore.simulation.cluster import Cluster
from aimcore.simulation.faults import FAULTS, spoilt
from aimcore.simulation.settings import WorldSettings
from aimcore.testing import strategies
from aimcore.testing.convergence import LONGEST, Paces
from aimcore.testing.grades import silly
from aimcore.testing.histories import Action, Play, Put, Restart, Wait, new_cluster
from aimcore.testing.honesty import Auditor
from aimcore.testing.laws import Broken, Witness, check_quiet, check_restart
from aimcore.testing.safety import Guard
from aimcore.testing.tally import Tally
from aimcore.vocabulary import Vocabulary

_SILLY = st.sampled_from(sorted(AIM_KINDS)).flatmap(silly)


class ControllerMachine(RuleBasedStateMachine):
    """Explores the controllers of a vocabulary. A subclass may set:

    `vocabulary`: the kinds. `empty`: an empty cluster of them, which is forked; one that checks objects as an API
    server does finds more. `worlds`: mappings as `WorldSettings.read` takes them, from which a history begins, and
    `repaired` the one in which it ends. `objects`: what users apply. `actions`: what else users do. `faults`: names of
    `aimcore.simulation.faults.FAULTS` that may strike. `fair_steps`: how many plans and rounds of the world it may take
    to come to rest. `tally`: where what was tried is counted.
    """

    vocabulary: ClassVar[Vocabulary] = AIM
    empty: ClassVar[Cluster | None] = None
    worlds: ClassVar[st.SearchStrategy[Mapping[str, Any]]] = strategies.worlds()
    repaired: ClassVar[Mapping[str, Any]] = {}
    objects: ClassVar[st.SearchStrategy[Json]] = strategies.services() | strategies.others() | _SILLY
    actions: ClassVar[st.SearchStrategy[Action]] = strategies.edits() | strategies.removals()
    faults: ClassVar[Sequence[str]] = tuple(sorted(FAULTS))
    fair_steps: ClassVar[int] = 3000
    tally: ClassVar[Tally | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.struck: set[str] = set()

    @initialize(
        world=st.runner().flatmap(lambda machine: machine.worlds),
        first=st.runner().flatmap(lambda machine: machine.objects),
    )
    def begin(self, world: Mapping[str, Any], first: Json) -> None:
        """A cluster with one object, a world, a controller that has just started, and those who watch it."""
        empty = type(self).empty
        cluster = new_cluster(vocabulary=self.vocabulary) if empty is None else empty.fork()
        self.play = Play(world, cluster=cluster, vocabulary=self.vocabulary)
        self.sound = self.play.world.settings
        self.witness, self.auditor = Witness(self.play.driver, every=0), Auditor(self.play.driver)
        self.guard = Guard(self.play.driver)
        self.play.act([Put(first)])

    # ---- users --------------------------------------------------------------------------------------------------
    @rule(obj=st.runner().flatmap(lambda machine: machine.objects))
    def user_applies(self, obj: Json) -> None:
        self.play.act([Put(obj)])

    @rule(action=st.runner().flatmap(lambda machine: machine.actions))
    def user_acts(self, action: Action) -> None:
        self.play.act([action])

    # ---- the world ----------------------------------------------------------------------------------------------
    @rule(rounds=st.integers(1, 5))
    def world_moves(self, rounds: int) -> None:
        for _ in range(rounds):
            self.play.world.step()

    @rule()
    def world_wakes(self) -> None:
        """The clock goes to the next moment at which the world does something by itself."""
        wake = self.play.world.next_wake()
        if wake is not None and wake > self.play.clock.now:
            self.play.clock.set(wake)
        self.play.world.step()

    @precondition(lambda machine: bool(machine.faults))
    @rule(fault=st.runner().flatmap(lambda machine: st.sampled_from(machine.faults)))
    def fault_strikes(self, fault: str) -> None:
        self.struck.add(fault)
        self._change_world()

    @precondition(lambda machine: bool(machine.struck))
    @rule(place=st.integers(0, 3))
    def fault_ends(self, place: int) -> None:
        self.struck.discard(sorted(self.struck)[place % len(self.struck)])
        self._change_world()

    def _change_world(self) -> None:
        settings = self.sound
        for fault in sorted(self.struck):
            settings = spoilt(settings, fault)
        self.play.world.change(settings)

    # ---- the controller -----------------------------------------------------------------------------------------
    @rule(chosen=st.integers(1, 255))
    def events_arrive(self, chosen: int) -> None:
        """Those of some kinds, each bit of `chosen` for an eighth of the kinds."""
        kinds = sorted(self.vocabulary.kinds)
        self.play.driver.observe([kind for i, kind in enumerate(kinds) if chosen >> (i % 8) & 1])

    @rule(place=st.integers(0, 7), most=st.integers(1, 4))
    def controller_works(self, place: int, most: int) -> None:
        """Up to so many of the keys that are due, from one place on."""
        for _ in range(most):
            due = sorted(self.play.driver.memory.due)
            if due:
                self.play.driver.work(due[place % len(due)])

    @rule()
    def controller_catches_up(self) -> None:
        """It learns all that has happened, and works on whatever is due."""
        self.play.driver.settle()

    @rule(place=st.integers(0, 63))
    def watch_is_lost(self, place: int) -> None:
        """What it would have told is found when the kind is listed anew."""
        kinds = sorted(self.vocabulary.kinds)
        self.play.driver.memory.watches.pop(kinds[place % len(kinds)], None)

    @rule()
    def controller_restarts(self) -> None:
        self.play.act([Restart()])

    @rule(seconds=st.sampled_from([1, 30, 600]))
    def time_passes(self, seconds: int) -> None:
        """Everybody goes on for so long."""
        self.play.act([Wait(seconds)])

    # ---- what holds at all times --------------------------------------------------------------------------------
    @invariant()
    def no_wake_up_is_lost(self) -> None:
        if hasattr(self, "play"):
            self.witness.look()

    def teardown(self) -> None:
        """What holds in the end. Not asked if a rule has failed already."""
        if sys.exc_info()[0] is not None or not hasattr(self, "play"):
            return
        self.play.world.change(WorldSettings.read(self.repaired))
        self._come_to_rest()
        planned = check_quiet(self.play, hours=0.5)
        self.witness.look()
        if self.play.is_silent(timedelta(hours=1)):
            self.auditor.look()
            planned += check_restart(self.play)
        self._count(planned)

    def _come_to_rest(self) -> None:
        paces = Paces(self.play)
        self.play.driver.run(paces, self.play.clock.now + LONGEST)
        if paces.taken > self.fair_steps:
            lines = [f"it took {paces.taken} fair steps, not {self.fair_steps}"]
            raise Broken("Convergence", self.play.clock.text(), lines)

    def _count(self, planned: int) -> None:
        if self.tally is None:
            return
        self.tally.note(self.play)
        self.tally.tried["explored histories"] += 1
        self.tally.tried["plans"] += self.witness.plans + planned
        self.tally.tried["looks for lost wake-ups"] += self.witness.batches
        self.tally.tried["statuses audited"] += self.auditor.statuses
        self.tally.tried["writes guarded"] += self.guard.writes
