"""How a service is reached over HTTP: the part that services and runtime configurations share (R-1.4).

1. `requestTimeout` is any text here: one odd value must not make a whole list unreadable. The planner judges it (D-25).
"""

from __future__ import annotations

from typing import Final

from pydantic import Field

from aimcore.api.shape import Bool, Int32, Shape, StringMap

GATEWAY_GROUP: Final = "gateway.networking.k8s.io"


class GatewayRef(Shape):
    """Names the Gateway, and if need be its listener, that routes attach to."""

    group: str = Field(
        GATEWAY_GROUP,
        max_length=253,
        pattern=r"^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        description="API group of the parent.",
    )
    kind: str = Field(
        "Gateway",
        min_length=1,
        max_length=63,
        pattern=r"^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$",
        description="Kind of the parent.",
    )
    name: str = Field(min_length=1, max_length=253, description="Name of the parent.")
    namespace: str | None = Field(
        None,
        min_length=1,
        max_length=63,
        pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        description="Namespace of the parent; that of the route when absent.",
    )
    section_name: str | None = Field(
        None,
        min_length=1,
        max_length=253,
        pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        description="Name of the one listener to attach to; all that allow it when absent.",
    )
    port: Int32 | None = Field(None, ge=1, le=65535, description="Port of the listeners to attach to.")


class Routing(Shape):
    """HTTP exposure through the Gateway API."""

    enabled: Bool | None = Field(None, description="Whether a route is made; off when set nowhere.")
    gateway_ref: GatewayRef | None = Field(None, description="Gateway that the route attaches to.")
    path_template: str | None = Field(
        None,
        description="Path of the route, with JSONPath expressions in braces such as `/{.metadata.namespace}/chat`; "
        "lower-cased, percent-encoded and at most 200 characters long once rendered.",
    )
    request_timeout: str | None = Field(
        None, description="Longest time a request may take, such as `90s` or `1h30m`; `0s` means no limit."
    )
    annotations: StringMap | None = Field(
        None, description="Annotations of the route; those of a service win over those of its runtime configuration."
    )
