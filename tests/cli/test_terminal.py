"""The live table of `aimctl up`: what a person sees on a terminal."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from aimctl_runtime.cli.progress import State, picture

ROOT = Path(__file__).parents[2]
QUICK_START = str(ROOT / "examples" / "quick-start.yaml")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LONG = 'Referenced resource not found: model "nobody-made-this" not found in namespace ml-team or cluster scope'


class Terminal:
    """`aimctl` on a terminal of 80 columns and 30 lines."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        self.screen, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 80, 0, 0))
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR", "CI")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "aimctl_runtime.cli", *arguments], stdin=theirs, stdout=theirs, stderr=theirs,
            cwd=cwd, env={**environment, "TERM": "xterm-256color"},
        )  # fmt: skip
        os.close(theirs)
        self.text = ""

    def read_until(self, holds: Callable[[str], object]) -> None:
        """Read what is shown until it is as wanted, or all of it."""
        while not holds(self.text):
            try:
                self.text += os.read(self.screen, 4096).decode()
            except OSError:  # the other end is closed
                return

    def end(self) -> int:
        self.read_until(lambda _: False)
        os.close(self.screen)
        return self.process.wait(timeout=30)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in CONTROL.sub("", self.text).replace("\r", "\n").split("\n")]


def test_a_terminal_shows_a_live_table_that_ends_as_it_stands(tmp_path):
    terminal = Terminal("up", "--apply", QUICK_START, "--until-ready", "--speed", "100", cwd=tmp_path)
    assert terminal.end() == 0
    assert "\x1b[32mRunning" in terminal.text
    assert max(map(len, terminal.lines[2:])) <= 77
    last = [line for line in terminal.lines if line][-3:]
    assert re.fullmatch(r"1 of 1 Running after \d+ simulated seconds", last[0])
    assert last[1].split() == ["SERVICE", "STATUS", "WAITS", "FOR"]
    assert last[2].split() == ["ml-team/qwen-chat", "Running"]
    assert any(re.match(r"ml-team/qwen-chat +(Pending|Starting) +\S", line) for line in terminal.lines)


@pytest.mark.parametrize(
    ("until", "number", "code"), [((), signal.SIGINT, 0), (("--until-ready",), signal.SIGTERM, 130)]
)
def test_a_signal_ends_the_live_table_cleanly(tmp_path, until, number, code):
    terminal = Terminal("up", "--apply", QUICK_START, "--speed", "1", *until, cwd=tmp_path)
    terminal.read_until(lambda text: "ml-team/qwen-chat" in text)
    terminal.process.send_signal(number)
    assert terminal.end() == code
    assert "Traceback" not in terminal.text
    assert terminal.text.rindex("\x1b[?25h") > terminal.text.rindex("\x1b[?25l")  # the cursor is back


def test_an_empty_cluster_says_what_to_do(tmp_path):
    terminal = Terminal("up", cwd=tmp_path)
    terminal.read_until(lambda text: "No AIMService yet: apply one with kubectl." in text)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 0


def shown(services: dict[str, State], *, width: int = 80, height: int = 30) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height)
    console.print(picture(services, 68, console))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_messages_are_wrapped_while_there_is_room():
    lines = shown({"ml-team/one": State("Running", ""), "ml-team/two": State("Failed", LONG)})
    assert lines[0] == "1 of 2 Running after 68 simulated seconds"
    column = lines[2].index("WAITS FOR")
    assert " ".join(line[column:] for line in lines[4:]) == LONG
    assert len(lines) > 5


def test_many_services_have_a_line_each_and_those_that_wait_come_first():
    services = {f"ns/s{n:02}": State("Running", "") for n in range(20)} | {"ns/z": State("Failed", LONG)}
    lines = shown(services, height=12)
    assert lines[0] == "20 of 21 Running after 68 simulated seconds"
    assert lines[3].startswith("ns/z")
    assert lines[3].endswith("…")
    assert lines[-1] == "… and 14 more"
    assert len(lines) < 12


def test_a_long_name_leaves_room_for_its_status_and_what_it_waits_for():
    row = shown({"another-team/a-service-with-a-very-long-name": State("Degraded", LONG)}, height=8)[3]
    assert re.match(r"another-team/a-service-wit?…  Degraded  Referenced resource", row)
    assert len(row) <= 77
