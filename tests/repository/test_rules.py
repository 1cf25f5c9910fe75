"""Every rule has a test that names it, or a decision that replaces it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "rules.md"
_ROW = re.compile(r"^\| (?P<rule>[A-Z]+-?[0-9.]+b?) \| (?P<text>[^|]+) \| (?P<decision>[^|]*)\|$", re.MULTILINE)


def listed_rules() -> set[str]:
    """The rules kept in the project."""
    return set((TESTS / "rules.txt").read_text().split())


def page_rules() -> dict[str, str]:
    """Each rule of the page with the decision that replaces it, or ""."""
    return {row["rule"]: row["decision"].strip() for row in _ROW.finditer(PAGE.read_text())}


def scenario_rules() -> set[str]:
    """The rules that the scenario folders name in the line `rules: [...]` of a `then` file."""
    lines = [line for file in TESTS.glob("scenarios/*/then*.yaml") for line in file.read_text().splitlines()]
    return {
        rule for line in lines if line.startswith("rules: [") for rule in re.findall(r"[\w.-]+", line[len("rules:") :])
    }


def marked_rules() -> set[str]:
    """The rules named by `pytest.mark.rule(...)` anywhere in the tests, or by a scenario."""
    found = scenario_rules()
    for file in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "rule":
                found |= {a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return found


def test_the_page_lists_exactly_the_rules_of_the_project():
    assert set(page_rules()) == listed_rules()


def test_every_rule_has_a_test_or_a_decision():
    replaced = {rule for rule, decision in page_rules().items() if decision}
    assert sorted(listed_rules() - marked_rules() - replaced) == []


def test_no_test_names_a_rule_that_does_not_exist():
    families = {_family(rule) for rule in listed_rules()}
    assert sorted(rule for rule in marked_rules() - listed_rules() if _family(rule) in families) == []


def _family(rule: str) -> str:
    """The letters, with the dash where the numbers have one: `R-` of R-5.7, `A` of A4.1."""
    return rule.rstrip("0123456789.b")
