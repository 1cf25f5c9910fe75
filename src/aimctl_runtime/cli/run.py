"""`aimctl run`: the controller, against the cluster of a kubeconfig or the one it runs in."""

from __future__ import annotations

import os
from collections.abc import Sequence

from aimctl_runtime.cli import BAD_INPUT, NO_CLUSTER, OK, Problem, say
from aimctl_runtime.settings import SettingsError, parse_settings

_HELP = """\
usage: aimctl run [FLAGS]

Run the controller until SIGTERM. Without --kubeconfig (or KUBECONFIG) it uses
the cluster that it runs in.

flags (one dash or two; booleans as --x or --x=false):
  --kubeconfig PATH                 the cluster to work on
  --leader-elect                    work only while holding the leader lease
  --health-probe-bind-address ADDR  probes (default :8081; 0: none)
  --metrics-bind-address ADDR       metrics (default 0: none)
  --metrics-secure                  TLS and authorization (default true)
  --metrics-cert-path DIR           certificate (default: self-signed)
  --workers N                       objects worked on at once (default 4)
  --zap-log-level LEVEL             debug, info, error, panic, or a number
  --zap-encoder FORMAT              json (default) or console
  --zap-devel                       console format, debug level

All other flags of the AIM Engine v0.2 are accepted and have no effect."""


def main(arguments: Sequence[str]) -> int:
    """Run the controller; answers with its exit code."""
    if any(a in ("-h", "--help", "-help") for a in arguments):
        say(_HELP)
        return OK
    try:
        settings = parse_settings(arguments, os.environ)
    except SettingsError as error:
        raise Problem(str(error), BAD_INPUT) from error
    from aimctl_runtime import app, scopes
    from aimctl_runtime.client import ConfigurationError, connect
    from aimctl_runtime.serving import StartError

    try:
        return scopes.run(lambda: app.run(settings, lambda: connect(settings.kubeconfig or None)))
    except ConfigurationError as error:
        raise Problem(str(error), NO_CLUSTER) from error
    except StartError as error:
        raise Problem(str(error), BAD_INPUT) from error
