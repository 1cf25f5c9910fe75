"""Service templates: inline sources, discovery, slots, back-off, GPUs."""

import json
from datetime import timedelta

import pytest

from aimcore.facts import Failure, FailureKind, Outcome, PodLog, Refusal, SecretExists
from aimcore.kinds.template import plan_template
from aimcore.kinds.template.attempts import backoff
from aimcore.resource import Key
from aimcore.settings import Settings
from aimcore.snapshot import Snapshot, Unreadable
from core.kind_rounds import Rounds, aim, condition_of, finished, message_of, node, pod

PLANNERS = {"AIMServiceTemplate": plan_template, "AIMClusterServiceTemplate": plan_template}
IMAGE = "ghcr.io/test/image:latest"
GPU = {"gpu": {"model": "MI300X", "requests": 1, "resourceName": "amd.com/gpu"}}
SOURCE = {"modelId": "a/b", "sourceUri": "hf://a/b", "size": "9094593249"}
OUTPUT = json.dumps([{"profile": {"metadata": {"gpu": "MI300X", "gpu_count": 2}}, "models": [
    {"name": "a/b", "source": "hf://a/b"}]}])  # fmt: skip


def world(count=1, *, nodes=True, settings=None, model=None, namespace="ns", **spec):
    rounds = Rounds(PLANNERS, settings=settings)
    kind = "AIMModel" if namespace else "AIMClusterModel"
    if model is not False:
        rounds.put(aim(kind, "test-model", namespace, spec={"image": IMAGE, **(model or {})}))
    if nodes:
        rounds.put(node("gpu", "74a1"))
    kind = "AIMServiceTemplate" if namespace else "AIMClusterServiceTemplate"
    for i in range(count):
        name = "my-template" if count == 1 else f"t{i:02}"
        rounds.put(aim(kind, name, namespace, spec={"modelName": "test-model", "hardware": GPU, **spec}))
    return rounds


def template(rounds):
    return (rounds.all("AIMServiceTemplate") + rounds.all("AIMClusterServiceTemplate"))[0]


def key(rounds):
    found = template(rounds)
    return Key(found["kind"], found["metadata"].get("namespace", ""), found["metadata"]["name"])


def job(rounds):
    (found,) = rounds.all("Job")
    return Key("Job", found["metadata"]["namespace"], found["metadata"]["name"])


def fail(rounds, message="it broke"):
    rounds.patch(job(rounds), {"status": finished("Failed", "BackoffLimitExceeded", message)})
    rounds.settle()


def succeed(rounds, log=OUTPUT, target=None):
    found = target or job(rounds)
    rounds.patch(found, {"status": finished()})
    uid = rounds.put(pod(f"p-{found.name}", found.namespace, found.name, "Succeeded"))["metadata"]["uid"]
    rounds.answer(PodLog(found.namespace, f"p-{found.name}", uid, "discovery", None), log)
    rounds.settle()


