"""Deployments, ReplicaSets, scheduler and kubelet."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from aimcore.simulation.actors.nodes import amount
from aimcore.simulation.settings import Image, NodePool
from simulation.world.plays import IMAGE, NS, Play, claim, deployment, mounting, pod, secret


def sequence_of(play: Play, *, old: tuple[str, str] = ("", "")) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """The (Progressing, Available) conditions of the Deployment, in the order in which they were seen."""
    seen = []
    for _ in range(60):
        wake = play.world.next_wake()
        if wake is None:
            break
        play.cluster.clock.set(max(wake, play.cluster.clock.now))
        play.world.step()
        state = (play.condition("Deployment", "app", "Progressing"), play.condition("Deployment", "app", "Available"))
        if not seen or seen[-1] != state:
            seen.append(state)
    return seen


@pytest.mark.rule("F-21")
def test_a_new_deployment_shows_its_conditions_in_the_observed_order() -> None:
    play = Play()
    play.create(deployment())
    assert sequence_of(play) == [
        (("True", "NewReplicaSetCreated"), ("", "")),
        (("True", "NewReplicaSetCreated"), ("False", "MinimumReplicasUnavailable")),
        (("True", "ReplicaSetUpdated"), ("False", "MinimumReplicasUnavailable")),
        (("True", "NewReplicaSetAvailable"), ("True", "MinimumReplicasAvailable")),
    ]
    status = play.get("Deployment", "app")["status"]
    assert (status["replicas"], status["updatedReplicas"], status["availableReplicas"]) == (1, 1, 1)


@pytest.mark.rule("F-21", "F-12")
def test_a_rollout_keeps_the_old_pod_until_the_new_one_is_ready() -> None:
    play = Play()
    play.create(deployment())
    play.run()
    (old,) = play.pods()
    spec = play.get("Deployment", "app")["spec"]["template"]
    spec = {**spec, "metadata": {**spec["metadata"], "annotations": {"a": "b"}}}
    play.merge("Deployment", "app", {"spec": {"template": spec}})
    play.run(8)
    assert len(play.pods()) == 2
    assert play.condition("Deployment", "app", "Available") == ("True", "MinimumReplicasAvailable")
    assert play.condition("Deployment", "app", "Progressing") == ("True", "ReplicaSetUpdated")
    play.run()
    (new,) = play.pods()
    assert new["metadata"]["name"] != old["metadata"]["name"]
    assert play.condition("Deployment", "app", "Progressing") == ("True", "NewReplicaSetAvailable")
    assert play.get("Deployment", "app")["status"]["observedGeneration"] == 2


@pytest.mark.rule("F-12")
def test_with_one_replica_a_rollout_needs_a_second_set_of_gpus() -> None:
    gpu = {"resources": {"limits": {"amd.com/gpu": "1"}}}
    play = Play(nodes=(NodePool("n", gpus=1),))
    play.create(deployment(**gpu))
    play.run()
    spec = play.get("Deployment", "app")["spec"]["template"]
    play.merge("Deployment", "app", {"spec": {"template": {**spec, "metadata": {"labels": {"app": "app", "v": "2"}}}}})
    play.run(60)
    phases = sorted(p["status"]["phase"] for p in play.pods())
    assert phases == ["Pending", "Running"]
    play.run(700)
    assert play.condition("Deployment", "app", "Progressing") == ("False", "ProgressDeadlineExceeded")


@pytest.mark.rule("F-21")
def test_scaling_follows_spec_replicas_both_ways() -> None:
    play = Play()
    play.create(deployment(replicas=3))
    play.run()
    assert len(play.pods()) == 3
    play.merge("Deployment", "app", {"spec": {"replicas": 1}})
    play.run()
    assert len(play.pods()) == 1
    assert play.get("Deployment", "app")["status"]["replicas"] == 1


@pytest.mark.rule("F-13", "F-75", "F-96")
def test_a_pod_that_cannot_be_created_is_a_replica_failure() -> None:
    play = Play(pod_quota={NS: 0})
    play.create(deployment())
    play.run(10)
    assert play.condition("Deployment", "app", "ReplicaFailure") == ("True", "FailedCreate")
    assert "exceeded quota" in play.message("FailedCreate")
    play.change(pod_quota={})
    play.run()
    assert play.condition("Deployment", "app", "ReplicaFailure") == ("", "")
    assert play.condition("Deployment", "app", "Available")[0] == "True"


@pytest.mark.rule("F-96")
def test_a_pod_is_made_when_another_leaves_the_quota() -> None:
    play = Play(pod_quota={NS: 1})
    play.create(pod("first"))
    play.create(deployment())
    play.run()
    assert len(play.pods()) == 1
    play.delete("Pod", "first")
    play.run()
    assert play.condition("Deployment", "app", "Available")[0] == "True"


@pytest.mark.rule("F-73", "F-75")
def test_a_pod_that_fits_nowhere_says_what_is_short() -> None:
    play = Play(nodes=(NodePool("g", gpus=1), NodePool("c", count=2, gpus=0)))
    play.create(pod(container={"resources": {"limits": {"amd.com/gpu": "2"}}}))
    play.run(30)
    assert play.condition("Pod", "p", "PodScheduled") == ("False", "Unschedulable")
    assert play.message("FailedScheduling").startswith("0/3 nodes are available: 3 Insufficient amd.com/gpu.")
    event = next(e for e in play.all("Event") if e["reason"] == "FailedScheduling")
    assert event.get("lastTimestamp") is None
    assert event["eventTime"]


@pytest.mark.rule("F-75")
def test_a_pod_waits_until_another_frees_its_gpus() -> None:
    play = Play(nodes=(NodePool("g", gpus=1),))
    gpu = {"resources": {"limits": {"amd.com/gpu": "1"}}}
    play.create(pod("a", container=gpu))
    play.run()
    play.create(pod("b", container=gpu))
    play.run(30)
    assert play.condition("Pod", "b", "PodScheduled") == ("False", "Unschedulable")
    play.delete("Pod", "a")
    play.run()
    assert play.get("Pod", "b")["status"]["phase"] == "Running"


def affinity(key: str, operator: str, *values: str) -> dict:
    expression = {"key": key, "operator": operator, "values": list(values)}
    terms = [{"matchExpressions": [expression]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {"affinity": {"nodeAffinity": required}}


@pytest.mark.rule("F-75")
@pytest.mark.parametrize(
    ("spec", "fits"),
    [
        (affinity("amd.com/gpu.device-id", "In", "74a1", "74a9"), True),
        (affinity("amd.com/gpu.device-id", "In", "75a3"), False),
        (affinity("amd.com/gpu.device-id", "NotIn", "75a3"), True),
        (affinity("amd.com/gpu.device-id", "Exists"), True),
        (affinity("amd.com/gpu.device-id", "DoesNotExist"), False),
        (affinity("rank", "Gt", "3"), True),
        (affinity("rank", "Lt", "3"), False),
        (affinity("rank", "Nonsense", "3"), False),
        ({"nodeSelector": {"rank": "4"}}, True),
        ({"nodeSelector": {"rank": "5"}}, False),
    ],
)
def test_labels_decide_where_a_pod_may_go(spec: dict, fits: bool) -> None:
    play = Play(nodes=(NodePool("n", labels={"rank": "4"}),))
    play.create(pod(**spec))
    play.run(60)
    assert (play.get("Pod", "p")["status"]["phase"] == "Running") is fits
    if not fits:
        assert "didn't match Pod's node affinity/selector" in play.message("FailedScheduling")


@pytest.mark.rule("F-81", "F-75")
@pytest.mark.parametrize("state", ["missing", "deleting", "immediate"])
def test_claims_hold_a_pod_back(state: str) -> None:
    play = Play()
    if state != "missing":
        play.create(claim("c", "nosuch" if state == "immediate" else None))
    if state == "deleting":
        play.create(pod("first", volumes=mounting("c")))
        play.run()
        play.delete("PersistentVolumeClaim", "c")
    play.create(pod(volumes=mounting("c")))
    play.run(60)
    said = {
        "missing": 'persistentvolumeclaim "c" not found',
        "deleting": 'persistentvolumeclaim "c" is being deleted',
        "immediate": "pod has unbound immediate PersistentVolumeClaims",
    }
    assert said[state] in play.message("FailedScheduling")


@pytest.mark.rule("F-73", "F-74")
def test_a_pod_is_pending_while_its_image_is_pulled_and_ready_when_its_port_opens() -> None:
    play = Play()
    play.create(pod(container={"readinessProbe": {"tcpSocket": {"port": 8000}}}))
    play.run(3)
    found = play.get("Pod", "p")
    assert (found["status"]["phase"], play.waiting(found)) == ("Pending", "ContainerCreating")
    play.run(5)
    assert play.get("Pod", "p")["status"]["phase"] == "Running"
    assert play.condition("Pod", "p", "Ready") == ("False", "ContainersNotReady")
    play.run(60)
    assert play.condition("Pod", "p", "Ready")[0] == "True"


def with_image(**image: object) -> Play:
    play = Play()
    play.change(images=(Image(IMAGE, **image), *play.world.settings.images))
    return play


@pytest.mark.rule("F-74", "F-75")
@pytest.mark.parametrize(
    ("fault", "said"), [("not-found", "not found"), ("unauthorized", "401"), ("unreachable", "no such host")]
)
def test_an_image_that_cannot_be_pulled_shows_the_error_then_the_backoff(fault: str, said: str) -> None:
    play = with_image(fault=fault)
    play.create(pod())
    play.run(8)
    assert play.waiting(play.get("Pod", "p")) == "ErrImagePull"
    play.run(60)
    found = play.get("Pod", "p")
    assert play.waiting(found) == "ImagePullBackOff"
    assert said in found["status"]["containerStatuses"][0]["state"]["waiting"]["message"]
    assert "BackOff" in play.events("Pod")
    assert play.world.next_wake() is None
    play.change(images=(Image(IMAGE),))
    play.run()
    assert play.get("Pod", "p")["status"]["phase"] == "Running"


@pytest.mark.rule("F-74")
def test_a_private_image_is_pulled_once_its_secret_exists() -> None:
    play = with_image(private=True)
    play.create(pod(imagePullSecrets=[{"name": "regcred"}]))
    play.run(60)
    assert play.waiting(play.get("Pod", "p")) == "ImagePullBackOff"
    play.create(secret("regcred"))
    play.run(60)
    assert play.get("Pod", "p")["status"]["phase"] == "Running"


@pytest.mark.rule("F-74")
def test_a_name_that_is_no_image_is_named_so() -> None:
    play = Play()
    play.create(pod(image="Not An Image"))
    play.run(60)
    assert play.waiting(play.get("Pod", "p")) == "InvalidImageName"


@pytest.mark.rule("F-74")
@pytest.mark.parametrize("optional", [False, True])
def test_a_missing_secret_key_stops_the_container_unless_optional(optional: bool) -> None:
    ref = {"name": "hf", "key": "token", "optional": optional}
    play = Play()
    play.create(pod(container={"env": [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": ref}}]}))
    play.run(30)
    found = play.get("Pod", "p")
    if optional:
        assert found["status"]["phase"] == "Running"
        return
    assert play.waiting(found) == "CreateContainerConfigError"
    assert found["status"]["containerStatuses"][0]["state"]["waiting"]["message"] == 'secret "hf" not found'
    play.create(secret("hf"))
    play.run(30)
    message = play.get("Pod", "p")["status"]["containerStatuses"][0]["state"]["waiting"]["message"]
    assert message == f"couldn't find key token in Secret {NS}/hf"
    play.merge("Secret", "hf", {"data": {"token": "eA=="}})
    play.run(30)
    assert play.get("Pod", "p")["status"]["phase"] == "Running"


@pytest.mark.rule("F-75")
def test_a_missing_secret_volume_is_a_mount_failure() -> None:
    play = Play()
    play.create(pod(volumes=[{"name": "s", "secret": {"secretName": "gone"}}]))
    play.run(30)
    assert 'secret "gone" not found' in play.message("FailedMount")
    play.create(secret("gone"))
    play.run(30)
    assert play.get("Pod", "p")["status"]["phase"] == "Running"


@pytest.mark.rule("F-74")
@pytest.mark.parametrize(("runs", "reason", "code"), [("crash", "Error", 3), ("oom", "OOMKilled", 137)])
def test_a_container_that_ends_is_restarted_with_growing_pauses_and_then_left(
    runs: str, reason: str, code: int
) -> None:
    play = with_image(runs=runs, exit_code=3, log="boom\n")
    play.create(pod())
    play.run(12)
    status = play.get("Pod", "p")["status"]["containerStatuses"][0]
    assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert (status["lastState"]["terminated"]["reason"], status["lastState"]["terminated"]["exitCode"]) == (
        reason,
        code,
    )
    play.run(3600)
    status = play.get("Pod", "p")["status"]["containerStatuses"][0]
    assert status["restartCount"] == 5
    assert play.world.next_wake() is None
    assert play.world.pod_log(NS, "p", "main", previous=True) == "boom\n"
    play.change(images=(Image(IMAGE),))
    play.run()
    assert play.condition("Pod", "p", "Ready")[0] == "True"


@pytest.mark.rule("F-73")
def test_a_container_that_hangs_never_gets_ready() -> None:
    play = with_image(runs="hang")
    play.create(pod(container={"readinessProbe": {}}))
    play.run()
    assert play.condition("Pod", "p", "Ready") == ("False", "ContainersNotReady")


@pytest.mark.rule("F-73")
def test_pods_go_with_their_node() -> None:
    play = Play(nodes=(NodePool("n"),))
    play.create(deployment())
    play.run()
    play.change(nodes=(NodePool("m"),))
    play.run()
    assert [p["spec"]["nodeName"] for p in play.pods()] == ["m-0"]


@pytest.mark.rule("F-75")
def test_a_repeated_event_is_counted_on_the_same_object() -> None:
    play = Play(pod_quota={NS: 0})
    play.create(deployment())
    play.run(60)
    (event,) = [e for e in play.all("Event") if e["reason"] == "FailedCreate"]
    assert event["count"] > 1
    assert event["lastTimestamp"] > event["firstTimestamp"]


def test_cordoned_nodes_take_no_pods() -> None:
    play = Play(nodes=(NodePool("n"),))
    play.merge("Node", "n-0", {"spec": {"unschedulable": True}}, namespace="")
    play.create(pod())
    play.run(20)
    assert "1 node(s) were unschedulable" in play.message("FailedScheduling")


def test_a_smaller_delay_is_felt() -> None:
    slow, fast = Play(), Play()
    fast.change(delays=dataclasses.replace(fast.world.settings.delays, pull=0, schedule=0, start=0))
    for play in (slow, fast):
        play.create(pod())
        play.run(3)
    assert (slow.get("Pod", "p")["status"]["phase"], fast.get("Pod", "p")["status"]["phase"]) == ("Pending", "Running")


@pytest.mark.parametrize("quantity", ["nonsense", "1..2", "", None])
def test_a_quantity_that_is_none_counts_as_nothing(quantity: object) -> None:
    assert amount(quantity) == 0


@pytest.mark.parametrize(("text", "value"), [("100m", "0.1"), ("2Gi", str(2 * 2**30)), ("1e3", "1000"), (4, "4")])
def test_quantities_are_read_as_the_server_reads_them(text: object, value: str) -> None:
    assert amount(text) == Decimal(value)


def test_a_pod_whose_secret_reference_is_a_whole_environment_waits_for_it() -> None:
    play = Play()
    play.create(pod(container={"envFrom": [{"secretRef": {"name": "all"}}]}))
    play.run(30)
    assert play.waiting(play.get("Pod", "p")) == "CreateContainerConfigError"
    play.create(secret("all"))
    play.run(30)
    assert play.get("Pod", "p")["status"]["phase"] == "Running"


def test_a_restarting_container_that_ends_well_is_done_when_the_policy_says_on_failure() -> None:
    play = with_image(runs="crash", exit_code=0)
    play.create(pod(restartPolicy="OnFailure"))
    play.run()
    assert play.get("Pod", "p")["status"]["phase"] == "Succeeded"
