"""InferenceService `serving.kserve.io/v1beta1` in the two flavours in which KServe ships its CRD.

1. Full: the predictor is typed; containers, volumes, pull secrets and metrics are atomic lists, env, ports and mounts
   inside are unique by key.
2. Minimal: spec keeps whatever comes, so maps merge by key, every list is atomic, and duplicates pass.
3. Status keeps unknown fields in both.
"""

from __future__ import annotations

from aimcore.simulation.schemas.pod_spec import predictor_properties
from aimcore.simulation.schemas.words import (
    ANYTHING,
    INTEGER,
    QUANTITY,
    TEXT,
    TEXTS,
    Schema,
    atomic,
    choice,
    fields,
    open_fields,
)

_TARGET = {"type": choice("Utilization", "Value", "AverageValue"), "averageUtilization": INTEGER}
_METRIC_TARGET = fields({**_TARGET, "value": QUANTITY, "averageValue": QUANTITY})
_METRIC = fields(
    {
        "type": choice("Resource", "External", "PodMetric"),
        "resource": fields({"name": TEXT, "target": _METRIC_TARGET}),
        "external": fields(
            {
                "metric": fields(
                    {"backend": TEXT, "serverAddress": TEXT, "query": TEXT, "namespace": TEXT, "authModes": TEXT}
                ),
                "target": _METRIC_TARGET,
                "authenticationRef": open_fields({}),
            }
        ),
        "podmetric": fields(
            {
                "metric": fields(
                    {
                        "backend": choice("opentelemetry"),
                        "serverAddress": TEXT,
                        "query": TEXT,
                        "operationOverTime": TEXT,
                        "metricNames": atomic(TEXT),
                    }
                ),
                "target": _METRIC_TARGET,
            },
            ("metric", "target"),
        ),
    },
    ("type",),
)
_SCALING_RULES = fields(
    {
        "stabilizationWindowSeconds": INTEGER,
        "selectPolicy": TEXT,
        "policies": atomic(fields({"type": TEXT, "value": INTEGER, "periodSeconds": INTEGER})),
        "tolerance": QUANTITY,
    }
)
_AUTOSCALING = fields(
    {"metrics": atomic(_METRIC), "behavior": fields({"scaleUp": _SCALING_RULES, "scaleDown": _SCALING_RULES})}
)
_PREDICTOR = fields(
    {
        **predictor_properties(),
        "name": TEXT,
        "labels": TEXTS,
        "annotations": TEXTS,
        "minReplicas": INTEGER,
        "maxReplicas": INTEGER,
        "scaleTarget": INTEGER,
        "scaleMetric": TEXT,
        "scaleMetricType": TEXT,
        "autoScaling": _AUTOSCALING,
        "containerConcurrency": INTEGER,
        "timeout": INTEGER,
        "canaryTrafficPercent": INTEGER,
        "logger": open_fields({}),
        "batcher": open_fields({}),
        "deploymentStrategy": open_fields({}),
        "model": open_fields({}),
        "workerSpec": open_fields({}),
    }
)
INFERENCE_SERVICE_FULL: Schema = fields(
    {
        "spec": fields({"predictor": _PREDICTOR, "transformer": ANYTHING, "explainer": ANYTHING}, ("predictor",)),
        "status": ANYTHING,
    }
)
INFERENCE_SERVICE_MINIMAL: Schema = fields({"spec": ANYTHING, "status": ANYTHING})
