"""Histories: what users, machines and restarts do to a cluster, as data that can be replayed.

1. A history is a world and a list of actions. Played twice, it gives the same objects, byte for byte.
2. Time passes only in `Wait`, and while a play converges.
3. What the API server refuses did not happen; a history goes on. `Play.refused` counts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

from aimcore.api.crd import crd_for
from aimcore.api.kinds import AIM_KINDS
from aimcore.dispatch import AIM
from aimcore.facts import Answer
from aimcore.resource import Json, Key
from aimcore.settings import Settings
from aimcore.simulation.admission import Validate, nothing_invalid
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import ApiError, Cluster, PatchType
from aimcore.simulation.settings import WorldSettings
from aimcore.simulation.types import RESOURCE_TYPES
from aimcore.simulation.world import World
from aimcore.testing.answers import answer_of
from aimcore.testing.driver import Answers, Driver
from aimcore.testing.masking import compared_kinds
from aimcore.vocabulary import Vocabulary

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
USER = "kubectl"


@dataclass(frozen=True, slots=True)
class Put:
    """A user applies a manifest; fields of others are taken."""

    manifest: Json


@dataclass(frozen=True, slots=True)
class Edit:
    """A user changes an object by a merge patch (RFC 7386), of its status if `subresource` says so."""

    key: Key
    patch: Json
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class EditAny:
    """As `Edit`, for the object of a kind that stands at `place` (modulo their number), by name."""

    kind: str
    place: int
    patch: Json
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Remove:
    """A user deletes an object."""

    key: Key


@dataclass(frozen=True, slots=True)
class RemoveAny:
    """As `Remove`, for the object of a kind that stands at `place` (modulo their number), by name."""

    kind: str
    place: int


@dataclass(frozen=True, slots=True)
class Alter:
    """The world changes: a mapping as `WorldSettings.read` takes it."""

    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wait:
    """Controller and world go on for so many seconds."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Stumble:
    """Single steps in any order: each number picks who moves next, and what it sees (`Play.stumble`)."""

    picks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Restart:
    """The controller forgets everything."""


Action = Put | Edit | EditAny | Remove | RemoveAny | Alter | Wait | Stumble | Restart


@dataclass(frozen=True, slots=True)
class History:
    """A world and what happens in it."""

    world: Mapping[str, Any] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
    operator: Settings = field(default_factory=Settings)


def new_cluster(validate: Validate = nothing_invalid, vocabulary: Vocabulary = AIM) -> Cluster:
    """A cluster with all kinds and nothing in it. `validate` checks custom objects as an API server would."""
    cluster = Cluster(RESOURCE_TYPES, clock=Clock(START), validate=validate)
    for kind in AIM_KINDS:
        if kind in vocabulary.kinds and kind not in vocabulary.crds:
            cluster.create(crd_for(kind))
    for crd in vocabulary.crds.values():
        cluster.create(crd)
    return cluster


