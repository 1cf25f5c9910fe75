"""A process that has imported what no mutant touches, and forks a child for each mutant: half the price of a start.

1. Orders are lines of JSON on standard input, `{"name", "arguments", "seconds"}`; each is answered by a line
   `{"code", "failed", "said", "seconds"}`. `arguments` are those of pytest.
2. `code` is pytest's exit code: 1 means that a test failed. -1 means that the time was up; then `failed` is empty.
   No name means the sound core.
3. `seconds` of the answer are processor seconds of the child and of what it started.
4. What the child prints never reaches standard output; its end is handed over as `said`.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any, Self

import pytest

from mutants.mutation import plant

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
UNTOUCHED = ("hypothesis", "jsonpath_ng", "jsonschema_rs", "aimcore.api.objects", "aimcore.api.crd")
"""Imported once. None of them imports a module that a mutant touches: `plant` would say so."""
_SHOWN = 3000


@dataclass(frozen=True)
class Verdict:
    """What came of a mutant's tests."""

    code: int
    failed: str
    said: str
    seconds: float

    @property
    def is_caught(self) -> bool:
        return self.code == 1


class Nursery:
    """The process, seen from outside. Use it as a context manager."""

    def __enter__(self) -> Self:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("COV", "PYTEST"))}
        paths = os.pathsep.join(str(p) for p in (ROOT / "src", ROOT / "tests"))
        command = [sys.executable, "-m", "mutants.nursery"]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**kept, "PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)

    def try_out(self, name: str, arguments: list[str], *, seconds: float) -> Verdict:
        """Run tests with a mutant planted. Raises RuntimeError if the process has died."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"name": name, "arguments": arguments, "seconds": seconds}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the nursery died of {name}")
        return Verdict(**json.loads(line))


class _Recorder:
    """A pytest plugin: keeps the id of the first test that fails."""

    def __init__(self) -> None:
        self.failed = ""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid


def _grow(order: dict[str, Any], answer: int) -> None:
    """The life of a child."""
    if order["name"]:
        os.environ["AIM_MUTANT"] = order["name"]
        os.environ["PYTHONPATH"] += os.pathsep + str(HERE / "site")
        plant(order["name"])
    recorder = _Recorder()
    # pytest's own import hook would come before ours, and read the module as it stands
    flags = ["-q", "-x", "-p", "no:cacheprovider", "--assert=plain"]
    code = pytest.main([*flags, *order["arguments"]], plugins=[recorder])
    sys.stdout.flush()
    os.write(answer, json.dumps([int(code), recorder.failed]).encode())


def _raise(order: dict[str, Any]) -> Verdict:
    """Fork a child, and wait for what it says."""
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as log:
        child = os.fork()
        if child == 0:
            os.setsid()
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            try:
                _grow(order, writing)
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                sys.stderr.flush()
                os._exit(0)
        os.close(writing)
        said = _answer(reading, order["seconds"])
        if not said:
            os.killpg(child, signal.SIGKILL)
        _, _, usage = os.wait4(child, 0)
        log.seek(max(0, log.seek(0, os.SEEK_END) - _SHOWN))
        text = log.read().decode(errors="replace")
    code, failed = json.loads(said) if said else (-1, "")
    return Verdict(code, failed, text, round(usage.ru_utime + usage.ru_stime, 2))


def _answer(reading: int, seconds: float) -> bytes:
    """What a child writes into its pipe; nothing when its time is up or it has died."""
    end = monotonic() + seconds
    said = b""
    with open(reading, "rb", buffering=0) as pipe:
        while select.select([pipe], [], [], max(0.0, end - monotonic()))[0]:
            part = pipe.read(65536)
            if not part:
                return said
            said += part
    return b""


def main() -> None:
    for name in UNTOUCHED:
        import_module(name)
    for line in sys.stdin:
        verdict = _raise(json.loads(line))
        sys.stdout.write(json.dumps(verdict.__dict__) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
