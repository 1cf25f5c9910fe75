"""A scenario folder: which files it holds and what they say. README.md in this folder describes the format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from scenarios.matching import read_documents

HOME = Path(__file__).parent
WITHIN = 600
_STEP = re.compile(r"(?:when|then)(?:-(\d+)-[a-z0-9-]+)?\.yaml")
_ORDERS = {"apply", "by", "patch", "delete", "wait", "world", "restart", "uninstall", "install"}
_CHECKS = {"about", "rules", "within", "expect", "absent", "seen", "never", "unchanged", "quiet", "events", "refused"}
Json = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One `when` with its `then`. Either may be empty, not both."""

    number: int
    orders: tuple[Json, ...]
    checks: Json


@dataclass(frozen=True)
class Scenario:
    """What a folder holds."""

    name: str
    world: Json
    given: tuple[Json, ...]
    steps: tuple[Step, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that the scenario proves."""
        return tuple(sorted({rule for step in self.steps for rule in step.checks.get("rules", ())}))


def scenario_names() -> list[str]:
    """All scenario folders, in order."""
    return sorted(folder.name for folder in HOME.iterdir() if list(folder.glob("then*.yaml")))


def read_scenario(name: str) -> Scenario:
    """The scenario in a folder. An unknown file or member is an error: nothing is checked by mistake of nobody."""
    folder = HOME / name
    files: dict[int, dict[str, Path]] = {}
    for file in folder.iterdir():
        found = _STEP.fullmatch(file.name)
        if found is not None:
            files.setdefault(int(found[1] or 1), {})[file.name[:4]] = file
        elif file.name not in ("world.yaml", "given.yaml"):
            raise ValueError(f"{name}/{file.name}: no such file belongs in a scenario")
    steps = tuple(_read_step(name, number, files[number]) for number in sorted(files))
    own = read_documents(folder / "world.yaml")
    world = merged_world(common_world(), own[0] if own else {})
    return Scenario(name, world, tuple(read_documents(folder / "given.yaml")), steps)


@cache
def common_world() -> Json:
    """The world that a scenario has unless it says otherwise."""
    found: Json = read_documents(HOME / "world.yaml")[0]
    return found


def _read_step(name: str, number: int, files: dict[str, Path]) -> Step:
    orders = tuple(read_documents(files["when"])) if "when" in files else ()
    checks = read_documents(files["then"])[0] if "then" in files else {}
    unknown = set(checks) - _CHECKS | {k for o in orders if "kind" not in o for k in set(o) - _ORDERS}
    if unknown:
        raise ValueError(f"{name}, step {number}: unknown members {sorted(unknown)}")
    return Step(number, orders, checks)


def merged_world(base: Json, over: Json) -> Json:
    """The world of all scenarios under the one of this; images and sources add up, the scenario's first."""
    added = {k: [*over.get(k, []), *base.get(k, [])] for k in ("images", "sources") if k in base or k in over}
    return {**base, **over, **added}
