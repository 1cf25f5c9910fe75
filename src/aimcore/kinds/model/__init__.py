"""AIMModel and AIMClusterModel: an image that serves a model, and the templates made from it."""

from aimcore.kinds.model.plan import plan_model

__all__ = ["plan_model"]
