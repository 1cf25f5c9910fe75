"""AIMServiceTemplate and AIMClusterServiceTemplate: one way to run a model, and its discovery."""

from aimcore.kinds.template.plan import plan_template

__all__ = ["plan_template"]
