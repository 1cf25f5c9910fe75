"""What all tests share: Hypothesis profiles, and a deterministic order of parametrised cases."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "default",
    database=None,
    deadline=None,
    derandomize=True,  # the same draws in every run: a commit is green or it is not, and so is its coverage
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", settings.get_profile("default"), derandomize=False, max_examples=2000)
settings.load_profile(os.environ.get("AIM_HYPOTHESIS_PROFILE", "default"))
