"""The health of a PersistentVolumeClaim.

1. Pending is no failure: a claim that nobody mounts may wait for ever and be healthy (F-78).
2. What a provisioner last said goes into the message of a pending claim, if the caller lets events be read. The state
   is then Pending, so that it is named before the pods that wait for the claim.
"""

from __future__ import annotations

from aimcore.conditions import Category, Depends, Health, State, failing
from aimcore.health.absent import absent_health
from aimcore.health.events import event_text, newest_event
from aimcore.resource import Resource
from aimcore.snapshot import Snapshot

_TROUBLE = frozenset({"ProvisioningFailed", "FailedBinding"})


def claim_health(
    component: str, claim: Resource | None, depends: Depends = Depends.DOWNSTREAM, *, snapshot: Snapshot | None = None
) -> Health:
    """How a claim fares; None means that it does not exist. With a snapshot its events are read while it is pending."""
    if claim is None:
        return absent_health(component, depends, "PvcNotFound", "PVC not found")
    phase = claim.status.get("phase")
    if phase == "Bound":
        return Health(component, State.READY, "Ready", "", depends)
    if phase == "Lost":
        return failing(component, Category.INFRASTRUCTURE, "PvcLost", "PVC lost its underlying volume", depends)
    refused = _provisioning_failure(claim)
    if refused is not None:
        message = f"PVC provisioning failed: {refused}"
        return failing(component, Category.INFRASTRUCTURE, "PvcProvisioningFailed", message, depends)
    event = newest_event(snapshot, claim, _TROUBLE) if snapshot is not None else None
    if event is None:
        return Health(component, State.PROGRESSING, "PvcPending", "PVC is pending", depends)
    message = f"PVC is pending: {event_text(event, 'message')}"
    return Health(component, State.PENDING, "PvcPending", message, depends)


def _provisioning_failure(claim: Resource) -> str | None:
    conditions = claim.status.get("conditions")
    for entry in conditions if isinstance(conditions, list) else ():
        if (
            isinstance(entry, dict)
            and entry.get("type") == "Resizing"
            and entry.get("status") == "False"
            and entry.get("reason") == "ProvisioningFailed"
        ):
            message = entry.get("message")
            return message if isinstance(message, str) else ""
    return None
