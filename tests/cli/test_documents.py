"""YAML files as objects; every fault is one sentence with file and line."""

from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimctl_runtime.cli import BAD_INPUT, Problem
from aimctl_runtime.cli.documents import dump, load_documents

KINDS = {("v1", "Secret"), ("aim.eai.amd.com/v1alpha1", "AIMService")}
GOOD = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"


def load(tmp_path, text, name="f.yaml"):
    file = tmp_path / name
    file.write_text(text)
    return load_documents([str(file)], KINDS)


def fault(tmp_path, text):
    with pytest.raises(Problem) as raised:
        load(tmp_path, text)
    assert raised.value.code == BAD_INPUT
    return str(raised.value).replace(f"{tmp_path}/", "")


def test_documents_keep_their_place(tmp_path):
    found = load(tmp_path, f"# first\n{GOOD}---\n---\n{GOOD.replace('name: a', 'name: b')}")
    assert [(d.object["metadata"]["name"], d.line) for d in found] == [("a", 2), ("b", 7)]
    assert found[0].place.endswith("f.yaml:2")


def test_a_list_stands_for_its_items(tmp_path):
    text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n"
    assert len(load(tmp_path, text)) == 1
    assert load(tmp_path, "apiVersion: v1\nkind: List\n") == []


def test_times_stay_texts(tmp_path):
    (document,) = load(tmp_path, GOOD + "at: 2026-11-23T15:33:00Z\n")
    assert document.object["at"] == "2026-11-23T15:33:00Z"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [\n", "f.yaml:2:1: not valid YAML: "),
        ("a: b: c\n", "f.yaml:1:5: not valid YAML: mapping values are not allowed in this context"),
        ("- 1\n", "f.yaml:1: expected a Kubernetes object (a mapping with apiVersion, kind, metadata), found a list"),
        ("hello\n", "found 'hello'"),
        ("kind: Secret\n", "f.yaml:1: apiVersion is missing; every object needs apiVersion, kind and metadata.name"),
        ("apiVersion: v1\n", "kind is missing"),
        ("apiVersion: v1\nkind: Sekret\nmetadata: {name: a}\n",
         "f.yaml:1: unknown kind 'Sekret' (apiVersion 'v1'); known kinds are AIMService, Secret"),
        ("apiVersion: v2\nkind: Secret\nmetadata: {name: a}\n",
         "unknown apiVersion 'v2' for kind Secret; expected v1"),
        ("apiVersion: v1\nkind: Secret\n", "metadata.name of this Secret is missing"),
        ("apiVersion: v1\nkind: Secret\nmetadata: {name: 5}\n", "metadata.name of this Secret is missing"),
        ("apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: [1]}\n",
         "metadata.namespace of this Secret must be a text, found a list"),
        ("apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: {x: 1}}\n", "found a mapping"),
        ("apiVersion: v1\nkind: List\nitems: 5\n", "items of a List must be a list"),
        ("{[a]: 1}\n", "not valid YAML"),
    ],
)  # fmt: skip
def test_a_fault_is_one_sentence_with_its_place(tmp_path, text, sentence):
    said = fault(tmp_path, text)
    assert sentence in said
    assert "\n" not in said


def test_all_faults_are_told_at_once(tmp_path):
    assert fault(tmp_path, "- 1\n---\nkind: Secret\n").count("\n") == 1


def test_a_folder_stands_for_its_files(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.json").write_text('{"apiVersion":"v1","kind":"Secret","metadata":{"name":"b"}}')
    (tmp_path / "a.yml").write_text(GOOD)
    (tmp_path / "note.txt").write_text("not yaml: [")
    found = load_documents([str(tmp_path)], KINDS)
    assert [d.object["metadata"]["name"] for d in found] == ["a", "b"]


def test_an_empty_folder_and_missing_files_are_said(tmp_path):
    with pytest.raises(Problem, match=r"holds no \.yaml"):
        load_documents([str(tmp_path)], KINDS)
    with pytest.raises(Problem, match="cannot be read: No such file"):
        load_documents([str(tmp_path / "x.yaml")], KINDS)
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(Problem, match="not UTF-8"):
        load_documents([str(tmp_path / "x.yaml")], KINDS)


def test_a_dash_is_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(GOOD))
    (document,) = load_documents(["-"], KINDS)
    assert document.place == "<stdin>:1"


@given(st.text(max_size=200))
def test_any_text_gives_documents_or_a_problem(tmp_path_factory, text):
    try:
        load(tmp_path_factory.mktemp("x"), text.encode("utf-8", "replace").decode())
    except Problem as problem:
        assert str(problem)  # noqa: PT017  (it may raise, it need not)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_what_is_dumped_reads_back(tmp_path_factory, value):
    text = dump({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": value})
    (document,) = load(tmp_path_factory.mktemp("x"), text)
    assert document.object["data"] == value
