"""Quantities and nodes: what a pool's nodes look like, which node a pod fits on.

Own code on purpose: the simulation shares no quantity parser with the planner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from aimcore.simulation.actors.stage import NONE, Json, mapping, part, sequence
from aimcore.simulation.settings import NodePool

_UNITS = {
    "": Decimal(1), "m": Decimal("0.001"), "u": Decimal("1e-6"), "n": Decimal("1e-9"),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15),
    "E": Decimal(10**18), "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40),
    "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip
_QUANTITY = re.compile(r"([+-]?[0-9.]{1,64})(?:[eE]([+-]?[0-9]{1,3})|([numkMGTPE]?|[KMGTPE]i))")
REASON_AFFINITY = "node(s) didn't match Pod's node affinity/selector"


def amount(value: object) -> Decimal:
    """The number behind a quantity; 0 for what is none."""
    if isinstance(value, int) and value.bit_length() > 256:
        return Decimal(0)
    match = _QUANTITY.fullmatch(str(value))
    if match is None:
        return Decimal(0)
    try:
        digits = Decimal(match[1])
    except ArithmeticError:
        return Decimal(0)
    return digits.scaleb(int(match[2])) if match[2] else digits * _UNITS[match[3] or ""]


def desired_nodes(pools: tuple[NodePool, ...]) -> list[Json]:
    """The Node objects of all pools."""
    return [_node(pool, f"{pool.name}-{i}") for pool in pools for i in range(pool.count)]


def _node(pool: NodePool, name: str) -> Json:
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    resources = {"cpu": pool.cpu, "memory": pool.memory, "pods": "250"}
    if pool.gpus:
        labels |= {"amd.com/gpu.device-id": pool.device_id, "amd.com/gpu.vram": pool.vram}
        resources["amd.com/gpu"] = str(pool.gpus)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {**labels, **pool.labels}},
        "spec": {},
        "status": {
            "capacity": resources,
            "allocatable": dict(resources),
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is ready"}
            ],
        },
    }


def requests_of(pod: Json) -> dict[str, Decimal]:
    """What a pod asks for; a limit without a request counts as one."""
    total: dict[str, Decimal] = {"pods": Decimal(1)}
    for container in sequence(pod, "spec", "containers"):
        wanted = {**mapping(container, "resources", "limits"), **mapping(container, "resources", "requests")}
        for resource, quantity in wanted.items():
            total[resource] = total.get(resource, Decimal(0)) + amount(quantity)
    return total


def selects(pod: Json, labels: Mapping[str, Any]) -> bool:
    """Whether node selector and required node affinity of a pod let it onto a node with these labels."""
    if any(labels.get(k) != v for k, v in mapping(pod, "spec", "nodeSelector").items()):
        return False
    required = ("spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    if not mapping(pod, *required):
        return True
    return any(_term_holds(term, labels) for term in sequence(pod, *required, "nodeSelectorTerms"))


def _term_holds(term: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    expressions = sequence(term, "matchExpressions")
    return bool(expressions) and all(_holds(expression, labels) for expression in expressions)


def _holds(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, values = str(expression.get("key")), expression.get("values") or []
    match expression.get("operator"):
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return labels.get(key) not in values if key in labels else True
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case "Gt" | "Lt" as operator:
            have, bound = amount(labels.get(key)), amount(values[0] if values else None)
            return key in labels and (have > bound if operator == "Gt" else have < bound)
        case _:
            return False


def allocatable(node: Json) -> Mapping[str, Any]:
    return mapping(node, "status", "allocatable")


def labels_of(obj: Json) -> Mapping[str, Any]:
    labels = part(obj, "metadata", "labels")
    return labels if isinstance(labels, Mapping) else NONE
