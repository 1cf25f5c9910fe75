"""Run the benchmarks that are named, or all. Exits 1 if one misses its bar."""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks import catalogue, commands, downloader, exploration, local, plans, scale

BENCHMARKS: dict[str, Callable[[], bool]] = {
    "plans": plans.run,
    "scale": scale.run,
    "commands": commands.run,
    "local": local.run,
    "downloader": downloader.run,
    "catalogue": catalogue.run,
    "exploration": exploration.run,
}


def main(names: list[str]) -> int:
    """Run and report; the exit code says whether every bar was reached."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.stderr.write(f"unknown benchmark {unknown[0]!r}; known are {', '.join(BENCHMARKS)}\n")
        return 2
    reached = [BENCHMARKS[name]() for name in names or BENCHMARKS]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
