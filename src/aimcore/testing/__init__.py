"""aimcore.testing: the laws of planning for people who embed the core or write their own kinds (extra `testing`).

1. Everything runs in memory and in virtual time: a cluster, a world around it, a controller. Nothing waits.
2. What happens is data (`History`); played twice, it gives the same objects, byte for byte.
3. A law is a check. It raises `Broken`, an AssertionError that names law, object and difference, or it answers with
   how much it tried: a law that met nothing has proved nothing.
4. Checks hold for any `Vocabulary`; without one they are held against AIM's own kinds.
5. A name of this doorway is imported when it is first asked for; only strategies, machine and effort load Hypothesis.

docs/testing.md is the reference, docs/tutorial.md shows it at work.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from aimcore.testing.convergence import break_and_repair, check_recovers, reference_end
    from aimcore.testing.crashes import check_crashes, check_stale, check_unobserved, record
    from aimcore.testing.driver import Driver
    from aimcore.testing.effort import Effort
    from aimcore.testing.exploration.strategies import fault_schedules
    from aimcore.testing.grades import hostile, silly, valid
    from aimcore.testing.histories import (
        START,
        Action,
        Alter,
        Edit,
        EditAny,
        History,
        Play,
        Put,
        Remove,
        RemoveAny,
        Restart,
        Stumble,
        Wait,
        new_cluster,
        play,
    )
    from aimcore.testing.honesty import Auditor
    from aimcore.testing.laws import Broken, Witness, check_known, check_quiet, check_restart, check_wakeups, plan_bytes
    from aimcore.testing.leaf_removal import check_leaves
    from aimcore.testing.machine import ControllerMachine
    from aimcore.testing.masking import differences, end_state
    from aimcore.testing.paths import check_path
    from aimcore.testing.safety import Guard, check_routes
    from aimcore.testing.strategies import actions, histories_of, json_values, worlds
    from aimcore.testing.tally import Tally

_ROOMS: Final = {
    "convergence": ("break_and_repair", "check_recovers", "reference_end"),
    "crashes": ("check_crashes", "check_stale", "check_unobserved", "record"),
    "driver": ("Driver",),
    "effort": ("Effort",),
    "exploration.strategies": ("fault_schedules",),
    "grades": ("hostile", "silly", "valid"),
    "histories": (
        "START", "Action", "Alter", "Edit", "EditAny", "History", "Play", "Put", "Remove", "RemoveAny", "Restart",
        "Stumble", "Wait", "new_cluster", "play",
    ),
    "honesty": ("Auditor",),
    "laws": ("Broken", "Witness", "check_known", "check_quiet", "check_restart", "check_wakeups", "plan_bytes"),
    "leaf_removal": ("check_leaves",),
    "machine": ("ControllerMachine",),
    "masking": ("differences", "end_state"),
    "paths": ("check_path",),
    "safety": ("Guard", "check_routes"),
    "strategies": ("actions", "histories_of", "json_values", "worlds"),
    "tally": ("Tally",),
}  # fmt: skip
_ROOM_OF: Final = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [  # noqa: RUF022  by room
    "break_and_repair", "check_recovers", "reference_end",
    "check_crashes", "check_stale", "check_unobserved", "record",
    "Driver",
    "Effort",
    "fault_schedules",
    "hostile", "silly", "valid",
    "START", "Action", "Alter", "Edit", "EditAny", "History", "Play", "Put", "Remove", "RemoveAny", "Restart",
    "Stumble", "Wait", "new_cluster", "play",
    "Auditor",
    "Broken", "Witness", "check_known", "check_quiet", "check_restart", "check_wakeups", "plan_bytes",
    "check_leaves",
    "ControllerMachine",
    "differences", "end_state",
    "check_path",
    "Guard", "check_routes",
    "actions", "histories_of", "json_values", "worlds",
    "Tally",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{room}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
