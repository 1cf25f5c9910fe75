"""What the owner of a service wrote, typed.

1. Reading is total: junk gives a default and a `Problem` that names the field, the value and what is allowed.
2. A problem stops only the children that depend on the field (D-7); the names in `stops` are condition components.
3. Texts that name something are trimmed; lists keep their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from aimcore import labels
from aimcore.cluster.catalogue import caching_mode
from aimcore.cluster.reading import at, mapping, named, objects, text
from aimcore.kinds.service.metrics import Metric, read_metric
from aimcore.records import quickly_made
from aimcore.resource import Json, Resource

T = TypeVar("T")

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

    @property
    def is_autoscaled(self) -> bool:
        return not (self.autoscaling is None and self.min_replicas is None and self.max_replicas is None)

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


def read_spec(resource: Resource) -> ServiceSpec:
    """The spec of an AIMService, with whatever is wrong with its shape."""
    spec = resource.spec
    problems: list[Problem] = []

    def typed(kind: type[T], field: str, allowed: str, stops: tuple[str, ...], within: str = "") -> T | None:
        holder = mapping(spec, within) if within else spec
        value = holder.get(field)
        if value is None or (isinstance(value, kind) and not (kind is int and isinstance(value, bool))):
            return value
        path = f"{within}.{field}" if within else field
        problems.append(Problem(stops, f"spec.{path} is {shown(value)}; allowed is {allowed}"))
        return None

    def entries(field: str, what: str, stops: tuple[str, ...]) -> tuple[Json, ...]:
        value = typed(list, field, f"a list of {what}", stops)
        if value is None:
            return ()
        good = named(value)
        if len(good) != len(value):
            problems.append(Problem(stops, f"spec.{field} has an entry without a name; allowed are {what} with a name"))
        return good

    pods = (INFERENCE_SERVICE,)
    return ServiceSpec(
        model=_model_choice(typed),
        template_name=(typed(str, "name", "a name", (TEMPLATE,), "template") or "").strip(),
        allow_unoptimized=at(spec, "template", "allowUnoptimized") is True,
        mode=caching_mode(text(spec, "caching", "mode")),
        replicas=typed(int, "replicas", "a whole number of 1 or more", pods),
        min_replicas=typed(int, "minReplicas", "a whole number of 1 or more", pods),
        max_replicas=typed(int, "maxReplicas", "a whole number of 1 or more", pods),
        autoscaling=(autoscaling := typed(dict, "autoScaling", "an object with metrics", pods)),
        metrics=tuple([read_metric(m) for m in objects(autoscaling, "metrics")]),
        runtime_config=(text(spec, "runtimeConfigName")) or "default",
        runtime_config_written=typed(str, "runtimeConfigName", "a name", (RUNTIME_CONFIG,)) or "",
        storage_class=typed(str, "defaultStorageClassName", "the name of a storage class", (CACHE,), "storage"),
        routing=typed(dict, "routing", "an object", (HTTP_ROUTE,)) or {},
        env=entries("env", "environment variables", (INFERENCE_SERVICE, CACHE)),
        resources=typed(dict, "resources", "an object with requests and limits", pods) or {},
        overrides=typed(dict, "overrides", "an object", (TEMPLATE,)),
        pull_secrets=entries("imagePullSecrets", "references to secrets", pods),
        service_account=typed(str, "serviceAccountName", "a name", pods) or "",
        revision=resource.annotations.get(labels.RENDER_REVISION),
        problems=tuple(problems),
    )


def _model_choice(typed: Callable[..., Any]) -> ModelChoice:
    name = (typed(str, "name", "the name of a model", (MODEL,), "model") or "").strip()
    image = (typed(str, "image", "a container image", (MODEL,), "model") or "").strip()
    custom = typed(dict, "custom", "an object", (MODEL,), "model")
    if name:
        return ByName(name)
    if image:
        return ByImage(image)
    if custom is not None and text(custom, "baseImage").strip():
        sources = objects(custom, "modelSources")
        return Custom(text(custom, "baseImage").strip(), sources, mapping(custom, "hardware"))
    return Unchosen()


def shown(value: object) -> str:
    """A value as people wrote it, short enough for a sentence."""
    said = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return said if len(said) <= 80 else f"{said[:77]}..."
