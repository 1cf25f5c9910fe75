"""Node affinity, in Kubernetes' own shape: the status of a template says on which nodes it can run."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from aimcore.api.shape import ATOMIC_LIST, ATOMIC_MAP, Int32, Shape

_Atomic = Field(json_schema_extra=ATOMIC_LIST)


class NodeSelectorRequirement(Shape):
    """Compares one label or field of a node with values."""

    key: str = Field(description="Label key or field that is compared.")
    operator: str = Field(description="Comparison: `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`.")
    values: Annotated[tuple[str, ...], _Atomic] | None = Field(
        None, description="Values to compare with; empty for `Exists` and `DoesNotExist`, one number for `Gt` and `Lt`."
    )


_Requirements = Annotated[tuple[NodeSelectorRequirement, ...], _Atomic]
_TERM: dict[str, Any] = ATOMIC_MAP


class NodeSelectorTerm(Shape):
    """Requirements on a node, all of which must hold."""

    model_config = ConfigDict(json_schema_extra=_TERM)

    match_expressions: _Requirements | None = Field(None, description="Requirements on labels of the node.")
    match_fields: _Requirements | None = Field(None, description="Requirements on fields of the node.")


class NodeSelector(Shape):
    """Terms of which at least one must hold."""

    model_config = ConfigDict(json_schema_extra=ATOMIC_MAP)

    node_selector_terms: Annotated[tuple[NodeSelectorTerm, ...], _Atomic] = Field(
        description="Terms of which at least one must hold."
    )


class PreferredSchedulingTerm(Shape):
    """A preference for some nodes, with its weight."""

    preference: NodeSelectorTerm = Field(description="Nodes that are preferred.")
    weight: Int32 = Field(description="Weight of the preference, from 1 to 100.")


class NodeAffinity(Shape):
    """Rules that tie pods to nodes."""

    preferred_during_scheduling_ignored_during_execution: (
        Annotated[tuple[PreferredSchedulingTerm, ...], _Atomic] | None
    ) = Field(None, description="Preferences that the scheduler weighs.")
    required_during_scheduling_ignored_during_execution: NodeSelector | None = Field(
        None, description="Requirements that a node must meet when the pod is scheduled."
    )
