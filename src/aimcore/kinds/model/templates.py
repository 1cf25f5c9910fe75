"""The templates made from a model (M-20 to M-30, D-3 to D-7).

1. An image model has one template for each recommended deployment and one for each custom template. A custom model has
   those of its custom templates, or a single one if it names none.
2. In new templates the custom template's value wins over the model's default; `model` and `minVram` replace each other;
   env and the runtime config's name are inherited. They carry the annotation `render-revision`.
3. A template without that annotation was made by other rules and keeps them: no runtime config, no env on cluster
   templates, CPU values of the model's default first.
4. What cannot change on an existing template (`hardware`, `metric`, `precision`) stays as it is there; where that
   differs from what is wanted, it is said.
5. A deployment with a metric, precision or GPU name that no template may have is left out, and it is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcore import naming
from aimcore.api.kinds import AIM_KINDS
from aimcore.cluster.reading import mapping, named, objects, text, whole
from aimcore.kinds.model.inputs import Model
from aimcore.labels import AUTO_GENERATED, MODEL, ORIGIN, RENDER_REVISION, TEMPLATE_ALIAS, stamp
from aimcore.layering import merge_env
from aimcore.plan import Child
from aimcore.resource import Json, Resource

METRICS = frozenset({"latency", "throughput"})
PRECISIONS = frozenset({"auto", "fp4", "fp8", "fp16", "fp32", "bf16", "int4", "int8"})
IMMUTABLE = ("metric", "precision", "hardware")
REVISION = "2"
_DEFAULT_RESOURCE = "amd.com/gpu"
_LONGEST_GPU_MODEL = 64


@dataclass(frozen=True, slots=True)
class Draft:
    """A template that is wanted: as new (`spec`), and as the former rules give it (`former`)."""

    name: str
    alias: str
    spec: Json
    former: Json


def drafts_of(model: Model, metadata: Json | None, *, discovers: bool) -> tuple[Draft, ...]:
    """The templates of a model, by name. Of drafts with one name the last counts. `discovers`: see rule 1."""
    found = [*_discovered(model, metadata if discovers and not model.is_custom else None), *_custom(model)]
    by_name = {draft.name: draft for draft in found}
    return tuple(by_name[name] for name in sorted(by_name))


def left_out(model: Model, metadata: Json | None) -> tuple[str, ...]:
    """Sentences about the deployments that cannot become templates."""
    if model.is_custom:
        return ()
    return tuple(
        f"recommended deployment {i} is left out: {problem}"
        for i, deployment in enumerate(_deployments(metadata))
        if (problem := _problem(deployment))
    )


def _deployments(metadata: Json | None) -> Sequence[Json]:
    return objects(metadata, "model", "recommendedDeployments")


def _problem(deployment: Json) -> str:
    for field, allowed in (("metric", METRICS), ("precision", PRECISIONS)):
        value = text(deployment, field)
        if value and value not in allowed:
            return f'{field} "{value[:80]}" is none of {", ".join(sorted(allowed))}'
    if len(text(deployment, "gpuModel")) > _LONGEST_GPU_MODEL:
        return f"gpuModel has more than {_LONGEST_GPU_MODEL} characters"
    return ""


def _discovered(model: Model, metadata: Json | None) -> Iterable[Draft]:
    for deployment in _deployments(metadata):
        if _problem(deployment):
            continue
        spec = _shared_members(model) | {
            f: v for f in ("metric", "precision", "profileId") if (v := text(deployment, f))
        }
        count, gpu = whole(deployment, "gpuCount"), text(deployment, "gpuModel")
        if gpu and count > 0:
            spec["hardware"] = {"gpu": {"requests": count, "model": gpu, "resourceName": _DEFAULT_RESOURCE}}
        name = naming.discovered_template_name(model.name, model.image, deployment)
        yield Draft(name, "", _inheriting(model, spec), spec)


def _custom(model: Model) -> Iterable[Draft]:
    if model.custom_templates:
        for index, entry in model.custom_templates:
            yield _custom_draft(model, index, entry)
    elif model.is_custom:
        yield _custom_draft(model, 0, None)


def _custom_draft(model: Model, index: int, entry: Json | None) -> Draft:
    spec = _shared_members(model) | {f: v for f in ("metric", "precision") if (v := text(entry, "profile", f))}
    spec["type"] = text(entry, "type") or model.custom_type or "unoptimized"
    if model.sources:
        spec["modelSources"] = list(model.sources)
    own = mapping(entry).get("hardware")
    default, own = mapping(model.custom_hardware), mapping(own)
    hardware = merged_hardware(default, own)
    if hardware:
        spec["hardware"] = hardware
    env = merge_env(model.env, named(entry, "env"))
    present = _inheriting(model, spec | _resources(mapping(hardware, "cpu"))) | ({"env": env} if env else {})
    former = spec | _resources({**mapping(own, "cpu"), **mapping(default, "cpu")})
    if env and model.namespace:
        former["env"] = env
    return Draft(naming.custom_template_name(model.name, index, entry), text(entry, "name"), present, former)


def _shared_members(model: Model) -> Json:
    spec: Json = {"modelName": model.name}
    if model.pull_secrets:
        spec["imagePullSecrets"] = list(model.pull_secrets)
    if model.service_account:
        spec["serviceAccountName"] = model.service_account
    return spec


def _inheriting(model: Model, spec: Json) -> Json:
    return spec | ({"runtimeConfigName": model.runtime_config} if model.runtime_config else {})


def _resources(cpu: Mapping[str, Any]) -> Json:
    """The template's resources, from its CPU."""
    requests, limits = cpu.get("requests"), cpu.get("limits")
    resources: Json = {}
    if requests is not None:
        resources["requests"] = {"cpu": requests}
    if limits is not None:
        resources["limits"] = {"cpu": limits}
    return {"resources": resources} if resources else {}


