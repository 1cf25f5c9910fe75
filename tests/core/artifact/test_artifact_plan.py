"""AIMArtifact: sizes, claim, jobs, latch, failures."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.facts import Failure, FailureKind, Outcome, PodLog, Refusal
from aimcore.kinds.artifact import plan_artifact
from aimcore.kinds.artifact.size_output import InvalidSize, read_size_output
from aimcore.resource import Key
from aimcore.settings import Settings
from aimcore.snapshot import Snapshot, Unreadable
from core.kind_rounds import START, Rounds, aim, condition_of, finished, message_of, pod

UID = "6f1d2c3b-0000-4a4a-9b9b-123456789abc"
KEY = Key("AIMArtifact", "ns", "llama-3-8b")
CLAIM = Key("PersistentVolumeClaim", "ns", "llama-3-8b-cache-258f45ec")
DOWNLOAD = Key("Job", "ns", "llama-3-8b-download-258f45ec")
CHECK = Key("Job", "ns", "llama-3-8b-check-size-258f45ec")


def world(status=None, settings=None, **spec):
    rounds = Rounds({"AIMArtifact": plan_artifact}, settings=settings)
    spec = {"sourceUri": "hf://amd/Llama-3.1-8B-Instruct", **spec}
    rounds.put(aim("AIMArtifact", "llama-3-8b", "ns", metadata={"uid": UID}, spec=spec, status=status or {}))
    return rounds


def artifact(rounds):
    return rounds.get(*KEY)


def downloading(**spec):
    rounds = world(size="5Gi", **spec)
    rounds.settle()
    rounds.patch(CLAIM, {"status": {"phase": "Bound"}})
    return rounds


# ---- children ----
@pytest.mark.rule("A3", "A4.1", "A4.3", "A4.4", "A5.3", "A6.3", "AD-19")
def test_a_declared_size_leads_to_claim_role_binding_and_download_job_in_that_order():
    rounds = world(size="5Gi", storageClassName="longhorn", env=[{"name": "HF_TOKEN", "value": "t"}])
    first = rounds.plan(KEY)
    assert [c.key.kind for c in first.children] == ["RoleBinding", "PersistentVolumeClaim"]
    rounds.settle()
    claim = rounds.get(*CLAIM)
    assert claim["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "6Gi"}},
        "storageClassName": "longhorn",
    }
    labels = claim["metadata"]["labels"]
    assert labels["aim.eai.amd.com/source-model"] == "amd_llama-3.1-8b-instruct"
    assert labels["aim.eai.amd.com/artifact.name"] == "llama-3-8b"
    assert labels["app.kubernetes.io/managed-by"] == "aim-artifact-controller"
    job = rounds.get(*DOWNLOAD)["spec"]
    assert (job["backoffLimit"], job["ttlSecondsAfterFinished"]) == (2, 600)
    container = job["template"]["spec"]["containers"][0]
    env = {e["name"]: e["value"] for e in container["env"]}
    assert next(iter(env)) == "AIM_DOWNLOADER_PROTOCOL"
    assert env["EXPECTED_SIZE_BYTES"] == str(5 * 2**30)
    assert env["HF_TOKEN"] == "t"
    assert container["image"] == "ghcr.io/silogen/aim-artifact-downloader:0.2.0"
    assert job["template"]["metadata"]["labels"]["aim.eai.amd.com/component"] == "download"
    assert rounds.all("RoleBinding")[0]["roleRef"]["kind"] == "ClusterRole"


@pytest.mark.rule("A4.3")
def test_every_default_variable_can_be_overridden_by_config_and_artifact():
    rounds = world(size="10Mi", env=[{"name": "EXPECTED_SIZE_BYTES", "value": "1048576"}])
    config_env = [{"name": "STALL_TIMEOUT", "value": "15"}, {"name": "EXPECTED_SIZE_BYTES", "value": "1"}]
    rounds.put(aim("AIMRuntimeConfig", "default", "ns", spec={"env": config_env}))
    rounds.settle()
    env = rounds.get(*DOWNLOAD)["spec"]["template"]["spec"]["containers"][0]["env"]
    values = {e["name"]: e["value"] for e in env}
    assert values["EXPECTED_SIZE_BYTES"] == "1048576"
    assert values["STALL_TIMEOUT"] == "15"
    assert len(env) == len(values)


@pytest.mark.rule("A5.4", "A6.2")
def test_class_and_headroom_come_from_the_runtime_config():
    rounds = world(size="150000000000")
    storage = {"defaultStorageClassName": "fast", "pvcHeadroomPercent": 15}
    rounds.put(aim("AIMClusterRuntimeConfig", "default", spec={"storage": storage}))
    rounds.settle()
    claim = rounds.get(*CLAIM)["spec"]
    assert claim["storageClassName"] == "fast"
    assert claim["resources"]["requests"]["storage"] == "161Gi"
    status = artifact(rounds)["status"]
    assert (status["allocatedSize"], status["headroomPercent"]) == ("161Gi", 15)
    assert status["displaySize"] == "140 GiB"


@pytest.mark.rule("A9")
def test_a_missing_named_config_fails_the_artifact_and_nothing_is_made():
    rounds = world(size="5Gi", runtimeConfigName="absent")
    rounds.settle()
    assert artifact(rounds)["status"]["status"] == "Failed"
    assert condition_of(artifact(rounds), "RuntimeConfigReady") == ("False", "ReferenceNotFound")
    assert rounds.all("PersistentVolumeClaim") == []


@pytest.mark.rule("AD-21")
def test_nothing_is_made_while_paused_deleting_or_in_a_terminating_namespace():
    for change in (
        {"metadata": {"annotations": {"aim.eai.amd.com/reconciliation-paused": "true"}}},
        {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}},
    ):
        rounds = world(size="5Gi")
        rounds.patch(KEY, change)
        assert rounds.settle() == 0
    rounds = world(size="5Gi")
    namespace = {"name": "ns", "deletionTimestamp": "2026-11-23T12:00:00Z"}
    rounds.put({"apiVersion": "v1", "kind": "Namespace", "metadata": namespace})
    rounds.settle()
    assert rounds.all("PersistentVolumeClaim") == []


# ---- size ----
@pytest.mark.rule("A5.2", "A9", "AD-4", "A4.2")
def test_the_size_is_searched_read_and_kept():
    rounds = world()
    rounds.settle()
    assert condition_of(artifact(rounds), "CheckSizeJobReady") == ("False", "JobRunning")
    assert rounds.get(*CHECK)["spec"]["ttlSecondsAfterFinished"] == 300
    assert rounds.all("PersistentVolumeClaim") == []
    rounds.patch(CHECK, {"status": finished()})
    rounds.settle()
    assert condition_of(artifact(rounds), "CheckSizeOutputReady") == ("False", "NoSizeOutput")
    assert artifact(rounds)["status"]["status"] == "Progressing"
    uid = rounds.put(pod("p", "ns", CHECK.name, "Succeeded"))["metadata"]["uid"]
    rounds.settle()
    assert condition_of(artifact(rounds), "CheckSizeOutputReady") == ("Unknown", "NoSizeOutput")
    rounds.answer(PodLog("ns", "p", uid, "check-size", 1), json.dumps({"url": "u", "sizeBytes": 2**30}))
    rounds.settle()
    assert artifact(rounds)["status"]["discoveredSizeBytes"] == 2**30
    assert artifact(rounds)["status"]["displaySize"] == "1 GiB"
    assert condition_of(artifact(rounds), "CheckSizeOutputReady") == ("", "")
    rounds.remove(CHECK)
    assert rounds.settle() == 0
    assert CHECK not in rounds.objects


@pytest.mark.rule("A5.2", "AD-4", "AD-5")
def test_a_line_that_is_no_size_fails_and_an_unreadable_log_only_waits():
    for value, expected in (
        ("oops", ("False", "InvalidSizeOutput")),
        (Failure(FailureKind.NOT_FOUND, "gone"), ("False", "NoSizeOutput")),
    ):
        rounds = world()
        rounds.settle()
        rounds.patch(CHECK, {"status": finished()})
        uid = rounds.put(pod("p", "ns", CHECK.name, "Running"))["metadata"]["uid"]
        rounds.answer(PodLog("ns", "p", uid, "check-size", 1), value)
        rounds.settle()
        assert condition_of(artifact(rounds), "CheckSizeOutputReady") == expected


def test_a_size_that_nobody_could_be_reached_for_is_asked_for_again():
    rounds = world()
    rounds.settle()
    rounds.patch(CHECK, {"status": finished()})
    uid = rounds.put(pod("p", "ns", CHECK.name, "Succeeded"))["metadata"]["uid"]
    want = PodLog("ns", "p", uid, "check-size", 1)
    rounds.answer(want, Failure(FailureKind.UNREACHABLE, "no answer"))
    rounds.settle()
    assert condition_of(artifact(rounds), "CheckSizeOutputReady") == ("Unknown", "NoSizeOutput")
    rounds.pass_time(seconds=11)
    assert want in rounds.plan(KEY).wants
    rounds.answer(want, json.dumps({"url": "u", "sizeBytes": 2**30}))
    rounds.settle()
    assert artifact(rounds)["status"]["discoveredSizeBytes"] == 2**30


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"url":"hf://a/b","sizeBytes":1}', 1),
        ('{"sizeBytes":5,"other":true}', 5),
        (f'{{"url":"u","sizeBytes":{2**50}}}', 2**50),
        (f'{{"url":"u","sizeBytes":{2**50 + 1}}}', f"invalid size: {2**50 + 1} bytes"),
        ('{"url":"u","sizeBytes":0}', "invalid size: 0 bytes"),
        ('{"url":"u"}', "invalid size: 0 bytes"),
        ('{"url":"u","sizeBytes":1.0}', "failed to parse check-size output: sizeBytes is no whole number"),
        ('{"url":1,"sizeBytes":1}', "failed to parse check-size output: url is no text"),
        ("[1]", "failed to parse check-size output: not an object: [1]"),
        ("x" * 200, f"failed to parse check-size output: no JSON: {'x' * 120}…"),
        ('{"sizeBytes":' + "9" * 40 + "}", "invalid size: 10^30 or more bytes"),
    ],
)
@pytest.mark.rule("A5.2")
def test_the_last_line_is_read_strictly(line, expected):
    found = read_size_output(line)
    assert found == (expected if isinstance(expected, int) else InvalidSize(expected))


@given(st.text() | st.recursive(st.none() | st.floats() | st.integers(), st.lists).map(str))
def test_any_line_gives_a_size_or_a_reason(line):
    found = read_size_output(line)
    assert isinstance(found, InvalidSize) or 0 < found <= 2**50


# ---- progress and the latch ----
@pytest.mark.rule("A8", "AD-18")
@pytest.mark.parametrize(
    ("percentage", "phase", "condition", "shown"),
    [
        (40, "Running", ("False", "Downloading"), "40 %"),
        (100, "Running", ("True", "Verifying"), "100 %"),
        (40, "Failed", ("False", "Downloading"), "N/A"),
        (100, "Failed", ("False", "VerificationFailed"), "N/A"),
    ],
)
def test_download_complete_follows_the_pods(percentage, phase, condition, shown):
    rounds = downloading()
    progress = {"percentage": percentage, "displayPercentage": f"{percentage} %", "downloadedBytes": 7}
    rounds.patch(KEY, {"status": {"progress": progress}})
    rounds.put(pod("p", "ns", DOWNLOAD.name, phase))
    rounds.settle()
    assert condition_of(artifact(rounds), "DownloadComplete") == condition
    assert artifact(rounds)["status"]["progress"] == {**progress, "displayPercentage": shown}


@pytest.mark.rule("A8", "A10")
def test_a_complete_job_verifies_the_claim_and_completes_what_the_pod_reported():
    rounds = downloading()
    rounds.patch(KEY, {"status": {"download": {"protocol": "XET", "attempt": 1}}})
    rounds.patch(DOWNLOAD, {"status": finished()})
    rounds.settle()
    status = artifact(rounds)["status"]
    assert status["status"] == "Ready"
    assert status["progress"] == {
        "percentage": 100, "displayPercentage": "100 %", "totalBytes": 5 * 2**30, "downloadedBytes": 5 * 2**30,
    }  # fmt: skip
    assert status["download"] == {"protocol": "XET", "attempt": 1, "message": "Complete"}
    assert "AllComponentsReady" in rounds.events


@pytest.mark.rule("A10", "AD-2")
def test_an_artifact_taken_over_ready_is_not_downloaded_again():
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": "Bound"}}
    claim |= {"metadata": {"name": CLAIM.name, "namespace": "ns"}, "spec": {}}
    verified = [{"type": "DownloadComplete", "status": "True", "reason": "Verified"}]
    for status in ({"status": "Ready"}, {"status": "Degraded", "conditions": verified}):
        rounds = world(status, size="5Gi")
        uid = rounds.put(claim)["metadata"]["uid"]
        rounds.settle()
        assert rounds.all("Job") == []
        assert artifact(rounds)["status"]["status"] == "Ready"
        assert artifact(rounds)["status"]["verifiedClaimUID"] == uid


@pytest.mark.rule("A10", "AD-3")
def test_a_new_claim_is_filled_anew_and_the_job_of_the_old_one_is_deleted():
    rounds = downloading()
    rounds.patch(DOWNLOAD, {"status": finished()})
    rounds.settle()
    rounds.remove(CLAIM)
    rounds.pass_time(minutes=1)
    rounds.round(KEY)
    old = rounds.get(*DOWNLOAD)["metadata"]["uid"]
    rounds.settle()
    assert rounds.get(*DOWNLOAD)["metadata"]["uid"] != old
    assert artifact(rounds)["status"]["status"] == "Progressing"
    assert condition_of(artifact(rounds), "DownloadComplete") == ("False", "Downloading")
    rounds.patch(CLAIM, {"status": {"phase": "Bound"}})
    rounds.patch(DOWNLOAD, {"status": finished()})
    rounds.settle()
    assert artifact(rounds)["status"]["status"] == "Ready"


def test_a_claim_that_is_being_deleted_gets_no_download():
    rounds = world(size="5Gi")
    rounds.round(KEY)
    rounds.patch(CLAIM, {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}})
    rounds.settle()
    assert DOWNLOAD not in rounds.objects


# ---- failures ----
def failed_pod(**terminated):
    state = {"terminated": {"exitCode": 1, "reason": "Error", "message": "", **terminated}}
    return {"containerStatuses": [{"name": "model-download", "state": state}]}


@pytest.mark.rule("A10", "AD-6")
@pytest.mark.parametrize(
    ("log", "reason", "ready"),
    [
        ("Cannot access gated repo x", "AuthError", "AuthError"),
        ("Repository Not Found: x", "SourceNotFound", "InvalidSpec"),
        ("No space left on device", "StorageFull", "StorageFull"),
    ],
)
def test_the_cause_in_the_log_outranks_the_failed_job(log, reason, ready):
    rounds = downloading()
    uid = rounds.put(pod("p", "ns", DOWNLOAD.name, "Failed", **failed_pod()))["metadata"]["uid"]
    rounds.patch(DOWNLOAD, {"status": finished("Failed", "BackoffLimitExceeded", "too many")})
    rounds.answer(PodLog("ns", "p", uid, "model-download", 50), log)
    rounds.settle()
    assert condition_of(artifact(rounds), "DownloadJobPodsReady") == ("False", reason)
    assert condition_of(artifact(rounds), "DownloadJobReady") == ("False", "JobBackoffLimitExceeded")
    assert condition_of(artifact(rounds), "Ready") == ("False", ready)
    assert artifact(rounds)["status"]["status"] == "Failed"


@pytest.mark.rule("A10")
def test_a_failed_job_is_made_again_when_its_time_to_live_removed_it():
    rounds = downloading()
    rounds.patch(DOWNLOAD, {"status": finished("Failed", "DeadlineExceeded", "")})
    rounds.settle()
    assert artifact(rounds)["status"]["status"] == "Failed"
    rounds.remove(DOWNLOAD)
    rounds.settle()
    assert DOWNLOAD in rounds.objects
    assert artifact(rounds)["status"]["status"] == "Progressing"


def test_a_refused_claim_is_named_in_the_condition():
    rounds = world(size="5Gi")
    rounds.refuse(KEY, CLAIM, Outcome(Refusal.QUOTA_EXCEEDED, "exceeded quota: q", START))
    rounds.round(KEY)
    assert condition_of(artifact(rounds), "CachePvcReady") == ("False", "QuotaExceeded")
    assert "exceeded quota: q" in message_of(artifact(rounds), "CachePvcReady")


@pytest.mark.rule("A2")
def test_mode_follows_the_owners():
    rounds = world(size="5Gi")
    rounds.settle()
    assert artifact(rounds)["status"]["mode"] == "Shared"
    rounds.patch(KEY, {"metadata": {"ownerReferences": [{"uid": "u", "kind": "AIMTemplateCache", "name": "c"}]}})
    rounds.settle()
    assert artifact(rounds)["status"]["mode"] == "Dedicated"


@pytest.mark.rule("A4.4", "AD-20")
def test_with_dedicated_accounts_each_artifact_has_its_own_and_no_shared_binding():
    rounds = world(size="5Gi", settings=Settings(dedicated_download_accounts=True))
    metadata = {"name": "default", "namespace": "ns", "annotations": {"iam": "role"}}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "imagePullSecrets": [{"name": "r"}]}
    rounds.put(account)
    rounds.settle()
    made = rounds.get("ServiceAccount", "ns", DOWNLOAD.name)
    assert made["imagePullSecrets"] == [{"name": "r"}]
    assert made["metadata"]["annotations"] == {"iam": "role"}
    assert made["metadata"]["ownerReferences"][0]["uid"] == UID
    assert rounds.all("Role")[0]["rules"][0]["resourceNames"] == ["llama-3-8b"]
    assert [b["metadata"]["name"] for b in rounds.all("RoleBinding")] == [DOWNLOAD.name]
    assert rounds.get(*DOWNLOAD)["spec"]["template"]["spec"]["serviceAccountName"] == DOWNLOAD.name


@pytest.mark.rule("A9")
@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        ("PersistentVolumeClaim", "CachePvcReady"),
        ("Job", "DownloadJobReady"),
        ("AIMClusterRuntimeConfig", "RuntimeConfigReady"),
    ],
)
def test_what_cannot_be_read_is_not_absent(kind, type_):
    rounds = world(size="5Gi")
    if kind == "Job":
        rounds.round(KEY)
    rounds.table.learn_availability(kind, Unreadable(kind, "Timeout", "no answer"))
    plan = plan_artifact(Snapshot(rounds.table, rounds.now), rounds.table.find(KEY))
    assert {c["type"]: c["reason"] for c in plan.status["conditions"]}[type_] == "Timeout"
    assert plan.retry
    assert kind not in {c.key.kind for c in plan.children}


def test_a_check_size_job_that_cannot_be_read_is_not_made_again():
    rounds = world()
    rounds.table.learn_availability("Job", Unreadable("Job", "Timeout", "no answer"))
    plan = rounds.plan(KEY)
    assert [c.key.kind for c in plan.children] == ["RoleBinding"]


def test_without_a_readable_role_binding_no_download_starts():
    rounds = world(size="5Gi")
    rounds.round(KEY)
    rounds.remove(Key("RoleBinding", "ns", "aim-engine-artifact-status-updater"))
    rounds.table.learn_availability("RoleBinding", Unreadable("RoleBinding", "Forbidden", "no"))
    assert rounds.plan(KEY).children == ()


def test_an_artifact_of_a_template_cache_marks_its_claim():
    rounds = world(size="5Gi")
    rounds.patch(KEY, {"metadata": {"labels": {"template-created": "true"}}})
    rounds.settle()
    assert rounds.get(*CLAIM)["metadata"]["labels"]["aim.eai.amd.com/cache.type"] == "template-cache"


@pytest.mark.rule("A8")
def test_a_failed_download_is_remembered_while_its_job_is_gone():
    rounds = downloading()
    rounds.patch(DOWNLOAD, {"status": finished("Failed", "BackoffLimitExceeded", "no")})
    rounds.settle()
    rounds.remove(DOWNLOAD)
    rounds.round(KEY)
    assert condition_of(artifact(rounds), "DownloadComplete") == ("False", "Downloading")
    assert message_of(artifact(rounds), "DownloadComplete") == "Download failed before completion"


@pytest.mark.rule("A8", "A10")
def test_a_stray_job_does_not_undo_a_verified_download():
    rounds = downloading()
    rounds.patch(DOWNLOAD, {"status": finished()})
    rounds.settle()
    rounds.patch(DOWNLOAD, {"status": finished("Failed", "DeadlineExceeded", "")})
    rounds.settle()
    assert artifact(rounds)["status"]["status"] == "Ready"
    assert artifact(rounds)["status"]["progress"]["displayPercentage"] == "100 %"
    assert condition_of(artifact(rounds), "DownloadComplete") == ("True", "Verified")


@pytest.mark.rule("A8")
def test_a_lost_verified_claim_is_reported_as_downloading_again():
    rounds = downloading(imagePullSecrets=[{"name": "r"}])
    rounds.patch(DOWNLOAD, {"status": finished()})
    rounds.settle()
    rounds.remove(DOWNLOAD)
    rounds.remove(CLAIM)
    rounds.round(KEY)
    assert condition_of(artifact(rounds), "DownloadComplete") == ("False", "Downloading")
    assert artifact(rounds)["status"]["status"] == "Progressing"
    rounds.settle()
    assert rounds.get(*DOWNLOAD)["spec"]["template"]["spec"]["imagePullSecrets"] == [{"name": "r"}]


def test_a_dedicated_account_needs_no_default_account():
    rounds = world(size="5Gi", settings=Settings(dedicated_download_accounts=True))
    rounds.settle()
    assert "imagePullSecrets" not in rounds.get("ServiceAccount", "ns", DOWNLOAD.name)


@pytest.mark.rule("A2", "AD-15")
def test_last_used_is_when_the_newest_service_that_mounts_the_claim_was_created():
    rounds = downloading()
    rounds.settle()
    assert "lastUsed" not in artifact(rounds)["status"]
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": CLAIM.name}}]
    for name, created in (("a", "2026-11-23T13:00:00Z"), ("b", "2026-11-23T12:30:00Z")):
        metadata = {"name": name, "namespace": "ns", "creationTimestamp": created}
        rounds.put({"kind": "InferenceService", "metadata": metadata, "spec": {"predictor": {"volumes": volumes}}})
    rounds.settle()
    assert artifact(rounds)["status"]["lastUsed"] == "2026-11-23T13:00:00Z"
    rounds.remove(Key("InferenceService", "ns", "a"))
    assert rounds.settle() == 0
