"""Attempts at discovery, the ten slots, caches, and what comes in between."""

from datetime import timedelta

import pytest

from aimcore.facts import Failure, FailureKind, Outcome, PodLog, Refusal, SecretExists
from aimcore.kinds.template import plan_template
from aimcore.kinds.template.attempts import backoff
from aimcore.resource import Key
from aimcore.settings import Settings
from aimcore.snapshot import Snapshot, Unreadable, timestamp
from core.kind_rounds import condition_of, finished, message_of, pod
from core.template_world import OUTPUT, SOURCE, fail, job, key, succeed, template, world


@pytest.mark.rule("T-7", "T-16", "T-32", "O-3", "O-19")
def test_failures_are_counted_once_and_the_next_attempt_has_a_moment():
    rounds = world()
    for attempt in (1, 2, 3):
        rounds.settle()
        fail(rounds)
        stored = template(rounds)["status"]["discovery"]
        assert stored["attempts"] == attempt
        assert stored["lastFailureReason"] == "it broke"
        assert template(rounds)["status"]["status"] == "Failed"
        rounds.remove(job(rounds))
        rounds.settle()
        assert template(rounds)["status"]["status"] == "Pending"
        assert rounds.plans[key(rounds)].check_again_at == rounds.now + backoff(attempt)
        assert rounds.all("Job") == []
        rounds.pass_time(seconds=backoff(attempt).total_seconds())
    assert backoff(60) == timedelta(hours=1)


@pytest.mark.rule("T-7", "J-8")
def test_other_inputs_start_the_attempts_afresh():
    rounds = world()
    rounds.settle()
    fail(rounds)
    rounds.remove(job(rounds))
    rounds.patch(key(rounds), {"spec": {"profileId": "other"}})
    rounds.settle()
    fail(rounds)
    assert template(rounds)["status"]["discovery"]["attempts"] == 1


@pytest.mark.rule("O-11", "T-27")
def test_an_image_that_cannot_be_pulled_for_five_minutes_fails_the_attempt():
    rounds = world()
    rounds.settle()
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "manifest unknown"}}
    rounds.put(pod("p", "ns", job(rounds).name, "Pending", containerStatuses=[{"name": "discovery", "state": waiting}]))
    rounds.settle()
    assert condition_of(template(rounds), "DiscoveryPodsReady") == ("False", "ImageNotFound")
    rounds.pass_time(minutes=4)
    assert rounds.settle() == 0
    rounds.pass_time(minutes=1)
    rounds.settle()
    assert rounds.all("Job") == []
    assert template(rounds)["status"]["discovery"]["attempts"] == 1
    assert "manifest unknown" in template(rounds)["status"]["discovery"]["lastFailureReason"]


# ---- slots ----
@pytest.mark.rule("T-5", "T-6", "O-5")
def test_ten_slots_go_to_the_oldest_and_move_on_as_jobs_end():
    rounds = world(12)
    rounds.settle()
    assert len(rounds.all("Job")) == 10
    assert "slots" in message_of(rounds.get("AIMServiceTemplate", "ns", "t11"), "DiscoveryJobReady")
    first = next(j for j in rounds.all("Job") if "t00" in j["metadata"]["name"])
    succeed(rounds, target=Key("Job", "ns", first["metadata"]["name"]))
    assert len(rounds.all("Job")) == 11
    assert any("t10" in j["metadata"]["name"] for j in rounds.all("Job"))
    assert not any("t11" in j["metadata"]["name"] for j in rounds.all("Job"))


@pytest.mark.rule("O-5", "T-7")
def test_templates_that_wait_after_a_failure_or_were_refused_do_not_block_younger_ones():
    rounds = world(2, settings=Settings(discovery_limit=1))
    rounds.settle()
    fail(rounds)
    rounds.remove(next(k for k in rounds.objects if k.kind == "Job" and "t00" in k.name))
    rounds.settle()
    assert any("t01" in j["metadata"]["name"] for j in rounds.all("Job"))

    refused = world(2, settings=Settings(discovery_limit=1))
    child = refused.plan(Key("AIMServiceTemplate", "ns", "t00")).children[0]
    outcome = Outcome(Refusal.QUOTA_EXCEEDED, "quota", refused.now)
    refused.refuse(Key("AIMServiceTemplate", "ns", "t00"), child.key, outcome)
    assert refused.plan(Key("AIMServiceTemplate", "ns", "t01")).children


