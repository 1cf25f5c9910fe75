"""AIMTemplateCache: the artifacts that a template's model sources need."""

from aimcore.kinds.template_cache.plan import plan_template_cache

__all__ = ["plan_template_cache"]
