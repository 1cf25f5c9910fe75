"""`python -m aimctl_runtime.cli` is `aimctl`."""

import sys

from aimctl_runtime.cli import main

if __name__ == "__main__":
    sys.exit(main())
