"""Bad sizes, URIs, variables, storage classes, volumes: a clear condition each, and nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.facts import Outcome, PodLog, Refusal
from aimcore.kinds.artifact import plan_artifact
from aimcore.kinds.template_cache import plan_template_cache
from aimcore.resource import Key
from aimcore.snapshot import Unreadable
from core.kind_rounds import START, Rounds, aim, condition_of, finished, message_of, pod

KEY = Key("AIMArtifact", "ns", "m")
GOOD = {"sourceUri": "hf://a/b", "size": "5Gi"}


def world(**spec):
    rounds = Rounds({"AIMArtifact": plan_artifact})
    rounds.put(aim("AIMArtifact", "m", "ns", spec={**GOOD, **spec}))
    rounds.settle()
    return rounds


def artifact(rounds):
    return rounds.get(*KEY)


def only(rounds, kind):
    (found,) = [k for k in rounds.objects if k.kind == kind]
    return found


# ---- the spec ----
@pytest.mark.rule("A1", "A5.3")
@pytest.mark.parametrize("size", ["-5Gi", "five", "", [], {}, "1Gi2"])
def test_a_size_that_is_none_is_named_and_nothing_is_made(size):
    rounds = world(size=size)
    assert artifact(rounds)["status"]["status"] == "Failed"
    assert condition_of(artifact(rounds), "Ready") == ("False", "InvalidSpec")
    assert condition_of(artifact(rounds), "ConfigValid") == ("False", "InvalidSpec")
    assert "spec.size: " in message_of(artifact(rounds), "Ready")
    assert [k.kind for k in rounds.objects] == ["AIMArtifact"]
    rounds.patch(KEY, {"spec": {"size": "5Gi"}})
    rounds.settle()
    assert condition_of(artifact(rounds), "ConfigValid")[0] == "True"
    assert len(rounds.all("Job")) == 1


@pytest.mark.rule("A1", "A5.3")
@pytest.mark.parametrize("uri", ["", "ftp://a/b", "hf://", "a/b", "hf://a b", None, 7, "x" * 300])
def test_a_uri_that_names_no_source_is_said_to_be_none(uri):
    rounds = world(sourceUri=uri)
    assert condition_of(artifact(rounds), "CachePvcReady") == ("False", "InvalidSpec")
    assert "spec.sourceUri: " in message_of(artifact(rounds), "ConfigValid")
    assert len(message_of(artifact(rounds), "CachePvcReady")) < 200
    assert [k.kind for k in rounds.objects] == ["AIMArtifact"]


@given(st.text() | st.none() | st.floats() | st.lists(st.integers()), st.text() | st.integers() | st.floats())
def test_any_spec_gives_a_plan(uri, size):
    rounds = Rounds({"AIMArtifact": plan_artifact})
    rounds.put(aim("AIMArtifact", "m", "ns", spec={"sourceUri": uri, "size": size}))
    assert rounds.plan(KEY).status["status"] in ("Failed", "Progressing")


@pytest.mark.rule("A1")
@pytest.mark.parametrize("size", ["100Mi", "1.5G", "1000m", 1073741824, "100Ti"])
def test_every_quantity_above_zero_is_a_size(size):
    assert len(world(size=size).all("PersistentVolumeClaim")) == 1


@pytest.mark.rule("A1", "A8")
def test_a_mistake_made_during_a_download_loses_nothing():
    rounds = world()
    rounds.patch(only(rounds, "PersistentVolumeClaim"), {"status": {"phase": "Bound"}})
    kept = {k: rounds.objects[k]["metadata"]["uid"] for k in rounds.objects}
    rounds.patch(KEY, {"spec": {"size": "five"}, "status": {"progress": {"percentage": 40}}})
    rounds.settle()
    assert condition_of(artifact(rounds), "ConfigValid") == ("False", "InvalidSpec")
    assert {k: rounds.objects[k]["metadata"]["uid"] for k in rounds.objects} == kept
    assert artifact(rounds)["status"]["progress"] == {"percentage": 40}
    rounds.patch(only(rounds, "Job"), {"status": finished()})
    rounds.settle()
    assert artifact(rounds)["status"]["status"] == "Ready"


# ---- what the server refuses ----
@pytest.mark.rule("A4.1", "A4.2", "A4.3", "A9")
@pytest.mark.parametrize(
    ("kind", "component", "spec"),
    [
        ("PersistentVolumeClaim", "CachePvcReady", {}),
        ("Job", "DownloadJobReady", {}),
        ("Job", "CheckSizeJobReady", {"size": "0"}),
    ],
)
def test_a_refused_child_is_named_with_what_the_server_said(kind, component, spec):
    rounds = world(**spec)
    child = only(rounds, kind)
    rounds.remove(child)
    said = 'Job is invalid: spec.template.spec.containers[0].env[9].name: Invalid value: "A=B"'
    rounds.refuse(KEY, child, Outcome(Refusal.INVALID_SPEC, said, START))
    rounds.round(KEY)
    assert condition_of(artifact(rounds), component) == ("False", "InvalidSpec")
    assert condition_of(artifact(rounds), "Ready") == ("False", "InvalidSpec")
    assert said in message_of(artifact(rounds), "Ready")


# ---- what happens below ----
def event(about, reason, message):
    metadata = {"name": f"e-{reason}", "namespace": "ns"}
    involved = {"uid": about["metadata"]["uid"], "name": about["metadata"]["name"]}
    return {"apiVersion": "v1", "kind": "Event", "metadata": metadata, "involvedObject": involved} | {
        "reason": reason,
        "message": message,
        "lastTimestamp": "2026-11-23T12:00:00Z",
    }


@pytest.mark.rule("A5.4", "A9")
@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found'),
        ("FailedBinding", "no persistent volumes available for this claim and no storage class is set"),
    ],
)
def test_a_claim_that_gets_no_volume_says_why(reason, message):
    rounds = world(storageClassName="fast")
    rounds.patch(only(rounds, "PersistentVolumeClaim"), {"status": {"phase": "Pending"}})
    rounds.put(event(rounds.all("PersistentVolumeClaim")[0], reason, message))
    rounds.settle()
    assert condition_of(artifact(rounds), "CachePvcReady") == ("False", "PvcPending")
    assert message in message_of(artifact(rounds), "Ready")
    assert artifact(rounds)["status"]["status"] == "Pending"


@pytest.mark.rule("A9")
@pytest.mark.parametrize(
    ("phase", "reason"), [("Pending", "PvcPending"), ("Lost", "PvcLost"), ("Bound", "Ready"), ("", "PvcPending")]
)
def test_the_claims_phase_is_told(phase, reason):
    rounds = world()
    rounds.patch(only(rounds, "PersistentVolumeClaim"), {"status": {"phase": phase}})
    rounds.settle()
    assert condition_of(artifact(rounds), "CachePvcReady")[1] == reason


def waiting(reason, message):
    state = {"waiting": {"reason": reason, "message": message}}
    return {"containerStatuses": [{"name": "model-download", "state": state}]}


@pytest.mark.rule("A9", "A11")
def test_a_secret_that_is_missing_is_named_while_the_pod_waits_for_it():
    rounds = world(env=[{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "t"}}}])
    job = only(rounds, "Job").name
    said = waiting("CreateContainerConfigError", 'secret "hf" not found')
    stored = rounds.put(pod("p", "ns", job, "Pending", **said))
    rounds.put(event(stored, "Pulling", "Pulling image"))
    rounds.settle()
    assert condition_of(artifact(rounds), "DownloadJobPodsReady") == ("False", "PodsPending")
    assert 'secret "hf" not found' in message_of(artifact(rounds), "Ready")
    assert artifact(rounds)["status"]["status"] == "Pending"


@pytest.mark.rule("A10")
@pytest.mark.parametrize(
    ("message", "reason", "state"),
    [
        ("401 Unauthorized", "ImagePullAuthFailure", "Failed"),
        ("manifest unknown", "ImageNotFound", "Failed"),
        ("connection refused", "ImagePullBackOff", "Degraded"),
    ],
)
def test_an_image_that_cannot_be_pulled(message, reason, state):
    rounds = world()
    rounds.put(pod("p", "ns", only(rounds, "Job").name, "Pending", **waiting("ImagePullBackOff", message)))
    rounds.settle()
    assert condition_of(artifact(rounds), "DownloadJobPodsReady") == ("False", reason)
    assert artifact(rounds)["status"]["status"] == state


# ---- failures without a category ----
@pytest.mark.rule("A10", "AD-6")
@pytest.mark.parametrize("ended", [False, True])
def test_what_the_pod_said_last_is_what_everybody_above_says(ended):
    rounds = Rounds({"AIMArtifact": plan_artifact, "AIMTemplateCache": plan_template_cache})
    source = {"modelId": "a/b", **GOOD}
    ready = [{"type": "Ready", "status": "True", "reason": "Ready", "message": ""}]
    stored = {"status": "Ready", "conditions": ready, "modelSources": [source]}
    rounds.put(aim("AIMServiceTemplate", "t", "ns", spec={"modelName": "m"}, status=stored))
    rounds.put(aim("AIMTemplateCache", "c", "ns", spec={"templateName": "t", "templateScope": "Namespace"}))
    rounds.settle()
    job = only(rounds, "Job")
    state = {"terminated": {"exitCode": 1, "reason": "Error"}}
    died = {"containerStatuses": [{"name": "model-download", "state": state}]}
    uid = rounds.put(pod("p", "ns", job.name, "Failed", **died))["metadata"]["uid"]
    rounds.answer(PodLog("ns", "p", uid, "model-download", 50), "starting\nthe proxy closed the connection\n")
    if ended:
        rounds.patch(job, {"status": finished("Failed", "BackoffLimitExceeded", "Job has reached the limit")})
    rounds.settle()
    name = only(rounds, "AIMArtifact")
    assert condition_of(rounds.get(*name), "Ready") == ("False", "InvalidSpec")
    for key in (name, Key("AIMTemplateCache", "ns", "c")):
        assert "the proxy closed the connection" in message_of(rounds.get(*key), "Ready"), key


@pytest.mark.rule("A10")
def test_a_job_that_ran_out_of_time_is_the_cause_itself():
    rounds = world()
    job = only(rounds, "Job")
    rounds.put(pod("p", "ns", job.name, "Failed", message="gone"))
    rounds.patch(job, {"status": finished("Failed", "DeadlineExceeded", "Job was active too long")})
    rounds.settle()
    assert "Job was active too long" in message_of(artifact(rounds), "Ready")


# ---- nothing that is used is deleted ----
FINALIZER = "aim.eai.amd.com/artifactcleanup"
LABEL = {"labels": {"aim.eai.amd.com/template-cache.name": "c"}}


def deleting():
    """A cache that is being deleted, and its artifact, whose status was lost."""
    rounds = Rounds({"AIMTemplateCache": plan_template_cache})
    rounds.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}})
    metadata = {"finalizers": [FINALIZER], "deletionTimestamp": "2026-11-23T12:00:00Z"}
    rounds.put(aim("AIMTemplateCache", "c", "ns", spec={"templateName": "t"}, metadata=metadata))
    rounds.put(aim("AIMArtifact", "m", "ns", spec=GOOD, metadata={"uid": "u", **LABEL}))
    return rounds


@pytest.mark.rule("B7", "AD-13")
def test_an_artifact_without_a_status_whose_claim_is_mounted_is_spared():
    rounds = deleting()
    assert [d.key.name for d in rounds.plan(Key("AIMTemplateCache", "ns", "c")).deletions] == ["m"]
    claim = world_claim(rounds)
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]
    spec = {"predictor": {"volumes": volumes}}
    rounds.put({"kind": "InferenceService", "metadata": {"name": "i", "namespace": "ns"}, "spec": spec})
    assert rounds.plan(Key("AIMTemplateCache", "ns", "c")).deletions == ()


def world_claim(rounds):
    """The name that the artifact's own plan gives to its claim."""
    made = Rounds({"AIMArtifact": plan_artifact})
    made.put(rounds.get(*KEY))
    made.settle()
    return only(made, "PersistentVolumeClaim").name


