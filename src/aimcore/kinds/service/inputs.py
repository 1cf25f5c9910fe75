"""What the owner of a service wrote, typed.

1. Reading is total: junk gives a default and a `Problem` that names the field, the value and what is allowed.
2. A problem stops only the children that depend on the field (D-7); the names in `stops` are condition components.
3. Texts that name something are trimmed; lists keep their order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcore import labels
from aimcore.cluster.catalogue import caching_mode
from aimcore.cluster.reading import mapping, named, objects, text
from aimcore.kinds.service.metrics import Metric, read_metric
from aimcore.records import quickly_made
from aimcore.resource import Json, Resource

INFERENCE_SERVICE = "InferenceService"
HTTP_ROUTE = "HTTPRoute"
CACHE = "Cache"
MODEL = "Model"
TEMPLATE = "Template"
RUNTIME_CONFIG = "RuntimeConfig"
PODS = "InferenceServicePods"
HPA = "HPA"


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that is not allowed. `sentence` names field, value and what is allowed."""

    stops: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class ByName:
    """A model chosen by name."""

    name: str


@dataclass(frozen=True, slots=True)
class ByImage:
    """A model chosen by its container image."""

    image: str


@dataclass(frozen=True, slots=True)
class Custom:
    """A model described inside the service."""

    base_image: str
    sources: tuple[Json, ...]
    hardware: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unchosen:
    """No usable way of choosing a model."""


ModelChoice = ByName | ByImage | Custom | Unchosen


