"""Every example of the user guide, applied: its children and its status, field by field."""

from __future__ import annotations

import pytest

from aimcore.resource import Key
from aimcore.simulation.defaults import IMAGES
from examples.applied import EXAMPLES, ISVC, PLATFORM, Applied, assert_has, container, documents, env_of, service

IMAGE = "amdenterpriseai/aim-qwen-qwen3-32b:0.8.5"
MODEL = "aim-qwen-qwen3-32b-0-8-5-cdc1fb22"
SERVICE = Key("AIMService", "ml-team", "qwen-chat")
SERVICES = sorted(file.name for file in EXAMPLES.glob("*.yaml"))


@pytest.mark.parametrize("name", SERVICES)
def test_an_example_is_the_service_of_the_guide(name):
    (only,) = documents(name)
    assert only["apiVersion"] == "aim.eai.amd.com/v1alpha1"
    assert only["kind"] == "AIMService"
    assert (only["metadata"]["namespace"], only["metadata"]["name"]) == ("ml-team", "qwen-chat")
    assert only["spec"]["model"] == ({"name": "qwen-qwen3-32b"} if name == "complete.yaml" else {"image": IMAGE})


@pytest.mark.parametrize("name", SERVICES)
def test_an_example_runs_with_what_the_platform_provides(name):
    assert service(Applied(*documents(*PLATFORM, name)))["status"]["status"] == "Running"


def test_a_platform_file_says_what_it_is_for():
    page = (EXAMPLES / "platform" / "README.md").read_text()
    assert all(f"`{name.removeprefix('platform/')}`" in page for name in PLATFORM)


@pytest.mark.rule("R-4.3", "R-5.4", "R-6.1", "R-8.10", "R-9.3", "R-10.1")
def test_the_quick_start_serves_the_image_with_a_template_that_was_chosen():
    applied = Applied(*documents("quick-start.yaml"))
    assert applied.names("AIMModel") == [MODEL]
    assert container(applied)["image"] == IMAGE
    assert container(applied)["resources"]["requests"]["amd.com/gpu"] == "1"
    assert applied.names("HTTPRoute") == []
    assert applied.names("ScaledObject") == []
    assert_has(applied.only("AIMTemplateCache"), "{spec: {mode: Shared}, status: {status: Ready}}")
    assert_has(
        service(applied),
        f"""
        status:
          status: Running
          observedGeneration: 1
          resolvedModel: {{name: {MODEL}, namespace: ml-team, scope: Namespace}}
          runtime: {{replicas: "1"}}
          conditions:
            - {{type: DependenciesReachable, status: "True"}}
            - {{type: AuthValid, status: "True"}}
            - {{type: ConfigValid, status: "True"}}
            - {{type: ModelReady, status: "True", reason: ModelResolved}}
            - {{type: TemplateReady, status: "True", reason: Resolved}}
            - {{type: CacheReady, status: "True", reason: CacheReady}}
            - {{type: InferenceServiceReady, status: "True", reason: RuntimeReady}}
            - {{type: InferenceServicePodsReady, status: "True"}}
            - {{type: Ready, status: "True", reason: AllComponentsReady}}
        """,
    )


@pytest.mark.rule("R-8.10", "R-11.9")
def test_scaling_gives_three_replicas():
    applied = Applied(*documents("scaling.yaml"))
    assert_has(applied.find("InferenceService", ISVC), "spec: {predictor: {minReplicas: 3, maxReplicas: 3}}")
    assert_has(applied.find("Deployment", f"{ISVC}-predictor"), "{spec: {replicas: 3}, status: {readyReplicas: 3}}")
    assert_has(service(applied), "status: {status: Running, runtime: {currentReplicas: 3, replicas: '3'}}")


