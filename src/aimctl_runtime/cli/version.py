"""`aimctl version`."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from aimctl_runtime.cli import OK, parser, say


def main(arguments: Sequence[str]) -> int:
    """Print the version of aimctl and of Python."""
    parser("version", "Print the version.").parse_args(arguments)
    try:
        number = version("aimctl")
    except PackageNotFoundError:
        number = "unknown (not installed)"
    say(f"aimctl {number} (Python {platform.python_version()})")
    return OK