# ---- inline ----
@pytest.mark.rule("T-11", "T-12", "T-14", "T-15", "T-37", "G-13")
def test_inline_sources_are_the_result():
    rounds = world(modelSources=[SOURCE], metric="latency", precision="fp8", type="optimized")
    rounds.settle()
    status = template(rounds)["status"]
    assert status["status"] == "Ready"
    assert condition_of(template(rounds), "Discovered") == ("True", "InlineModelSources")
    assert status["modelSources"] == [SOURCE]
    assert status["profile"]["metadata"] == {
        "gpuCount": 1, "gpu": "MI300X", "metric": "latency", "precision": "fp8", "type": "optimized",
    }  # fmt: skip
    assert status["hardwareSummary"] == "1 x MI300X"
    terms = status["resolvedNodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert terms[0]["matchExpressions"][0]["values"] == ["74a1", "74a9", "74b5", "74bd"]
    assert status["resolvedModel"]["scope"] == "Namespace"
    assert rounds.all("Job") == []


@pytest.mark.rule("T-15", "T-37")
def test_a_cpu_template_is_ready_without_gpus():
    rounds = world(nodes=False, hardware={"cpu": {"requests": "500m"}}, modelSources=[SOURCE])
    rounds.settle()
    assert template(rounds)["status"]["status"] == "Ready"
    assert template(rounds)["status"]["hardwareSummary"] == "CPU"
    assert condition_of(template(rounds), "GPUReady") == ("", "")


@pytest.mark.rule("G-9", "O-7", "T-37")
@pytest.mark.parametrize(
    ("vram", "status", "reason"), [("64Gi", "Ready", "GPUAvailable"), ("1Ti", "NotAvailable", "VRAMNotAvailable")]
)
def test_a_minimum_of_vram_is_compared_with_the_cluster(vram, status, reason):
    rounds = world(hardware={"gpu": {"requests": 1, "minVram": vram}}, modelSources=[SOURCE])
    rounds.settle()
    assert template(rounds)["status"]["status"] == status
    assert condition_of(template(rounds), "GPUReady")[1] == reason
    assert template(rounds)["status"]["resolvedHardware"]["gpu"]["minVram"] == vram


@pytest.mark.rule("O-6", "G-13")
def test_a_stored_affinity_with_the_same_ids_keeps_its_order():
    rounds = world(modelSources=[SOURCE])
    rounds.settle()
    stored = json.loads(json.dumps(template(rounds)["status"]["resolvedNodeAffinity"]))
    term = stored["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"][0]["matchExpressions"][0]
    term["values"].reverse()
    rounds.patch(key(rounds), {"status": {"resolvedNodeAffinity": stored}})
    assert rounds.settle() == 0


@pytest.mark.rule("T-33", "T-34", "G-9", "T-35")
def test_a_gpu_that_comes_and_goes_changes_the_status_and_nothing_else():
    rounds = world(nodes=False)
    rounds.settle()
    assert template(rounds)["status"]["status"] == "NotAvailable"
    assert condition_of(template(rounds), "GPUReady") == ("False", "GPUNotAvailable")
    assert rounds.all("Job") == []
    rounds.put(node("gpu", "74a1"))
    rounds.settle()
    succeed(rounds)
    assert template(rounds)["status"]["status"] == "Ready"
    rounds.remove(job(rounds))
    rounds.remove(Key("Node", "", "gpu"))
    rounds.settle()
    assert template(rounds)["status"]["status"] == "NotAvailable"
    assert template(rounds)["status"]["profile"]
    rounds.put(node("gpu", "74a1"))
    rounds.settle()
    assert template(rounds)["status"]["status"] == "Ready"
    assert rounds.all("Job") == []


# ---- model ----
@pytest.mark.rule("T-25", "T-37")
def test_a_missing_model_fails_the_template():
    rounds = world(model=False)
    rounds.settle()
    assert template(rounds)["status"]["status"] == "Failed"
    assert condition_of(template(rounds), "ModelReady") == ("False", "ReferenceNotFound")
    assert rounds.all("Job") == []


@pytest.mark.rule("D-7", "T-25")
def test_a_namespaced_template_falls_back_to_the_cluster_model():
    rounds = world(model=False)
    rounds.put(aim("AIMClusterModel", "test-model", spec={"image": IMAGE}))
    rounds.settle()
    assert condition_of(template(rounds), "ModelReady") == ("True", "ClusterModelFound")
    assert template(rounds)["status"]["resolvedModel"]["scope"] == "Cluster"


@pytest.mark.rule("T-25")
@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], ("True", "ModelFound")),
        ([{"type": "ServiceTemplatesReady", "status": "False"}], ("True", "ModelFound")),
        ([{"type": "ImageMetadataReady", "status": "False"}], ("False", "ModelFailed")),
    ],
)
def test_a_model_bad_only_by_its_templates_counts_as_healthy(conditions, expected):
    rounds = world()
    rounds.patch(Key("AIMModel", "ns", "test-model"), {"status": {"status": "Degraded", "conditions": conditions}})
    rounds.settle()
    assert condition_of(template(rounds), "ModelReady") == expected


# ---- the Job ----
@pytest.mark.rule("J-1", "J-2", "J-3", "J-5", "O-11")
def test_the_discovery_job_runs_the_image_dry():
    rounds = world(
        metric="latency",
        precision="fp8",
        hardware={"gpu": {"model": "MI300X", "requests": 2, "resourceName": "amd.com/gpu"}},
        profileId="p1",
    )
    rounds.settle()
    found = rounds.get(*job(rounds))
    assert found["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "aim-controller"
    assert found["metadata"]["labels"]["aim.eai.amd.com/template"] == "my-template"
    spec = found["spec"]
    assert (spec["backoffLimit"], spec["ttlSecondsAfterFinished"], spec["activeDeadlineSeconds"]) == (0, 60, 3600)
    container = spec["template"]["spec"]["containers"][0]
    assert container["args"] == ["dry-run", "--format=json"]
    assert [(e["name"], e["value"]) for e in container["env"]] == [
        ("AIM_LOG_LEVEL_ROOT", "CRITICAL"), ("AIM_LOG_LEVEL", "CRITICAL"), ("AIM_METRIC", "latency"),
        ("AIM_PRECISION", "fp8"), ("AIM_GPU_MODEL", "MI300X"), ("AIM_GPU_COUNT", "2"), ("AIM_PROFILE_ID", "p1"),
    ]  # fmt: skip
    assert condition_of(template(rounds), "DiscoveryJobReady") == ("False", "JobRunning")


@pytest.mark.rule("J-5")
@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ({"hardware": None}, "discover-my-template-aa5fe4dc"),
        ({"hardware": None, "metric": "latency", "precision": "fp8"}, "discover-my-template-be538c70"),
        ({"hardware": {"gpu": {"model": "MI300X", "requests": 2}}}, "discover-my-template-961f3e80"),
        ({"hardware": None, "profileId": "my-profile-id"}, "discover-my-template-a0f0be13"),
    ],
)
def test_job_names_are_the_published_ones(spec, name):
    rounds = world(**spec)
    rounds.settle()
    assert job(rounds).name == name


