"""Names of templates and their discovery jobs are byte-identical to the reference's."""

from __future__ import annotations

import pytest

from aimcore import naming


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
