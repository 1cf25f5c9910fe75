"""A cluster in memory with our controller in it, and counts of what it does."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from aimcore.resource import Key
from aimcore.testing.histories import Play

NAMESPACE = "ml-team"
GROUP = "aim.eai.amd.com/v1alpha1"
BASE = "amdenterpriseai/aim-base:0.9"
DUMMY = "ghcr.io/acme/aim-dummy:1"
WORLD: dict[str, Any] = {
    "images": [
        {"image": BASE},
        {
            "image": DUMMY,
            "profiles": [
                {
                    "profile": {"metadata": {"engine": "vllm", "gpu": "MI300X", "gpu_count": 1}},
                    "models": [{"name": "acme/dummy", "source": "hf://acme/dummy", "size_gb": 0.5}],
                }
            ],
        },
    ]
}
Json = dict[str, Any]


class Stage:
    """The play, with the number of plans made of each object since `forget`."""

    def __init__(self, world: Json | None = None) -> None:
        self.play = Play({**WORLD, **(world or {})})
        self.plans: Counter[Key] = Counter()
        self.play.driver.on_plan = lambda plan, _changes, _snapshot: self.plans.update([plan.key])

    def put(self, kind: str, name: str, namespace: str = NAMESPACE, **members: Any) -> None:
        """Create one of our objects."""
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        self.play.cluster.create({"apiVersion": GROUP, "kind": kind, "metadata": metadata, **members})

    def run(self, seconds: float = 1800) -> None:
        """Let controller and world live."""
        self.play.driver.run(self.play.world, self.play.clock.now + timedelta(seconds=seconds))

    def forget(self) -> None:
        """Count anew."""
        self.plans.clear()
        self.play.driver.writes.clear()

    def statuses(self, kind: str) -> Counter[str]:
        """How many objects of a kind have which status."""
        return Counter(str(o.get("status", {}).get("status", "")) for o in self.play.cluster.objects(kind))
