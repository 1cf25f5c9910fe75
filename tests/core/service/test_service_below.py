"""What is observed below never stops a write; a serving service is Degraded at worst; the skeleton of a plan."""

from __future__ import annotations

import pytest
from service_world import (
    IS,
    ISVC,
    KEY,
    NOW,
    NS,
    UID,
    condition,
    kinds,
    model,
    obj,
    part,
    plan_of,
    pod,
    ready_world,
    running_world,
    said,
    service,
    swapped,
    template,
    unready,
)

from aimcore.facts import Outcome, Refusal
from aimcore.resource import Key
from aimcore.snapshot import Unreadable


def waiting(reason: str, message: str = "m", **meta: object) -> dict:
    body = pod("new", ready=False, phase="Pending", **meta)
    body["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": reason, "message": message}}
    return body


@pytest.mark.rule("D-7", "R-7.4", "R-11.2")
@pytest.mark.parametrize("message", ["401 unauthorized", "manifest unknown", "dial tcp"])
def test_what_pods_suffer_never_stops_a_write(message: str) -> None:
    plan = plan_of(*swapped(unready(), "Pod", waiting("ImagePullBackOff", message)))
    assert plan.status["status"] == "Failed"
    assert IS in kinds(plan)


@pytest.mark.rule("D-32")
def test_a_broken_rollout_of_a_serving_service_is_degraded() -> None:
    bad = waiting(
        "CreateContainerConfigError",
        'secret "x" not found',
        template_hash="h2",
        creationTimestamp="2026-11-23T15:00:00Z",
    )
    plan = plan_of(*running_world(), bad)
    assert plan.status["status"] == "Degraded"
    assert condition(plan, "Ready")["status"] == "False"


@pytest.mark.rule("D-32", "R-11.8")
@pytest.mark.parametrize("kind", ["AIMModel", "AIMServiceTemplate", "AIMTemplateCache"])
@pytest.mark.parametrize("status", ["Failed", "Pending", "NotAvailable", None])
def test_trouble_of_anything_else_makes_a_serving_service_degraded_at_worst(kind: str, status: str | None) -> None:
    objects = running_world()
    if status is None:
        objects = swapped(objects, kind, None)
    else:
        part(objects, kind)["status"]["status"] = status
    assert plan_of(*objects).status["status"] in ("Degraded", "Starting")


@pytest.mark.rule("D-32", "D-28")
def test_a_config_that_vanishes_under_a_serving_service_makes_it_degraded() -> None:
    objects = running_world()
    objects[0]["spec"]["runtimeConfigName"] = "gone"
    plan = plan_of(*objects)
    assert plan.status["status"] == "Degraded"
    assert condition(plan, "Ready")["reason"] != "AllComponentsReady"


@pytest.mark.rule("R-11.2")
def test_pods_that_cannot_be_read_are_an_error_of_their_component() -> None:
    plan = plan_of(*swapped(running_world(), "Pod", None), unavailable={"Pod": Unreadable("Pod", "Timeout", "x")})
    assert condition(plan, "InferenceServicePodsReady")["reason"] == "Timeout"
    assert plan.retry


@pytest.mark.rule("R-11.4", "R-11.7")
def test_a_refused_write_is_what_the_component_says() -> None:
    refused = Outcome(Refusal.ADMISSION_DENIED, "denied the request: no", NOW)
    plan = plan_of(*ready_world(), outcomes={Key(IS, NS, ISVC): refused})
    assert said(plan, IS) == ("False", "AdmissionDenied")
    assert "denied the request: no" in condition(plan, "InferenceServiceReady")["message"]
    serving = plan_of(*running_world(), outcomes={Key(IS, NS, ISVC): refused})
    assert serving.status["status"] == "Degraded"


@pytest.mark.rule("R-2.3", "R-2.4")
def test_a_paused_service_only_gets_its_finalizer() -> None:
    paused = service(annotations={"aim.eai.amd.com/reconciliation-paused": "true"}, finalizers=[])
    plan = plan_of(paused, model(), template())
    assert plan.add_finalizers == ("aim.eai.amd.com/template-cache-cleanup",)
    assert (plan.children, dict(plan.status), plan.events) == ((), {}, ())
    shouting = service(annotations={"aim.eai.amd.com/reconciliation-paused": "True"})
    assert plan_of(shouting).status["status"] == "Pending"


@pytest.mark.rule("R-2.3", "R-2.5", "R-1.1")
def test_the_finalizer_is_asked_for_in_every_plan() -> None:
    assert plan_of(*ready_world()).add_finalizers == ("aim.eai.amd.com/template-cache-cleanup",)


@pytest.mark.rule("R-2.7", "R-13.1")
def test_nothing_is_made_in_a_namespace_that_is_being_deleted() -> None:
    leaving = obj("v1", "Namespace", NS, metadata={"deletionTimestamp": "2026-11-23T15:00:00Z"})
    routing = {"enabled": True, "gatewayRef": {"name": "gw"}}
    assert plan_of(*ready_world(routing=routing), leaving).children == ()
    assert plan_of(service(), leaving).children == ()
    assert (KEY.name, UID) != ("", "")
