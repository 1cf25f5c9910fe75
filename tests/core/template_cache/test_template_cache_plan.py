"""AIMTemplateCache: template lookup, matching, new artifacts, conditions, clean-up."""

import pytest

from aimcore.facts import Outcome, Refusal
from aimcore.kinds.template_cache import plan_template_cache
from aimcore.resource import Key
from aimcore.snapshot import NotInstalled, Snapshot, Unreadable
from core.kind_rounds import START, Rounds, aim, condition_of, message_of

KEY = Key("AIMTemplateCache", "ns", "llama-cache")
FINALIZER = "aim.eai.amd.com/artifactcleanup"
TINY = {"modelId": "sshleifer/tiny-gpt2", "sourceUri": "hf://sshleifer/tiny-gpt2"}
OTHER = {"modelId": "a/b", "sourceUri": "s3://a/b", "size": "2Gi", "env": [{"name": "HF_TOKEN", "value": "own"}]}
READY = [{"type": "Ready", "status": "True", "reason": "AllComponentsReady", "message": ""}]


def world(sources=(TINY,), *, status="Ready", conditions=READY, cache=None, template=True):
    rounds = Rounds({"AIMTemplateCache": plan_template_cache})
    if template:
        found = {"status": status, "conditions": conditions, "modelSources": list(sources)}
        rounds.put(aim("AIMServiceTemplate", "t", "ns", spec={"modelName": "m"}, status=found))
    spec = {"templateName": "t", "templateScope": "Namespace", "mode": "Shared", **(cache or {})}
    rounds.put(aim("AIMTemplateCache", "llama-cache", "ns", spec=spec))
    return rounds


def put_artifact(rounds, name="x", *, status="Ready", source=TINY, **members):
    spec = {"sourceUri": source["sourceUri"], **members.pop("spec", {})}
    stored = {"status": status, "persistentVolumeClaim": f"{name}-pvc"} if status else {}
    return rounds.put(aim("AIMArtifact", name, "ns", spec=spec, status=stored, **members))


def cache(rounds):
    return rounds.get(*KEY)


# ---- new artifacts ----
@pytest.mark.rule("B5", "B7")
def test_the_finalizer_comes_first_also_when_paused():
    rounds = world()
    rounds.patch(KEY, {"metadata": {"annotations": {"aim.eai.amd.com/reconciliation-paused": "true"}}})
    rounds.settle()
    assert cache(rounds)["metadata"]["finalizers"] == [FINALIZER]
    assert rounds.all("AIMArtifact") == []


@pytest.mark.rule("B5", "B1", "AD-10", "AD-11")
def test_each_source_gets_an_artifact_with_its_place_and_merged_env():
    rounds = world((TINY, OTHER), cache={
        "env": [{"name": "HF_TOKEN", "value": "my-token"}],
        "imagePullSecrets": [{"name": "s"}], "downloadImage": "img:1", "runtimeConfigName": "default",
    })  # fmt: skip
    rounds.settle()
    first, second = sorted(rounds.all("AIMArtifact"), key=lambda a: a["spec"]["sourceUri"])
    assert first["metadata"]["name"] == "hf---sshleifer-tiny-gpt2-8b6a4bfd16"
    assert first["spec"]["size"] == "0"
    assert second["spec"]["size"] == "2Gi"
    assert second["spec"]["env"] == [{"name": "HF_TOKEN", "value": "own"}]
    assert second["spec"]["imagePullSecrets"] == [{"name": "s"}]
    assert second["spec"]["modelDownloadImage"] == "img:1"
    labels = [a["metadata"]["labels"] for a in (first, second)]
    assert [found["aim.eai.amd.com/template.index"] for found in labels] == ["0", "1"]
    assert labels[0]["aim.eai.amd.com/template-cache.name"] == "llama-cache"
    assert labels[0]["template-created"] == "true"
    assert condition_of(cache(rounds), "ArtifactsReady") == ("False", "CachesNotReady")


@pytest.mark.rule("B5")
def test_a_dedicated_cache_owns_its_artifact_under_another_name():
    rounds = world(cache={"mode": "Dedicated", "storageClassName": "longhorn"})
    rounds.settle()
    (artifact,) = rounds.all("AIMArtifact")
    assert artifact["metadata"]["name"] == "hf---sshleifer-tiny-gpt2-258bce383c"
    assert artifact["metadata"]["ownerReferences"][0]["uid"] == cache(rounds)["metadata"]["uid"]


@pytest.mark.rule("B5", "AD-11", "AD-23")
def test_an_artifact_is_made_once_and_never_applied_again():
    rounds = world((TINY, OTHER))
    rounds.settle()
    name = next(a["metadata"]["name"] for a in rounds.all("AIMArtifact") if a["spec"]["sourceUri"].startswith("hf"))
    rounds.patch(Key("AIMArtifact", "ns", name), {"metadata": {"labels": {"aim.eai.amd.com/template.index": "7"}}})
    assert rounds.settle() == 0


