"""The InferenceService of a service (§8), at creation and at update.

1. It is a function of the render revision (`revisions`): what reaches pods never changes by itself.
2. At update what was settled at creation stays: name, volumes (`volumes`), the labels `metric` and `precision`, the
   image if the model is gone, the order of an equal node affinity, duplicate variables with the same effect.
3. A node affinity that changed only because nodes came or went waits for the next change of the pod template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcore import labels
from aimcore.api import quantity
from aimcore.cluster.catalogue import ModelReading, TemplateReading
from aimcore.cluster.kserve import InferenceServiceReading, read_inference_service
from aimcore.cluster.reading import mapping, objects, text
from aimcore.kinds.service.affinity import same_affinity
from aimcore.kinds.service.autoscaling import NONE, desired_autoscaling
from aimcore.kinds.service.environment import desired_env
from aimcore.kinds.service.inputs import ServiceSpec
from aimcore.kinds.service.resources import desired_resources
from aimcore.kinds.service.volumes import Storage
from aimcore.layering import merge_pull_secrets
from aimcore.naming import label_value, predictor_name
from aimcore.records import quickly_made
from aimcore.resource import Json, Resource
from aimcore.runtime_config import RuntimeConfig

PORT = 8000
CONTAINER = "kserve-container"


@quickly_made
@dataclass(frozen=True, slots=True)
class Rendering:
    """Everything that an InferenceService is made of. `live` is None at creation."""

    resource: Resource
    spec: ServiceSpec
    config: RuntimeConfig
    template: TemplateReading
    model: ModelReading | None
    name: str
    revision: int
    autoscaler_class: str
    storage: Storage
    live: Resource | None


def desired_inference_service(r: Rendering) -> Json:
    """The complete manifest, without the labels and references that stamping adds."""
    live = None if r.live is None else r.live.read_as(read_inference_service)
    annotations = _annotations(r)
    predictor = _predictor(r, live)
    manifest: Json = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": r.name,
            "namespace": r.resource.namespace,
            "labels": _labels(r),
            "annotations": annotations,
        },
        "spec": {"predictor": predictor},
    }
    affinity = _affinity(r, live, predictor, manifest)
    if affinity is not None:
        predictor["affinity"] = {"nodeAffinity": affinity}
    return manifest


def _labels(r: Rendering) -> dict[str, str]:
    marks = {
        labels.COMPONENT: "inference",
        labels.MANAGED_BY: labels.AIM_ENGINE,
        labels.SERVICE: label_value(r.resource.name),
        labels.TEMPLATE: label_value(r.template.name),
    }
    if model := label_value(r.template.model_name):
        marks[labels.MODEL] = model
    for key, found in (
        (labels.METRIC, r.template.profile_metric),
        (labels.PRECISION, r.template.profile_precision),
    ):
        value = label_value(found) if r.live is None else r.live.labels.get(key, "")
        if value:
            marks[key] = value
    return marks


def _annotations(r: Rendering) -> dict[str, str]:
    notes = {labels.AUTOSCALER_CLASS: r.autoscaler_class}
    if r.autoscaler_class != NONE:
        notes[labels.INJECT_COLLECTOR] = predictor_name(r.name)
        notes[labels.PROMETHEUS_PORT] = str(PORT)
    if r.revision >= 2:
        notes[labels.RENDER_REVISION] = str(r.revision)
    return notes


def _predictor(r: Rendering, live: InferenceServiceReading | None) -> Json:
    least, most = r.spec.bounds
    predictor: Json = {"minReplicas": least, "maxReplicas": most}
    if r.spec.is_autoscaled:
        predictor["autoScaling"] = desired_autoscaling(r.spec)
    secrets, account = _access(r)
    if secrets:
        predictor["imagePullSecrets"] = secrets
    if account:
        predictor["serviceAccountName"] = account
    predictor["containers"] = [_container(r, live)]
    predictor["volumes"] = list(r.storage.volumes)
    return predictor


def _access(r: Rendering) -> tuple[list[Json], str]:
    """Pull secrets and service account (D-20)."""
    if r.revision < 2:
        return list(r.spec.pull_secrets), r.spec.service_account
    from_model: tuple[Sequence[Json], str] = ((), "")
    if r.model is not None:
        from_model = (r.model.pull_secrets, r.model.service_account)
    secrets = merge_pull_secrets(r.spec.pull_secrets, r.template.pull_secrets, from_model[0])
    return secrets, r.spec.service_account or r.template.service_account or from_model[1]


def _container(r: Rendering, live: InferenceServiceReading | None) -> Json:
    image = "" if r.model is None else r.model.image
    if not image and live is not None:
        image = text(live.container, "image")
    env = desired_env(r.config.env, r.template, r.spec.env)
    return {
        "name": CONTAINER,
        "image": image,
        "env": env if live is None else _unduplicated(env, live.env),
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "resources": desired_resources(r.spec, r.template, r.model, revision=r.revision),
        "volumeMounts": list(r.storage.mounts),
    }


def _unduplicated(env: list[Json], live: Sequence[Json]) -> list[Json]:
    """The live list if it differs only by duplicates that change nothing (D-19)."""
    if len(live) <= len(env):
        return env
    effective = {text(e, "name"): e for e in live}
    return list(live) if effective == {e["name"]: e for e in env} else env


def _affinity(
    r: Rendering, live: InferenceServiceReading | None, predictor: Json, manifest: Json
) -> Mapping[str, Any] | None:
    wanted = r.template.affinity_beside if r.revision >= 2 else r.template.affinity
    if live is None or live.node_affinity is None or r.live is None:
        return wanted
    if same_affinity(live.node_affinity, wanted):
        return live.node_affinity
    same_revision = r.live.annotations.get(labels.RENDER_REVISION, "1") == str(r.revision)
    same_template = r.live.labels.get(labels.TEMPLATE) == manifest["metadata"]["labels"][labels.TEMPLATE]
    keeps = wanted is not None and same_revision and same_template and _same_pods(live, predictor, r.live, manifest)
    return live.node_affinity if keeps else wanted


def _same_pods(live: InferenceServiceReading, predictor: Json, resource: Resource, manifest: Json) -> bool:
    """Whether, node affinity aside, the live object already makes the pods that are wanted."""
    container, was = predictor["containers"][0], live.container
    metadata = manifest["metadata"]
    return (
        all(container[m] == was.get(m) for m in ("image", "env", "volumeMounts"))
        and all(
            _covers(mapping(was, "resources", part), mapping(container, "resources", part))
            for part in ("requests", "limits")
        )
        and predictor["volumes"] == list(live.volumes)
        and predictor.get("imagePullSecrets", []) == list(objects(live.predictor, "imagePullSecrets"))
        and predictor.get("serviceAccountName", "") == text(live.predictor, "serviceAccountName")
        and metadata["labels"].items() <= resource.labels.items()
        and metadata["annotations"].items() <= resource.annotations.items()
    )


def _covers(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(quantity.equal(live.get(name), amount) for name, amount in wanted.items())
