"""CPU time of the commands that need no cluster: `aimctl --help` and `aimctl render` of one service."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "quick-start.yaml"
BARS = {("--help",): 0.15, ("render", str(EXAMPLE)): 0.4}
_HEAVY = "kubernetes_asyncio"


def run() -> bool:
    """The least of five runs each counts: what else the machine does is not ours."""
    reached = True
    for arguments, bar in BARS.items():
        cpu = min(_cpu(arguments) for _ in range(5))
        title = " ".join(Path(a).name if "/" in a else a for a in arguments)
        print(f"commands: aimctl {title}: {cpu:.2f} s CPU (bar {bar:.2f})")  # noqa: T201
        reached &= cpu <= bar
    return reached


def _cpu(arguments: tuple[str, ...]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "aimctl_runtime.cli", *arguments], check=True, stdout=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