class Play:
    """A history in the making: cluster, world and controller on one clock.

    `cluster` is taken over; pass a fork to keep it. With `world`, that one goes on with its own cluster. `vocabulary`
    says what is planned for and how; without `answers` the world answers what plans want to know.
    """

    def __init__(
        self,
        settings: Mapping[str, Any] | None = None,
        *,
        cluster: Cluster | None = None,
        world: World | None = None,
        operator: Settings | None = None,
        vocabulary: Vocabulary = AIM,
        answers: Answers | None = None,
    ) -> None:
        self.world = world or World(cluster or new_cluster(vocabulary=vocabulary), WorldSettings.read(settings or {}))
        self.cluster = self.world.cluster
        self.clock = self.cluster.clock
        self._answers = answers
        self.driver = Driver(
            self.cluster, self.clock, answers or self._answer, settings=operator, vocabulary=vocabulary
        )
        self.refused = 0

    def _answer(self, want: Any, now: datetime) -> Answer:
        return Answer(answer_of(self.world, want), now)

    def fork(self) -> Play:
        """The same cluster and world, and a controller that has just started."""
        driver = self.driver
        return Play(
            world=self.world.fork(), operator=driver.settings, vocabulary=driver.vocabulary, answers=self._answers
        )

    @property
    def compared(self) -> tuple[str, ...]:
        """The kinds by which two ends are compared: those that are planned for, and those that plans make."""
        return compared_kinds(self.driver.vocabulary)

    # ---- acting -------------------------------------------------------------------------------------------------
    def act(self, actions: Iterable[Action]) -> None:
        """Let things happen, in order."""
        for action in actions:
            try:
                self._act(action)
            except ApiError:
                self.refused += 1

    def _act(self, action: Action) -> None:
        match action:
            case Put(manifest):
                metadata = manifest["metadata"]
                key = Key(manifest["kind"], metadata.get("namespace", ""), metadata["name"])
                self.cluster.patch(key, manifest, PatchType.APPLY, manager=USER, force=True)
            case Edit(key, patch, subresource):
                self.cluster.patch(key, patch, PatchType.MERGE, subresource=subresource, manager=USER)
            case EditAny(kind, place, patch, subresource):
                for key in self._at(kind, place):
                    self._act(Edit(key, patch, subresource))
            case Remove(key):
                self.cluster.delete(key, propagation="Background")
            case RemoveAny(kind, place):
                for key in self._at(kind, place):
                    self._act(Remove(key))
            case Alter(settings):
                self.world.change(WorldSettings.read(settings))
            case Wait(seconds):
                self.pass_time(timedelta(seconds=seconds))
            case Stumble(picks):
                self.stumble(picks)
            case Restart():
                self.driver.restart()
            case _:
                assert_never(action)

    def _at(self, kind: str, place: int) -> tuple[Key, ...]:
        keys = self.keys(kind)
        return (keys[place % len(keys)],) if keys else ()

    def keys(self, *kinds: str) -> list[Key]:
        """The keys of all objects of these kinds, sorted."""
        listed = [o for kind in kinds for o in self.cluster.objects(kind)]
        return sorted(Key(o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]) for o in listed)

    # ---- time ---------------------------------------------------------------------------------------------------
    def pass_time(self, by: timedelta) -> None:
        """Let controller and world go on for so long."""
        end = self.clock.now + by
        self.driver.run(self.world, end)
        self.clock.set(end)

    def go_on(self, until: datetime) -> None:
        """Let controller and world go on as long as something happens, at most until then."""
        self.driver.run(self.world, until)

    def converge(self, within: timedelta = timedelta(hours=2)) -> bool:
        """Go on until nothing is left to happen, or for so long. Whether nothing is left.

        A world with a failing download, say, is never silent: its Job is made anew again and again.
        """
        self.go_on(self.clock.now + within)
        return self.driver.next_timer is None and self.world.next_wake() is None

    def is_silent(self, within: timedelta) -> bool:
        """Whether nothing will happen by itself so soon."""
        end = self.clock.now + within
        return all(m is None or m > end for m in (self.driver.next_timer, self.world.next_wake()))

    def stumble(self, picks: Iterable[int]) -> None:
        """Take single steps: the world moves, one key is worked on, or events of some kinds arrive before others."""
        kinds = sorted(self.driver.vocabulary.kinds)
        for pick in picks:
            choice, rest = pick % 4, pick // 4
            due = sorted(self.driver.memory.due)
            if choice == 0:
                self.world.step()
            elif choice == 1:
                self.driver.observe([k for i, k in enumerate(kinds) if (rest >> (i % 8)) & 1])
            elif choice == 2 and due:
                self.driver.work(due[rest % len(due)])
            else:
                wake = self.world.next_wake()
                if wake is not None and wake > self.clock.now:
                    self.clock.set(wake)


def play(history: History, *, cluster: Cluster | None = None, vocabulary: Vocabulary = AIM) -> Play:
    """Play a history to the end of its actions; convergence is the caller's."""
    made = Play(history.world, cluster=cluster, operator=history.operator, vocabulary=vocabulary)
    made.act(history.actions)
    return made
