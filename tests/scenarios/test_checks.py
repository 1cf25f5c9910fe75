"""The checks of the scenarios themselves: each of them fails when it should."""

from __future__ import annotations

import pytest
import yaml

from aimcore.testing.scenarios import Scenario, Step, matching
from aimcore.testing.scenarios.matching import mismatches
from scenarios.scenario import read_scenario, scenario_names, stage_of

CONFIG = {
    "apiVersion": "aim.eai.amd.com/v1alpha1",
    "kind": "AIMRuntimeConfig",
    "metadata": {"name": "default", "namespace": "ml-team"},
    "spec": {"env": [{"name": "A", "value": "1"}]},
}
WHO = {"kind": "AIMRuntimeConfig", "metadata": {"name": "default"}}
NOBODY = {"kind": "AIMRuntimeConfig", "metadata": {"name": "nobody"}}
CHANGE = {"patch": {**WHO, "with": {"spec": {"env": None}}}}
LABEL = {"patch": {**WHO, "with": {"metadata": {"labels": {"a": "b"}}}}}
SERVICE = {
    "apiVersion": "aim.eai.amd.com/v1alpha1",
    "kind": "AIMService",
    "metadata": {"name": "chat", "namespace": "ml-team"},
    "spec": {"model": {"name": "nobody"}},
}


def failures(checks, *orders):
    return stage_of(Scenario("made up", {}, (CONFIG,), (Step(1, orders, {"within": 1, **checks}),))).perform()


@pytest.mark.parametrize(
    ("checks", "orders", "said"),
    [
        ({"expect": [{**WHO, "spec": {"env": [{"value": "2"}]}}]}, (), "spec.env[0].value: expected '2', is '1'"),
        ({"expect": [NOBODY]}, (), "nobody is not there"),
        ({"expect": [{"kind": "AIMRuntimeConfig", "count": 2}]}, (), "expected 2 of AIMRuntimeConfig"),
        ({"absent": [WHO]}, (), "should not be there"),
        ({"seen": [{**WHO, "versions": [{"spec": {"env": "x"}}]}]}, (CHANGE,), "was never seen"),
        ({"never": [WHO]}, (CHANGE,), "should never have been so"),
        ({"unchanged": [WHO]}, (CHANGE,), "changed: spec.env: is missing"),
        ({"unchanged": [NOBODY]}, (), "nothing is there that could stay unchanged"),
        ({"quiet": True}, (SERVICE,), "the controller wrote"),
        ({"events": [{"reason": "Nothing"}]}, (SERVICE,), "no event like"),
        ({"refused": ["never"]}, (), "expected to refuse"),
        ({}, ({**SERVICE, "spec": {}},), "the API server refused: "),
    ],
)
def test_what_is_not_as_expected_is_reported(checks, orders, said):
    assert any(said in line for line in failures(checks, *orders))


@pytest.mark.parametrize(
    ("checks", "orders"),
    [
        ({"expect": [{**WHO, "count": 1, "spec": CONFIG["spec"]}], "absent": [NOBODY], "unchanged": [WHO]}, ()),
        ({"seen": [{**WHO, "versions": [{"spec": CONFIG["spec"]}]}]}, (LABEL,)),
        ({"never": [NOBODY], "quiet": True}, (CHANGE,)),
        ({"refused": ["spec.model"]}, ({**SERVICE, "spec": {}},)),
    ],
)  # fmt: skip
def test_what_is_as_expected_is_not_reported(checks, orders):
    assert failures(checks, *orders) == []


@pytest.mark.parametrize(
    ("expected", "found", "is_match"),
    [
        ("a: !absent", {"a": 1}, False),
        ("a: !absent", {}, True),
        ("a: {b: !absent }", {}, True),
        ("a: !any", {}, False),
        ("a: !any", {"a": None}, True),
        ("a: !like b+", {"a": "abbc"}, True),
        ("a: !like b+", {"a": "ac"}, False),
        ("a: !contains [{b: 1}]", {"a": [{"b": 2}, {"b": 1, "c": 3}]}, True),
        ("a: !contains [{b: 1}]", {"a": [{"b": 2}]}, False),
        ("a: [1, 2]", {"a": [1]}, False),
        ("a: 1", {"a": True}, False),
        ("conditions: [{type: B, status: y}]", {"conditions": [{"type": "A"}, {"type": "B", "status": "y"}]}, True),
        ("conditions: [{type: B, status: y}]", {"conditions": [{"type": "B", "status": "n"}]}, False),
    ],
)  # fmt: skip
def test_a_partial_object_matches_what_it_says(expected, found, is_match):
    (wanted,) = matching.read_documents(expected)
    assert (not list(mismatches(wanted, found))) is is_match


def test_a_uid_stands_for_itself_and_within_a_text():
    found = matching.with_uids([matching.UidOf("Pod/a"), matching.UidOf("/x/{Pod/a}/{hash Pod/a}")], lambda _: "u")
    assert found == ["u", "/x/u/a103d1b5"]


def test_an_unknown_member_or_file_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("scenarios.scenario.HOME", tmp_path)
    (tmp_path / "world.yaml").write_text("{}")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "then.yaml").write_text(yaml.safe_dump({"expects": []}))
    assert scenario_names() == ["odd"]
    with pytest.raises(ValueError, match="unknown members"):
        read_scenario("odd")
    (tmp_path / "odd" / "then.yaml").write_text("{}")
    (tmp_path / "odd" / "than.yaml").write_text("{}")
    with pytest.raises(ValueError, match=r"than\.yaml"):
        read_scenario("odd")
