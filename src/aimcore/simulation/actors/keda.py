"""KEDA: from ScaledObjects to HPAs (F-40 … F-49).

1. It wakes on spec changes, on its pause annotations, and on deletion or edits of its HPA, which it reverts (F-41).
2. It adds its finalizer and label by PUT. Conditions are plain items without times (F-42).
3. Paused: the HPA is deleted and the replicas stay (F-44). With an unreachable scaler no HPA is made (F-43).
4. The HPA carries all labels of the ScaledObject over its own (F-48).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aimcore.resource import Key
from aimcore.simulation.actors.actor import Actor
from aimcore.simulation.actors.stage import (
    Json,
    api_version,
    controller_of,
    is_deleting,
    key_of,
    mapping,
    number,
    part,
    sequence,
    written_number,
)

FINALIZER = "finalizer.keda.sh"
NAME_LABEL = "scaledobject.keda.sh/name"
PAUSED = "autoscaling.keda.sh/paused"
PAUSED_REPLICAS = "autoscaling.keda.sh/paused-replicas"
_PAUSES = (PAUSED, PAUSED_REPLICAS)
_MANAGER = "keda"
_SOURCE = "keda-operator"
_READY_TEXT = "ScaledObject is defined correctly and is ready for scaling"


def hpa_name_of(scaled_object: Json) -> str:
    configured = part(scaled_object, "spec", "advanced", "horizontalPodAutoscalerConfig", "name")
    return str(configured or f"keda-hpa-{scaled_object['metadata']['name']}")


def is_paused(scaled_object: Json) -> bool:
    """Any text that is no boolean counts as true; paused-replicas pauses by its presence."""
    annotations = mapping(scaled_object, "metadata", "annotations")
    return PAUSED_REPLICAS in annotations or (
        PAUSED in annotations and annotations[PAUSED] not in ("false", "False", "0")
    )


class Keda(Actor):
    name = "keda"
    watches = ("ScaledObject", "HorizontalPodAutoscaler", "Deployment")

    @property
    def is_running(self) -> bool:
        return self.settings.keda.running

    def notice(self, key: Key, old: Json | None, new: Json | None) -> None:
        match key.kind:
            case "ScaledObject":
                if old is None or new is None or _fingerprint(old) != _fingerprint(new):
                    self._soon(key)
            case "HorizontalPodAutoscaler":
                owner = controller_of(new or old or {"metadata": {}})
                edited = old is None or new is None or old.get("spec") != new.get("spec")
                if owner.get("kind") == "ScaledObject" and edited:
                    self._soon(Key("ScaledObject", key.namespace, str(owner["name"])))
            case _:
                if old is None or new is None:
                    for scaled in self.stage.in_namespace(key.namespace, "ScaledObject"):
                        if part(scaled, "spec", "scaleTargetRef", "name") == key.name:
                            self._soon(key_of(scaled))

    def wake_all(self) -> None:
        for key in self.stage.objects.get("ScaledObject", {}):
            self._soon(key)

    def _soon(self, key: Key) -> None:
        self.wake_at(key, self.now + timedelta(seconds=self.settings.delays.keda))

    def act(self, key: Key) -> None:
        scaled = self.stage.at(key)
        if scaled is None:
            return
        if is_deleting(scaled):
            self.stage.tell(scaled, "Warning", "ScaledObjectDeleted", "ScaledObject was deleted", _SOURCE, series=True)
            self.stage.drop_finalizer(scaled, FINALIZER, _MANAGER)
            return
        scaled = self._marked(scaled)
        if is_paused(scaled):
            self._pause(scaled)
            return
        trouble = self._trouble(scaled)
        if trouble is None:
            hpa = self._hpa(scaled)
            trouble = self._put(hpa)
        self._report(scaled, trouble)

    def _marked(self, scaled: Json) -> Json:
        metadata = scaled["metadata"]
        finalizers = metadata.get("finalizers", [])
        labels = mapping(scaled, "metadata", "labels")
        if FINALIZER in finalizers and labels.get(NAME_LABEL) == metadata["name"]:
            return scaled
        marked = {
            **metadata,
            "finalizers": [*finalizers, *([] if FINALIZER in finalizers else [FINALIZER])],
            "labels": {**labels, NAME_LABEL: metadata["name"]},
        }
        return self.stage.replace({**scaled, "metadata": marked}, _MANAGER)

    # ---- what may be wrong ------------------------------------------------------------------------------------------
    def _trouble(self, scaled: Json) -> str | None:
        name, namespace = scaled["metadata"]["name"], scaled["metadata"]["namespace"]
        target = part(scaled, "spec", "scaleTargetRef", "name")
        if self.stage.get("Deployment", namespace, str(target)) is None:
            step = "ScaledObject doesn't have correct scaleTargetRef specification"
            return f'{step}: target deployments.apps "{target}" not found'
        if not sequence(scaled, "spec", "triggers"):
            step = "ScaledObject doesn't have correct triggers specification"
            return f"{step}: no triggers defined in the ScaledObject/ScaledJob"
        known = self.stage.get("HorizontalPodAutoscaler", namespace, hpa_name_of(scaled))
        if self._needs_scaler(scaled) and not self._scaler_answers() and known is None:
            step = "failed to ensure HPA is correctly created for ScaledObject"
            return f"{step}: no metric specs returned from scalers for ScaledObject {namespace}/{name}"
        return None

    @staticmethod
    def _needs_scaler(scaled: Json) -> bool:
        return all(t.get("type") not in ("cpu", "memory") for t in sequence(scaled, "spec", "triggers"))

    def _scaler_answers(self) -> bool:
        return self.settings.keda.scaler_reachable or self.settings.keda.version != "2.20"

    # ---- the HPA ----------------------------------------------------------------------------------------------------
    def _hpa(self, scaled: Json) -> Json:
        metadata = scaled["metadata"]
        name = hpa_name_of(scaled)
        owner = {
            "apiVersion": api_version("ScaledObject"), "kind": "ScaledObject", "name": metadata["name"],
            "uid": metadata["uid"], "controller": True, "blockOwnerDeletion": True,
        }  # fmt: skip
        labels = {
            "app.kubernetes.io/name": name,
            "app.kubernetes.io/version": f"{self.settings.keda.version}.0",
            "app.kubernetes.io/part-of": metadata["name"],
            "app.kubernetes.io/managed-by": "keda-operator",
            **mapping(scaled, "metadata", "labels"),
        }
        spec: Json = {
            "scaleTargetRef": {
                "apiVersion": "apps/v1", "kind": "Deployment", "name": part(scaled, "spec", "scaleTargetRef", "name"),
            },
            "minReplicas": max(number(part(scaled, "spec", "minReplicaCount")), 1),
            "maxReplicas": number(part(scaled, "spec", "maxReplicaCount"), 100),
            "metrics": sorted(self._metrics(scaled), key=lambda m: str(m["type"])),
        }  # fmt: skip
        behavior = part(scaled, "spec", "advanced", "horizontalPodAutoscalerConfig", "behavior")
        if behavior:
            spec["behavior"] = behavior
        return {
            "apiVersion": api_version("HorizontalPodAutoscaler"),
            "kind": "HorizontalPodAutoscaler",
            "metadata": {
                "name": name,
                "namespace": metadata["namespace"],
                "labels": labels,
                "annotations": dict(mapping(scaled, "metadata", "annotations")),
                "ownerReferences": [owner],
            },
            "spec": spec,
        }

    def _metrics(self, scaled: Json) -> list[Json]:
        if (
            self._needs_scaler(scaled)
            and not self.settings.keda.scaler_reachable
            and self.settings.keda.version != "2.20"
        ):
            cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
            return [{"type": "Resource", "resource": cpu}]  # an HPA without metrics is defaulted by the server (F-43)
        return [_metric(scaled, i, trigger) for i, trigger in enumerate(sequence(scaled, "spec", "triggers"))]

    def _put(self, wanted: Json) -> str | None:
        """Create or correct the HPA. Answers with what is wrong with the name, if it is somebody else's."""
        namespace, name = wanted["metadata"]["namespace"], wanted["metadata"]["name"]
        live = self.stage.get("HorizontalPodAutoscaler", namespace, name)
        if live is None:
            self.stage.create(wanted, _MANAGER)
            return None
        if controller_of(live).get("uid") != controller_of(wanted)["uid"]:
            step = "failed to ensure HPA is correctly created for ScaledObject"
            return f'{step}: the HPA "{name}" is not owned by this ScaledObject'
        differs = any(
            live["metadata"].get(m, {}) != wanted["metadata"].get(m, {}) for m in ("labels", "annotations")
        ) or any(live["spec"].get(k) != v for k, v in wanted["spec"].items())
        if differs and not is_deleting(live):
            metadata = {**live["metadata"], **{m: wanted["metadata"][m] for m in ("labels", "annotations")}}
            self.stage.replace({**live, "metadata": metadata, "spec": {**live["spec"], **wanted["spec"]}}, _MANAGER)
        return None

    # ---- status -----------------------------------------------------------------------------------------------------
    def _pause(self, scaled: Json) -> None:
        namespace = scaled["metadata"]["namespace"]
        hpa = self.stage.get("HorizontalPodAutoscaler", namespace, hpa_name_of(scaled))
        if hpa is not None and controller_of(hpa).get("uid") == scaled["metadata"]["uid"]:
            self.stage.delete(hpa)
        wanted = written_number(part(scaled, "metadata", "annotations", PAUSED_REPLICAS))
        deployment = self.stage.get("Deployment", namespace, str(part(scaled, "spec", "scaleTargetRef", "name")))
        if deployment is not None and wanted is not None and part(deployment, "spec", "replicas") != wanted:
            self.stage.merge(deployment, {"spec": {"replicas": wanted}}, _MANAGER)
        paused = ("Paused", "True", "ScaledObjectPaused", "ScaledObject is paused")
        ready = ("Ready", "True", "ScaledObjectReady", "ScaledObject is paused")
        self._write(scaled, ready, ("Active", "Unknown", "", ""), paused)

    def _report(self, scaled: Json, trouble: str | None) -> None:
        was_paused = any(
            c.get("type") == "Paused" and c.get("reason") for c in sequence(scaled, "status", "conditions")
        )
        paused = (
            "Paused",
            "False",
            *(("ScaledObjectUnpaused", "pause annotation removed for ScaledObject") if was_paused else ("", "")),
        )
        if trouble is not None:
            self.stage.tell(scaled, "Warning", "ScaledObjectCheckFailed", trouble, _SOURCE, series=True, once=True)
            unknown = ("Active", "Unknown", "UnknownState", "ScaledObject check failed")
            self._write(scaled, ("Ready", "False", "ScaledObjectCheckFailed", trouble), unknown, paused)
            return
        if self._needs_scaler(scaled) and not self.settings.keda.scaler_reachable:
            text = "Triggers defined in ScaledObject are not working correctly"
            unknown = ("Active", "Unknown", "UnknownState", "scaler does not answer")
            self._write(scaled, ("Ready", "False", "TriggerError", text), unknown, paused)
            return
        place = f"{scaled['metadata']['namespace']}/{scaled['metadata']['name']}"
        active = ("Active", "True", "ScalerActive", "Scaling is performed because triggers are active")
        if not self.settings.keda.loads.get(place, 0.0):
            active = ("Active", "False", "ScalerNotActive", "Scaling is not performed because triggers are not active")
        self._write(scaled, ("Ready", "True", "ScaledObjectReady", _READY_TEXT), active, paused)
        self.stage.tell(scaled, "Normal", "ScaledObjectReady", _READY_TEXT, _SOURCE, series=True, once=True)

    def _write(self, scaled: Json, *truths: tuple[str, str, str, str]) -> None:
        fallback = ("Fallback", "False", "NoFallbackFound", "No fallbacks are active on this scaled object")
        if truths[0][1] != "True":
            fallback = ("Fallback", "Unknown", "", "")
        ready, active, paused = truths
        conditions = [
            {"type": t, "status": s, **({"reason": r} if r else {}), **({"message": m} if m else {})}
            for t, s, r, m in (ready, active, fallback, paused)
        ]
        target = self.stage.get(
            "Deployment", scaled["metadata"]["namespace"], str(part(scaled, "spec", "scaleTargetRef", "name"))
        )
        status: Json = {**mapping(scaled, "status"), "conditions": conditions}
        if ready[1] == "True" or ready[2] == "TriggerError":
            status["hpaName"] = hpa_name_of(scaled)
            status["scaleTargetKind"] = "apps/v1.Deployment"
            status["scaleTargetGVKR"] = {
                "group": "apps", "kind": "Deployment", "resource": "deployments", "version": "v1",
            }  # fmt: skip
            if target is not None:
                status.setdefault("originalReplicaCount", number(part(target, "spec", "replicas"), 1))
            names = [part(m, "external", "metric", "name") for m in self._metrics(scaled)]
            status["externalMetricNames"] = [n for n in names if n]
            status["triggersTypes"] = ",".join(str(t.get("type")) for t in sequence(scaled, "spec", "triggers"))
        self.stage.set_status(scaled, status, _MANAGER)


