"""The status that KServe writes on an InferenceService in raw mode (F-18 … F-23).

1. PredictorReady comes from the Deployment's conditions, later rules override earlier ones (F-20); the older line says
   Unknown during a roll-out although old pods serve.
2. Ready copies the unhappiest dependent; False beats Unknown (F-18).
3. `lastTransitionTime` moves with any change of status, reason or message (F-19). Conditions are sorted by type.
4. `observedGeneration` is the Deployment's (1.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from aimcore.simulation.actors.kserve_children import predictor_name
from aimcore.simulation.actors.stage import Json, mapping, number, part, sequence
from aimcore.simulation.settings import KServe


class Truth(NamedTuple):
    status: str
    reason: str = ""
    message: str = ""


def predictor_truth(deployment: Json | None, settings: KServe) -> Truth:
    """PredictorReady from the Deployment's conditions."""
    conditions = {c.get("type"): c for c in sequence(deployment or {}, "status", "conditions")}
    available, progressing = conditions.get("Available", {}), conditions.get("Progressing", {})
    truth = Truth("False")
    if available.get("status") == "True":
        truth = _copied("True", available)
    if progressing.get("status") == "False" and progressing.get("message"):
        truth = _copied("False", progressing)
    if progressing.get("status") == "True":
        if progressing.get("reason") == "NewReplicaSetAvailable":
            truth = _copied("True", progressing)
        elif settings.flavour == "old" or available.get("status") != "True":
            truth = _copied("Unknown", progressing)
    if available.get("status") == "False":
        truth = _copied("False", available)
    failure = conditions.get("ReplicaFailure", {})
    return _copied("False", failure) if failure.get("status") == "True" else truth


def _copied(status: str, condition: Mapping[str, Any]) -> Truth:
    return Truth(status, str(condition.get("reason", "")), str(condition.get("message", "")))


def ready_truth(*dependents: Truth) -> Truth:
    unhappy = sorted((t for t in dependents if t.status != "True"), key=lambda t: t.status != "False")
    return unhappy[0] if unhappy else Truth("True")


def merged_conditions(known: list[Any], truths: Mapping[str, Truth], now: str) -> list[Json]:
    """The condition list, sorted by type."""
    old = {c.get("type"): c for c in known}
    items = []
    for kind in sorted(truths):
        truth, was = truths[kind], old.get(kind, {})
        same = (was.get("status"), was.get("reason", ""), was.get("message", "")) == tuple(truth)
        item: Json = {"type": kind, "status": truth.status}
        item |= {"severity": "Info"} if kind == "Stopped" else {}
        item |= {"reason": truth.reason} if truth.reason else {}
        item |= {"message": truth.message} if truth.message else {}
        items.append({**item, "lastTransitionTime": was["lastTransitionTime"] if same else now})
    return items


def raw_status(
    isvc: Json, deployment: Json | None, predictor: Truth, ingress: Truth, settings: KServe, now: str
) -> Json:
    """The whole status. `deployment` None: the service is stopped."""
    name, namespace = isvc["metadata"]["name"], isvc["metadata"]["namespace"]
    known = mapping(isvc, "status")
    stopped = Truth("False") if deployment is not None else Truth("True", "Stopped")
    ready = ready_truth(predictor, ingress)
    truths = {"PredictorReady": predictor, "IngressReady": ingress, "Ready": ready, "Stopped": stopped}
    status: Json = {
        **{k: known[k] for k in ("url", "address") if k in known},
        "conditions": merged_conditions(sequence(isvc, "status", "conditions"), truths, now),
        "deploymentMode": "Standard",
        "components": {"predictor": dict(mapping(known, "components", "predictor"))},
    }
    observed = part(deployment or {}, "status", "observedGeneration")
    if observed is not None:
        status["observedGeneration"] = observed
    if predictor.status == "True":
        status["components"]["predictor"]["url"] = f"http://{predictor_name(isvc)}-{namespace}.{settings.domain}"
    if ingress.status == "True":
        status["url"] = f"http://{name}-{namespace}.{settings.domain}"
        status["address"] = {"url": f"http://{predictor_name(isvc)}.{namespace}.svc.cluster.local"}
    was_ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in sequence(known, "conditions"))
    status["modelStatus"] = _model_status(deployment, loaded=was_ready and ready.status == "True")
    return status


def _model_status(deployment: Json | None, *, loaded: bool) -> Json:
    copies = {"totalCopies": number(part(deployment or {}, "status", "readyReplicas")), "failedCopies": 0}
    if loaded:
        states = {"targetModelState": "Loaded", "activeModelState": "Loaded"}
        return {"copies": copies, "states": states, "transitionStatus": "UpToDate"}
    states = {"targetModelState": "Pending", "activeModelState": ""}
    return {"copies": copies, "states": states, "transitionStatus": "InProgress"}


def knative_status(isvc: Json, now: str) -> Json:
    """What the newer line writes for a mode that the cluster cannot serve (F-8)."""
    truths = {"PredictorReady": Truth("Unknown"), "IngressReady": Truth("Unknown"), "Ready": Truth("Unknown")}
    known = sequence(isvc, "status", "conditions")
    return {"conditions": merged_conditions(known, truths, now), "deploymentMode": "Knative"}
