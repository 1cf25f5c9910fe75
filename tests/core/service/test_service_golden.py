"""The InferenceService and the HTTPRoute, byte for byte, of both render revisions."""

from __future__ import annotations

import pytest
import yaml
from service_world import (
    AFFINITY,
    IMAGE,
    ISVC,
    MODEL_NAME,
    UID,
    cache,
    child,
    claim,
    model,
    plan_of,
    ready_world,
    runtime_config,
    service,
    template,
)

MINIMAL = f"""
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: qwen-chat-a04542d9
  namespace: ml-team
  labels:
    app.kubernetes.io/component: inference
    app.kubernetes.io/managed-by: aim-engine
    aim.eai.amd.com/service: qwen-chat
    aim.eai.amd.com/service.name: qwen-chat
    aim.eai.amd.com/template: qwen3-32b-latency
    aim.eai.amd.com/model: aim-qwen-qwen3-32b-0-8-5-cdc1fb22
    aim.eai.amd.com/metric: latency
    aim.eai.amd.com/precision: fp16
  annotations:
    serving.kserve.io/autoscalerClass: none
  ownerReferences:
    - {{apiVersion: aim.eai.amd.com/v1alpha1, kind: AIMService, name: qwen-chat, uid: {UID}, controller: true}}
spec:
  predictor:
    minReplicas: 1
    maxReplicas: 1
    affinity:
      nodeAffinity:
        requiredDuringSchedulingIgnoredDuringExecution:
          nodeSelectorTerms:
            - matchExpressions:
                - {{key: amd.com/gpu.device-id, operator: In, values: ["74a1", "74a9", "74b5", "74bd"]}}
    containers:
      - name: kserve-container
        image: amdenterpriseai/aim-qwen-qwen3-32b:0.8.5
        env:
          - {{name: AIM_CACHE_PATH, value: /workspace/cache}}
          - {{name: AIM_METRIC, value: latency}}
          - {{name: AIM_PRECISION, value: fp16}}
          - {{name: VLLM_ENABLE_METRICS, value: "true"}}
        ports:
          - {{name: http, containerPort: 8000, protocol: TCP}}
        resources:
          requests: {{cpu: "4", memory: 32Gi, amd.com/gpu: "1"}}
          limits: {{memory: 48Gi, amd.com/gpu: "1"}}
        volumeMounts:
          - {{name: dshm, mountPath: /dev/shm}}
          - {{name: art-1, mountPath: /workspace/cache/Qwen/Qwen3-32B}}
    volumes:
      - {{name: dshm, emptyDir: {{medium: Memory, sizeLimit: 8Gi}}}}
      - {{name: art-1, persistentVolumeClaim: {{claimName: art-1-cache}}}}
"""

FULL = f"""
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: qwen-chat-a04542d9
  namespace: ml-team
  labels:
    app.kubernetes.io/component: inference
    app.kubernetes.io/managed-by: aim-engine
    aim.eai.amd.com/service: qwen-chat
    aim.eai.amd.com/service.name: qwen-chat
    aim.eai.amd.com/template: qwen3-32b-latency
    aim.eai.amd.com/model: qwen-qwen3-32b
    team: research
  annotations:
    serving.kserve.io/autoscalerClass: keda
    sidecar.opentelemetry.io/inject: qwen-chat-a04542d9-predictor
    prometheus.kserve.io/port: "8000"
  ownerReferences:
    - {{apiVersion: aim.eai.amd.com/v1alpha1, kind: AIMService, name: qwen-chat, uid: {UID}, controller: true}}
spec:
  predictor:
    minReplicas: 1
    maxReplicas: 3
    autoScaling:
      metrics:
        - type: PodMetric
          podmetric:
            metric:
              backend: opentelemetry
              metricNames: ["vllm:num_requests_running"]
              query: "vllm:num_requests_running"
              operationOverTime: avg
            target: {{type: Value, value: "1"}}
    imagePullSecrets: [{{name: registry-credentials}}]
    serviceAccountName: inference
    containers:
      - name: kserve-container
        image: amdenterpriseai/aim-qwen-qwen3-32b:0.8.5
        env:
          - {{name: AIM_CACHE_PATH, value: /workspace/cache}}
          - {{name: AIM_ENGINE_ARGS, value: '{{"gpu-memory-utilization":0.95,"max-model-len":8192}}'}}
          - {{name: AIM_MODEL_ID, value: Qwen/Qwen3-32B}}
          - {{name: AIM_PROFILE_ID, value: vllm-mi300x-fp16-tp2-latency}}
          - {{name: HF_TOKEN, valueFrom: {{secretKeyRef: {{name: huggingface-creds, key: token}}}}}}
          - {{name: HTTP_PROXY, value: "http://p:3128"}}
          - {{name: VLLM_ENABLE_METRICS, value: "true"}}
        ports: [{{name: http, containerPort: 8000, protocol: TCP}}]
        resources:
          requests: {{cpu: "8", memory: 64Gi, amd.com/gpu: "2"}}
          limits: {{cpu: "6", memory: 48Gi, amd.com/gpu: "2"}}
        volumeMounts:
          - {{name: dshm, mountPath: /dev/shm}}
          - {{name: art-1, mountPath: /workspace/cache/Qwen/Qwen3-32B}}
    volumes:
      - {{name: dshm, emptyDir: {{medium: Memory, sizeLimit: 8Gi}}}}
      - {{name: art-1, persistentVolumeClaim: {{claimName: art-1-cache}}}}
"""

