"""The HPA controller: what its syncs see and do (F-50 … F-53).

1. A sync comes up to 15 s after a change. What it reads changes only with objects and settings, so it sleeps otherwise.
2. The bounds are enforced before any metric is read.
3. Two autoscalers on one workload: neither scales, both say `AmbiguousSelector`.
4. A rescale that the server refuses is told as `FailedUpdateScale`, and tried again.
5. External metrics have the value that `keda.loads` names for the ScaledObject; CPU is idle.
"""

from __future__ import annotations

import math
from datetime import timedelta

from aimcore.resource import Key
from aimcore.simulation.actors.actor import Actor
from aimcore.simulation.actors.nodes import amount
from aimcore.simulation.actors.stage import Json, is_deleting, mapping, number, part, sequence, text_of
from aimcore.simulation.errors import ApiError

_MANAGER = "kube-controller-manager"
_SOURCE = "horizontal-pod-autoscaler"


class Autoscalers(Actor):
    name = "horizontal-pod-autoscaler"
    watches = ("HorizontalPodAutoscaler", "Deployment")

    def notice(self, key: Key, old: Json | None, new: Json | None) -> None:
        if key.kind == "Deployment":
            if (
                old is None
                or new is None
                or old.get("spec") != new.get("spec")
                or old.get("status") != new.get("status")
            ):
                self._wake_for(key)
        elif old is None or new is None:
            self._wake_for(Key("Deployment", key.namespace, _target(new or old or {})))
        elif old.get("spec") != new.get("spec"):
            self._soon(key)

    def wake_all(self) -> None:
        for key in self.stage.objects.get("HorizontalPodAutoscaler", {}):
            self._soon(key)

    def act(self, key: Key) -> None:
        hpa = self.stage.at(key)
        if hpa is None or is_deleting(hpa):
            return
        deployment = self.stage.get("Deployment", key.namespace, _target(hpa))
        if deployment is None:
            why = f'deployments.apps "{_target(hpa)}" not found'
            text = f"the HPA controller was unable to get the target's current scale: {why}"
            self._write(hpa, 0, 0, [("AbleToScale", "False", "FailedGetScale", text)])
            self.stage.tell(hpa, "Warning", "FailedGetScale", text, _SOURCE, once=True)
            return
        current = number(part(deployment, "spec", "replicas"), 1)
        self._sync(hpa, deployment, current)

    def _sync(self, hpa: Json, deployment: Json, current: int) -> None:
        low, high = number(part(hpa, "spec", "minReplicas"), 1), number(part(hpa, "spec", "maxReplicas"), 1)
        able = (
            "AbleToScale",
            "True",
            "SucceededGetScale",
            "the HPA controller was able to get the target's current scale",
        )
        rivals = self._rivals(deployment)
        if len(rivals) > 1:
            names = " ".join(sorted(rivals))
            text = f"pods by selector are controlled by multiple HPAs: [{names}]"
            self._write(hpa, current, 0, [able, ("ScalingActive", "False", "AmbiguousSelector", text)])
            self.stage.tell(hpa, "Warning", "AmbiguousSelector", text, _SOURCE, once=True)
            return
        if current == 0:
            text = "scaling is disabled since the replica count of the target is zero"
            self._write(hpa, 0, 0, [able, ("ScalingActive", "False", "ScalingDisabled", text)])
            return
        bounded = min(max(current, low), high)
        if bounded != current:
            self._rescale(hpa, deployment, current, bounded, "Current number of replicas is out of bounds")
            return
        desired, failure = self._desired(hpa)
        if failure is not None:
            self._write(hpa, current, 0, [able, ("ScalingActive", "False", *failure)])
            self.stage.tell(hpa, "Warning", failure[0], failure[1], _SOURCE, once=True)
            return
        active = (
            "ScalingActive",
            "True",
            "ValidMetricFound",
            "the HPA was able to successfully calculate a replica count",
        )
        wanted = min(max(desired, low), high)
        if wanted < desired:
            limited = (
                "ScalingLimited",
                "True",
                "TooManyReplicas",
                "the desired replica count is more than the maximum replica count",
            )
        elif wanted > desired:
            limited = (
                "ScalingLimited",
                "True",
                "TooFewReplicas",
                "the desired replica count is less than the minimum replica count",
            )
        else:
            limited = (
                "ScalingLimited",
                "False",
                "DesiredWithinRange",
                "the desired count is within the acceptable range",
            )
        if wanted != current:
            self._rescale(hpa, deployment, current, wanted, "external metric", active, limited)
            return
        ready = ("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size")
        self._write(hpa, current, wanted, [ready, active, limited])

    def _desired(self, hpa: Json) -> tuple[int, tuple[str, str] | None]:
        """The largest wish of all metrics, or why it cannot be known."""
        wishes: list[int] = []
        for metric in sequence(hpa, "spec", "metrics"):
            if metric.get("type") == "External":
                name = part(metric, "external", "metric", "selector", "matchLabels", "scaledobject.keda.sh/name")
                if not self.settings.keda.running or not self.settings.keda.scaler_reachable:
                    text = "unable to get external metric: no matching metrics found"
                    return 0, ("FailedGetExternalMetric", f"the HPA was unable to compute the replica count: {text}")
                target = amount(part(metric, "external", "target", "averageValue") or 1)
                load = self.settings.keda.loads.get(f"{hpa['metadata']['namespace']}/{name}", 0.0)
                wishes.append(math.ceil(load / float(target or 1)))
            else:
                wishes.append(1)
        if not wishes:
            return 0, ("InvalidMetricSourceType", "the HPA has no metrics")
        return max(wishes), None

    def _rescale(
        self, hpa: Json, deployment: Json, current: int, wanted: int, why: str, *more: tuple[str, str, str, str]
    ) -> None:
        try:
            self.stage.merge(deployment, {"spec": {"replicas": wanted}}, _MANAGER)
        except ApiError as error:
            text = f"the HPA controller was unable to update the target scale: {error.message}"
            self._write(hpa, current, wanted, [("AbleToScale", "False", "FailedUpdateScale", text), *more])
            told = f"New size: {wanted}; reason: {why}; error: {error.message}"
            self.stage.tell(hpa, "Warning", "FailedRescale", told, _SOURCE, once=True)
            raise
        text = f"the HPA controller was able to update the target scale to {wanted}"
        self._write(hpa, current, wanted, [("AbleToScale", "True", "SucceededRescale", text), *more], scaled=True)
        self.stage.tell(hpa, "Normal", "SuccessfulRescale", f"New size: {wanted}; reason: {why}", _SOURCE)

    def _rivals(self, deployment: Json) -> list[str]:
        namespace, name = deployment["metadata"]["namespace"], deployment["metadata"]["name"]
        return [
            f"{namespace}/{h['metadata']['name']}"
            for h in self.stage.in_namespace(namespace, "HorizontalPodAutoscaler")
            if _target(h) == name and not is_deleting(h)
        ]

    def _write(
        self, hpa: Json, current: int, desired: int, truths: list[tuple[str, str, str, str]], *, scaled: bool = False
    ) -> None:
        now = text_of(self.now)
        known = {c.get("type"): c for c in sequence(hpa, "status", "conditions")}
        conditions = []
        for kind, truth, reason, message in truths:
            was = known.get(kind, {})
            since = was.get("lastTransitionTime", now) if was.get("status") == truth else now
            conditions.append(
                {"type": kind, "status": truth, "reason": reason, "message": message, "lastTransitionTime": since}
            )
        status: Json = {
            "currentReplicas": current,
            "desiredReplicas": desired,
            "conditions": conditions,
        }
        last = now if scaled else part(hpa, "status", "lastScaleTime")
        if last is not None:
            status["lastScaleTime"] = last
        self.stage.set_status(hpa, status, _MANAGER)

    def _wake_for(self, deployment: Key) -> None:
        for hpa in self.stage.in_namespace(deployment.namespace, "HorizontalPodAutoscaler"):
            if _target(hpa) == deployment.name:
                self._soon(Key("HorizontalPodAutoscaler", deployment.namespace, hpa["metadata"]["name"]))

    def _soon(self, key: Key) -> None:
        self.wake_at(key, self.now + timedelta(seconds=self.settings.delays.hpa))


def _target(hpa: Json) -> str:
    return str(mapping(hpa, "spec", "scaleTargetRef").get("name", ""))
