"""KServe's controller of InferenceServices in raw mode.

1. Children come in a fixed order: Service, collector, Deployment, autoscaler, ingress (F-14). A failure stops the rest
   with an event `InternalError` and, on the newer line, PredictorReady=False `ReconcileFailed` (F-17).
2. An update of the Deployment is decided by comparing specs after a dry-run PUT; a patch drops foreign metadata
   (F-10, F-11). A ScaledObject is replaced whole, metadata included (F-29), and comes back when deleted (F-32).
3. Class `none` owns the replicas; leaving a class leaves its objects behind as F-31 says.
4. It wakes on the InferenceService, owned Deployments and Services, and on creation, deletion and spec changes of owned
   ScaledObjects; never on HPAs (F-24).
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from aimcore.resource import Key
from aimcore.simulation.actors.actor import Actor
from aimcore.simulation.actors.kserve_children import (
    autoscaler_class,
    desired_autoscaler,
    desired_deployment,
    desired_routes,
    desired_scaled_object,
    desired_service,
    metrics_of,
    predictor_name,
)
from aimcore.simulation.actors.kserve_status import (
    Truth,
    knative_status,
    merged_conditions,
    predictor_truth,
    raw_status,
    ready_truth,
)
from aimcore.simulation.actors.stage import (
    NONE,
    Json,
    Stage,
    controller_of,
    is_deleting,
    key_of,
    mapping,
    part,
    sequence,
    text_of,
)
from aimcore.simulation.errors import ApiError

FINALIZER = "inferenceservice.finalizers"
_MANAGER = "manager"
_SOURCE = "v1beta1Controllers"


class ReconcileError(Exception):
    """A step of KServe's reconcile failed; the message goes into the event."""


