"""Sizes, names, reads and what wakes an artifact."""

import pytest

from aimcore.facts import PodLog
from aimcore.kinds.artifact import plan_artifact
from aimcore.reads import IndexRead, ObjectRead
from aimcore.resource import Key, Resource
from aimcore.snapshot import Snapshot
from core.kind_rounds import Rounds, aim, condition_of, finished, pod

KEY = Key("AIMArtifact", "ns", "m")


def world(name="m", uid="6f1d2c3b-0000-4a4a-9b9b-123456789abc", **spec):
    rounds = Rounds({"AIMArtifact": plan_artifact})
    spec = {"sourceUri": "hf://a/b", **spec}
    rounds.put(aim("AIMArtifact", name, "ns", metadata={"uid": uid}, spec=spec))
    rounds.settle()
    return rounds


def claim(rounds):
    (found,) = rounds.all("PersistentVolumeClaim")
    return found


# ---- sizes ----
@pytest.mark.rule("A6.1", "A6.2", "A6.3")
@pytest.mark.parametrize(
    ("size", "percent", "expected"),
    [
        ("100Mi", 10, "1Gi"),
        ("2.2Gi", 10, "3Gi"),
        ("5Gi", 10, "6Gi"),
        ("9094593249", 10, "10Gi"),
        ("10Gi", 0, "10Gi"),
        ("10Gi", 10, "11Gi"),
        ("150000000000", 15, "161Gi"),
        ("1Ti", 10, "1127Gi"),
        ("100Ti", 10, "110Ti"),
    ],
)
def test_the_claim_is_as_large_as_the_model_with_headroom(size, percent, expected):
    rounds = Rounds({"AIMArtifact": plan_artifact})
    rounds.put(aim("AIMClusterRuntimeConfig", "default", spec={"storage": {"pvcHeadroomPercent": percent}}))
    rounds.put(aim("AIMArtifact", "m", "ns", spec={"sourceUri": "hf://a/b", "size": size}))
    rounds.settle()
    assert claim(rounds)["spec"]["resources"]["requests"]["storage"] == expected
    assert rounds.get(*KEY)["status"]["headroomPercent"] == percent


@pytest.mark.rule("A6.4")
@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ("100Mi", "100 MiB"),
        ("5Gi", "5 GiB"),
        ("99Ti", "99 TiB"),
        ("500M", "477 MiB"),
        ("1.5G", "1.4 GiB"),
        ("2.2Gi", "2362232012800m"),
        ("1.5Gi", "1536Mi"),
        ("100Ti", "100Ti"),
        ("1Pi", "1Pi"),
    ],
)
def test_the_size_is_shown_as_the_reference_shows_it(size, shown):
    assert world(size=size).get(*KEY)["status"]["displaySize"] == shown


@pytest.mark.rule("A4.1")
def test_a_claim_that_is_there_is_neither_resized_nor_given_another_class():
    rounds = world(size="5Gi")
    before = claim(rounds)
    rounds.patch(KEY, {"spec": {"size": "50Gi", "storageClassName": "fast"}})
    rounds.settle()
    assert claim(rounds) == before
    assert rounds.get(*KEY)["status"]["displaySize"] == "50 GiB"


# ---- names ----
@pytest.mark.rule("A3", "AD-16")
def test_a_long_name_gives_names_and_labels_that_the_server_takes():
    rounds = world("a" * 70, size="5Gi")
    assert claim(rounds)["metadata"]["name"] == "a" * 48 + "-cache-258f45ec"
    for kind in ("PersistentVolumeClaim", "Job"):
        (found,) = rounds.all(kind)
        labels = found["metadata"]["labels"]
        assert len(found["metadata"]["name"]) <= 63
        assert all(len(value) <= 63 for value in labels.values())
        assert labels["aim.eai.amd.com/cache.name"] == labels["aim.eai.amd.com/artifact.name"]


