"""Which cache a service lives on, what it mounts, and what becomes of a failed or lost one."""

from __future__ import annotations

import pytest
from service_world import (
    IMAGE,
    ISVC,
    NS,
    UID,
    cache,
    child,
    claim,
    condition,
    kinds,
    model,
    next_plan_of,
    obj,
    owner_ref,
    plan_of,
    ready_world,
    resolved,
    running_world,
    runtime_config,
    said,
    service,
    template,
)

from aimcore.naming import artifact_child_name
from aimcore.plan import Write
from aimcore.snapshot import Unreadable

DEDICATED = {"model": {"image": IMAGE}, "caching": {"mode": "Dedicated"}}
OWN = "qwen3-32b-latency-qwen-chat-875ee14e"


@pytest.mark.rule("R-6.1")
@pytest.mark.parametrize(
    ("mode", "effective"),
    [
        (None, "Shared"),
        ("Shared", "Shared"),
        ("Auto", "Shared"),
        ("Always", "Shared"),
        ("Dedicated", "Dedicated"),
        ("Never", "Dedicated"),
        ("Odd", "Shared"),
    ],
)
def test_the_effective_mode(mode: str | None, effective: str) -> None:
    spec = {"model": {"image": IMAGE}} | ({"caching": {"mode": mode}} if mode else {})
    assert child(next_plan_of(service(spec), model(), template()), "AIMTemplateCache")["spec"]["mode"] == effective


@pytest.mark.rule("R-6.6", "R-6.7", "R-6.8", "R-9.6")
def test_a_shared_cache_is_made_without_an_owner() -> None:
    plan = next_plan_of(service(), model(), template())
    made = child(plan, "AIMTemplateCache")
    assert made["metadata"] == {
        "name": "qwen3-32b-latency-a04542d9",
        "namespace": NS,
        "labels": {
            "aim.eai.amd.com/service": "qwen-chat",
            "aim.eai.amd.com/service.name": "qwen-chat",
            "app.kubernetes.io/managed-by": "aim-service-controller",
        },
    }
    assert made["spec"] == {"templateName": "qwen3-32b-latency", "templateScope": "Namespace", "mode": "Shared"}
    assert [c.write for c in plan.children if c.key.kind == "AIMTemplateCache"] == [Write.CREATE]
    assert said(plan, "Cache") == ("False", "CacheCreating")
    assert "InferenceService" not in kinds(plan)


@pytest.mark.rule("R-6.7", "R-9.6")
def test_a_dedicated_cache_is_owned_by_its_service() -> None:
    made = child(next_plan_of(service(DEDICATED), model(), template(namespace="")), "AIMTemplateCache")
    assert made["metadata"]["name"] == OWN
    assert made["metadata"]["ownerReferences"] == [owner_ref()]
    assert made["spec"]["templateScope"] == "Cluster"


@pytest.mark.rule("R-6.8", "R-6.9", "R-3.6")
def test_the_cache_gets_environment_class_and_config() -> None:
    shape = template(
        spec={
            "env": [{"name": "A", "value": "template"}],
            "caching": {"env": [{"name": "HF_TOKEN", "value": "t"}, {"name": "HTTP_PROXY", "value": "p"}]},
        }
    )
    spec = {
        "model": {"image": IMAGE},
        "runtimeConfigName": "team",
        "env": [{"name": "HF_TOKEN", "value": "s"}, {"name": "HTTPS_PROXY", "value": "q"}],
    }
    config = runtime_config("team", storage={"defaultStorageClassName": "fast"}, env=[{"name": "RC", "value": "1"}])
    made = child(next_plan_of(service(spec), model(), shape, config), "AIMTemplateCache")["spec"]
    assert made["env"] == [
        {"name": "A", "value": "template"},
        {"name": "HF_TOKEN", "value": "s"},
        {"name": "HTTP_PROXY", "value": "p"},
        {"name": "HTTPS_PROXY", "value": "q"},
    ]
    assert made["storageClassName"] == "fast"
    assert made["runtimeConfigName"] == "team"
    own = {**spec, "storage": {"defaultStorageClassName": ""}}
    plan = next_plan_of(service(own), model(), shape, config)
    assert "storageClassName" not in child(plan, "AIMTemplateCache")["spec"]