@pytest.mark.rule("R-12.2")
def test_the_users_labels_reach_the_artifact_as_the_config_says():
    rounds = world()
    propagation = {"enabled": True, "match": ["team-*"]}
    rounds.put(aim("AIMClusterRuntimeConfig", "default", spec={"labelPropagation": propagation}))
    rounds.patch(KEY, {"metadata": {"labels": {"team-a": "x", "env": "y"}}})
    rounds.settle()
    labels = rounds.all("AIMArtifact")[0]["metadata"]["labels"]
    assert labels["team-a"] == "x"
    assert "env" not in labels


# ---- matching ----
@pytest.mark.rule("B4", "AD-14")
def test_an_artifact_of_the_same_source_is_shared():
    rounds = world()
    put_artifact(rounds)
    rounds.settle()
    assert [a["metadata"]["name"] for a in rounds.all("AIMArtifact")] == ["x"]
    assert cache(rounds)["status"]["status"] == "Ready"
    entry = cache(rounds)["status"]["artifacts"]["x"]
    assert entry["model"] == TINY["modelId"]
    assert entry["persistentVolumeClaim"] == "x-pvc"


@pytest.mark.rule("B4", "AD-7")
@pytest.mark.parametrize(
    ("members", "spec"),
    [
        ({"metadata": {"ownerReferences": [{"uid": "u", "kind": "AIMTemplateCache", "name": "z"}]}}, {}),
        ({"spec": {"env": [{"name": "A", "value": "1"}]}}, {}),
        ({"spec": {"storageClassName": "slow"}}, {"storageClassName": "fast"}),
        ({"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}}, {}),
        ({}, {"mode": "Dedicated"}),
    ],
)
def test_what_differs_is_not_shared(members, spec):
    rounds = world(cache=spec)
    put_artifact(rounds, **members)
    rounds.settle()
    assert len(rounds.all("AIMArtifact")) == 2


@pytest.mark.rule("B4", "AD-7")
@pytest.mark.parametrize(("status", "count"), [("Degraded", 1), ("Failed", 2)])
def test_a_recorded_match_is_dropped_for_other_variables_only_if_it_failed(status, count):
    rounds = world()
    uid = put_artifact(rounds, status=status, spec={"env": [{"name": "A", "value": "1"}]})["metadata"]["uid"]
    recorded = {"x": {"uid": uid, "name": "x", "model": "m", "status": "Ready"}}
    rounds.patch(KEY, {"status": {"artifacts": recorded}})
    rounds.settle()
    assert len(rounds.all("AIMArtifact")) == count


@pytest.mark.rule("B4", "AD-24")
def test_the_recorded_artifact_is_kept_until_a_better_one_is_there():
    rounds = world()
    put_artifact(rounds, "b", status="Progressing")
    rounds.settle()
    put_artifact(rounds, "a", status="Progressing")
    rounds.settle()
    assert list(cache(rounds)["status"]["artifacts"]) == ["b"]
    put_artifact(rounds, "c", status="Ready")
    rounds.settle()
    assert list(cache(rounds)["status"]["artifacts"]) == ["c"]


# ---- template and conditions ----
@pytest.mark.rule("B3", "B6")
def test_a_missing_template_or_one_of_the_wrong_scope_fails_the_cache():
    for rounds in (world(template=False), world(cache={"templateScope": "Cluster"})):
        rounds.settle()
        assert cache(rounds)["status"]["status"] == "Failed"
        assert condition_of(cache(rounds), "ServiceTemplateReady") == ("False", "ReferenceNotFound")
        assert condition_of(cache(rounds), "Ready") == ("False", "ReferenceNotFound")
        assert condition_of(cache(rounds), "ArtifactsReady") == ("False", "NoCaches")


@pytest.mark.rule("B3", "AD-22")
@pytest.mark.parametrize(
    ("status", "condition", "expected"),
    [
        ("Failed", "False", "Failed"),
        ("Progressing", "False", "Pending"),
        ("NotAvailable", "False", "NotAvailable"),
        ("Degraded", "False", "Degraded"),
        ("Ready", "False", "Pending"),
        ("Ready", "Unknown", "Pending"),
        ("", None, "Pending"),
        ("Ready", None, "Progressing"),
    ],
)
def test_the_cache_follows_its_template(status, condition, expected):
    conditions = [{"type": "Ready", "status": condition, "reason": "R", "message": "m"}] if condition else []
    rounds = world(status=status, conditions=conditions)
    rounds.settle()
    assert cache(rounds)["status"]["status"] == expected


@pytest.mark.rule("B3")
def test_without_a_scope_the_namespace_comes_first_then_the_cluster():
    rounds = world(template=False, cache={"templateScope": "Unknown"})
    stored = {"status": "Ready", "conditions": READY, "modelSources": [OTHER]}
    rounds.put(aim("AIMClusterServiceTemplate", "t", spec={"modelName": "m"}, status=stored))
    rounds.settle()
    assert cache(rounds)["status"]["resolvedTemplateKind"] == "AIMClusterServiceTemplate"
    rounds.put(aim("AIMServiceTemplate", "t", "ns", spec={"modelName": "m"}, status=stored))
    rounds.settle()
    assert cache(rounds)["status"]["resolvedTemplateKind"] == "AIMServiceTemplate"


@pytest.mark.rule("B6", "D-11")
def test_the_cache_of_a_ready_template_without_sources_is_ready():
    rounds = world(())
    rounds.settle()
    assert cache(rounds)["status"]["status"] == "Ready"
    assert condition_of(cache(rounds), "ArtifactsReady") == ("True", "NoCaches")


@pytest.mark.rule("B6")
def test_the_worst_artifact_is_named():
    rounds = world((TINY, OTHER))
    trouble = [{"type": "Ready", "status": "False", "reason": "AuthError", "message": "PVC y: no"}]
    put_artifact(rounds, "good")
    spec = {"env": OTHER["env"]}
    put_artifact(rounds, "bad", status="Failed", source=OTHER, spec=spec)
    rounds.patch(Key("AIMArtifact", "ns", "bad"), {"status": {"conditions": trouble}})
    rounds.settle()
    assert cache(rounds)["status"]["status"] == "Failed"
    assert condition_of(cache(rounds), "ArtifactsReady") == ("False", "AuthError")
    expected = "One or more caches are not ready: AIMArtifact bad: PVC y: no"
    assert message_of(cache(rounds), "ArtifactsReady") == expected


@pytest.mark.rule("B2", "AD-15")
def test_merged_configs_are_recorded_as_merged():
    rounds = world()
    rounds.put(aim("AIMClusterRuntimeConfig", "default", spec={}))
    uid = rounds.put(aim("AIMRuntimeConfig", "default", "ns", spec={}))["metadata"]["uid"]
    rounds.settle()
    resolved = cache(rounds)["status"]["resolvedRuntimeConfig"]
    assert (resolved["scope"], resolved["namespace"], resolved["uid"]) == ("Merged", "ns", uid)


# ---- clean-up ----
def deleting(rounds):
    rounds.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}})
    rounds.settle()
    rounds.patch(KEY, {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}})
    return rounds


