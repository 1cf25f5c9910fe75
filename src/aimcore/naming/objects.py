"""The name of each kind of object that we make or look up. All are a published contract.

1. A name depends on nothing but the arguments, so every round and every process finds the same object.
2. Mappings are foreign JSON: members of a wrong type count as absent.
3. Revision 2 keeps InferenceService names short enough for KEDA (`keda-hpa-<name>-predictor`, at most 63 characters).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcore.api.json_text import json_string
from aimcore.api.quantity import canonical
from aimcore.naming.derive import JsonText, derived_name, sha256
from aimcore.naming.images import InvalidImage, parse_image

MAX_PREDICTOR_NAME = 44
"""The longest InferenceService name whose autoscaler has a valid name (revision 2)."""
_SHORTEST_LIMIT = 10
_METRIC_PIECES = {"latency": "lat", "throughput": "thr"}


# ---- services -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class NamespaceTooLong:
    """No InferenceService can be named in this namespace. `message` says why."""

    namespace: str
    message: str


def inference_service_name(service: str, namespace: str, *, revision: int) -> str | NamespaceTooLong:
    """The name of a service's InferenceService (R-9.3)."""
    names = inference_service_names(service, namespace, route_name(service, namespace))
    return names if isinstance(names, NamespaceTooLong) else names[1 if revision >= 2 else 0]


def inference_service_names(service: str, namespace: str, route: str) -> tuple[str, str] | NamespaceTooLong:
    """Its names at revision 1 and from 2 on. `route`: the name of the HTTPRoute, made alike with a higher limit."""
    limit = 52 - len(namespace)
    if limit < _SHORTEST_LIMIT:
        message = (
            f'namespace "{namespace}" has {len(namespace)} characters; '
            f"names of InferenceServices allow at most {52 - _SHORTEST_LIMIT}"
        )
        return NamespaceTooLong(namespace, message)
    oldest = route if len(route) <= limit else derived_name((service,), (namespace,), limit=limit)
    if len(oldest) <= MAX_PREDICTOR_NAME:
        return oldest, oldest
    return oldest, derived_name((service,), (namespace,), limit=MAX_PREDICTOR_NAME)


def route_name(service: str, namespace: str) -> str:
    """The name of a service's HTTPRoute (R-9.5)."""
    return derived_name((service,), (namespace,))


def predictor_name(inference_service: str) -> str:
    """The name of the Deployment, Service and ScaledObject that belong to an InferenceService."""
    return f"{inference_service}-predictor"


def hpa_name(inference_service: str) -> str:
    """The name of the autoscaler that KEDA makes for an InferenceService."""
    return f"keda-hpa-{inference_service}-predictor"


# ---- models ---------------------------------------------------------------------------------------------------------
def model_name_for_image(image: str) -> str | InvalidImage:
    """The name of the AIMModel made for an image (R-9.2)."""
    parts = parse_image(image)
    if isinstance(parts, InvalidImage):
        return parts
    return derived_name((parts.name, parts.tag), (image.strip(),))


def custom_model_name(base_image: str, sources: Sequence[Any]) -> str:
    """The name of the AIMModel made for an inline custom model (R-9.4). `sources`: `modelSources` as written."""
    inputs = [base_image]
    for source in sources:
        inputs += (_text(source, "modelId"), _text(source, "sourceUri"))
        endpoint = _env_value(_member(source, "env"), "AWS_ENDPOINT_URL")
        if endpoint:
            inputs.append(endpoint)
    return derived_name((_text(sources[0], "modelId") if sources else "custom-model",), inputs)


def sourced_model_name(registry: str, repository: str, tag: str) -> str:
    """The name of the AIMClusterModel that a source makes for an image (N-8)."""
    return derived_name((repository, tag), (registry, repository, tag), length=6)


# ---- templates ------------------------------------------------------------------------------------------------------
def override_template_name(base: str, overrides: Mapping[str, Any]) -> str:
    """The name of the template derived for a service's overrides (R-9.7); `base` itself if none of them counts."""
    gpu = _member(_member(overrides, "hardware"), "gpu")
    model, count = _text(gpu, "model"), _count(gpu, "requests")
    precision, metric = _text(overrides, "precision"), _text(overrides, "metric")
    parts: list[str] = []
    inputs: list[object] = []
    if model:
        parts.append(model.lower())
        inputs += ("gpu", model)
    if count > 0:
        parts.append(f"{count}gpu")
        inputs += ("count", count)
    for label, value in (("precision", precision), ("metric", metric)):
        if value:
            parts.append(value)
            inputs += (label, value)
    return derived_name((base, "ovr", *parts), inputs, length=4) if parts else base


def discovered_template_name(model_name: str, image: str, deployment: Mapping[str, Any]) -> str:
    """The name of the template made from a recommended deployment of a model's image (N-4, N-5)."""
    gpu, count = _text(deployment, "gpuModel"), _count(deployment, "gpuCount")
    metric, precision = _text(deployment, "metric"), _text(deployment, "precision")
    pieces = (_gpu_piece(gpu, count), _METRIC_PIECES.get(metric, metric), precision)
    hashed = (model_name, image, gpu, f"x{count}" if count > 0 else "", metric, precision)
    suffix = "-".join(p for p in pieces if p)
    return derived_name((image, suffix), ("-".join((*hashed[:2], *(h for h in hashed[2:] if h))),), length=4)


