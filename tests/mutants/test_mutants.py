"""Seeded faults in the planning of services, each of which some test must notice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mutants.mutation import mutants

ROOT = Path(__file__).parents[2]


def test_there_are_enough_and_each_can_be_planted():
    found = mutants()
    assert len(found) >= 20
    assert len({m.name for m in found}) == len(found)
    for mutant in found:
        compile(mutant.mutated(), mutant.module, "exec")
        assert all((ROOT / test).exists() for test in mutant.tests), mutant.name


def outcome(mutant, name):
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-p",
        "mutants.plugin",
        *mutant.tests,
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("COV", "PYTEST"))}
    environment |= {"AIM_MUTANT": name, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=100)
    return done.returncode, done.stdout[-2000:]


@pytest.mark.parametrize("mutant", mutants(), ids=lambda m: m.name)
def test_the_fault_is_noticed(mutant):
    code, said = outcome(mutant, mutant.name)
    assert code == 1, f"exit code {code} (1 means that a test failed): {said}"
