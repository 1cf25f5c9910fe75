"""Route paths are rendered from templates, by the rules of each revision."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aimcore.paths import PathProblem, RenderedPath, render_path

UID = "12345678-90ab"
SERVICE = {
    "metadata": {
        "name": "Qwen.Chat",
        "namespace": "Testing",
        "uid": UID,
        "labels": {
            "aim.silogen.ai/workload-id": "Workload-42",
            "example.com/team": "Red Team",
            "team": "Red",
            "empty": "",
            **{f"long{i}": "x" * 63 for i in range(4)},
        },
        "annotations": {"owner": "Team-A/B", "odd": 5},
    },
    "spec": {
        "replicas": 3,
        "autoScaling": {"ratio": 1.5, "on": True, "none": None},
        "env": [{"name": "A", "value": "1"}, {"name": "B"}],
        "runtimeConfigName": "team",
        "where": "keyword",
        "1st": "digit",
    },
    "status": {"resolvedModel": {"name": "Meta/Llama-3-8B"}},
}
FOUR = "/".join(f"{{.metadata.labels['long{i}']}}" for i in range(4))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["metadata", "spec", "labels", "a", "0"]), inner),
    max_leaves=8,
)


def path(template, revision, service=SERVICE):
    answer = render_path(template, service, revision=revision)
    assert isinstance(answer, RenderedPath), answer
    return answer.path


def problem(template, revision=2, service=SERVICE):
    answer = render_path(template, service, revision=revision)
    assert isinstance(answer, PathProblem), answer
    return answer


@pytest.mark.rule("R-10.7", "R-10.5", "R-10.4", "D-26")
@pytest.mark.parametrize(
    ("template", "first", "second"),
    [
        (
            "/{.metadata.namespace}/{.metadata.labels['aim.silogen.ai/workload-id']}/",
            "/testing/workload-42",
            "/testing/workload-42",
        ),
        ("/{.metadata.namespace}/{.status.resolvedModel.name}", "/testing/meta-llama-3-8b", "/testing/meta/llama-3-8b"),
        ("{.metadata.annotations['owner']}", "/team-a/b", "/team-a/b"),
        ('{.metadata.annotations["owner"]}', "/team-a/b", "/team-a/b"),
        ("{.metadata.annotations.owner}", "/team-a-b", "/team-a/b"),
        (None, "/testing/12345678-90ab", "/testing/qwen.chat"),
        ("", "/testing/12345678-90ab", "/testing/qwen.chat"),
        ("v1.0/{.metadata.name}", "/v1-0/qwen-chat", "/v1.0/qwen.chat"),
        ("/{.metadata.labels['empty']}/x", "/x", "/x"),
        (r"{.metadata.labels.example\.com/team}", "/red-team", "/red%20team"),
        ("{$.metadata.labels.team}/{@.metadata.name}", "/red/qwen-chat", "/red/qwen.chat"),
        ("{.spec.replicas}/{.spec.autoScaling.ratio}/{.spec.autoScaling.on}", "/3/1-5/true", "/3/1.5/true"),
        ("{.spec.env[0].name}{.spec.env[-1].name}", "/ab", "/ab"),
        ("{.spec.env[0:1].name}", "/a", "/a"),
        ("{.spec.env[*].value}", "/1", "/1"),
        ("{.spec.autoScaling..ratio}", "/1-5", "/1.5"),
        ("{.spec.where}/{.spec.1st}", "/keyword/digit", "/keyword/digit"),
        ("/ü b/~x_{}", "/b/x", "/%C3%BC%20b/~x_%7B%7D"),
        ("//a///b/", "/a/b", "/a/b"),
        ("/", "/", "/"),
        ("{}", "/", "/%7B%7D"),
    ],
)
def test_templates_are_rendered(template, first, second):
    assert path(template, 1) == first
    assert path(template, 2) == second


@pytest.mark.rule("R-10.4", "D-3")
@pytest.mark.parametrize("revision", [1, 2])
@pytest.mark.parametrize(
    ("template", "expression", "message"),
    [
        ("/{.metadata.labels['nope']}", ".metadata.labels['nope']", 'label "nope" not found'),
        ('/{.metadata.annotations["nope"]}', '.metadata.annotations["nope"]', 'annotation "nope" not found'),
        ("/{.metadata.annotations['odd']}", ".metadata.annotations['odd']", 'annotation "odd" not found'),
        ("/{.metadata[}", ".metadata[", "invalid jsonpath expression"),
        ("/{ }", "", "invalid jsonpath expression"),
        ("/{metadata.name}", "metadata.name", "invalid jsonpath expression"),
        ("/{.a|.b}", ".a|.b", "invalid jsonpath expression"),
        ("/{range .spec.env[*]}", "range .spec.env[*]", "invalid jsonpath expression"),
        ("/{.spec.env[?(@.name=='A')].value}", ".spec.env[?(@.name=='A')].value", "invalid jsonpath expression"),
        ("/{.spec.`len`}", ".spec.`len`", "invalid jsonpath expression"),
        ("/{$}", "$", "invalid jsonpath expression"),
        ("/{.spec.nope}", ".spec.nope", ".spec.nope is not found"),
        ("/{.spec.autoScaling.none}", ".spec.autoScaling.none", ".spec.autoScaling.none is not found"),
        ("/{.spec.nope.deeper}", ".spec.nope.deeper", ".spec.nope.deeper is not found"),
        ("/{.spec.replicas[0]}", ".spec.replicas[0]", ".spec.replicas[0] is not found"),
        ("/{.spec.env[7].name}", ".spec.env[7].name", ".spec.env[7].name is not found"),
        ("/{.metadata.labels[0]}", ".metadata.labels[0]", ".metadata.labels[0] is not found"),
        ("/{.spec.env[*].name}", ".spec.env[*].name", ".spec.env[*].name gives 2 values, exactly one is allowed"),
        ("/{.spec.env}", ".spec.env", ".spec.env is no text, number or boolean"),
        ("{.metadata.labels['empty']}", "{.metadata.labels['empty']}", "renders to an empty path"),
        ("  ", "  ", "renders to an empty path"),
        (FOUR, FOUR, "the path exceeds 200 characters"),
    ],
)
def test_what_cannot_be_rendered_is_named_with_its_expression(template, expression, message, revision):
    assert problem(template, revision) == PathProblem(expression, message)


@pytest.mark.rule("R-10.4")
def test_the_reference_reads_some_members_in_its_own_way():
    assert path("/x/{.spec.serviceAccountName}/{.metadata.generation}", 1) == "/x/0"
    assert problem("{.spec.runtimeConfigName}", 1).message == ".spec.runtimeConfigName is not found"
    assert path("{.spec.runtimeConfigName}", 2) == "/team"
    assert problem("{.spec.serviceAccountName}", 2).message == ".spec.serviceAccountName is not found"


@pytest.mark.rule("R-10.4")
def test_quoted_keys_are_a_path_from_revision_2_on():
    assert problem("{.spec['replicas']}", 1).message == "invalid jsonpath expression"
    assert path("{.spec['replicas']}", 2) == "/3"
    assert path('{$.metadata.labels["example.com/team"]}', 2) == "/red%20team"
    assert problem("{.spec['*']}", 2).message == "invalid jsonpath expression"
    assert problem(r"{.spec.\*}", 2).message == "invalid jsonpath expression"


@pytest.mark.rule("D-26")
@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("/a/../b", 'the path must not hold the segment ".."'),
        ("/./b", 'the path must not hold the segment "."'),
        ("/a%2Fb", "the path must not hold an encoded slash (%2F)"),
        ("/" + "a" * 200, "the path exceeds 200 characters"),
        ("/" + "ü" * 40, "the path exceeds 200 characters"),
    ],
)
def test_what_a_gateway_would_misread_is_refused(template, message):
    assert problem(template).message == message


@pytest.mark.rule("R-10.4")
def test_a_path_of_200_characters_is_allowed():
    assert len(path("/" + "a" * 199, 2)) == 200
    assert problem("/" + "a" * 200, 1).message == "the path exceeds 200 characters"


EXPRESSION = st.text(alphabet="{}.[]'\"$@*:0123-\\abc `|/%", max_size=24)


@pytest.mark.rule("R-10.4", "R-10.6")
@given(st.text() | EXPRESSION | EXPRESSION.map(lambda e: "{" + e + "}"), JSON, st.sampled_from([1, 2]))
@example("{..a}", {"a": [{"a": "x"}]}, 2)
@example("{.a}", {"a": 10**5000}, 2)
@example("{.a}", {"a": "\ud800"}, 1)
@example("{.a[:]}", {"a": {"b": "c"}}, 2)
def test_any_template_gives_a_path_or_a_problem(template, service, revision):
    service = service if isinstance(service, dict) else {"metadata": service}
    answer = render_path(template, service, revision=revision)
    if isinstance(answer, RenderedPath):
        assert len(answer.path) <= 200
        assert re.fullmatch(r"(/[a-z0-9A-F%._~-]+)+|/", answer.path)
    else:
        assert answer.message
