"""AIMClusterModelSource: cluster models made from what a registry holds."""

from aimcore.kinds.model_source.plan import plan_model_source

__all__ = ["plan_model_source"]
