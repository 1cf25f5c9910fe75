"""The page on mutation: the score and the survivors, written by `mutants.score --write`, read by a test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mutants.mutation import Mutant

PAGE = Path(__file__).parents[2] / "docs" / "mutants.md"
_BEGIN, _END = "<!-- written by mutants.score -->\n", "<!-- end -->\n"

Result = Mapping[str, Any]
"""One line of the results: `name`, `code`, `failed`, `seconds`."""


def table(results: Iterable[Result]) -> str:
    """The results for people."""
    rows = sorted(results, key=lambda r: r["name"])
    width = max((len(r["name"]) for r in rows), default=0)
    return "\n".join(f"{r['name']:<{width}}  {r['seconds']:6.1f} s  {fate(r)}" for r in rows)


def fate(result: Result) -> str:
    """What became of a mutant."""
    if result["code"] == 1:
        return str(result["failed"])
    return "SURVIVES" if result["code"] == 0 else f"no verdict: pytest ended with {result['code']}"


def score(results: Iterable[Result]) -> str:
    """The score in one line."""
    codes = [r["code"] for r in results]
    return f"{codes.count(1)} of {len(codes)} caught by the laws"


def disagreements(results: Iterable[Result], mutants: Mapping[str, Mutant]) -> list[str]:
    """Where the results are not what the cases say."""
    said = []
    for result in results:
        name, reason = result["name"], mutants[result["name"]].survives
        if result["code"] == 0 and not reason:
            said.append(f"{name}: the laws do not notice it, and no reason is given")
        elif result["code"] == 1 and reason:
            said.append(f"{name}: caught by {result['failed']}, yet a reason is given why it survives")
        elif result["code"] not in (0, 1):
            said.append(f"{name}: {fate(result)}")
    return said


def written(page: str, results: list[Result], mutants: Mapping[str, Mutant]) -> str:
    """The page with the score and the survivors of these results."""
    before, _, rest = page.partition(_BEGIN)
    after = rest.partition(_END)[2]
    caught: dict[str, int] = {}
    for result in results:
        if result["code"] == 1:
            law = str(result["failed"]).partition("::")[0].rpartition("/")[2].removeprefix("test_").removesuffix(".py")
            caught[law] = caught.get(law, 0) + 1
    laws = "\n".join(f"| {law} | {number} |" for law, number in sorted(caught.items(), key=lambda c: (-c[1], c[0])))
    rows = "\n".join(
        f"| {m.name} | {m.survives} |" for m in sorted(mutants.values(), key=lambda m: m.name) if m.survives
    )
    body = (
        f"Last score: **{score(results)}**.\n\n| First caught by | Faults |\n|---|---|\n{laws}\n\n"
        f"| Survivor | Why |\n|---|---|\n{rows}\n"
    )
    return f"{before}{_BEGIN}\n{body}\n{_END}{after}"


def survivors_listed(page: str) -> dict[str, str]:
    """The survivors that the page lists, with their reasons."""
    rows = page.partition("| Survivor | Why |\n|---|---|\n")[2].partition("\n\n")[0].splitlines()
    cells = ([cell.strip() for cell in row.strip("|").split("|")] for row in rows if row.startswith("|"))
    return {cell[0]: cell[1] for cell in cells}
