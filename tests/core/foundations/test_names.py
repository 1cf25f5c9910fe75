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
@given(st.just("a" * 63) | st.text(min_size=1, max_size=80), st.text(alphabet="abcdef-", min_size=1, max_size=42))
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


@pytest.mark.rule("R-9.3")
@given(st.from_regex(r"[a-z0-9-]{1,63}", fullmatch=True), st.integers(1, 42))
def test_the_short_cut_by_the_name_of_the_route_changes_no_name(service, length):
    namespace = "n" * length
    oldest = naming.derived_name((service,), (namespace,), limit=52 - length)
    newest = naming.derived_name((service,), (namespace,), limit=min(52 - length, naming.MAX_PREDICTOR_NAME))
    route = naming.route_name(service, namespace)
    assert naming.inference_service_names(service, namespace, route) == (oldest, newest)
