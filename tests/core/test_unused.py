"""Which caches nobody refers to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.resource import Resource
from aimcore.unused import BY_HAND, DOWNLOADING, cache_entries

GROUP = "aim.eai.amd.com/v1alpha1"


def made(
    kind, name, *, spec=None, status=None, labels=None, owners=None, namespace="team", managed="aim-x", **metadata
):
    marks = {"app.kubernetes.io/managed-by": managed} if managed else {}
    return Resource.of(
        {
            "apiVersion": GROUP,
            "kind": kind,
            "metadata": {
                "name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": {**marks, **(labels or {})},
                "creationTimestamp": "2026-01-01T00:00:00Z",
                **({"ownerReferences": owners} if owners else {}), **metadata,
            },
            "spec": spec or {},
            "status": status or {},
        }
    )  # fmt: skip


def artifact(name="llama", **changes):
    status = {"status": "Ready", "persistentVolumeClaim": f"{name}-claim", "allocatedSize": "10Gi"}
    return made("AIMArtifact", name, **{"spec": {"sourceUri": "hf://a/b"}, "status": status, **changes})


def cache(name="cache", artifacts=("llama",), **changes):
    recorded = {a: {"name": a, "uid": f"uid-{a}", "model": "a/b", "status": "Ready"} for a in artifacts}
    status = {"status": "Ready", "artifacts": recorded}
    return made("AIMTemplateCache", name, **{"spec": {"templateName": "fast"}, "status": status, **changes})


def service(name="chat", template="fast", **changes):
    status = {"status": "Running", "resolvedTemplate": {"name": template}}
    return made("AIMService", name, **{"status": status, **changes})


def used_by(*resources, **options):
    return {entry.key.name: entry.used_by for entry in cache_entries([r for r in resources if r], **options)}


def test_what_nobody_refers_to_is_unused_since_its_last_use():
    (entry,) = cache_entries([artifact()])
    assert (entry.is_unused, entry.unused_since, entry.size) == (True, "2026-01-01T00:00:00Z", 10 << 30)
    last = {"status": "Ready", "persistentVolumeClaim": "c", "lastUsed": "2026-05-01T00:00:00Z"}
    (entry,) = cache_entries([artifact(status=last)])
    assert entry.unused_since == "2026-05-01T00:00:00Z"


def test_a_service_refers_to_the_caches_of_its_template_and_they_to_their_artifacts():
    found = used_by(artifact(), cache(), service())
    assert found == {"cache": ("AIMService chat",), "llama": ("AIMTemplateCache cache",)}


def test_what_only_unused_caches_refer_to_is_unused():
    assert used_by(artifact(), cache(), service(template="other")) == {"cache": (), "llama": ()}


@pytest.mark.parametrize(
    "needing",
    [
        service(template="other", spec={"template": {"name": "fast"}}),
        service(status={"status": "Running", "resolvedTemplate": {"name": "other"},
                        "cache": {"templateCacheRef": {"name": "cache"}}}),
        service(status={}),
        service(status={"status": "Progressing", "resolvedTemplate": {"name": "other"}}),
    ],
    ids=["names-the-template", "names-the-cache", "new", "not-settled"],
)  # fmt: skip
def test_a_service_that_may_need_a_cache_keeps_it(needing):
    assert used_by(artifact(), cache(), needing)["cache"] == ("AIMService chat",)


def test_services_of_other_namespaces_keep_nothing():
    assert used_by(cache(), service(namespace="others"))["cache"] == ()


def mounting(claim="llama-claim"):
    return {"volumes": [{"name": "m", "persistentVolumeClaim": {"claimName": claim}}]}


@pytest.mark.parametrize(
    "workload",
    [
        made("Pod", "w", spec=mounting()),
        made("InferenceService", "w", spec={"predictor": mounting()}),
        made("InferenceService", "w", spec={"predictor": {"model": {"storageUri": "pvc://llama-claim/x"}}}),
        made("Deployment", "w", spec={"template": {"spec": mounting()}}),
    ],
    ids=["pod", "inference-service", "storage-uri", "deployment"],
)
def test_a_workload_that_mounts_the_claim_refers_to_the_artifact(workload):
    assert used_by(artifact(), workload)["llama"] == (f"{workload.kind} w",)


OWN_JOB = {"aim.eai.amd.com/component": "download"}


@pytest.mark.parametrize(
    "other",
    [
        made("Pod", "w", spec=mounting(), status={"phase": "Succeeded"}),
        made("Pod", "w", spec=mounting("other-claim")),
        made("Pod", "w", spec=mounting(), namespace="others"),
        made("Job", "w", spec={"template": {"spec": mounting()}}, labels=OWN_JOB),
        made("Pod", "w", spec=mounting(), deletionTimestamp="2026-01-01T00:00:00Z"),
    ],
    ids=["finished", "another-claim", "another-namespace", "its-own-job", "deleting"],
)
def test_these_refer_to_nothing(other):
    assert used_by(artifact(), other)["llama"] == ()


def test_owners_keep_what_they_own():
    owner = [{"kind": "AIMServiceTemplate", "name": "fast", "uid": "u"}]
    assert used_by(artifact(), cache(owners=owner)) == {
        "cache": ("AIMServiceTemplate fast",), "llama": ("AIMTemplateCache cache",),
    }  # fmt: skip
    dedicated = artifact(owners=[{"kind": "AIMTemplateCache", "name": "cache", "uid": "uid-cache"}])
    unsettled = cache(artifacts=(), status={"status": "Failed"}, owners=owner)
    assert used_by(dedicated, unsettled)["llama"] == ("AIMTemplateCache cache",)
    assert used_by(dedicated, cache(artifacts=(), status={"status": "Failed"}))["llama"] == ()


def test_a_cache_that_has_not_settled_keeps_every_artifact_of_its_namespace():
    fresh = cache("fresh", status={}, owners=[{"kind": "AIMService", "name": "chat"}])
    assert used_by(artifact(), fresh)["llama"] == ("AIMTemplateCache fresh",)
    assert used_by(artifact(namespace="others"), fresh)["llama"] == ()


def test_the_label_of_a_cache_is_a_reference():
    labelled = artifact("other", labels={"aim.eai.amd.com/template-cache.name": "cache"})
    assert used_by(labelled, cache(), service())["other"] == ("AIMTemplateCache cache",)


def test_what_people_made_is_unused_only_when_asked_for():
    own = artifact(managed="")
    assert used_by(own)["llama"] == (BY_HAND,)
    assert used_by(own, with_handmade=True)["llama"] == ()


@pytest.mark.parametrize("status", ["", "Pending", "Progressing"])
def test_a_download_at_work_is_not_disturbed(status):
    assert used_by(artifact(status={"status": status}))["llama"] == (DOWNLOADING,)


NAMES = ["persistentVolumeClaim", "claimName", "cache", "artifacts", "name", "status", "volumes", "uid"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "kind": st.sampled_from(["AIMArtifact", "AIMTemplateCache", "AIMService", "Pod", "InferenceService"]),
                "metadata": st.fixed_dictionaries(
                    {"name": st.sampled_from("abc")}, optional={"labels": JSON, "ownerReferences": JSON}
                ),
            },
            optional={"spec": JSON, "status": JSON},
        ),
        max_size=5,
    )
)
def test_any_objects_give_an_answer_in_any_order(objects):
    resources = [r for r in map(Resource.of, objects) if r is not None]
    forward = cache_entries(resources)
    assert {e.key for e in forward} == {r.key for r in resources if r.kind in ("AIMArtifact", "AIMTemplateCache")}
    backward = cache_entries(resources[::-1])
    assert sorted(e.is_unused for e in forward) == sorted(e.is_unused for e in backward)
