"""The complete example of the user guide, and the status that the guide shows."""

from __future__ import annotations

import copy

import pytest

from examples.applied import ISVC, PLATFORM, Applied, assert_has, container, documents, env_of, service

IMAGE = "amdenterpriseai/aim-qwen-qwen3-32b:0.8.5"


@pytest.mark.rule("R-4.2", "R-5.2", "R-8.8", "R-8.10", "R-10.4")
def test_the_complete_example_is_as_the_guide_says():
    applied = Applied(*documents(*PLATFORM, "complete.yaml"))
    isvc = applied.find("InferenceService", ISVC)
    assert_has(isvc, "spec: {predictor: {minReplicas: 2, maxReplicas: 2}}")
    assert container(applied)["image"] == IMAGE
    assert container(applied)["resources"] == {
        "requests": {"cpu": "4", "memory": "32Gi", "amd.com/gpu": "1"},
        "limits": {"cpu": "6", "memory": "48Gi", "amd.com/gpu": "1"},
    }
    assert env_of(applied)["HF_TOKEN"]["valueFrom"]["secretKeyRef"] == {"name": "huggingface-creds", "key": "token"}
    assert isvc["metadata"]["labels"]["aim.eai.amd.com/template"] == "qwen3-32b-latency"
    assert isvc["metadata"]["labels"]["aim.eai.amd.com/model"] == "qwen-qwen3-32b"
    assert_has(
        applied.only("HTTPRoute"),
        "spec: {rules: [{matches: [{path: {value: /team/research/chat}}], timeouts: {request: 5m0s}}]}",
    )
    assert_has(
        service(applied),
        """
        status:
          status: Running
          resolvedModel: {name: qwen-qwen3-32b}
          resolvedTemplate: {name: qwen3-32b-latency, scope: Cluster}
          resolvedRuntimeConfig: {name: team-config, namespace: ml-team, scope: Namespace}
          routing: {path: /team/research/chat}
          runtime: {replicas: "2"}
        """,
    )


@pytest.mark.parametrize("gpus", [1, 2, 4])
@pytest.mark.rule("R-8.8")
def test_the_limits_of_the_complete_example_fit_any_number_of_gpus(gpus):
    given = documents(*PLATFORM, "complete.yaml")
    (template,) = [d for d in given if d["kind"] == "AIMClusterServiceTemplate"]
    template["spec"]["hardware"]["gpu"]["requests"] = gpus
    template["spec"]["modelSources"] = [{"modelId": "Qwen/Qwen3-32B", "sourceUri": "hf://Qwen/Qwen3-32B"}]
    applied = Applied(*given)
    resources = container(applied)["resources"]
    assert resources["limits"] == {"cpu": "6", "memory": "48Gi", "amd.com/gpu": str(gpus)}
    assert resources["requests"]["memory"] == ("32Gi" if gpus == 1 else "48Gi")
    assert service(applied)["status"]["status"] == "Running"


@pytest.mark.rule("R-4.9", "R-5.12", "R-10.5", "R-11.6")
def test_the_status_is_the_one_that_the_guide_shows():
    given = copy.deepcopy(documents(*PLATFORM, "complete.yaml"))
    given[-1]["spec"] = {k: given[-1]["spec"][k] for k in ("model", "template", "routing")}
    del given[-1]["spec"]["routing"]["pathTemplate"]
    default = {**documents("platform/runtime-config.yaml")[0], "metadata": {"name": "default", "namespace": "ml-team"}}
    assert_has(
        service(Applied(default, *given)),
        """
        status:
          status: Running
          observedGeneration: 1
          conditions:
            - {type: ModelReady, status: "True", reason: ModelResolved, message: AIMModel qwen-qwen3-32b is ready}
            - type: TemplateReady
              status: "True"
              reason: Resolved
              message: AIMClusterServiceTemplate qwen3-32b-latency is ready
            - {type: CacheReady, status: "True", reason: CacheReady, message: Template cache is ready}
            - {type: InferenceServiceReady, status: "True", reason: RuntimeReady, message: InferenceService is ready}
            - type: HTTPRouteReady
              status: "True"
              reason: HTTPRouteAccepted
              message: HTTPRoute is accepted by gateway
            - {type: Ready, status: "True", reason: AllComponentsReady, message: All components are ready}
          resolvedRuntimeConfig:
            name: default
            namespace: ml-team
            scope: Namespace
            kind: aim.eai.amd.com/v1alpha1/AIMRuntimeConfig
          resolvedModel:
            name: qwen-qwen3-32b
            namespace: ml-team
            scope: Namespace
            kind: aim.eai.amd.com/v1alpha1/AIMModel
          resolvedTemplate:
            name: qwen3-32b-latency
            scope: Cluster
            kind: aim.eai.amd.com/v1alpha1/AIMClusterServiceTemplate
          routing:
            path: /ml-team/qwen-chat
        """,
    )
