"""The `aimctl` command. One module per command; a command's module is imported only when it runs.

Exit codes: 0 done; 1 not reached (a service did not become Running, a check failed); 2 bad input or usage;
3 the cluster cannot be used (unreachable, CRDs or permissions missing); 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

OK, NOT_REACHED, BAD_INPUT, NO_CLUSTER, INTERRUPTED = 0, 1, 2, 3, 130

COMMANDS: dict[str, str] = {
    "up": "start a local cluster with the controller, on this machine, nothing installed",
    "demo": "the user guide's Quick Start on a local cluster, from YAML to Running",
    "render": "print what the controller would make of YAML files, without a cluster",
    "cache": "list cached models and who refers to them; delete what nobody refers to",
    "crds": "print the custom resource definitions",
    "run": "run the controller against a cluster (kubeconfig or in-cluster)",
    "version": "print the version",
}


class Problem(Exception):  # noqa: N818  (not every one is an error)
    """Something a person can mend, in one sentence. `code` is the exit code."""

    def __init__(self, message: str, code: int = BAD_INPUT) -> None:
        super().__init__(message)
        self.code = code


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; answers with the exit code. Errors that a person can mend go to stderr, one sentence each."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        command = _chosen(arguments)
        return command(arguments[1:])
    except ModuleNotFoundError as error:
        print(f"aimctl: {_missing_extra(error, arguments[0])}", file=sys.stderr)  # noqa: T201
        return BAD_INPUT
    except Problem as problem:
        print(f"aimctl: {problem}", file=sys.stderr)  # noqa: T201
        return problem.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return OK


def _chosen(arguments: Sequence[str]) -> Callable[[Sequence[str]], int]:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        return _help
    name = arguments[0]
    if name == "--version":
        name = "version"
    if name not in COMMANDS:
        raise Problem(f"unknown command {name!r}; commands are {', '.join(COMMANDS)}")
    module = import_module(f"aimctl_runtime.cli.{name}")
    command: Callable[[Sequence[str]], int] = module.main
    return command


def _missing_extra(error: ModuleNotFoundError, command: str) -> str:
    """Which extra brings the module that is missing."""
    missing = (error.name or "").partition(".")[0]
    if missing.startswith(("aimcore", "aimctl_runtime")):
        raise error
    extra = {"run": "runtime", "cache": "all", "up": "all", "demo": "all"}.get(command, "cli")
    return f"{command!r} needs the Python package {missing!r}: install it with  pip install 'aimctl[{extra}]'"


def _help(_arguments: Sequence[str]) -> int:
    width = max(map(len, COMMANDS))
    lines = [
        "usage: aimctl COMMAND [OPTIONS]",
        "",
        "Serve AI models on Kubernetes from one AIMService.",
        "",
        "commands:",
        *(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items()),
        "",
        "Options of a command:  aimctl COMMAND --help",
    ]
    print("\n".join(lines))  # noqa: T201
    return OK


def parser(command: str, description: str) -> argparse.ArgumentParser:
    """The argument parser of one command, with the house's manners."""
    return argparse.ArgumentParser(
        prog=f"aimctl {command}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def say(text: str) -> None:
    """Print a line for people or scripts on stdout, at once."""
    print(text, flush=True)  # noqa: T201


def warn(text: str) -> None:
    """Print a line for people on stderr."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201
