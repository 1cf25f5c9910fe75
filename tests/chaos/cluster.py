"""A cluster in which an object's uid follows from its name: two runs of the same objects give the same uids.

1. A uid is a digest of kind, namespace, name and incarnation. Who came first, and what was refused, does not count.
2. Names made of `generateName` follow in the same way from the prefix and the number of objects that have it.
3. So names that we derive from uids are equal in every run, and an object that was made anew is seen by its uid.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

from aimcore.api.crd import crd_for
from aimcore.api.kinds import AIM_KINDS
from aimcore.resource import Json, Key
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import Cluster, PatchType, Result
from aimcore.simulation.resource_type import ResourceType
from aimcore.simulation.types import RESOURCE_TYPES
from aimctl_runtime.local.validation import SchemaValidator


class NamedCluster(Cluster):
    """See the rules above."""

    _about: tuple[str, ...] = ()

    def __init__(self, clock: Clock) -> None:
        self._incarnations: Counter[tuple[str, ...]] = Counter()
        super().__init__(RESOURCE_TYPES, clock=clock, validate=SchemaValidator())

    def create(
        self, obj: Mapping[str, Any], *, manager: str = "", dry_run: bool = False, field_validation: str = "Warn"
    ) -> Result:
        """As a cluster's; the uid is about this name."""
        metadata = obj.get("metadata") or {}
        name = metadata.get("name") or metadata.get("generateName") or ""
        self._about = (str(obj.get("kind")), str(metadata.get("namespace") or ""), str(name))
        return super().create(obj, manager=manager, dry_run=dry_run, field_validation=field_validation)

    def patch(self, key: Key, body: object, patch_type: PatchType, **options: Any) -> Result:
        """As a cluster's; the uid, if one is needed, is about this key."""
        self._about = tuple(key)
        return super().patch(key, body, patch_type, **options)

    def stored(self, type_: ResourceType, namespace: str, name: str, obj: Json) -> Json:
        """As a cluster's; counts incarnations."""
        if self.as_stored(type_.name, namespace, name) is None:
            self._incarnations[type_.name, namespace, name] += 1
            prefix = obj["metadata"].get("generateName")
            if prefix:
                self._incarnations[type_.name, namespace, prefix] += 1
        return super().stored(type_, namespace, name, obj)

    def next_uid(self, _key: Key) -> str:
        """The uid of the next incarnation of what is being written."""
        text = "/".join((*self._about, str(self._incarnations[self._about])))
        h = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-8{h[17:20]}-{h[20:32]}"


def new_cluster(clock: Clock) -> NamedCluster:
    """A cluster with all kinds of the world and ours, empty otherwise."""
    cluster = NamedCluster(clock)
    for kind in AIM_KINDS:
        cluster.create(crd_for(kind), manager="aimctl")
    return cluster