@pytest.mark.rule("R-8.9")
def test_basic_autoscaling_lets_keda_scale_between_one_and_five():
    applied = Applied(*documents("basic-autoscaling.yaml"))
    isvc = applied.find("InferenceService", ISVC)
    assert isvc["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] == "keda"
    assert_has(isvc, "spec: {predictor: {minReplicas: 1, maxReplicas: 5}}")
    assert_has(applied.find("ScaledObject", f"{ISVC}-predictor"), "spec: {minReplicaCount: 1, maxReplicaCount: 5}")
    assert_has(
        applied.find("HorizontalPodAutoscaler", f"keda-hpa-{ISVC}-predictor"), "spec: {minReplicas: 1, maxReplicas: 5}"
    )
    assert_has(
        service(applied),
        """
        status:
          status: Running
          runtime: {minReplicas: 1, maxReplicas: 5, replicas: 1/1 (1-5)}
          conditions: [{type: HPAReady, status: "True", reason: HPAOperational}]
        """,
    )


@pytest.mark.rule("R-8.9", "R-8.11")
def test_custom_metrics_scale_on_the_running_requests():
    load = {"keda": {"loads": {f"ml-team/{ISVC}-predictor": 2}}}
    applied = Applied(*documents("custom-metrics.yaml"), world=load)
    isvc = applied.find("InferenceService", ISVC)
    assert (
        isvc["metadata"]["annotations"]
        | {
            "serving.kserve.io/autoscalerClass": "keda",
            "prometheus.kserve.io/port": "8000",
            "sidecar.opentelemetry.io/inject": f"{ISVC}-predictor",
        }
        == isvc["metadata"]["annotations"]
    )
    (wanted,) = documents("custom-metrics.yaml")
    assert_has(isvc, "spec: {predictor: {minReplicas: 1, maxReplicas: 3}}")
    assert isvc["spec"]["predictor"]["autoScaling"] == wanted["spec"]["autoScaling"]
    (trigger,) = applied.find("ScaledObject", f"{ISVC}-predictor")["spec"]["triggers"]
    assert trigger["type"] == "external"
    assert "vllm:num_requests_running" in trigger["metadata"]["metricQuery"]
    assert trigger["metadata"]["targetValue"] == "1"
    assert trigger["metadata"]["operationOverTime"] == "avg"
    assert_has(
        service(applied), "status: {status: Running, runtime: {minReplicas: 1, maxReplicas: 3, currentReplicas: 2}}"
    )


@pytest.mark.rule("R-8.8")
def test_resource_limits_override_the_defaults():
    applied = Applied(*documents("resource-limits.yaml"))
    assert container(applied)["resources"] == {
        "requests": {"cpu": "4", "memory": "32Gi", "amd.com/gpu": "1"},
        "limits": {"cpu": "8", "memory": "64Gi", "amd.com/gpu": "1"},
    }


@pytest.mark.rule("R-3.1", "R-3.3")
def test_a_runtime_configuration_is_used_by_name_and_waited_for():
    applied = Applied(*documents("runtime-configuration.yaml"))
    assert_has(
        service(applied),
        'status: {status: Pending, conditions: [{type: RuntimeConfigReady, status: "False", reason: ConfigNotFound}]}',
    )
    applied.apply(*documents("platform/runtime-config.yaml"))
    assert_has(
        service(applied),
        """
        status:
          status: Running
          resolvedRuntimeConfig:
            {name: team-config, namespace: ml-team, scope: Namespace, kind: aim.eai.amd.com/v1alpha1/AIMRuntimeConfig}
          conditions: [{type: RuntimeConfigReady, status: "True"}]
        """,
    )


@pytest.mark.parametrize(
    ("name", "path"), [("http-routing.yaml", "/ml-team/qwen-chat"), ("custom-path.yaml", "/ml-team/chat/qwen-chat")]
)
@pytest.mark.rule("R-10.1", "R-10.2", "R-10.4", "R-10.8")
def test_a_route_leads_from_the_gateway_to_the_service(name, path):
    applied = Applied(*documents(name))
    route = applied.only("HTTPRoute")
    assert route["metadata"]["labels"]["aim.eai.amd.com/service.name"] == "qwen-chat"
    (parent,) = route["spec"]["parentRefs"]
    assert (parent["namespace"], parent["name"]) == ("gateways", "inference-gateway")
    assert_has(
        route,
        f"""
        spec:
          rules:
            - matches: [{{path: {{type: PathPrefix, value: {path}}}}}]
              backendRefs: [{{kind: Service, name: {ISVC}-predictor, port: 80}}]
        """,
    )
    assert_has(
        service(applied),
        f"""
        status:
          status: Running
          routing: {{path: {path}}}
          conditions: [{{type: HTTPRouteReady, status: "True", reason: HTTPRouteAccepted}}]
        """,
    )


@pytest.mark.rule("R-10.4", "R-10.6")
def test_a_path_with_a_label_that_does_not_exist_degrades_the_service():
    (custom,) = documents("custom-path.yaml")
    custom["spec"]["routing"]["pathTemplate"] = "/team/{.metadata.labels['team']}/chat"
    applied = Applied(custom)
    assert_has(
        service(applied),
        """
        status:
          status: Degraded
          conditions: [{type: HTTPRouteReady, status: "False", reason: PathTemplateInvalid}]
        """,
    )


@pytest.mark.rule("R-8.1", "R-6.9")
def test_a_token_from_a_secret_reaches_the_server_and_the_download():
    applied = Applied(*documents("platform/secrets.yaml", "authentication.yaml"))
    token = {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "huggingface-creds", "key": "token"}}}
    assert env_of(applied)["HF_TOKEN"] == token
    assert applied.only("AIMTemplateCache")["spec"]["env"] == [token]
    assert token in applied.only("AIMArtifact")["spec"]["env"]
    assert service(applied)["status"]["status"] == "Running"


