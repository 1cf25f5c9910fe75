"""docs/testing.md: its code runs, and it names all that the doorway has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aimcore import Plan, testing
from aimcore.api.reading import AimObject
from aimcore.api.shape import Shape
from aimcore.testing import new_cluster
from aimcore.testing.scenarios import Stage, read_scenario

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
YAML = re.findall(r"^```yaml\n# stories/01-nobody/(\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


class LampSpec(Shape):
    """What is lit."""

    room: str


class Lamp(AimObject):
    """A lamp in a room."""

    spec: LampSpec


def plan_lamp(snapshot, resource):
    return Plan.made_from(snapshot, resource.key)


def test_the_code_of_the_page_runs():
    known = {"Lamp": Lamp, "plan_lamp": plan_lamp}
    for block in PYTHON:
        exec(compile(block, "testing.md", "exec"), known)  # noqa: S102  the page's own code
    assert known["VOCABULARY"].planners["Lamp"] is plan_lamp
    assert known["Lamps"].vocabulary is known["VOCABULARY"]


@pytest.mark.parametrize("name", testing.__all__)
def test_the_page_names_all_that_the_doorway_has(name):
    if name not in ("Action", "START"):
        assert re.search(rf"`[^`]*\b{name}\b[^`]*`", PAGE), name


def test_the_scenario_of_the_page_comes_out():
    scenario = read_scenario("01-nobody", dict(YAML))
    assert [step.number for step in scenario.steps] == [1]
    assert Stage(scenario, new_cluster()).perform() == []
