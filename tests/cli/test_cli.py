"""The command line: what a person types and sees."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError

import pytest

from aimctl_runtime.cli import BAD_INPUT, COMMANDS, INTERRUPTED, OK, crds, main, version


def run(capsys, *arguments):
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize("ask", [(), ("--help",), ("-h",), ("help",)])
def test_help_names_every_command_within_80_columns(capsys, ask):
    code, out, _ = run(capsys, *ask)
    assert code == OK
    assert all(f"  {name} " in out for name in COMMANDS)
    assert max(map(len, out.splitlines())) <= 90


def test_an_unknown_command_is_said_with_what_is_allowed(capsys):
    code, _, err = run(capsys, "upp")
    assert code == BAD_INPUT
    assert err.startswith("aimctl: unknown command 'upp'; commands are up, demo, ")


@pytest.mark.parametrize("ask", ["version", "--version"])
def test_the_version_is_printed(capsys, ask):
    code, out, _ = run(capsys, ask)
    assert code == OK
    assert out.startswith("aimctl ")


def test_a_missing_library_is_said_with_the_extra_that_brings_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "aimctl_runtime.cli.render", None)
    monkeypatch.setitem(sys.modules, "yaml", None)
    monkeypatch.delitem(sys.modules, "aimctl_runtime.cli.crds", raising=False)
    monkeypatch.delitem(sys.modules, "aimctl_runtime.cli.documents", raising=False)
    code, _, err = run(capsys, "crds")
    assert code == BAD_INPUT
    assert err == "aimctl: 'crds' needs the Python package 'yaml': install it with  pip install 'aimctl[cli]'\n"


def test_commands_without_a_cluster_import_neither_the_cluster_library_nor_the_models():
    """The models take half of what `render` may take; whoever needs our schemas reads them from the package."""
    code = (
        "import sys; from aimctl_runtime.cli import main; main(['render', 'examples/quick-start.yaml']); "
        "main(['crds', 'aimsvc']); main(['version']); main([]); "
        "heavy = {'kubernetes_asyncio', 'aiohttp', 'pydantic'}; "
        "sys.exit(' '.join(heavy & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_crds_prints_all_or_the_named(capsys):
    code, out, _ = run(capsys, "crds")
    assert (code, out.count("\nkind: CustomResourceDefinition")) == (OK, 10)
    code, out, _ = run(capsys, "crds", "aimsvc", "AIMModel")
    assert (code, out.count("\nkind: CustomResourceDefinition")) == (OK, 2)
    code, _, err = run(capsys, "crds", "nope")
    assert code == BAD_INPUT
    assert err.startswith("aimctl: unknown kind 'nope'; known kinds are AIMArtifact")


def test_a_library_that_a_command_imports_late_is_said_too(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "kubernetes_asyncio", None)
    for name in ("aimctl_runtime.client", "aimctl_runtime.app"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    code, _, err = run(capsys, "run", "--health-probe-bind-address=0")
    assert code == BAD_INPUT
    assert err.startswith("aimctl: 'run' needs the Python package 'kubernetes_asyncio': install it with")


def test_a_reader_that_has_read_enough_is_no_error():
    command = [sys.executable, "-m", "aimctl_runtime.cli", "crds"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("apiVersion")
        process.stdout.close()
        assert process.wait(30) == OK
        assert process.stderr.read() == ""


def test_an_interruption_has_an_exit_code_of_its_own(monkeypatch):
    def interrupt(_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(crds, "main", interrupt)
    assert main(["crds"]) == INTERRUPTED


def test_a_module_of_our_own_that_is_missing_is_a_fault_and_not_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "aimctl_runtime.cli.version", None)
    with pytest.raises(ModuleNotFoundError):
        main(["version"])


def test_a_version_is_unknown_where_nothing_is_installed(capsys, monkeypatch):
    def missing(_name):
        raise PackageNotFoundError

    monkeypatch.setattr(version, "version", missing)
    assert run(capsys, "version")[1].startswith("aimctl unknown (not installed) (Python 3.")