class KServeController(Actor):
    name = "kserve"
    watches = ("InferenceService", "Deployment", "Service", "ScaledObject", "HTTPRoute")

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._compared: dict[Key, tuple[str, object]] = {}
        self._failed: dict[Key, int] = {}

    @property
    def is_running(self) -> bool:
        return self.settings.kserve.running

    def notice(self, key: Key, old: Json | None, new: Json | None) -> None:
        if key.kind == "InferenceService":
            self._soon(key)
            return
        owner = controller_of(new or old or {"metadata": {}})
        if owner.get("kind") != "InferenceService":
            return
        if key.kind != "ScaledObject" or old is None or new is None or old.get("spec") != new.get("spec"):
            self._soon(Key("InferenceService", key.namespace, str(owner["name"])))

    def wake_all(self) -> None:
        for key in self.stage.objects.get("InferenceService", {}):
            self._soon(key)

    def _soon(self, key: Key) -> None:
        self.wake_at(key, self.now + timedelta(seconds=self.settings.delays.kserve))

    # ---- reconcile --------------------------------------------------------------------------------------------------
    def act(self, key: Key) -> None:
        isvc = self.stage.at(key)
        if isvc is None:
            self._compared.pop(key, None)
            self._failed.pop(key, None)
            return
        finalizers = isvc["metadata"].get("finalizers", [])
        if is_deleting(isvc):
            self.stage.drop_finalizer(isvc, FINALIZER, _MANAGER)
            return
        if FINALIZER not in finalizers:
            isvc = self.stage.merge(isvc, {"metadata": {"finalizers": [*finalizers, FINALIZER]}}, _MANAGER)
        if self._mode(isvc) == "Knative":
            self._refuse_knative(isvc)
            return
        try:
            deployment = self._reconcile(isvc)
        except ReconcileError as error:
            self._fail(key, isvc, str(error))
            return
        except ApiError as error:
            self._fail(key, isvc, error.message)
            return
        self._failed.pop(key, None)
        self._report(isvc, deployment)

    def _mode(self, isvc: Json) -> str:
        wanted = part(isvc, "status", "deploymentMode") or part(
            isvc, "metadata", "annotations", "serving.kserve.io/deploymentMode"
        )
        legacy = {"RawDeployment": "Standard", "Serverless": "Knative"}
        mode = str(wanted or self.settings.kserve.default_mode)
        return legacy.get(mode, mode)

    def _refuse_knative(self, isvc: Json) -> None:
        text = "It is not possible to use Knative deployment mode when Knative Services are not available"
        self.stage.tell(isvc, "Warning", "ServerlessModeRejected", text, _SOURCE, once=True)
        if self.settings.kserve.flavour == "new":
            self.stage.set_status(isvc, knative_status(isvc, text_of(self.now)), _MANAGER)

    def _reconcile(self, isvc: Json) -> Json | None:
        """Bring the children in line. Answers with the Deployment, None when the service is stopped."""
        if part(isvc, "metadata", "annotations", "serving.kserve.io/stop") == "true":
            self._stop(isvc)
            return None
        self._check_domain(isvc)
        if self._live(isvc, "Service") is None:
            self.stage.create(desired_service(isvc), _MANAGER)
        self._check_collector(isvc)
        deployment = self._reconcile_deployment(isvc)
        self._reconcile_autoscaler(isvc)
        if self.settings.kserve.gateway_api and predictor_truth(deployment, self.settings.kserve).status == "True":
            for route in desired_routes(isvc, self.settings.kserve):
                self._put(route, self.stage.at(key_of(route)))
        return deployment

    def _stop(self, isvc: Json) -> None:
        for kind in ("ScaledObject", "Deployment", "Service"):
            live = self._live(isvc, kind)
            if live is not None and controller_of(live).get("uid") == isvc["metadata"]["uid"]:
                self.stage.delete(live)

    def _live(self, isvc: Json, kind: str) -> Json | None:
        return self.stage.get(kind, isvc["metadata"]["namespace"], predictor_name(isvc))

    def _check_domain(self, isvc: Json) -> None:
        name, namespace = isvc["metadata"]["name"], isvc["metadata"]["namespace"]
        label = f"{name}-predictor-{namespace}"
        if len(label) > 63:
            raise ReconcileError(f'invalid domain name "{label}": a DNS label must be no more than 63 characters')

    def _check_collector(self, isvc: Json) -> None:
        wanted = any(part(m, "podmetric", "metric", "metricNames") for m in metrics_of(isvc))
        if wanted and not self.settings.kserve.collector_installed:
            raise ReconcileError('no matches for kind "OpenTelemetryCollector" in version "opentelemetry.io/v1beta1"')

    def _reconcile_deployment(self, isvc: Json) -> Json:
        live = self._live(isvc, "Deployment")
        wanted = desired_deployment(isvc, self.settings.kserve, live)
        if live is None:
            return self.stage.create(wanted, _MANAGER)
        key = key_of(live)
        fingerprint = json.dumps(wanted["spec"], sort_keys=True), live["metadata"].get("generation")
        if self._compared.get(key) == fingerprint:
            return live
        with_version = {
            **wanted,
            "metadata": {**wanted["metadata"], "resourceVersion": live["metadata"]["resourceVersion"]},
        }
        dry = self.stage.cluster.update(with_version, manager=_MANAGER, dry_run=True).object
        if dry["spec"] != live["spec"]:
            live = self.stage.replace(with_version, _MANAGER)
        self._compared[key] = fingerprint[0], live["metadata"].get("generation")
        return live

    # ---- autoscaling ------------------------------------------------------------------------------------------------
    def _reconcile_autoscaler(self, isvc: Json) -> None:
        match autoscaler_class(isvc):
            case "none" | "external":
                hpa = self._live(isvc, "HorizontalPodAutoscaler")
                if hpa is not None and controller_of(hpa).get("kind") == "InferenceService":
                    self.stage.delete(hpa)
                elif hpa is not None:  # somebody else's is not deleted but overwritten (F-35)
                    self._put({**desired_autoscaler(isvc), "metadata": hpa["metadata"]}, hpa)
            case "keda":
                self._reconcile_scaled_object(isvc)
            case _:
                self._put(desired_autoscaler(isvc), self._live(isvc, "HorizontalPodAutoscaler"))

    def _reconcile_scaled_object(self, isvc: Json) -> None:
        if not self.stage.serves("ScaledObject"):
            raise ReconcileError('no matches for kind "ScaledObject" in version "keda.sh/v1alpha1"')
        live = self._live(isvc, "ScaledObject")
        if live is not None and is_deleting(live):
            return
        self._put(desired_scaled_object(isvc), live)

    def _put(self, wanted: Json, live: Json | None) -> None:
        """Create, or compare specs after a dry-run PUT and replace the whole object (F-29)."""
        if live is None:
            self.stage.create(wanted, _MANAGER)
            return
        metadata = {**wanted["metadata"], "resourceVersion": live["metadata"]["resourceVersion"]}
        whole = {**wanted, "metadata": metadata}
        dry = self.stage.cluster.update(whole, manager=_MANAGER, dry_run=True).object
        if dry["spec"] != live["spec"]:
            self.stage.replace(whole, _MANAGER)

    # ---- status -----------------------------------------------------------------------------------------------------
    def _report(self, isvc: Json, deployment: Json | None) -> None:
        settings = self.settings.kserve
        predictor = predictor_truth(deployment, settings) if deployment is not None else Truth("False", "Stopped")
        ingress = self._ingress(isvc, predictor)
        was = _ready(isvc)
        done = self.stage.set_status(
            isvc, raw_status(isvc, deployment, predictor, ingress, settings, text_of(self.now)), _MANAGER
        )
        now = _ready(done)
        if now == "True" and was != "True":
            text = f"InferenceService [{isvc['metadata']['name']}] is Ready"
            self.stage.tell(done, "Normal", "InferenceServiceReady", text, _SOURCE)
        elif was == "True" and now == "False":
            text = f"InferenceService [{isvc['metadata']['name']}] is no longer Ready"
            self.stage.tell(done, "Warning", "InferenceServiceNotReady", text, _SOURCE)

    def _ingress(self, isvc: Json, predictor: Truth) -> Truth:
        settings = self.settings.kserve
        if not settings.ingress and not settings.gateway_api:
            return Truth("True")
        if predictor.status != "True":
            return Truth("False", "Predictor ingress not created")
        if not settings.gateway_api:
            return Truth("True")
        route = self.stage.get("HTTPRoute", isvc["metadata"]["namespace"], isvc["metadata"]["name"])
        if route is None:
            return Truth("False", "Predictor Deployment NotReady")
        parents = sequence(route, "status", "parents")
        if not parents:
            return Truth("False", "ParentStatusNotAvailable", "Predictor HttpRouteNotReady")
        bad: Any = next((c for p in parents for c in sequence(p, "conditions") if c.get("status") == "False"), None)
        return Truth("True") if bad is None else Truth("False", str(bad.get("reason")), str(bad.get("message", "")))

    def _fail(self, key: Key, isvc: Json, message: str) -> None:
        """Event, condition on the newer line, and another try after 1, 2, 4 … seconds."""
        self.stage.tell(isvc, "Warning", "InternalError", message, _SOURCE)
        if self.settings.kserve.flavour == "new":
            known = sequence(isvc, "status", "conditions")
            kept = {
                str(c.get("type")): Truth(str(c.get("status")), c.get("reason", ""), c.get("message", ""))
                for c in known
            }
            failed = Truth("False", "ReconcileFailed", message)
            ingress = kept.get("IngressReady", Truth("Unknown"))
            truths = {**kept, "PredictorReady": failed, "Ready": ready_truth(failed, ingress), "IngressReady": ingress}
            status = {
                **mapping(isvc, "status"),
                "conditions": merged_conditions(known, truths, text_of(self.now)),
                "deploymentMode": "Standard",
            }
            self.stage.set_status(isvc, status, _MANAGER)
        tries = self._failed[key] = self._failed.get(key, 0) + 1
        if tries < 7:
            self.wake_at(key, self.now + timedelta(seconds=2**tries))


def _ready(isvc: Json) -> str:
    known = next((c for c in sequence(isvc, "status", "conditions") if c.get("type") == "Ready"), NONE)
    return str(known.get("status", ""))
