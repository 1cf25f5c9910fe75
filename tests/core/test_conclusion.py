"""What every plan ends with: the status that all kinds share."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aimcore.conclusion import conclude
from aimcore.resource import Resource
from aimcore.snapshot import Snapshot
from aimcore.table import Table

NOW = datetime(2026, 11, 23, 15, 33, tzinfo=UTC)


@pytest.mark.parametrize(("generation", "observed"), [({"generation": 3}, {"observedGeneration": 3}), ({}, {})])
def test_only_a_generation_that_the_server_gave_is_observed(generation, observed):
    service = Resource.of({"kind": "AIMService", "metadata": {"name": "s", "namespace": "ns", **generation}})
    status = conclude(Snapshot(Table(), NOW), service, components=[]).status
    assert {k: v for k, v in status.items() if k == "observedGeneration"} == observed