@pytest.mark.rule("O-12")
def test_template_and_model_values_are_joined():
    rounds = world(
        model={
            "env": [{"name": "A", "value": "m"}, {"name": "B", "value": "m"}],
            "imagePullSecrets": [{"name": "s1"}, {"name": "s2"}],
            "serviceAccountName": "model",
        },
        env=[{"name": "A", "value": "t"}, {"name": "AIM_GPU_MODEL", "value": "MI250X"}],
        imagePullSecrets=[{"name": "s2"}],
    )
    rounds.settle()
    pod_spec = rounds.get(*job(rounds))["spec"]["template"]["spec"]
    env = {e["name"]: e["value"] for e in pod_spec["containers"][0]["env"]}
    assert (env["A"], env["B"], env["AIM_GPU_MODEL"]) == ("t", "m", "MI250X")
    assert pod_spec["imagePullSecrets"] == [{"name": "s2"}, {"name": "s1"}]
    assert pod_spec["serviceAccountName"] == "model"


@pytest.mark.rule("O-13", "O-14", "O-20")
def test_a_job_of_our_name_with_another_owner_is_waited_for():
    rounds = world()
    rounds.round(key(rounds))
    found = job(rounds)
    rounds.put({**rounds.get(*found), "metadata": {**rounds.get(*found)["metadata"], "ownerReferences": []}})
    rounds.settle()
    assert condition_of(template(rounds), "DiscoveryJobReady") == ("False", "JobNotCreated")
    assert f"ns/{found.name} belongs to another owner" in message_of(template(rounds), "DiscoveryJobReady")


@pytest.mark.rule("T-3")
def test_cluster_templates_are_discovered_in_the_operators_namespace():
    rounds = world(namespace="")
    rounds.settle()
    assert job(rounds).namespace == "aim-system"
    succeed(rounds)
    assert template(rounds)["status"]["status"] == "Ready"


# ---- results ----
@pytest.mark.rule("O-1", "O-2", "O-12", "T-14")
def test_a_result_makes_the_template_ready_and_stays():
    rounds = world()
    rounds.settle()
    succeed(rounds)
    status = template(rounds)["status"]
    assert condition_of(template(rounds), "Discovered") == ("True", "DiscoveryComplete")
    assert status["resolvedHardware"]["gpu"] == {"requests": 2, "model": "MI300X", "resourceName": "amd.com/gpu"}
    assert status["hardwareSummary"] == "2 x MI300X"
    assert list(status["discovery"]) == ["specHash"]
    assert condition_of(template(rounds), "DiscoveryPodsReady") == ("", "")
    rounds.remove(job(rounds))
    rounds.settle()
    assert rounds.all("Job") == []
    assert template(rounds)["status"]["status"] == "Ready"


@pytest.mark.rule("O-2", "T-37")
def test_an_unreadable_result_is_a_failed_attempt():
    rounds = world()
    rounds.settle()
    succeed(rounds, "no json")
    assert condition_of(template(rounds), "DiscoveryJobReady") == ("False", "DiscoveryOutputUnreadable")
    assert condition_of(template(rounds), "Discovered") == ("False", "DiscoveryFailed")
    assert template(rounds)["status"]["status"] == "Failed"
    assert template(rounds)["status"]["discovery"]["attempts"] == 1
    assert "profile" not in template(rounds)["status"]


@pytest.mark.rule("O-2")
def test_a_template_taken_over_ready_without_a_result_stays_ready_while_rediscovered():
    rounds = world()
    rounds.patch(key(rounds), {"status": {"status": "Ready"}})
    rounds.settle()
    assert template(rounds)["status"]["status"] == "Ready"
    assert condition_of(template(rounds), "Discovered") == ("False", "AwaitingDiscovery")
    succeed(rounds)
    assert condition_of(template(rounds), "Discovered") == ("True", "DiscoveryComplete")


@pytest.mark.rule("T-34", "O-2")
def test_another_image_is_rediscovered_and_the_old_job_removed():
    rounds = world()
    rounds.settle()
    succeed(rounds)
    rounds.patch(Key("AIMModel", "ns", "test-model"), {"spec": {"image": "other:2"}})
    rounds.settle()
    assert rounds.get(*job(rounds))["spec"]["template"]["spec"]["containers"][0]["image"] == "other:2"
    assert template(rounds)["status"]["status"] == "Ready"
    assert condition_of(template(rounds), "Discovered")[0] == "False"
    succeed(rounds)
    assert condition_of(template(rounds), "Discovered")[0] == "True"


@pytest.mark.rule("O-4")
def test_switching_to_inline_and_back_leaves_no_trace():
    rounds = world(modelSources=[SOURCE])
    rounds.settle()
    rounds.patch(key(rounds), {"spec": {"modelSources": None}})
    rounds.settle()
    assert condition_of(template(rounds), "Discovered") == ("False", "AwaitingDiscovery")
    fail(rounds)
    rounds.patch(key(rounds), {"spec": {"modelSources": [SOURCE]}})
    rounds.settle()
    assert template(rounds)["status"]["status"] == "Ready"
    assert "discovery" not in template(rounds)["status"]
    assert condition_of(template(rounds), "DiscoveryJobReady") == ("", "")


# ---- failures ----
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
