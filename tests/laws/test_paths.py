"""Law 6: A→B→…→Z ends like a fresh Z, and A→broken→A ends like A.

The model is the user's own. One that is made for a service is shared by all services and keeps what its first one
said; that is no trace of a path but of an order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.resource import Json
from aimcore.simulation.cluster import Cluster
from aimcore.testing.histories import Play, Put
from aimcore.testing.paths import SETTLED, check_path
from aimcore.testing.samples import GATEWAY, METRIC, QWEN
from laws.scenarios import CONFIG, obj
from laws.tally import MINUTES, Tally, effort

ROUTED = {"enabled": True, "gatewayRef": GATEWAY}
SOUND: dict[str, tuple[Any, ...]] = {
    "replicas": (2, 3),
    "autoscaling": (
        {"minReplicas": 1, "maxReplicas": 3},
        {"minReplicas": 2, "maxReplicas": 4},
        {"minReplicas": 1, "maxReplicas": 2, "autoScaling": {"metrics": [METRIC]}},
    ),
    "env": ([{"name": "A", "value": "1"}], [{"name": "A", "value": "2"}, {"name": "B", "value": ""}]),
    "resources": ({"limits": {"cpu": "8", "memory": "64Gi"}}, {"limits": {"cpu": "16"}}),
    "routing": (
        ROUTED,
        {**ROUTED, "pathTemplate": "/{.metadata.namespace}/at/{.metadata.name}"},
        {**ROUTED, "requestTimeout": "90s", "annotations": {"a": "b"}},
        {"enabled": False},
    ),
    "imagePullSecrets": ([{"name": "registry"}],),
    "serviceAccountName": ("runner",),
}
BROKEN: dict[str, Any] = {
    "no gateway": {"routing": {"enabled": True, "gatewayRef": {"name": "no-such-gateway"}}},
    "no such label": {"routing": {**ROUTED, "pathTemplate": "/{.metadata.labels['nobody']}"}},
    "requests above limits": {"resources": {"requests": {"cpu": "9"}, "limits": {"cpu": "8"}}},
    "bounds reversed": {"minReplicas": 3, "maxReplicas": 1},
    "metric without query": {"minReplicas": 1, "maxReplicas": 3, "autoScaling": {"metrics": [{"type": "PodMetric"}]}},
    "no such config": {"runtimeConfigName": "nobody"},
    "more cpu than any node": {"resources": {"requests": {"cpu": "9999"}, "limits": {"cpu": "9999"}}},
    "name without a value": {"env": [{"name": "", "value": "1"}]},
}
WHOLE = {"replicas": 1, "env": [{"name": "A", "value": "1"}], "routing": ROUTED, "resources": {"limits": {"cpu": "8"}}}


MODEL = obj("AIMClusterModel", "qwen", {"image": QWEN})


def service(spec: dict[str, Any]) -> Json:
    return obj("AIMService", "chat", {"model": {"name": "qwen"}, **spec}).manifest


@st.composite
def specs(draw: st.DrawFn) -> Json:
    """A sound spec of the service: each part is there or not."""
    chosen: dict[str, Any] = {}
    for name, values in SOUND.items():
        value = draw(st.sampled_from([None, *values]))
        if value is not None:
            chosen.update(value if name == "autoscaling" else {name: value})
    return service(chosen)


@pytest.fixture(scope="module")
def begin(cluster: Cluster) -> Callable[[], Play]:
    return lambda: Play({}, cluster=cluster.fork())


PAUSES = st.sampled_from([0, 1, 41, 55, SETTLED])


@pytest.mark.timeout(max(120, MINUTES * 120))
def test_any_path_of_sound_specs_ends_like_its_last_step(begin, tally: Tally) -> None:
    @effort(25)
    @given(st.data())
    def ends_alike(data: st.DataObject) -> None:
        path = data.draw(st.lists(specs(), min_size=2, max_size=4))
        pauses = data.draw(st.lists(PAUSES, min_size=len(path) - 1, max_size=len(path) - 1))
        tally.tried["steps of paths"] += check_path(begin, (MODEL,), path, pauses)
        tally.tried["paths"] += 1

    ends_alike()


@pytest.mark.parametrize("name", BROKEN)
def test_a_detour_over_a_broken_spec_leaves_nothing(name: str, begin, tally: Tally) -> None:
    sound, broken = service(WHOLE), service({**WHOLE, **BROKEN[name]})
    for pause in (1, SETTLED):
        tally.tried["steps of paths"] += check_path(begin, (MODEL,), [sound, broken, sound], [SETTLED, pause])
        tally.tried["paths"] += 1


SCALED: dict[str, Any] = {"autoscaling": CONFIG["autoscaling"]}
CONFIGS: dict[str, list[dict[str, Any]]] = {
    "it says more and more": [SCALED, {**SCALED, "routing": ROUTED}, CONFIG],
    "its env is taken back": [CONFIG, {**CONFIG, "env": [{"name": "C", "value": "3"}]}, {**CONFIG, "env": []}],
    "routing is taken back": [CONFIG, {**SCALED, "routing": {"enabled": False}}],
    "labels are passed on no more": [CONFIG, {**CONFIG, "labelPropagation": {"enabled": False}}],
    "all is taken back": [CONFIG, SCALED],
}
"""Who scales stays the same: an InferenceService keeps its scaler for life."""


@pytest.mark.parametrize("name", CONFIGS)
def test_any_path_of_the_runtime_config_ends_like_its_last_step(name: str, begin, tally: Tally) -> None:
    path = [obj("AIMRuntimeConfig", "default", spec).manifest for spec in CONFIGS[name]]
    scaled = service({"minReplicas": 1, "maxReplicas": 2})
    labelled = Put({**scaled, "metadata": {**scaled["metadata"], "labels": {"team": "research"}}})
    for pause in (1, SETTLED):
        check_path(begin, (MODEL, labelled), path, [pause] * (len(path) - 1))
        tally.tried["paths"] += 1


def test_a_path_that_leaves_a_trace_is_found(cluster: Cluster) -> None:
    """The law can fail: here the fresh cluster has no nodes, as if the path had left them."""
    worlds = iter([{}, {"nodes": []}])
    with pytest.raises(AssertionError, match="Path independence is broken"):
        check_path(lambda: Play(next(worlds), cluster=cluster.fork()), (MODEL,), [service({}), service(WHOLE)], [1])
