"""The kind AIMService: a model served by KServe, published by a gateway, scaled by KEDA.

1. `plan.plan_service` is the doorway. Every other module is one stage or one child.
2. Children are functions of what the owner wrote, what was resolved and the render revision.
3. Names, labels, reasons and messages are a published contract.
"""

from aimcore.kinds.service.plan import plan_service

__all__ = ["plan_service"]
