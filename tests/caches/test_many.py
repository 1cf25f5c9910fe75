"""A thousand artifacts in fifty caches: once they are Ready nothing is written any more."""

from datetime import timedelta

import pytest

from aimcore.api.kinds import AIM_KINDS
from aimcore.naming import artifact_child_name
from aimcore.resource import Key
from aimcore.testing.histories import Edit, Play

CACHES, SOURCES = 50, 20
NAMESPACE = "ml-team"
PAUSED = {"aim.eai.amd.com/reconciliation-paused": "true"}


def made(play, kind, name, spec, status=None, **metadata):
    version = AIM_KINDS[kind].api_version if kind in AIM_KINDS else "v1"
    named = {"name": name, "namespace": NAMESPACE, **metadata}
    stored = play.cluster.create({"apiVersion": version, "kind": kind, "metadata": named, "spec": spec}).object
    if status:
        play.act([Edit(Key(kind, NAMESPACE, name), {"status": status}, "status")])
    return stored


@pytest.fixture(scope="module")
def steady():
    """Fifty templates, their caches, and what an earlier operator downloaded for them."""
    play = Play({"images": []})
    ready = [{"type": "Ready", "status": "True", "reason": "Ready", "message": ""}]
    for number in range(CACHES):
        uris = [f"hf://org-{number}/model-{place}" for place in range(SOURCES)]
        sources = [{"modelId": uri.removeprefix("hf://"), "sourceUri": uri, "size": "1Gi"} for uri in uris]
        stored = {"status": "Ready", "conditions": ready, "modelSources": sources}
        made(play, "AIMServiceTemplate", f"t-{number}", {"modelName": "m"}, stored, annotations=PAUSED)
        spec = {"templateName": f"t-{number}", "templateScope": "Namespace", "mode": "Shared"}
        made(play, "AIMTemplateCache", f"c-{number}", spec)
        for place, uri in enumerate(uris):
            name = f"a-{number}-{place}"
            artifact = made(play, "AIMArtifact", name, {"sourceUri": uri, "size": "1Gi"}, {"status": "Ready"})
            bound(play, name, artifact["metadata"]["uid"])
    assert play.converge(timedelta(minutes=5))
    return play


def bound(play, name, uid):
    claim = artifact_child_name(name, "cache", uid)
    resources = {"requests": {"storage": "2Gi"}}
    spec = {"accessModes": ["ReadWriteMany"], "resources": resources, "volumeName": f"pv-{name}"}
    made(play, "PersistentVolumeClaim", claim, spec, {"phase": "Bound"})


def quiet(play, act):
    before, versions = play.driver.writes.copy(), play.cluster.resource_version
    act()
    assert play.converge(timedelta(hours=12))
    return play.driver.writes == before and play.cluster.resource_version == versions


def test_a_thousand_artifacts_that_are_there_are_ready_without_a_single_download(steady):
    assert len(steady.keys("AIMArtifact")) == CACHES * SOURCES
    assert {a["status"]["status"] for a in steady.cluster.objects("AIMArtifact")} == {"Ready"}
    assert {c["status"]["status"] for c in steady.cluster.objects("AIMTemplateCache")} == {"Ready"}
    assert [len(c["status"]["artifacts"]) for c in steady.cluster.objects("AIMTemplateCache")] == [SOURCES] * CACHES
    assert steady.keys("Job") == []


@pytest.mark.rule("B6", "AD-8")
def test_a_look_at_all_of_them_writes_nothing(steady):
    assert quiet(steady, steady.driver.resync)


@pytest.mark.rule("A5.5", "AD-8")
def test_neither_time_nor_a_restart_writes_anything(steady):
    assert quiet(steady, steady.driver.restart)
    assert {s["status"]["status"] for s in steady.cluster.objects("AIMArtifact")} == {"Ready"}


@pytest.mark.rule("A11", "AD-12")
def test_lists_read_anew_write_nothing(steady):
    assert quiet(steady, steady.driver.relist)
