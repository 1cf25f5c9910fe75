"""`aimctl demo`: the guide's Quick Start on a local cluster, from YAML to Running."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aimcore.simulation.settings import WorldSettings
from aimctl_runtime.cli import parser, say
from aimctl_runtime.cli.documents import Document, dump, load_documents
from aimctl_runtime.cli.progress import Progress
from aimctl_runtime.cli.render import known_kinds
from aimctl_runtime.cli.session import Session, session
from aimctl_runtime.cli.tables import full_name, phase, table
from aimctl_runtime.cli.up import until_running, until_signal
from aimctl_runtime.scopes import run

PLATFORM = Path(__file__).parents[1] / "platform.yaml"
QUICK_START = Path(__file__).parents[1] / "quick-start.yaml"

_DESCRIPTION = """\
Apply the Quick Start to a local cluster, wait until the service is Running, and
show what was made. Exit code 0 only if it runs."""

_CHILDREN = (
    "AIMModel", "AIMServiceTemplate", "AIMTemplateCache", "AIMArtifact", "PersistentVolumeClaim", "Job",
    "InferenceService", "HTTPRoute",
)  # fmt: skip
_PROMISED = (
    "status", "observedGeneration", "conditions", "resolvedRuntimeConfig", "resolvedModel", "resolvedTemplate",
    "routing",
)  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Run the demo."""
    options = parser("demo", _DESCRIPTION)
    options.add_argument("--speed", type=float, default=60.0, metavar="N",
                         help="simulated seconds in a real one (default: 60)")  # fmt: skip
    options.add_argument("--timeout", type=float, default=3600.0, metavar="SECONDS",
                         help="simulated seconds to wait (default: 3600)")  # fmt: skip
    chosen = options.parse_args(arguments)
    documents = load_documents([str(PLATFORM), str(QUICK_START)], known_kinds())
    return run(lambda: until_signal(lambda: _demo(documents, chosen.speed, chosen.timeout)))


async def _demo(documents: Sequence[Document], speed: float, timeout: float) -> int:
    say("A namespace whose default runtime configuration names a gateway:\n")
    say(_indented(PLATFORM.read_text(encoding="utf-8")))
    say("The Quick Start of the user guide:\n")
    say(_indented(QUICK_START.read_text(encoding="utf-8")))
    with tempfile.TemporaryDirectory() as folder:
        async with session(WorldSettings.read({}), speed=speed, kubeconfig=Path(folder, "kubeconfig")) as running:
            running.apply(documents)
            with Progress(running, sys.stdout) as progress:
                code = await until_running(running, progress, timeout)
            _report(running)
    return code


def _report(running: Session) -> None:
    key = running.applied[-1]
    service = running.local.cluster.peek(*key)
    if service is None:
        return
    status = service.get("status", {})
    say("\nThe service:\n")
    row = [
        full_name(service),
        phase(service),
        status.get("resolvedModel", {}).get("name", ""),
        status.get("resolvedTemplate", {}).get("name", ""),
    ]
    say(table(("NAME", "STATUS", "MODEL", "TEMPLATE"), [row], width=200))
    say("\nIts children:\n")
    say(table(("KIND", "NAME", "STATE"), _children(running)))
    say("\nIts status:\n")
    say(_indented(dump({"status": {m: status[m] for m in _PROMISED if m in status}})))
    say("Next:\n")
    say("  aimctl up --apply examples/complete.yaml    # the same, staying up for kubectl")
    say("  export KUBECONFIG=.aimctl/kubeconfig && kubectl get aimservice,isvc,pods -A")
    say("  aimctl render examples/quick-start.yaml     # what the controller makes, without a cluster")


def _children(running: Session) -> Iterator[Sequence[str]]:
    for kind in _CHILDREN:
        for obj in running.local.cluster.objects(kind):
            yield kind, full_name(obj), _state(obj)


def _state(obj: dict[str, Any]) -> str:
    """One word for how a child fares."""
    status = obj.get("status", {})
    word = status.get("status") or status.get("phase")
    if word:
        return str(word)
    conditions = [*status.get("conditions", ()), *(c for p in status.get("parents", ()) for c in p["conditions"])]
    true = [c["type"] for c in conditions if c.get("status") == "True"]
    for wanted in ("Ready", "Complete", "Failed", "Accepted"):
        if wanted in true:
            return wanted
    return ""


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" if line else "\n" for line in text.splitlines())
