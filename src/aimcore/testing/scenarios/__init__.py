"""Scenarios: stories in YAML folders, played on the simulated cluster. docs/testing.md describes the files.

1. A folder is read as texts (`read_scenario`), so that nothing here touches a file system.
2. An unknown file or member is an error: nothing is checked by mistake of nobody.
3. A scenario is played by a `Stage`; what is not as expected comes back as lines.
"""

from aimcore.testing.scenarios.folder import Scenario, Step, is_scenario, read_scenario
from aimcore.testing.scenarios.stage import Stage

__all__ = ["Scenario", "Stage", "Step", "is_scenario", "read_scenario"]
