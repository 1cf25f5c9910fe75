"""Units of exploration: a slice of a scenario's points, a broken world, a story, a drawn history under drawn schedules.

1. A unit is a function of its name alone, so that it can be done in any process, once, and again for a replay.
2. What it found is an `Account`: plain numbers that add up, and failures, the first of them made small.
3. Ends of drawn histories are compared only of one service without a quota that its pods compete for: else who is first
   decides; and only from where nothing depends on what there is at that moment (`EditAny`, `RemoveAny`, `Stumble`). All
   else is watched.
4. Garbage is collected between units, not within: a thousand branches leave half a gigabyte.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any

from aimcore.changes import PatchStatus
from aimcore.simulation.cluster import Cluster
from aimcore.simulation.faults import spoilt
from aimcore.testing.driver import Driver
from aimcore.testing.exploration.branches import Explorer, Finding
from aimcore.testing.exploration.course import Course
from aimcore.testing.exploration.folder import failure_to_json
from aimcore.testing.exploration.points import every_point
from aimcore.testing.exploration.schedule import Schedule
from aimcore.testing.exploration.shrinking import Failure, shrunk
from aimcore.testing.exploration.strategies import fault_schedules, fitted
from aimcore.testing.exploration.trunk import Trunk, record
from aimcore.testing.histories import Alter, EditAny, History, Play, Put, RemoveAny, Stumble, new_cluster
from aimcore.testing.strategies import histories
from aimctl_runtime.local.validation import SchemaValidator
from laws.drawing import drawn
from laws.scenarios import ALL, EVERY, chat
from laws.validation import Remembered
from scenarios.scenario import read_scenario, stage_of

SLICE = 1000
"""How many points of a scenario are one unit."""
SCHEDULES, PLACES, WINDOW, WIDE = 30, 6, 12, 6
"""How many schedules are drawn for a history; at how many places of it each begins; among how many requests its faults
lie then; each so many-th is spread over the whole history instead."""
WATCHED, AUDITED = 30, 40
CLOSELY = 3
"""Each so many branches, one is watched, one audited, and garbage is collected."""
SHRINKING = 100
"""How many smaller failures are tried for the first failure of a unit; the others are kept as they are."""
BROKEN_WORLDS = ("everything at once", "cluster model", "failing discovery")
LASTING = timedelta(minutes=30)
WAYWARD = (EditAny, RemoveAny, Stumble)


@dataclass(slots=True)
class Account:
    """What a unit, or many, tried and found. `seconds` of CPU; `services`: drawn histories by `reached`."""

    histories: int = 0
    branches: int = 0
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    services: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, Any]] = field(default_factory=list)

    def add(self, other: Account) -> None:
        """Add another account to this one."""
        for name in (f.name for f in fields(self)):
            value = getattr(other, name)
            if isinstance(value, Counter):
                getattr(self, name).update(value)
            else:
                setattr(self, name, getattr(self, name) + value)

    def to_json(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Account:
        made = cls(**given)
        for name in ("faults", "endings", "statuses", "reasons", "services"):
            setattr(made, name, Counter(getattr(made, name)))
        return made

    # ---- noting -------------------------------------------------------------------------------------------------
    def note_log(self, play: Play) -> None:
        """Which statuses, and which reasons of which conditions, were written."""
        for change, _ in play.driver.log:
            if isinstance(change, PatchStatus):
                kind, patch = change.key.kind, change.patch
                if isinstance(patch.get("status"), str):
                    self.statuses[f"{kind} {patch['status']}"] += 1
                for condition in patch.get("conditions", ()):
                    self.reasons[f"{kind} {condition['type']} {condition['reason']}"] += 1

    def note_branch(self, finding: Finding, course: Course) -> None:
        """One branch more."""
        self.branches += 1
        self.endings[finding.ending] += 1
        self.faults.update(finding.told)
        self.note_log(course.play)

    def note_failure(self, name: str, failure: Failure, lines: Iterable[str]) -> None:
        """A law is broken; the failure is small already."""
        self.failures.append({"name": name, **failure_to_json(failure), "found": list(lines)})


@cache
def _empty() -> Cluster:
    return new_cluster(Remembered(SchemaValidator()))


def empty_cluster() -> Cluster:
    """A cluster with all kinds and nothing in it, that checks objects as an API server does."""
    return _empty().fork()


# ---- units ----------------------------------------------------------------------------------------------------------
Unit = tuple[str, str, int]
"""("scenario", name, part), ("world", fault, 0), ("folder", name, 0) or ("drawn", "", seed)."""


def do(unit: Unit) -> Account:
    """Do one unit, in whatever process."""
    sort, name, number = unit
    if sort == "scenario":
        return scenario_unit(name, number)
    if sort == "world":
        return world_unit(name)
    return folder_unit(name) if sort == "folder" else drawn_unit(number)


def world_unit(fault: str) -> Account:
    """A fault of the world, from the beginning or in the middle. That it is overcome is law 3 (`test_convergence`)."""
    account = Account()
    for name in BROKEN_WORLDS:
        for at in (0, 20, 600):
            play = Play(ALL[name].world, cluster=empty_cluster())
            sound = play.world.settings
            play.world.change(sound if at else spoilt(sound, fault))
            play.act(ALL[name].actions)
            play.pass_time(timedelta(seconds=at))
            play.world.change(spoilt(sound, fault))
            play.pass_time(LASTING)
            account.note_log(play)
            account.histories += 1
    return account


def folder_unit(name: str) -> Account:
    """A scenario folder: what it expects is proved by a test of its own; here its reasons count."""
    stage = stage_of(read_scenario(name))
    stage.perform()
    account = Account(histories=1)
    account.note_log(stage.play)
    return account


def scenario_unit(name: str, part: int) -> Account:
    """One slice of the points of a scenario."""
    trunk = record(EVERY[name], empty_cluster())
    points = islice(every_point(trunk), part * SLICE, (part + 1) * SLICE)
    account = Account(histories=1 if part == 0 else 0)
    explore(account, trunk, points, f"scenario {name!r}")
    return account


def parts_of(name: str) -> int:
    """How many slices a scenario has."""
    points = sum(1 for _ in every_point(record(EVERY[name], empty_cluster())))
    return -(-points // SLICE)


def drawn_unit(seed: int) -> Account:
    """A drawn history, without faults and under schedules."""
    history = history_of(seed)
    account = Account(histories=1)
    try:
        trunk = record(history, empty_cluster(), watched=True)
    except Exception as error:  # noqa: BLE001  whatever it is, it is a finding
        small = shrunk(Failure(history), lambda f: bool(wrongs_without_faults(f.history)), tries=SHRINKING)
        account.note_failure(f"history {seed}", small, [f"{type(error).__name__}: {error}"])
        return account
    account.services.update([reached(trunk.end.driver)])
    explore(account, trunk, schedules(trunk, seed), f"history {seed}", compared=is_alone(history))
    return account


def reached(driver: Driver) -> str:
    """`Running` if a service came to run, else where the last one stood in the end."""
    written = [
        change.patch["status"]
        for change, _ in driver.log
        if isinstance(change, PatchStatus) and change.key.kind == "AIMService" and "status" in change.patch
    ]
    return "Running" if "Running" in written else written[-1] if written else "none"


def history_of(seed: int) -> History:
    """The drawn history of a seed: any, or (every second) one of a sound service in a sound world at first."""
    history = drawn(histories(), seed, 8)[-1]  # the first ones are the simplest, whatever the seed
    if seed % 2:
        return history
    return replace(history, world={}, actions=(chat(), *(a for a in history.actions if not isinstance(a, Alter))))


def schedules(trunk: Trunk, seed: int) -> Iterator[Schedule]:
    """Schedules for a drawn history (rule 3)."""
    actions = trunk.history.actions
    last = max((i for i, action in enumerate(actions) if isinstance(action, WAYWARD)), default=-1)
    save = next((save for save in trunk.saves if save.course.place > last), None)
    if save is None:
        return
    writes = [n for n in range(save.writes, len(trunk.sent)) if trunk.leaves_time(trunk.sent[n].at)]
    seen = trunk.seen
    events = [n for n in range(save.events, len(seen)) if seen[n].is_news and trunk.leaves_time(seen[n].at)]

    def sent_at(number: int) -> datetime:
        return trunk.sent[number].at

    made = dict.fromkeys(
        fitted(schedule, near, [n for n in events if sent_at(near[0]) <= seen[n].at <= sent_at(near[-1])])
        for number, schedule in enumerate(drawn(fault_schedules(), seed, SCHEDULES))
        for near in stretches(writes, number)
    )
    yield from filter(None, made)


def stretches(writes: list[int], number: int) -> Iterator[list[int]]:
    """Where in a history its requests are disturbed by the schedule of this number."""
    if number % WIDE == 0:
        yield from [writes] if writes else []
        return
    for place in range(PLACES):
        begin = (place * len(writes) // PLACES + number) % max(len(writes), 1)
        if near := writes[begin : begin + WINDOW]:
            yield near


def wrongs_without_faults(history: History) -> list[str]:
    """What of the laws a history breaks without any fault."""
    try:
        record(history, empty_cluster(), watched=True)
    except Exception as error:  # noqa: BLE001  whatever it is, it is a finding
        return [f"{type(error).__name__}: {error}"]
    return []


def is_alone(history: History) -> bool:
    """Whether nobody but one service uses what is made, and nothing is scarce (rule 3)."""
    put = {
        (a.manifest["kind"], a.manifest["metadata"].get("namespace", ""), a.manifest["metadata"]["name"])
        for a in history.actions
        if isinstance(a, Put) and _makes_for_others(a)
    }
    worlds = [history.world, *(a.settings for a in history.actions if isinstance(a, Alter))]
    return len(put) <= 1 and not any(any(world.get("podQuota", {}).values()) for world in worlds)


def _makes_for_others(put: Put) -> bool:
    return put.manifest["kind"] not in ("AIMRuntimeConfig", "AIMClusterRuntimeConfig", "Secret")


def explore(account: Account, trunk: Trunk, points: Iterable[Schedule], name: str, *, compared: bool = True) -> None:
    """Play the branches of a trunk, and make failures small."""
    gc.disable()
    began = time.process_time()
    explorer = Explorer(trunk)
    account.note_log(trunk.end.play)
    for number, schedule in enumerate(points):
        watched = number % (WATCHED if compared else CLOSELY) == 0
        finding = explorer.branch(
            schedule, watched=watched, audited=compared and number % AUDITED == 0, compared=compared
        )
        account.note_branch(finding, explorer.course)
        if finding.lines:
            account.seconds += time.process_time() - began
            failure = Failure(trunk.history, schedule)
            if not account.failures:
                failure = shrunk(failure, lambda f: bool(replayed(f, compared=compared).lines), tries=SHRINKING)
            account.note_failure(name, failure, finding.lines)
            began = time.process_time()
    account.seconds += time.process_time() - began
    gc.enable()


def fails(failure: Failure) -> bool:
    """Whether a law breaks under this history and schedule."""
    return bool(replayed(failure).lines)


def replayed(failure: Failure, *, compared: bool = True) -> Finding:
    """Play a failure from the beginning."""
    trunk = record(failure.history, empty_cluster())
    if not failure.schedule:
        return Finding((), Explorer(trunk).branch(()).ending, (), tuple(wrongs_without_faults(failure.history)))
    return Explorer(trunk).branch(failure.schedule, watched=True, audited=compared, compared=compared)
