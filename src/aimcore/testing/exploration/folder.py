"""A failure as the files of a folder: what somebody needs to see it again, and to understand it.

1. `failure.json` has all that a replay needs. `world.yaml` (settings of the world) and `given.yaml` (what users put)
   are JSON, which is YAML: for people, and for `aimctl render`.
2. `README.txt` says what was expected, what was found, and how to play it again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from aimcore.resource import Key
from aimcore.settings import Settings
from aimcore.testing.exploration.schedule import from_json, to_json
from aimcore.testing.exploration.shrinking import Failure
from aimcore.testing.histories import (
    Action,
    Alter,
    Edit,
    EditAny,
    History,
    Put,
    Remove,
    RemoveAny,
    Restart,
    Stumble,
    Wait,
)

_ACTIONS: Mapping[str, type[Action]] = {
    type_.__name__: type_ for type_ in (Put, Edit, EditAny, Remove, RemoveAny, Alter, Wait, Stumble, Restart)
}


def action_to_json(action: Action) -> dict[str, Any]:
    """`{"action": "Wait", "seconds": 5}`."""
    return {"action": type(action).__name__, **asdict(action)}


def action_from_json(given: Mapping[str, Any]) -> Action:
    """The inverse of `action_to_json`. Raises KeyError for an unknown action."""
    members = {k: v for k, v in given.items() if k != "action"}
    if "key" in members:
        members["key"] = Key(*members["key"])
    if "picks" in members:
        members["picks"] = tuple(members["picks"])
    return _ACTIONS[given["action"]](**members)


def failure_to_json(failure: Failure) -> dict[str, Any]:
    """A failure as plain JSON."""
    history = failure.history
    return {
        "world": dict(history.world),
        "actions": [action_to_json(action) for action in history.actions],
        "operator": {k: v for k, v in asdict(history.operator).items() if v != getattr(Settings(), k)},
        "schedule": to_json(failure.schedule),
    }


def failure_from_json(given: Mapping[str, Any]) -> Failure:
    """The inverse of `failure_to_json`."""
    actions = tuple(action_from_json(action) for action in given["actions"])
    return Failure(History(given["world"], actions, Settings(**given["operator"])), from_json(given["schedule"]))


def files_of(name: str, failure: Failure, found: Sequence[str], *, replay: str) -> dict[str, str]:
    """The files of a failure's folder, by name. `replay` is the command that plays it again."""
    puts = [action.manifest for action in failure.history.actions if isinstance(action, Put)]
    return {
        "failure.json": _text(failure_to_json(failure)),
        "world.yaml": _text(dict(failure.history.world)),
        "given.yaml": "---\n".join(_text(manifest) for manifest in puts),
        "README.txt": _readme(name, failure, found, replay),
    }


def _readme(name: str, failure: Failure, found: Sequence[str], replay: str) -> str:
    faults = [f"  {line}" for line in map(json.dumps, to_json(failure.schedule))] or ["  none"]
    actions = [f"  {json.dumps(action_to_json(action))[:200]}" for action in failure.history.actions]
    render = [] if failure.schedule else ["", "No fault is needed. What is wanted of the objects alone:",
                                          "  aimctl render given.yaml"]  # fmt: skip
    lines = [
        name, "",
        "Expected: the end of the same history without faults, and no broken law on the way.",
        "Found:", *(f"  {line}" for line in found), "",
        "Actions:", *actions, "",
        "Faults:", *faults, "",
        "To play it again:", f"  {replay}", *render,
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