ROUTE = f"""
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: qwen-chat-a04542d9
  namespace: ml-team
  labels:
    app.kubernetes.io/component: routing
    app.kubernetes.io/managed-by: aim-engine
    aim.eai.amd.com/service: qwen-chat
    aim.eai.amd.com/service.name: qwen-chat
  ownerReferences:
    - {{apiVersion: aim.eai.amd.com/v1alpha1, kind: AIMService, name: qwen-chat, uid: {UID}, controller: true}}
spec:
  parentRefs:
    - {{name: inference-gateway, namespace: gateways}}
  rules:
    - matches:
        - path: {{type: PathPrefix, value: PATH}}
      filters:
        - type: URLRewrite
          urlRewrite: {{path: {{type: ReplacePrefixMatch, replacePrefixMatch: "/"}}}}
      backendRefs:
        - {{kind: Service, name: qwen-chat-a04542d9-predictor, namespace: ml-team, port: 80}}
      timeouts: {{request: 3m0s}}
"""
PINNED = {"annotations": {"aim.eai.amd.com/render-revision": "1"}}


def full_world(**meta: object) -> list[dict]:
    spec = {
        "model": {"name": "qwen-qwen3-32b"},
        "template": {"name": "qwen3-32b-latency"},
        "minReplicas": 1,
        "maxReplicas": 3,
        "autoScaling": {
            "metrics": [
                {
                    "type": "PodMetric",
                    "podmetric": {
                        "metric": {
                            "backend": "opentelemetry",
                            "metricNames": ["vllm:num_requests_running"],
                            "query": "vllm:num_requests_running",
                            "operationOverTime": "avg",
                        },
                        "target": {"type": "Value", "value": "1"},
                    },
                }
            ]
        },
        "resources": {"limits": {"cpu": "6", "memory": "48Gi"}},
        "imagePullSecrets": [{"name": "registry-credentials"}],
        "serviceAccountName": "inference",
        "env": [
            {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "huggingface-creds", "key": "token"}}},
            {"name": "AIM_ENGINE_ARGS", "value": '{"gpu-memory-utilization":0.95}'},
        ],
    }
    source = {"modelId": "Qwen/Qwen3-32B", "sourceUri": "hf://Qwen/Qwen3-32B"}
    shape = template(of="qwen-qwen3-32b", metric="", precision="", gpus=2)
    shape["spec"] = {
        "modelName": "qwen-qwen3-32b",
        "profileId": "vllm-mi300x-fp16-tp2-latency",
        "modelSources": [source],
    }
    shape["status"]["profile"] = {"metadata": {"type": "optimized"}}
    return [
        service(spec, labels={"team": "research"}, **meta),
        model("qwen-qwen3-32b"),
        shape,
        cache(),
        claim(),
        runtime_config(
            env=[
                {"name": "AIM_ENGINE_ARGS", "value": '{"max-model-len":8192}'},
                {"name": "HTTP_PROXY", "value": "http://p:3128"},
            ],
            labelPropagation={"enabled": True, "match": ["team"]},
        ),
    ]


@pytest.mark.rule("R-8.1", "R-8.6", "R-8.7", "R-8.10", "R-8.12", "R-6.11", "R-6.13", "R-7.1", "R-12.3", "R-12.4")
def test_revision_1_renders_the_minimal_example_byte_for_byte() -> None:
    objects = ready_world()
    objects[0]["metadata"].update(PINNED)
    assert child(plan_of(*objects), "InferenceService") == yaml.safe_load(MINIMAL)


