"""`aimctl run`: the controller as a process, against a cluster that another process holds."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aimctl_runtime.cli import BAD_INPUT, NO_CLUSTER, OK, main

ENVIRONMENT = {**os.environ, "PYTHONUNBUFFERED": "1", "AIM_SYSTEM_NAMESPACE": "default"}


@contextmanager
def aimctl(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "aimctl_runtime.cli", *arguments], cwd=cwd, env=ENVIRONMENT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    with process:
        try:
            yield process
        finally:
            process.terminate()


def until(process: subprocess.Popen[str], text: str) -> str:
    """What the process says until it says this."""
    said = ""
    for line in process.stdout or ():
        said += line
        if text in line:
            return said
    raise AssertionError(said)


def test_the_controller_works_on_the_cluster_of_a_kubeconfig_until_it_is_told_to_stop(tmp_path):
    with aimctl("up", "--kubeconfig", "config", cwd=tmp_path) as cluster:
        until(cluster, "KUBECONFIG")
        flags = ["--kubeconfig", "config", "--leader-elect", "--health-probe-bind-address", "0"]
        with aimctl("run", *flags, cwd=tmp_path) as controller:
            said = until(controller, "starting workers")
            assert "leading" in said
            controller.send_signal(signal.SIGTERM)
            said = controller.stdout.read()
            assert controller.wait(30) == OK
            assert "the lease was released" in said
            assert "Traceback" not in said


def kubeconfig(folder: Path) -> str:
    """A kubeconfig that names a server at which nobody listens."""
    text = """\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]
contexts: [{name: c, context: {cluster: c, user: ""}}]
current-context: c
"""
    (folder / "config").write_text(text)
    return str(folder / "config")


def test_an_address_that_is_taken_is_one_sentence(capsys, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        code = main(["run", "--kubeconfig", kubeconfig(tmp_path), "--health-probe-bind-address", address])
    assert code == BAD_INPUT
    sentence = f"aimctl: --health-probe-bind-address={address} cannot be used: "
    assert capsys.readouterr().err.splitlines()[-1].startswith(sentence)


def test_a_kubeconfig_that_is_not_there_is_no_cluster(capsys, tmp_path):
    assert main(["run", "--kubeconfig", str(tmp_path / "none")]) == NO_CLUSTER
    assert capsys.readouterr().err.startswith("aimctl: No cluster is configured: ")


def test_a_flag_that_is_wrong_is_bad_input(capsys):
    assert main(["run", "--workers=many"]) == BAD_INPUT
    assert "--workers" in capsys.readouterr().err


def test_help_names_the_flags_that_have_an_effect(capsys):
    assert main(["run", "-help"]) == OK
    out = capsys.readouterr().out
    assert "--leader-elect" in out
    assert max(map(len, out.splitlines())) <= 80
