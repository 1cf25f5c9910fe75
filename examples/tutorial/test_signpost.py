"""The laws hold for signposts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore import Key, Snapshot, Table, make_plan
from aimcore.testing import (
    START,
    Auditor,
    Edit,
    EditAny,
    Guard,
    History,
    Put,
    Remove,
    Wait,
    Witness,
    check_crashes,
    check_path,
    check_quiet,
    check_recovers,
    check_restart,
    check_stale,
    check_unobserved,
    histories_of,
    hostile,
    record,
    reference_end,
)
from aimcore.testing.builders import an_object, key_of, service
from signpost import SIGNPOST, VOCABULARY

CHAT, SEARCH = service("chat", model="qwen"), service("search", model="qwen")
WAY = Key("Signpost", "ml-team", "way")


def way_to(*names, **spec):
    return an_object(SIGNPOST, "way", {"services": list(names), **spec})


def gets_path(obj, path):
    return Edit(key_of(obj), {"status": {"routing": {"path": path}}}, "status")


UNTIL = "2026-11-23T13:00:00Z"  # an hour after START
HISTORIES = {
    "posted": (Put(way_to("chat")), Put(CHAT), Wait(5), gets_path(CHAT, "/chat")),
    "fewer": (Put(CHAT), Put(SEARCH), gets_path(CHAT, "/a"), gets_path(SEARCH, "/b"), Put(way_to("chat", "search")),
              Wait(5), Put(way_to("search"))),
    "over": (Put(CHAT), gets_path(CHAT, "/a"), Put(way_to("chat", until=UNTIL)), Wait(1800), Wait(3600)),
    "removed by hand": (Put(CHAT), gets_path(CHAT, "/a"), Put(way_to("chat")), Wait(5), Remove(WAY), Wait(5),
                        Put(way_to("chat"))),
    "frozen by hand": (Put(CHAT), gets_path(CHAT, "/a"), Put(way_to("chat")), Wait(5),
                       EditAny("ConfigMap", 0, {"immutable": True}), gets_path(CHAT, "/b"), Wait(5)),
}  # fmt: skip


@pytest.fixture(scope="session")
def aim_vocabulary():
    return VOCABULARY


@pytest.mark.parametrize("name", HISTORIES)
def test_plans_are_pure_reads_complete_wake_ups_kept_statuses_honest_and_the_end_quiet(name, aim_play, aim_tally):
    play = aim_play()
    auditor, witness, guard = Auditor(play.driver), Witness(play.driver), Guard(play.driver)
    play.act(HISTORIES[name])
    assert play.converge()
    assert not play.refused
    witness.look()
    auditor.look()
    aim_tally.tried["plans"] += witness.plans + check_quiet(play) + check_restart(play)
    assert guard.writes
    assert auditor.ready


@pytest.mark.parametrize("name", HISTORIES)
def test_a_crash_anywhere_a_lost_event_and_an_old_state_lead_to_the_same_end(name, aim_play, aim_tally):
    history = History(actions=HISTORIES[name])
    recording = record(aim_play, history)
    aim_tally.tried["crashes"] += check_crashes(recording, 20)
    aim_tally.tried["lost events"] += check_unobserved(aim_play, history, recording, 20)
    aim_tally.tried["old states"] += check_stale(recording, 20)


def test_single_steps_in_any_order_converge_and_leave_no_trace(aim_play, aim_effort):
    names = st.lists(st.sampled_from(["chat", "search", "nobody"]), min_size=1, max_size=3)
    objects = names.map(lambda names: way_to(*names)) | st.sampled_from([CHAT, SEARCH])
    actions = st.sampled_from([gets_path(CHAT, "/a"), gets_path(CHAT, "/b"), Remove(key_of(CHAT)), Remove(WAY)])
    last = [Put(CHAT), gets_path(CHAT, "/a"), Put(SEARCH), gets_path(SEARCH, "/b"), Put(way_to("chat", "search"))]
    end = reference_end(aim_play(), last)

    @aim_effort.settings(25)
    @given(histories_of(objects, actions))
    def converges(history):
        play = aim_play()
        Witness(play.driver)
        play.act([*history.actions, *last])
        check_recovers(play, end, str(history), within=60)

    converges()
    check_path(aim_play, [Put(CHAT), gets_path(CHAT, "/a")], [way_to("search"), way_to("chat")], [5],
               following=["Signpost", "ConfigMap"])  # fmt: skip


def test_any_object_gives_a_plan(aim_effort):
    @aim_effort.settings(100)
    @given(hostile("Signpost", vocabulary=VOCABULARY), hostile("AIMService", vocabulary=VOCABULARY))
    def gives_a_plan(signpost, service):
        table = Table([signpost, service], vocabulary=VOCABULARY)
        for key in table.keys("Signpost"):
            make_plan(Snapshot(table, START), key)

    gives_a_plan()