@pytest.mark.rule("R-4.5")
def test_pull_secrets_reach_the_pods_and_the_reading_of_the_registry():
    private = {"images": [{**_catalogue_image(), "private": True}]}
    applied = Applied(*documents("platform/secrets.yaml", "private-registry.yaml"), world=private)
    secrets = [{"name": "registry-credentials"}]
    assert applied.find("InferenceService", ISVC)["spec"]["predictor"]["imagePullSecrets"] == secrets
    assert applied.find("AIMModel", MODEL)["spec"]["imagePullSecrets"] == secrets
    assert service(applied)["status"]["status"] == "Running"


def test_without_the_pull_secret_a_private_image_is_refused():
    private = {"images": [{**_catalogue_image(), "private": True}]}
    applied = Applied(*documents("quick-start.yaml"), world=private)
    assert_has(service(applied), "status: {status: Failed}")
    assert_has(applied.find("AIMModel", MODEL), 'status: {conditions: [{type: AuthValid, status: "False"}]}')


def _catalogue_image():
    return dict(next(image for image in IMAGES if "qwen" in image["image"]))


@pytest.mark.rule("R-6.3", "R-6.7", "R-13.4")
def test_a_dedicated_cache_belongs_to_the_service_and_goes_with_it():
    applied = Applied(*documents("dedicated-cache.yaml"))
    cache = applied.only("AIMTemplateCache")
    (owner,) = cache["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == (
        "AIMService",
        "qwen-chat",
        service(applied)["metadata"]["uid"],
    )
    assert cache["spec"]["mode"] == "Dedicated"
    claim = applied.only("PersistentVolumeClaim")["metadata"]["name"]
    assert {v.get("persistentVolumeClaim", {}).get("claimName") for v in _volumes(applied)} == {None, claim}
    applied.play.cluster.delete(SERVICE, propagation="Background")
    applied.apply()
    assert applied.names("AIMTemplateCache") == []
    assert applied.names("PersistentVolumeClaim") == []


@pytest.mark.rule("R-13.4")
def test_a_shared_cache_outlives_the_service_and_the_next_one_uses_it():
    applied = Applied(*documents("quick-start.yaml"))
    before = applied.only("AIMTemplateCache")["metadata"]["uid"]
    applied.play.cluster.delete(SERVICE, propagation="Background")
    applied.apply()
    assert applied.names("AIMService") == []
    applied.apply(*documents("quick-start.yaml"))
    assert applied.only("AIMTemplateCache")["metadata"]["uid"] == before
    assert service(applied)["status"]["status"] == "Running"


def _volumes(applied):
    return applied.find("InferenceService", ISVC)["spec"]["predictor"]["volumes"]
