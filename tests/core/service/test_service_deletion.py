"""Taking leave: caches first, then the finalizer."""

from __future__ import annotations

import pytest
from service_world import FINALIZER, IMAGE, NOW, NS, cache, model, obj, plan_of, service, template

from aimcore.facts import Outcome, Refusal
from aimcore.plan import Plan
from aimcore.resource import Key
from aimcore.snapshot import NotInstalled, Unreadable

SPACE = obj("v1", "Namespace", NS)
BROKEN = cache(status="Failed")


def leaving(**meta: object) -> dict:
    return service(deletionTimestamp="2026-11-23T15:00:00Z", **meta)


def is_done(plan: Plan) -> bool:
    return plan.remove_finalizers == (FINALIZER,)


@pytest.mark.rule("R-13.2", "R-2.2", "R-11.11", "R-13.5")
@pytest.mark.parametrize("mode", ["Shared", "Dedicated"])
@pytest.mark.parametrize("status", ["Failed", "Progressing", "Pending", ""])
def test_caches_that_are_not_ready_are_deleted_before_the_finalizer_goes(mode: str, status: str) -> None:
    plan = plan_of(leaving(), SPACE, cache(status=status, mode=mode))
    assert [(d.key.kind, d.resource_version) for d in plan.deletions] == [("AIMTemplateCache", "1")]
    assert not is_done(plan)
    assert dict(plan.status) == {}
    assert plan.children == ()


@pytest.mark.rule("R-13.3", "R-13.4")
def test_ready_caches_and_made_models_stay_and_the_finalizer_goes() -> None:
    plan = plan_of(leaving(), SPACE, cache(), model(), template())
    assert plan.deletions == ()
    assert is_done(plan)


@pytest.mark.rule("R-13.5", "R-2.4")
def test_a_pause_does_not_stop_it_and_a_finished_one_has_nothing_to_do() -> None:
    paused = leaving(annotations={"aim.eai.amd.com/reconciliation-paused": "true"})
    assert is_done(plan_of(paused, SPACE))
    done = plan_of(leaving(finalizers=["other"]), SPACE, BROKEN)
    assert (done.deletions, done.remove_finalizers) == ((), ())


@pytest.mark.rule("R-13.1")
@pytest.mark.parametrize(
    "namespace",
    [
        None,
        obj("v1", "Namespace", NS, metadata={"deletionTimestamp": "2026-11-23T15:00:00Z"}),
        obj("v1", "Namespace", NS, status={"phase": "Terminating"}),
    ],
    ids=["gone", "being deleted", "terminating"],
)
def test_a_namespace_that_goes_needs_no_cleaning(namespace: dict | None) -> None:
    plan = plan_of(leaving(), BROKEN, *([namespace] if namespace else []))
    assert plan.deletions == ()
    assert is_done(plan)


@pytest.mark.rule("R-13.1", "R-13.2")
@pytest.mark.parametrize("kind", ["Namespace", "AIMTemplateCache"])
def test_missing_rights_do_not_hold_it_up_and_an_outage_does(kind: str) -> None:
    objects = [leaving()] if kind == "Namespace" else [leaving(), SPACE]
    assert is_done(plan_of(*objects, unavailable={kind: Unreadable(kind, "Forbidden", "no")}))
    outage = plan_of(*objects, unavailable={kind: Unreadable(kind, "Timeout", "x")})
    assert (outage.retry, outage.remove_finalizers) == (True, ())
    assert is_done(plan_of(*objects, unavailable={kind: NotInstalled(kind)}))


@pytest.mark.rule("R-13.2")
def test_a_delete_that_is_forbidden_is_let_be_and_any_other_refusal_is_tried_again() -> None:
    key = Key("AIMTemplateCache", NS, BROKEN["metadata"]["name"])
    forbidden = plan_of(leaving(), SPACE, BROKEN, outcomes={key: Outcome(Refusal.FORBIDDEN, "no", NOW)})
    assert is_done(forbidden)
    outage = plan_of(leaving(), SPACE, BROKEN, outcomes={key: Outcome(Refusal.SERVER_UNREACHABLE, "x", NOW)})
    assert not is_done(outage)
    assert len(outage.deletions) == 1


def test_a_cache_that_is_already_leaving_is_not_waited_for() -> None:
    assert is_done(plan_of(leaving(), SPACE, cache(status="Failed", deletionTimestamp="2026-11-23T15:00:00Z")))


@pytest.mark.rule("D-10")
@pytest.mark.parametrize(
    ("status", "mode", "spared"),
    [
        ({"cache": {"templateCacheRef": {"name": BROKEN["metadata"]["name"]}}}, "Shared", True),
        ({"resolvedTemplate": {"name": "qwen3-32b-latency"}}, "Shared", True),
        ({"resolvedTemplate": {"name": "qwen3-32b-latency"}}, "Dedicated", False),
        ({"resolvedTemplate": {"name": "another"}}, "Shared", False),
        ({}, "Shared", False),
    ],
)
def test_a_shared_cache_of_another_live_service_is_spared(status: dict, mode: str, spared: bool) -> None:
    other = service({"model": {"image": IMAGE}, "caching": {"mode": mode}}, name="other", status=status)
    plan = plan_of(leaving(), SPACE, BROKEN, other)
    assert bool(plan.deletions) != spared
    assert is_done(plan) == spared
    other["metadata"]["deletionTimestamp"] = "2026-11-23T15:00:00Z"
    assert plan_of(leaving(), SPACE, BROKEN, other).deletions


@pytest.mark.rule("R-9.8", "D-15")
def test_a_cache_of_a_service_with_the_same_sanitised_name_is_not_ours() -> None:
    labels = {"aim.eai.amd.com/service": "qwen-chat", "aim.eai.amd.com/service.name": "Qwen-chat"}
    assert is_done(plan_of(leaving(), SPACE, cache(status="Failed", labels=labels)))
    unnamed = {"aim.eai.amd.com/service": "qwen-chat"}
    assert plan_of(leaving(), SPACE, cache(status="Failed", labels=unnamed)).deletions
