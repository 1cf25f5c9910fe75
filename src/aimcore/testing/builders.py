"""Builders for examples: small valid objects of our kinds, as plain dicts.

1. A builder asks for what the kind cannot do without. Further members of the spec are given by their names in YAML:
   `service("chat", image="example.com/chat:1", minReplicas=2)`.
2. Scope is a value: with `namespace=""` a model, template or runtime config is the cluster-scoped twin.
3. Each call gives a fresh object; nothing is judged here. What the API server would say, the simulated one says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aimcore.api.kinds import AIM_KINDS, Kind
from aimcore.resource import Json, Key

NAMESPACE = "ml-team"
"""Where builders put what is not told where to go; the simulated world has it."""


def an_object(
    kind: Kind, name: str, spec: Mapping[str, Any] | None = None, *, namespace: str = NAMESPACE, **members: Any
) -> Json:
    """An object of any kind. `members` are members of the object beside `spec` and the identity, such as `status`.

    `labels` and `annotations` go to its metadata.
    """
    metadata: Json = {"name": name, **({"namespace": namespace} if kind.namespaced else {})}
    metadata |= {m: members.pop(m) for m in ("labels", "annotations") if m in members}
    body = {} if spec is None else {"spec": dict(spec)}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, **body, **members}


def key_of(obj: Mapping[str, Any]) -> Key:
    """The key of an object."""
    metadata = obj["metadata"]
    return Key(obj["kind"], metadata.get("namespace", ""), metadata["name"])


def service(name: str, *, image: str = "", model: str = "", namespace: str = NAMESPACE, **spec: Any) -> Json:
    """An AIMService of an image or of a named model. Raises ValueError unless exactly one of the two is given."""
    if bool(image) == bool(model):
        raise ValueError("a service is made of an image or of a model")
    return _ours("AIMService", name, namespace, {"model": {"image": image} if image else {"name": model}, **spec})


def model(name: str, *, image: str, namespace: str = NAMESPACE, **spec: Any) -> Json:
    """An AIMModel, or an AIMClusterModel."""
    return _ours("AIMModel" if namespace else "AIMClusterModel", name, namespace, {"image": image, **spec})


def template(name: str, *, model: str, namespace: str = NAMESPACE, **spec: Any) -> Json:
    """An AIMServiceTemplate, or an AIMClusterServiceTemplate."""
    kind = "AIMServiceTemplate" if namespace else "AIMClusterServiceTemplate"
    return _ours(kind, name, namespace, {"modelName": model, **spec})


def template_cache(
    name: str, *, template: str, scope: str = "Namespace", namespace: str = NAMESPACE, **spec: Any
) -> Json:
    """An AIMTemplateCache. `scope` is the template's: `Namespace` or `Cluster`."""
    return _ours("AIMTemplateCache", name, namespace, {"templateName": template, "templateScope": scope, **spec})


def artifact(name: str, *, uri: str, namespace: str = NAMESPACE, **spec: Any) -> Json:
    """An AIMArtifact of what lies at an `hf://` or `s3://` address."""
    defaults = {"modelId": uri.partition("://")[2]}
    return _ours("AIMArtifact", name, namespace, {**defaults, "sourceUri": uri, **spec})


def runtime_config(name: str = "default", *, namespace: str = NAMESPACE, **spec: Any) -> Json:
    """An AIMRuntimeConfig, or an AIMClusterRuntimeConfig."""
    return _ours("AIMRuntimeConfig" if namespace else "AIMClusterRuntimeConfig", name, namespace, spec)


def model_source(name: str, *, images: Sequence[str], **spec: Any) -> Json:
    """An AIMClusterModelSource of the images that match one of these patterns."""
    filters = [{"image": image} for image in images]
    return _ours("AIMClusterModelSource", name, "", {"filters": filters, **spec})


def _ours(kind: str, name: str, namespace: str, spec: Mapping[str, Any]) -> Json:
    return an_object(AIM_KINDS[kind], name, spec, namespace=namespace)
