"""The repository keeps its own house rules."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LIMIT = 400
LONGER: dict[str, str] = {
    "tests/core/artifact/test_artifact_plan.py": "one artifact from size to latch: the steps share one world of facts",
    "tests/local/test_server.py": "one running server for all reads, watches, faults and counters of the HTTP API",
    "tests/shell/test_worker.py": "one round against one scripted server: all outcomes of a write side by side",
    "tests/simulation/world/test_kserve.py": "every quirk of KServe in one place, over one world",
}
"""Files over the limit, each with the reason."""

FORBIDDEN_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|(?<!field_)manager)(_|$)|^(handle|process)_")
FORBIDDEN_IN_CORE = {
    "aiohttp", "asyncio", "anyio", "io", "kubernetes_asyncio", "logging", "os", "random", "socket", "subprocess",
    "threading", "time", "pathlib", "tempfile", "secrets", "uuid",
}  # fmt: skip


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=relative)
def test_no_file_is_longer_than_the_limit_without_a_reason(path):
    lines = len(path.read_text().splitlines())
    assert (lines > LIMIT) == (relative(path) in LONGER), f"{lines} lines"


def names_of(tree: ast.AST) -> set[str]:
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_name_says_nothing(path):
    named = {path.stem, *names_of(ast.parse(path.read_text()))}
    assert sorted(n for n in named if FORBIDDEN_NAMES.search(n)) == []


@pytest.mark.parametrize("path", [p for p in SOURCES if "aimcore" in p.parts], ids=relative)
def test_the_core_imports_nothing_that_acts(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imported.add(node.module.partition(".")[0])
    assert sorted(imported & FORBIDDEN_IN_CORE) == []


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_every_module_says_what_it_is(path):
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "no docstring"


def test_nothing_is_left_open():
    mark = re.compile(
        r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b|Not" + r"ImplementedError"
    )
    assert [relative(p) for p in SOURCES if mark.search(p.read_text())] == []


def test_no_cover_is_only_for_what_cannot_be_reached():
    waived = [relative(p) for p in SOURCES if "pragma: no cover" in p.read_text()]
    assert waived == []


# ---- pages ----------------------------------------------------------------------------------------------------------
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_link_leads_somewhere(page):
    broken = [t for t in LINK.findall(page.read_text()) if not (page.parent / t).exists()]
    assert broken == []


def test_decisions_are_numbered_without_gaps():
    numbers = [int(p.name[:4]) for p in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


# ---- commands and locks ---------------------------------------------------------------------------------------------
def test_ci_runs_exactly_the_test_command_of_the_readme():
    command = (ROOT / ".ci" / "run").read_text().strip()
    assert command == "./dev tests"
    assert re.search(rf"^{re.escape(command)}\s", (ROOT / "README.md").read_text(), re.MULTILINE)


def test_the_launcher_is_small_and_needs_nothing():
    text = (ROOT / "dev").read_text()
    assert len(text.splitlines()) <= 60
    imported = {a.name for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Import) for a in n.names}
    assert imported <= {"hashlib", "os", "shutil", "subprocess", "sys"}


def test_installs_are_locked_by_hash():
    assert '"--require-hashes"' in (ROOT / "dev").read_text()
    assert "--require-hashes" in (ROOT / "deploy" / "Dockerfile").read_text()
    for lock in (ROOT / "requirements").glob("*.txt"):
        entries = re.findall(r"^[a-z0-9][^\n]*?==[^\n]*(?:\n[ ]+[^\n]*)*", lock.read_text(), re.MULTILINE)
        assert entries, lock
        assert [e.splitlines()[0] for e in entries if "--hash=sha256:" not in e] == []


def test_the_locks_satisfy_what_the_project_asks_for():
    import tomllib

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = re.findall(r"^([a-z0-9.-]+)==([^ ;\\]+)", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE)
    locked = {canonicalize_name(name): version for name, version in lines}
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    asked += [r for extra in project["project"]["optional-dependencies"].values() for r in extra]
    for text in asked:
        requirement = Requirement(text)
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), text


def test_the_extra_all_holds_all_other_extras():
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(extras["all"]) == {r for name, extra in extras.items() if name != "all" for r in extra}


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout, so there is no list of files")
    return [ROOT / name for name in listed.stdout.splitlines()]


def test_no_file_names_a_package_index():
    hosts = ["py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js.org", "deb.deb" + "ian.org"]
    named = []
    for path in tracked_files():
        if path.is_file():
            data = path.read_bytes()
            named += [f"{relative(path)}: {host}" for host in hosts if host.encode() in data]
    assert named == []
