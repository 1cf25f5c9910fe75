"""The state machine with kinds of one's own: the signposts of the tutorial, and signposts with a mistake."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from aimcore.snapshot import moment
from aimcore.testing import Broken, ControllerMachine, Edit, Effort, RemoveAny, Tally, new_cluster
from aimcore.testing.builders import an_object, key_of, service
from aimcore.testing.grades import silly, valid
from aimctl_runtime.local.validation import SchemaValidator

HOME = Path(__file__).parents[2] / "examples" / "tutorial"
SERVICES = [service("chat", model="qwen"), service("search", model="qwen")]
UNTIL = "2026-11-23T12:20:00Z"


@pytest.fixture
def signpost(monkeypatch):
    """The package of the tutorial; it is forgotten afterwards."""
    monkeypatch.syspath_prepend(str(HOME))
    yield __import__("signpost")
    for name in [n for n in sys.modules if n.partition(".")[0] == "signpost"]:
        del sys.modules[name]


def machine_of(signpost) -> type[ControllerMachine]:
    pools = {"services[]": ("chat", "search", "nobody"), "until": (UNTIL,)}
    by_grade = [grade("Signpost", vocabulary=signpost.VOCABULARY, pools=pools) for grade in (valid, silly)]
    usual = an_object(signpost.SIGNPOST, "way", {"services": ["chat"], "until": UNTIL})
    paths = st.sampled_from(["/a", "/b", None])
    edits = st.builds(
        lambda obj, path: Edit(key_of(obj), {"status": {"routing": {"path": path}}}, "status"),
        st.sampled_from(SERVICES),
        paths,
    )

    class Signposts(ControllerMachine):
        vocabulary = signpost.VOCABULARY
        empty = new_cluster(SchemaValidator(), signpost.VOCABULARY)
        worlds = st.just({})
        objects = st.one_of(*by_grade, st.just(usual), st.sampled_from(SERVICES))
        actions = edits | st.builds(RemoveAny, st.sampled_from(["Signpost", "ConfigMap", "AIMService"]), st.just(0))
        faults = ()
        fair_steps = 100
        tally = Tally()

    return Signposts


def test_the_laws_hold_for_the_tutorial_whatever_happens(signpost):
    explored = machine_of(signpost)
    run_state_machine_as_test(explored, settings=Effort().settings(30))
    assert explored.tally is not None
    assert explored.tally.tried["explored histories"] >= 30
    assert {"Signpost Ready", "Signpost Failed"} <= explored.tally.statuses.keys()


def test_a_clock_that_is_compared_in_secret_is_found(signpost, monkeypatch):
    def is_over(snapshot, spec):
        until = moment(spec.until)
        return until is not None and snapshot.now_to_write() >= until

    monkeypatch.setattr("signpost.planning.is_over", is_over)
    with pytest.raises(Broken, match=r"No lost wake-up|Quiet"):
        run_state_machine_as_test(machine_of(signpost), settings=Effort().settings(100))
