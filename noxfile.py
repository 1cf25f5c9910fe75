"""The sessions of this project. `./dev SESSION` runs one in the locked environment; `./dev --list` lists them.

Sessions run in the environment they are called from (`.dev/venv`, made by ./dev from requirements/dev.txt), so that
what is tested is exactly what is locked.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

nox.options.sessions = ["tests", "lint", "types", "contracts", "schemas"]
nox.options.default_venv_backend = "none"

HERE = Path(__file__).parent
WORKERS = "2"
UNCOUNTED = ("tests/laws", "tests/mutants", "tests/chaos")
"""What proves without counting as coverage: its examples are drawn, or it looks from outside."""
_WITH_TESTS = {"PYTHONPATH": f"{HERE / 'src'}{os.pathsep}{HERE / 'tests'}"}


@nox.session
def demo(session: nox.Session) -> None:
    """The main job: the Quick Start on the local cluster, from YAML to Running."""
    session.run("python", "-m", "aimctl_runtime.cli", "demo", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """All tests. Those of the rooms with branch coverage; laws, seeded faults and chaos without."""
    if session.posargs:
        session.run("python", "-m", "pytest", *session.posargs)
        return
    pytest = ["python", "-m", "pytest", "-q", "-n", WORKERS]
    session.run(*pytest, *UNCOUNTED)
    rest = [f"--ignore={folder}" for folder in UNCOUNTED]
    session.run(*pytest, *rest, "--cov", "--cov-report=term:skip-covered")
    core = ["coverage", "report", "--skip-covered"]
    session.run(*core, "--include=src/aimcore/*", "--omit=*/simulation/*,*/testing/*", "--fail-under=100")
    session.run(*core, "--include=src/aimcore/simulation/*", "--fail-under=95")
    session.run(*core, "--include=src/aimctl_runtime/*", "--fail-under=90")


@nox.session
def lint(session: nox.Session) -> None:
    """ruff: rules and format."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict."""
    session.run("mypy")


@nox.session
def contracts(session: nox.Session) -> None:
    """import-linter: which room may know which."""
    session.run("lint-imports", "--no-cache", env={"PYTHONPATH": str(HERE / "src")})


@nox.session
def schemas(session: nox.Session) -> None:
    """Are schemas/ what the models say? `./dev schemas -- --write` makes them so."""
    arguments = [] if "--write" in session.posargs else ["--check"]
    session.run("python", "-m", "aimctl_runtime.schemas", *arguments)


@nox.session
def bench(session: nox.Session) -> None:
    """Benchmarks: plans a second and µs per stage, cost by cluster size, 1,000 services on the local cluster."""
    session.run("python", "-m", "benchmarks", *session.posargs, env={"PYTHONPATH": str(HERE)})


@nox.session
def laws(session: nox.Session) -> None:
    """The laws under faults, for as long as you like: `./dev laws -- --minutes 60 --state FILE`. Resumable."""
    session.run("python", "-m", "laws.run", *session.posargs, env=_WITH_TESTS)


@nox.session
def mutants(session: nox.Session) -> None:
    """The mutation score: how many seeded faults the laws alone notice. About half an hour; resumable."""
    session.run("python", "-m", "mutants.score", *session.posargs, env=_WITH_TESTS)


@nox.session
def registry(session: nox.Session) -> None:
    """The registry client against Debian's docker-registry and skopeo: registries that we did not write."""
    missing = [program for program in ("docker-registry", "skopeo") if shutil.which(program) is None]
    if missing:
        session.error(f"{' and '.join(missing)} not found; on Debian: apt-get install docker-registry skopeo")
    session.run("python", "-m", "pytest", "-q", "tests/registry", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Lock requirements/ anew, with hashes and without any index address."""
    compile_ = ["uv", "pip", "compile", "--universal", "--generate-hashes", "--python-version", "3.11", "--quiet"]
    plain = ["--no-header", "--no-emit-index-url", "--no-annotate", *session.posargs]
    everything = ["pyproject.toml", "--all-extras", "--group", "dev", "-o", "requirements/dev.txt"]
    session.run(*compile_, *plain, *everything)
    session.run(*compile_, *plain, "pyproject.toml", "--extra", "runtime", "-o", "requirements/runtime.txt")
    downloader = ["pyproject.toml", "--extra", "downloader", "-o", "requirements/downloader.txt"]
    session.run(*compile_, *plain, *downloader)
    for name in ("bootstrap", "build"):
        session.run(*compile_, *plain, f"requirements/{name}.in", "-o", f"requirements/{name}.txt")


@nox.session(venv_backend="virtualenv", python=["3.11", "3.12", "3.13", "3.14"])
def matrix(session: nox.Session) -> None:
    """The tests on every Python that is here, each in an environment of its own, from the same locks."""
    session.install("--require-hashes", "-r", "requirements/dev.txt")
    session.install("--no-deps", "--no-build-isolation", "-e", ".")
    session.run("python", "-m", "pytest", "-q", "-n", WORKERS, *session.posargs)
