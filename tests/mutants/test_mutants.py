"""Seeded faults in the core, each of which some quick test must notice. The laws are tried by `mutants.score`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mutants.mutation import CASES, Mutant, mutants
from mutants.nursery import Nursery
from mutants.report import PAGE, survivors_listed

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 400


def test_there_are_enough_and_each_can_be_planted() -> None:
    found = mutants()
    assert len(found) >= 70
    assert len({m.name for m in found}) == len(found)
    for mutant in found:
        compile(mutant.mutated(), mutant.module, "exec")
        assert all((ROOT / test.partition("::")[0]).exists() for test in mutant.tests), mutant.name
        assert mutant.tests, mutant.name


def test_no_file_of_faults_is_too_long() -> None:
    assert all(len(p.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE for p in CASES.iterdir())


def test_the_page_lists_the_survivors_with_their_reasons() -> None:
    assert survivors_listed(PAGE.read_text(encoding="utf-8")) == {m.name: m.survives for m in mutants() if m.survives}


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as process:
        yield process


@pytest.mark.parametrize("mutant", mutants(), ids=lambda m: m.name)
def test_the_fault_is_noticed(mutant: Mutant, nursery: Nursery) -> None:
    verdict = nursery.try_out(mutant.name, list(mutant.tests), seconds=100)
    assert verdict.is_caught, f"exit code {verdict.code} (1 means that a test failed): {verdict.said}"


def test_sound_code_is_not_called_a_fault(nursery: Nursery) -> None:
    """The proof can fail: a test that a fault does not reach passes with it planted."""
    verdict = nursery.try_out(mutants()[0].name, ["tests/core/foundations/test_duration.py"], seconds=100)
    assert verdict.code == 0, verdict.said