LABEL = {"labels": {"aim.eai.amd.com/template-cache.name": "llama-cache"}}


@pytest.mark.rule("B7")
@pytest.mark.parametrize(("status", "left"), [("Ready", 1), ("Failed", 0), ("Progressing", 0)])
def test_deleting_a_cache_removes_its_artifacts_that_are_not_ready(status, left):
    rounds = world()
    put_artifact(rounds, status=status, metadata=LABEL)
    deleting(rounds).settle()
    assert len(rounds.all("AIMArtifact")) == left
    assert KEY not in rounds.objects


@pytest.mark.rule("B7")
def test_the_finalizer_goes_after_the_artifacts_not_with_them():
    rounds = world()
    put_artifact(rounds, status="Failed", metadata=LABEL)
    plan = deleting(rounds).plan(KEY)
    assert len(plan.deletions) == 1
    assert plan.remove_finalizers == ()
    assert plan.status == {}


@pytest.mark.rule("B7", "AD-13")
def test_artifacts_that_others_use_are_spared():
    rounds = world()
    put_artifact(rounds, status="Degraded", metadata=LABEL)
    rounds.put(aim("AIMTemplateCache", "another", "ns", spec={
        "templateName": "t", "templateScope": "Namespace", "mode": "Shared"}))  # fmt: skip
    deleting(rounds).settle()
    assert len(rounds.all("AIMArtifact")) == 1

    mounted = world()
    put_artifact(mounted, status="Degraded", metadata=LABEL)
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "x-pvc"}}]
    mounted.put({
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "metadata": {"name": "i", "namespace": "ns"}, "spec": {"predictor": {"volumes": volumes}},
    })  # fmt: skip
    deleting(mounted).settle()
    assert len(mounted.all("AIMArtifact")) == 1
    assert KEY not in mounted.objects


@pytest.mark.rule("B7")
def test_in_a_terminating_namespace_only_the_finalizer_goes():
    rounds = world()
    put_artifact(rounds, status="Failed", metadata=LABEL)
    deleting(rounds)
    rounds.patch(Key("Namespace", "", "ns"), {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}})
    rounds.settle()
    assert KEY not in rounds.objects
    assert len(rounds.all("AIMArtifact")) == 1


