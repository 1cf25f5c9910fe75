"""What a run of the laws tried, and how much it may try."""

from __future__ import annotations

import os

from aimcore.testing.effort import SHORT_RUN_MINUTES, Effort
from aimcore.testing.tally import Tally

MINUTES = float(os.environ.get("AIM_LAWS_MINUTES", "0"))
"""How long a thorough run may take; 0 is the short run, the same every time."""

EFFORT = Effort(MINUTES)
effort, scaled = EFFORT.settings, EFFORT.scaled
TALLY = Tally()

__all__ = ["EFFORT", "MINUTES", "SHORT_RUN_MINUTES", "TALLY", "Tally", "effort", "scaled"]