@pytest.mark.rule("R-6.4", "R-6.6")
def test_a_choice_is_written_down_before_a_cache_is_made_for_it() -> None:
    """Else a controller that dies in between might choose another template, and leave a second cache behind."""
    first = service()
    late = template("late", metric="throughput")
    plan = plan_of(first, model(), late)
    assert plan.status["resolvedTemplate"]["name"] == "late"
    assert "AIMTemplateCache" not in kinds(plan)
    better = plan_of(first, model(), late, template())
    assert better.status["resolvedTemplate"]["name"] == "qwen3-32b-latency"
    told = plan_of(resolved(first, plan), model(), late, template())
    assert child(told, "AIMTemplateCache")["spec"]["templateName"] == "late"


@pytest.mark.rule("R-6.4", "R-6.5", "D-10")
def test_any_shared_cache_of_the_template_is_used_the_best_first() -> None:
    caches = [
        cache("a", status="Failed"), cache("b", status="Progressing"), cache("c"), cache("d"),
        cache("z", scope="Cluster"), cache("y", of="other"), cache("x", mode="Dedicated"),
    ]  # fmt: skip
    plan = plan_of(service(), model(), template(), *caches)
    assert "AIMTemplateCache" not in kinds(plan)
    assert plan.status["cache"] == {"templateCacheRef": {"name": "c", "namespace": NS, "uid": "uid-AIMTemplateCache-c"}}


@pytest.mark.rule("R-6.2", "D-10")
def test_a_sticky_cache_must_be_ready_and_belong_to_the_template() -> None:
    status = {"cache": {"templateCacheRef": {"name": "mine"}}}
    objects = [service(status=status), model(), template()]
    assert plan_of(*objects, cache("mine"), cache("aaa")).status["cache"]["templateCacheRef"]["name"] == "mine"
    for other in (cache("mine", of="other"), cache("mine", status="Failed"), cache("mine", mode="Dedicated")):
        assert plan_of(*objects, other, cache("aaa")).status["cache"]["templateCacheRef"]["name"] == "aaa"


@pytest.mark.rule("R-6.2")
@pytest.mark.parametrize("case", ["sticky", "shared", "dedicated"])
def test_a_cache_that_cannot_be_read_is_an_error(case: str) -> None:
    spec = DEDICATED if case == "dedicated" else None
    status = {"cache": {"templateCacheRef": {"name": "mine"}}} if case == "sticky" else None
    down = {"AIMTemplateCache": Unreadable("AIMTemplateCache", "Timeout", "timed out")}
    plan = plan_of(service(spec, status=status), model(), template(), unavailable=down)
    assert said(plan, "Cache")[1] == "Timeout"
    assert kinds(plan) == []


@pytest.mark.rule("R-6.3")
def test_a_dedicated_service_uses_only_its_own_cache() -> None:
    objects = [service(DEDICATED), model(), template()]
    assert "InferenceService" in kinds(plan_of(*objects, cache(OWN, mode="Dedicated", owner=UID)))
    shortened = cache(OWN, mode="Dedicated", owner=UID, of="qwen3-32b-throughput")  # as long names may end in one
    for foreign in (cache(OWN, mode="Dedicated", owner="someone"), cache(OWN), shortened):
        plan = plan_of(*objects, foreign)
        assert kinds(plan) == []
        assert f"{OWN} exists, but it cannot be used" in condition(plan, "CacheReady")["message"]


def test_a_cache_that_is_being_deleted_is_waited_for() -> None:
    leaving = cache(deletionTimestamp="2026-11-23T15:00:00Z")
    plan = plan_of(service(), model(), template(), leaving)
    assert "still being deleted" in condition(plan, "CacheReady")["message"]
    assert kinds(plan) == []


