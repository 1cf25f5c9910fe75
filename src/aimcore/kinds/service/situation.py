"""Where a service stands: everything that its plan is made from, looked up and resolved once, in this order.

1. What its owner wrote, and what is wrong with it.
2. Its InferenceService and its route; from them the render revision; from that the runtime config and the routing.
3. The model, the template for it, the cache for that, and what runs.
4. `stops` names the components whose children must not be written, and why (D-7): an invalid spec, a runtime config
   that is missing or unreadable, a revision that is unknown. What is observed below never stops anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aimcore import naming
from aimcore.cluster.caches import TemplateCacheReading
from aimcore.cluster.catalogue import ModelReading, TemplateReading
from aimcore.cluster.gateway import read_route
from aimcore.conclusion import is_terminating
from aimcore.kinds.service.autoscaling import choose_class
from aimcore.kinds.service.choose_template import TemplateFound, TemplateResolution, choose_template
from aimcore.kinds.service.http_route import ROUTE, Routing, carries_reference_path, combined_routing, route_names
from aimcore.kinds.service.inputs import (
    CACHE,
    HTTP_ROUTE,
    INFERENCE_SERVICE,
    MODEL,
    RUNTIME_CONFIG,
    TEMPLATE,
    Problem,
    ServiceSpec,
    read_spec,
)
from aimcore.kinds.service.ownership import Ownership, find_ours, found_resource
from aimcore.kinds.service.predictor import Predictor, observe_predictor
from aimcore.kinds.service.resolve_model import ModelFound, ModelResolution, resolve_model
from aimcore.kinds.service.revisions import Revision, choose_revision
from aimcore.kinds.service.template_cache import CacheFound, CacheResolution, resolve_cache
from aimcore.kinds.service.validity import read_problems, timeout_problem
from aimcore.records import quickly_made
from aimcore.resource import Resource
from aimcore.runtime_config import RuntimeConfig, resolve_runtime_config
from aimcore.snapshot import Snapshot, Unreadable

_WITH_CONFIG = (MODEL, TEMPLATE, CACHE, INFERENCE_SERVICE, HTTP_ROUTE)
_AFTER: Mapping[str, tuple[str, ...]] = {
    TEMPLATE: (CACHE, INFERENCE_SERVICE),
    RUNTIME_CONFIG: _WITH_CONFIG,
}
"""What else waits when a field behind a component is invalid."""


@quickly_made
@dataclass(frozen=True, slots=True)
class Situation:
    """A service and everything its plan depends on.

    `inference_service` to `cache` are what the look-ups and resolutions found, if they found something.
    `autoscaler_class`: the class that the InferenceService is to have.
    """

    resource: Resource
    spec: ServiceSpec
    problems: Mapping[str, str]
    stops: frozenset[str]
    own_inference_service: Ownership
    own_route: Ownership
    revision: Revision
    config: RuntimeConfig
    routing: Routing
    inference_service_name: str
    model_resolution: ModelResolution
    template_resolution: TemplateResolution
    cache_resolution: CacheResolution
    inference_service: Resource | None
    route: Resource | None
    model: ModelReading | None
    template: TemplateReading | None
    cache: TemplateCacheReading | None
    predictor: Predictor | None
    autoscaler_class: str

    @property
    def is_serving(self) -> bool:
        return self.predictor is not None and self.predictor.is_serving

    @property
    def knows_config(self) -> bool:
        return not self.config.missing and self.config.unreadable is None


def assess(snapshot: Snapshot, resource: Resource) -> Situation:
    """Look up and resolve everything that a service's plan is made from."""
    spec = resource.read_as(read_spec)
    own = find_ours(snapshot, resource, "InferenceService", _runtime_names)
    own_route = find_ours(snapshot, resource, ROUTE, route_names)
    live, route = found_resource(own), found_resource(own_route)
    reference_route = live is None and route is not None and _has_reference_path(snapshot, resource, spec, route)
    revision = choose_revision(spec.revision, live, snapshot.settings, reference_route=reference_route)
    config = resolve_runtime_config(snapshot, spec.runtime_config, resource.namespace, revision=revision.number)
    routing = combined_routing(spec, config, revision=revision.number)
    may_run = live is not None or isinstance(own, Unreadable)
    model = resolve_model(snapshot, resource, spec, is_deployed=may_run)
    found_model = model.model if isinstance(model, ModelFound) else None
    template = choose_template(snapshot, resource, spec, found_model, live, is_deployed=may_run)
    found_template = template.template if isinstance(template, TemplateFound) else None
    name = live.name if live is not None else _new_name(resource, revision)
    problems = _by_component(resource, spec, config, routing, revision, name)
    cache = resolve_cache(snapshot, resource, spec, found_template)
    predictor = None if live is None else observe_predictor(snapshot, live)
    running = None if predictor is None else predictor.live
    return Situation(
        resource=resource,
        spec=spec,
        problems=problems,
        stops=_stops(snapshot, resource, problems, config, revision),
        own_inference_service=own,
        own_route=own_route,
        revision=revision,
        config=config,
        routing=routing,
        inference_service_name=name if isinstance(name, str) else "",
        model_resolution=model,
        template_resolution=template,
        cache_resolution=cache,
        inference_service=live,
        route=route,
        model=found_model,
        template=found_template,
        cache=cache.cache if isinstance(cache, CacheFound) else None,
        predictor=predictor,
        autoscaler_class=choose_class(spec, running, revision, config.scaled_object_writer),
    )


