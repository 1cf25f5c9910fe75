"""Between a change of the spec and its pods: Ready never speaks of a generation that is not served."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta

import pytest
from service_world import (
    IS,
    ISVC,
    KEY,
    NOW,
    NS,
    child,
    deployment,
    part,
    plan_from,
    plan_of,
    pod,
    running_world,
    said,
    table_of,
)

from aimcore.changes import fingerprint
from aimcore.facts import OutcomeOf, Taken
from aimcore.kinds.service import plan_service
from aimcore.resource import Key
from aimcore.snapshot import Found, Snapshot

READY, ROLLING = ("True", "RuntimeReady"), ("False", "RolloutInProgress")
LEVEL = {"name": "VLLM_LOGGING_LEVEL", "value": "DEBUG"}


def made_of(container: dict) -> dict:
    made = deployment()
    made["spec"]["template"] = {"spec": {"containers": [container]}}
    return made


def written(objects: list[dict], at: datetime, **more: str) -> None:
    """The InferenceService says who applied it when."""
    moment = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    entry = {"manager": "aim-service-controller", "operation": "Apply", "time": moment, **more}
    part(objects, IS)["metadata"]["managedFields"] = [entry]


def with_deployment(change: dict) -> list[dict]:
    """A running service whose Deployment's container differs from the InferenceService's by these members."""
    objects = [o for o in running_world() if o["kind"] != "Deployment"]
    return [*objects, made_of({**copy.deepcopy(part(objects, IS)["spec"]["predictor"]["containers"][0]), **change})]


@pytest.mark.rule("R-11.6")
@pytest.mark.parametrize("change", [{"image": "example.com/other:1"}, {"env": []}])
def test_a_deployment_of_yesterday_is_a_rollout(change: dict) -> None:
    objects = with_deployment(change)
    written(objects, NOW - timedelta(seconds=5))
    assert said(plan_of(*objects), IS) == ROLLING


@pytest.mark.rule("R-11.6")
def test_what_others_add_to_the_container_is_no_rollout() -> None:
    objects = with_deployment({})
    part(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]["env"].append(LEVEL)
    written(objects, NOW)
    assert said(plan_of(*objects), IS) == READY


@pytest.mark.rule("R-11.6")
def test_a_minute_after_our_last_write_the_word_of_kserve_counts_and_the_moment_is_waited_for() -> None:
    objects = with_deployment({"env": []})
    written(objects, NOW - timedelta(seconds=60))
    assert said(plan_of(*objects), IS) == READY
    written(objects, NOW - timedelta(seconds=20))
    snapshot = Snapshot(table_of(objects), NOW)
    found = snapshot.object(*KEY)
    assert isinstance(found, Found)
    assert said(plan_service(snapshot, found.resource), IS) == ROLLING
    assert snapshot.check_again_at == NOW + timedelta(seconds=40)


@pytest.mark.rule("R-11.6")
@pytest.mark.parametrize("more", [{"manager": "kubectl"}, {"subresource": "status"}, {"time": ""}])
def test_only_our_own_writes_of_the_spec_start_the_minute(more: dict) -> None:
    objects = with_deployment({"env": []})
    written(objects, NOW, **more)
    assert said(plan_of(*objects), IS) == READY


@pytest.mark.rule("R-11.6")
def test_a_change_that_this_round_writes_is_a_rollout_at_once_unless_the_server_took_it_before() -> None:
    objects = running_world()
    part(objects, "AIMService")["spec"]["env"] = [LEVEL]
    table = table_of(objects)
    plan = plan_from(table)
    assert said(plan, IS) == ROLLING
    table.learn_taken(OutcomeOf(KEY, Key(IS, NS, ISVC)), Taken(fingerprint(child(plan, IS)), 1, NOW))
    assert said(plan_from(table), IS) == READY


@pytest.mark.rule("R-11.6")
def test_a_change_of_replicas_is_no_rollout() -> None:
    objects = running_world()
    part(objects, "AIMService")["spec"]["replicas"] = 2
    assert said(plan_of(*objects), IS) == READY


@pytest.mark.rule("R-11.2", "R-11.7")
def test_new_pods_that_nothing_hinders_are_starting_while_old_ones_serve() -> None:
    new = pod("new", ready=False, phase="Pending", template_hash="h2", creationTimestamp="2026-11-23T15:00:00Z")
    plan = plan_of(*running_world(), new)
    assert said(plan, "InferenceServicePods") == ("False", "PodsPending")
    assert plan.status["status"] == "Starting"
