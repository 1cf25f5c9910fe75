"""Laws of the service's plan: total, pure, complete in its reads."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from service_world import (
    IMAGE,
    ISVC,
    KEY,
    NOW,
    NS,
    UID,
    cache,
    child,
    claim,
    deployment,
    isvc_ready,
    model,
    node,
    obj,
    owner_ref,
    plan_of,
    pod,
    ready_world,
    resolved,
    route_live,
    running_world,
    runtime_config,
    service,
    template,
)

from aimcore.kinds.service import plan_service
from aimcore.plan import Plan
from aimcore.reads import FactRead, IndexRead, KindRead, ObjectRead
from aimcore.snapshot import Found, Snapshot
from aimcore.table import Table

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=6)
    | st.sampled_from(["Ready", "True", "Namespace", "Cluster", "art-1", "2", "latency", IMAGE, "Value"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def plan_in(table: Table) -> Plan:
    snapshot = Snapshot(table, NOW)
    found = snapshot.object(*KEY)
    assert isinstance(found, Found)
    return plan_service(snapshot, found.resource)


def without_reads(plan: Plan) -> tuple[Any, ...]:
    return (
        plan.children, plan.deletions, plan.status, plan.add_finalizers, plan.remove_finalizers, plan.events,
        plan.notes, plan.wants, plan.check_again_at, plan.retry,
    )  # fmt: skip


def everything() -> list[dict]:
    """A running, routed, autoscaled service and much around it."""
    routing = {"enabled": True, "gatewayRef": {"name": "gw"}, "pathTemplate": "/{.metadata.labels['team']}"}
    objects = ready_world(routing=routing, minReplicas=1, maxReplicas=3)
    objects[0]["metadata"]["labels"] = {"team": "research"}
    plan = plan_of(*objects)
    hpa = obj(
        "autoscaling/v2", "HorizontalPodAutoscaler", f"keda-hpa-{ISVC}-predictor", NS,
        spec={"minReplicas": 1, "maxReplicas": 3},
        status={"currentReplicas": 1, "conditions": [{"type": "ScalingActive", "status": "True"}]},
    )  # fmt: skip
    scaled = obj(
        "keda.sh/v1alpha1", "ScaledObject", f"{ISVC}-predictor", NS, spec={"minReplicaCount": 1},
        metadata={"ownerReferences": [owner_ref(uid=f"uid-InferenceService-{ISVC}", kind="InferenceService")]},
    )  # fmt: skip
    return [
        resolved(objects[0], plan),
        *objects[1:],
        isvc_ready(child(plan, "InferenceService")),
        route_live(child(plan, "HTTPRoute")),
        deployment(),
        pod(),
        hpa,
        scaled,
        node(),
        obj("v1", "Namespace", NS),
        runtime_config(),
    ]


PARTS = [
    (kind, member)
    for kind in (
        "AIMService", "AIMModel", "AIMServiceTemplate", "AIMTemplateCache", "InferenceService", "HTTPRoute",
        "Deployment", "Pod", "HorizontalPodAutoscaler", "ScaledObject", "AIMRuntimeConfig", "Namespace",
    )
    for member in ("spec", "status")
]  # fmt: skip


@pytest.mark.rule("R-2.1")
@settings(max_examples=300)
@given(st.sampled_from(PARTS), JSON)
def test_no_junk_in_any_object_makes_planning_raise(part: tuple[str, str], junk: Any) -> None:
    kind, member = part
    objects = [{**o, member: junk} if o["kind"] == kind else o for o in everything()]
    plan_in(Table(objects))


SPEC_FIELDS = (
    "model", "template", "caching", "replicas", "minReplicas", "maxReplicas", "autoScaling", "runtimeConfigName",
    "storage", "routing", "env", "resources", "overrides", "imagePullSecrets", "serviceAccountName",
)  # fmt: skip
STATUS_FIELDS = ("resolvedModel", "resolvedTemplate", "cache", "routing", "conditions", "runtime")


@settings(max_examples=300)
@given(
    st.dictionaries(st.sampled_from(SPEC_FIELDS), JSON, max_size=4),
    st.dictionaries(st.sampled_from(STATUS_FIELDS), JSON, max_size=3),
)
def test_no_junk_in_a_field_of_the_service_makes_planning_raise(spec: dict, status: dict) -> None:
    world = everything()
    world[0] = {**world[0], "spec": {**world[0]["spec"], **spec}, "status": {**world[0]["status"], **status}}
    plan = plan_in(Table(world))
    assert plan.status["status"] in {"Pending", "Starting", "Running", "Degraded", "Failed"}


DEEP = (
    ("model", "custom"), ("routing", "gatewayRef"), ("routing", "requestTimeout"), ("overrides", "hardware"),
    ("autoScaling", "metrics"), ("resources", "limits"), ("resources", "requests"), ("routing", "annotations"),
)  # fmt: skip


@settings(max_examples=200)
@given(st.sampled_from(DEEP), JSON)
def test_no_junk_deep_in_the_spec_makes_planning_raise(path: tuple[str, str], junk: Any) -> None:
    spec = {"model": {"image": IMAGE}, path[0]: {path[1]: junk}}
    plan_of(service(spec), model(), template(), cache(), claim())


@settings(max_examples=150)
@given(st.sampled_from(["metadata.labels", "metadata.ownerReferences", "metadata.annotations"]), JSON)
def test_no_junk_in_metadata_makes_planning_raise(path: str, junk: Any) -> None:
    field = path.split(".")[1]
    objects = [{**o, "metadata": {**o["metadata"], field: junk}} for o in everything()]
    plan_in(Table(objects))


@settings(max_examples=30)
@given(st.randoms(use_true_random=False))
def test_the_order_of_objects_changes_nothing(shuffle: random.Random) -> None:
    objects = everything()
    expected = without_reads(plan_in(Table(objects)))
    shuffle.shuffle(objects)
    assert without_reads(plan_in(Table(objects))) == expected


class OnlyWhatWasRead(Table):
    """A table that answers nothing but the recorded reads."""

    def restrict(self, plan: Plan, whole: Table) -> OnlyWhatWasRead:
        self.allowed, self.whole = plan.reads, whole
        return self

    def recall_view(self, read: Any) -> Any:
        assert read in self.allowed
        return (read.function(Snapshot(self.whole, NOW), *read.args),)

    def find(self, key: Any) -> Any:
        return super().find(key) if ObjectRead(key) in self.allowed else None

    def bucket(self, kind: str, index: str, value: str) -> Any:
        return super().bucket(kind, index, value) if IndexRead(kind, index, value) in self.allowed else ()

    def availability(self, kind: str) -> Any:
        return super().availability(kind) if KindRead(kind) in self.allowed else None

    def outcome(self, of: Any) -> Any:
        return super().outcome(of) if FactRead(of) in self.allowed else None


WORLDS = {
    "fresh": lambda: [service()],
    "ready": ready_world,
    "running": running_world,
    "everything": everything,
    "deleting": lambda: [
        service(deletionTimestamp="2026-11-23T15:00:00Z"),
        cache(status="Failed"),
        obj("v1", "Namespace", NS),
    ],
    "selecting": lambda: [service(), model(), *(template(f"t-{n}", gpu_model="MI300X") for n in range(5)), node()],
    "failed cache": lambda: [service(), model(), template(), cache(status="Failed", artifacts={"a": "Failed"})],
}


@pytest.mark.rule("D-23")
@pytest.mark.parametrize("name", WORLDS)
def test_a_plan_reads_nothing_that_it_does_not_record(name: str) -> None:
    objects = WORLDS[name]()
    table = Table(objects)
    snapshot = Snapshot(table, NOW)
    found = snapshot.object(*KEY)
    assert isinstance(found, Found)
    plan = plan_service(snapshot, found.resource)
    complete = Plan.made_from(snapshot, KEY)
    restricted = OnlyWhatWasRead(objects).restrict(complete, table)
    again = Snapshot(restricted, NOW)
    assert without_reads(plan_service(again, found.resource)) == without_reads(plan)


@pytest.mark.rule("R-2.8")
def test_a_running_service_stays_as_it_is_when_time_passes() -> None:
    objects = running_world()
    first = plan_of(*objects)
    objects[0] = resolved(objects[0], first)
    table = Table(objects)
    snapshot = Snapshot(table, NOW + timedelta(days=3))
    found = snapshot.object(*KEY)
    assert isinstance(found, Found)
    later = plan_service(snapshot, found.resource)
    assert later.status["conditions"] == first.status["conditions"]
    assert later.children == first.children
    assert not later.events
    assert later.status["status"] == "Running"


@pytest.mark.rule("R-9.3")
def test_a_service_without_a_uid_can_be_rendered() -> None:
    objects = ready_world()
    objects[0]["metadata"]["uid"] = ""
    assert child(plan_of(*objects), "InferenceService")["metadata"]["name"] == ISVC
    assert UID
