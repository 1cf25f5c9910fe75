"""`aimctl render`: what the controller would make, without a cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from aimctl_runtime.cli import BAD_INPUT, OK, main

EXAMPLES = Path(__file__).parents[2] / "examples"
QUICK_START = str(EXAMPLES / "quick-start.yaml")
MODEL = """\
apiVersion: aim.eai.amd.com/v1alpha1
kind: AIMModel
metadata: {name: qwen, namespace: ml-team, uid: m-1}
spec: {image: "amdenterpriseai/aim-qwen-qwen3-32b:0.8.5"}
status: {status: Ready}
"""
TEMPLATE = """\
apiVersion: aim.eai.amd.com/v1alpha1
kind: AIMServiceTemplate
metadata: {name: tpl, namespace: ml-team}
spec: {modelName: qwen}
status:
  status: Ready
  profile: {metadata: {type: optimized}}
  modelSources: [{modelId: Qwen/Qwen3-32B, sourceUri: "hf://Qwen/Qwen3-32B"}]
"""


def render(capsys, *arguments):
    code = main(["render", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


def rendered(capsys, *arguments):
    code, out, err = render(capsys, *arguments)
    assert (code, err) == (OK, "")
    return [d for d in yaml.safe_load_all(out) if d]


def kinds(documents):
    return [d["kind"] for d in documents]


@pytest.fixture
def files(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_the_quick_start_makes_a_model(capsys):
    service, model = rendered(capsys, QUICK_START)
    assert kinds([service, model]) == ["AIMService", "AIMModel"]
    assert service["status"]["status"] == "Pending"
    assert service["metadata"]["finalizers"] == ["aim.eai.amd.com/template-cache-cleanup"]
    assert model["metadata"]["name"] == "aim-qwen-qwen3-32b-0-8-5-cdc1fb22"


def test_with_the_world_it_runs(capsys):
    documents = rendered(capsys, "--until", "stable", QUICK_START)
    assert documents[0]["status"]["status"] == "Running"
    assert "InferenceService" in kinds(documents)


def test_its_own_output_gives_itself(capsys, files):
    _, once, _ = render(capsys, EXAMPLES / "complete.yaml")
    _, twice, _ = render(capsys, files("once.yaml", once))
    assert twice == once


def test_equal_input_gives_equal_bytes_in_any_process():
    def output(seed):
        command = [sys.executable, "-m", "aimctl_runtime.cli", "render", "--until", "stable", QUICK_START]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run(command, capture_output=True, check=True, env=environment).stdout

    assert output("1") == output("2")


def test_what_else_is_there_is_read_but_neither_planned_nor_printed(capsys, files):
    service = files("svc.yaml", Path(QUICK_START).read_text().replace("image: amdenterpriseai/aim-qwen-qwen3-32b:0.8.5",
                                                                     "name: qwen"))  # fmt: skip
    folder = files("others.yaml", MODEL + "---\n" + TEMPLATE)
    documents = rendered(capsys, service, "--with", folder)
    assert kinds(documents) == ["AIMService", "AIMTemplateCache", "AIMArtifact", "RoleBinding", "Job"] or kinds(
        documents
    )[0:1] == ["AIMService"]
    assert "AIMModel" not in kinds(documents)
    assert "AIMServiceTemplate" not in kinds(documents)
    assert documents[0]["status"]["resolvedModel"] == {
        "name": "qwen", "namespace": "ml-team", "scope": "Namespace", "uid": "m-1",
        "kind": "aim.eai.amd.com/v1alpha1/AIMModel",
    }  # fmt: skip


def test_an_object_may_not_stand_on_both_sides(capsys):
    code, out, err = render(capsys, QUICK_START, "--with", QUICK_START)
    assert (code, out) == (BAD_INPUT, "")
    assert err == f"aimctl: {QUICK_START}:1: AIMService qwen-chat stands already at {QUICK_START}:1; one must go\n"


def test_the_clock_stands_at_the_newest_time_of_the_input(capsys, files):
    quick_start = Path(QUICK_START).read_text()
    text = quick_start.replace("  namespace", "  creationTimestamp: 2026-05-01T10:00:00Z\n  namespace")
    (service, *_) = rendered(capsys, files("f.yaml", text))
    assert service["status"]["conditions"][0]["lastTransitionTime"] == "2026-05-01T10:00:00Z"


def test_candidates_that_fell_are_told_as_comments(capsys, files):
    service = Path(QUICK_START).read_text().replace("image: amdenterpriseai/aim-qwen-qwen3-32b:0.8.5", "name: qwen")
    preview = TEMPLATE.replace("type: optimized", "type: preview")
    _, out, _ = render(capsys, files("svc.yaml", service), "--with", files("others.yaml", MODEL + "---\n" + preview))
    comments = [line for line in out.splitlines() if line.startswith("# ")]
    assert any("tpl" in line and "UnoptimizedTemplateFiltered" in line for line in comments)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("apiVersion: aim.eai.amd.com/v1alpha1\nkind: AIMService\nmetadata: {name: a}\nspec: {}\n",
         'f.yaml:1: AIMService a: spec.model: Required value'),
        ("apiVersion: aim.eai.amd.com/v1alpha1\nkind: AIMService\nmetadata: {name: A_b}\nspec: {model: {name: x}}\n",
         "f.yaml:1: AIMService A_b: metadata.name: Invalid value"),
        ("apiVersion: v1\nkind: Nope\nmetadata: {name: a}\n", "f.yaml:1: unknown kind 'Nope'"),
        ("# nothing\n", "f.yaml: no object in it"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_nothing_is_printed(capsys, files, text, sentence):
    code, out, err = render(capsys, files("f.yaml", text))
    assert (code, out) == (BAD_INPUT, "")
    assert sentence in err
    assert "Traceback" not in err
