"""Every example of the user guide is admitted, read, and understood by editors."""

from __future__ import annotations

from types import SimpleNamespace

import jsonschema_rs
import pytest
import yaml

from aimcore.api.crd import json_schema_for, structural_schema
from aimcore.api.service import AIMService
from aimctl_runtime.local.validation import SchemaValidator

IMAGE = "{model: {image: 'amdenterpriseai/aim-qwen-qwen3-32b:0.8.5'}"
SPECS = {
    "quick start": IMAGE + "}",
    "scaling": IMAGE + ", replicas: 3}",
    "basic autoscaling": IMAGE + ", minReplicas: 1, maxReplicas: 5}",
    "custom metrics": IMAGE
    + """, minReplicas: 1, maxReplicas: 3, autoScaling: {metrics: [{type: PodMetric, podmetric: {
        metric: {backend: opentelemetry, metricNames: ['vllm:num_requests_running'], query: 'vllm:num_requests_running',
        operationOverTime: avg}, target: {type: Value, value: '1'}}}]}}""",
    "resource limits": IMAGE + ", resources: {limits: {cpu: '8', memory: 64Gi}, requests: {cpu: '4', memory: 32Gi}}}",
    "runtime configuration": IMAGE + ", runtimeConfigName: team-config}",
    "routing": IMAGE
    + """, routing: {enabled: true, gatewayRef: {name: inference-gateway, namespace: gateways},
        pathTemplate: '/{.metadata.namespace}/chat/{.metadata.name}'}}""",
    "authentication": IMAGE
    + """, env: [{name: HF_TOKEN, valueFrom: {secretKeyRef: {name: huggingface-creds, key: token}}}],
        imagePullSecrets: [{name: registry-credentials}]}""",
    "caching": IMAGE + ", caching: {mode: Dedicated}}",
    "complete example": """{model: {name: qwen-qwen3-32b}, template: {name: qwen3-32b-latency},
        runtimeConfigName: team-config, replicas: 2, resources: {limits: {cpu: '6', memory: 48Gi}},
        routing: {enabled: true, gatewayRef: {name: inference-gateway, namespace: gateways},
        pathTemplate: "/team/{.metadata.labels['team']}/chat"},
        env: [{name: HF_TOKEN, valueFrom: {secretKeyRef: {name: huggingface-creds, key: token}}}]}""",
}
STATUS = """
status: Running
observedGeneration: 1
conditions:
- {type: ModelReady, status: "True", reason: ModelResolved, message: AIMModel qwen-qwen3-32b is ready}
- {type: Ready, status: "True", reason: AllComponentsReady, message: All components are ready}
resolvedRuntimeConfig:
  {name: default, namespace: ml-team, scope: Namespace, kind: aim.eai.amd.com/v1alpha1/AIMRuntimeConfig}
resolvedModel: {name: qwen-qwen3-32b, namespace: ml-team, scope: Namespace, kind: aim.eai.amd.com/v1alpha1/AIMModel}
resolvedTemplate:
  {name: qwen3-32b-latency, scope: Cluster, kind: aim.eai.amd.com/v1alpha1/AIMClusterServiceTemplate}
routing: {path: /ml-team/qwen-chat}
"""
SERVER = SimpleNamespace(schema=structural_schema("AIMService"))
EDITOR = jsonschema_rs.validator_for(json_schema_for("AIMService"))


@pytest.mark.parametrize("example", SPECS)
def test_an_example_of_the_guide_is_admitted_and_read(example):
    service = {
        "apiVersion": "aim.eai.amd.com/v1alpha1",
        "kind": "AIMService",
        "metadata": {"name": "qwen-chat", "namespace": "ml-team"},
        "spec": yaml.safe_load(SPECS[example]),
    }
    assert SchemaValidator()(SERVER, service, None) == []
    assert isinstance(AIMService.parse(service), AIMService)
    assert EDITOR.is_valid(service)


def test_the_status_of_the_guide_fits_the_schema():
    status = yaml.safe_load(STATUS)
    for condition in status["conditions"]:
        condition["lastTransitionTime"] = "2026-01-01T00:00:00Z"  # the guide leaves the times out
    service = {"spec": yaml.safe_load(SPECS["quick start"]), "status": status}
    assert SchemaValidator()(SERVER, service, None) == []
    read = AIMService.parse(service)
    assert isinstance(read, AIMService)
    assert read.status is not None
    assert read.status.resolved_template is not None
    assert read.status.resolved_template.scope == "Cluster"
    assert read.status.conditions is not None
    assert len(read.status.conditions) == 2
