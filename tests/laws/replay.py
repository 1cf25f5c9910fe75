"""`python -m laws.replay FOLDER`: play a failure again, and say what is wrong. Ends with 1 if something still is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from aimcore.testing.exploration.folder import failure_from_json
from laws.exploring import replayed


def main(folder: str) -> int:
    given = json.loads((Path(folder) / "failure.json").read_text(encoding="utf-8"))
    finding = replayed(failure_from_json(given))
    lines = finding.lines or ("no law is broken",)
    sys.stdout.write("\n".join([f"faults that happened: {', '.join(finding.told) or 'none'}", *lines]) + "\n")
    return 1 if finding.lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
