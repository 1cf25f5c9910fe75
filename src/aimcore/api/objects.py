"""The typed model of each of our kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aimcore.api.artifact import AIMArtifact
from aimcore.api.model import AIMClusterModel, AIMModel
from aimcore.api.model_source import AIMClusterModelSource
from aimcore.api.reading import AimObject, Malformed, Problem
from aimcore.api.runtime_config import AIMClusterRuntimeConfig, AIMRuntimeConfig
from aimcore.api.service import AIMService
from aimcore.api.template import AIMClusterServiceTemplate, AIMServiceTemplate
from aimcore.api.template_cache import AIMTemplateCache

OBJECTS: Final[Mapping[str, type[AimObject]]] = {
    model.__name__: model
    for model in (
        AIMArtifact,
        AIMClusterModel,
        AIMClusterModelSource,
        AIMClusterRuntimeConfig,
        AIMClusterServiceTemplate,
        AIMModel,
        AIMRuntimeConfig,
        AIMService,
        AIMServiceTemplate,
        AIMTemplateCache,
    )
}


def parse(raw: object) -> AimObject | Malformed:
    """The typed form of a JSON object of any of our kinds; `Malformed` when it fits none. Never raises."""
    kind = raw.get("kind") if isinstance(raw, dict) else None
    model = OBJECTS.get(kind) if isinstance(kind, str) else None
    if model is None:
        return Malformed((Problem("kind", "", "one of " + ", ".join(OBJECTS)),))
    return model.parse(raw)
