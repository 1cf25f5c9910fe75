"""Records kubectl's HTTP exchanges for `test_exchanges`: python -m local.record KUBECTL VERSION (from `tests/`)."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from local.cases import CASES
from local.shell import recorded, run, steady_cluster

EXCHANGES = Path(__file__).parent / "exchanges"


async def record(kubectl: str, version: str) -> None:
    folder = EXCHANGES / version
    folder.mkdir(parents=True, exist_ok=True)
    for name, steps in CASES.items():
        kept: list[dict[str, Any]] = []
        with tempfile.TemporaryDirectory() as home:
            async with steady_cluster() as local:
                local.observers.insert(0, lambda request, answer, kept=kept: kept.append(recorded(request, answer)))
                for step in steps:
                    await run(kubectl, local.url, Path(home), step)
        lines = ",\n".join(json.dumps(exchange, ensure_ascii=False) for exchange in kept)
        (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    asyncio.run(record(*sys.argv[1:3]))
