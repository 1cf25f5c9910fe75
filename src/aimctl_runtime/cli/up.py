"""`aimctl up`: a local cluster with the controller, on this machine, nothing installed."""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Never

import anyio

from aimcore.simulation.settings import WorldSettings, WorldSettingsError
from aimctl_runtime.cli import INTERRUPTED, NOT_REACHED, OK, Problem, parser, say
from aimctl_runtime.cli.documents import Document, load_documents
from aimctl_runtime.cli.progress import Progress
from aimctl_runtime.cli.render import known_kinds
from aimctl_runtime.cli.session import Session, session
from aimctl_runtime.cli.tables import is_running
from aimctl_runtime.scopes import background, run
from aimctl_runtime.yaml_text import YamlError, read_yaml

KUBECONFIG = Path(".aimctl/kubeconfig")

_DESCRIPTION = """\
Start a simulated cluster behind a real Kubernetes API on the loopback address,
with the controller running against it, and write a kubeconfig. Stays in the
foreground until Ctrl-C, unless --until-ready is given.

exit codes: 0 all applied services run; 1 one does not within --timeout;
2 bad input, nothing applied."""


def main(arguments: Sequence[str]) -> int:
    """Run the local cluster."""
    options = parser("up", _DESCRIPTION)
    options.add_argument("--apply", action="append", default=[], metavar="FILE", help="apply this file, folder or -")
    options.add_argument("--until-ready", action="store_true", help="end when all applied services are Running")
    options.add_argument("--timeout", type=float, default=1800.0, metavar="SECONDS",
                         help="simulated seconds to wait for that (default: 1800)")  # fmt: skip
    options.add_argument("--speed", type=float, default=10.0, metavar="N",
                         help="simulated seconds in a real one (default: 10)")  # fmt: skip
    options.add_argument("--world", metavar="FILE", help="what the world looks like (docs/world.md)")
    options.add_argument("--kubeconfig", type=Path, default=KUBECONFIG, metavar="PATH",
                         help=f"where to write it (default: {KUBECONFIG})")  # fmt: skip
    options.add_argument("--port", type=int, default=0, help="port of the API (default: a free one)")
    chosen = options.parse_args(arguments)
    if chosen.speed <= 0:
        raise Problem(f"--speed {chosen.speed:g} is not allowed: give a number above 0")
    documents = load_documents(chosen.apply, known_kinds()) if chosen.apply else []
    world = load_world(chosen.world)
    if chosen.until_ready and not any(d.object["kind"] == "AIMService" for d in documents):
        raise Problem("--until-ready needs at least one AIMService in --apply")
    at_the_end = INTERRUPTED if chosen.until_ready else OK
    return run(lambda: until_signal(lambda: _up(chosen, documents, world), at_the_end))


def load_world(name: str | None) -> WorldSettings:
    """The settings of a world file; the default world for None. Raises `Problem`."""
    if name is None:
        return WorldSettings.read({})
    try:
        values = [document.value for document in read_yaml(Path(name).read_text(encoding="utf-8"))]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Problem(f"{name}: cannot be read: {reason}") from error
    except YamlError as error:
        where = f"{name}:{error.line}" if error.line else name
        raise Problem(f"{where}: not valid YAML: {error}") from error
    if len(values) > 1:
        raise Problem(f"{name}: holds {len(values)} documents; a world is one")
    try:
        return WorldSettings.read({} if values in ([], [None]) else values[0])
    except WorldSettingsError as error:
        raise Problem("\n".join(f"{name}: {problem}" for problem in error.problems)) from error


async def until_signal(work: Callable[[], Awaitable[int]], interrupted: int = INTERRUPTED) -> int:
    """The exit code of `work`; `interrupted` if SIGINT or SIGTERM ended it earlier."""
    code = interrupted
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with background() as tasks:

            async def listen() -> None:
                async for _ in signals:
                    tasks.cancel_scope.cancel()

            tasks.start_soon(listen)
            code = await work()
    return code


async def _up(chosen: Any, documents: Sequence[Document], world: WorldSettings) -> int:
    async with session(world, speed=chosen.speed, kubeconfig=chosen.kubeconfig, port=chosen.port) as running:
        running.apply(documents)
        say(f"API at {running.local.url}, simulated time runs {chosen.speed:g} times as fast as yours.")
        say(f"export KUBECONFIG={chosen.kubeconfig}")
        with Progress(running, sys.stdout) as progress:
            if not chosen.until_ready:
                await _for_ever(progress)
            return await until_running(running, progress, chosen.timeout)


async def until_running(running: Session, progress: Progress, timeout: float) -> int:
    """Show progress until all applied services run (0) or the simulated time is over (1)."""
    clock = running.local.clock
    start = clock.now
    while True:
        progress.show()
        if all(is_running(s) for s in _applied(running)):
            return OK
        if (clock.now - start).total_seconds() > timeout:
            say(f"not all services are Running after {timeout:g} simulated seconds")
            return NOT_REACHED
        await anyio.sleep(0.05)


def _applied(running: Session) -> list[dict[str, Any]]:
    keys = {key for key in running.applied if key.kind == "AIMService"}
    found = [running.local.cluster.peek(*key) for key in keys]
    return [obj for obj in found if obj is not None]


async def _for_ever(progress: Progress) -> Never:
    while True:
        progress.show()
        await anyio.sleep(0.2)
