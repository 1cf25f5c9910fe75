"""Law 5 and more, Sieve's way: whatever fault meets whatever point of a history, the end is that of a sound run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache

import pytest
from hypothesis import given

from aimcore.changes import Apply, PatchObject
from aimcore.resource import Key
from aimcore.testing.crashes import spread
from aimcore.testing.driver import Driver
from aimcore.testing.exploration.branches import Ending, Explorer
from aimcore.testing.exploration.course import Course
from aimcore.testing.exploration.ends import end_of, unlike
from aimcore.testing.exploration.injection import Injector
from aimcore.testing.exploration.likeness import Rest, are_equal, spot_of
from aimcore.testing.exploration.points import crash_points, every_point, losses, old_states
from aimcore.testing.exploration.schedule import (
    FAULT_TYPES,
    Crash,
    Denied,
    Doubled,
    Expired,
    Frozen,
    Lagging,
    Leap,
    Lost,
    Outage,
    Refused,
    Rival,
    Schedule,
    Skewed,
    Stale,
    TimedOut,
    Trickling,
    Unanswered,
    Unlisted,
    Unserved,
    from_json,
    to_json,
)
from aimcore.testing.exploration.strategies import fault_schedules
from aimcore.testing.exploration.trunk import Trunk, record
from laws.exploring import Account, empty_cluster
from laws.scenarios import ALL, EVERY, MENDED, chat
from laws.tally import Tally, effort, scaled

ONE_OF_EACH: dict[str, Schedule] = {
    "crash": (Crash(30, done=True),),
    "crash before": (Crash(31, done=False),),
    "rival": (Rival(20, 30),),
    "refused": (Refused(9, 500),),
    "busy": (Refused(25, 429, 7),),
    "denied": (Denied(9, "namespace going"),),
    "denied for a while": (Denied(43, "permission", 120),),
    "timed out": (TimedOut(12, done=True),),
    "outage": (Outage(33, 45),),
    "lost": (Lost(90),),
    "doubled": (Doubled(91),),
    "expired": (Expired(35),),
    "trickling": (Trickling(10, 60, 3),),
    "lagging": (Lagging(30, "Job", 9, 120),),
    "frozen": (Frozen(30, 20),),
    "stale": (Stale(40, 12, 20),),
    "unserved": (Unserved(50, "InferenceService", 60),),
    "late CRD": (Unserved(-1, "HTTPRoute", 120),),
    "unlisted": (Unlisted(50, "InferenceService", "permission", 60),),
    "unlisted at first": (Unlisted(-1, "AIMServiceTemplate", "login page", 120),),
    "unanswered": (Unanswered(-1, 90),),
    "leap": (Leap(30, 600),),
    "clock behind": (Skewed(30, -300, 60),),
    "several": (Refused(9, 503), Lost(60), Crash(40, done=True), Frozen(45, 20)),
}
WHOLE = "everything at once"
POINTS, FEWER = 12, 3
"""How many points of each scenario the short run tries, beside all those of one; fewer where a world is mended."""


@pytest.fixture(scope="module")
def trunks() -> Callable[[str], Trunk]:
    return cache(lambda name: record(EVERY[name], empty_cluster()))


def explored(trunk: Trunk, points: list[Schedule], tally: Tally) -> Account:
    """Play the branches; fails on the first broken law. Every tenth is watched, every eighth is played to its end."""
    account, explorer = Account(), Explorer(trunk)
    for number, schedule in enumerate(points):
        finding = explorer.branch(schedule, watched=number % 10 == 0, audited=number % 8 == 0)
        assert not finding.lines, (schedule, finding.ending, finding.lines)
        account.note_branch(finding, explorer.course)
    tally.tried["branches"] += account.branches
    for name, count in account.faults.items():
        tally.tried[f"faults {name}"] += count
    return account


@pytest.mark.parametrize("name", EVERY)
def test_a_fault_at_any_point_leads_to_the_same_end(name: str, trunks, tally: Tally) -> None:
    trunk = trunks(name)
    account = explored(trunk, spread(every_point(trunk), scaled(FEWER if name in MENDED else POINTS)), tally)
    assert account.faults.total() == account.branches, "each fault happened"


@pytest.mark.parametrize("points", [crash_points, losses, old_states], ids=["crashes", "losses", "old states"])
def test_every_single_point_of_a_short_history_leads_to_the_same_end(
    points: Callable[[Trunk], Iterator[Schedule]], trunks, tally: Tally
) -> None:
    trunk = trunks("model source" if points is not old_states else "deleted")
    account = explored(trunk, list(points(trunk)), tally)
    assert account.branches > 10


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_each_sort_of_fault_is_overcome(name: str, trunks, tally: Tally) -> None:
    account = explored(trunks(WHOLE), [ONE_OF_EACH[name]], tally)
    assert account.faults.total() == len(ONE_OF_EACH[name])


def test_each_type_of_fault_is_among_those() -> None:
    assert {type(fault) for schedule in ONE_OF_EACH.values() for fault in schedule} == set(FAULT_TYPES)


# ---- branches are what they say -------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["refused", "lost", "trickling", "stale", "rival", "late CRD", "several"])
def test_a_branch_is_the_play_from_the_beginning_with_the_same_schedule(name: str, trunks) -> None:
    trunk, schedule = trunks(WHOLE), ONE_OF_EACH[name]
    branch = trunk.start(schedule).course.fork(schedule)
    whole = Course(ALL[WHOLE], empty_cluster(), schedule)
    for course in (branch, whole):
        course.go()
    assert branch.injector.told == whole.injector.told
    assert branch.now == whole.now
    kinds = [type_.name for type_ in whole.play.cluster.types()]
    for kind in kinds:
        mine, other = (list(course.play.cluster.objects(kind)) for course in (branch, whole))
        assert json.dumps(mine) == json.dumps(other)


def test_a_fork_of_a_course_goes_its_own_way(trunks) -> None:
    trunk = trunks(WHOLE)
    save = trunk.saves[len(trunk.saves) // 2]
    before = save.course.play.cluster.resource_version, dict(save.course.driver.memory.due)
    save.course.fork().go()
    assert (save.course.play.cluster.resource_version, dict(save.course.driver.memory.due)) == before


def test_a_branch_without_faults_is_equal_to_its_trunk_at_once(trunks) -> None:
    trunk = trunks(WHOLE)
    for save in trunk.saves[::20]:
        course = save.course.fork()
        assert course.go(lambda at=course: are_equal(Rest.of(at), trunk.rests[spot_of(at)]))
        assert course.play.cluster.resource_version == trunk.rests[spot_of(course)].version


def test_branches_mostly_come_back_to_their_trunk(trunks, tally: Tally) -> None:
    account = explored(trunks(WHOLE), list(crash_points(trunks(WHOLE)))[::6], tally)
    assert account.endings[Ending.PLAYED] * 4 <= account.branches


@effort(25)
@given(fault_schedules())
def test_a_schedule_is_data_that_can_be_read_again(schedule: Schedule) -> None:
    assert from_json(json.loads(json.dumps(to_json(schedule)))) == schedule


# ---- the law can fail -----------------------------------------------------------------------------------------------
def broken_by(schedule: Schedule, name: str = WHOLE) -> tuple[str, ...]:
    return Explorer(record(ALL[name], empty_cluster())).branch(schedule).lines


def test_who_does_not_try_again_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Driver, "_back_off", lambda _self, _key, _failed: None)
    trunk = record(ALL["model source"], empty_cluster())
    lines = Explorer(trunk).branch((Refused(len(trunk.sent) - 1, 409),)).lines
    assert any(".status." in line for line in lines)


def test_who_never_lists_anew_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Injector, "_renew", lambda self, _now: self.lost.clear())
    trunk = record(ALL[WHOLE], empty_cluster())
    assert any(Explorer(trunk).branch(schedule).lines for schedule in losses(trunk))


def test_who_makes_twice_what_is_there_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A controller that deletes its Jobs when it starts comes to the same end, and pays for it."""
    honest = Driver.restart

    def restart(self: Driver) -> None:
        honest(self)
        for job in list(self.cluster.objects("Job")):
            self.cluster.delete(Key("Job", job["metadata"]["namespace"], job["metadata"]["name"]))

    monkeypatch.setattr(Driver, "restart", restart)
    assert any(line.startswith("Job ADDED: ") for line in broken_by((Crash(20, done=True),)))