def _fingerprint(scaled: Json) -> tuple[Any, ...]:
    """What wakes KEDA: the generation, its annotations, and the deletion."""
    annotations = mapping(scaled, "metadata", "annotations")
    return (
        scaled["metadata"].get("generation"),
        tuple(annotations.get(a) for a in _PAUSES),
        is_deleting(scaled),
    )


def _metric(scaled: Json, index: int, trigger: Mapping[str, Any]) -> Json:
    metadata = mapping(trigger, "metadata")
    kind = trigger.get("type")
    if kind in ("cpu", "memory"):
        value = str(metadata.get("value", "0"))
        target: Json = {"type": trigger.get("metricType") or "Utilization"}
        percent = written_number(value)
        target["averageUtilization" if target["type"] == "Utilization" else "averageValue"] = (
            percent if target["type"] == "Utilization" and percent is not None else value
        )
        return {"type": "Resource", "resource": {"name": kind, "target": target}}
    value = str(metadata.get("targetValue") or metadata.get("threshold") or "0")
    kind_of_target = str(trigger.get("metricType") or "AverageValue")
    target = {"type": kind_of_target, "averageValue" if kind_of_target == "AverageValue" else "value": value}
    return {
        "type": "External",
        "external": {
            "metric": {
                "name": f"s{index}-{metadata.get('metricName', 'metric')}",
                "selector": {"matchLabels": {NAME_LABEL: scaled["metadata"]["name"]}},
            },
            "target": target,
        },
    }
