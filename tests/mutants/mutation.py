"""Plants a seeded fault: a module is imported with one text replaced by another.

1. The faults stand in `cases/`, one file for each room. A name is the claim of what goes wrong.
2. `old` stands once in the module. A fault whose text has gone is an error, never a fault that is skipped.
3. `tests` are the quick tests that must notice it. `survives` says why the laws need not.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType

import yaml

CASES = Path(__file__).parent / "cases"
SOURCE = Path(__file__).parents[2] / "src"


@dataclass(frozen=True)
class Mutant:
    """One seeded fault. `module` is the dotted name; `room` is the file that it stands in.

    `law`: the file of laws that is likely to notice it (`safety`), so that it is tried first.
    """

    room: str
    name: str
    module: str
    old: str
    new: str
    tests: tuple[str, ...]
    law: str = ""
    survives: str = ""

    @property
    def path(self) -> Path:
        return SOURCE / f"{self.module.replace('.', '/')}.py"

    def mutated(self) -> str:
        """The source with the fault. Raises ValueError unless the text stands there exactly once."""
        text = self.path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.old!r} stands {text.count(self.old)} times in {self.path.name}")
        return text.replace(self.old, self.new)


@cache
def mutants() -> tuple[Mutant, ...]:
    """All seeded faults, room by room."""
    return tuple(
        Mutant(path.stem, **{**row, "tests": tuple(row["tests"])})
        for path in sorted(CASES.glob("*.yaml"))
        for row in yaml.safe_load(path.read_text(encoding="utf-8"))
    )


def mutant_named(name: str) -> Mutant:
    """The fault of that name. Raises KeyError if there is none."""
    return {m.name: m for m in mutants()}[name]


class _Loader(SourceFileLoader):
    def __init__(self, mutant: Mutant) -> None:
        super().__init__(mutant.module, str(mutant.path))
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002  the loader's signature
        return compile(self._mutant.mutated(), str(self._mutant.path), "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        if fullname != self._mutant.module:
            return None
        return importlib.util.spec_from_loader(fullname, _Loader(self._mutant))


def plant(name: str) -> None:
    """From here on the mutant's module is imported with its fault. It must not be imported yet."""
    mutant = mutant_named(name)
    if mutant.module in sys.modules:
        raise RuntimeError(f"{mutant.module} is imported already")
    sys.meta_path.insert(0, _Finder(mutant))
