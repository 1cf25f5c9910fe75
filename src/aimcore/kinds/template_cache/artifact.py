"""The artifact that a template cache makes for a model source (B5).

1. It is made once and never applied again.
2. `template.index` is the source's position in the template's list.
3. Pull secrets and the download image are no part of the name; they reach artifacts that do not exist yet.
"""

from __future__ import annotations

from aimcore import naming
from aimcore.api import quantity
from aimcore.api.kinds import AIM_KINDS
from aimcore.cluster.caches import TemplateCacheReading
from aimcore.cluster.reading import named, text
from aimcore.kinds.template_cache.matching import Missing
from aimcore.labels import stamp
from aimcore.plan import Child, Write
from aimcore.resource import Json, Resource


def artifact_name(cache: TemplateCacheReading, missing: Missing) -> str:
    """The name of the artifact of a source; a Dedicated cache has its own."""
    dedicated = cache.name if cache.is_dedicated else None
    return naming.artifact_name(missing.source.uri, list(missing.env), cache.storage_class, dedicated)


def desired_artifact(
    resource: Resource, cache: TemplateCacheReading, missing: Missing, patterns: tuple[str, ...]
) -> Child:
    """The artifact for a source that has none."""
    manifest: Json = {
        "apiVersion": AIM_KINDS["AIMArtifact"].api_version,
        "kind": "AIMArtifact",
        "metadata": {
            "name": artifact_name(cache, missing),
            "namespace": cache.namespace,
            "labels": {
                "template-created": "true",
                "aim.eai.amd.com/template.name": naming.child_label(cache.template_name),
                "aim.eai.amd.com/template.scope": cache.template_scope,
                "aim.eai.amd.com/template.index": str(missing.index),
                "aim.eai.amd.com/template-cache.name": naming.label_value(cache.name),
            },
        },
        "spec": _spec(resource, cache, missing),
    }
    return Child(stamp(manifest, resource, patterns, owned=cache.is_dedicated), "Artifacts", Write.CREATE)


def _spec(resource: Resource, cache: TemplateCacheReading, missing: Missing) -> Json:
    spec: Json = {"sourceUri": missing.source.uri, "size": quantity.canonical(missing.source.size) or "0"}
    optional = {
        "modelId": missing.source.model_id,
        "storageClassName": cache.storage_class,
        "env": list(missing.env),
        "runtimeConfigName": cache.runtime_config,
        "imagePullSecrets": list(named(resource.spec, "imagePullSecrets")),
        "modelDownloadImage": text(resource.spec, "downloadImage"),
    }
    return spec | {k: v for k, v in optional.items() if v}