# ---- caches ----
@pytest.mark.rule("T-9", "T-10", "O-15")
def test_a_cache_is_made_once_with_the_templates_env():
    rounds = world(modelSources=[SOURCE], env=[{"name": "HF_TOKEN", "value": "t"}], caching={"enabled": True})
    rounds.settle()
    (cache,) = rounds.all("AIMTemplateCache")
    assert cache["spec"] == {
        "templateName": "my-template", "templateScope": "Namespace", "env": [{"name": "HF_TOKEN", "value": "t"}],
    }  # fmt: skip
    assert cache["metadata"]["ownerReferences"][0]["kind"] == "AIMServiceTemplate"
    rounds.patch(key(rounds), {"spec": {"caching": {"env": [{"name": "X", "value": "1"}]}}})
    rounds.settle()
    assert rounds.all("AIMTemplateCache")[0]["spec"] == cache["spec"]


@pytest.mark.rule("T-5", "D-11")
def test_nothing_is_cached_before_there_is_a_result_or_when_it_has_no_sources():
    rounds = world(caching={"enabled": True})
    rounds.settle()
    assert rounds.all("AIMTemplateCache") == []
    succeed(rounds, '[{"profile": {}}]')
    assert template(rounds)["status"]["status"] == "Ready"
    assert rounds.all("AIMTemplateCache") == []


@pytest.mark.rule("T-8", "T-24")
def test_a_missing_config_fails_the_template_and_holds_no_slot():
    rounds = world(runtimeConfigName="gone")
    rounds.settle()
    assert template(rounds)["status"]["status"] == "Failed"
    assert condition_of(template(rounds), "RuntimeConfigReady") == ("False", "ConfigNotFound")
    assert rounds.all("Job") == []


@pytest.mark.rule("D-7", "J-4")
def test_a_missing_pull_secret_is_named_and_asked_for_again():
    rounds = world(imagePullSecrets=[{"name": "regcred"}])
    want = SecretExists("ns", "regcred")
    assert rounds.plan(key(rounds)).wants == (want,)
    rounds.answer(want, False)
    rounds.settle()
    message = message_of(template(rounds), "DiscoveryJobReady")
    assert "pull secret regcred not found in namespace ns" in message
    rounds.pass_time(seconds=31)
    assert rounds.plan(key(rounds)).wants == (want,)
    rounds.answer(want, True)
    rounds.settle()
    assert "regcred" not in message_of(template(rounds), "DiscoveryJobReady")


@pytest.mark.rule("G-7", "G-9")
def test_nodes_that_cannot_be_read_are_no_missing_gpus():
    rounds = world(modelSources=[SOURCE])
    rounds.settle()
    rounds.remove(Key("Node", "", "gpu"))
    rounds.table.learn_availability("Node", Unreadable("Node", "Timeout", "no answer"))
    plan = plan_template(Snapshot(rounds.table, rounds.now), rounds.table.find(key(rounds)))
    reasons = {c["type"]: c["reason"] for c in plan.status["conditions"]}
    assert reasons["GPUReady"] == "GPUCheckFailed"
    assert "resolvedNodeAffinity" not in plan.status
    assert plan.retry


@pytest.mark.rule("G-7", "G-13")
@pytest.mark.parametrize("gpu", [{"model": "MI300X"}, {"minVram": "64Gi"}])
def test_a_result_that_came_while_nodes_could_not_be_read_gets_its_affinity_afterwards(gpu):
    rounds = world(hardware={"gpu": {"requests": 1, **gpu}})
    rounds.settle()
    rounds.table.learn_availability("Node", Unreadable("Node", "Timeout", "no answer"))
    succeed(rounds)
    assert "profile" in template(rounds)["status"]
    rounds.table.learn_availability("Node", None)
    rounds.settle()
    assert template(rounds)["status"]["status"] == "Ready"
    assert "74a1" in str(template(rounds)["status"]["resolvedNodeAffinity"])


@pytest.mark.rule("G-9", "G-11")
@pytest.mark.parametrize(("nodes", "reason"), [(True, "GPUAvailable"), (False, "GPUNotAvailable")])
def test_any_gpu_will_do_when_no_model_is_named(nodes, reason):
    rounds = world(nodes=nodes, hardware={"gpu": {"requests": 1}}, modelSources=[SOURCE])
    rounds.settle()
    assert condition_of(template(rounds), "GPUReady")[1] == reason
    assert "resolvedNodeAffinity" not in template(rounds)["status"]


@pytest.mark.rule("G-13", "O-8")
def test_an_unknown_model_has_no_affinity():
    rounds = world(hardware={"gpu": {"requests": 1, "model": "Radeon"}}, modelSources=[SOURCE])
    rounds.settle()
    assert "resolvedNodeAffinity" not in template(rounds)["status"]
    assert "none" not in message_of(template(rounds), "GPUReady")


