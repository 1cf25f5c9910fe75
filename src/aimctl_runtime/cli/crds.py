"""`aimctl crds`: the custom resource definitions as YAML, for `kubectl apply --server-side -f -`."""

from __future__ import annotations

from collections.abc import Sequence

from aimctl_runtime.cli import OK, Problem, parser, say
from aimctl_runtime.cli.documents import dump
from aimctl_runtime.packaged import our_crds


def main(arguments: Sequence[str]) -> int:
    """Print all definitions, or those named by kind, plural or short name."""
    options = parser("crds", "Print the custom resource definitions as YAML.")
    options.add_argument("name", nargs="*", help="kind, plural or short name (default: all ten)")
    wanted = options.parse_args(arguments).name
    chosen = our_crds() if not wanted else tuple(_find(name) for name in wanted)
    say("---\n".join(dump(crd) for crd in chosen).rstrip())
    return OK


def _find(name: str) -> dict[str, object]:
    known = {}
    for crd in our_crds():
        names = crd["spec"]["names"]
        for alias in (names["kind"], names["plural"], names["singular"], *names["shortNames"]):
            known[alias.lower()] = crd
    if name.lower() not in known:
        kinds = ", ".join(crd["spec"]["names"]["kind"] for crd in our_crds())
        raise Problem(f"unknown kind {name!r}; known kinds are {kinds}")
    return known[name.lower()]