@pytest.mark.rule("D-11")
def test_a_template_without_sources_needs_no_cache() -> None:
    plan = plan_of(service(), model(), template(sources=False))
    assert said(plan, "Cache") == ("True", "CacheReady")
    assert "Nothing is to be cached" in condition(plan, "CacheReady")["message"]
    container = child(plan, "InferenceService")["spec"]["predictor"]["containers"][0]
    assert container["volumeMounts"] == [{"name": "dshm", "mountPath": "/dev/shm"}]  # noqa: S108
    assert plan.status["status"] == "Starting"


@pytest.mark.parametrize(
    ("status", "expected", "overall"),
    [
        ("Ready", ("True", "CacheReady"), "Starting"),
        ("Progressing", ("False", "CacheNotReady"), "Starting"),
        ("Failed", ("False", "CacheFailed"), "Failed"),
        ("Pending", ("False", "CacheCreating"), "Starting"),
        ("", ("False", "CacheCreating"), "Starting"),
        ("NotAvailable", ("False", "CacheCreating"), "Starting"),
    ],
)
@pytest.mark.rule("R-7.1", "R-11.8")
def test_the_status_of_the_cache_decides(status: str, expected: tuple[str, str], overall: str) -> None:
    plan = plan_of(service(), model(), template(), cache(status=status))
    assert said(plan, "Cache") == expected
    assert plan.status["status"] == overall
    assert ("InferenceService" in kinds(plan)) == (status == "Ready")


@pytest.mark.rule("R-6.11")
@pytest.mark.parametrize(
    ("model_id", "path"),
    [
        ("Qwen/Qwen3-32B", "/workspace/cache/Qwen/Qwen3-32B"),
        ("../../etc", "/workspace/cache/etc"),
        ("", "/workspace/cache/art-1-x"),
        ("..", "/workspace/cache/art-1-x"),
        ("...", "/workspace/cache/art-1-x"),
        ("a//./b", "/workspace/cache/a/b"),
    ],
)
def test_where_an_artifact_is_mounted(model_id: str, path: str) -> None:
    full = cache(artifacts={"art-1.X": "Ready", "art-2": "Failed"})
    full["status"]["artifacts"]["art-1.X"]["model"] = model_id
    predictor = child(plan_of(service(), model(), template(), full), "InferenceService")["spec"]["predictor"]
    assert predictor["containers"][0]["volumeMounts"][1:] == [{"name": "art-1-x", "mountPath": path}]
    assert predictor["volumes"][1:] == [{"name": "art-1-x", "persistentVolumeClaim": {"claimName": "art-1.X-cache"}}]


# ---- a running service ----------------------------------------------------------------------------------------------
def without(objects: list[dict], *gone: str) -> list[dict]:
    return [o for o in objects if o["kind"] not in gone]


@pytest.mark.rule("R-6.12", "R-7.2")
def test_what_is_mounted_stays_mounted() -> None:
    objects = running_world()
    other = cache("new", artifacts={"art-9": "Ready"})
    plan = plan_of(*without(objects, "AIMTemplateCache"), other)
    predictor = child(plan, "InferenceService")["spec"]["predictor"]
    assert [v["name"] for v in predictor["volumes"]] == ["dshm", "art-1"]
    assert [m["name"] for m in predictor["containers"][0]["volumeMounts"]] == ["dshm", "art-1"]


@pytest.mark.rule("D-36", "R-6.10")
def test_a_lost_shared_cache_is_recreated_and_named() -> None:
    plan = plan_of(*without(running_world(), "AIMTemplateCache", "PersistentVolumeClaim"))
    assert said(plan, "Cache") == ("False", "CacheLost")
    assert "art-1-cache" in condition(plan, "CacheReady")["message"]
    assert plan.status["status"] == "Degraded"
    assert "AIMTemplateCache" in kinds(plan)
    volumes = child(plan, "InferenceService")["spec"]["predictor"]["volumes"]
    assert volumes[1]["persistentVolumeClaim"] == {"claimName": "art-1-cache"}


