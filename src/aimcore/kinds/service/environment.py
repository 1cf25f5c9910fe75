"""The environment of the serving container (R-8.1 … R-8.5, D-19).

1. Layers, low to high: defaults, runtime config, the template's parameters, the template's variables, the service's.
2. Each step upserts by name; `AIM_ENGINE_ARGS` is merged as JSON between layers.
3. The result is sorted by name.
"""

from __future__ import annotations

from collections.abc import Sequence

from aimcore.cluster.catalogue import TemplateReading
from aimcore.kinds.service.volumes import CACHE_ROOT
from aimcore.layering import env_by_name, overlay_env
from aimcore.resource import Json

_JSON = frozenset({"AIM_ENGINE_ARGS"})
_DEFAULTS: tuple[Json, ...] = (
    {"name": "AIM_CACHE_PATH", "value": CACHE_ROOT},
    {"name": "VLLM_ENABLE_METRICS", "value": "true"},
)


def desired_env(config_env: Sequence[Json], template: TemplateReading, service_env: Sequence[Json]) -> list[Json]:
    """The environment variables of the serving container."""
    env = env_by_name(_DEFAULTS)
    overlay_env(env, config_env, json_names=_JSON)
    for name, value in (
        ("AIM_PROFILE_ID", template.profile_id),
        ("AIM_METRIC", template.spec_metric),
        ("AIM_PRECISION", template.spec_precision),
    ):
        if value:
            env[name] = {"name": name, "value": value}
    overlay_env(env, template.env, json_names=_JSON)
    if template.spec_model_id:
        env["AIM_MODEL_ID"] = {"name": "AIM_MODEL_ID", "value": template.spec_model_id}
    overlay_env(env, service_env, json_names=_JSON)
    return [env[name] for name in sorted(env)]  # by code points, which is the order of UTF-8 bytes
