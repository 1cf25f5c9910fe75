"""Law 1 across processes: the same history gives the same bytes, whatever the hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from laws.tally import Tally

ROOT = Path(__file__).parents[2]


def digest_under(seed: str) -> subprocess.Popen[str]:
    beside = os.environ.get("PYTHONPATH", "")
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests"), *filter(None, [beside])])
    return subprocess.Popen(
        [sys.executable, "-m", "laws.digest"],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_with_different_hash_seeds_make_the_same_plans(tally: Tally) -> None:
    running = [digest_under(seed) for seed in ("1", "4242")]
    said = [process.communicate(timeout=100)[0].split() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert said[0] == said[1]
    assert int(said[0][0]) > 1000
    tally.tried["plans of two processes"] += int(said[0][0])
