"""The program as a job runs it: a process with an environment, its output and its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aimcore.health.logs import find_cause

ROOT = Path(__file__).parents[2]
_KEPT = ("PATH", "LANG", "HOME", "COVERAGE_PROCESS_CONFIG")


@dataclass(frozen=True)
class Ended:
    """A run that is over."""

    code: int
    out: str
    log: str

    @property
    def last_line(self) -> str:
        return self.log.rstrip().rpartition("\n")[2]

    @property
    def reason(self) -> str | None:
        """What the controller makes of the log of the failed pod."""
        cause = find_cause(self.log, "")
        return cause.reason if cause else None


@dataclass(frozen=True)
class Program:
    """The program with the environment that all its runs share."""

    environment: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list, compare=False)

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "aimctl_runtime.downloader", *arguments],
            env={**self.environment, **variables}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.started.append(process)
        return process

    def close(self) -> None:
        """End what a failed test has left running."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def run(self, *arguments: str, **variables: str) -> Ended:
        return ended(self.start(*arguments, **variables))


def ended(process: subprocess.Popen[str], within: float = 60) -> Ended:
    """Wait for the end of a run."""
    with process:
        try:
            out, log = process.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return Ended(process.returncode, out, log)


def program_for(folder: Path, **variables: str) -> Program:
    """A program whose target and home lie in `folder`."""
    inherited = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return Program(
        {
            **inherited,
            "PYTHONPATH": str(ROOT / "src"),
            "TARGET_DIR": str(folder / "cache"),
            "HF_HOME": str(folder / "home"),
            "PROGRESS_INTERVAL": "0.2",
            "AWS_EC2_METADATA_DISABLED": "true",
            **variables,
        }
    )


def eventually(holds: Callable[[], bool], what: str, within: float = 20) -> None:
    """Wait until something holds."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, f"not within {within:g} s: {what}"
        time.sleep(0.01)


def children_of(pid: int) -> list[int]:
    """The child processes of a process."""
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    """Whether a process runs. One that has ended and waits for its parent does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
