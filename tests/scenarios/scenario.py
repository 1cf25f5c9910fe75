"""The scenario folders of this project. README.md in this folder describes the format."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from aimcore.simulation.cluster import Cluster
from aimcore.testing.histories import new_cluster
from aimcore.testing.scenarios import Scenario, Stage, is_scenario
from aimcore.testing.scenarios import read_scenario as read
from aimctl_runtime.local.validation import SchemaValidator

HOME = Path(__file__).parent


def scenario_names() -> list[str]:
    """All scenario folders, in order."""
    folders = (folder for folder in HOME.iterdir() if folder.is_dir())
    return sorted(folder.name for folder in folders if is_scenario(file.name for file in folder.iterdir()))


def read_scenario(name: str) -> Scenario:
    """The scenario in a folder."""
    texts = {file.name: file.read_text() for file in (HOME / name).iterdir()}
    return read(name, texts, (HOME / "world.yaml").read_text())


@cache
def _new_world() -> Cluster:
    return new_cluster(SchemaValidator())


def stage_of(scenario: Scenario) -> Stage:
    """The scenario on a cluster of its own, which checks objects as an API server does."""
    return Stage(scenario, _new_world().fork())
