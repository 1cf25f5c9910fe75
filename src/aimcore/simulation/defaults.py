"""The catalogue of the default world: the images and models that the guide's examples name.

Plain data in the form that `WorldSettings.read` takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMESPACES = ("default", "kube-system", "aim-system", "gateways", "kserve", "keda", "ml-team")

_GIB = 1024**3
QWEN = "Qwen/Qwen3-32B"
QWEN_SIZE_GB = 61.2


def _deployment(metric: str, precision: str, gpus: int) -> str:
    return (
        f"{{'gpuModel': 'MI300X', 'gpuCount': {gpus}, 'precision': '{precision}', 'metric': '{metric}', "
        f"'profileId': 'vllm-mi300x-{precision}-tp{gpus}-{metric}', "
        f"'description': 'Optimized for {metric} on {gpus}x MI300X'}}"
    )


def _profile(metric: str, precision: str, gpus: int) -> Mapping[str, Any]:
    name = f"vllm-mi300x-{precision}-tp{gpus}-{metric}"
    return {
        "filename": f"{name}.yaml",
        "profile": {
            "model": QWEN,
            "quantized_model": "",
            "metadata": {
                "engine": "vllm",
                "gpu": "MI300X",
                "gpu_count": gpus,
                "metric": metric,
                "precision": precision,
                "type": "optimized",
            },
            "engine_args": {"tensor-parallel-size": gpus, "gpu-memory-utilization": 0.95},
            "env_vars": {"VLLM_USE_V1": "1"},
        },
        "models": [{"name": QWEN, "source": f"hf://{QWEN}", "size_gb": QWEN_SIZE_GB}],
    }


_OFFERED = (("latency", "fp16", 1), ("throughput", "fp16", 1))

IMAGES: tuple[Mapping[str, Any], ...] = (
    {
        "image": "amdenterpriseai/aim-qwen-qwen3-32b:*",
        "labels": {
            "com.amd.aim.title": "Qwen3 32B",
            "com.amd.aim.description.full": "Qwen3 32B served by vLLM on AMD Instinct accelerators.",
            "com.amd.aim.hfToken.required": "false",
            "com.amd.aim.model.canonicalName": QWEN,
            "com.amd.aim.model.source": f"https://huggingface.co/{QWEN}",
            "com.amd.aim.model.tags": "text-generation,chat",
            "com.amd.aim.model.variants": QWEN,
            "com.amd.aim.model.recommendedDeployments": ",".join(_deployment(*offer) for offer in _OFFERED),
            "org.opencontainers.image.title": "aim-qwen-qwen3-32b",
            "org.opencontainers.image.vendor": "AMD",
        },
        "profiles": [_profile(*offer) for offer in _OFFERED],
    },
    {"image": "ghcr.io/silogen/aim-artifact-downloader:*", "pullSeconds": 2},
)

SOURCES: tuple[Mapping[str, Any], ...] = (
    {"uri": f"hf://{QWEN}", "sizeBytes": int(QWEN_SIZE_GB * _GIB)},
    {"uri": "hf://*", "sizeBytes": 16 * _GIB},
    {"uri": "s3://*", "sizeBytes": 16 * _GIB},
)
