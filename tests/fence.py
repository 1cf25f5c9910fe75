"""The fence around the core: while it is up, nothing opens files, sockets or processes."""

from __future__ import annotations

import sys
from typing import Any

_FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork")
_state = {"active": False}


def put_up() -> None:
    """From here on, touching the world outside raises `FenceBrokenError`."""
    _state["active"] = True


def take_down() -> None:
    _state["active"] = False


class FenceBrokenError(AssertionError):
    """The core touched the world outside."""


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _state["active"]:
        return
    if event == "open":
        path, mode = arguments[0], arguments[1]
        # Python itself reads modules on a first import, and source lines for a traceback.
        if isinstance(path, str) and path.endswith((".py", ".pyc", ".so")) and (mode is None or "r" in str(mode)):
            return
        _state["active"] = False
        raise FenceBrokenError(f"the core opened {path!r}")
    if event.startswith(_FORBIDDEN):
        _state["active"] = False
        raise FenceBrokenError(f"the core did {event} {arguments!r}")


sys.addaudithook(_watch)
