"""A scenario folder: which files it holds and what they say.

1. `world.yaml` and `given.yaml` say what is there; `when.yaml` and `then.yaml` are the first step,
   `when-2-<words>.yaml` and `then-2-<words>.yaml` the next, and so on. Any may be missing.
2. The world of a scenario stands over the one that all scenarios of a place share; images and sources add up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aimcore.testing.scenarios.matching import read_documents

Json = dict[str, Any]
WITHIN = 600
"""Seconds that a step takes at most, unless it says otherwise."""
_STEP = re.compile(r"(?:when|then)(?:-(\d+)-[a-z0-9-]+)?\.yaml")
_ORDERS = {"apply", "by", "patch", "delete", "wait", "world", "restart", "uninstall", "install"}
_CHECKS = {"about", "rules", "within", "expect", "absent", "seen", "never", "unchanged", "quiet", "events", "refused"}


@dataclass(frozen=True)
class Step:
    """One `when` with its `then`. Either may be empty, not both."""

    number: int
    orders: tuple[Json, ...]
    checks: Json


@dataclass(frozen=True)
class Scenario:
    """What a folder holds. `common` is the world that it shares with the other scenarios of its place."""

    name: str
    world: Json
    given: tuple[Json, ...]
    steps: tuple[Step, ...]
    common: Json = field(default_factory=dict)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that the scenario proves."""
        return tuple(sorted({rule for step in self.steps for rule in step.checks.get("rules", ())}))


def is_scenario(names: Iterable[str]) -> bool:
    """Whether a folder with files of these names is a scenario: it expects something."""
    return any(name.startswith("then") and _STEP.fullmatch(name) for name in names)


def read_scenario(name: str, files: Mapping[str, str], common: str = "") -> Scenario:
    """The scenario that the texts of a folder's files tell. `common` is the text of the world that all share.

    Raises ValueError for an unknown file or member, `yaml.YAMLError` for what is no YAML.
    """
    steps: dict[int, dict[str, str]] = {}
    for file, text in files.items():
        found = _STEP.fullmatch(file)
        if found is not None:
            steps.setdefault(int(found[1] or 1), {})[file[:4]] = text
        elif file not in ("world.yaml", "given.yaml"):
            raise ValueError(f"{name}/{file}: no such file belongs in a scenario")
    shared, own = (read_documents(text) for text in (common, files.get("world.yaml", "")))
    base: Json = shared[0] if shared else {}
    return Scenario(
        name,
        merged_world(base, own[0] if own else {}),
        tuple(read_documents(files.get("given.yaml", ""))),
        tuple(_read_step(name, number, steps[number]) for number in sorted(steps)),
        base,
    )


def _read_step(name: str, number: int, texts: Mapping[str, str]) -> Step:
    orders = tuple(read_documents(texts.get("when", "")))
    documents = read_documents(texts.get("then", ""))
    checks: Json = documents[0] if documents else {}
    unknown = set(checks) - _CHECKS | {k for o in orders if "kind" not in o for k in set(o) - _ORDERS}
    if unknown:
        raise ValueError(f"{name}, step {number}: unknown members {sorted(unknown)}")
    return Step(number, orders, checks)


def merged_world(base: Json, over: Json) -> Json:
    """The world of all scenarios under the one of this; images and sources add up, the scenario's first."""
    added: Json = {k: [*over.get(k, []), *base.get(k, [])] for k in ("images", "sources") if k in base or k in over}
    return {**base, **over, **added}
