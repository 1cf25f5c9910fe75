"""The words and patterns that several fields allow. Imports nothing, so that plans can use them without the models."""

from __future__ import annotations

from typing import Final, Literal

Metric = Literal["latency", "throughput"]
Precision = Literal["auto", "fp4", "fp8", "fp16", "fp32", "bf16", "int4", "int8"]
ProfileType = Literal["optimized", "preview", "unoptimized"]

DEFAULT_GPU_RESOURCE: Final = "amd.com/gpu"
MODEL_ID_PATTERN: Final = r"^[a-zA-Z0-9_-]+/[a-zA-Z0-9._-]+$"
SOURCE_URI_PATTERN: Final = r"^(hf|s3)://[^ \t\r\n]+$"