@pytest.mark.rule("R-6.10")
def test_a_lost_dedicated_cache_is_being_recreated() -> None:
    objects = running_world(cache(OWN, mode="Dedicated", owner=UID), caching={"mode": "Dedicated"})
    plan = plan_of(*without(objects, "AIMTemplateCache"))
    assert said(plan, "Cache") == ("False", "CacheCreating")
    assert plan.status["status"] == "Degraded"
    assert child(plan, "AIMTemplateCache")["metadata"]["name"] == OWN


@pytest.mark.rule("D-36")
def test_the_loss_lasts_until_the_new_cache_is_ready() -> None:
    objects = without(running_world(), "AIMTemplateCache", "PersistentVolumeClaim")
    assert said(plan_of(*objects, cache("n", status="Progressing")), "Cache") == ("False", "CacheLost")
    assert said(plan_of(*objects, claim(), cache("n", status="Progressing")), "Cache") == ("False", "CacheNotReady")


@pytest.mark.rule("D-36")
def test_a_claim_that_no_longer_exists_is_replaced_when_the_new_cache_is_ready() -> None:
    fresh = cache("new", artifacts={"art-9": "Ready"})
    plan = plan_of(*without(running_world(), "AIMTemplateCache", "PersistentVolumeClaim"), fresh)
    predictor = child(plan, "InferenceService")["spec"]["predictor"]
    assert predictor["volumes"][1:] == [{"name": "art-9", "persistentVolumeClaim": {"claimName": "art-9-cache"}}]
    assert predictor["containers"][0]["volumeMounts"][1:] == [
        {"name": "art-9", "mountPath": "/workspace/cache/Qwen/Qwen3-32B"}
    ]


@pytest.mark.rule("D-36")
def test_a_claim_that_no_longer_exists_stays_mounted_while_the_new_cache_is_not_ready() -> None:
    fresh = cache("new", status="Progressing", artifacts={"art-9": "Ready"})
    plan = plan_of(*without(running_world(), "AIMTemplateCache", "PersistentVolumeClaim"), fresh)
    assert [v["name"] for v in child(plan, "InferenceService")["spec"]["predictor"]["volumes"]] == ["dshm", "art-1"]


@pytest.mark.rule("D-36")
def test_a_claim_that_is_only_kept_by_its_pod_is_lost_and_stays_mounted() -> None:
    objects = without(running_world(), "AIMTemplateCache", "PersistentVolumeClaim")
    leaving = claim()
    leaving["metadata"]["deletionTimestamp"] = "2026-11-23T15:00:00Z"
    plan = plan_of(*objects, leaving, cache("n", status="Progressing"))
    assert said(plan, "Cache") == ("False", "CacheLost")
    assert plan.status["status"] == "Degraded"
    ready = plan_of(*objects, leaving, cache("new", artifacts={"art-9": "Ready"}))
    assert said(ready, "Cache") == ("True", "CacheReady")
    assert child(ready, "InferenceService")["spec"]["predictor"]["volumes"][1]["name"] == "art-1"


@pytest.mark.rule("D-36")
def test_a_lost_claim_without_a_successor_stays_named() -> None:
    fresh = cache("new", artifacts={})
    predictor = child(
        plan_of(*without(running_world(), "AIMTemplateCache", "PersistentVolumeClaim"), fresh), "InferenceService"
    )["spec"]["predictor"]
    assert predictor["volumes"][1]["name"] == "art-1"


@pytest.mark.rule("R-6.12")
def test_nothing_is_copied_from_an_object_without_containers() -> None:
    objects = running_world()
    bare = next(o for o in objects if o["kind"] == "InferenceService")
    bare["spec"]["predictor"]["containers"] = []
    predictor = child(plan_of(*objects), "InferenceService")["spec"]["predictor"]
    assert [v["name"] for v in predictor["volumes"]] == ["dshm"]


