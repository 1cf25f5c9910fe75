"""Children are stamped with labels and owner references, and nothing they have is overwritten."""

from __future__ import annotations

import copy
import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore import labels, vocabulary
from aimcore.resource import Resource


def service(name="qwen-chat", **on_it):
    return Resource.of(
        {
            "apiVersion": "aim.eai.amd.com/v1alpha1",
            "kind": "AIMService",
            "metadata": {"name": name, "namespace": "ml-team", "uid": "uid-1", "labels": on_it.get("labels", {})},
        }
    )


def manifest(kind="HTTPRoute", **metadata):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "child", **metadata}}


def job(pod_labels=None, **own):
    template = {"metadata": {"labels": pod_labels}} if pod_labels is not None else {}
    return {**manifest("Job", labels=own), "spec": {"template": {**template, "spec": {"x": 1}}}}


@pytest.mark.rule("R-12.2", "E-11")
@pytest.mark.parametrize(
    ("pattern", "key", "matches"),
    [
        ("org.example/*", "org.example/team", True),
        ("*", "org.example/team", False),
        ("org*", "org.example/team", False),
        ("compliance.*/severity", "compliance.sec/severity", True),
        ("team-?", "team-1", True),
        ("team-?", "team-10", False),
        ("a?b", "a/b", False),
        ("[invalid", "any", False),
        ("[invalid", "[invalid", False),
        ("[abc]x", "bx", True),
        ("[a-c]x", "dx", False),
        ("[^a-c]x", "dx", True),
        ("[!a]", "!", True),
        ("[!a]", "b", False),
        (r"\*", "*", True),
        (r"\*", "x", False),
        (r"[\]]", "]", True),
        ("[]a]", "a", False),
        ("[a-]", "a", False),
        ("[-a]", "a", False),
        ("[z-a]", "m", False),
        ("[^z-a]", "m", True),
        ("trailing\\", "trailing", False),
        ("", "", True),
        ("Team", "team", False),
        ("[[&|~]", "&", True),
    ],
)
def test_label_patterns_are_shell_globs(pattern, key, matches):
    assert labels.glob_matches(pattern, key) is matches


@given(st.text(max_size=12), st.text(max_size=12))
def test_no_pattern_raises(pattern, key):
    assert labels.glob_matches(pattern, key) in (True, False)


@given(st.text(alphabet="ab*?", max_size=8), st.text(alphabet="ab", max_size=8))
def test_globs_without_slashes_and_classes_agree_with_the_shell(pattern, key):
    assert labels.glob_matches(pattern, key) == fnmatch.fnmatchcase(key, pattern)


@pytest.mark.rule("R-12.2", "R-12.3", "R-12.4")
def test_a_child_gets_domain_labels_matching_labels_controller_labels_and_an_owner():
    parent = service(labels={"team-a": "1", "cost-center": "2", "env": "3", "aim.eai.amd.com/x": "4"})
    stamped = labels.stamp(manifest(), parent, ("team-*", "cost-center", "[bad"), owned=True)
    assert stamped["metadata"] == {
        "name": "child",
        "labels": {
            "team-a": "1",
            "cost-center": "2",
            "aim.eai.amd.com/x": "4",
            "app.kubernetes.io/managed-by": "aim-service-controller",
            "aim.eai.amd.com/service.name": "qwen-chat",
        },
        "ownerReferences": [
            {
                "apiVersion": "aim.eai.amd.com/v1alpha1",
                "kind": "AIMService",
                "name": "qwen-chat",
                "uid": "uid-1",
                "controller": True,
            }
        ],
    }


@pytest.mark.rule("R-12.2", "R-12.3")
def test_a_label_of_the_child_is_never_overwritten():
    parent = service(labels={"aim.eai.amd.com/x": "parent", "team": "parent"})
    own = {
        "aim.eai.amd.com/x": "child",
        "team": "child",
        "app.kubernetes.io/managed-by": "aim-engine",
        "aim.eai.amd.com/service.name": "child",
    }
    assert labels.stamp(manifest(labels=own), parent, ("*",), owned=False)["metadata"]["labels"] == own


@pytest.mark.rule("E-11")
def test_without_patterns_only_labels_of_the_domain_are_inherited():
    parent = service(labels={"team": "1", "aim.eai.amd.com/x": "2"})
    inherited = labels.stamp(manifest(), parent, (), owned=False)["metadata"]["labels"]
    assert "team" not in inherited
    assert inherited["aim.eai.amd.com/x"] == "2"