@quickly_made
@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """The spec of an AIMService. None means "not set" wherever that differs from empty."""

    model: ModelChoice
    template_name: str
    allow_unoptimized: bool
    mode: str
    replicas: int | None
    min_replicas: int | None
    max_replicas: int | None
    autoscaling: Mapping[str, Any] | None
    metrics: tuple[Metric, ...]
    runtime_config: str
    runtime_config_written: str
    storage_class: str | None
    routing: Mapping[str, Any]
    env: tuple[Json, ...]
    resources: Mapping[str, Any]
    overrides: Mapping[str, Any] | None
    pull_secrets: tuple[Json, ...]
    service_account: str
    revision: str | None
    problems: tuple[Problem, ...]
    is_autoscaled: bool

    @property
    def is_shared(self) -> bool:
        return self.mode == "Shared"

    @property
    def bounds(self) -> tuple[int, int]:
        """The replica bounds of the InferenceService (R-8.9, R-8.10)."""
        if not self.is_autoscaled:
            count = 1 if self.replicas is None else self.replicas
            return count, count
        least = 1 if self.min_replicas is None else self.min_replicas
        return least, least if self.max_replicas is None else self.max_replicas


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a member must be, in JSON and in words, and what it stops otherwise."""

    kind: type
    allowed: str
    stops: tuple[str, ...]


_PODS = (INFERENCE_SERVICE,)
_COUNT = _Shape(int, "a whole number of 1 or more", _PODS)
_SHAPES: Mapping[tuple[str, str], _Shape] = {
    ("model", "name"): _Shape(str, "the name of a model", (MODEL,)),
    ("model", "image"): _Shape(str, "a container image", (MODEL,)),
    ("model", "custom"): _Shape(dict, "an object", (MODEL,)),
    ("template", "name"): _Shape(str, "a name", (TEMPLATE,)),
    ("", "replicas"): _COUNT,
    ("", "minReplicas"): _COUNT,
    ("", "maxReplicas"): _COUNT,
    ("", "autoScaling"): _Shape(dict, "an object with metrics", _PODS),
    ("", "runtimeConfigName"): _Shape(str, "a name", (RUNTIME_CONFIG,)),
    ("storage", "defaultStorageClassName"): _Shape(str, "the name of a storage class", (CACHE,)),
    ("", "routing"): _Shape(dict, "an object", (HTTP_ROUTE,)),
    ("", "env"): _Shape(list, "a list of environment variables", (INFERENCE_SERVICE, CACHE)),
    ("", "resources"): _Shape(dict, "an object with requests and limits", _PODS),
    ("", "overrides"): _Shape(dict, "an object", (TEMPLATE,)),
    ("", "imagePullSecrets"): _Shape(list, "a list of references to secrets", _PODS),
    ("", "serviceAccountName"): _Shape(str, "a name", _PODS),
}
"""By holder and member, in the order in which problems are told."""
_KINDS: Mapping[str, Mapping[str, type]] = {
    holder: {field: shape.kind for (within, field), shape in _SHAPES.items() if within == holder}
    for holder in ("", "model", "template", "storage")
}
_Problems = dict[tuple[str, str], Problem]


def read_spec(resource: Resource) -> ServiceSpec:
    """The spec of an AIMService, with whatever is wrong with its shape."""
    problems: _Problems = {}
    spec = _shaped("", resource.spec, problems)
    template = _shaped("template", mapping(resource.spec, "template"), problems)
    storage = _shaped("storage", mapping(resource.spec, "storage"), problems)
    model = _model_choice(_shaped("model", mapping(resource.spec, "model"), problems))
    env = _entries("env", spec.get("env"), "environment variables", problems)
    secrets = _entries("imagePullSecrets", spec.get("imagePullSecrets"), "references to secrets", problems)
    autoscaling, least, most = spec.get("autoScaling"), spec.get("minReplicas"), spec.get("maxReplicas")
    config = spec.get("runtimeConfigName") or ""
    return ServiceSpec(
        model=model,
        template_name=(template.get("name") or "").strip(),
        allow_unoptimized=template.get("allowUnoptimized") is True,
        mode=caching_mode(text(spec, "caching", "mode")),
        replicas=spec.get("replicas"),
        min_replicas=least,
        max_replicas=most,
        autoscaling=autoscaling,
        metrics=() if autoscaling is None else tuple([read_metric(m) for m in objects(autoscaling, "metrics")]),
        runtime_config=config or "default",
        runtime_config_written=config,
        storage_class=storage.get("defaultStorageClassName"),
        routing=spec.get("routing") or {},
        env=env,
        resources=spec.get("resources") or {},
        overrides=spec.get("overrides"),
        pull_secrets=secrets,
        service_account=spec.get("serviceAccountName") or "",
        revision=resource.annotations.get(labels.RENDER_REVISION),
        problems=tuple([problems[where] for where in _SHAPES if where in problems]) if problems else (),
        is_autoscaled=autoscaling is not None or least is not None or most is not None,
    )


def _shaped(within: str, holder: Mapping[str, Any], problems: _Problems) -> Mapping[str, Any]:
    """The holder without the members that are of another type than they must be. Only what is there is looked at."""
    kinds = _KINDS[within]
    wrong = [f for f, value in holder.items() if value is not None and f in kinds and type(value) is not kinds[f]]
    if not wrong:
        return holder
    for field in wrong:
        shape = _SHAPES[within, field]
        path = f"{within}.{field}" if within else field
        sentence = f"spec.{path} is {shown(holder[field])}; allowed is {shape.allowed}"
        problems[within, field] = Problem(shape.stops, sentence)
    return {field: value for field, value in holder.items() if field not in wrong}


def _entries(field: str, written: Sequence[Any] | None, what: str, problems: _Problems) -> tuple[Json, ...]:
    """The entries of a list that have a name."""
    if not written:
        return ()
    good = named(written)
    if len(good) != len(written):
        sentence = f"spec.{field} has an entry without a name; allowed are {what} with a name"
        problems["", field] = Problem(_SHAPES["", field].stops, sentence)
    return good


def _model_choice(model: Mapping[str, Any]) -> ModelChoice:
    if name := (model.get("name") or "").strip():
        return ByName(name)
    if image := (model.get("image") or "").strip():
        return ByImage(image)
    custom = model.get("custom")
    if base := text(custom, "baseImage").strip():
        return Custom(base, objects(custom, "modelSources"), mapping(custom, "hardware"))
    return Unchosen()


def shown(value: object) -> str:
    """A value as people wrote it, short enough for a sentence."""
    try:
        said = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    except (ValueError, RecursionError):  # more digits, or levels, than Python writes
        return "a very large value"
    return said if len(said) <= 80 else f"{said[:77]}..."
