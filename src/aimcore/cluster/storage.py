"""Narrow readings of claims, jobs and pods, as far as caches and discovery look at them. All readers are total."""

from __future__ import annotations

from dataclasses import dataclass

from aimcore.cluster.reading import objects, text
from aimcore.resource import Resource


@dataclass(frozen=True, slots=True)
class Claim:
    """A PersistentVolumeClaim. `requested` is `spec.resources.requests.storage`, `created` an RFC 3339 text."""

    name: str
    uid: str
    phase: str
    requested: str
    created: str
    is_deleting: bool


def read_claim(resource: Resource) -> Claim:
    """The reading of a PersistentVolumeClaim."""
    return Claim(
        name=resource.name,
        uid=resource.uid,
        phase=text(resource.status, "phase"),
        requested=text(resource.spec, "resources", "requests", "storage"),
        created=resource.created,
        is_deleting=resource.is_deleting,
    )


@dataclass(frozen=True, slots=True)
class JobReading:
    """A Job. `outcome` is "Complete" or "Failed" (the first such condition that is True), "" while it runs."""

    name: str
    uid: str
    outcome: str
    reason: str
    message: str
    created: str

    @property
    def is_complete(self) -> bool:
        return self.outcome == "Complete"

    @property
    def is_failed(self) -> bool:
        return self.outcome == "Failed"

    @property
    def is_finished(self) -> bool:
        return bool(self.outcome)


def read_job(resource: Resource) -> JobReading:
    """The reading of a Job (J-7: finished means a True Complete or Failed condition)."""
    final = next(
        (
            c
            for c in objects(resource.status, "conditions")
            if c.get("type") in ("Complete", "Failed") and c.get("status") == "True"
        ),
        None,
    )
    return JobReading(
        name=resource.name,
        uid=resource.uid,
        outcome=text(final, "type"),
        reason=text(final, "reason"),
        message=text(final, "message"),
        created=resource.created,
    )


def phase_of(pod: Resource) -> str:
    """`status.phase` of a pod, "" if it has none."""
    return text(pod.status, "phase")


def pod_in_phase(pods: tuple[Resource, ...], *phases: str) -> Resource | None:
    """The first pod in one of these phases."""
    return next((p for p in pods if phase_of(p) in phases), None)
