"""Runtime configs: the namespaced and the cluster-wide one of a name, merged (R-3.1 to R-3.6).

1. An empty name means `default`. Cluster-scoped objects see only the cluster's config.
2. In each config the deprecated top-level fields fill their members of `storage` where those are unset (R-3.4).
3. Revision 2: what is present in the namespaced config wins, also `false`, `0` and `""`; `gatewayRef` is taken whole.
   Two members hold schema defaults that cannot be told from a choice (headroom 10, label propagation off): there the
   cluster's value stands unless the namespaced one differs from the default (D-12).
4. Revision 1: the reference's rule, by which an empty value never wins and `gatewayRef` is merged member by member.
5. At every revision annotations are united by key, and env by name with `AIM_ENGINE_ARGS` merged as JSON.
6. Members of a wrong type count as absent. A config that cannot be read is not absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from aimcore.api.duration import parse as parse_duration
from aimcore.api.kinds import AIM_KINDS
from aimcore.conditions import Category, Depends, Health, State, failing
from aimcore.errors import health_of_unreadable
from aimcore.layering import ENGINE_ARGS, merge_env
from aimcore.records import quickly_made
from aimcore.resource import EMPTY, Json, Resource
from aimcore.snapshot import Found, Snapshot, Unreadable

DEFAULT_NAME = "default"
DEFAULT_HEADROOM = 10
COMPONENT = "RuntimeConfig"
Writer = Literal["kserve", "aim"]
T = TypeVar("T")


@quickly_made
@dataclass(frozen=True, slots=True)
class RuntimeConfig:
    """What the configs of one name say together.

    `found`: at least one exists. `missing`: neither does although a name other than `default` was asked for.
    `unreadable`: why one of them could not be read; then all else is as if there were none.
    `reference`: for `status.resolvedRuntimeConfig`; `merged`: both exist, and `reference` names the namespaced one.
    `routing`: `enabled`, `gatewayRef`, `pathTemplate`, `requestTimeout`, `annotations`, each only if set.
    `storage_class`: "" means the cluster's default class by choice, None that nothing is said. `headroom`: percent.
    `label_patterns`: empty when propagation is off. `scaled_object_writer`: who writes ScaledObjects of new services.
    """

    name: str
    found: bool = False
    missing: bool = False
    unreadable: Unreadable | None = None
    reference: Json | None = None
    merged: bool = False
    routing: Mapping[str, Any] = field(default_factory=dict)
    storage_class: str | None = None
    headroom: int = DEFAULT_HEADROOM
    env: tuple[Json, ...] = ()
    label_patterns: tuple[str, ...] = ()
    auto_discovery: bool | None = None
    scaled_object_writer: Writer = "kserve"


def resolve_runtime_config(snapshot: Snapshot, name: str, namespace: str, *, revision: int = 2) -> RuntimeConfig:
    """The runtime config of that name as an object of `namespace` ("" for cluster scope) sees it."""
    name = name or DEFAULT_NAME
    found: list[Resource] = []
    for kind, where in (("AIMClusterRuntimeConfig", ""), ("AIMRuntimeConfig", namespace)):
        if kind == "AIMRuntimeConfig" and not namespace:
            continue
        answer = snapshot.object(kind, where, name)
        if isinstance(answer, Unreadable):
            return RuntimeConfig(name, unreadable=answer)
        if isinstance(answer, Found):
            found.append(answer.resource)
    if not found:
        return RuntimeConfig(name, missing=name != DEFAULT_NAME)
    if len(found) == 1:
        return found[0].read_as(_resolved_alone)
    lower, upper = found[0].read_as(_read_layer), found[1].read_as(_read_layer)
    return _resolved((_overlaid if revision >= 2 else _overlaid_by_reference)(lower, upper), found[1], merged=True)


def _resolved_alone(config: Resource) -> RuntimeConfig:
    """A reading: what a config says that has no twin in the other scope."""
    return _resolved(config.read_as(_read_layer), config, merged=False)


def _resolved(layer: _Layer, config: Resource, *, merged: bool) -> RuntimeConfig:
    return RuntimeConfig(
        config.name,
        found=True,
        reference=_reference(config),
        merged=merged,
        routing=layer.routing,
        storage_class=layer.storage_class,
        headroom=DEFAULT_HEADROOM if layer.headroom is None else layer.headroom,
        env=layer.env,
        label_patterns=(layer.match or ()) if layer.propagates else (),
        auto_discovery=layer.auto_discovery,
        scaled_object_writer="aim" if layer.writer == "aim" else "kserve",
    )


def _reference(config: Resource) -> Json:
    """How a config is named in a status (D-1)."""
    where: Json = {"namespace": config.namespace, "scope": "Namespace"} if config.namespace else {"scope": "Cluster"}
    kind = f"{AIM_KINDS[config.kind].api_version}/{config.kind}"
    return {"name": config.name, **where, "kind": kind, "uid": config.uid}


# ---- health ---------------------------------------------------------------------------------------------------------
def config_health(
    config: RuntimeConfig,
    *,
    found_reason: str = "ConfigFound",
    missing_reason: str = "ReferenceNotFound",
    depends: Depends = Depends.UPSTREAM,
    names_default: bool = True,
    waits: bool = False,
) -> Health | None:
    """The health of the component `RuntimeConfig`; None where the kind says nothing.

    The defaults suit artifacts, template caches and cluster models. `names_default`: whether an absent `default`
    config is reported at all. `waits`: a missing config leaves the object Pending instead of failing it (D-28).
    """
    if config.unreadable is not None:
        return health_of_unreadable(COMPONENT, config.unreadable, depends)
    if config.found:
        return Health(COMPONENT, State.READY, found_reason, "", depends)
    if not config.missing:
        message = "Default config was not found"
        return Health(COMPONENT, State.READY, "DefaultConfigNotFound", message, depends) if names_default else None
    message = f"RuntimeConfig {config.name} not found"
    if missing_reason == "ReferenceNotFound":
        message = f"Upstream dependency not found: {message}"
    if waits:
        return Health(COMPONENT, State.PENDING, missing_reason, message, depends)
    return failing(COMPONENT, Category.MISSING_UPSTREAM, missing_reason, message, depends)


# ---- one config -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Layer:
    """What one config says; None, or an absent key of `routing`, where it says nothing."""

    routing: Mapping[str, Any]
    storage_class: str | None
    headroom: int | None
    env: tuple[Json, ...]
    propagates: bool | None
    match: tuple[str, ...] | None
    auto_discovery: bool | None
    writer: str | None


_ROUTING: Mapping[str, type] = {
    "enabled": bool,
    "gatewayRef": dict,
    "pathTemplate": str,
    "requestTimeout": str,
}


def _read_layer(config: Resource) -> _Layer:
    spec = config.spec
    storage, propagation = _part(spec, "storage"), _part(spec, "labelPropagation")
    storage_class = _typed(storage, "defaultStorageClassName", str)
    headroom = _typed(storage, "pvcHeadroomPercent", int)
    env, match = _typed(spec, "env", list), _typed(propagation, "match", list)
    return _Layer(
        routing=_read_routing(_part(spec, "routing")),
        storage_class=_typed(spec, "defaultStorageClassName", str) or None if storage_class is None else storage_class,
        headroom=_typed(spec, "pvcHeadroomPercent", int) if headroom is None else headroom,
        env=tuple(merge_env((), env or ())),
        propagates=_typed(propagation, "enabled", bool),
        match=None if match is None else tuple(p for p in match if isinstance(p, str)),
        auto_discovery=_typed(_part(spec, "model"), "autoDiscovery", bool),
        writer=_typed(_part(spec, "autoscaling"), "scaledObject", str),
    )


def _read_routing(routing: Mapping[str, Any]) -> Mapping[str, Any]:
    read: Json = {k: v for k, type_ in _ROUTING.items() if (v := _typed(routing, k, type_)) is not None}
    annotations = _typed(routing, "annotations", dict)
    if annotations is not None:
        read["annotations"] = {k: v for k, v in annotations.items() if isinstance(k, str) and isinstance(v, str)}
    return read


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return _typed(value, name, dict) or EMPTY


def _typed(value: Mapping[str, Any], name: str, type_: type[T]) -> T | None:
    """The member if it has that JSON type; a boolean is no number."""
    found = value.get(name)
    return found if isinstance(found, type_) and (type_ is bool or not isinstance(found, bool)) else None


# ---- two configs ----------------------------------------------------------------------------------------------------
def _present(lower: T | None, upper: T | None) -> T | None:
    return lower if upper is None else upper


def _not_empty(lower: T | None, upper: T | None) -> T | None:
    """The reference's rule: an empty value wins only where nothing else is."""
    return upper if upper or lower is None else lower