def test_a_model_or_log_that_cannot_be_read_is_not_absent():
    rounds = world(model=False)
    rounds.table.learn_availability("AIMModel", Unreadable("AIMModel", "Timeout", "no answer"))
    plan = rounds.plan(key(rounds))
    assert {c["type"]: c["reason"] for c in plan.status["conditions"]}["ModelReady"] == "Timeout"
    rounds = world()
    rounds.settle()
    succeed(rounds, Failure(FailureKind.NOT_FOUND, "the pod is gone"))
    assert "the pod is gone" in message_of(template(rounds), "Discovered")


@pytest.mark.parametrize("kind", [FailureKind.UNREACHABLE, FailureKind.RATE_LIMITED])
def test_a_log_that_nobody_could_be_reached_for_is_asked_for_again_and_is_no_failed_attempt(kind):
    rounds = world()
    rounds.settle()
    succeed(rounds, Failure(kind, "no answer"))
    assert message_of(template(rounds), "DiscoveryJobReady") == "Waiting for the discovery's output"
    assert "attempts" not in template(rounds)["status"].get("discovery", {})
    rounds.pass_time(seconds=11)
    (want,) = [w for w in rounds.plan(key(rounds)).wants if isinstance(w, PodLog)]
    rounds.answer(want, OUTPUT)
    rounds.settle()
    assert template(rounds)["status"]["status"] == "Ready"


def test_a_log_that_nobody_is_reached_for_until_the_job_goes_is_a_failed_attempt():
    rounds = world()
    rounds.settle()
    rounds.patch(job(rounds), {"status": {"completionTime": timestamp(rounds.now)}})
    succeed(rounds, Failure(FailureKind.UNREACHABLE, "no answer"))
    rounds.pass_time(seconds=46)
    rounds.settle()
    assert "no answer" in template(rounds)["status"]["discovery"]["lastFailureReason"]


def test_a_job_with_an_unknown_reason_fails_the_attempt_by_its_reason():
    rounds = world()
    rounds.settle()
    rounds.patch(job(rounds), {"status": finished("Failed", "DeadlineExceeded", "")})
    rounds.settle()
    assert template(rounds)["status"]["discovery"]["lastFailureReason"] == "DeadlineExceeded"


def test_a_paused_or_deleted_template_is_left_alone():
    for change in (
        {"annotations": {"aim.eai.amd.com/reconciliation-paused": "true"}},
        {"deletionTimestamp": "2026-11-23T12:00:00Z"},
    ):
        rounds = world()
        rounds.patch(key(rounds), {"metadata": change})
        assert rounds.settle() == 0


def test_a_cache_carries_no_empty_env_and_the_templates_config():
    rounds = world(modelSources=[SOURCE], caching={"enabled": True}, runtimeConfigName="default")
    rounds.settle()
    assert rounds.all("AIMTemplateCache")[0]["spec"] == {
        "templateName": "my-template", "templateScope": "Namespace", "runtimeConfigName": "default",
    }  # fmt: skip


@pytest.mark.rule("T-7", "O-3")
def test_attempts_taken_over_without_a_next_moment_wait_from_the_last_one():
    rounds = world()
    before = rounds.now - timedelta(seconds=30)
    stored = {"attempts": 2, "lastAttemptTime": before.isoformat(), "specHash": ""}
    rounds.patch(key(rounds), {"status": {"discovery": stored}})
    rounds.settle()
    assert rounds.all("Job") == []
    assert rounds.plans[key(rounds)].check_again_at == before + timedelta(seconds=120)


@pytest.mark.rule("O-11")
def test_other_pods_and_unseen_output_are_waited_for():
    rounds = world()
    rounds.settle()
    rounds.put(pod("p", "ns", job(rounds).name, "Running"))
    rounds.settle()
    assert condition_of(template(rounds), "DiscoveryPodsReady") == ("False", "PodsStarting")
    rounds.patch(job(rounds), {"status": finished()})
    rounds.settle()
    assert message_of(template(rounds), "DiscoveryJobReady") == "Waiting for the discovery's output"
    assert template(rounds)["status"]["status"] == "Progressing"


@pytest.mark.rule("O-6")
def test_an_affinity_of_another_form_is_replaced():
    rounds = world(modelSources=[SOURCE])
    expression = {"key": "zone", "operator": "In", "values": ["a"]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    stored = {"resolvedNodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    rounds.patch(key(rounds), {"status": stored})
    rounds.settle()
    assert "74a1" in str(template(rounds)["status"]["resolvedNodeAffinity"])
    assert "zone" not in str(template(rounds)["status"]["resolvedNodeAffinity"])
