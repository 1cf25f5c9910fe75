"""The witness: what was made and what went, told by the cluster itself.

1. Every incarnation is counted by its uid: an object that was lost and made anew, or made twice, shows.
2. Jobs go by themselves after a while; their going is not counted.
3. Writes of controllers are counted at the server, by their user agent; those to leases are not.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from aimcore.dispatch import AIM
from aimcore.simulation.cluster import Cluster
from aimcore.simulation.storage import ADDED, DELETED
from aimcore.testing.masking import compared_kinds
from aimctl_runtime.client import USER_AGENT
from aimctl_runtime.local.exchange import Answer, Request

KINDS = (*compared_kinds(AIM), "Deployment")


class Birth(NamedTuple):
    """An incarnation that came or went."""

    event: str
    kind: str
    namespace: str
    name: str
    uid: str


class Witness:
    """Looks at a cluster from now on."""

    def __init__(self, cluster: Cluster) -> None:
        self._watches = [cluster.watch(kind, resource_version=str(cluster.resource_version)) for kind in KINDS]
        self._births: Counter[Birth] = Counter()
        self.writes: list[str] = []

    def look(self) -> None:
        """Note what has happened. Call it before the history is lost."""
        for watch in self._watches:
            for event in watch.take():
                if event["type"] == ADDED or (event["type"] == DELETED and event["object"]["kind"] != "Job"):
                    metadata = event["object"]["metadata"]
                    named = metadata.get("namespace", ""), metadata["name"], metadata["uid"]
                    self._births[Birth(event["type"], event["object"]["kind"], *named)] += 1
            assert not watch.ended, "the witness has overslept"

    def births(self, namespace: str) -> Counter[Birth]:
        """What came and went in a namespace."""
        self.look()
        return Counter({birth: n for birth, n in self._births.items() if birth.namespace == namespace})

    def observe(self, request: Request, _answer: Answer) -> None:
        """Note a write of a controller."""
        if request.agent.startswith(USER_AGENT) and request.method != "GET" and "/leases" not in request.path:
            self.writes.append(f"{request.method} {request.path}")
