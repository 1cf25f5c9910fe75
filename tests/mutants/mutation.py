"""Plants a seeded fault: a module is imported with one text replaced by another."""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType

import yaml

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"


@dataclass(frozen=True)
class Mutant:
    """One seeded fault. `module` is the dotted name; `tests` are the files that must notice."""

    name: str
    module: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def path(self) -> Path:
        return SOURCE / f"{self.module.replace('.', '/')}.py"

    def mutated(self) -> str:
        """The source with the fault. Raises ValueError unless the text stands there exactly once."""
        text = self.path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.old!r} stands {text.count(self.old)} times in {self.path.name}")
        return text.replace(self.old, self.new)


def mutants() -> tuple[Mutant, ...]:
    """All seeded faults of `mutants.yaml`."""
    rows = yaml.safe_load((HERE / "mutants.yaml").read_text(encoding="utf-8"))
    return tuple(Mutant(r["name"], r["module"], r["old"], r["new"], tuple(r["tests"])) for r in rows)


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
    mutant = next(m for m in mutants() if m.name == name)
    if mutant.module in sys.modules:
        raise RuntimeError(f"{mutant.module} is imported already")
    sys.meta_path.insert(0, _Finder(mutant))