def _gpu_piece(model: str, count: int) -> str:
    if count > 0:
        return f"{count}x-{model}" if model else f"x{count}"
    return model


def custom_template_name(model_name: str, index: int, entry: Mapping[str, Any] | None) -> str:
    """The name of a template made for a custom model (N-6, N-7). `entry`: its `customTemplates` entry, if any."""
    parts, inputs = [model_name, "custom"], [model_name, index]
    if entry is not None:
        name = _text(entry, "name")
        profile, gpu = _member(entry, "profile"), _member(_member(entry, "hardware"), "gpu")
        precision, model = _text(profile, "precision"), _text(gpu, "model")
        parts += [p for p in (name, precision, model) if p]
        inputs.append(name)
        if isinstance(profile, dict):
            inputs += (precision, _text(profile, "metric"))
        if isinstance(gpu, dict):
            inputs += (_count(gpu, "requests"), model)
    return derived_name(parts, inputs)


def discovery_job_name(template: str, hashed: Sequence[str]) -> str:
    """The name of a template's discovery Job (J-5): `hashed` are the texts in the order given there."""
    return f"discover-{template[:45]}-{sha256(''.join(hashed))[:8]}"


def discovery_spec_hash(parts: Sequence[str]) -> str:
    """The hash by which a changed template starts its attempts anew (J-8)."""
    return sha256("".join(parts))[:16]


# ---- caches and artifacts -------------------------------------------------------------------------------------------
def shared_cache_name(template: str, namespace: str) -> str:
    """The name of the AIMTemplateCache that the services of a template share (R-9.6)."""
    return derived_name((template,), (namespace,))


def dedicated_cache_name(template: str, service: str, service_uid: str) -> str:
    """The name of the AIMTemplateCache of one service alone (R-9.6)."""
    return derived_name((template, service), (service_uid,))


def artifact_name(uri: str, env: Sequence[Any], storage_class: str, dedicated_cache: str | None) -> str:
    """The name of the AIMArtifact of a source (B5). `dedicated_cache`: the cache that alone owns it, if so."""
    inputs: list[object] = [uri, JsonText(env_hash_text(env)), storage_class]
    if dedicated_cache is not None:
        inputs += ("dedicated", dedicated_cache)
    return derived_name((uri.replace(".", "-"),), inputs, length=10)


def artifact_child_name(artifact: str, role: str, uid: str) -> str:
    """The name of an artifact's claim (`cache`) or Job (`download`, `check-size`) (A3)."""
    return derived_name((artifact, role), (uid,))


_REFERENCE = ("name", "key", "optional")
_VALUE_FROM: Mapping[str, tuple[tuple[str, ...], frozenset[str]]] = {
    "fieldRef": (("apiVersion", "fieldPath"), frozenset({"fieldPath"})),
    "resourceFieldRef": (("containerName", "resource", "divisor"), frozenset({"resource", "divisor"})),
    "configMapKeyRef": (_REFERENCE, frozenset({"key"})),
    "secretKeyRef": (_REFERENCE, frozenset({"key"})),
    "fileKeyRef": (("volumeName", "path", "key", "optional"), frozenset({"volumeName", "path", "key"})),
}
"""For each kind of reference its members in order, and those that are written even when empty."""


def env_hash_text(env: Sequence[Any]) -> str:
    """The JSON text of an env list as a hash input: `null` when empty, members in the reference's order."""
    entries = [e for e in env if isinstance(e, dict)]
    return f"[{','.join([_env_entry(e) for e in entries])}]" if entries else "null"


def _env_entry(entry: Mapping[str, Any]) -> str:
    members = [f'"name":{json_string(_text(entry, "name"))}']
    if value := _text(entry, "value"):
        members.append(f'"value":{json_string(value)}')
    source = entry.get("valueFrom")
    if isinstance(source, dict):
        references = [
            f"{json_string(kind)}:{_reference(source[kind], *shape)}"
            for kind, shape in _VALUE_FROM.items()
            if isinstance(source.get(kind), dict)
        ]
        members.append(f'"valueFrom":{{{",".join(references)}}}')
    return f"{{{','.join(members)}}}"


def _reference(reference: Mapping[str, Any], order: Iterable[str], always: frozenset[str]) -> str:
    written = []
    for member in order:
        value = reference.get(member)
        if member == "optional":
            shown = str(value).lower() if isinstance(value, bool) else ""
        elif member == "divisor":
            shown = json_string(canonical(value) or "0")
        else:
            text = value if isinstance(value, str) else ""
            shown = json_string(text) if text or member in always else ""
        if shown:
            written.append(f'"{member}":{shown}')
    return f"{{{','.join(written)}}}"


# ---- foreign JSON ---------------------------------------------------------------------------------------------------
def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _text(value: object, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _count(value: object, name: str) -> int:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 2**63 else 0


def _env_value(env: object, name: str) -> str:
    """The literal value of an env variable, "" if there is none."""
    entries = env if isinstance(env, list) else ()
    return next((v for e in entries if _text(e, "name") == name and (v := _text(e, "value"))), "")
