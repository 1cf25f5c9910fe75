"""The tutorial: its code is the code of the example, its tests pass, and its mistakes are found as it says."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from aimcore.testing import Auditor, Broken, Play, Witness

ROOT = Path(__file__).parents[2]
HOME = ROOT / "examples" / "tutorial"
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(python|text)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]
OUTPUT = [text for language, text in BLOCKS if language == "text"]
FILES = {file.relative_to(ROOT).as_posix(): file for file in [*HOME.glob("signpost/*.py"), *HOME.glob("test_*.py")]}
UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PLUGIN = "aimcore.testing.pytest_plugin"


def test_the_page_shows_every_file_as_it_is():
    shown = {}
    for text in PYTHON:
        first, _, rest = text.partition("\n")
        if first.startswith("# examples/"):
            shown[first.removeprefix("# ")] = rest
    assert shown == {path: file.read_text() for path, file in FILES.items() if file.name != "__init__.py"}


def test_the_tests_of_the_tutorial_pass():
    is_installed = any(point.value == PLUGIN for point in entry_points(group="pytest11"))
    options = [] if is_installed else ["-p", PLUGIN]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(HOME)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    assert "Signpost Ready" in ran.stdout
    assert "crashes" in ran.stdout


@pytest.fixture
def planning(monkeypatch):
    """The module that plans; its package is forgotten afterwards."""
    monkeypatch.syspath_prepend(str(HOME))
    yield __import__("signpost.planning", fromlist=["planning"])
    for name in [n for n in sys.modules if n.partition(".")[0] == "signpost"]:
        del sys.modules[name]


def mistake(heading: str) -> str:
    (found,) = [text for text in PYTHON if text.startswith(f"# {heading}\n")]
    return found


def perform(history: str) -> None:
    """Hold the history of that name to the laws, as the tutorial's tests do."""
    told = runpy.run_path(str(HOME / "test_signpost.py"))
    play = Play(vocabulary=told["VOCABULARY"])
    witness, auditor = Witness(play.driver), Auditor(play.driver)
    play.act(told["HISTORIES"][history])
    play.converge()
    witness.look()
    auditor.look()


def is_shown(said: str, shown: str) -> bool:
    """Whether the page shows the beginning of what was said; a line that ends in … is cut. Uids may differ."""
    pairs = zip(UID.sub("uid", shown).splitlines(), UID.sub("uid", said).splitlines(), strict=False)
    return all(line == full or (line.endswith("…") and full.startswith(line[:-1])) for line, full in pairs)


@pytest.mark.parametrize(
    ("heading", "more", "history", "number"),
    [
        ("a mistake", "", "over", 0),
        ("another mistake", "from aimcore.conditions import judge\n", "frozen by hand", 1),
    ],
)
def test_a_mistake_is_found_as_the_page_says(planning, heading, more, history, number):
    exec(compile(more + mistake(heading), "tutorial.md", "exec"), vars(planning))  # noqa: S102  the page's own code
    with pytest.raises(Broken) as broken:
        perform(history)
    assert is_shown(str(broken.value), OUTPUT[number]), broken.value


@pytest.mark.parametrize("history", ["over", "frozen by hand"])
def test_without_the_mistakes_the_laws_hold(planning, history):
    perform(history)
