"""Every scenario folder, played on the simulated cluster."""

from __future__ import annotations

import pytest

from scenarios.scenario import read_scenario, scenario_names, stage_of

SCENARIOS = [
    pytest.param(scenario, id=name, marks=pytest.mark.rule(*scenario.rules))
    for name in scenario_names()
    for scenario in [read_scenario(name)]
]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_is_given_and_done_leads_to_what_is_expected(scenario):
    failures = stage_of(scenario).perform()
    assert not failures, "\n" + "\n".join(failures)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_expects_something_and_names_its_rules(scenario):
    assert scenario.rules
    assert any(step.checks.keys() - {"about", "rules", "within"} for step in scenario.steps)
