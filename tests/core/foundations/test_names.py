"""Names and label values are byte-identical to the reference's."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore import naming
from aimcore.naming import ImageParts, InvalidImage, JsonText, NamespaceTooLong

UID = "6f1d2c3b-0000-4a4a-9b9b-123456789abc"
SERVICE_UID = "3f1c2a5e-0d3b-4a57-9b0e-2f3f5c1f9a10"
LONG_SERVICE = "very-long-service-name-that-might-exceed-kubernetes-limits"
LONG_REPOSITORY = "silogen/aim-mistralai-mistral-small-3.2-24b-instruct-2506"
GPT2 = "hf://sshleifer/tiny-gpt2"
LLAMA = "hf://meta-llama/Llama-3.3-70B-Instruct-with-a-very-long-suffix-name"
TOKEN = [{"name": "HF_TOKEN", "value": "my-token"}]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@pytest.mark.rule("R-9.1", "N-1", "N-2", "N-3")
@pytest.mark.parametrize(
    ("parts", "inputs", "options", "name"),
    [
        (["llama-3-8b", "cache"], [UID], {}, "llama-3-8b-cache-258f45ec"),
        (["llama-3-8b", "check-size"], [UID], {}, "llama-3-8b-check-size-258f45ec"),
        (["a" * 70, "cache"], [UID], {}, "a" * 48 + "-cache-258f45ec"),
        ([GPT2], [GPT2, None, ""], {"length": 10}, "hf---sshleifer-tiny-gpt2-fc6a9647bb"),
        (
            [GPT2],
            [GPT2, JsonText('[{"name":"HF_TOKEN","value":"my-token"}]'), ""],
            {"length": 10},
            "hf---sshleifer-tiny-gpt2-8b6a4bfd16",
        ),
        (
            [GPT2],
            [GPT2, None, "longhorn", "dedicated", "llama-cache"],
            {"length": 10},
            "hf---sshleifer-tiny-gpt2-258bce383c",
        ),
        (["qwen-chat"], ["ml-team"], {"limit": 45}, "qwen-chat-a04542d9"),
        ([LONG_SERVICE], ["default"], {"limit": 45}, "very-long-service-name-that-might-ex-1080a608"),
        (["llama-template"], ["my-namespace"], {}, "llama-template-783d2dc1"),
        (["llama-template", "my-svc"], ["service-uid-a"], {}, "llama-template-my-svc-dc5ac241"),
        (["llama-3-8b", "v1-0-0"], ["ghcr.io/amd/llama-3-8b:v1.0.0"], {}, "llama-3-8b-v1-0-0-f15afcca"),
        (
            [LONG_REPOSITORY, "0.8.5"],
            ["ghcr.io", LONG_REPOSITORY, "0.8.5"],
            {"length": 6},
            "silogen-aim-mistralai-mistral-small-3-2-24b-instru-0-8-5-c6da71",
        ),
        (
            ["my-template", "ovr", "mi300x", "4gpu", "fp8", "throughput"],
            ["gpu", "MI300X", "count", 4, "precision", "fp8", "metric", "throughput"],
            {"length": 4},
            "my-template-ovr-mi300x-4gpu-fp8-throughput-b295",
        ),
        (
            ["Meta-Llama/Llama-3.1-70B"],
            ["ghcr.io/silogen/aim-base:0.7.0", "Meta-Llama/Llama-3.1-70B", "hf://Meta-Llama/Llama-3.1-70B"],
            {},
            "meta-llama-llama-3-1-70b-f10237e2",
        ),
        (
            ["m", "custom", "fp8", "MI300X"],
            ["m", 0, "", "fp8", "latency", 1, "MI300X"],
            {},
            "m-custom-fp8-mi300x-ee971a34",
        ),
        (["x"], [{"b": "2", "a": "1"}], {}, "x-59851255"),
        (["---", "x"], [], {}, "part-x"),
        (["My_Model.Name"], ["ünï"], {}, "my-model-name-3b63aa15"),
    ],
)
def test_derived_names_are_the_published_ones(parts, inputs, options, name):
    assert naming.derived_name(parts, inputs, **options) == name


@pytest.mark.rule("R-9.1", "N-2")
@given(
    st.lists(st.text(max_size=80), min_size=1, max_size=5),
    st.lists(JSON, max_size=3),
    st.integers(min_value=12, max_value=63),
)
def test_every_derived_name_is_a_dns_label_of_the_allowed_length(parts, inputs, limit):
    name = naming.derived_name(parts, inputs, limit=limit)
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name)
    shortest = 2 * len(parts) - 1 + (9 if inputs else 0)
    assert len(name) <= max(limit, shortest)


def test_a_name_that_cannot_be_shortened_stays_too_long():
    assert naming.derived_name(["a", "b", "c"], ["x"], limit=5).startswith("a-b-c-")


def test_a_derived_name_without_parts_or_with_an_odd_limit_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="at least one part"):
        naming.derived_name([])
    with pytest.raises(ValueError, match="maxLength must be between 1 and 63, got 64"):
        naming.derived_name(["x"], limit=64)


@pytest.mark.rule("R-9.3", "R-9.5")
@pytest.mark.parametrize(
    ("service", "namespace", "inference_service", "route"),
    [
        ("qwen-chat", "ml-team", "qwen-chat-a04542d9", "qwen-chat-a04542d9"),
        ("svc", "ns", "svc-e2c6bafc", "svc-e2c6bafc"),
        ("my-service", "my-namespace", "my-service-783d2dc1", "my-service-783d2dc1"),
        ("my.svc", "default", "my-svc-1080a608", "my-svc-1080a608"),
        (
            LONG_SERVICE,
            "default",
            "very-long-service-name-that-might-ex-1080a608",
            "very-long-service-name-that-might-exceed-kubernetes-li-1080a608",
        ),
        ("qwen3-32b-instruct-production-service", "team-research-and-development", "qwen3-32b-inst-60ef0c40", None),
        ("qwen-chat", "n" * 42, "q-70a2a165", None),
    ],
)
def test_a_service_names_its_runtime_and_route(service, namespace, inference_service, route):
    assert naming.inference_service_name(service, namespace, revision=1) == inference_service
    if route is not None:
        assert naming.route_name(service, namespace) == route


@pytest.mark.rule("R-9.3")
def test_a_namespace_can_be_too_long_for_any_runtime():
    answer = naming.inference_service_name("svc", "n" * 43, revision=2)
    assert isinstance(answer, NamespaceTooLong)
    assert answer.namespace in answer.message


@pytest.mark.rule("R-9.3")
@given(st.text(min_size=1, max_size=80), st.text(alphabet="abcdef-", min_size=1, max_size=42))
def test_at_revision_2_the_autoscaler_of_every_runtime_has_a_valid_name(service, namespace):
    name = naming.inference_service_name(service, namespace, revision=2)
    assert isinstance(name, str)
    assert len(naming.hpa_name(name)) <= 63
    assert naming.predictor_name(name) == f"{name}-predictor"
    one = naming.inference_service_name(service, namespace, revision=1)
    assert name == one or len(one) > naming.MAX_PREDICTOR_NAME


@pytest.mark.rule("R-9.2")
@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("amdenterpriseai/aim-qwen-qwen3-32b:0.8.5", "aim-qwen-qwen3-32b-0-8-5-cdc1fb22"),
        ("ghcr.io/silogen/aim-dummy:0.1.10", "aim-dummy-0-1-10-9bf80281"),
        ("ghcr.io/amd/llama-3-8b:v1.0.0", "llama-3-8b-v1-0-0-f15afcca"),
        (" ghcr.io/amd/llama-3-8b:v1.0.0 ", "llama-3-8b-v1-0-0-f15afcca"),
        ("registry.example.com:5000/models/mistral:latest", "mistral-latest-cc9c0d55"),
        ("ghcr.io/amd/model@sha256:abc123", "model-abc123-58c6ba56"),
        ("ghcr.io/amd/model", "model-latest-962085c9"),
        ("ghcr.io/amd/model:tag@sha256:0123456789abcdef", "model-tag-012345-ef14b4e6"),
    ],
)
def test_an_image_names_its_model(image, name):
    assert naming.model_name_for_image(image) == name


@pytest.mark.rule("R-9.2")
@pytest.mark.parametrize("image", [":::invalid", "", "  ", "foo:", "foo@sha256", "foo@sha256:", "a/", "./x", "???"])
def test_what_is_no_image_names_no_model(image):
    answer = naming.model_name_for_image(image)
    assert isinstance(answer, InvalidImage)
    assert answer.message


@pytest.mark.rule("R-9.1")
@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("ghcr.io/amd/model@sha256:abc123def456", ImageParts("ghcr-io", "amd/model", "model", "abc123")),
        ("nginx", ImageParts("docker-io", "nginx", "nginx", "latest")),
        ("localhost:5000/my-image:dev", ImageParts("localhost-5000", "my-image", "my-image", "dev")),
        ("localhost/x", ImageParts("localhost", "x", "x", "latest")),
        ("myorg/My_Image:V1.0", ImageParts("docker-io", "myorg/My_Image", "my-image", "v1-0")),
        ("x:v1@sha256:abc123456", ImageParts("docker-io", "x:v1", "x-v1", "abc123")),
    ],
)
def test_images_are_taken_apart(image, parts):
    assert naming.parse_image(image) == parts


@given(st.text())
def test_any_text_is_an_image_or_an_invalid_one(text):
    assert isinstance(naming.parse_image(text), ImageParts | InvalidImage)


def source(model, uri, endpoint=None):
    env = [{"name": "X", "value": "y"}, {"name": "AWS_ENDPOINT_URL", "value": endpoint}] if endpoint else []
    return {"modelId": model, "sourceUri": uri, "env": env}


S3 = ("shared/s3-endpoint-model", "s3://test-bucket/model")


@pytest.mark.rule("R-9.4", "R-9.4b")
@pytest.mark.parametrize(
    ("image", "sources", "name"),
    [
        ("ghcr.io/silogen/aim-dummy:0.1.10", [source("inline/test-model", GPT2)], "inline-test-model-2cfa2a00"),
        (
            "ghcr.io/silogen/aim-dummy:0.1.10",
            [source(*S3, "https://minio-a.example.com")],
            "shared-s3-endpoint-model-6b8c5ec3",
        ),
        (
            "ghcr.io/silogen/aim-dummy:0.1.10",
            [source(*S3, "https://minio-b.example.com")],
            "shared-s3-endpoint-model-30c85694",
        ),
        (
            "amdenterpriseai/aim-base:0.9",
            [source("Qwen/Qwen2-0.5B", "hf://Qwen/Qwen2-0.5B")],
            "qwen-qwen2-0-5b-8cd3ca3d",
        ),
        (
            "ghcr.io/silogen/aim-base:0.7.0",
            [source("Meta-Llama/Llama-3.1-70B", "hf://Meta-Llama/Llama-3.1-70B")],
            "meta-llama-llama-3-1-70b-f10237e2",
        ),
    ],
)
def test_a_custom_model_is_named_by_its_base_and_sources(image, sources, name):
    assert naming.custom_model_name(image, sources) == name


@pytest.mark.rule("R-9.4b")
def test_a_custom_model_without_sources_has_a_name_too():
    assert naming.custom_model_name("base", []) == naming.derived_name(["custom-model"], ["base"])


@pytest.mark.rule("R-9.6")
def test_caches_are_named_by_template_and_owner():
    assert naming.shared_cache_name("qwen3-32b-latency", "ml-team") == "qwen3-32b-latency-a04542d9"
    assert naming.shared_cache_name("llama-template", "my-namespace") == "llama-template-783d2dc1"
    dedicated = naming.dedicated_cache_name
    assert dedicated("qwen3-32b-latency", "qwen-chat", SERVICE_UID) == "qwen3-32b-latency-qwen-chat-875ee14e"
    assert (
        dedicated("aim-qwen-qwen3-32b-0-8-5-1x-mi300x-lat-fp8-0a1b2c3d", "my-production-chat-service", SERVICE_UID)
        == "aim-qwen-qwen3-32b-0-8-5-1x-my-production-chat-service-875ee14e"
    )
    assert dedicated("llama-template", "my-svc", "service-uid-a") == "llama-template-my-svc-dc5ac241"
    assert dedicated("llama-template", "my-svc", "service-uid-b") == "llama-template-my-svc-7ac737af"


def gpu(model=None, requests=None):
    return {"hardware": {"gpu": {k: v for k, v in (("model", model), ("requests", requests)) if v is not None}}}


@pytest.mark.rule("R-9.7", "R-9.7b")
@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        (gpu("MI300X"), "my-template-ovr-mi300x-a61e"),
        (gpu(requests=4), "my-template-ovr-4gpu-2da2"),
        ({"metric": "latency"}, "my-template-ovr-latency-817c"),
        (
            {**gpu("MI325X", 8), "precision": "fp16", "metric": "latency"},
            "my-template-ovr-mi325x-8gpu-fp16-latency-e5a3",
        ),
        (
            {**gpu("MI300X", 4), "precision": "fp8", "metric": "throughput"},
            "my-template-ovr-mi300x-4gpu-fp8-throughput-b295",
        ),
        ({}, "my-template"),
        (gpu(requests=0), "my-template"),
        ({"hardware": {"cpu": {"requests": "4"}, "gpu": {"minVram": "64Gi"}}}, "my-template"),
        ({"hardware": "junk", "metric": 5}, "my-template"),
    ],
)
def test_overrides_name_a_derived_template_or_none(overrides, name):
    assert naming.override_template_name("my-template", overrides) == name


DUMMY, QWEN = "ghcr.io/silogen/aim-dummy:0.1.10", "amdenterpriseai/aim-qwen-qwen3-32b:0.8.5"
NOWHERE = "this-registry-does-not-exist-12345.invalid/fake-model:v1"
VERY_LONG = "very-long-model-name-that-exceeds-kubernetes-limits-by-quite-a-lot"


@pytest.mark.rule("N-4", "N-5")
@pytest.mark.parametrize(
    ("model", "image", "deployment", "name"),
    [
        (
            "test-model",
            "llama-3-1-70b-instruct",
            ("mi300x", 2, "latency", "fp8"),
            "llama-3-1-70b-instruct-2x-mi300x-lat-fp8-cce6",
        ),
        ("test-model", "test-model", ("", 0, "throughput", ""), "test-model-thr-3f96"),
        ("test-model", "test-model", ("mi300x", 0, "", ""), "test-model-mi300x-0114"),
        ("test-model", "test-model", ("", 4, "", ""), "test-model-x4-1736"),
        ("test-model", "test-model", ("", 0, "", "fp16"), "test-model-fp16-8578"),
        ("test-model", "test-model", ("", 0, "", ""), "test-model-part-e694"),
        (
            "test-model",
            VERY_LONG,
            ("mi300x", 2, "latency", "fp8"),
            "very-long-model-name-that-exceeds-kubern-2x-mi300x-lat-fp8-8bcc",
        ),
        ("model-a", "test-image", ("mi300x", 1, "", "fp8"), "test-image-1x-mi300x-fp8-a11f"),
        ("model-b", "test-image", ("mi300x", 1, "", "fp8"), "test-image-1x-mi300x-fp8-0da1"),
        (
            "test-model-auto-templates",
            DUMMY,
            ("MI300X", 1, "latency", "fp8"),
            "ghcr-io-silogen-aim-dummy-0-1-10-1x-mi300x-lat-fp8-2fe5",
        ),
        (
            "qwen-qwen3-32b",
            QWEN,
            ("MI300X", 1, "throughput", "fp16"),
            "amdenterpriseai-aim-qwen-qwen3-32b-0-8-1x-mi300x-thr-fp16-2d0a",
        ),
        (
            "test-spec-provided-metadata",
            NOWHERE,
            ("MI300X", 1, "throughput", "fp16"),
            "this-registry-does-not-exist-12345-inva-1x-mi300x-thr-fp16-7a87",
        ),
    ],
)
def test_a_recommended_deployment_names_its_template(model, image, deployment, name):
    keys = ("gpuModel", "gpuCount", "metric", "precision")
    assert naming.discovered_template_name(model, image, dict(zip(keys, deployment, strict=True))) == name


def profile(metric, precision):
    return {"profile": {"metric": metric, "precision": precision}}


@pytest.mark.rule("N-6", "N-7")
@pytest.mark.parametrize(
    ("model", "index", "entry", "name"),
    [
        ("my-custom-qwen", 0, None, "my-custom-qwen-custom-4a20e66e"),
        ("cpu-only-model-test", 0, None, "cpu-only-model-test-custom-2624cf57"),
        ("custom-model-test", 0, {"name": "default-hardware"}, "custom-model-test-custom-default-hardware-7689ffdb"),
        (
            "custom-model-test",
            1,
            {"name": "multi-gpu", **gpu("MI300X", 2)},
            "custom-model-test-custom-multi-gpu-mi300x-e999d587",
        ),
        (
            "custom-model-test",
            2,
            {"name": "different-gpu", **gpu("MI250X", 1)},
            "custom-model-test-custom-different-gpu-mi250x-0edbfc23",
        ),
        (
            "custom-model-test",
            3,
            {"name": "latency-optimized", **profile("latency", "fp16")},
            "custom-model-test-custom-latency-optimized-fp16-480af67c",
        ),
        (
            "custom-model-test",
            4,
            {"name": "throughput-optimized", **profile("throughput", "fp8")},
            "custom-model-test-custom-throughput-optimized-fp8-01a3e255",
        ),
        ("custom-model-test", 5, {"name": "minimal"}, "custom-model-test-custom-minimal-4302f81e"),
        ("custom-model-valid", 0, {"name": "default"}, "custom-model-valid-custom-default-ce50d3d2"),
        (
            "additive-templates-test",
            0,
            {"name": "custom-high-memory", **gpu("MI300X", 2)},
            "additive-templates-te-custom-custom-high-memory-mi300x-37b021af",
        ),
        (
            "additive-templates-test",
            1,
            {"name": "custom-low-latency", **profile("latency", "fp16"), **gpu("MI300X", 1)},
            "additive-template-custom-custom-low-latenc-fp16-mi300x-6509a03e",
        ),
        ("m", 0, {"name": "Big_Mem.2"}, "m-custom-big-mem-2-11d0c9f5"),
        ("m", 2, {}, "m-custom-38b8a4d2"),
        ("m", 1, gpu(requests=4), "m-custom-5cf3de0b"),
    ],
)
def test_a_custom_template_is_named_by_its_entry(model, index, entry, name):
    assert naming.custom_template_name(model, index, entry) == name


@pytest.mark.rule("N-8")
@pytest.mark.parametrize(
    ("registry", "repository", "tag", "name"),
    [
        ("ghcr.io", "silogen/aim-llama", "1.0.0", "silogen-aim-llama-1-0-0-201bdd"),
        ("docker.io", "library/ubuntu", "22.04", "library-ubuntu-22-04-7a45e5"),
        ("ghcr.io", LONG_REPOSITORY, "0.8.5", "silogen-aim-mistralai-mistral-small-3-2-24b-instru-0-8-5-c6da71"),
        ("ghcr.io", "org/My_Model.Name", "v1.0.0", "org-my-model-name-v1-0-0-d858ec"),
        ("docker.io", "org/model", "latest", "org-model-latest-c045bd"),
        ("ghcr.io", "org/model", "abc123", "org-model-abc123-649acb"),
        ("ghcr.io", "org/model", "1.0.0", "org-model-1-0-0-178b40"),
        ("ghcr.io", "org/model", "2.0.0", "org-model-2-0-0-d4f848"),
        ("docker.io", "org/model", "1.0.0", "org-model-1-0-0-cd4308"),
        ("docker.io", "amdenterpriseai/aim-qwen-qwen3-32b", "0.8.5", "amdenterpriseai-aim-qwen-qwen3-32b-0-8-5-72f726"),
        ("docker.io", "amdenterpriseai/aim-base", "0.9", "amdenterpriseai-aim-base-0-9-7935c3"),
    ],
)
def test_a_sourced_model_is_named_by_its_image(registry, repository, tag, name):
    assert naming.sourced_model_name(registry, repository, tag) == name


@pytest.mark.rule("J-5", "J-6")
@pytest.mark.parametrize(
    ("template", "hashed", "name"),
    [
        ("my-template", "test-modelghcr.io/test/image:latest", "discover-my-template-aa5fe4dc"),
        ("my-template", "test-modelghcr.io/test/image:latestlatencyfp8", "discover-my-template-be538c70"),
        ("my-template", "test-modelghcr.io/test/image:latestMI300X2", "discover-my-template-961f3e80"),
        ("my-template", "test-modelghcr.io/test/image:latestmy-profile-id", "discover-my-template-a0f0be13"),
        (
            "test-template-discovery-namespace",
            "test-model-discovery-namespaceghcr.io/silogen/aim-dummy:0.1.8MI300X1",
            "discover-test-template-discovery-namespace-ee237b0c",
        ),
        (
            "test-template-discovery-cluster",
            "test-model-discovery-clusterghcr.io/silogen/aim-dummy:0.1.8MI300X1",
            "discover-test-template-discovery-cluster-f911ae0c",
        ),
        (
            "test-template-concurrent-01",
            "test-model-concurrentghcr.io/silogen/aim-dummy:0.1.8MI300X1",
            "discover-test-template-concurrent-01-2582854d",
        ),
        ("tpl", "mimg:1sa1HF_TOKENA1s1s2latencyfp8MI300X2p1", "discover-tpl-98df8556"),
        ("g0", "mimg:1MI300X0", "discover-g0-c84ad613"),
        ("a" * 44 + "-b", "mimg:1", "discover-" + "a" * 44 + "--a9143a02"),
        (
            "amdenterpriseai-aim-qwen-qwen3-32b-0-8-1x-mi300x-thr-fp16-2d0a",
            (
                "qwen-qwen3-32bamdenterpriseai/aim-qwen-qwen3-32b:0.8.5"
                "regcredthroughputfp16MI300X1vllm-mi300x-fp16-tp1-throughput"
            ),
            "discover-amdenterpriseai-aim-qwen-qwen3-32b-0-8-1x-mi3-88004090",
        ),
    ],
)
def test_a_discovery_job_is_named_by_what_it_would_find(template, hashed, name):
    assert naming.discovery_job_name(template, [hashed]) == name
    assert naming.discovery_job_name(template, [hashed[:3], "", hashed[3:]]) == name
    assert len(name) <= 63


@pytest.mark.rule("J-8")
@pytest.mark.parametrize(
    ("parts", "digits"),
    [
        (("test-model-discovery-namespace", "ghcr.io/silogen/aim-dummy:0.1.8", "MI300X", "1"), "ee237b0c576eb704"),
        (("test-model", "ghcr.io/test/image:latest", "latency", "fp8"), "be538c701b713e86"),
        (("m", "img:1", "latency", "fp8", "MI300X", "2", "p1"), "b81b5fa9f5e50acb"),
    ],
)
def test_the_spec_hash_covers_what_a_discovery_depends_on(parts, digits):
    assert naming.discovery_spec_hash(parts) == digits


@pytest.mark.rule("A3")
@pytest.mark.parametrize(
    ("artifact", "role", "name"),
    [
        ("llama-3-8b", "cache", "llama-3-8b-cache-258f45ec"),
        ("llama-3-8b", "download", "llama-3-8b-download-258f45ec"),
        ("llama-3-8b", "check-size", "llama-3-8b-check-size-258f45ec"),
        ("a" * 70, "cache", "a" * 48 + "-cache-258f45ec"),
    ],
)
def test_an_artifact_names_its_children(artifact, role, name):
    assert naming.artifact_child_name(artifact, role, UID) == name


@pytest.mark.rule("B5")
@pytest.mark.parametrize(
    ("uri", "env", "storage_class", "cache", "name"),
    [
        (GPT2, [], "", None, "hf---sshleifer-tiny-gpt2-fc6a9647bb"),
        (GPT2, TOKEN, "", None, "hf---sshleifer-tiny-gpt2-8b6a4bfd16"),
        (GPT2, [], "longhorn", "llama-cache", "hf---sshleifer-tiny-gpt2-258bce383c"),
        (
            LLAMA,
            [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"key": "token", "name": "hf"}}}],
            "longhorn",
            None,
            "hf---meta-llama-llama-3-3-70b-instruct-with-a-very-l-83807d0fbb",
        ),
        ("s3://b/m?x=1&y=<2>", [{"name": "A", "value": "a&b<c>"}], "", None, "s3---b-m-x-1-y--2-77a34d73c1"),
    ],
)
def test_an_artifact_is_named_by_its_source(uri, env, storage_class, cache, name):
    assert naming.artifact_name(uri, env, storage_class, cache) == name


@pytest.mark.rule("B5", "N-3")
@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"value": "", "name": "A"}, '[{"name":"A"}]'),
        (
            {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name", "apiVersion": "v1"}}},
            '[{"name":"A","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}}}]',
        ),
        (
            {"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
            '[{"name":"A","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu","divisor":"0"}}}]',
        ),
        (
            {
                "name": "A",
                "valueFrom": {"resourceFieldRef": {"resource": "r", "divisor": "1000m", "containerName": "c"}},
            },
            '[{"name":"A","valueFrom":{"resourceFieldRef":{"containerName":"c","resource":"r","divisor":"1"}}}]',
        ),
        (
            {"name": "A", "valueFrom": {"configMapKeyRef": {"optional": False, "key": "k"}}},
            '[{"name":"A","valueFrom":{"configMapKeyRef":{"key":"k","optional":false}}}]',
        ),
        (
            {"name": "A", "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "p", "key": "k", "optional": True}}},
            '[{"name":"A","valueFrom":{"fileKeyRef":{"volumeName":"v","path":"p","key":"k","optional":true}}}]',
        ),
        ({"name": "A", "valueFrom": {}}, '[{"name":"A","valueFrom":{}}]'),
        ("junk", "null"),
    ],
)
def test_env_is_hashed_in_the_order_of_the_reference(entry, text):
    assert naming.env_hash_text([entry]) == text


@pytest.mark.rule("R-9.8", "A3")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("amd/Llama-3.1-8B-Instruct", "amd_llama-3.1-8b-instruct"),
        ("bucket/model v1//x", "bucket_model_v1_x"),
        ("___", ""),
        ("", ""),
        ("a" * 62 + "._b", "a" * 62),
        ("İx", "ix"),
    ],
)
def test_label_values_are_sanitised_as_the_reference_does(text, value):
    assert naming.label_value(text) == value


@pytest.mark.rule("D-15")
def test_a_valid_child_label_stays_raw_and_others_stay_apart():
    assert naming.child_label("Qwen.Chat_1") == "Qwen.Chat_1"
    assert naming.child_label("") == ""
    assert naming.child_label("a" * 63) == "a" * 63
    one, other = naming.child_label("a" * 70 + "1"), naming.child_label("a" * 70 + "2")
    assert one != other
    assert one.startswith("a" * 54 + "-")
    assert re.fullmatch("[0-9a-f]{8}", naming.child_label("///"))


@pytest.mark.rule("D-15", "R-9.8")
@given(st.text())
def test_every_child_label_and_label_value_is_valid(text):
    for value in (naming.child_label(text), naming.label_value(text)):
        assert len(value) <= 63
        assert re.fullmatch(r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?", value)


@given(st.text(), JSON, st.lists(JSON), st.dictionaries(st.sampled_from(["hardware", "metric", "gpuModel"]), JSON))
def test_no_foreign_json_keeps_a_name_from_being_made(text, entry, items, mapping):
    naming.custom_model_name(text, items)
    naming.override_template_name("base", mapping)
    naming.discovered_template_name("m", text, mapping)
    naming.custom_template_name("m", 0, mapping)
    naming.artifact_name(text, [entry, {"name": "A", "valueFrom": {"secretKeyRef": entry}}], "", None)
