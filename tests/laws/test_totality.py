"""Law 9: whatever stands in the cluster, there is a plan; and a bad object harms nobody else."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.cluster.kinds import KINDS
from aimcore.diff import changes_needed
from aimcore.dispatch import PLANNERS, make_plan
from aimcore.facts import Answer, Outcome, OutcomeOf, Refusal
from aimcore.outcomes import settled_outcomes
from aimcore.plan import Plan
from aimcore.resource import Json, Key
from aimcore.simulation.cluster import Cluster
from aimcore.snapshot import Snapshot
from aimcore.table import Table
from aimcore.testing.histories import START, Play, play
from aimcore.testing.laws import parts_of
from aimcore.testing.strategies import json_values
from laws.scenarios import ALL
from laws.tally import MINUTES, Tally, effort

TEXTS = (
    "Ready", "True", "False", "Failed", "Running", "Cluster", "Namespace", "Shared", "Dedicated", "qwen", "ml-team",
    "MI300X", "latency", "10Gi", "-1", "hf://a/b", "a/b:1", "2001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1e9999",
    "{}", "/x", "/{.metadata.labels['x']}", "{.x[", "1h", "\ud800", "\x00", "é" * 300,
)  # fmt: skip
UNREAD = frozenset({"ServiceAccount", "ReplicaSet", "Secret", "Lease"})
WORLDS = (
    "everything at once",
    "runtime config",
    "cluster model",
    "failing discovery",
    "model source",
    "two that share",
)


@pytest.fixture(scope="module")
def objects(cluster: Cluster):
    """The objects of a world that has converged, and its play."""

    def converged(name: str) -> tuple[Play, tuple[Json, ...]]:
        made = play(ALL[name], cluster=cluster.fork())
        made.converge()
        return made, tuple(o for kind in sorted(KINDS) for o in made.cluster.objects(kind))

    return cache(converged)


def paths_of(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """All paths into a value, the value's own first."""
    found = [path]
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        found += paths_of(inner, (*path, step))
    return found


def replaced(value: Any, path: tuple[str | int, ...], junk: Any) -> Any:
    if not path:
        return junk
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = replaced(value[path[0]], path[1:], junk)
    return copied


@cache
def members() -> tuple[str, ...]:
    """The names of members that plans look for, from the schemas of our kinds."""
    from aimcore.api.crd import crd_for

    def names(schema: Any) -> set[str]:
        if not isinstance(schema, dict):
            return set()
        inner = schema.get("properties", {})
        found = set(inner)
        for part in (*inner.values(), schema.get("items"), schema.get("additionalProperties")):
            found |= names(part)
        return found

    kinds = (k for k in PLANNERS)
    return tuple(
        sorted({n for k in kinds for n in names(crd_for(k)["spec"]["versions"][0]["schema"]["openAPIV3Schema"])})
    )


def think(table: Table, key: Key) -> Plan:
    """A plan with all that a shell does with it before it writes."""
    snapshot = Snapshot(table, START)
    plan = make_plan(snapshot, key)
    changes_needed(plan, snapshot)
    settled_outcomes(plan, snapshot)
    return plan


JUNK = json_values(members=members(), texts=TEXTS)
ENTRY = ("spec", "status", "metadata")


@pytest.mark.timeout(max(120, MINUTES * 120))
def test_any_json_anywhere_gives_a_plan_for_every_object(objects, tally: Tally) -> None:
    @effort(150)
    @given(st.data())
    def gives_plans(data: st.DataObject) -> None:
        _, all_objects = objects(data.draw(st.sampled_from(WORLDS)))
        raws = [o for o in all_objects if o["kind"] not in UNREAD]
        for _ in range(data.draw(st.integers(1, 3))):
            spoilt = data.draw(st.integers(0, len(raws) - 1))
            inner = [p for p in paths_of(raws[spoilt]) if p and p[0] in (*ENTRY, "involvedObject", "data")]
            path = data.draw(
                st.sampled_from([(member,) for member in ENTRY if member in raws[spoilt]]) | st.sampled_from(inner)
            )
            if path != ("metadata",) and path[:2] not in (("metadata", "name"), ("metadata", "namespace")):
                raws[spoilt] = replaced(raws[spoilt], path, data.draw(JUNK))
        table = Table(raws)
        for key in table.keys(None):
            if key.kind in PLANNERS:
                think(table, key)
                tally.tried["plans among junk"] += 1

    gives_plans()


@pytest.mark.parametrize("junk", [[], {"a": []}], ids=["list", "mapping"])
@pytest.mark.parametrize("world", ["everything at once", "failing discovery"])
def test_each_member_of_each_object_may_be_of_another_shape(world: str, junk: Any, objects, tally: Tally) -> None:
    _, all_objects = objects(world)
    table = Table(all_objects)
    reads = {key: think(table, key).reads for key in table.keys(None) if key.kind in PLANNERS}
    for raw in (o for o in all_objects if o["kind"] not in UNREAD):
        for path in (p for p in paths_of(raw) if p and p[0] in (*ENTRY, "involvedObject")):
            if path == ("metadata",) or path[:2] in (("metadata", "name"), ("metadata", "namespace")):
                continue
            touched = table.learn(replaced(raw, path, junk))
            for key in (k for k, read in reads.items() if read & touched):
                think(table, key)
                tally.tried["plans among junk"] += 1
            table.learn(raw)


@pytest.mark.timeout(max(120, MINUTES * 120))
def test_any_answer_and_any_outcome_gives_a_plan(objects, tally: Tally) -> None:
    @effort(40)
    @given(st.sampled_from(WORLDS), JUNK, st.sampled_from(list(Refusal)), st.text(max_size=20))
    def gives_plans(world: str, value: Any, refusal: Refusal, message: str) -> None:
        _, all_objects = objects(world)
        bare = [{k: v for k, v in o.items() if k != "status"} if o["kind"] in PLANNERS else o for o in all_objects]
        table = Table(bare)
        for key in [k for k in table.keys(None) if k.kind in PLANNERS]:
            plan = think(table, key)
            for want in plan.wants:
                table.learn_answer(want, Answer(value, START))
            for child in plan.children:
                table.learn_outcome(OutcomeOf(key, child.key), Outcome(refusal, message, START))
            think(table, key)
            tally.tried["plans among junk"] += 2

    gives_plans()


@pytest.mark.timeout(max(120, MINUTES * 120))
def test_a_bad_object_beside_good_ones_changes_nothing_in_their_plans(objects, tally: Tally) -> None:
    strange = json_values(members=members(), texts=("Ready", "True", "1h", "{}", "x", "10Gi"))

    @effort(80)
    @given(
        st.sampled_from(WORLDS),
        st.sampled_from(sorted(PLANNERS)),
        strange,
        strange,
        st.dictionaries(st.text(max_size=5), strange),
    )
    def harms_nobody(world: str, kind: str, spec: Any, status: Any, metadata: dict[str, Any]) -> None:
        _, all_objects = objects(world)
        where = {"namespace": "ml-team"} if KINDS[kind].namespaced else {}
        identity = {"name": "bad", **where, "uid": "bad", "resourceVersion": "1"}
        bad = {
            "apiVersion": KINDS[kind].api_version,
            "kind": kind,
            "metadata": {**metadata, **identity},
            "spec": spec,
            "status": status,
        }
        before, after = Table(all_objects), Table([bad, *all_objects])
        for key in before.keys(None):
            if key.kind in PLANNERS:
                assert parts_of(think(after, key)) == parts_of(think(before, key))
        think(after, Key(kind, where.get("namespace", ""), "bad"))
        tally.tried["bad neighbours"] += 1

    harms_nobody()
