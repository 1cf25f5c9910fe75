"""Whether a stored discovery result still holds (O-2, T-34).

1. A stored result means that `status.profile` is present. That of an inline template was never discovered.
2. It holds while the inputs are those that it was made from. Their hash is remembered when a result is stored; without
   one, or beside failed attempts that another operator left, the result holds.
"""

from __future__ import annotations

from aimcore.cluster.reading import text
from aimcore.conditions import stored_condition
from aimcore.kinds.template.attempts import read_attempts
from aimcore.resource import Json, Resource

DISCOVERED = "Discovered"
INLINE, COMPLETE, FAILED, AWAITING = "InlineModelSources", "DiscoveryComplete", "DiscoveryFailed", "AwaitingDiscovery"


_INLINE_HASH = "inline"


def former_inputs(resource: Resource) -> Json:
    """What remembers, in the status, that the stored result came with the spec: no inputs have this hash."""
    reason = text(stored_condition(resource.status.get("conditions"), DISCOVERED), "reason")
    return {"discovery": {"specHash": _INLINE_HASH}} if reason == INLINE else {}


def holds(resource: Resource, spec_hash: str) -> bool:
    """Whether the stored result is good for these inputs."""
    if not isinstance(resource.status.get("profile"), dict):
        return False
    reason = text(stored_condition(resource.status.get("conditions"), DISCOVERED), "reason")
    if reason in (INLINE, FAILED):
        return False
    attempts = read_attempts(resource)
    return attempts.spec_hash in ("", spec_hash) or (attempts.number > 0 and reason != COMPLETE)