@pytest.mark.rule("B7")
@pytest.mark.parametrize(("kind", "reason", "retry"), [
    ("Namespace", "Forbidden", False), ("Namespace", "Timeout", True), ("AIMArtifact", "Timeout", True),
])  # fmt: skip
def test_what_cannot_be_read_is_retried_and_what_is_forbidden_is_skipped(kind, reason, retry):
    rounds = deleting(world(()))
    rounds.table.learn_availability(kind, Unreadable(kind, reason, "no"))
    plan = plan_template_cache(Snapshot(rounds.table, START), rounds.table.find(KEY))
    assert plan.retry is retry
    assert plan.remove_finalizers == (() if retry else (FINALIZER,))


@pytest.mark.rule("B7")
def test_an_artifact_that_may_not_be_deleted_is_left():
    rounds = world()
    put_artifact(rounds, status="Failed", metadata=LABEL)
    deleting(rounds)
    rounds.refuse(KEY, Key("AIMArtifact", "ns", "x"), Outcome(Refusal.FORBIDDEN, "no", START))
    assert rounds.plan(KEY).remove_finalizers == (FINALIZER,)


@pytest.mark.rule("B6")
@pytest.mark.parametrize("kind", ["AIMArtifact", "AIMServiceTemplate"])
def test_what_cannot_be_read_is_not_absent(kind):
    rounds = world(template=kind == "AIMArtifact")
    rounds.settle() if kind == "AIMServiceTemplate" else rounds.round(KEY)
    for artifact in rounds.all("AIMArtifact"):
        rounds.remove(Key("AIMArtifact", "ns", artifact["metadata"]["name"]))
    rounds.table.learn_availability(kind, Unreadable(kind, "Timeout", "no answer"))
    plan = rounds.plan(KEY)
    reasons = {c["type"]: c["reason"] for c in plan.status["conditions"]}
    assert "Timeout" in (reasons["ArtifactsReady"], reasons["ServiceTemplateReady"])
    assert plan.children == ()
    assert plan.retry


@pytest.mark.rule("B4", "B7")
def test_a_cache_that_records_an_artifact_keeps_it_from_another_caches_clean_up():
    rounds = world()
    uid = put_artifact(rounds, status="Failed", metadata=LABEL)["metadata"]["uid"]
    recorded = {"x": {"uid": uid, "name": "x", "model": "m", "status": "Failed"}}
    spec = {"templateName": "gone", "templateScope": "Namespace", "mode": "Shared"}
    rounds.put(aim("AIMTemplateCache", "another", "ns", spec=spec, status={"artifacts": recorded}))
    rounds.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}})
    rounds.round(KEY)
    rounds.patch(KEY, {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}})
    assert rounds.plan(KEY).deletions == ()


@pytest.mark.rule("B4", "B7")
@pytest.mark.parametrize(("source", "spared"), [(TINY, True), (OTHER, False)])
def test_an_artifact_that_another_cache_needs_is_spared_before_it_is_recorded(source, spared):
    rounds = world(())
    put_artifact(rounds, status="Failed", metadata=LABEL)
    stored = {"status": "Ready", "conditions": READY, "modelSources": [source]}
    rounds.put(aim("AIMServiceTemplate", "u", "ns", spec={"modelName": "m"}, status=stored))
    rounds.round(KEY)
    spec = {"templateName": "u", "templateScope": "Namespace", "mode": "Shared"}
    rounds.put(aim("AIMTemplateCache", "another", "ns", spec=spec))
    rounds.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}})
    rounds.patch(KEY, {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}})
    assert (rounds.plan(KEY).deletions == ()) is spared


@pytest.mark.rule("B7")
def test_a_cache_without_our_finalizer_is_let_go():
    rounds = world()
    rounds.patch(KEY, {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z", "finalizers": ["other"]}})
    assert rounds.settle() == 0


@pytest.mark.rule("B7")
def test_an_artifact_without_a_claim_is_not_mounted():
    rounds = world()
    rounds.put(
        aim(
            "AIMArtifact", "x", "ns", spec={"sourceUri": TINY["sourceUri"]}, status={"status": "Failed"}, metadata=LABEL
        )
    )
    assert len(deleting(rounds).plan(KEY).deletions) == 1


def test_without_the_kind_artifact_the_cache_waits():
    rounds = world()
    rounds.table.learn_availability("AIMArtifact", NotInstalled("AIMArtifact"))
    rounds.settle()
    assert "not installed" in message_of(cache(rounds), "ArtifactsReady")


@pytest.mark.rule("B2")
def test_a_mount_point_that_somebody_wrote_stays():
    rounds = world()
    put_artifact(rounds)
    rounds.settle()
    rounds.patch(KEY, {"status": {"artifacts": {"x": {"mountPoint": "/m"}}}})
    assert rounds.settle() == 0
