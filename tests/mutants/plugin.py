"""A pytest plugin: `-p mutants.plugin` with `AIM_MUTANT=<name>` plants that mutant before any test is collected."""

from __future__ import annotations

import os

from mutants.mutation import plant

plant(os.environ["AIM_MUTANT"])