# ---- retry ----------------------------------------------------------------------------------------------------------
def job(artifact: str = "art-1", *, outcome: str = "Failed", role: str = "download", owner: str = "") -> dict:
    uid = f"uid-AIMArtifact-{artifact}"
    status = {"conditions": [{"type": outcome, "status": "True"}]} if outcome else {}
    ref = owner_ref(uid=owner or uid, kind="AIMArtifact", name=artifact)
    return obj(
        "batch/v1",
        "Job",
        artifact_child_name(artifact, role, uid),
        NS,
        status=status,
        metadata={"ownerReferences": [ref]},
    )


def artifact(name: str = "art-1") -> dict:
    return obj("aim.eai.amd.com/v1alpha1", "AIMArtifact", name, NS, spec={}, status={"status": "Failed"})


FAILED = {"status": "Failed", "artifacts": {"art-1": "Failed"}}


@pytest.mark.rule("D-9", "R-6.10")
@pytest.mark.parametrize("role", ["download", "check-size"])
def test_a_failed_cache_is_retried_once_by_deleting_the_finished_job(role: str) -> None:
    objects = [service(), model(), template(), cache(**FAILED), artifact()]
    plan = plan_of(*objects, job(role=role))
    assert [(d.key.kind, d.resource_version) for d in plan.deletions] == [("Job", "1")]
    assert plan.status["cache"]["retryAttempts"] == 1
    assert "it is retried once" in condition(plan, "CacheReady")["message"]
    objects[0] = resolved(objects[0], plan)
    again = plan_of(*objects, job(role=role))
    assert again.deletions == ()
    assert again.status["cache"]["retryAttempts"] == 1
    assert "not retried again by this service" in condition(again, "CacheReady")["message"]


@pytest.mark.rule("D-9")
@pytest.mark.parametrize(
    "obstacle",
    ["running job", "no job", "foreign job", "used by another cache", "artifact gone", "caches unreadable later"],
)
def test_nothing_else_is_ever_deleted_for_a_retry(obstacle: str) -> None:
    objects = [service(), model(), template(), cache(**FAILED)]
    if obstacle != "artifact gone":
        objects.append(artifact())
    match obstacle:
        case "running job":
            objects.append(job(outcome=""))
        case "foreign job":
            objects.append(job(owner="someone"))
        case "used by another cache":
            objects += [job(), cache("other", of="else", artifacts={"art-1": "Failed"})]
        case "artifact gone":
            objects.append(job())
        case "caches unreadable later":
            objects[3]["status"]["artifacts"]["art-1"]["status"] = "Ready"
            objects.append(job())
    plan = plan_of(*objects)
    assert plan.deletions == ()
    assert "retryAttempts" not in plan.status.get("cache", {})


@pytest.mark.rule("D-9")
def test_a_failed_cache_is_named_with_its_own_cause() -> None:
    broken = cache(**FAILED)
    broken["status"]["conditions"] = [
        {"type": "Ready", "status": "False", "reason": "AuthError", "message": "AIMArtifact art-1: no token"}
    ]
    message = condition(plan_of(service(), model(), template(), broken), "CacheReady")["message"]
    assert message == (
        "Template cache failed: AIMTemplateCache qwen3-32b-latency-a04542d9: AuthError: AIMArtifact art-1: no token"
    )


@pytest.mark.rule("R-11.10")
def test_what_is_known_of_the_cache_is_never_cleared() -> None:
    status = {"cache": {"templateCacheRef": {"name": "gone"}, "retryAttempts": 1}}
    plan = plan_of(service(status=status), model(), template())
    assert plan.status["cache"] == status["cache"]
    assert "cache" not in plan_of(service(), model(), template()).status
    assert ISVC
    assert ready_world()
