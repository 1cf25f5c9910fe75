"""The page of the edges names every test of this folder, and no other."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "fuzz.md"
ROW = re.compile(r"^\|([^|]+)\| `(test_\w+\.py)` \|([^|]*)\|([^|]*)\|$", re.MULTILINE)


def test_the_page_has_one_row_for_each_module_and_no_other() -> None:
    named = [name for _, name, _, _ in ROW.findall(PAGE.read_text(encoding="utf-8"))]
    assert sorted(named) == sorted(path.name for path in HERE.glob("test_*.py"))


def test_each_edge_says_how_it_refuses_and_what_bounds_it() -> None:
    own = (Path(__file__).name, "test_bounds.py")
    rows = [row for row in ROW.findall(PAGE.read_text(encoding="utf-8")) if row[1] not in own]
    assert [name for edge, name, error, bound in rows if not (edge.strip() and error.strip() and bound.strip())] == []


def test_each_error_that_the_page_names_exists() -> None:
    errors = {
        e for _, _, error, _ in ROW.findall(PAGE.read_text(encoding="utf-8")) for e in re.findall(r"`(\w+)`", error)
    }
    sources = [p.read_text(encoding="utf-8") for p in (*(HERE.parents[1] / "src").rglob("*.py"), HERE / "bounds.py")]
    defined = {name for text in sources for name in re.findall(r"^class (\w+)", text, re.MULTILINE)}
    assert errors - defined <= {"Status"}