@pytest.mark.rule("B7", "AD-13")
def test_an_artifact_that_might_be_needed_is_spared_while_that_cannot_be_read():
    rounds = deleting()
    spec = {"templateName": "other", "templateScope": "Namespace", "mode": "Shared"}
    rounds.put(aim("AIMTemplateCache", "d", "ns", spec=spec))
    key = Key("AIMTemplateCache", "ns", "c")
    assert len(rounds.plan(key).deletions) == 1
    rounds.table.learn_availability("AIMServiceTemplate", Unreadable("AIMServiceTemplate", "Timeout", "no"))
    assert rounds.plan(key).deletions == ()
    assert rounds.plan(key).remove_finalizers == (FINALIZER,)


@pytest.mark.rule("A10", "AD-25")
@pytest.mark.parametrize(
    ("line", "reason", "state"),
    [("404 Client Error: Repository Not Found", "SourceNotFound", "Failed"), ("", "InfrastructureError", "Degraded")],
)
def test_a_refused_report_hides_no_cause(line, reason, state):
    rounds = world()
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
    died = {"containerStatuses": [{"name": "model-download", "state": ended}]}
    uid = rounds.put(pod("p", "ns", only(rounds, "Job").name, "Failed", **died))["metadata"]["uid"]
    refused = 'aimartifacts "m" is forbidden: User "x" cannot patch resource "aimartifacts/status"'
    rounds.answer(PodLog("ns", "p", uid, "model-download", 50), f"{refused}\n{line}\n{refused}\n")
    rounds.settle()
    assert condition_of(artifact(rounds), "DownloadJobPodsReady") == ("False", reason)
    assert artifact(rounds)["status"]["status"] == state


@pytest.mark.rule("A4.4", "A5.3", "A9")
@pytest.mark.parametrize(("reason", "state"), [("Forbidden", "Failed"), ("Timeout", "Degraded")])
def test_a_role_binding_that_cannot_be_read_is_named_as_what_holds_the_download_back(reason, state):
    rounds = world()
    for kind in ("RoleBinding", "Job"):
        rounds.remove(only(rounds, kind))
    rounds.table.learn_availability("RoleBinding", Unreadable("RoleBinding", reason, "no"))
    rounds.settle()
    assert rounds.all("Job") == []
    assert condition_of(artifact(rounds), "DownloadJobReady") == ("False", reason)
    assert "RoleBinding: no" in message_of(artifact(rounds), "DownloadJobReady")
    assert artifact(rounds)["status"]["status"] == state
