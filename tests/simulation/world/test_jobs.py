"""Jobs: conditions in pairs, back-off, TTL, orphaning; and what discovery and download containers do."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise

import pytest

from aimcore.simulation.settings import Image, Source
from simulation.world.plays import DOWNLOADER, IMAGE, NS, Play, job

FAILING = {"args": ["hf://no/such"]}


def failing_play() -> Play:
    play = Play()
    play.change(sources=(Source("hf://no/such", fault="not-found"), *play.world.settings.sources))
    return play


def conditions(play: Play, name: str = "j") -> list[tuple[str, str]]:
    return [(c["type"], c["reason"]) for c in play.get("Job", name)["status"].get("conditions", ())]


@pytest.mark.rule("F-67", "F-64")
def test_a_job_makes_one_labelled_tracked_pod_that_it_controls() -> None:
    play = Play()
    made = play.create(job())
    play.run(1)
    (pod,) = play.pods()
    assert pod["metadata"]["name"].startswith("j-")
    assert pod["metadata"]["finalizers"] == ["batch.kubernetes.io/job-tracking"]
    owner = pod["metadata"]["ownerReferences"][0]
    assert (owner["uid"], owner["controller"], owner["blockOwnerDeletion"]) == (made["metadata"]["uid"], True, True)
    assert pod["metadata"]["labels"]["job-name"] == "j"
    assert pod["metadata"]["labels"]["x"] == "y"


@pytest.mark.rule("F-68", "F-69", "F-72")
def test_success_is_a_pair_of_conditions_in_one_write() -> None:
    play = Play()
    play.create(job())
    seen = []
    while (wake := play.world.next_wake()) is not None:
        play.cluster.clock.set(max(wake, play.cluster.clock.now))
        play.world.step()
        if not seen or seen[-1] != conditions(play):
            seen.append(conditions(play))
    assert seen == [[], [("SuccessCriteriaMet", "CompletionsReached"), ("Complete", "CompletionsReached")]]
    status = play.get("Job", "j")["status"]
    assert status["succeeded"] == 1
    assert "active" not in status
    assert status["completionTime"]
    assert play.events("Job") == ["Completed", "SuccessfulCreate"]
    assert all("finalizers" not in p["metadata"] for p in play.pods())


@pytest.mark.rule("F-68", "F-69")
def test_a_backoff_limit_of_n_allows_n_plus_one_pods_with_doubling_pauses() -> None:
    play = failing_play()
    play.create(job(container=FAILING, backoff=2))
    play.run()
    assert conditions(play) == [("FailureTarget", "BackoffLimitExceeded"), ("Failed", "BackoffLimitExceeded")]
    status = play.get("Job", "j")["status"]
    assert status["failed"] == 3
    assert "completionTime" not in status
    made = sorted(datetime.fromisoformat(p["metadata"]["creationTimestamp"]) for p in play.pods())
    first, second = ((b - a).total_seconds() for a, b in pairwise(made))
    assert first >= 10
    assert second >= first + 10


@pytest.mark.rule("F-68", "F-72")
def test_a_deadline_ends_the_pods_before_the_job_fails() -> None:
    play = Play()
    container = {"name": "model-download", "env": [{"name": "AIM_DEBUG_CAUSE_HANG", "value": "1"}]}
    play.create(job(container=container, activeDeadlineSeconds=30))
    play.run(30)
    assert conditions(play) == [("FailureTarget", "DeadlineExceeded")]
    assert play.get("Job", "j")["status"]["terminating"] == 1
    play.run(10)
    assert conditions(play) == [("FailureTarget", "DeadlineExceeded"), ("Failed", "DeadlineExceeded")]
    assert play.pods() == []
    assert "DeadlineExceeded" in play.events("Job")


@pytest.mark.rule("F-70")
def test_a_finished_job_goes_with_its_pods_when_its_ttl_is_over() -> None:
    play = Play()
    play.create(job(ttlSecondsAfterFinished=60))
    play.run(40)
    assert play.has("Job", "j")
    play.run(90)
    assert not play.has("Job", "j")
    assert play.pods() == []


@pytest.mark.rule("F-71")
def test_a_delete_without_policy_orphans_the_pods() -> None:
    play = Play()
    play.create(job())
    play.run(3)
    play.delete("Job", "j", propagation=None)
    play.run(10)
    assert not play.has("Job", "j")
    (pod,) = play.pods()
    assert "ownerReferences" not in pod["metadata"]
    assert "finalizers" not in pod["metadata"]


@pytest.mark.rule("F-71")
def test_a_background_delete_takes_the_pods_along() -> None:
    play = Play()
    play.create(job())
    play.run(3)
    play.delete("Job", "j")
    play.run(10)
    assert not play.has("Job", "j")
    assert play.pods() == []


@pytest.mark.rule("F-72")
def test_a_job_whose_pod_is_forbidden_says_so_and_has_no_condition() -> None:
    play = Play(pod_quota={NS: 0})
    play.create(job())
    play.run(20)
    assert play.pods() == []
    assert conditions(play) == []
    assert "exceeded quota" in play.message("FailedCreate")


@pytest.mark.rule("F-68")
def test_a_suspended_job_has_no_pods() -> None:
    play = Play()
    play.create(job(suspend=True))
    play.run(20)
    assert play.pods() == []


def test_a_pod_that_somebody_deletes_counts_as_failed() -> None:
    play = Play()
    play.create(job(container={"name": "model-download", "env": [{"name": "AIM_DEBUG_CAUSE_HANG", "value": "1"}]}))
    play.run(20)
    (pod,) = play.pods()
    play.delete("Pod", pod["metadata"]["name"])
    play.run(30)
    assert play.get("Job", "j")["status"]["failed"] == 1
    assert len(play.pods()) == 1


@pytest.mark.rule("F-71")
def test_tracked_pods_of_a_job_that_is_gone_are_released_when_they_are_deleted() -> None:
    play = Play()
    play.create(job())
    play.run(3)
    play.delete("Job", "j")
    play.run(1)
    assert not play.has("Job", "j")
    play.world = play.world.restarted()
    play.run(10)
    assert play.pods() == []


# ---- what the containers do ------------------------------------------------------------------------------------------
def log_of(play: Play, container: str) -> str:
    text = play.world.pod_log(NS, play.pods()[-1]["metadata"]["name"], container)
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("not-found", "Repository Not Found: Qwen/Qwen3-32B"),
        ("gated", "Cannot access gated repo: Qwen/Qwen3-32B"),
        ("unreachable", "Failed to resolve 'huggingface.co'"),
    ],
)
def test_check_size_names_what_is_wrong_and_fails(fault: str, line: str) -> None:
    play = Play(sources=(Source("hf://*", fault=fault),))
    play.create(job(backoff=0))
    play.run()
    assert line in log_of(play, "check-size")
    assert conditions(play)[-1] == ("Failed", "BackoffLimitExceeded")


def test_check_size_ends_with_one_json_line() -> None:
    play = Play(sources=(Source("hf://*", size_bytes=42),))
    play.create(job())
    play.run()
    assert json.loads(log_of(play, "check-size").splitlines()[-1]) == {"url": "hf://Qwen/Qwen3-32B", "sizeBytes": 42}


def discovery(**env: str) -> dict:
    entries = [{"name": k, "value": v} for k, v in env.items()]
    return {"name": "discovery", "image": IMAGE, "args": ["dry-run", "--format=json"], "env": entries}


def test_discovery_prints_the_profile_that_the_environment_asks_for() -> None:
    play = Play()
    wanted = discovery(AIM_METRIC="throughput", AIM_PRECISION="fp16", AIM_GPU_MODEL="MI300X", AIM_GPU_COUNT="1")
    play.create(job(container=wanted, backoff=0))
    play.run()
    (result,) = json.loads(log_of(play, "discovery"))
    assert result["profile"]["metadata"]["metric"] == "throughput"
    assert result["models"] == [{"name": "Qwen/Qwen3-32B", "source": "hf://Qwen/Qwen3-32B", "size_gb": 61.2}]


def test_discovery_fails_where_no_profile_fits() -> None:
    play = Play()
    play.create(job(container=discovery(AIM_GPU_MODEL="MI355X"), backoff=0))
    play.run()
    assert log_of(play, "discovery") == "ERROR: no profile found for AIM_GPU_MODEL=MI355X\n"
    assert conditions(play)[-1][0] == "Failed"


def test_discovery_by_profile_id_and_with_noise() -> None:
    play = Play()
    first = play.world.settings.images[0]
    noisy = Image(IMAGE, profiles=(*first.profiles, 7), discovery_prefix="INFO [x]\n", discovery_suffix="bye\n")
    play.change(images=(noisy,))
    play.create(job(container=discovery(AIM_PROFILE_ID="vllm-mi300x-fp16-tp1-latency"), backoff=0))
    play.run()
    text = log_of(play, "discovery")
    assert text.startswith("INFO [x]\n[")
    assert text.endswith("]\nbye\n")


def test_discovery_can_print_anything() -> None:
    play = Play(images=(Image(IMAGE, discovery_log="{broken", discovery_exit_code=0),))
    play.create(job(container=discovery(), backoff=0))
    play.run()
    assert log_of(play, "discovery") == "{broken"
    assert conditions(play)[-1][0] == "Complete"


def artifact() -> dict:
    metadata = {"name": "art", "namespace": NS}
    spec = {"sourceUri": "hf://Qwen/Qwen3-32B"}
    return {"apiVersion": "aim.eai.amd.com/v1alpha1", "kind": "AIMArtifact", "metadata": metadata, "spec": spec}


def binding() -> dict:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "updater"}
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": NS}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "updater", "namespace": NS},
        "roleRef": reference,
        "subjects": [subject],
    }


def download(play: Play, protocol: str = "XET,HF_TRANSFER", **more: str) -> list[dict]:
    """Run the download; answers with the different statuses of the artifact."""
    env = {
        "AIM_DOWNLOADER_PROTOCOL": protocol, "EXPECTED_SIZE_BYTES": "1000", "ARTIFACT_NAME": "art",
        "ARTIFACT_NAMESPACE": NS, **more,
    }  # fmt: skip
    entries = [{"name": k, "value": v} for k, v in env.items()]
    play.create(artifact(), job(container={"name": "model-download", "image": DOWNLOADER, "env": entries}, backoff=0))
    seen: list[dict] = []
    while (wake := play.world.next_wake()) is not None:
        play.cluster.clock.set(max(wake, play.cluster.clock.now))
        play.world.step()
        status = play.get("AIMArtifact", "art").get("status", {})
        if status and (not seen or seen[-1] != status):
            seen.append(status)
    return seen


def test_the_downloader_reports_progress_then_verifies() -> None:
    play = Play()
    play.create(binding())
    seen = download(play)
    assert [s["progress"]["percentage"] for s in seen] == [0, 50, 100]
    assert seen[0]["download"] == {
        "protocol": "XET",
        "attempt": 1,
        "totalAttempts": 2,
        "protocolSequence": "XET,HF_TRANSFER",
        "message": "Downloading with XET",
    }
    assert seen[-1]["download"]["message"] == "Verifying integrity..."
    assert seen[-1]["progress"]["downloadedBytes"] == seen[-1]["progress"]["totalBytes"] == 1000
    assert conditions(play)[-1][0] == "Complete"


def test_the_second_protocol_is_tried_when_the_first_fails() -> None:
    play = Play(sources=(Source("hf://*", failing_protocols=("XET",)),))
    play.create(binding())
    seen = download(play)
    assert (seen[-1]["download"]["protocol"], seen[-1]["download"]["attempt"]) == ("HF_TRANSFER", 2)
    assert conditions(play)[-1][0] == "Complete"


def test_when_all_protocols_are_used_up_the_download_fails() -> None:
    play = Play(sources=(Source("hf://*", fault="disk-full"),))
    play.create(binding())
    seen = download(play, "XET,NONSENSE,")
    assert seen[-1]["download"]["message"] == "All 3 attempts exhausted"
    assert "No space left on device" in log_of(play, "model-download")
    assert conditions(play)[-1][0] == "Failed"


def test_a_failed_verification_fails_the_job_after_all_was_transferred() -> None:
    play = Play(sources=(Source("hf://*", verification_fails=True, seconds=1),))
    play.create(binding())
    seen = download(play)
    assert seen[-1]["progress"]["percentage"] == 100
    assert conditions(play)[-1][0] == "Failed"


def test_without_a_role_binding_nothing_is_reported_and_the_download_goes_on() -> None:
    play = Play()
    assert download(play) == []
    assert conditions(play)[-1][0] == "Complete"


def test_a_stalled_download_runs_for_ever() -> None:
    play = Play(sources=(Source("hf://*", stalls=True),))
    play.create(binding())
    download(play)
    assert conditions(play) == []
    assert play.get("Job", "j")["status"]["active"] == 1


def test_a_debugging_switch_makes_the_download_fail() -> None:
    play = Play()
    download(play, AIM_DEBUG_CAUSE_FAILURE="1")
    assert conditions(play)[-1][0] == "Failed"


def test_an_s3_download_has_no_protocols_and_no_verification() -> None:
    play = Play(sources=(Source("s3://*", verification_fails=True),))
    env = [{"name": "AIM_DOWNLOADER_PROTOCOL", "value": "XET"}]
    play.create(job(container={"name": "model-download", "args": ["s3://bucket/x"], "env": env}))
    play.run()
    assert conditions(play)[-1][0] == "Complete"