# ---- the Jobs, field by field ----
@pytest.mark.rule("A4.2")
def test_the_check_size_job_field_by_field():
    rounds = world(imagePullSecrets=[{"name": "r"}], env=[{"name": "A", "value": "1"}], modelDownloadImage="x:1")
    (job,) = rounds.all("Job")
    assert (job["spec"]["backoffLimit"], job["spec"]["ttlSecondsAfterFinished"]) == (2, 300)
    assert job["spec"]["template"]["spec"] == {
        "restartPolicy": "Never",
        "securityContext": {"runAsUser": 1000, "runAsGroup": 1000, "runAsNonRoot": True},
        "imagePullSecrets": [{"name": "r"}],
        "containers": [
            {
                "name": "check-size",
                "image": "x:1",
                "imagePullPolicy": "IfNotPresent",
                "command": ["/check-size.sh"],
                "args": ["hf://a/b"],
                "env": [{"name": "A", "value": "1"}],
            }
        ],
    }


@pytest.mark.rule("A4.3", "AD-19")
def test_the_download_job_field_by_field():
    rounds = world(size="1Gi")
    (job,) = rounds.all("Job")
    spec = job["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    env = [(e["name"], e["value"]) for e in container.pop("env")]
    assert container == {
        "name": "model-download",
        "image": "ghcr.io/silogen/aim-artifact-downloader:0.2.0",
        "imagePullPolicy": "IfNotPresent",
        "args": ["hf://a/b"],
        "securityContext": {"runAsUser": 1000, "runAsGroup": 1000},
        "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
    }
    assert env == [
        ("AIM_DOWNLOADER_PROTOCOL", "XET,HF_TRANSFER"),
        ("TMPDIR", "/tmp/"),  # noqa: S108  a path in the container
        ("HF_HOME", "/tmp/.hf"),  # noqa: S108  a path in the container
        ("EXPECTED_SIZE_BYTES", "1073741824"),
        ("MOUNT_PATH", "/cache"),
        ("ARTIFACT_NAME", "m"),
        ("ARTIFACT_NAMESPACE", "ns"),
        ("STALL_TIMEOUT", "120"),
        ("TARGET_DIR", "/cache"),
    ]
    assert spec["securityContext"] == {"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000, "runAsNonRoot": True}
    assert spec["volumes"] == [{"name": "cache", "persistentVolumeClaim": {"claimName": "m-cache-258f45ec"}}]


# ---- reads ----
def reads_of(rounds):
    snapshot = Snapshot(rounds.table, rounds.now, rounds.settings)
    plan_artifact(snapshot, Resource.of(rounds.table.find(KEY).raw))
    return snapshot.reads


@pytest.mark.rule("A5.1", "A11", "AD-9")
def test_an_artifact_wakes_with_all_that_it_reads_also_with_runtime_configs():
    rounds = world(size="1Gi")
    reads = reads_of(rounds)
    kinds = {read.key.kind for read in reads if isinstance(read, ObjectRead)}
    expected = {"PersistentVolumeClaim", "Job", "RoleBinding", "AIMRuntimeConfig", "AIMClusterRuntimeConfig"}
    assert kinds >= expected
    assert {read.kind for read in reads if isinstance(read, IndexRead)} >= {"Pod"}


@pytest.mark.rule("A5.1")
def test_the_check_size_job_is_looked_for_only_while_the_size_is_unknown():
    jobs = [r.key.name for r in reads_of(world(size="1Gi")) if isinstance(r, ObjectRead) and r.key.kind == "Job"]
    assert jobs == ["m-download-258f45ec"]


# ---- the end of a download ----
@pytest.mark.rule("A5.5", "AD-1")
def test_after_a_first_pod_that_failed_success_leaves_no_trace_of_it():
    rounds = world(size="1Gi")
    (job,) = (k for k in rounds.objects if k.kind == "Job")
    uid = rounds.put(pod("p", "ns", job.name, "Failed"))["metadata"]["uid"]
    rounds.answer(PodLog("ns", "p", uid, "model-download", 50), "")
    rounds.settle()
    assert condition_of(rounds.get(*KEY), "DownloadJobPodsReady")[0] == "False"
    rounds.patch(job, {"status": finished()})
    (volume,) = (k for k in rounds.objects if k.kind == "PersistentVolumeClaim")
    rounds.patch(volume, {"status": {"phase": "Bound"}})
    rounds.settle()
    assert condition_of(rounds.get(*KEY), "DownloadJobPodsReady") == ("", "")
    assert rounds.get(*KEY)["status"]["status"] == "Ready"
    assert rounds.settle() == 0
