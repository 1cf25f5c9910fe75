"""How many seeded faults the laws catch: `python -m mutants.score` with `src` and `tests` on the path.

1. Only the laws run, one file after the other, the likely and the cheap ones first, until one breaks. Each file has a
   child of its own: what Hypothesis draws depends on the modules that are loaded.
2. A file counts only if the sound core passes it, tried in the same way. One that it does not pass is named.
3. With `--results FILE` each verdict is a line of JSON there, and what stands there is not tried again.
4. Ends with 1 when a fault without a reason survives, one with a reason is caught, or the sound core breaks a law.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

from mutants.mutation import Mutant, mutants
from mutants.nursery import Nursery
from mutants.report import PAGE, Result, disagreements, fate, score, table, written

ORDER = (
    "reads", "silence", "unread", "writes", "upgrade", "journeys", "histories", "quiet", "safety", "honesty", "crashes",
    "machine", "paths", "exploration", "convergence", "purity", "totality",
)  # fmt: skip
"""The files of laws, those that say much for little first. Others follow by name."""
PATIENCE = 900.0


def law_files() -> list[str]:
    """The files of laws in the order in which they are tried."""
    folder = Path(__file__).parents[1] / "laws"
    names = sorted(path.stem.removeprefix("test_") for path in folder.glob("test_*.py"))
    ordered = [n for n in ORDER if n in names] + [n for n in names if n not in ORDER]
    return [f"tests/laws/test_{name}.py" for name in ordered]


def known(path: Path | None) -> dict[str, Result]:
    """The results so far, by name. A mutant that was tried twice has its last one."""
    if path is None or not path.exists():
        return {}
    return {r["name"]: r for r in map(json.loads, path.read_text(encoding="utf-8").splitlines())}


class Trial:
    """Tries mutants, several at once. `broken` are the files of laws that the sound core does not pass."""

    def __init__(self, jobs: int) -> None:
        self.broken: set[str] = set()
        self._sound: dict[str, bool] = {}
        self._jobs = jobs
        self._free: SimpleQueue[Nursery] = SimpleQueue()

    def verdicts(self, todo: list[Mutant]) -> Iterator[Result]:
        """What becomes of each, as it comes."""
        with ExitStack() as stack:
            for _ in range(self._jobs):
                self._free.put(stack.enter_context(Nursery()))
            pool = stack.enter_context(ThreadPoolExecutor(self._jobs))
            for done in as_completed([pool.submit(self._try_out, mutant) for mutant in todo]):
                yield done.result()

    def _try_out(self, mutant: Mutant) -> Result:
        nursery, seconds = self._free.get(), 0.0
        code, failed = 0, ""
        try:
            for file in sorted(law_files(), key=lambda file: mutant.law not in file):
                verdict = nursery.try_out(mutant.name, [file], seconds=PATIENCE)
                seconds += verdict.seconds
                if verdict.code != 0 and self._is_passed(nursery, file):
                    code, failed = verdict.code, verdict.failed
                    break
        finally:
            self._free.put(nursery)
        return {"name": mutant.name, "code": code, "failed": failed, "seconds": round(seconds, 2)}

    def _is_passed(self, nursery: Nursery, file: str) -> bool:
        """Whether the sound core passes a file of laws."""
        if file not in self._sound:
            self._sound[file] = nursery.try_out("", [file], seconds=PATIENCE).code == 0
            if not self._sound[file]:
                self.broken.add(file)
        return self._sound[file]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="mutants.score", description="How many seeded faults the laws catch.")
    parser.add_argument("--results", type=Path, help="a file of JSON lines: what it holds is not tried again")
    parser.add_argument("--only", action="append", help="a room, or a part of a name; may stand several times")
    parser.add_argument("--jobs", type=int, default=1, help="how many are tried at once")
    parser.add_argument("--write", action="store_true", help="write score and survivors into docs/mutants.md")
    options = parser.parse_args(arguments)
    if options.write and options.only:
        parser.error("--write needs the whole list: leave --only out")
    chosen = {m.name: m for m in mutants() if not options.only or any(p == m.room or p in m.name for p in options.only)}
    results = {name: r for name, r in known(options.results).items() if name in chosen}
    trial = Trial(options.jobs)
    for result in trial.verdicts([m for m in chosen.values() if m.name not in results]):
        results[result["name"]] = result
        sys.stdout.write(f"{result['name']}: {fate(result)} ({result['seconds']} s)\n")
        sys.stdout.flush()
        if options.results is not None:
            with options.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(result) + "\n")
    found = list(results.values())
    wrong = [f"the sound core does not pass {file}" for file in sorted(trial.broken)] + disagreements(found, chosen)
    survivors = [f"{m.name}: {m.survives}" for m in chosen.values() if m.survives]
    sys.stdout.write("\n".join(["", table(found), "", score(found), "", *survivors, *wrong, ""]))
    if options.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), found, chosen), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
