"""The standard condition of Kubernetes, as our statuses carry it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aimcore.api.shape import Int64, Shape, Timestamp, list_map

_TYPE_PATTERN = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
)


class Condition(Shape):
    """One observed aspect of the object's state."""

    last_transition_time: Timestamp = Field(description="Time at which `status` last changed.")
    message: str = Field(max_length=32768, description="What a person should know about the state; may be empty.")
    observed_generation: Int64 | None = Field(
        None, ge=0, description="Generation of the object that this condition speaks of."
    )
    reason: str = Field(
        min_length=1,
        max_length=1024,
        pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
        description="One word in CamelCase that says why the condition has its status.",
    )
    status: Literal["True", "False", "Unknown"] = Field(description="Whether the condition holds.")
    type: str = Field(max_length=316, pattern=_TYPE_PATTERN, description="Type of the condition in CamelCase.")


Conditions = Annotated[tuple[Condition, ...], Field(json_schema_extra=list_map("type"))]
CONDITIONS_TEXT = "Conditions that explain the state in detail; at most one of each type."
OBSERVED_GENERATION_TEXT = "Newest generation of the spec that this status speaks of."