def merged_hardware(default: Mapping[str, Any], own: Mapping[str, Any]) -> Json:
    """The model's default hardware with a custom template's over it, member by member."""
    merged: Json = {}
    gpu = _merged_gpu(mapping(default, "gpu"), mapping(own, "gpu"))
    if gpu:
        merged["gpu"] = gpu
    cpu = {**mapping(default, "cpu"), **{k: v for k, v in mapping(own, "cpu").items() if v is not None}}
    if cpu:
        merged["cpu"] = cpu
    return merged


def _merged_gpu(default: Mapping[str, Any], own: Mapping[str, Any]) -> Json:
    merged = dict(default)
    if text(own, "model"):
        merged.pop("minVram", None)
    if own.get("minVram"):
        merged.pop("model", None)
    given = {k: v for k, v in own.items() if v not in (None, "", 0)}
    if given.get("resourceName") == _DEFAULT_RESOURCE and text(default, "resourceName"):
        del given["resourceName"]
    return merged | given


# ---- as children ----------------------------------------------------------------------------------------------------
def desired_template(
    resource: Resource, model: Model, draft: Draft, live: Resource | None, patterns: Sequence[str]
) -> Child:
    """A template as a child of its model. `live` is what exists under its name."""
    is_former = live is not None and RENDER_REVISION not in live.annotations
    metadata: Json = {
        "name": draft.name,
        "labels": {MODEL: naming.child_label(model.name), ORIGIN: AUTO_GENERATED}
        | ({TEMPLATE_ALIAS: naming.child_label(draft.alias)} if draft.alias else {}),
    }
    if model.namespace:
        metadata["namespace"] = model.namespace
    if not is_former:
        metadata["annotations"] = {RENDER_REVISION: REVISION}
    spec = draft.former if is_former else draft.spec
    manifest: Json = {
        "apiVersion": AIM_KINDS[model.scope.template_kind].api_version,
        "kind": model.scope.template_kind,
        "metadata": metadata,
        "spec": spec | kept(live),
    }
    return Child(stamp(manifest, resource, patterns, owned=True), model.scope.templates)


def kept(live: Resource | None) -> Json:
    """What cannot change on an existing template."""
    if live is None:
        return {}
    return {f: v for f in IMMUTABLE if (v := live.spec.get(f)) is not None}


def differences(draft: Draft, live: Resource | None) -> tuple[str, ...]:
    """Which immutable members of an existing template differ from what is wanted."""
    return tuple(f for f, v in kept(live).items() if not _agrees(draft.spec.get(f), v))


def _agrees(wanted: object, present: object) -> bool:
    """Whether what is wanted stands in what is present: the server adds defaults."""
    if isinstance(wanted, Mapping) and isinstance(present, Mapping):
        return set(present) - {"resourceName"} <= set(wanted) and all(
            _agrees(v, present.get(k)) for k, v in wanted.items() if k != "resourceName" or k in present
        )
    return wanted == present or (wanted is None and not present)
