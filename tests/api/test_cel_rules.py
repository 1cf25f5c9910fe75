"""CEL rules: compiled once, never raising, strict where in doubt."""

from __future__ import annotations

import pytest

from aimctl_runtime.local.cel import compile_rule


def test_a_rule_holds_or_is_violated():
    rule = compile_rule("has(self.gpu) || has(self.cpu)")
    assert rule.verdict({"cpu": {}}) is None
    assert rule.verdict({}) == ""


@pytest.mark.rule("F-144")
def test_a_rule_that_speaks_of_the_old_value_is_a_transition_rule():
    rule = compile_rule("self == oldSelf")
    assert rule.is_transition
    assert rule.verdict({"a": [1]}, {"a": [1]}) is None
    assert rule.verdict({"a": [1]}, {"a": [2]}) == ""


def test_a_text_that_only_mentions_the_old_value_in_quotes_is_no_transition_rule():
    assert not compile_rule("self != 'oldSelf' && self != \"is oldSelf\"").is_transition


def test_a_rule_that_fails_while_it_runs_is_violated_and_says_why():
    assert "nope" in (compile_rule("self.nope == 1").verdict({}) or "")


def test_a_text_that_is_no_cel_is_never_satisfied():
    rule = compile_rule("self ==")
    assert "compilation failed" in (rule.verdict(1) or "")


def test_a_rule_that_yields_no_truth_value_is_violated():
    assert compile_rule("size(self)").verdict([1]) == ""


def test_a_value_that_cel_cannot_hold_violates_the_rule():
    assert compile_rule("self > 1").verdict(10**30)
    assert compile_rule("self == 'x'").verdict("\ud800")


def test_rules_are_compiled_once():
    assert compile_rule("self != 7") is compile_rule("self != 7")
