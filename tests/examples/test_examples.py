"""Every example of the user guide, applied: its children and its status, field by field."""

from __future__ import annotations

import copy

import pytest

from examples.applied import EXAMPLES, Applied, assert_has, documents

IMAGE = "amdenterpriseai/aim-qwen-qwen3-32b:0.8.5"
MODEL = "aim-qwen-qwen3-32b-0-8-5-cdc1fb22"
ISVC = "qwen-chat-a04542d9"
SERVICES = sorted(file.name for file in EXAMPLES.glob("*.yaml"))
PLATFORM = sorted(f"platform/{file.name}" for file in (EXAMPLES / "platform").glob("*.yaml"))


def container(applied: Applied):
    (only,) = applied.find("InferenceService", ISVC)["spec"]["predictor"]["containers"]
    return only


def env_of(applied: Applied):
    return {entry["name"]: entry for entry in container(applied)["env"]}


def service(applied: Applied):
    return applied.find("AIMService", "qwen-chat")


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
    assert isvc["metadata"]["annotations"] | {
        "serving.kserve.io/autoscalerClass": "keda",
        "prometheus.kserve.io/port": "8000",
        "sidecar.opentelemetry.io/inject": f"{ISVC}-predictor",
    } == isvc["metadata"]["annotations"]
    (wanted,) = documents("custom-metrics.yaml")
    assert_has(isvc, "spec: {predictor: {minReplicas: 1, maxReplicas: 3}}")
    assert isvc["spec"]["predictor"]["autoScaling"] == wanted["spec"]["autoScaling"]
    (trigger,) = applied.find("ScaledObject", f"{ISVC}-predictor")["spec"]["triggers"]
    assert trigger["type"] == "external"
    assert "vllm:num_requests_running" in trigger["metadata"]["metricQuery"]
    assert trigger["metadata"]["targetValue"] == "1"
    assert trigger["metadata"]["operationOverTime"] == "avg"
    assert_has(service(applied), "status: {status: Running, runtime: {minReplicas: 1, maxReplicas: 3, currentReplicas: 2}}")


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
        'status: {status: Degraded, conditions: [{type: HTTPRouteReady, status: "False", reason: PathTemplateInvalid}]}',
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
    from aimcore.simulation.defaults import IMAGES

    return dict(next(image for image in IMAGES if "qwen" in image["image"]))


@pytest.mark.rule("R-6.3", "R-6.7", "R-13.4")
def test_a_dedicated_cache_belongs_to_the_service_and_goes_with_it():
    applied = Applied(*documents("dedicated-cache.yaml"))
    cache = applied.only("AIMTemplateCache")
    (owner,) = cache["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("AIMService", "qwen-chat", service(applied)["metadata"]["uid"])
    assert cache["spec"]["mode"] == "Dedicated"
    claim = applied.only("PersistentVolumeClaim")["metadata"]["name"]
    assert {v.get("persistentVolumeClaim", {}).get("claimName") for v in _volumes(applied)} == {None, claim}
    applied.play.cluster.delete(_key("AIMService", "qwen-chat"), propagation="Background")
    applied.apply()
    assert applied.names("AIMTemplateCache") == []
    assert applied.names("PersistentVolumeClaim") == []


@pytest.mark.rule("R-13.4")
def test_a_shared_cache_outlives_the_service_and_the_next_one_uses_it():
    applied = Applied(*documents("quick-start.yaml"))
    before = applied.only("AIMTemplateCache")["metadata"]["uid"]
    applied.play.cluster.delete(_key("AIMService", "qwen-chat"), propagation="Background")
    applied.apply()
    assert applied.names("AIMService") == []
    applied.apply(*documents("quick-start.yaml"))
    assert applied.only("AIMTemplateCache")["metadata"]["uid"] == before
    assert service(applied)["status"]["status"] == "Running"


def _key(kind, name):
    from aimcore.resource import Key

    return Key(kind, "ml-team", name)


def _volumes(applied):
    return applied.find("InferenceService", ISVC)["spec"]["predictor"]["volumes"]


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
