"""Plants the mutant that `AIM_MUTANT` names in every process that a test starts with this folder on its path."""

from __future__ import annotations

import os

from mutants.mutation import plant

if "AIM_MUTANT" in os.environ:
    plant(os.environ["AIM_MUTANT"])
