"""Progress of services: a live table on a terminal, a line for each change elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from aimctl_runtime.cli.session import Session
from aimctl_runtime.cli.tables import full_name, phase, waits_for

if TYPE_CHECKING:
    from rich.live import Live

_STYLES = {"Running": "green", "Starting": "cyan", "Pending": "yellow", "Degraded": "magenta", "Failed": "bold red"}


class Progress:
    """Shows what changed since the last look. A context manager: the live table ends with it."""

    def __init__(self, running: Session, out: TextIO) -> None:
        self._running = running
        self._out = out
        self._start = running.local.clock.now
        self._said: dict[str, tuple[str, str]] = {}
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._out.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(file=self._out), refresh_per_second=8, transient=False)
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
        now = {full_name(s): (phase(s), waits_for(s)) for s in self._running.services()}
        if now == self._said:
            return
        if self._live is not None:
            self._live.update(self._table(now))
        else:
            for name, state in now.items():
                if self._said.get(name) != state:
                    self._line(name, *state)
        self._said = now

    def _elapsed(self) -> int:
        return int((self._running.local.clock.now - self._start).total_seconds())

    def _line(self, name: str, status: str, waiting: str) -> None:
        text = f"{self._elapsed():>5}s  {name}  {status}"
        self._out.write(f"{text}  {waiting}\n" if waiting else f"{text}\n")
        self._out.flush()

    def _table(self, services: dict[str, tuple[str, str]]) -> Any:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, title=f"{self._elapsed()} simulated seconds", title_justify="left")
        table.add_column("SERVICE", no_wrap=True)
        table.add_column("STATUS", no_wrap=True)
        table.add_column("WAITS FOR", overflow="ellipsis", no_wrap=True)
        for name, (status, waiting) in services.items():
            table.add_row(name, Text(status, style=_STYLES.get(status, "")), waiting)
        return table
