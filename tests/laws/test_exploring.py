"""The runner of the laws: units are repeatable, runs go on where they stopped, failures become small and play again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pytest

from aimcore.testing.driver import Driver
from aimcore.testing.exploration.folder import failure_from_json, failure_to_json, files_of
from aimcore.testing.exploration.schedule import Crash, Doubled, Lost, Refused
from aimcore.testing.exploration.shrinking import Failure, shrunk
from aimcore.testing.exploration.strategies import fitted
from aimcore.testing.exploration.trunk import record
from aimcore.testing.histories import Alter, Edit, EditAny, History, Put, Remove, RemoveAny, Restart, Stumble, Wait
from aimcore.testing.reasons import UNREACHED, catalogue, reached_after_all, unknown_reasons, unreached
from aimcore.testing.strategies import histories
from laws import replay, run
from laws.drawing import drawn
from laws.exploring import Account, do, empty_cluster, fails, is_alone, replayed, scenario_unit
from laws.scenarios import ALL, CHAT, EVERY, chat, obj
from laws.validation import Remembered

EVERY_ACTION = (
    chat(), Edit(CHAT, {"spec": {"replicas": 2}}), EditAny("Pod", 1, {"status": {}}, "status"), Remove(CHAT),
    RemoveAny("Job", 0), Alter({"nodes": []}), Wait(5), Stumble((1, 2)), Restart(),
)  # fmt: skip
NAME = "no such image"
IN_ANOTHER_NAMESPACE = Put({**chat().manifest, "metadata": {"name": "chat", "namespace": "default"}})


def test_a_unit_does_the_same_again() -> None:
    one, other = (scenario_unit(NAME, 0) for _ in range(2))
    assert one.branches > 10
    assert {**one.to_json(), "seconds": 0} == {**other.to_json(), "seconds": 0}


def test_the_same_seed_draws_the_same_in_any_order() -> None:
    first = [drawn(histories(), seed, 3) for seed in (1, 2)]
    assert [drawn(histories(), seed, 3) for seed in (2, 1)] == first[::-1]
    assert first[0] != first[1]


def test_stories_and_broken_worlds_reach_reasons_of_their_own() -> None:
    assert do(("folder", "23-template-not-found", 0)).reasons["AIMService TemplateReady TemplateNotFound"]
    broken = do(("world", "scaler-unreachable", 0))
    assert broken.reasons["AIMService HPAReady ScaledObjectCheckFailed"]
    assert broken.histories == 9


def test_accounts_add_up_and_are_plain_json() -> None:
    account = scenario_unit(NAME, 0)
    total = Account.from_json(json.loads(json.dumps(account.to_json())))
    total.add(account)
    assert total.branches == 2 * account.branches
    assert total.faults["Crash after"] == 2 * account.faults["Crash after"] > 0


@pytest.mark.parametrize(
    ("history", "alone"),
    [
        (History({}, (chat(), Wait(5), chat(replicas=2))), True),
        (History({"podQuota": {"ml-team": 0}}, (chat(),)), True),
        (History({"podQuota": {"ml-team": 1}}, (chat(),)), False),
        (History({}, (chat(), Alter({"podQuota": {"ml-team": 1}}))), False),
        (History({}, (chat(), obj("AIMService", "other", {"model": {"image": "a:1"}}))), False),
        (History({}, (chat(), IN_ANOTHER_NAMESPACE)), False),
    ],
)
def test_ends_are_compared_where_nobody_decides_by_being_first(history: History, alone: bool) -> None:
    assert is_alone(history) is alone


# ---- runs -----------------------------------------------------------------------------------------------------------
def test_a_run_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    state = run.State(tmp_path / "state.json", seed=7)
    state.parts = {NAME: 2}
    state.done = {unit for unit in state.listed() if unit[0] != "scenario"}
    units = state.units()
    assert [next(units) for _ in range(4)] == [
        ("scenario", NAME, 0), ("scenario", NAME, 1), ("drawn", "", 7), ("drawn", "", 8)
    ]  # fmt: skip
    state.done.add(("scenario", NAME, 0))
    state.total.add(do(("scenario", NAME, 0)))
    state.write()
    again = run.State(tmp_path / "state.json", seed=1)
    assert next(again.units()) == ("scenario", NAME, 1)
    assert again.seed == 8
    assert again.total.branches == state.total.branches
    assert not again.is_exhausted


def test_a_run_without_time_tells_what_was_done_and_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = run.State(tmp_path / "state.json", seed=1)
    state.parts = dict.fromkeys(EVERY, 1)
    state.total.add(do(("scenario", NAME, 0)))
    state.write()
    assert run.main(["--minutes", "0", "--jobs", "1", "--state", str(state.path), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert f"{state.total.branches} branches with faults" in said
    assert "Crash after" in said
    assert "AIMModel ImageMetadataReady ImageNotFound" in said


def test_too_few_services_that_run_and_reasons_never_reached_fail_a_run(tmp_path: Path) -> None:
    state = run.State(tmp_path / "state.json", seed=1)
    state.total.services.update({"Running": 20, "Failed": 80})
    assert list(run.wrongs(state))[:1] == ["a service came to run in only 20 of 100 drawn histories"]
    state.parts = {NAME: 1}
    assert not any(line.startswith("never reached: ") for line in run.wrongs(state)), "all is not done yet"
    state.done = set(state.listed())
    assert "never reached: ModelNotFound" in run.wrongs(state)


def test_an_exemption_that_is_reached_after_all_fails_a_run_at_once(tmp_path: Path) -> None:
    state = run.State(tmp_path / "state.json", seed=1)
    state.total.reasons["AIMArtifact CachePvcReady PvcPending"] = 1
    assert list(run.wrongs(state)) == []
    state.total.reasons["AIMArtifact CachePvcReady PvcNotFound"] = 1
    assert list(run.wrongs(state)) == ["exempt, and reached after all: PvcNotFound"]


def test_exemptions_are_of_the_catalogue_and_hide_nothing_else() -> None:
    assert UNREACHED.keys() <= catalogue()
    assert set(unreached([])) == catalogue() - UNREACHED.keys()
    every = [f"AIMService Ready {reason}" for reason in catalogue()]
    assert unreached(every) == []
    assert reached_after_all(every) == sorted(UNREACHED)


def test_a_reason_that_is_in_no_catalogue_is_told() -> None:
    assert unknown_reasons(["AIMService ModelReady NoSuchReason", "AIMService ModelReady ModelNotFound"]) == [
        "NoSuchReason"
    ]
    assert "ModelNotFound" in unreached([])
    assert "ModelNotFound" not in unreached(["AIMService ModelReady ModelNotFound"])


# ---- failures -------------------------------------------------------------------------------------------------------
@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """A controller that does not try again what failed."""
    monkeypatch.setattr(Driver, "_back_off", lambda _self, _key, _failed: None)


LONG = History(
    {"images": [{"image": "no/such:2"}]},
    (obj("AIMRuntimeConfig", "default", {}), Restart(), Wait(60), *ALL["model source"].actions, Wait(600)),
)
PLANTED = Failure(LONG, (Doubled(8), Refused(24, 409), Lost(4), Crash(24, done=False)))


@pytest.mark.usefixtures("forgetful")
def test_a_planted_failure_is_shrunk_to_one_fault_and_one_action() -> None:
    last = len(record(LONG, empty_cluster()).sent) - 1
    planted = Failure(LONG, (Doubled(8), Refused(last, 409), Lost(4)))
    assert fails(planted)
    small = shrunk(planted, fails, tries=60)
    assert [type(fault) for fault in small.schedule] == [Refused]
    assert [type(action) for action in small.history.actions] == [Put]
    assert not small.history.world
    assert fails(small)


def test_nothing_is_tried_beyond_the_limit() -> None:
    tried = []
    assert shrunk(PLANTED, lambda failure: bool(tried.append(failure)), tries=7) == PLANTED
    assert len(tried) == 7


@pytest.mark.usefixtures("forgetful")
def test_a_failure_is_a_folder_that_plays_it_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failure = Failure(History(actions=(chat(),)), (Refused(0, 409),))
    account = Account()
    account.note_failure("scenario 'a b'", failure, replayed(failure).lines)
    [found] = account.failures
    folder = run.write_failure(tmp_path, found)
    assert folder == tmp_path / "scenario-a-b-1"
    assert run.write_failure(tmp_path, found) == tmp_path / "scenario-a-b-2"
    assert "python -m laws.replay" in (folder / "README.txt").read_text(encoding="utf-8")
    assert replay.main(str(folder)) == 1
    assert "Refused 409" in capsys.readouterr().out


def test_a_folder_of_a_failure_that_is_mended_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    account = Account()
    account.note_failure("old", Failure(History(actions=(chat(),)), (Refused(0, 409),)), ["was broken"])
    assert replay.main(str(run.write_failure(tmp_path, account.failures[0]))) == 0
    assert "no law is broken" in capsys.readouterr().out


def test_a_failure_can_be_written_and_read_whatever_happens_in_it() -> None:
    failure = Failure(History({"nodes": []}, EVERY_ACTION), PLANTED.schedule)
    assert failure_from_json(json.loads(json.dumps(failure_to_json(failure)))) == failure


def test_where_no_fault_is_needed_the_folder_says_how_to_render() -> None:
    files = files_of("x", Failure(History(actions=(chat(),))), ["wrong"], replay="r")
    assert "aimctl render given.yaml" in files["README.txt"]
    assert json.loads(files["given.yaml"])["kind"] == "AIMService"


def test_numbers_of_a_schedule_are_fitted_to_a_history() -> None:
    schedule = (Crash(7, done=True), Lost(9), Crash(12, done=False))
    assert fitted(schedule, [3, 4, 5], [8, 9]) == (Crash(4, done=True), Lost(9), Crash(3, done=False))
    assert fitted(schedule, [], [8]) == (Lost(8),)


def test_a_remembered_verdict_is_that_of_the_validator() -> None:
    calls = []

    class Type:
        schema: ClassVar = {"type": "object"}

    judged = Remembered(lambda *given: calls.append(given) or [])
    for version in ("1", "2"):
        assert judged(Type, {"metadata": {"resourceVersion": version}, "spec": {"a": 1}}, None) == []
    judged(Type, {"metadata": {}, "spec": {"a": 2}}, None)
    assert len(calls) == 2
    assert empty_cluster() is not empty_cluster()
