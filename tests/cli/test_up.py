"""`aimctl up` and `aimctl demo`, as processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
QUICK_START = str(ROOT / "examples" / "quick-start.yaml")


def aimctl(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "aimctl_runtime.cli", *arguments],
        capture_output=True, text=True, timeout=100, cwd=cwd, check=False,
    )  # fmt: skip


def test_up_until_ready_ends_with_zero_when_the_service_runs(tmp_path):
    done = aimctl("up", "--apply", QUICK_START, "--until-ready", "--speed", "100", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("API at http://127.0.0.1:")
    assert lines[1] == "export KUBECONFIG=.aimctl/kubeconfig"
    assert lines[-1].split()[-2:] == ["ml-team/qwen-chat", "Running"]
    config = yaml.safe_load((tmp_path / ".aimctl" / "kubeconfig").read_text())
    assert config["clusters"][0]["cluster"]["server"].startswith("http://127.0.0.1:")


def test_up_ends_with_one_when_a_service_does_not_run_in_time(tmp_path):
    (tmp_path / "world.yaml").write_text("nodes: []\n")
    done = aimctl("up", "--apply", QUICK_START, "--until-ready", "--speed", "200", "--timeout", "120",
                  "--world", "world.yaml", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "not all services are Running after 120 simulated seconds"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--speed", "0"], "aimctl: --speed 0 is not allowed: give a number above 0"),
        (["--until-ready"], "aimctl: --until-ready needs at least one AIMService in --apply"),
        (["--world", "nope.yaml"], "aimctl: nope.yaml: cannot be read: No such file or directory"),
        (["--world", "bad.yaml"], "aimctl: bad.yaml:2: not valid YAML:"),
        (["--world", "odd.yaml"], "odd.yaml: "),
        (["--apply", "bad.yaml"], "aimctl: bad.yaml:2:1: not valid YAML"),
    ],
)
def test_bad_input_ends_with_two_and_one_sentence(tmp_path, arguments, sentence):
    (tmp_path / "bad.yaml").write_text("a: [\n")
    (tmp_path / "odd.yaml").write_text("nodez: []\n")
    done = aimctl("up", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_refused_object_applies_nothing(tmp_path):
    (tmp_path / "two.yaml").write_text(
        Path(QUICK_START).read_text()
        + "---\napiVersion: aim.eai.amd.com/v1alpha1\nkind: AIMService\nmetadata: {name: b}\nspec: {}\n"
    )
    done = aimctl("up", "--apply", "two.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "two.yaml:10: AIMService b: spec.model: Required value" in done.stderr
    assert "ml-team/qwen-chat" not in done.stdout


def test_up_stays_until_it_is_interrupted(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "aimctl_runtime.cli", "up"], stdout=subprocess.PIPE, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    first = process.stdout.readline()
    second = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.stdout.close()
    assert process.wait(timeout=30) == 0
    assert first.startswith("API at ")
    assert second.startswith("export KUBECONFIG=")


def test_the_demo_shows_the_service_its_children_its_status_and_what_is_next(tmp_path):
    done = aimctl("demo", "--speed", "200", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    out = done.stdout
    for part in ("The service:", "Its children:", "Its status:", "Next:"):
        assert part in out
    status = yaml.safe_load(out[out.index("  status:\n") : out.index("Next:")])["status"]
    assert status["status"] == "Running"
    assert status["routing"] == {"path": "/ml-team/qwen-chat"}
    assert status["resolvedRuntimeConfig"]["scope"] == "Namespace"
    assert status["resolvedModel"]["kind"] == "aim.eai.amd.com/v1alpha1/AIMModel"
    assert status["conditions"][-1]["reason"] == "AllComponentsReady"
    assert len(out[out.index("Next:") :].strip().splitlines()) == 5
    for kind in ("AIMModel", "AIMServiceTemplate", "AIMTemplateCache", "AIMArtifact", "InferenceService", "HTTPRoute"):
        assert f"\n{kind} " in out


def test_the_quick_start_of_the_package_is_the_example():
    packaged = ROOT / "src" / "aimctl_runtime" / "quick-start.yaml"
    assert packaged.read_text() == Path(QUICK_START).read_text()
