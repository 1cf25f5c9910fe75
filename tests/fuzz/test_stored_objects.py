"""Edge: stored objects of any kind. `Table.learn` and a plan take any JSON, however deep and large; nothing is raised.

That any JSON *anywhere* gives a plan is law 9 (`tests/laws/test_totality.py`); here stand depth, size and odd numbers.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.api.crd import crd_for
from aimcore.cluster.kinds import KINDS
from aimcore.condition import Condition, written
from aimcore.diff import changes_needed
from aimcore.dispatch import PLANNERS, make_plan
from aimcore.outcomes import settled_outcomes
from aimcore.resource import Json, Key
from aimcore.snapshot import Snapshot, moment, timestamp
from aimcore.table import Table
from aimcore.testing.histories import START
from aimctl_runtime.json_body import LEVELS
from aimctl_runtime.local.constraints import compile_node
from aimctl_runtime.local.ratcheting import ABSENT
from aimctl_runtime.local.schema_checks import check_value
from fuzz.bounds import assert_linear, cpu_within
from fuzz.inputs import DEEP, NASTY_NUMBERS, NASTY_TEXTS, effort, json_values, nested, texts

PLANNED = sorted(PLANNERS)
SPECS: dict[str, Json] = {
    "AIMService": {"model": {"name": "m"}},
    "AIMModel": {"image": "a/b:1"},
    "AIMClusterModel": {"image": "a/b:1"},
    "AIMServiceTemplate": {"modelName": "m"},
    "AIMClusterServiceTemplate": {"modelName": "m"},
    "AIMTemplateCache": {"templateName": "t"},
    "AIMArtifact": {"sourceUri": "hf://a/b"},
    "AIMClusterModelSource": {"filters": [{"image": "org/*"}]},
}
FREE = (
    "env",
    "resources",
    "routing",
    "annotations",
    "caching",
    "modelSources",
    "hardware",
    "filters",
    "versions",
    "custom",
)


def obj(kind: str, spec: Any, **members: Any) -> Json:
    where = {"namespace": "ns"} if KINDS[kind].namespaced else {}
    metadata = {"name": "x", "uid": "u", "resourceVersion": "7", **where}
    return {"apiVersion": KINDS[kind].api_version, "kind": kind, "metadata": metadata, "spec": spec, **members}


def think(*objects: Json) -> None:
    """Learn all objects twice, and plan for each."""
    table = Table(objects)
    for raw in objects:
        table.learn({**raw, "metadata": {**raw["metadata"], "resourceVersion": "8"}})
    for key in table.keys(None):
        if key.kind in PLANNERS:
            snapshot = Snapshot(table, START)
            plan = make_plan(snapshot, key)
            changes_needed(plan, snapshot)
            settled_outcomes(plan, snapshot)


@pytest.mark.parametrize("kind", PLANNED)
def test_no_number_in_any_member_is_too_odd(kind: str) -> None:
    for number in (*NASTY_NUMBERS, 10**5000):
        for member in (*FREE, "replicas", "size", "maxModels", "pvcHeadroomPercent", "scaling", "minReplicas"):
            with cpu_within():
                think(
                    obj(kind, {**SPECS[kind], member: number}), obj(kind, {**SPECS[kind], member: {"value": [number]}})
                )


@pytest.mark.parametrize("kind", PLANNED)
@pytest.mark.parametrize("lists", [False, True], ids=["objects", "lists"])
@pytest.mark.parametrize("levels", [LEVELS, 500, 3000, DEEP])
def test_values_of_any_depth_give_plans(kind: str, levels: int, *, lists: bool) -> None:
    deep = nested(levels, lists=lists)
    for member in FREE:
        with cpu_within():
            think(obj(kind, {**SPECS[kind], member: deep}))
            think(obj(kind, {**SPECS[kind], member: {"a": deep}}, status={member: deep}))
            think(obj(kind, {**SPECS[kind], member: [{"name": "A", "value": deep}]}, status={"conditions": [deep]}))


@pytest.mark.parametrize("kind", ["AIMRuntimeConfig", "AIMClusterRuntimeConfig"])
def test_a_runtime_config_with_any_headroom_leaves_artifacts_a_claim(kind: str) -> None:
    for number in (*NASTY_NUMBERS, 10**5000):
        config = obj(kind, {"storage": {"pvcHeadroomPercent": number}})
        config["metadata"]["name"] = "default"
        with cpu_within():
            think(config, obj("AIMArtifact", {"sourceUri": "hf://a/b", "size": "100Gi"}))


@effort(60)
@given(st.sampled_from(sorted(KINDS)), st.dictionaries(texts(), json_values(), max_size=5), json_values())
def test_any_object_of_any_kind_can_be_learnt_filed_and_forgotten(
    kind: str, members: dict[str, Any], labels: Any
) -> None:
    raw = {**obj(kind, members), **members, "kind": kind}
    if isinstance(raw.get("metadata"), dict):
        raw["metadata"] = {**raw["metadata"], "labels": labels, "ownerReferences": labels}
    table = Table([raw])
    table.learn({**raw, "status": labels})
    for key in table.keys(None):
        table.forget(key)
    assert table.keys(None) == []


@effort(120)
@given(json_values() | texts())
def test_any_value_is_a_moment_that_can_be_reckoned_with_or_none(value: Any) -> None:
    from datetime import timedelta

    read = moment(value)
    if read is not None:
        assert timestamp(read + timedelta(days=300))
        assert timestamp(read - timedelta(days=300))


LONG = ("x" * 100_000, ["x" * 100_000], [1] * 5_000, {"name": "x" * 100_000}, [{"image": "x" * 100_000}],
        [{"image": f"a{i}", "versions": ["!"]} for i in range(2_000)])  # fmt: skip


@pytest.mark.parametrize("kind", PLANNED)
def test_what_long_texts_lead_to_fits_the_schema_of_the_status(kind: str) -> None:
    schema = crd_for(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    node = compile_node(schema["properties"]["status"])
    for member in (*FREE, "model", "template", "runtimeConfigName", "image", "sourceUri", "modelName", "templateName"):
        for value in LONG:
            raw = obj(kind, {**SPECS[kind], member: value})
            plan = make_plan(Snapshot(Table([raw]), START), Key(kind, raw["metadata"].get("namespace", ""), "x"))
            causes: list[Any] = []
            said = {member: value for member, value in plan.status.items() if value is not None}
            check_value(node, json.loads(json.dumps(said)), ABSENT, "status", causes)
            assert [c for c in causes if "Required" not in c.reason] == []


@effort(120)
@given(texts())
def test_any_reason_and_any_message_are_written_as_the_schema_wants_them(text: str) -> None:
    snapshot = Snapshot(Table(), START)
    (entry,), _ = written(snapshot, [Condition("Ready", "False", text, text * 9_000)], {}, 1)
    assert re.fullmatch("[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?", entry["reason"])
    assert len(entry["reason"]) <= 1024
    assert len(entry["message"]) <= 32_768


def test_work_grows_with_the_objects() -> None:
    assert_linear(
        lambda objects: think(*objects),
        lambda n: [
            obj("AIMService", {"model": {"name": "m"}, "env": [{"name": f"A{i}", "value": "b"} for i in range(n)]})
        ],
        500,
    )
    assert_linear(
        lambda objects: think(*objects),
        lambda n: [obj("AIMService", {"model": {"name": "m"}, **{f"x{i}": {"y": i} for i in range(n)}})],
        2_000,
    )
    assert_linear(
        lambda objects: think(*objects),
        lambda n: [obj("AIMServiceTemplate", {"modelName": "m", "env": [{"name": "A", "value": "b" * n * 10}] * 9})],
        1_000,
    )
    assert_linear(
        Table, lambda n: [{**obj("Pod", {}), "metadata": {"name": f"p{i}", "namespace": "ns"}} for i in range(n)], 500
    )


@pytest.mark.parametrize("text", NASTY_TEXTS)
def test_any_text_in_any_place_of_a_service_gives_a_plan(text: str) -> None:
    for spec in (
        {"model": {"name": text}}, {"model": {"image": text}}, {"model": {"name": "m"}, "template": {"name": text}},
        {"model": {"name": "m"}, "runtimeConfigName": text}, {"model": {"name": "m"}, "serviceAccountName": text},
        {"model": {"name": "m"}, "routing": {"enabled": True, "pathTemplate": text, "requestTimeout": text}},
        {"model": {"name": "m"}, "env": [{"name": text, "value": text}], "resources": {"limits": {text: text}}},
    ):  # fmt: skip
        with cpu_within():
            think(obj("AIMService", spec), obj("AIMModel", {"image": text}))
    assert Key("AIMService", "ns", "x") in Table([obj("AIMService", {})]).keys(None)
