"""`python -m aimctl_runtime.downloader` is the same as `aim-artifact-downloader`."""

import sys

from aimctl_runtime.downloader.command import main

sys.exit(main())
