"""Kubernetes events: what users see under `kubectl describe`.

1. Events are core/v1, from the component `aim-<controller>-controller`, in the object's namespace (`default` for
   cluster-scoped objects).
2. An equal event raises the count of the one that stands, instead of making another.
3. Each object has a budget: 25 at once, then one every five minutes.
4. An event that cannot be written is dropped, with a line at debug level. It never delays or fails a round.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from aimcore.cluster.kinds import KINDS
from aimcore.plan import PlannedEvent
from aimcore.resource import Json, Key, Resource
from aimcore.snapshot import timestamp
from aimcore.wire import JSON, MERGE, Request, collection_path, object_path
from aimctl_runtime.clock import Clock
from aimctl_runtime.log import Log
from aimctl_runtime.transport import Client, UnreachableError

BURST = 25
REFILL = 300.0
REMEMBERED = 4096
TIMEOUT = 5.0
MAX_MESSAGE = 1024


class _Same(NamedTuple):
    uid: str
    type: str
    reason: str
    message: str


@dataclass(slots=True)
class _Standing:
    name: str
    first: str
    count: int = 1


@dataclass(slots=True)
class _Budget:
    tokens: float
    at: float


class Recorder:
    """See the rules above."""

    def __init__(self, client: Client, clock: Clock, log: Log, instance: str = "") -> None:
        self._client = client
        self._clock = clock
        self._log = log.named("events")
        self._instance = instance
        self._standing: OrderedDict[_Same, _Standing] = OrderedDict()
        self._budgets: OrderedDict[str, _Budget] = OrderedDict()

    async def emit(self, resource: Resource, component: str, event: PlannedEvent) -> bool:
        """Write an event about an object. Answers whether it was written."""
        if not self._may_spend(resource.uid or str(resource.key)):
            return False
        same = _Same(resource.uid, event.type, event.reason, event.message[:MAX_MESSAGE])
        standing = self._standing.get(same)
        if standing is not None:
            self._standing.move_to_end(same)
            if await self._count(resource, standing):
                return True
        return await self._post(resource, component, same)

    async def _count(self, resource: Resource, standing: _Standing) -> bool:
        key = Key("Event", _namespace(resource), standing.name)
        patch = {"count": standing.count + 1, "lastTimestamp": timestamp(self._clock.now())}
        if not await self._send(Request("patch", "PATCH", object_path(key), (), MERGE, patch)):
            return False
        standing.count += 1
        return True

    async def _post(self, resource: Resource, component: str, same: _Same) -> bool:
        now = timestamp(self._clock.now())
        name = _event_name(resource.name, same, self._clock.now().isoformat())
        manifest: Json = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": _namespace(resource)},
            "involvedObject": _reference(resource),
            "type": same.type,
            "reason": same.reason,
            "message": same.message,
            "source": {"component": component},
            "reportingComponent": component,
            "reportingInstance": self._instance,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        path = collection_path(KINDS["Event"], _namespace(resource))
        if not await self._send(Request("create", "POST", path, (), JSON, manifest)):
            return False
        self._standing[same] = _Standing(name, now)
        while len(self._standing) > REMEMBERED:
            self._standing.popitem(last=False)
        return True

    async def _send(self, request: Request) -> bool:
        try:
            response = await self._client.request(request, timeout=TIMEOUT)
        except UnreachableError as problem:
            self._log.debug("an event was not written", error=str(problem))
            return False
        if response.code >= 300:
            self._log.debug("an event was refused", code=response.code, error=str(response.decoded())[:500])
        return response.code < 300

    def _may_spend(self, owner: str) -> bool:
        now = self._clock.monotonic()
        budget = self._budgets.setdefault(owner, _Budget(BURST, now))
        self._budgets.move_to_end(owner)
        while len(self._budgets) > REMEMBERED:
            self._budgets.popitem(last=False)
        budget.tokens = min(BURST, budget.tokens + (now - budget.at) / REFILL)
        budget.at = now
        if budget.tokens < 1:
            return False
        budget.tokens -= 1
        return True


def _namespace(resource: Resource) -> str:
    return resource.namespace or "default"


def _reference(resource: Resource) -> Json:
    reference = {
        "apiVersion": str(resource.raw.get("apiVersion") or ""),
        "kind": resource.kind,
        "name": resource.name,
        "uid": resource.uid,
        "resourceVersion": resource.resource_version,
    }
    return {**reference, **({"namespace": resource.namespace} if resource.namespace else {})}


def _event_name(name: str, same: _Same, moment: str) -> str:
    """A name that no other event has: `<object>.<16 hex digits>`."""
    text = "\0".join((*same, moment))
    return f"{name[:230]}.{hashlib.sha256(text.encode()).hexdigest()[:16]}"