def _overlaid(lower: _Layer, upper: _Layer) -> _Layer:
    """Present beats absent (revision 2)."""
    routing = _with_annotations({**lower.routing, **upper.routing}, lower.routing, upper.routing)
    is_default = upper.headroom in (None, DEFAULT_HEADROOM)
    return _Layer(
        routing=routing,
        storage_class=_present(lower.storage_class, upper.storage_class),
        headroom=_present(upper.headroom, lower.headroom) if is_default else upper.headroom,
        env=_joined_env(lower, upper),
        propagates=lower.propagates or upper.propagates,
        match=_present(lower.match, upper.match),
        auto_discovery=_present(lower.auto_discovery, upper.auto_discovery),
        writer=_present(lower.writer, upper.writer),
    )


def _overlaid_by_reference(lower: _Layer, upper: _Layer) -> _Layer:
    """Not-empty beats everything (revision 1)."""
    below, above = lower.routing, upper.routing
    routing = {k: v for k in _ROUTING if (v := _not_empty(below.get(k), above.get(k))) is not None}
    if "gatewayRef" in below and "gatewayRef" in above:
        routing["gatewayRef"] = {**below["gatewayRef"], **{k: v for k, v in above["gatewayRef"].items() if v}}
    if "requestTimeout" in below and not parse_duration(above.get("requestTimeout")):
        routing["requestTimeout"] = below["requestTimeout"]
    return _Layer(
        routing=_with_annotations(routing, below, above),
        storage_class=_not_empty(lower.storage_class, upper.storage_class),
        headroom=_not_empty(lower.headroom, upper.headroom),
        env=_joined_env(lower, upper),
        propagates=lower.propagates or upper.propagates,
        match=_not_empty(lower.match, upper.match),
        auto_discovery=_not_empty(lower.auto_discovery, upper.auto_discovery),
        writer=_not_empty(lower.writer, upper.writer),
    )


def _with_annotations(routing: Json, lower: Mapping[str, Any], upper: Mapping[str, Any]) -> Json:
    annotations = {**lower.get("annotations", EMPTY), **upper.get("annotations", EMPTY)}
    return {**routing, "annotations": annotations} if annotations else routing


def _joined_env(lower: _Layer, upper: _Layer) -> tuple[Json, ...]:
    return tuple(merge_env(lower.env, upper.env, json_names=ENGINE_ARGS))