@pytest.mark.rule("R-8.2", "R-8.3", "R-8.4", "R-8.5", "R-8.8", "R-8.9", "R-8.11", "R-12.2")
def test_revision_1_renders_the_full_example_byte_for_byte() -> None:
    assert child(plan_of(*full_world(**PINNED)), "InferenceService") == yaml.safe_load(FULL)


@pytest.mark.rule("D-22")
def test_revision_2_adds_the_annotation_and_a_term_for_the_beta_label() -> None:
    expected = yaml.safe_load(MINIMAL)
    expected["metadata"]["annotations"]["aim.eai.amd.com/render-revision"] = "2"
    beta = {"key": "beta.amd.com/gpu.device-id", "operator": "In", "values": ["74a1", "74a9", "74b5", "74bd"]}
    required = expected["spec"]["predictor"]["affinity"]["nodeAffinity"]
    terms = required["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    terms.append({"matchExpressions": [beta]})
    assert child(plan_of(*ready_world()), "InferenceService") == expected


@pytest.mark.rule("D-31")
def test_revision_2_lowers_the_built_in_requests_to_the_limits_of_the_user() -> None:
    expected = yaml.safe_load(FULL)
    expected["metadata"]["annotations"]["aim.eai.amd.com/render-revision"] = "2"
    expected["spec"]["predictor"]["containers"][0]["resources"]["requests"].update({"cpu": "6", "memory": "48Gi"})
    assert child(plan_of(*full_world()), "InferenceService") == expected


@pytest.mark.rule("R-8.1", "R-8.3", "D-19")
def test_each_layer_of_the_environment_wins_over_the_one_below() -> None:
    def layer(*names: str, value: str) -> list[dict]:
        return [{"name": name, "value": value} for name in names]

    shape = template(metric="latency", spec={"env": layer("C", "D", "AIM_METRIC", value="template")})
    config = runtime_config(env=layer("AIM_CACHE_PATH", "B", "C", "D", value="config"))
    asked = service({"model": {"image": IMAGE}, "env": layer("D", "AIM_MODEL_ID", value="service")})
    plan = plan_of(asked, model(), shape, cache(), claim(), config)
    container = child(plan, "InferenceService")["spec"]["predictor"]["containers"][0]
    assert {e["name"]: e["value"] for e in container["env"] if e["name"] != "AIM_PRECISION"} == {
        "AIM_CACHE_PATH": "config",
        "AIM_METRIC": "template",
        "AIM_MODEL_ID": "service",
        "B": "config",
        "C": "template",
        "D": "service",
        "VLLM_ENABLE_METRICS": "true",
    }


def routed(path_template: str | None = None, **meta: object) -> dict:
    routing = {
        "enabled": True,
        "gatewayRef": {"name": "inference-gateway", "namespace": "gateways"},
        "requestTimeout": "180s",
    }
    if path_template is not None:
        routing["pathTemplate"] = path_template
    return service({"model": {"image": IMAGE}, "routing": routing}, **meta)


@pytest.mark.rule("R-10.1", "R-10.2", "R-10.3")
@pytest.mark.parametrize(
    ("meta", "path"),
    [
        (PINNED, f"/ml-team/{UID}"),
        ({}, "/ml-team/qwen-chat"),
    ],
    ids=["revision 1", "revision 2"],
)
def test_the_route_is_rendered_byte_for_byte(meta: dict, path: str) -> None:
    plan = plan_of(routed(**meta))
    assert child(plan, "HTTPRoute") == yaml.safe_load(ROUTE.replace("PATH", path))
    assert plan.status["routing"] == {"path": path}


@pytest.mark.rule("R-10.5", "R-10.7")
@pytest.mark.parametrize(
    ("path_template", "path"),
    [
        ("/{.metadata.namespace}/chat/{.metadata.name}", "/ml-team/chat/qwen-chat"),
        ("/team/{.metadata.labels['team']}/chat", "/team/research/chat"),
    ],
)
def test_the_paths_of_the_guide(path_template: str, path: str) -> None:
    plan = plan_of(routed(path_template, labels={"team": "research"}))
    assert plan.status["routing"] == {"path": path}


@pytest.mark.rule("R-9.3", "R-9.5")
def test_the_names_are_those_of_the_tables() -> None:
    plan = plan_of(*ready_world())
    assert child(plan, "InferenceService")["metadata"]["name"] == ISVC
    assert MODEL_NAME in child(plan, "InferenceService")["metadata"]["labels"].values()
    assert AFFINITY["requiredDuringSchedulingIgnoredDuringExecution"]
