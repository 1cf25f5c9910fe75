"""Claims: binding, classes, protection, growth, loss."""

from __future__ import annotations

import pytest

from aimcore.simulation.settings import StorageClass
from simulation.world.plays import NS, Play, claim, mounting, pod

WAITING = StorageClass("wait", binding="WaitForFirstConsumer")
AT_ONCE = StorageClass("now", binding="Immediate", default=True)


def phase(play: Play, name: str = "c") -> str:
    return play.get("PersistentVolumeClaim", name)["status"]["phase"]


@pytest.mark.rule("F-76", "F-78")
def test_an_immediate_claim_of_the_default_class_binds() -> None:
    play = Play(storage_classes=(AT_ONCE,))
    play.create(claim())
    assert phase(play) == "Pending"
    play.run(10)
    found = play.get("PersistentVolumeClaim", "c")
    assert found["spec"]["storageClassName"] == "now"
    assert found["status"]["phase"] == "Bound"
    assert found["status"]["capacity"] == {"storage": "10Gi"}
    assert found["spec"]["volumeName"] == f"pvc-{found['metadata']['uid']}"


@pytest.mark.rule("F-78", "F-79")
def test_a_claim_that_nobody_mounts_waits_for_its_first_consumer() -> None:
    play = Play(storage_classes=(WAITING,))
    play.create(claim(class_="wait"))
    play.run(30)
    assert phase(play) == "Pending"
    assert play.events("PersistentVolumeClaim") == ["WaitForFirstConsumer"]
    play.create(pod(volumes=mounting("c")))
    play.run(60)
    assert phase(play) == "Bound"
    assert play.get("Pod", "p")["status"]["phase"] == "Running"


@pytest.mark.rule("F-77", "F-79")
def test_a_claim_made_before_any_default_class_gets_it_later() -> None:
    play = Play(storage_classes=())
    play.create(claim())
    play.run(30)
    assert play.message("FailedBinding") == (
        "no persistent volumes available for this claim and no storage class is set"
    )
    play.change(storage_classes=(AT_ONCE,))
    play.run(30)
    assert play.get("PersistentVolumeClaim", "c")["spec"]["storageClassName"] == "now"
    assert phase(play) == "Bound"


@pytest.mark.rule("F-76")
def test_an_empty_class_stays_empty() -> None:
    play = Play(storage_classes=(AT_ONCE,))
    play.create(claim(class_=""))
    play.run(30)
    assert play.get("PersistentVolumeClaim", "c")["spec"]["storageClassName"] == ""
    assert phase(play) == "Pending"


@pytest.mark.rule("F-79")
def test_an_unknown_class_is_accepted_and_named_in_an_event() -> None:
    play = Play()
    play.create(claim(class_="nosuch"))
    play.run(30)
    assert play.message("ProvisioningFailed") == 'storageclass.storage.k8s.io "nosuch" not found'


@pytest.mark.rule("F-79")
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            StorageClass("now", True, "Immediate", access_modes=("ReadWriteOnce",)),
            "unsupported access mode ReadWriteMany",
        ),
        (StorageClass("now", True, "Immediate", provisions=False), "ResourceExhausted"),
    ],
)
def test_a_provisioner_that_refuses_says_why(settings: StorageClass, said: str) -> None:
    play = Play(storage_classes=(settings,))
    play.create(claim())
    play.run(30)
    assert said in play.message("ProvisioningFailed")
    assert phase(play) == "Pending"


@pytest.mark.rule("F-80")
def test_a_bound_claim_grows_with_its_request() -> None:
    play = Play(storage_classes=(AT_ONCE,))
    play.create(claim())
    play.run(10)
    play.merge("PersistentVolumeClaim", "c", {"spec": {"resources": {"requests": {"storage": "20Gi"}}}})
    play.run(10)
    assert play.get("PersistentVolumeClaim", "c")["status"]["capacity"] == {"storage": "20Gi"}


@pytest.mark.rule("F-81")
def test_a_mounted_claim_outlives_its_deletion_until_the_last_pod_is_gone() -> None:
    play = Play(storage_classes=(AT_ONCE,))
    play.create(claim(), pod(volumes=mounting("c")))
    play.run(30)
    play.delete("PersistentVolumeClaim", "c")
    play.run(30)
    assert play.get("PersistentVolumeClaim", "c")["metadata"]["deletionTimestamp"]
    play.delete("Pod", "p")
    play.run(5)
    assert not play.has("PersistentVolumeClaim", "c")


@pytest.mark.rule("F-81")
def test_an_unused_claim_goes_at_once() -> None:
    play = Play()
    play.create(claim())
    play.run(5)
    play.delete("PersistentVolumeClaim", "c")
    play.run(1)
    assert not play.has("PersistentVolumeClaim", "c")


@pytest.mark.rule("F-78")
def test_a_lost_claim_never_comes_back() -> None:
    play = Play(storage_classes=(AT_ONCE,))
    play.create(claim())
    play.run(10)
    play.world.lose_volume(NS, "c")
    play.world.lose_volume(NS, "no-such")
    play.run(600)
    assert phase(play) == "Lost"
    play.create(pod(volumes=mounting("c")))
    play.run(30)
    assert "bound to non-existent persistentvolume" in play.message("FailedScheduling")