def _runtime_names(resource: Resource) -> tuple[str, ...]:
    """What the InferenceService may be called, by the newest rendering first."""
    names = resource.read_as(_names_by_revision)
    return () if isinstance(names, naming.NamespaceTooLong) else tuple(dict.fromkeys((names[1], names[0])))


def _names_by_revision(resource: Resource) -> tuple[str, str] | naming.NamespaceTooLong:
    (route,) = resource.read_as(route_names)
    return naming.inference_service_names(resource.name, resource.namespace, route)


def _new_name(resource: Resource, revision: Revision) -> str | naming.NamespaceTooLong:
    names = resource.read_as(_names_by_revision)
    return names if isinstance(names, naming.NamespaceTooLong) else names[1 if revision.number >= 2 else 0]


def _has_reference_path(snapshot: Snapshot, resource: Resource, spec: ServiceSpec, route: Resource) -> bool:
    config = resolve_runtime_config(snapshot, spec.runtime_config, resource.namespace, revision=1)
    template = combined_routing(spec, config, revision=1).path_template
    return carries_reference_path(resource, template, route.read_as(read_route))


def _by_component(
    resource: Resource,
    spec: ServiceSpec,
    config: RuntimeConfig,
    routing: Routing,
    revision: Revision,
    name: str | naming.NamespaceTooLong,
) -> Mapping[str, str]:
    """What is wrong with the spec, by the component that says so. Routing that is off has nothing to say."""
    found = list(resource.read_as(read_problems))
    if spec.routing.get("requestTimeout") is None:
        wrong = timeout_problem(f"routing.requestTimeout of RuntimeConfig {config.name}", routing.timeout)
        if wrong is not None:
            found.append(Problem((HTTP_ROUTE,), wrong))
    if revision.problem:
        found.append(Problem((INFERENCE_SERVICE, HTTP_ROUTE), revision.problem))
    if isinstance(name, naming.NamespaceTooLong):
        found.append(Problem((INFERENCE_SERVICE, HTTP_ROUTE), name.message))
    sentences: dict[str, list[str]] = {}
    for problem in found:
        for component in problem.stops:
            if component != HTTP_ROUTE or routing.enabled:
                sentences.setdefault(component, []).append(problem.sentence)
    return {component: "; ".join(said) for component, said in sentences.items()}


def _stops(
    snapshot: Snapshot, resource: Resource, problems: Mapping[str, str], config: RuntimeConfig, revision: Revision
) -> frozenset[str]:
    stopped = set(problems)
    for component in problems:
        stopped.update(_AFTER.get(component, ()))
    if config.missing or config.unreadable is not None or is_terminating(snapshot, resource.namespace):
        stopped.update(_WITH_CONFIG)
    if revision.is_unknown:
        stopped.update((INFERENCE_SERVICE, HTTP_ROUTE))
    return frozenset(stopped)
