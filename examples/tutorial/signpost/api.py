"""What users write: a Signpost names services, and programs find them by its ConfigMaps."""

from __future__ import annotations

from pydantic import Field

from aimcore.api.condition import CONDITIONS_TEXT, OBSERVED_GENERATION_TEXT, Conditions
from aimcore.api.kinds import Kind
from aimcore.api.reading import AimObject
from aimcore.api.shape import Int64, Shape, Timestamp

SIGNPOST = Kind("Signpost", "example.com", "v1", "signposts")


class SignpostSpec(Shape):
    """Which services are shown the way to, and how long."""

    services: tuple[str, ...] = Field(min_length=1, max_length=10, description="Names of AIMServices in the namespace.")
    until: Timestamp | None = Field(None, description="Time at which the signpost is taken down; never when absent.")


class SignpostStatus(Shape):
    """What was observed of a signpost."""

    status: str | None = Field(None, description="State of the signpost as a whole.")
    conditions: Conditions | None = Field(None, description=CONDITIONS_TEXT)
    observed_generation: Int64 | None = Field(None, description=OBSERVED_GENERATION_TEXT)


class Signpost(AimObject):
    """Shows programs the way to services: one ConfigMap with the path of each."""

    spec: SignpostSpec = Field(description="Which services are shown the way to.")
    status: SignpostStatus | None = Field(None, description="What was observed of the signpost.")
