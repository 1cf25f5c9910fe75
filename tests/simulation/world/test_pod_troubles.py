"""What keeps pods from starting on their nodes: as kubelets tell it, and gone when the cause is gone."""

from __future__ import annotations

import dataclasses

import pytest

from aimcore.simulation.settings import Image, NodePool, Source, StorageClass, default_world
from simulation.world.plays import DOWNLOADER, IMAGE, Play, claim, deployment, job, mounting, pod

CLASS = StorageClass("standard", default=True)
POOL = NodePool("n")


@pytest.mark.rule("F-75")
@pytest.mark.parametrize(("fault", "reason"), [("attach", "FailedAttachVolume"), ("mount", "FailedMount")])
def test_a_volume_that_no_node_can_use_holds_the_pod_up_with_an_event(fault: str, reason: str) -> None:
    play = Play(storage_classes=(dataclasses.replace(CLASS, mount_fault=fault),))
    play.create(claim(), pod(volumes=mounting("c")))
    play.run()
    assert play.waiting(play.get("Pod", "p")) == "ContainerCreating"
    assert reason in play.events("Pod")
    assert "Pulling" not in play.events("Pod"), "volumes come first"
    assert "pvc-" in play.message(reason)
    play.change(storage_classes=(CLASS,))
    play.run()
    assert play.get("Pod", "p")["status"]["phase"] == "Running"


@pytest.mark.rule("F-75")
def test_without_a_network_no_pod_gets_a_sandbox() -> None:
    play = Play(nodes=(dataclasses.replace(POOL, fault="no-network"),))
    play.create(pod())
    play.run()
    assert play.get("Pod", "p")["status"]["phase"] == "Pending"
    assert "Failed to create pod sandbox" in play.message("FailedCreatePodSandBox")
    play.change(nodes=(POOL,))
    play.run()
    assert play.get("Pod", "p")["status"]["phase"] == "Running"


@pytest.mark.rule("F-73", "F-74")
def test_a_node_under_disk_pressure_evicts_what_comes_and_is_tainted() -> None:
    play = Play(nodes=(dataclasses.replace(POOL, fault="disk-pressure"),))
    play.create(deployment())
    play.run()
    assert play.world.next_wake() is None
    evicted, waiting = sorted(play.pods(), key=lambda p: p["status"]["phase"])
    assert (evicted["status"]["phase"], evicted["status"]["reason"]) == ("Failed", "Evicted")
    assert "containerStatuses" not in evicted["status"]
    assert waiting["status"]["phase"] == "Pending"
    assert "untolerated taint {node.kubernetes.io/disk-pressure: }" in play.message("FailedScheduling")
    play.change(nodes=(POOL,))
    play.run()
    assert play.condition("Deployment", "app", "Available")[0] == "True"
    assert "taints" not in play.get("Node", "n-0", namespace="")["spec"]


def test_pressure_is_of_the_pool_that_the_settings_name_and_other_taints_stay() -> None:
    play = Play(nodes=(dataclasses.replace(POOL, fault="disk-pressure"),))
    play.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n-7"}, "spec": {}})
    theirs = {"key": "example.com/ours", "effect": "NoExecute"}
    play.merge("Node", "n-0", {"spec": {"taints": [theirs]}}, namespace="")
    play.create(pod("p", nodeName="n-7"), pod("q", nodeName="n-0"))
    play.run()
    assert play.get("Pod", "p")["status"]["phase"] == "Running"
    assert play.get("Pod", "q")["status"]["reason"] == "Evicted"
    pressure = {"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}
    assert play.get("Node", "n-0", namespace="")["spec"]["taints"] == [theirs, pressure]
    play.change(nodes=(POOL,))
    assert play.get("Node", "n-0", namespace="")["spec"]["taints"] == [theirs]


@pytest.mark.rule("F-73")
def test_an_evicted_pod_of_a_job_counts_as_failed_and_another_one_comes() -> None:
    play = Play(nodes=(dataclasses.replace(POOL, fault="disk-pressure"),))
    play.create(job())
    play.run(600)
    assert sorted(p["status"]["phase"] for p in play.pods()) == ["Failed", "Pending"]
    play.change(nodes=(POOL,))
    play.run(600)
    assert play.condition("Job", "j", "Complete")[0] == "True"
    assert play.get("Job", "j")["status"]["failed"] == 1


@pytest.mark.rule("F-74")
def test_a_container_that_cannot_be_created_waits_until_it_can() -> None:
    play = Play(images=(Image(IMAGE, start_fault="create"),))
    play.create(pod())
    play.run()
    assert play.waiting(play.get("Pod", "p")) == "CreateContainerError"
    play.change(images=(Image(IMAGE),))
    play.run()
    assert play.get("Pod", "p")["status"]["phase"] == "Running"


@pytest.mark.rule("F-74")
def test_a_container_that_cannot_be_run_says_so_and_then_is_restarted_in_vain() -> None:
    play = Play(images=(Image(IMAGE, start_fault="run"),))
    play.create(pod())
    play.run(7)
    assert play.waiting(play.get("Pod", "p")) == "RunContainerError"
    play.run()
    state = play.get("Pod", "p")["status"]["containerStatuses"][0]
    assert state["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert state["lastState"]["terminated"]["reason"] == "StartError"
    assert (state["lastState"]["terminated"]["exitCode"], state["restartCount"]) == (128, 5)
    assert play.world.next_wake() is None
    play.change(images=(Image(IMAGE),))
    play.run()
    assert play.get("Pod", "p")["status"]["phase"] == "Running"


@pytest.mark.rule("F-74")
def test_a_jobs_container_that_cannot_be_run_fails_its_pods() -> None:
    play = Play(images=(Image(DOWNLOADER, start_fault="run"),))
    play.create(job(backoff=0))
    play.run()
    assert play.condition("Job", "j", "Failed") == ("True", "BackoffLimitExceeded")
    (failed,) = play.pods()
    assert failed["status"]["containerStatuses"][0]["state"]["terminated"]["reason"] == "StartError"


def test_the_check_of_a_size_prints_what_the_settings_say() -> None:
    sources = (Source("hf://Qwen/*", size_log="12 GB, more or less\n"), *default_world().sources)
    play = Play(sources=sources)
    play.create(job())
    play.run()
    (done,) = play.pods()
    name = done["metadata"]["name"]
    assert play.world.pod_log("ml-team", name, "check-size") == "12 GB, more or less\n"
    assert play.condition("Job", "j", "Complete")[0] == "True"


@pytest.mark.rule("F-74")
def test_a_download_that_takes_too_much_memory_is_killed_half_way() -> None:
    play = Play(sources=(Source("hf://Qwen/*", fault="out-of-memory"), *default_world().sources))
    play.create(job(container={"name": "model-download"}, backoff=0))
    play.run()
    (failed,) = play.pods()
    terminated = failed["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (failed["status"]["phase"], terminated["reason"], terminated["exitCode"]) == ("Failed", "OOMKilled", 137)
