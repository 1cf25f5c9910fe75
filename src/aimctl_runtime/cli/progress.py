"""Progress of services: a live table on a terminal, a line for each change elsewhere.

1. The table never fills the last columns: a terminal echoes `^C` there, and a wrapped echo would break the picture.
2. What does not fit the terminal's height is counted, not shown; what waits comes first then.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TextIO

from aimctl_runtime.cli.session import Session
from aimctl_runtime.cli.tables import full_name, phase, waits_for

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

_STYLES = {"Running": "green", "Starting": "cyan", "Pending": "yellow", "Degraded": "magenta", "Failed": "bold red"}
_MARGIN = 3
_LINES_OF_A_MESSAGE = 5
_OTHER_LINES = 5
"""Title, head, blank lines, and the line for what is left out."""


class State(NamedTuple):
    """How a service fares: its phase and what it waits for ("" for nothing)."""

    phase: str
    waiting: str


class Progress:
    """Shows what changed since the last look. A context manager: the live table ends with it."""

    def __init__(self, running: Session, out: TextIO) -> None:
        self._running = running
        self._out = out
        self._start = running.local.clock.now
        self._said: dict[str, State] = {}
        self._second = -1
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._out.isatty():
            from rich.console import Console
            from rich.live import Live

            self._out.write("\n")
            self._live = Live(console=Console(file=self._out, highlight=False), auto_refresh=False)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self.show()
            self._live.stop()

    def show(self) -> None:
        """Show the services as they are now."""
        now = {full_name(s): State(phase(s), waits_for(s)) for s in self._running.services()}
        second = self._elapsed()
        if self._live is not None:
            if (now, second) != (self._said, self._second):
                self._live.update(picture(now, second, self._live.console), refresh=True)
        else:
            for name, state in now.items():
                if self._said.get(name) != state:
                    self._line(second, name, state)
        self._said, self._second = now, second

    def _elapsed(self) -> int:
        return int((self._running.local.clock.now - self._start).total_seconds())

    def _line(self, second: int, name: str, state: State) -> None:
        text = f"{second:>5}s  {name}  {state.phase}"
        self._out.write(f"{text}  {state.waiting}\n" if state.waiting else f"{text}\n")
        self._out.flush()


def picture(services: Mapping[str, State], second: int, console: Console) -> Any:
    """The live table, for the size of this terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    if not services:
        return Text("No AIMService yet: apply one with kubectl.", style="dim")
    running = sum(not state.waiting and state.phase == "Running" for state in services.values())
    title = Text(f"{running} of {len(services)} Running after {second} simulated seconds\n", style="bold")
    room = max(console.height - _OTHER_LINES, 1)
    shown = list(services.items())
    if len(shown) > room:
        shown = sorted(shown, key=lambda item: not item[1].waiting)[:room]
    is_roomy = _LINES_OF_A_MESSAGE * len(shown) <= room
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", width=console.width - _MARGIN)
    table.add_column("SERVICE", no_wrap=True, overflow="ellipsis", max_width=console.width // 3)
    table.add_column("STATUS", no_wrap=True, min_width=len("Degraded"))
    table.add_column("WAITS FOR", no_wrap=not is_roomy, overflow="ellipsis", ratio=1)
    for name, state in shown:
        table.add_row(name, Text(state.phase, style=_STYLES.get(state.phase, "")), state.waiting)
    left_out = len(services) - len(shown)
    return Group(title, table, *([Text(f"… and {left_out} more", style="dim")] if left_out else []))
