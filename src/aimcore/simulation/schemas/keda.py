"""ScaledObject `keda.sh/v1alpha1`: triggers and conditions are atomic; only `fallback.behavior` is defaulted."""

from __future__ import annotations

from aimcore.simulation.schemas.words import (
    ANYTHING,
    BOOLEAN,
    TEXT,
    TEXTS,
    Schema,
    atomic,
    bounded,
    default,
    fields,
    open_fields,
)

_TRIGGER = fields(
    {
        "type": TEXT,
        "metadata": TEXTS,
        "name": TEXT,
        "metricType": TEXT,
        "useCachedMetrics": BOOLEAN,
        "authenticationRef": fields({"name": TEXT, "kind": TEXT}, ("name",)),
    },
    ("type", "metadata"),
)
_ADVANCED = fields(
    {
        "horizontalPodAutoscalerConfig": fields({"name": TEXT, "behavior": ANYTHING}),
        "restoreToOriginalReplicaCount": BOOLEAN,
        "scalingModifiers": ANYTHING,
    }
)
_SPEC_PROPERTIES = {
    "scaleTargetRef": fields(
        {"name": {**TEXT, "minLength": 1}, "kind": TEXT, "apiVersion": TEXT, "envSourceContainerName": TEXT}, ("name",)
    ),
    "triggers": atomic(_TRIGGER, minItems=1),
    "minReplicaCount": bounded(0),
    "maxReplicaCount": bounded(1),
    "idleReplicaCount": bounded(0),
    "pollingInterval": bounded(1),
    "cooldownPeriod": bounded(0),
    "initialCooldownPeriod": bounded(0),
    "advanced": _ADVANCED,
    "fallback": fields(
        {"failureThreshold": bounded(0), "replicas": bounded(0), "behavior": default(TEXT, "static")},
        ("failureThreshold", "replicas"),
    ),
}
_MIN_AT_MOST_MAX = {
    "rule": "!has(self.minReplicaCount) || !has(self.maxReplicaCount) || self.minReplicaCount <= self.maxReplicaCount",
    "message": "minReplicaCount must be less than or equal to maxReplicaCount",
}
_STATUS = open_fields({"conditions": atomic(open_fields({"type": TEXT, "status": TEXT}, ("type", "status")))})
SCALED_OBJECT: Schema = fields(
    {
        "spec": fields(
            _SPEC_PROPERTIES, ("scaleTargetRef", "triggers"), **{"x-kubernetes-validations": [_MIN_AT_MOST_MAX]}
        ),
        "status": _STATUS,
    },
    ("spec",),
)