@pytest.mark.rule("D-18")
def test_the_obsolete_label_stays_where_it_is():
    parent = service(labels={labels.OBSOLETE: "true"})
    assert (
        labels.OBSOLETE
        not in labels.stamp(manifest(), parent, ("*", "aim.eai.amd.com/*"), owned=True)["metadata"]["labels"]
    )


@pytest.mark.rule("D-15", "R-12.3")
def test_a_name_that_is_no_label_value_is_sanitised_on_the_child():
    stamped = labels.stamp(manifest(), service("x" * 70), (), owned=False)
    assert len(stamped["metadata"]["labels"][labels.SERVICE_NAME]) == 63


@pytest.mark.rule("J-2", "A3")
def test_the_pods_of_a_job_get_what_was_added_except_managed_by():
    parent = service(labels={"team": "1", "aim.eai.amd.com/x": "2", "aim.eai.amd.com/own": "parent"})
    child = job({"aim.eai.amd.com/x": "pod"}, **{"aim.eai.amd.com/own": "job"})
    stamped = labels.stamp(child, parent, ("team",), owned=True)
    assert stamped["spec"]["template"]["metadata"]["labels"] == {
        "team": "1",
        "aim.eai.amd.com/x": "pod",
        "aim.eai.amd.com/service.name": "qwen-chat",
    }
    assert stamped["spec"]["template"]["spec"] == {"x": 1}
    assert stamped["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "aim-service-controller"
    bare = labels.stamp(job(), parent, (), owned=True)
    assert labels.SERVICE_NAME in bare["spec"]["template"]["metadata"]["labels"]


@pytest.mark.rule("R-12.4")
def test_an_owner_reference_of_the_same_uid_is_replaced_and_others_stay():
    other = {"kind": "X", "name": "x", "uid": "other"}
    mine = {"kind": "AIMService", "name": "old", "uid": "uid-1", "blockOwnerDeletion": True}
    stamped = labels.stamp(manifest(ownerReferences=[mine, other]), service(), (), owned=True)
    assert stamped["metadata"]["ownerReferences"] == [other, labels.owner_reference(service())]


def test_stamping_changes_neither_manifest_nor_parent():
    child, parent = job({"a": "b"}, c="d"), service(labels={"team": "1"})
    before = copy.deepcopy((child, parent.raw))
    labels.stamp(child, parent, ("*",), owned=True)
    assert (child, parent.raw) == before


def test_stamping_twice_is_stamping_once():
    parent = service(labels={"team": "1", "aim.eai.amd.com/x": "2"})
    once = labels.stamp(job({}, a="b"), parent, ("*",), owned=True)
    assert labels.stamp(once, parent, ("*",), owned=True) == once


@pytest.mark.parametrize(("value", "paused"), [("true", True), ("True", False), ("", False), (None, False)])
def test_only_the_exact_text_pauses(value, paused):
    annotations = {} if value is None else {labels.PAUSED: value}
    raw = {"kind": "AIMService", "metadata": {"name": "x", "annotations": annotations}}
    assert labels.is_paused(Resource.of(raw)) is paused


@pytest.mark.rule("R-12.1", "D-16")
def test_controllers_have_the_published_names():
    assert {kind: tuple(c) for kind, c in vocabulary.CONTROLLERS.items()} == {
        "AIMArtifact": ("artifact", "aim-artifact-controller", "aim.eai.amd.com/artifact.name"),
        "AIMTemplateCache": ("template-cache", "aim-template-cache-controller", "aim.eai.amd.com/template-cache.name"),
        "AIMModel": ("model", "aim-model-controller", "aim.eai.amd.com/model.name"),
        "AIMClusterModel": ("cluster-model", "aim-cluster-model-controller", "aim.eai.amd.com/cluster-model.name"),
        "AIMClusterModelSource": (
            "cluster-model-source",
            "aim-cluster-model-source-controller",
            "aim.eai.amd.com/cluster-model-source.name",
        ),
        "AIMServiceTemplate": (
            "service-template",
            "aim-service-template-controller",
            "aim.eai.amd.com/service-template.name",
        ),
        "AIMClusterServiceTemplate": (
            "cluster-service-template",
            "aim-cluster-service-template-controller",
            "aim.eai.amd.com/cluster-service-template.name",
        ),
        "AIMService": ("service", "aim-service-controller", "aim.eai.amd.com/service.name"),
    }
