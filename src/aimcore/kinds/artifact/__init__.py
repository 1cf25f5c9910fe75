"""AIMArtifact: one model on a volume: its size, its claim, its download."""

from aimcore.kinds.artifact.plan import plan_artifact

__all__ = ["plan_artifact"]
