"""`python -m laws.run`: explore faults for as long as one likes, and go on where the last run stopped.

1. First the stories of users and broken worlds, then every point of every scenario, slice by slice, then drawn
   histories under drawn schedules, seed by seed, until the budget ends. A unit that was done is not done again: the
   state says which, and which seed is next.
2. Failures are made small and written as folders; `python -m laws.replay FOLDER` plays one again.
3. It fails if a law is broken, if in too few drawn histories a service comes to run, if a status bears a reason that is
   in no catalogue, or one that is exempt from being reached (`UNREACHED`), or if a reason of the catalogue was never
   reached although everything listed was done.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from aimcore.simulation.faults import FAULTS
from aimcore.testing.exploration.folder import failure_from_json, files_of
from aimcore.testing.reasons import reached_after_all, unknown_reasons, unreached
from laws.exploring import Account, Unit, do, empty_cluster, parts_of
from laws.scenarios import EVERY
from scenarios.scenario import scenario_names

RUNNING_SHARE = 0.3


class State:
    """What was done so far, in a file."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        given = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self.done = {tuple(unit) for unit in given.get("done", ())}
        self.parts: dict[str, int] = given.get("parts", {})
        self.seed: int = given.get("seed", seed)
        self.total = Account.from_json(given["total"]) if "total" in given else Account()

    def write(self) -> None:
        """Write it as a whole, or not at all."""
        text = json.dumps(
            {"done": sorted(self.done), "parts": self.parts, "seed": self.seed, "total": self.total.to_json()}, indent=1
        )
        beside = self.path.with_suffix(".new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(self.path)

    def units(self) -> Iterator[Unit]:
        """What is still to be done, for ever."""
        yield from (unit for unit in self.listed() if unit not in self.done)
        while True:
            yield "drawn", "", self.seed
            self.seed += 1

    def listed(self) -> Iterator[Unit]:
        """All that is done once: stories and broken worlds, then every point of every scenario."""
        if self.parts:
            yield from (("folder", name, 0) for name in scenario_names())
            yield from (("world", fault, 0) for fault in FAULTS)
        for name, parts in self.parts.items():
            yield from (("scenario", name, part) for part in range(parts))

    @property
    def is_exhausted(self) -> bool:
        """Whether all of that was done."""
        return bool(self.parts) and all(unit in self.done for unit in self.listed())


def explore(state: State, minutes: float, jobs: int, out: Path) -> None:
    """Do units until the time is over; those that were begun are finished."""
    end = time.monotonic() + minutes * 60
    units = state.units()
    with ProcessPoolExecutor(jobs, initializer=make_ready) as pool:
        missing = [name for name in EVERY if name not in state.parts]
        state.parts.update(zip(missing, pool.map(parts_of, missing), strict=True))
        running: dict[Future[Account], Unit] = {}
        while True:
            while len(running) < jobs and time.monotonic() < end:
                unit = next(units)
                running[pool.submit(do, unit)] = unit
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                unit, account = running.pop(future), future.result()
                for failure in account.failures:
                    sys.stdout.write(f"BROKEN: {write_failure(out, failure)}\n")
                if unit[0] != "drawn":
                    state.done.add(unit)
                state.total.add(account)
                state.write()


def make_ready() -> None:
    """Load in a new process what all units need; the collector need not look through it again and again."""
    empty_cluster()
    gc.collect()
    gc.freeze()


def write_failure(out: Path, failure: dict[str, Any]) -> Path:
    """Write the folder of a failure, and answer with it."""
    name = failure["name"]
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    folder = next(path for n in range(1, 10_000) if not (path := out / f"{slug}-{n}").exists())
    folder.mkdir(parents=True)
    replay = f"PYTHONPATH=src:tests python -m laws.replay {folder}"
    for file, text in files_of(name, failure_from_json(failure), failure["found"], replay=replay).items():
        (folder / file).write_text(text, encoding="utf-8")
    return folder


# ---- telling --------------------------------------------------------------------------------------------------------
def told(state: State) -> Iterator[str]:
    """What was tried and found, in lines."""
    total = state.total
    pace = total.branches / total.seconds if total.seconds else 0.0
    yield f"{total.histories} histories, {total.branches} branches with faults, {pace:.0f} a second and core"
    for title, counts in (
        ("faults", total.faults),
        ("branches", total.endings),
        ("statuses", total.statuses),
        ("reasons", total.reasons),
        ("drawn histories by what their services came to", total.services),
    ):
        yield f"{title} ({len(counts)}): " + ", ".join(f"{name} {counts[name]}" for name in sorted(counts))


def wrongs(state: State) -> Iterator[str]:
    """Why the run fails."""
    total = state.total
    if total.failures:
        yield f"{len(total.failures)} broken laws"
    services = total.services.total()
    if services >= 100 and total.services["Running"] < RUNNING_SHARE * services:
        yield f"a service came to run in only {total.services['Running']} of {services} drawn histories"
    yield from (f"in no catalogue: {reason}" for reason in unknown_reasons(total.reasons))
    yield from (f"exempt, and reached after all: {reason}" for reason in reached_after_all(total.reasons))
    if state.is_exhausted:
        yield from (f"never reached: {reason}" for reason in unreached(total.reasons))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m laws.run", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default: 10)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed of a new state (default: 1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument("--state", type=Path, default=Path(".laws/state.json"), help="what was done so far")
    parser.add_argument("--out", type=Path, default=Path(".laws/failures"), help="where failures are written")
    given = parser.parse_args(arguments)
    given.state.parent.mkdir(parents=True, exist_ok=True)
    state = State(given.state, given.seed)
    explore(state, given.minutes, given.jobs, given.out)
    lines = list(wrongs(state))
    sys.stdout.write("\n".join([*told(state), *(f"FAILED: {line}" for line in lines)]) + "\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
