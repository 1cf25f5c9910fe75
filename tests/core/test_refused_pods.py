"""A Job whose pods are refused tries for ever without a condition; only an event on it tells why."""

from __future__ import annotations

import pytest
from foundations.workloads import event, job, snapshot

from aimcore.conditions import State
from aimcore.health.jobs import podless_health
from aimcore.kinds.model.aggregate import Expectation, aggregate
from aimcore.resource import Key, Resource
from core import template_world
from core.kind_rounds import Rounds, aim, condition_of, finished, message_of

QUOTA = 'Error creating: pods "x" is forbidden: exceeded quota: rq'


def unfinished(uid="j-1", **status):
    return Resource.of({"kind": "Job", "metadata": {"name": "j", "namespace": "ns", "uid": uid}, "status": status})


def refuse(rounds, key):
    """The Job controller says that it may not make pods."""
    uid = rounds.get(*key)["metadata"]["uid"]
    rounds.put({"apiVersion": "v1", **event(uid, "FailedCreate", QUOTA)})
    rounds.settle()


@pytest.mark.rule("F-72")
def test_the_event_is_the_cause_while_the_job_is_not_finished():
    seen = snapshot(event("j-1", "FailedCreate", QUOTA))
    health = podless_health(seen, "DownloadJobPods", unfinished())
    assert (health.state, health.reason, health.message) == (State.PENDING, "FailedCreate", QUOTA)
    assert podless_health(seen, "DownloadJobPods", unfinished(uid="other")) is None
    assert podless_health(seen, "DownloadJobPods", unfinished(**finished())) is None
    assert podless_health(seen, "DownloadJobPods", job()) is None


@pytest.mark.rule("F-72", "A9")
def test_an_artifact_says_why_its_download_has_no_pods():
    from aimcore.kinds.artifact import plan_artifact

    rounds = Rounds({"AIMArtifact": plan_artifact})
    rounds.put(aim("AIMArtifact", "a", "ns", spec={"sourceUri": "hf://a/b", "size": "5Gi"}))
    rounds.settle()
    (found,) = rounds.all("Job")
    refuse(rounds, Key("Job", "ns", found["metadata"]["name"]))
    artifact = rounds.get("AIMArtifact", "ns", "a")
    assert condition_of(artifact, "DownloadJobPodsReady") == ("False", "FailedCreate")
    assert QUOTA in message_of(artifact, "Ready")


@pytest.mark.rule("F-72", "T-27")
def test_a_template_says_why_its_discovery_has_no_pods():
    rounds = template_world.world()
    rounds.settle()
    refuse(rounds, template_world.job(rounds))
    template = template_world.template(rounds)
    assert condition_of(template, "DiscoveryPodsReady") == ("False", "FailedCreate")
    assert QUOTA in message_of(template, "Ready")


@pytest.mark.rule("F-72", "M-36")
def test_a_model_passes_on_what_holds_its_templates_up():
    """The first by name whose Ready says what somebody has to do; those on their way and those going do not count."""
    held_up = {"conditions": [{"type": "Ready", "status": "False", "reason": "FailedCreate", "message": QUOTA}]}
    on_its_way = {"conditions": [{"type": "Ready", "status": "False", "reason": "Progressing", "message": "soon"}]}
    statuses = {"a": on_its_way, "b": held_up, "c": held_up, "d": {}}
    templates = [
        Resource.of(aim("AIMServiceTemplate", name, "ns", spec={}, status={"status": "Pending", **status}))
        for name, status in statuses.items()
    ]
    row = aggregate(templates, Expectation.YES)
    assert row == (State.PROGRESSING, "TemplatesHeldUp", f"Templates are progressing; b: {QUOTA}")
    assert aggregate([templates[0], templates[3]], Expectation.YES).reason == "TemplatesProgressing"
