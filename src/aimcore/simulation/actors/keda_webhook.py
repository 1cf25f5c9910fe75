"""KEDA's admission of ScaledObjects (F-38, F-39): the first violated rule is the message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from aimcore.simulation.actors.keda import hpa_name_of
from aimcore.simulation.actors.stage import Json, is_deleting, mapping, number, part, sequence
from aimcore.simulation.settings import Keda

VALIDATOR = "vscaledobject.kb.io"
OWNERSHIP_ANNOTATION = "validations.keda.sh/hpa-ownership"
TRANSFER_ANNOTATION = "scaledobject.keda.sh/transfer-hpa-ownership"
Find = Callable[[str, str], Iterable[Json]]


def refusal(new: Json, old: Json | None, find: Find, settings: Keda) -> str | None:
    """Why the webhook refuses, None if it does not. `find(kind, namespace)` lists what is stored.

    A write that leaves the spec alone, such as the removal of a finalizer, is not looked at.
    """
    if is_deleting(new) or (old is not None and old.get("spec") == new.get("spec")):
        return None
    found = [*_bad_names(new, settings), *_bad_counts(new), *_bad_triggers(new), *_rivals(new, find)]
    return found[0] if found else None


def _target(scaled: Json) -> tuple[str, str]:
    reference = mapping(scaled, "spec", "scaleTargetRef")
    return str(reference.get("kind") or "Deployment"), str(reference.get("name"))


def _bad_names(new: Json, settings: Keda) -> Iterator[str]:
    if settings.version != "2.20":
        return
    name, hpa = str(new["metadata"]["name"]), hpa_name_of(new)
    if len(name) > 63:
        yield f'scaledobject name "{name}" is {len(name)} characters long; it must be no more than 63 characters'
    if len(hpa) > 63:
        yield (
            f'HPA name "{hpa}" derived from scaledobject is {len(hpa)} characters long; it must be no more than 63 '
            "characters"
        )


def _bad_counts(new: Json) -> Iterator[str]:
    low, high = number(part(new, "spec", "minReplicaCount")), number(part(new, "spec", "maxReplicaCount"), 100)
    idle = part(new, "spec", "idleReplicaCount")
    if low > high:
        yield f"MinReplicaCount={low} must be less than MaxReplicaCount={high}"
    if isinstance(idle, int) and idle >= low:
        yield f"IdleReplicaCount={idle} must be less than MinReplicaCount={low}"


def _bad_triggers(new: Json) -> Iterator[str]:
    triggers = sequence(new, "spec", "triggers")
    if not triggers:
        yield "no triggers defined in the ScaledObject/ScaledJob"
        return
    names = [t["name"] for t in triggers if t.get("name")]
    for name in names:
        if names.count(name) > 1:
            yield f'triggerName "{name}" is defined multiple times in the ScaledObject, but it must be unique'
    if all(t.get("type") in ("cpu", "memory") for t in triggers):
        if number(part(new, "spec", "minReplicaCount")) == 0:
            yield "scaledobject has only cpu/memory triggers AND minReplica is 0 (scale to zero doesn't work then)"
        if part(new, "spec", "fallback"):
            yield "at least one trigger (that is not cpu or memory) has to have the AverageValue type for the fallback"


def _rivals(new: Json, find: Find) -> Iterator[str]:
    namespace, name = new["metadata"]["namespace"], new["metadata"]["name"]
    kind, target = _target(new)
    workload = f"'{target}' of type 'apps/v1.{kind}'"
    for other in find("ScaledObject", namespace):
        if other["metadata"]["name"] == name:
            continue
        if _target(other) == (kind, target):
            yield f"the workload {workload} is already managed by the ScaledObject '{other['metadata']['name']}'"
        if hpa_name_of(other) == hpa_name_of(new):
            yield f"the HPA '{hpa_name_of(new)}' is already managed by the ScaledObject '{other['metadata']['name']}'"
    for hpa in find("HorizontalPodAutoscaler", namespace):
        if (
            _target(hpa) != (kind, target)
            or mapping(hpa, "metadata", "annotations").get(OWNERSHIP_ANNOTATION) == "false"
        ):
            continue
        owners = [(o.get("kind"), o.get("name")) for o in sequence(hpa, "metadata", "ownerReferences")]
        if ("ScaledObject", name) in owners:
            continue
        taken = hpa["metadata"]["name"]
        if mapping(new, "metadata", "annotations").get(TRANSFER_ANNOTATION) == "true":
            if hpa_name_of(new) != taken:
                yield (
                    f"the existing hpa '{taken}' for workload {workload} must be specified by name in advanced "
                    "settings to enable ownership transfer"
                )
        else:
            yield f"the workload {workload} is already managed by the hpa '{taken}'"