def test_a_controller_that_is_never_quiet_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    trunk = record(ALL[WHOLE], empty_cluster())
    monkeypatch.setattr(Driver, "settle", lambda _self: (_ for _ in ()).throw(AssertionError("not quiet")))
    assert Explorer(trunk).branch((Crash(3, done=True),)).lines[0] == "AssertionError: not quiet"


# ---- what it has found ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("by", [-300, -3600])
def test_a_failed_job_counts_once_also_by_a_clock_that_is_behind(by: int, trunks) -> None:
    trunk = trunks("failing discovery")
    number = next(n for n, sent in enumerate(trunk.sent) if sent.change.key.kind == "Job")
    course = trunk.start((Skewed(number, by, 60),)).course.fork((Skewed(number, by, 60),))
    course.until = course.now + timedelta(minutes=3)
    course.go()
    [template] = [t for t in course.play.cluster.objects("AIMServiceTemplate") if t["metadata"]["name"] == "tuned"]
    assert template["status"]["discovery"]["attempts"] <= 3


def test_ends_that_differ_by_more_than_a_choice_are_told_apart(trunks) -> None:
    trunk = trunks(WHOLE)
    other = Course(ALL[WHOLE].__class__(actions=(chat(replicas=2),)), empty_cluster())
    other.go()
    assert unlike(trunk.ends, end_of(other))


@pytest.mark.parametrize("name", ["edited", "scaling comes and goes"])
def test_a_conflict_about_no_field_is_tried_again_though_the_child_stays_as_it_is(name: str, trunks) -> None:
    trunk = trunks(name)
    applies = [n for n, sent in enumerate(trunk.sent) if isinstance(sent.change, Apply) and sent.change.uid is not None]
    assert applies
    for number in applies:
        assert not Explorer(trunk).branch((Refused(number, 409),)).lines


def test_what_is_to_go_goes_when_nobody_denies_it_any_more(trunks) -> None:
    trunk = trunks("image exchanged")
    number = next(n for n, sent in enumerate(trunk.sent) if isinstance(sent.change, PatchObject))
    for why in ("webhook", "permission"):
        assert not Explorer(trunk).branch((Denied(number, why, 120),)).lines


def test_a_write_whose_pause_is_over_before_it_was_planned_for_is_tried_again(trunks) -> None:
    trunk = trunks("quick start")
    number = next(n for n, sent in enumerate(trunk.sent) if sent.change.key.kind == "PersistentVolumeClaim")
    for after in range(1, 8):
        schedule = (Denied(number, "permission", 6), Skewed(number + after, 12, 1))
        assert not Explorer(trunk).branch(schedule).lines
