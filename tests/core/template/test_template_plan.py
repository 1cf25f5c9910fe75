"""Service templates: inline sources, models, discovery Jobs and their results."""

import json

import pytest

from aimcore.resource import Key
from core.kind_rounds import aim, condition_of, message_of, node
from core.template_world import IMAGE, SOURCE, fail, job, key, succeed, template, world


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
