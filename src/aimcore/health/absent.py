"""The health of a component whose object does not exist.

1. What we wait for and what we make have one wording each; only a component that is neither has a reason of its own.
"""

from __future__ import annotations

from aimcore.conditions import Category, Depends, Health, failing


def absent_health(component: str, depends: Depends, reason: str, message: str) -> Health:
    """Missing upstream, missing downstream, or `reason` where the component stands for neither."""
    if depends is Depends.UPSTREAM:
        text = "Upstream dependency not found"
        return failing(component, Category.MISSING_UPSTREAM, "ReferenceNotFound", text, depends)
    if depends is Depends.DOWNSTREAM:
        text = "Downstream resource not found or being created"
        return failing(component, Category.MISSING_DOWNSTREAM, "ResourceNotReady", text, depends)
    return failing(component, Category.MISSING_DOWNSTREAM, reason, message, depends)
